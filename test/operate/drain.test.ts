/** When a run that ends by itself is done, over a real Redis: mails are waited for, but not for ever. */
import { describe, expect, it } from 'vitest';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import type { NewRow } from '../../src/model/outbox.ts';
import { MINUTE } from '../../src/model/time.ts';
import { createDrainWatch } from '../../src/operate/drain.ts';
import { readStatus } from '../../src/operate/status.ts';
import { endHalt, noteHalt } from '../../src/queue/halt.ts';
import { openMailOutbox } from '../../src/queue/mail-outbox.ts';
import { commitLines, commitMails, type Installed } from '../queue/county.ts';
import { sharedly } from '../queue/installed.ts';

const MAIL = {
  from: { name: 'pollwatch', address: 'pollwatch@example.gov' },
  to: 'it@example.gov',
  subject: 'x',
  text: 'x',
  html: '',
  messageId: '<1@example.gov>',
  inReplyTo: null,
  headers: {},
  dateMs: 0,
};
const ALL = { isIndexed: true, isMailed: true };

describe('a run that ends by itself', () => {
  let pw: Installed;
  let offices = 0;
  sharedly((opened) => {
    pw = opened;
  });

  /** An organisation with mails, and what a run says of it at a minute of its own clock. */
  async function office(mails: number) {
    const org = `office-${++offices}`;
    const rows = Array.from({ length: mails }, (_, i): NewRow => ({ id: `${i}`.repeat(24), covers: [], mail: MAIL }));
    await commitMails(pw.store, org, rows, Date.now());
    const tenants = new Map([[org, { id: org, name: org, inventory: defaultInventory() }]]);
    const watch = createDrainWatch(ALL);
    const look = async (minute: number) => watch.look(await readStatus(pw.store, tenants), minute * MINUTE);
    return { org, outbox: openMailOutbox(pw.store, org), look };
  }

  it('waits for mails that are due, that are being sent, and that are in the pause after a try', async () => {
    const { outbox, look } = await office(1);
    expect(await look(0)).toEqual({ state: 'busy' });
    const [row] = await outbox.take(1, Date.now());
    expect(await look(1)).toEqual({ state: 'busy' });
    await outbox.again(row!.id, 'ECONNECTION: away', Date.now());
    expect(await look(2)).toEqual({ state: 'busy' });
    await outbox.sent(row!.id, Date.now());
    expect(await look(3)).toEqual({ state: 'done' });
  });

  it('ends when the mail server takes none for ten minutes, and says how many are left', async () => {
    const { outbox, look } = await office(3);
    expect(await look(0)).toEqual({ state: 'busy' });
    const rows = await outbox.take(3, Date.now());
    for (const { id } of rows) await outbox.again(id, 'EAUTH: 535', Date.now(), 0);
    expect(await look(9.9)).toEqual({ state: 'busy' });
    // one has come through: the server is there, if slow
    await outbox.sent(rows[0]!.id, Date.now());
    expect(await look(9.95)).toEqual({ state: 'busy' });
    expect(await look(19.9)).toEqual({ state: 'busy' });
    expect(await look(19.95)).toEqual({ state: 'mails-left', mails: 2 });
  });

  it('ends when nothing can be decided of what is left, after it was tried again, and names it', async () => {
    const { org, look } = await office(0);
    await commitLines(pw.store, org, 1);
    const halt = { kind: 'state', reason: 'a snapshot does not open', sinceMs: Date.now(), worker: 'w' } as const;
    await noteHalt(pw.store, org, halt);
    expect(await look(0)).toEqual({ state: 'busy' });
    expect(await look(0.2)).toEqual({ state: 'busy' });
    await endHalt(pw.store, org);
    expect(await look(1)).toEqual({ state: 'busy' });
    await noteHalt(pw.store, org, halt);
    expect(await look(2)).toEqual({ state: 'busy' });
    expect(await look(2.3)).toEqual({ state: 'halted', organizations: [org] });
  });

  it('counts no minute while something else is still to be done, and waits for no dead letter', async () => {
    const { org, look } = await office(1);
    await commitLines(pw.store, org, 1);
    expect(await look(0)).toEqual({ state: 'busy' });
    expect(await look(30)).toEqual({ state: 'busy' });
    const other = await office(1);
    const [row] = await other.outbox.take(1, Date.now());
    await other.outbox.failed(row!.id, 'EENVELOPE: 550', Date.now());
    expect(await other.look(0)).toEqual({ state: 'done' });
  });
});
