/**
 * `pollwatch drill`: writes harmless test lines, has them read like a log, and follows them on their way through queue,
 * decision and outbox to the mail server. It says how long each step took, or which one they did not pass and what to look
 * at. What came through is a mail that says that it is a drill; nothing is counted as an alert.
 */
import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runIngest } from '../../workers/ingest.ts';
import { drillRecipients } from '../mail/drill-mail.ts';
import type { Installation, Tenant } from '../model/installation.ts';
import type { OutboxRow } from '../model/outbox.ts';
import { OperatorError, printable } from '../model/problem.ts';
import { counted } from '../model/quantity-words.ts';
import { DAY } from '../model/time.ts';
import { deadLetters } from '../queue/dead-letters.ts';
import { noteDrill, readDrill } from '../queue/drill.ts';
import { openMailOutbox } from '../queue/mail-outbox.ts';
import { readOrigins } from '../queue/origins.ts';
import { readProgress } from '../queue/progress.ts';
import type { QueueStore } from '../queue/store.ts';
import { DRILL_APART_MS, DRILL_ORIGIN, drillCode, drillLines, drillNumber } from '../shard/drill.ts';
import { claimKeys } from '../shard/key-check.ts';
import { OK, OPERATOR } from './exit-status.ts';
import { organizationOption, withStore } from './installation-option.ts';
import { mailSenderOf, nobodyMailed } from './mail-sender.ts';
import { type Given, stopOn, wholeNumber } from './options.ts';

/** How often a step is looked at, ms. */
const LOOK_MS = 100;
/** Where the last events are older, a log is replayed: the lines of a drill are given its time, or they would end its days. */
const REPLAY_MS = 2 * DAY;

/** A step on the way: whether the lines have passed it, and what to look at when they do not. */
interface Step {
  readonly name: string;
  readonly hint: string;
  /** true = passed, a text = it will not be, and why; `isOver`: there is no more time to wait for the rest */
  passed(isOver: boolean): Promise<boolean | string | Refused>;
}

/** Some or all mails of a drill that the mail server will not take. */
interface Refused {
  readonly why: string;
  readonly hint: string;
  /** whom an alert would not have reached; null = anybody */
  readonly missed: string | null;
}

/** Runs the command; returns the exit status: 2 when the drill did not come through. */
export function drillCommand(given: Given): Promise<number> {
  const problems: Parameters<typeof wholeNumber>[4] = [];
  const waitSeconds = wholeNumber(given.wait ?? '120', 1, 86_400, '--wait', problems);
  stopOn(problems);
  return withStore(given, async (store, installation) => {
    const org = organizationOption(given, [...installation.tenants.keys()]);
    const tenant = installation.tenants.get(org)!;
    const recipients = recipientsIn(installation, tenant);
    // made with another key its lines would be those of an attack
    stopOn(await claimKeys(store, [tenant]));
    const nowMs = Date.now();
    const before = await readDrill(store, org);
    if (before?.startedMs != null && nowMs - before.startedMs < DRILL_APART_MS) {
      const hint = 'wait a minute; `pollwatch status` says whether the last one came through';
      throw new OperatorError([{ code: 'PW-DRILL-SOON', message: 'a drill was begun less than a minute ago', hint }]);
    }
    const code = drillCode(drillNumber(nowMs));
    const lines = drillLines(tenant.secret, drillNumber(nowMs), await instantOf(store, org, nowMs));
    process.stdout.write(`${code} of ${printable(tenant.name)}: nothing happens, nothing is counted as an alert\n`);
    process.stdout.write(`mails go to ${recipients.map(printable).join(', ')}\n\n`);
    await noteDrill(store, org, code, nowMs);
    const into = given.into === undefined ? null : resolve(given.into);
    if (into === null) await ingest(installation, tenant, lines);
    else appendFileSync(into, lines);
    return follow(
      stepsOf(store, org, { code, into, startedMs: nowMs, recipients }),
      nowMs,
      (waitSeconds ?? 120) * 1000,
      recipients,
    );
  });
}

/** Whom the mails of a drill go to. Throws an OperatorError when nobody would be told of an alert either. */
function recipientsIn(installation: Installation, tenant: Tenant): string[] {
  const { inventory, redirectTo } = mailSenderOf(installation, tenant);
  const found = drillRecipients(inventory);
  if (found.length === 0) throw nobodyMailed(installation, tenant);
  return redirectTo === null ? found.map(({ address }) => address) : [`${redirectTo} (test mode)`];
}

async function instantOf(store: QueueStore, org: string, nowMs: number): Promise<number> {
  const eventMs = (await readProgress(store, org))?.eventMs ?? null;
  return eventMs !== null && nowMs - eventMs > REPLAY_MS ? eventMs : nowMs;
}

