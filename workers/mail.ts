/**
 * A mail worker: hands the mails that wait in Redis to the office's mail server, and notes what became of each. Rows are made
 * by the decide workers, in the step that stores the alerts; a job says that there are some, and a sweep finds those whose
 * pause is over or whose job was lost. Several of these workers do no harm to each other: a row is taken by one of them.
 */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { readSecretFile } from '../src/config/secret-file.ts';
import { deliverDue } from '../src/mail/deliver.ts';
import { LOG_IN_REFUSED, type Mailer, openMailer } from '../src/mail/send.ts';
import type { Installation } from '../src/model/installation.ts';
import type { Delivery, SmtpSettings } from '../src/model/mail.ts';
import { type OutboxRow, STALE_MS } from '../src/model/outbox.ts';
import { OperatorError } from '../src/model/problem.ts';
import type { WorkerHooks } from '../src/model/worker.ts';
import { isAway } from '../src/queue/connection.ts';
import { type HandTimes, openMailHands } from '../src/queue/mail-hands.ts';
import { mailDepth, openMailOutbox } from '../src/queue/mail-outbox.ts';
import { type NudgeJob, startNudgeWorker } from '../src/queue/queues.ts';
import { openStore, organizations } from '../src/queue/store.ts';

/** How often mails are looked for whose pause is over or whose job was lost, ms. */
const SWEEP_MS = 2000;
/** A server that is away is left alone for so long, doubled each time up to the longest, ms. */
const AWAY_FIRST_MS = 5000;
const AWAY_LONGEST_MS = 60_000;
/** After a refused log-in, unless the password changes: servers lock accounts that try too often. */
const REFUSED_MS = 600_000;
/** Organisations whose mails are sent at a time. */
const ORGANIZATIONS = 2;

/** What tests shorten. */
export interface MailOptions {
  readonly sweepMs?: number;
  readonly awayFirstMs?: number;
  readonly refusedMs?: number;
  readonly hands?: Partial<HandTimes>;
  /** Unix ms; decides when a mail is tried, never what it says */
  readonly clock?: () => number;
}

/**
 * Runs until the signal comes; what is not sent then waits for the next worker. Throws an OperatorError when the installation
 * names no mail server, or one that secrets would reach unencrypted.
 */
