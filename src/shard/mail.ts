/**
 * The mails of an organisation beside its shard: alerts as they stand and the planner's memory go in, rows for the outbox and
 * the new memory come out, to be committed in one step with what they tell. Nothing is sent here. Whoever loses the lease
 * before the commit has planned in vain, and the next one plans the same.
 *
 *   alerts + memory + clock  →  MailCommit {rows, memory}
 */
import { composeMail } from '../mail/compose.ts';
import type { Coverage } from '../mail/digest-mail.ts';
import { type DrillResult, drillRows } from '../mail/drill-mail.ts';
import type { Sender } from '../mail/envelope.ts';
import type { HeldAlerts } from '../mail/held.ts';
import type { MailTask } from '../mail/mail-task.ts';
import type { AlertState } from '../mail/mailable.ts';
import { emptyMemory, type MailMemory } from '../mail/memory.ts';
import { rowOf } from '../mail/outbox-row.ts';
import { planMails } from '../mail/plan.ts';
import { recipientsOf } from '../mail/recipients.ts';
import type { Installation, Tenant } from '../model/installation.ts';
import type { RenderedMail } from '../model/mail.ts';
import { DAY } from '../model/time.ts';
import type { MailCommit } from '../queue/shard-store.ts';

/** What was read so far, for digests. */
export interface ReadSoFar {
  /** since the organisation began */
  readonly lines: number;
  readonly dropped: number;
  readonly refused: number;
  /** logs that brought lines */
  readonly logs: number;
  /** what else is amiss now, a sentence each */
  readonly missing: readonly string[];
  /** when a drill last came through, Unix ms, or null */
  readonly drillMs: number | null;
}
type Counters = Pick<ReadSoFar, 'lines' | 'dropped' | 'refused'>;

/** What stands in the store: the planner's memory, and what each recipient was last told of what was read. */
interface Remembered {
  readonly planner: MailMemory;
  readonly read: Readonly<Record<string, Counters>>;
  /** drills that were told, by code and instant, with when */
  readonly drills?: Readonly<Record<string, number>>;
}

/** A drill that was told is known as long as its lines are in the state. */
const DRILL_KEPT_MS = 40 * DAY;

/** What is told of. */
export interface ToTell {
  readonly states: readonly AlertState[];
  readonly drills: readonly DrillResult[];
}

/** Mails of one organisation, as long as its lease is held. */
export interface ShardMails {
  /** when there may be something to tell again without a new alert, Unix ms */
  readonly nextMs: number;
  /** alerts that are due and find no place, as of the last plan; null = none */
  readonly held: HeldAlerts | null;
  /** What is to be committed now; null = nothing, not even memory. `read` is asked when a digest is due. */
  plan(toTell: ToTell, nowMs: number, read: () => Promise<ReadSoFar>): Promise<MailCommit | null>;
  /** The last plan was committed. */
  committed(): void;
}

/** How an organisation is mailed; null when there is no mail server, or its inventory names nobody. */
export function senderOf({ mail }: Installation, { inventory }: Pick<Tenant, 'inventory'>): Sender | null {
  if (mail === undefined || recipientsOf(inventory).length === 0) return null;
  const { mailing } = inventory;
  const detailsUrl = mailing.detailsUrl ?? mail.detailsUrl;
  return {
    inventory: { ...inventory, mailing: { ...mailing, detailsUrl } },
    address: mail.smtp.from,
    redirectTo: mail.redirectTo,
  };
}

