/**
 * Mail against a real SMTP server: encryption, log-in, each kind of answer, and what arrives; and the outbox, over a real
 * Redis, with a server that goes away.
 */
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeMail } from '../../src/mail/compose.ts';
import { deliverDue } from '../../src/mail/deliver.ts';
import type { MailTask } from '../../src/mail/mail-task.ts';
import { rowOf } from '../../src/mail/outbox-row.ts';
import { type Mailer, openMailer } from '../../src/mail/send.ts';
import type { RenderedMail, SmtpSettings } from '../../src/model/mail.ts';
import { GIVE_UP_MS, LEASE_MS, type NewRow, RETRY_LONGEST_MS } from '../../src/model/outbox.ts';
import { OperatorError } from '../../src/model/problem.ts';
import { HOUR, MINUTE } from '../../src/model/time.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { openMailOutbox } from '../../src/queue/mail-outbox.ts';
import { commitMails, type Installed } from '../queue/county.ts';
import { sharedly } from '../queue/installed.ts';
import { drive, inShort, inventoryOf, NOON, senderOf, stateOf } from './mailing.ts';
import {
  type Answers,
  type Certificates,
  makeCertificates,
  settingsFor,
  startServer,
  type TestServer,
} from './smtp.ts';

const inventory = inventoryOf();
const COVERAGE = { lines: 1000, logs: 2, missing: [], drillMs: null };
const compose = (task: MailTask) => composeMail(task, senderOf(inventory), COVERAGE);
const mails = (): RenderedMail[] =>
  drive(inventory)
    .at(NOON, [stateOf(1, { severity: 'critical' })])
    .map(compose);

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});

const toClose: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});
async function server(
  over: { secure?: boolean; tls?: boolean; auth?: boolean } = {},
  answers: Answers = {},
  usedBefore?: number,
): Promise<TestServer> {
  const { cert, key } = certificates;
  const started = await startServer(
    {
      secure: over.secure ?? false,
      ...(over.tls === false ? { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] } : { cert, key }),
      authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'],
      allowInsecureAuth: true,
      authOptional: over.auth !== true,
    },
    answers,
    usedBefore,
  );
  toClose.push(() => started.close());
  return started;
}
function mailer(to: Pick<TestServer, 'port'>, over: Partial<SmtpSettings> = {}): Mailer {
  const opened = openMailer(settingsFor(to, over));
  toClose.push(() => opened.close());
  return opened;
}
const refusing = (code: number) => () => ({ code, message: `answer ${code}` });

