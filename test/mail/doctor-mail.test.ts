/**
 * What `doctor` says of mail: a real mail server that answers, refuses or cannot be trusted, and a real outbox in which mails
 * wait. Nothing is ever sent.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailFindings } from '../../src/commands/doctor-mail.ts';
import type { MailSettings, SmtpSettings } from '../../src/model/mail.ts';
import { DAY, MINUTE } from '../../src/model/time.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { acquireLease, commitShard } from '../../src/queue/shard-store.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { installationOf, QUICK } from '../distributed/fleet.ts';
import { freePort } from '../parts/free-port.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { INVENTORY, NOON } from './mailing.ts';
import { type Certificates, makeCertificates, settingsFor, startServer, type TestServer } from './smtp.ts';

const ORG = 'us-xx-example';
const SILENT = 'version: 1\norganization: {id: quiet, name: Quiet County}\n';

let redis: RedisServer;
let certificates: Certificates;
beforeAll(async () => {
  redis = await startRedis();
  certificates = makeCertificates();
});
afterAll(() => redis.stop());

async function found(
  server: Pick<TestServer, 'port'> | null,
  over: Partial<SmtpSettings> = {},
  more: { redirectTo?: string; tenants?: Record<string, string>; before?: (store: QueueStore) => Promise<void> } = {},
): Promise<string[]> {
  const settings = redis.settings();
  const mail: MailSettings | undefined =
    server === null
      ? undefined
      : { smtp: settingsFor(server, over), redirectTo: more.redirectTo ?? null, detailsUrl: null };
  const installation = installationOf({
    redis: settings,
    tenants: more.tenants ?? { [ORG]: INVENTORY },
    times: QUICK,
    ...(mail === undefined ? {} : { mail }),
  });
  const store = openStore(settings);
  try {
    await more.before?.(store);
    return (await mailFindings(installation, store, NOON)).map(
      ({ state, what, fix }) => `${state}: ${what} | ${fix ?? ''}`,
    );
  } finally {
    await store.close();
  }
}

describe('doctor', () => {
  it('connects, encrypts and logs in, and sends nothing', async () => {
    const { cert, key, ca } = certificates;
    const server = await startServer({ cert, key }, { auth: ({ password }) => password === 'right' });
    const over = { security: 'starttls', ca, auth: { method: 'plain', user: 'pw', password: 'right' } } as const;
    expect((await found(server, over))[0]).toMatch(
      /^ok: mail server 127\.0\.0\.1:\d+ \(STARTTLS, log-in with PLAIN\) answers and lets us log in/,
    );
    const wrong = await found(server, { ...over, auth: { method: 'plain', user: 'pw', password: 'hunter2' } });
    expect(wrong[0]).toMatch(/^bad: mail server .*EAUTH: .*535.* \| check mail\.username and password_file/);
    expect(wrong.join()).not.toContain('hunter2');
    const { ca: none, ...trusting } = over;
    expect(none).toBe(ca);
    expect((await found(server, trusting))[0]).toMatch(
      /^bad: .* \| name the authority of its certificate in mail\.ca_file/,
    );
    expect((await found(server, { ...over, serverName: 'other.example.gov' }))[0]).toMatch(/^bad: .*mail\.server_name/);
    expect(server.received).toEqual([]);
    await server.close();
  });

  it('says what a server is like that does not encrypt, is not there, or would be spoken to in the clear', async () => {
    const plain = await startServer({ disabledCommands: ['STARTTLS'] });
    expect((await found(plain, { security: 'starttls' }))[0]).toMatch(/^bad: .*port 587/);
    expect((await found(plain))[0]).toMatch(/^ok: .*\(not encrypted, no log-in\) answers \|/);
    await plain.close();
    expect((await found({ port: await freePort() }))[0]).toMatch(/^bad: .*ECONNREFUSED.* \| check mail\.server/);
    expect((await found({ port: 25 }, { host: '192.0.2.1' }))[0]).toMatch(
      /^bad: mails .*unencrypted \| write security/,
    );
  });

  it('says when nobody is mailed, or everybody else than was meant', async () => {
    expect(await found(null)).toEqual([
      expect.stringMatching(/^look: us-xx-example names contacts, and no mail server/),
    ]);
    expect(await found(null, {}, { tenants: { quiet: SILENT } })).toEqual([
      expect.stringMatching(/^look: nobody is mailed/),
    ]);
    const server = await startServer({});
    const both = await found(
      server,
      {},
      { tenants: { [ORG]: INVENTORY, quiet: SILENT }, redirectTo: 'me@example.gov' },
    );
    expect(both.join('\n')).toMatch(/look: test mode: every mail goes to me@example\.gov/);
    expect(both.join('\n')).toMatch(/look: nobody is mailed about quiet/);
    await server.close();
  });

  it('says when mails wait for too long, were refused, and how old the last drill is', async () => {
    const server = await startServer({});
    expect((await found(server)).at(-1)).toMatch(
      /^look: us-xx-example: no drill .* \| pollwatch drill --organization us-xx-example/,
    );
    const row = (n: number) => ({ id: `${n}`.repeat(24), covers: [], mail: { subject: 'x' } as never });
    const waits = await found(
      server,
      {},
      {
        async before(store) {
          const fence = (await acquireLease(store, ORG, 'w', 60_000))!;
          const mail = { rows: [row(1), row(2)], memory: null, nowMs: NOON - 11 * MINUTE };
          await commitShard(store, ORG, { fence, worker: 'w', documents: [], stats: {}, mail });
          await store.redis.hset(organizationKeys(store.prefix, ORG).drill, 'passed_ms', String(NOON - 40 * DAY));
        },
      },
    );
    expect(waits.join('\n')).toMatch(
      /bad: us-xx-example: 2 mails wait, the oldest for 11 minutes: people are not told/,
    );
    expect(waits.join('\n')).toMatch(/look: us-xx-example: the last drill came through 40 days ago/);
    await server.close();
  });
});