/** Goes on from what was committed; `stored` null = nobody was mailed yet. */
export function openShardMails(sender: Sender, stored: string | null): ShardMails {
  let remembered = rememberedIn(stored);
  let written = stored;
  let nextMs = 0;
  let held: HeldAlerts | null = null;
  let planned: { remembered: Remembered; written: string; nextMs: number; held: HeldAlerts | null } | null = null;
  return {
    get nextMs() {
      return nextMs;
    },
    get held() {
      return held;
    },
    async plan({ states, drills }, nowMs, read) {
      const setting = { inventory: sender.inventory, senderAddress: sender.address };
      const { tasks, memory, nextMs: wakeMs, held: waiting } = planMails(states, remembered.planner, setting, nowMs);
      const soFar = tasks.some(isRegular) ? await read() : null;
      const told: Record<string, Counters> = { ...remembered.read };
      const rows = tasks.map((task) => {
        const { address } = task.recipient;
        const mail = composeMail(task, sender, soFar === null ? NOT_ASKED : coverageSince(told[address], soFar));
        if (soFar !== null && isRegular(task)) told[address] = countersOf(soFar);
        return rowOf(task, mail);
      });
      for (const address of Object.keys(told)) if (memory.recipients[address] === undefined) delete told[address];
      const known = Object.entries(remembered.drills ?? {}).filter(([, ms]) => ms > nowMs - DRILL_KEPT_MS);
      // a code is one drill: lines of it that are read late change nothing
      const fresh = drills.filter(({ code }) => !known.some(([name]) => name === code)).at(-1);
      const ofDrill = fresh === undefined ? [] : drillRows(fresh, sender, nowMs);
      const drillsTold = [...known, ...(fresh === undefined ? [] : [[fresh.code, nowMs] as const])];
      const next = { planner: memory, read: told, drills: Object.fromEntries(drillsTold) };
      const text = JSON.stringify(next);
      planned = { remembered: next, written: text, nextMs: wakeMs ?? Number.POSITIVE_INFINITY, held: waiting };
      if (rows.length + ofDrill.length === 0 && text === written) {
        ({ nextMs, held } = planned);
        planned = null;
        return null;
      }
      return {
        rows: [...rows, ...ofDrill],
        memory: text === written ? null : text,
        nowMs,
        ...(fresh === undefined ? {} : { drill: { code: fresh.code, rows: ofDrill.map(({ id }) => id) } }),
      };
    },
    committed() {
      if (planned === null) return;
      ({ remembered, written, nextMs, held } = planned);
      planned = null;
    },
  };
}

/** The digests that are sent at `nowMs` if they are due then, from the same memory; `stored` is not changed. */
export function digestsNow(
  sender: Sender,
  stored: string | null,
  states: readonly AlertState[],
  nowMs: number,
  read: ReadSoFar,
): RenderedMail[] {
  const { planner, read: told } = rememberedIn(stored);
  const setting = { inventory: sender.inventory, senderAddress: sender.address, areDigestsDue: true };
  const { tasks } = planMails(states, planner, setting, nowMs);
  return tasks
    .filter(({ kind }) => kind === 'digest')
    .map((task) => composeMail(task, sender, coverageSince(told[task.recipient.address], read)));
}

function rememberedIn(stored: string | null): Remembered {
  return stored === null ? { planner: emptyMemory(), read: {} } : (JSON.parse(stored) as Remembered);
}

const NOT_ASKED: Coverage = { lines: 0, logs: 0, missing: [], drillMs: null };

function isRegular({ kind }: MailTask): boolean {
  return kind === 'digest' || kind === 'heartbeat';
}

function countersOf({ lines, dropped, refused }: ReadSoFar): Counters {
  return { lines, dropped, refused };
}

/** What was read since a recipient was last told of it. */
function coverageSince(before: Counters | undefined, now: ReadSoFar): Coverage {
  const since = (what: keyof Counters) => Math.max(0, now[what] - (before?.[what] ?? 0));
  const [lines, dropped, refused] = [since('lines'), since('dropped'), since('refused')];
  const told = (n: number, one: string, many: string) =>
    n === 0 ? [] : [n === 1 ? `1 line ${one}` : `${n.toLocaleString('en-US')} lines ${many}`];
  return {
    lines,
    logs: now.logs,
    missing: [
      ...told(dropped, 'was lost: there was no room for it.', 'were lost: there was no room for them.'),
      ...told(refused, 'could not be understood.', 'could not be understood.'),
      ...now.missing,
    ],
    drillMs: now.drillMs,
  };
}