export async function runMail(
  installation: Installation,
  signal: AbortSignal,
  hooks: WorkerHooks,
  options: MailOptions = {},
): Promise<void> {
  const { mail: settings } = installation;
  if (settings === undefined) {
    const hint = 'add mail: {server: smtp.example.gov, from: pollwatch@example.gov}, or start the other workers only';
    const message = 'mails cannot be sent: this installation has no mail server';
    throw new OperatorError([{ code: 'PW-CONFIG-MAIL', message, hint }]);
  }
  const clock = options.clock ?? (() => Date.now());
  const report = (error: Error) => hooks.ready('redis', false, error.message);
  const server = openServer(settings.smtp);
  const store = openStore(installation.redis, report);
  const hands = openMailHands(store, `mail-${process.pid}-${randomBytes(4).toString('hex')}`, options.hands);
  /** organisations in hand in this process, and whether they were asked for again meanwhile */
  const inHand = new Map<string, boolean>();
  /** the server is not asked before this instant, and the pause after the next time that it is away, by performance.now() */
  let pausedUntil = 0;
  let awayMs = options.awayFirstMs ?? AWAY_FIRST_MS;
  let staleSaid = Number.NEGATIVE_INFINITY;

  async function everyone(): Promise<string[]> {
    return [...new Set([...(await organizations(store)), ...installation.tenants.keys()])];
  }

  /** Mails that were given up after days of refused log-ins are tried again once that may have changed. */
  async function retryRefused(): Promise<void> {
    for (const org of await everyone()) await openMailOutbox(store, org).retryFailed(clock(), LOG_IN_REFUSED);
  }

  async function deliver(org: string): Promise<void> {
    const isInHand = inHand.has(org);
    inHand.set(org, true);
    if (isInHand) return;
    try {
      await hands.beat([org]);
      while (inHand.get(org) === true && !signal.aborted && performance.now() >= pausedUntil) {
        inHand.set(org, false);
        while ((await deliverSome(org)) === 'more');
      }
    } finally {
      inHand.delete(org);
    }
  }

  async function deliverSome(org: string): Promise<'more' | 'enough'> {
    const tell = (row: OutboxRow, delivery: Delivery) => say(hooks, org, row, delivery, clock());
    const outbox = openMailOutbox(store, org, hands.worker);
    const round = { signal, lost: hands.lost, tell };
    const { sent, again, failed, stopped } = await deliverDue(outbox, server.mailer(), clock, round);
    hooks.count('mails_sent', org, sent);
    hooks.count('mail_retries', org, again);
    hooks.count('mails_failed', org, failed);
    if (sent > 0) {
      hooks.ready('mail server', true);
      awayMs = options.awayFirstMs ?? AWAY_FIRST_MS;
    }
    if (stopped === null) return sent + again + failed > 0 && !signal.aborted ? 'more' : 'enough';
    const pauseMs = stopped === 'away' ? awayMs : (options.refusedMs ?? REFUSED_MS);
    awayMs = Math.min(AWAY_LONGEST_MS, 2 * awayMs);
    pausedUntil = performance.now() + pauseMs;
    hooks.ready('mail server', false, stopped === 'away' ? 'does not answer' : 'refuses the log-in');
    hooks.log(
      stopped === 'away' ? 'warn' : 'error',
      stopped === 'away'
        ? 'the mail server does not answer; mails wait'
        : 'the mail server refuses the log-in: mails wait until user name, password or token are right',
      { pause_seconds: Math.round(pauseMs / 1000) },
    );
    return 'enough';
  }

  /** Says when mails wait for too long: nobody is told by mail, so whoever watches the workers must be. */
  async function watch(org: string, oldestMs: number): Promise<void> {
    if (oldestMs <= STALE_MS || performance.now() - staleSaid < STALE_MS) return;
    staleSaid = performance.now();
    const minutes = Math.round(oldestMs / 60_000);
    hooks.ready('mail', false, `mails have waited for ${minutes} minutes`);
    hooks.log('error', 'mails have waited for more than ten minutes: people are not told', {
      organization: org,
      minutes,
    });
  }

  async function sweep(): Promise<void> {
    if (server.refresh()) {
      pausedUntil = 0;
      await retryRefused();
    }
    let oldestMs = 0;
    for (const org of await everyone()) {
      const depth = await mailDepth(store, org, clock());
      const freed = depth.waiting > depth.due ? await hands.free(org, clock()) : 0;
      if (freed > 0)
        hooks.log('warn', 'a mail worker died; what it had in hand is sent', { organization: org, mails: freed });
      if (depth.due + freed > 0) await deliver(org);
      const left = depth.waiting === 0 ? 0 : (await mailDepth(store, org, clock())).oldestMs;
      await watch(org, left);
      oldestMs = Math.max(oldestMs, left);
    }
    if (oldestMs <= STALE_MS) hooks.ready('mail', true);
    hooks.ready('redis', true);
  }

  const endBeats = hands.start(() => [...inHand.keys()]);
  try {
    await store.redis.ping();
    await retryRefused();
    const handle = ({ org }: NudgeJob) => deliver(org);
    const worker = startNudgeWorker('mail', installation.redis, handle, report, { concurrency: ORGANIZATIONS });
    worker.on('failed', (job, error) => {
      const level = isAway(error) ? 'debug' : 'warn';
      hooks.log(level, 'sending mails failed; they are tried again', { organization: job?.data.org, error });
    });
    while (!signal.aborted) {
      try {
        await sweep();
      } catch (error) {
        const level = isAway(error) ? 'debug' : 'warn';
        hooks.log(level, 'mails could not be looked for; they are looked for again', { error: error as Error });
      }
      await wait(options.sweepMs ?? SWEEP_MS, undefined, { signal }).catch(() => undefined);
    }
    await worker.close();
  } finally {
    endBeats();
    server.close();
    await store.close();
  }
}

/** The mail server with the password or token of today. */
function openServer(settings: SmtpSettings): { mailer(): Mailer; refresh(): boolean; close(): void } {
  let mailer = openMailer(settings);
  let changedMs = mtimeOf(settings.secretFile);
  let secret = secretOf(settings);
  return {
    mailer: () => mailer,
    /** Looks whether the file with the secret has another one; true when it has. */
    refresh() {
      const nowMs = mtimeOf(settings.secretFile);
      if (nowMs === changedMs || settings.secretFile === null) return false;
      changedMs = nowMs;
      const { text } = readSecretFile(settings.secretFile, 'secret');
      if (text === null || text === secret) return false;
      secret = text;
      mailer.close();
      mailer = openMailer(withSecret(settings, text));
      return true;
    },
    close: () => mailer.close(),
  };
}

function mtimeOf(file: string | null): number | null {
  return file === null ? null : (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null);
}

function secretOf({ auth }: SmtpSettings): string | null {
  if (auth.method === 'none') return null;
  return auth.method === 'xoauth2' ? auth.accessToken : auth.password;
}

function withSecret(settings: SmtpSettings, text: string): SmtpSettings {
  const { auth } = settings;
  if (auth.method === 'none') return settings;
  const changed = auth.method === 'xoauth2' ? { ...auth, accessToken: text } : { ...auth, password: text };
  return { ...settings, auth: changed };
}

/** A line of the log for a mail that was tried: no address, neither of us nor in the server's words. */
function say(hooks: WorkerHooks, organization: string, row: OutboxRow, delivery: Delivery, nowMs: number): void {
  const fields = { organization, mail: row.id, tries: row.tries, waited_ms: Math.max(0, nowMs - row.addedMs) };
  if (delivery.state === 'sent') {
    hooks.log('info', 'a mail was handed over', fields);
    return;
  }
  const reason = delivery.reason.replace(/[^\s<>@:]{1,64}@/g, '…@').replace(/[^\s<>[\]:]{1,64}\[at\]/g, '…[at]');
  if (delivery.state !== 'never')
    hooks.log('warn', 'a mail was not taken yet; it is tried again', { ...fields, reason });
  else hooks.log('error', 'a mail was refused for good and put aside', { ...fields, reason });
}
