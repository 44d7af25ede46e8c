/**
 * The sources of a settled day, for looking back when an advisory arrives. All stand as keyed hashes with their network
 * owner, a thousand in a document; most are people who looked up their polling place, so no address, no page and no
 * place is with them, and no time where they are few (law 7). A source that matched a rule or has an alert also has a
 * document of its own, with its address and what it did. Pure: the same state and alerts give the same documents.
 *
 *   412 sources of AS64500 on 2026-09-14 → {"pollwatch":{"source":{"hash":["02b1…",…],"count":412,"named":3,"matched":false},…}}
 *   192.0.2.7, one of the three          → {"pollwatch":{"source":{"hash":"5be1…","matched":true},"activity":{"requests":4,…}}}
 */

import { TAG } from '../measure/entry.ts';
import { byKey, hiOf, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import type { State } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import { dayLabel } from '../model/time.ts';
import type { DailyDocument, SourceCounts } from './daily.ts';
import { dayOfEntries, eachOfDay, keyText, type SourceSetting } from './day-entries.ts';
import { drillOf } from './drill.ts';
import { named } from './source-activity.ts';
import { together } from './source-crowd.ts';

/** Documents of a day's sources, and how many sources there were. `state` is settled; `alerts` are the organisation's. */
export function daySources(
  state: State,
  alerts: readonly Alert[],
  setting: SourceSetting,
): { counts: SourceCounts; documents: Iterable<DailyDocument> } {
  const { ledger } = state;
  const day = dayOfEntries(setting);
  const label = dayLabel(setting.day, setting.inventory.dayStartMs);
  const detections = detectionsBySource(alerts.filter((a) => a.day === label));
  const present: number[] = [];
  const matched: number[] = [];
  const seen: Presence = { isSeen: false, isMatched: false };
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    if (drillOf(setting.secret, hiOf(ledger, row), loOf(ledger, row)) !== null) continue;
    seen.isSeen = seen.isMatched = false;
    eachOfDay(ledger, row, day, seen, seeTouch, seeVisit);
    if (!seen.isSeen) continue;
    present.push(row);
    if (seen.isMatched || (detections.size > 0 && detections.has(keyText(ledger, row)))) matched.push(row);
  }
  matched.sort(byKey(ledger));
  return {
    counts: { sources: present.length, matched: matched.length },
    documents: (function* () {
      for (const row of matched) yield named(ledger, row, detections, setting, day);
      yield* together(ledger, present, new Set(matched), setting, day);
    })(),
  };
}

/** Detections by the key of the source that they name, as key or member. */
function detectionsBySource(alerts: readonly Alert[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { detection, key, related } of alerts) {
    for (const text of key.kind === 'source' ? [key.text] : related) {
      const known = found.get(text);
      if (known === undefined) found.set(text, new Set([detection]));
      else known.add(detection);
    }
  }
  return found;
}

/** Whether a source did anything on a day, and anything that matched a rule. */
interface Presence {
  isSeen: boolean;
  isMatched: boolean;
}

function seeTouch(seen: Presence, _page: Uint32Array, _e: number, tag: number): void {
  seen.isSeen = true;
  if (tag >= TAG.rule) seen.isMatched = true;
}

function seeVisit(seen: Presence): void {
  seen.isSeen = true;
}