describe('what arrives', () => {
  it('is the mail: one recipient, plain text first, the same words in HTML, headers that keep programs quiet', async () => {
    const there = await server();
    const [mail] = mails();
    expect(await mailer(there).send(mail!)).toMatchObject({ state: 'sent' });
    const [got] = there.received;
    expect(got).toMatchObject({ from: 'pollwatch@county.example.gov', to: ['it@county.example.gov'] });
    expect(got!.mail.subject).toBe(mail!.subject);
    expect(got!.mail.text!.replaceAll('\r\n', '\n').trim()).toBe(mail!.text.trim());
    expect(got!.mail.html).toContain('<html lang="en">');
    expect(got!.mail.messageId).toBe(mail!.messageId);
    expect(got!.mail.date?.getTime()).toBe(NOON);
    expect(got!.mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(got!.mail.headers.get('x-auto-response-suppress')).toBe('All');
    expect(got!.mail.headers.has('x-mailer')).toBe(false);
    expect(got!.raw.indexOf('text/plain')).toBeLessThan(got!.raw.indexOf('text/html'));
    expect(got!.mail.attachments).toEqual([]);
    expect(got!.raw.split('\r\n').filter((line) => line.length > 998)).toEqual([]);
  });

  it('joins the conversation of the first mail', async () => {
    const there = await server();
    const driven = drive(inventory);
    driven.until(NOON, NOON + 20 * MINUTE, [stateOf(1)]);
    driven.until(NOON + 2 * HOUR, NOON + 3 * HOUR, [stateOf(1, { outcome: 'answered' }, { revision: 2 })]);
    const out = mailer(there);
    for (const task of driven.sent) await out.send(compose(task));
    expect(inShort(driven.sent)).toEqual(['first it 1', 'update it 1']);
    const [first, update] = there.received.map((r) => r.mail);
    expect(update!.inReplyTo).toBe(first!.messageId);
    expect([update!.references].flat()).toEqual([first!.messageId]);
    expect(first!.inReplyTo).toBeUndefined();
  });

  it('holds no header and no recipient that a log put there', async () => {
    const there = await server();
    const evil = 'x\r\nBcc: victim@evil.example\r\nSubject: owned\r\n\r\n.\r\nMAIL FROM:<a@b>\r\n';
    const base = stateOf(1, { severity: 'critical' }).alert;
    const state = stateOf(1, {
      severity: 'critical',
      name: evil,
      detection: 'own-rule',
      asset: { id: 'lookup', name: evil },
      summary: evil,
      why: evil,
      whatToDo: [evil],
      paths: [evil],
      source: { ...base.source!, as: { number: 1, name: evil } },
    });
    const out = mailer(there);
    for (const task of drive(inventory).at(NOON, [state]))
      expect(await out.send(compose(task))).toMatchObject({ state: 'sent' });
    expect(there.received.map((r) => r.to)).toEqual([['it@county.example.gov'], ['clerk@county.example.gov']]);
    for (const { mail, raw } of there.received) {
      const names = [...mail.headers.keys()].sort();
      expect(names).toEqual([
        'auto-submitted',
        'content-type',
        'date',
        'from',
        'list',
        'message-id',
        'mime-version',
        'subject',
        'to',
        'x-auto-response-suppress',
      ]);
      expect(raw.split('\r\n\r\n')[0]).not.toMatch(/^(?:bcc|cc):/im);
      expect(mail.text).not.toContain('victim@');
    }
  });
});

describe('encryption', () => {
  it('is required: STARTTLS and TLS from the first byte, with a CA of our own', async () => {
    const { ca } = certificates;
    const starttls = await server();
    expect(await mailer(starttls, { security: 'starttls', ca }).send(mails()[0]!)).toMatchObject({ state: 'sent' });
    const implicit = await server({ secure: true });
    expect(await mailer(implicit, { security: 'implicit', ca }).send(mails()[0]!)).toMatchObject({ state: 'sent' });
    expect([starttls.received.length, implicit.received.length]).toEqual([1, 1]);
  });

  it.each([
    ['a CA that we do not know', {}, { ca: null }],
    ['a certificate for another name', {}, { serverName: 'other.example.gov' }],
    ['no STARTTLS at all', { tls: false }, {}],
  ])('fails for now, and nothing is sent in the clear, with %s', async (_, options, over) => {
    const there = await server(options);
    const out = mailer(there, { security: 'starttls', ca: certificates.ca, ...over });
    expect(await out.send(mails()[0]!)).toMatchObject({ state: 'again', isAway: true });
    expect(there.received).toEqual([]);
  });

  it('may be left out on this machine alone', () => {
    const open = (host: string) => openMailer({ ...settingsFor({ port: 25 }), host }).close();
    expect(() => open('localhost')).not.toThrow();
    for (const host of ['mail.example.gov', '127.0.0.1.evil.example', '10.0.0.1'])
      expect(() => open(host)).toThrow(OperatorError);
  });
});

describe('logging in', () => {
  const auths: [string, SmtpSettings['auth']][] = [
    ['PLAIN', { method: 'plain', user: 'county', password: 'hunter2' }],
    ['LOGIN', { method: 'login', user: 'county', password: 'hunter2' }],
    ['XOAUTH2', { method: 'xoauth2', user: 'county', accessToken: 'hunter2' }],
  ];
  it.each(auths)('works with %s', async (name, auth) => {
    const there = await server(
      { auth: true },
      { auth: (a) => a.username === 'county' && (a.password === 'hunter2' || a.accessToken === 'hunter2') },
    );
    expect(await mailer(there, { security: 'starttls', ca: certificates.ca, auth }).send(mails()[0]!)).toMatchObject({
      state: 'sent',
    });
    expect(there.methods).toEqual([name]);
  });

  it.each(auths)(
    'with a wrong secret is refused, which is about no mail, and the secret is not in the reason (%s)',
    async (_, auth) => {
      const there = await server({ auth: true }, { auth: () => false });
      const delivery = await mailer(there, {
        security: 'starttls',
        ca: certificates.ca,
        auth: JSON.parse(JSON.stringify(auth).replace('hunter2', 'swordfish')) as SmtpSettings['auth'],
      }).send(mails()[0]!);
      expect(delivery.state).toBe('refused');
      expect(delivery).toHaveProperty('reason', expect.stringMatching(/^EAUTH: /));
      expect(JSON.stringify(delivery)).not.toContain('swordfish');
      expect(there.received).toEqual([]);
    },
  );

  it('that a server wants and nobody set up is about no mail, either', async () => {
    const there = await server({ auth: true });
    expect(await mailer(there).send(mails()[0]!)).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(/^EAUTH: .*530/),
    });
  });
});