/** Reads the lines as `pollwatch ingest` reads a pipe. */
async function ingest(installation: Installation, tenant: Tenant, lines: string): Promise<void> {
  const reading = { organization: tenant.id, format: 'combined', timezone: 'UTC', asset: 0 };
  const origins = [{ kind: 'stdin', name: DRILL_ORIGIN, reading } as const];
  const only = { ...installation, origins };
  async function* stdin(): AsyncGenerator<string> {
    yield lines;
  }
  await runIngest(only, new AbortController().signal, { stdin: stdin() });
}

function stepsOf(
  store: QueueStore,
  org: string,
  drill: { code: string; into: string | null; startedMs: number; recipients: readonly string[] },
): Step[] {
  const { code, into, startedMs, recipients } = drill;
  const origin = async () => {
    const origins = await readOrigins(store, org);
    return origins.find(({ name, updatedMs }) => name === (into ?? DRILL_ORIGIN) && updatedMs >= startedMs);
  };
  /** rows of the drill as they were when its mails were decided */
  let rows: readonly string[] = [];
  return [
    {
      name: 'read',
      hint:
        into === null
          ? 'is Redis well? `pollwatch doctor` says'
          : 'is `pollwatch ingest` running, and does it follow that file?',
      passed: async () => (await origin()) !== undefined,
    },
    {
      name: 'analysed',
      hint: 'is `pollwatch work analyze` running? `pollwatch status` and `pollwatch dead list` say where chunks are',
      async passed() {
        const found = await origin();
        if (found !== undefined && found.applied >= found.seq) return true;
        const dead = (await deadLetters(store, org)).find(({ id }) => id.startsWith(`chunk:${found?.number}:`));
        return dead === undefined ? false : `its lines are a dead letter: ${dead.reason}`;
      },
    },
    {
      name: 'recognised, and a mail decided',
      hint: 'is `pollwatch work decide` running with this installation file? After one that was killed the next begins within a minute or two. Are W05 and W11 switched off in the inventory?',
      async passed() {
        const state = await readDrill(store, org);
        if (state?.plannedCode !== code) return false;
        rows = state.left;
        return true;
      },
    },
    {
      name: 'handed to the mail server',
      hint: 'is `pollwatch work mail` running? `pollwatch doctor` tries the mail server',
      async passed(isOver) {
        const state = await readDrill(store, org);
        if (state?.passedCode === code) return true;
        const failed = (await openMailOutbox(store, org).listFailed()).filter(({ id }) => rows.includes(id));
        const left = state?.plannedCode === code ? state.left.length : rows.length;
        // the others may still go: who got it is known when all are settled
        if (failed.length === 0 || (failed.length < left && !isOver)) return false;
        return refusedOf(failed, left, rows.length, recipients);
      },
    },
  ];
}

/** Who was refused and why, and who got it; `left` are the mails that are not sent, of `all`. */
function refusedOf(failed: readonly OutboxRow[], left: number, all: number, recipients: readonly string[]): Refused {
  const addresses = failed.map(({ mail }) => mail.to);
  const got = left > failed.length ? [] : recipients.filter((address) => !addresses.includes(address));
  const waiting = left - failed.length;
  return {
    why: [
      ...failed.map(({ mail, reason }) => `mail to ${mail.to} was refused: ${reason}`),
      ...(left === all || got.length === 0 ? [] : [`${got.join(', ')} got it`]),
      ...(waiting === 0 ? [] : [`${counted(waiting, 'more mail')} not sent yet`]),
    ].join('; '),
    hint: 'mend the address under contacts in the inventory, or have the mail server take mail for it; `pollwatch dead list` lists what was refused',
    missed: left === all ? null : addresses.join(', '),
  };
}

/** Waits for one step after the other; says how it ends. */
async function follow(
  steps: readonly Step[],
  startedMs: number,
  waitMs: number,
  to: readonly string[],
): Promise<number> {
  for (const { name, hint, passed } of steps) {
    let state = await passed(false);
    while (state === false && Date.now() - startedMs < waitMs) {
      await wait(LOOK_MS);
      state = await passed(false);
    }
    if (state === false) state = await passed(true);
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(1).padStart(6);
    if (state === true) {
      process.stdout.write(`${seconds} s  ${name}\n`);
      continue;
    }
    const late = `not within ${Math.round(waitMs / 1000)} s`;
    const stopped = typeof state === 'object' ? state : { why: state === false ? late : state, hint, missed: null };
    process.stdout.write(
      `${seconds} s  NOT ${name}: ${printable(stopped.why)}\n         ${stopped.hint}\n\nFAILED: an alert would not have reached ${printable(stopped.missed ?? 'anybody')}\n`,
    );
    return OPERATOR;
  }
  process.stdout.write(`\nPASSED: now see whether it stands in the mailbox of ${to.map(printable).join(', ')}\n`);
  return OK;
}
