/**
 * Which mail worker has a mail in hand, and whether it still lives. A worker beats while it sends; what one had in hand whose
 * beats have stopped is free for another within half a minute, long before its lease is over. Nobody is taken for dead while
 * the server was away or the observer slept: only who has beaten regularly itself judges others. A worker that cannot beat
 * breaks off what it is sending before anybody else may begin it.
 *
 *   "mail-71-9f2c01aa" beat 20 s ago, has row 7 in hand  →  row 7 is due
 *
 * Times are those of the server's clock: machines need not agree about theirs.
 */
import { organizationKeys } from './keys.ts';
import { runScript } from './scripts.ts';
import type { QueueStore } from './store.ts';

/** How long things take, ms. */
export interface HandTimes {
  /** between two beats */
  readonly beatMs: number;
  /** who has not reached the server for so long breaks off what it is sending: well before `deadMs` */
  readonly lostMs: number;
  /** whose last beat is older is dead */
  readonly deadMs: number;
  /** who judges others has beaten for so long without a gap: time enough for others to come back with the server */
  readonly graceMs: number;
}

const TIMES: HandTimes = { beatMs: 4000, lostMs: 12_000, deadMs: 20_000, graceMs: 15_000 };

/** The hands of one worker. */
export interface MailHands {
  /** its name, by which rows in hand are known */
  readonly worker: string;
  /** Says that it lives and may have mails of these organisations in hand. */
  beat(orgs: readonly string[]): Promise<void>;
  /** Beats for `orgs()` until the end that is returned. */
  start(orgs: () => readonly string[]): () => void;
  /** Aborted when the server could not be reached for too long; what is begun afterwards has another. */
  lost(): AbortSignal;
  /** Makes due what workers had in hand that are dead; returns how many rows. */
  free(org: string, nowMs: number): Promise<number>;
}

/** The hands of a worker with a name of its own. */
export function openMailHands(store: QueueStore, worker: string, given: Partial<HandTimes> = {}): MailHands {
  const { beatMs, lostMs, deadMs, graceMs } = { ...TIMES, ...given };
  let last = performance.now();
  let regularSince = last;
  /** the same by the server's clock */
  let lastServerMs = 0;
  let cut = new AbortController();
  const isLost = (): boolean => performance.now() - last >= lostMs;

  const hands: MailHands = {
    worker,
    async beat(orgs) {
      // without anything in hand it still wants to know that it reaches the server
      const places = orgs.map((org) => organizationKeys(store.prefix, org).mailWorkers);
      const beats = places.map((place) => runScript(store.redis, 'pwBeatMailer', [place], [worker]));
      const times = orgs.length === 0 ? [await serverMs(store)] : (await Promise.all(beats)).map(Number);
      lastServerMs = Math.min(...times);
      const now = performance.now();
      if (now - last > 2 * beatMs) regularSince = now;
      last = now;
      if (cut.signal.aborted) cut = new AbortController();
    },
    start(orgs) {
      let isBeating = false;
      const timer = setInterval(() => {
        if (isLost()) cut.abort();
        if (isBeating) return;
        isBeating = true;
        hands
          .beat(orgs())
          // that the server is away is told by who keeps the connection
          .catch(() => undefined)
          .finally(() => {
            isBeating = false;
          });
      }, beatMs);
      return () => clearInterval(timer);
    },
    lost: () => cut.signal,
    async free(org, nowMs) {
      if (isLost() || performance.now() - regularSince < graceMs) return 0;
      const { mailHands, mailStates, mailDue, mailWorkers } = organizationKeys(store.prefix, org);
      const places = [mailHands, mailStates, mailDue, mailWorkers];
      return Number(await runScript(store.redis, 'pwFreeMails', places, [nowMs, deadMs, lastServerMs, lostMs]));
    },
  };
  return hands;
}

/** Unix ms of the server's clock. */
async function serverMs(store: QueueStore): Promise<number> {
  const [seconds, micros] = await store.redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