describe('an answer', () => {
  it.each([
    ['451 to the recipient (greylisting)', { recipient: refusing(451) }, { state: 'again', isAway: false }],
    ['421 to the recipient', { recipient: refusing(421) }, { state: 'again', isAway: true }],
    ['550 to the recipient', { recipient: refusing(550) }, { state: 'never' }],
    ['451 after the mail', { data: refusing(451) }, { state: 'again', isAway: false }],
    ['554 after the mail', { data: refusing(554) }, { state: 'never' }],
  ] as [string, Answers, object][])('of %s is sorted with its reason', async (_, answers, expected) => {
    const there = await server({}, answers);
    const delivery = await mailer(there).send(mails()[0]!);
    expect(delivery).toMatchObject({ ...expected, reason: expect.stringMatching(/answer \d{3}/) });
    expect(there.received).toEqual([]);
  });

  it('is about one recipient: the others of the same alert get theirs', async () => {
    const there = await server(
      {},
      { recipient: (address) => (address.startsWith('it@') ? { code: 550, message: 'no such user' } : null) },
    );
    const out = mailer(there);
    const states = [];
    for (const mail of mails()) states.push((await out.send(mail)).state);
    expect(states).toEqual(['never', 'sent']);
    expect(there.received.map((r) => r.to)).toEqual([['clerk@county.example.gov']]);
  });

  it('that never comes, from a port without a server, is worth another try', async () => {
    const there = await server();
    await there.close();
    expect(await mailer(there).send(mails()[0]!)).toMatchObject({
      state: 'again',
      isAway: true,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('of a server that hangs up in the middle is worth another try', async () => {
    const sockets = new Set<Socket>();
    const rude = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.end('220 mail.example.gov\r\n');
    });
    await new Promise<void>((resolve) => {
      rude.listen(0, '127.0.0.1', resolve);
    });
    toClose.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => void rude.close(() => resolve()));
    });
    const { port } = rude.address() as { port: number };
    expect(await mailer({ port }).send(mails()[0]!)).toMatchObject({ state: 'again', isAway: true });
  });

  it('is not waited for by whoever has lost the mail to others: the try is broken off, and the connection with it', async () => {
    const [heard, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = createServer((socket) => {
      socket.on('error', () => undefined).on('close', () => closed.resolve());
      socket.write('220 mail.example.gov\r\n');
      socket.on('data', (bytes) => {
        const command = /^(EHLO|MAIL|RCPT|DATA)\b/.exec(bytes.toString('latin1'))?.[1];
        if (command === undefined) heard.resolve();
        else socket.write(command === 'DATA' ? '354 go on\r\n' : '250 yes\r\n');
      });
    });
    await new Promise<void>((resolve) => {
      slow.listen(0, '127.0.0.1', resolve);
    });
    toClose.push(() => new Promise<void>((resolve) => void slow.close(() => resolve())));
    const { port } = slow.address() as { port: number };
    const lost = new AbortController();
    const tried = mailer({ port }, { security: 'none' }).send(mails()[0]!, lost.signal);
    await heard.promise;
    lost.abort();
    expect(await tried).toMatchObject({ state: 'again' });
    await closed.promise;
  });
});

