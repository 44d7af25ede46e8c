/**
 * An office for tests of mail: its inventory, the analyze, decide and mail workers in this process over a real Redis, a real
 * mail server, and a clock that a test may set.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { MailSettings, SmtpSettings } from '../../src/model/mail.ts';
import type { WorkerHooks } from '../../src/model/worker.ts';
import { commitChunk } from '../../src/queue/chunk-store.ts';
import { registerOrigin } from '../../src/queue/origins.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { runAnalyze } from '../../workers/analyze.ts';
import { runDecide } from '../../workers/decide.ts';
import { type MailOptions, runMail } from '../../workers/mail.ts';
import { LAUNCHER, place } from '../cli/pollwatch.ts';
import { type FleetSetting, installationOf, pendingBodies, QUICK } from '../distributed/fleet.ts';
import { SECRET } from '../laws/small-run.ts';
import { type Answers, settingsFor, startServer, type TestServer } from '../mail/smtp.ts';
import type { RedisServer } from '../parts/redis.ts';

export const ORG = 'us-xx-example';
export const IT = 'it@county.example.gov';
export const CLERK = 'clerk@county.example.gov';
export const SOC = 'soc@state.example.gov';
export const INVENTORY = `version: 1
organization: {id: ${ORG}, name: Example County Elections, timezone: America/Chicago}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, hosts: [voterlookup.example.gov], cidrs: [203.0.113.0/24], owner: it, criticality: critical}
contacts:
  it: {name: County IT, email: [${IT}], phone: "+1-555-0100", quiet_hours: none, caps: {per_hour: 60, per_day: 500}, verified: 2026-07-01}
  clerk: {name: County clerk, email: [${CLERK}], phone: "+1-555-0101", quiet_hours: none, plain_language: true, verified: 2026-07-01}
  state: {name: State SOC, email: [${SOC}], phone: "+1-555-0199", quiet_hours: none, digest: none, verified: 2026-07-01}
routing:
  - {match: {severity: critical}, to: [it], cc: [clerk]}
  - {match: {severity: ">=medium"}, to: [it]}
escalation: [{after_minutes: 30, to: [state]}]
`;
/** a Tuesday, noon in Chicago, far from an election */
export const NOON = Date.UTC(2026, 6, 14, 17);

/** Workers of one process, a mail server, and a store beside them. */
export interface Office {
  readonly store: QueueStore;
  readonly server: TestServer;
  readonly setting: FleetSetting;
  /** lines of the log of the workers */
  readonly said: string[];
  /** what the workers say they can do: true, or why not */
  readonly ready: Map<string, string | true>;
  /** mails that have come, as "recipient: subject" */
  mails(): string[];
}

export async function office(
  redis: RedisServer,
  use: (at: Office) => Promise<void>,
  more: {
    answers?: Answers;
    smtp?: Partial<SmtpSettings>;
    inventory?: string;
    kinds?: ('analyze' | 'decide' | 'mail')[];
    mailTimes?: MailOptions;
  } = {},
): Promise<void> {
  const server = await startServer({ allowInsecureAuth: true }, more.answers);
  const mail: MailSettings = { smtp: settingsFor(server, more.smtp), redirectTo: null, detailsUrl: null };
  const setting: FleetSetting = {
    redis: redis.settings(),
    tenants: { [ORG]: more.inventory ?? INVENTORY },
    times: QUICK,
    mail,
    work: { idleMs: 1 },
  };
  const installation = installationOf(setting);
  const store = openStore(setting.redis);
  const stop = new AbortController();
  const said: string[] = [];
  const ready = new Map<string, string | true>();
  const hooks: WorkerHooks = {
    log: (level, message, fields) => said.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`),
    count: () => undefined,
    ready: (part, isReady, why) => ready.set(part, isReady || (why ?? '')),
  };
  const kinds = more.kinds ?? ['analyze', 'decide', 'mail'];
  const workers = kinds.map((kind) => {
    if (kind === 'analyze') return runAnalyze(installation, stop.signal, hooks, { sweepMs: 50, lostMs: 60_000 });
    if (kind === 'decide') return runDecide(installation, stop.signal, hooks, { roundMs: 20, againMs: 100 });
    return runMail(installation, stop.signal, hooks, { sweepMs: 20, awayFirstMs: 1, ...more.mailTimes });
  });
  const mails = () => server.received.map(({ to, mail: got }) => `${to.join()}: ${got.subject}`).sort();
  try {
    await use({ store, server, setting, said, ready, mails });
  } finally {
    stop.abort();
    await Promise.all(workers);
    await server.close();
    await store.close();
  }
}

/** Runs `./pollwatch` against an office, with its files in a folder of their own. */
export async function pollwatch(
  at: Office,
  [command, ...args]: string[],
  inventory: string,
): Promise<{ status: number; said: string }> {
  const { folder } = place();
  const { url, prefix } = at.setting.redis;
  writeFileSync(join(folder, 'key'), SECRET, { mode: 0o600 });
  writeFileSync(join(folder, 'county.yaml'), inventory);
  writeFileSync(
    join(folder, 'pollwatch.yaml'),
    `version: 1\nredis: {url: "${url}", prefix: ${prefix}}\norganizations: [{inventory: county.yaml, key_file: key}]\n` +
      `mail: {server: 127.0.0.1, port: ${at.server.port}, security: none, from: pollwatch@county.example.gov}\n`,
  );
  const child = spawn(LAUNCHER, [command!, ...args, '--config', 'pollwatch.yaml'], { cwd: folder });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const status = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  return { status, said };
}

/** Commits lines to an origin that stays open. */
export async function write(store: QueueStore, name: string, format: string, lines: string): Promise<void> {
  const head = await registerOrigin(store, ORG, name);
  const answer = await commitChunk(store, ORG, head.number, {
    expectedSeq: head.seq,
    bytes: Buffer.from(lines),
    seal: createSeal(SECRET),
    position: null,
    format,
    context: { referenceMs: NOON, timezone: 'UTC', origin: head.number },
    asset: 0,
    queuedBytesMax: 1 << 30,
  });
  expect(answer.state).toBe('committed');
}

/** Ids of the alerts of a detection that were told. */
export const alertIds = async (store: QueueStore, rule: string): Promise<string[]> =>
  (await pendingBodies(store, ORG))
    .map((body) => JSON.parse(body) as { rule: { id: string }; event: { id: string } })
    .filter((document) => document.rule.id === rule)
    .map((document) => document.event.id);
