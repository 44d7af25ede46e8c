/**
 * What an organisation has read so far, and what is amiss with it, for digests: silence is only worth something when it is
 * said what was read, what was lost, and which logs have fallen silent.
 */

import { counted } from '../model/quantity-words.ts';
import type { Tally } from '../model/tally.ts';
import { DAY, HOUR } from '../model/time.ts';
import { aheadMs } from '../operate/status.ts';
import { queueDepth } from '../queue/depth.ts';
import { readDrill } from '../queue/drill.ts';
import { mailDepth } from '../queue/mail-outbox.ts';
import type { OriginState } from '../queue/origins.ts';
import { readProgress } from '../queue/progress.ts';
import type { QueueStore } from '../queue/store.ts';
import { DRILL_ORIGIN } from './drill.ts';
import type { ReadSoFar } from './mail.ts';

/** A log that is followed and has brought nothing for so long is named. */
const SILENT_MS = DAY;
/** Silent logs that are named; the others are counted. */
const NAMED_MAX = 10;

/** Reads it. `tallies` are those of the shard, by number of the origin. */
export async function readSoFar(
  store: QueueStore,
  org: string,
  tallies: ReadonlyMap<number, Tally>,
  origins: readonly OriginState[],
  nowMs: number,
): Promise<ReadSoFar> {
  const own = origins.filter(({ name }) => name !== DRILL_ORIGIN);
  const drill = await readDrill(store, org);
  const { deadLetters } = await queueDepth(store, org);
  const { failed } = await mailDepth(store, org, nowMs);
  const read = own.map(({ number }) => tallies.get(number)).filter((tally) => tally !== undefined);
  const dead = deadLetters - failed;
  const progress = await readProgress(store, org);
  const ahead = own.map((origin) => ({ name: origin.name, ms: aheadMs(origin, progress) })).filter(({ ms }) => ms > 0);
  return {
    lines: sum(read, ({ lines }) => lines),
    refused: sum(read, ({ refused }) => sum([...refused.values()], ({ count }) => count)),
    dropped: sum(own, ({ dropped }) => dropped),
    logs: read.filter(({ lines }) => lines > 0).length,
    missing: [
      ...silentLogs(own, nowMs),
      ...named(
        ahead.map(
          ({ name, ms }) =>
            `The times in the log “${name}” lie ${hoursWords(ms)} ahead: its time zone or its clock is wrong.`,
        ),
        'have wrong times',
      ),
      ...amiss(dead, 'piece of a log could not be handled', 'pieces of logs could not be handled'),
      ...amiss(failed, 'mail could not be delivered', 'mails could not be delivered'),
    ],
    drillMs: drill?.passedMs ?? null,
  };
}

function silentLogs(origins: readonly OriginState[], nowMs: number): string[] {
  const silent = origins.filter(({ closed, updatedMs }) => !closed && updatedMs > 0 && nowMs - updatedMs > SILENT_MS);
  const words = silent.map(
    ({ name, updatedMs }) => `The log “${name}” has brought nothing for ${hoursWords(nowMs - updatedMs)}.`,
  );
  return named(words, 'are silent');
}

/** A sentence for each, as far as they are named. */
function named(sentences: readonly string[], rest: string): string[] {
  const more = sentences.length - NAMED_MAX;
  return [...sentences.slice(0, NAMED_MAX), ...(more > 0 ? [`And ${more} more logs ${rest}.`] : [])];
}

function hoursWords(ms: number): string {
  const hours = Math.floor(ms / HOUR);
  if (hours < 1) return 'less than an hour';
  return hours < 48 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
}

/** What waits for somebody who runs the program. */
function amiss(count: number, one: string, many: string): string[] {
  if (count <= 0) return [];
  return [`${counted(count, one, many)}. “pollwatch dead list” says why.`];
}

function sum<T>(list: readonly T[], of: (each: T) => number): number {
  return list.reduce((total, each) => total + of(each), 0);
}