describe('the outbox', () => {
  let pw: Installed;
  let offices = 0;
  sharedly((opened) => {
    pw = opened;
  });
  /** The outbox of another organisation, and a commit that adds to it. */
  function fresh() {
    const org = `office-${++offices}`;
    const add = (rows: readonly NewRow[], nowMs: number) => commitMails(pw.store, org, rows, nowMs);
    return { org, add, outbox: openMailOutbox(pw.store, org) };
  }
  const rows = () =>
    drive(inventory)
      .at(NOON, [stateOf(1, { severity: 'critical' })])
      .map((task) => rowOf(task, compose(task)));

  it('has the same row for the same mail, which says what it tells to whom and names nobody in its id', () => {
    expect(rows()).toEqual(rows());
    expect(rows().map((row) => row.covers)).toEqual(
      ['it', 'clerk'].map((who) => [`${stateOf(1).alert.id}|${who}@county.example.gov|1`]),
    );
    for (const { id } of rows()) expect(id).toMatch(/^[0-9a-f]{24}$/);
  });

  it('keeps everything while the server is away for an hour, says so, and sends each mail once when it is back', async () => {
    const there = await server();
    const { port } = there;
    await there.close();
    const { org, add, outbox } = fresh();
    await add(rows(), NOON);
    const out = mailer(there);
    let now = NOON;
    for (; now < NOON + HOUR; now += MINUTE) await deliverDue(outbox, out, () => now);
    expect(await outbox.oldestWaitMs(now)).toBe(HOUR);
    const states = await pw.store.redis.hvals(organizationKeys(pw.store.prefix, org).mailStates);
    expect(states).toHaveLength(2);
    for (const state of states) expect(state).toMatch(/^waiting (?:[5-9]|\d\d) \d+ .*ECONNREFUSED/);
    const back = await server({}, {}, port);
    for (; now < NOON + HOUR + RETRY_LONGEST_MS; now += MINUTE) await deliverDue(outbox, out, () => now);
    expect(new Set(back.received.map((r) => r.to[0]))).toEqual(
      new Set(['clerk@county.example.gov', 'it@county.example.gov']),
    );
    expect(back.received).toHaveLength(2);
    expect(await outbox.oldestWaitMs(now)).toBe(0);
    expect(await deliverDue(outbox, out, () => now + HOUR)).toEqual({ sent: 0, again: 0, failed: 0, stopped: null });
  });

  it('sends again what died between sending and its note, under the same message id and not before the lease is over', async () => {
    const there = await server();
    const out = mailer(there);
    const { add, outbox } = fresh();
    await add(rows().slice(0, 1), NOON);
    const [row] = await outbox.take(1, NOON);
    expect(await out.send(row!.mail)).toMatchObject({ state: 'sent' });
    // the process dies here; another one starts from what was stored
    expect(await deliverDue(outbox, out, () => NOON + LEASE_MS - 1)).toMatchObject({ sent: 0 });
    expect(await deliverDue(outbox, out, () => NOON + LEASE_MS)).toMatchObject({ sent: 1 });
    expect(there.received.map((r) => r.mail.messageId)).toEqual([row!.mail.messageId, row!.mail.messageId]);
    expect(await deliverDue(outbox, out, () => NOON + 9 * LEASE_MS)).toMatchObject({ sent: 0 });
  });

  it('gives up after five days, keeps what failed with its reason, and sends it when it is put back', async () => {
    const there = await server({}, { recipient: refusing(451) });
    const out = mailer(there);
    const { add, outbox } = fresh();
    await add(rows(), NOON);
    await deliverDue(outbox, out, () => NOON);
    expect(await outbox.listFailed()).toEqual([]);
    await deliverDue(outbox, out, () => NOON + GIVE_UP_MS);
    expect((await outbox.listFailed()).map((row) => row.reason)).toEqual([
      expect.stringContaining('answer 451'),
      expect.stringContaining('answer 451'),
    ]);
    there.answers = {};
    expect(await outbox.retryFailed(NOON + GIVE_UP_MS)).toBe(2);
    await deliverDue(outbox, out, () => NOON + GIVE_UP_MS);
    expect(there.received).toHaveLength(2);
  });

  it('does not hold up the others for one that is greylisted, and leaves a server alone that is away', async () => {
    const there = await server(
      {},
      { recipient: (address) => (address.startsWith('it@') ? { code: 451, message: 'later' } : null) },
    );
    const out = mailer(there);
    const { add, outbox } = fresh();
    await add(rows(), NOON);
    expect(await deliverDue(outbox, out, () => NOON)).toEqual({ sent: 1, again: 1, failed: 0, stopped: null });
    await there.close();
    const { add: addMany, outbox: many } = fresh();
    await addMany(
      Array.from({ length: 9 }, (_, i) => ({ ...rows()[0]!, id: `m${i}`, covers: [] })),
      NOON,
    );
    expect(await deliverDue(many, out, () => NOON)).toEqual({ sent: 0, again: 2, failed: 0, stopped: 'away' });
  });

  it('hands a critical alert over at the moment of its first revision, beside a thousand others, each time of fifty', async () => {
    const there = await server({}, {});
    const out = mailer(there, { security: 'starttls', ca: certificates.ca });
    const others = Array.from({ length: 1000 }, (_, i) => stateOf(i + 100, { severity: 'low' }));
    for (let n = 1; n <= 50; n++) {
      const { add, outbox } = fresh();
      const tasks = drive(inventory).at(NOON, [...others, stateOf(n, { severity: 'critical' })]);
      await add(
        tasks.map((task) => rowOf(task, compose(task))),
        NOON,
      );
      expect(await deliverDue(outbox, out, () => NOON)).toEqual({ sent: 2, again: 0, failed: 0, stopped: null });
    }
    expect(there.received).toHaveLength(100);
  });

  it('of a storm of 500 alerts in a minute reaches the mailbox as a handful of mails with every alert in them', async () => {
    const there = await server();
    const out = mailer(there);
    const { org, add, outbox } = fresh();
    const driven = drive(inventory);
    const states = Array.from({ length: 500 }, (_, i) =>
      stateOf(i + 1, { severity: i % 50 === 0 ? 'critical' : 'medium' }, { firstMs: NOON + i * 120 }),
    );
    for (let second = 0; second <= 120; second++) {
      const now = NOON + second * 1000;
      const tasks = driven.at(
        now,
        states.filter((s) => s.firstMs <= now),
      );
      await add(
        tasks.map((task) => rowOf(task, compose(task))),
        now,
      );
      await deliverDue(outbox, out, () => now);
    }
    driven.until(NOON + 121_000, NOON + 2 * HOUR, states);
    for (const task of driven.sent) await add([rowOf(task, compose(task))], NOON + 2 * HOUR);
    await deliverDue(outbox, out, () => NOON + 2 * HOUR);
    const toIt = there.received.filter((r) => r.to[0] === 'it@county.example.gov');
    expect(toIt.length).toBeLessThanOrEqual(4);
    const planned = new Map(driven.sent.map((task) => rowOf(task, compose(task))).map((row) => [row.id, row]));
    const covers = [...planned.values()].flatMap((row) => row.covers).filter((cover) => cover.includes('|it@'));
    expect(new Set(covers).size).toBe(500);
    expect(covers).toHaveLength(500);
    expect(there.received.length).toBe(planned.size);
    expect((await queueDepth(pw.store, org)).stats).toMatchObject({ mails: planned.size, mails_sent: planned.size });
  });
});
