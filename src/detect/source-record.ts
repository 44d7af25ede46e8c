/**
 * One source and all that it did, as detectors read it: the settled row, unpacked and sorted by kind.
 */
import { TAG } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf, spaceOf } from '../measure/ledger.ts';
import { isPrivateSource } from '../model/address.ts';
import type { Scene, SourceRecord } from './detector.ts';
import { isProbe, spreadOf } from './firewall/packets.ts';
import { readTouches, type Touch } from './touch.ts';
import { readPages, readVisits, type Visit } from './visit.ts';
import { isFailing } from './web/requests.ts';

/** The record of a row of a settled ledger. */
export function readRecord(ledger: Ledger, row: number, scene: Scene): SourceRecord {
  const hi = hiOf(ledger, row);
  const lo = loOf(ledger, row);
  const touches = readTouches(ledger, row, scene.packetRules);
  const packets = those(touches, (t) => t.tag === TAG.packet);
  const probes = those(packets, isProbe);
  const others = packets.length === touches.length ? NO_TOUCHES : touches;
  let visits: Visit[] | null = null;
  let pages: Map<number, number[]> | null = null;
  return {
    row,
    hi,
    lo,
    organization: spaceOf(ledger, row) >>> 8,
    touches,
    get visits() {
      visits ??= readVisits(ledger, row);
      return visits;
    },
    get pages() {
      pages ??= readPages(ledger, row);
      return pages;
    },
    isPrivate: isPrivateSource(hi, lo),
    spread: spreadOf(probes),
    packets,
    probes,
    failing: those(others, isFailing),
    logins: those(others, (t) => t.tag === TAG.login),
    matched: those(others, (t) => t.tag >= TAG.rule),
  };
}

const NO_TOUCHES: readonly Touch[] = [];

/** The members of a list of which something is true: the list itself where that is all of them, as in most records. */
function those(list: readonly Touch[], is: (t: Touch) => boolean): readonly Touch[] {
  const other = list.findIndex((t) => !is(t));
  if (other < 0) return list;
  const found = list.slice(0, other);
  for (let i = other + 1; i < list.length; i++) if (is(list[i]!)) found.push(list[i]!);
  return found.length === 0 ? NO_TOUCHES : found;
}
