/**
 * What a source was let through to, or given, while what a finding counts was refused: without it "all were denied" is
 * true of the packets that are counted, and wrong about the source.
 */
import { paneOf } from '../measure/entry.ts';
import { ACTION } from '../model/batch.ts';
import { dayOf, WEB_PANE } from '../model/time.ts';
import type { Decision } from './decision.ts';
import type { SourceRecord } from './detector.ts';
import { estimateEvents } from './estimates.ts';
import { actionOf } from './touch.ts';

/** Packets that were let through on the day, and pages that were answered from the first to the last of a web scan. */
export interface Meanwhile {
  readonly packets: number;
  readonly pages: number;
}

const PORT_SCANS: ReadonlySet<string> = new Set(['F01', 'F02', 'F03', 'F04', 'F06', 'F13']);
const WEB_SCANS: ReadonlySet<string> = new Set(['W01', 'W02', 'W03', 'W04']);

/** What else came of a source whose scan was refused, or null: nothing, or it is another kind of finding. */
export function meanwhileOf(
  { detection, outcome, day, startMs, endMs }: Decision,
  record: SourceRecord,
  dayStartMs: number,
): Meanwhile | null {
  if (outcome !== 'refused') return null;
  if (PORT_SCANS.has(detection)) {
    const allowed = record.packets.filter((t) => actionOf(t) === ACTION.allow && dayOf(t.paneMs, dayStartMs) === day);
    return allowed.length === 0 ? null : { packets: Math.round(estimateEvents(allowed)), pages: 0 };
  }
  if (!WEB_SCANS.has(detection)) return null;
  const pages = new Set<number>();
  for (let pane = paneOf(startMs, WEB_PANE); pane <= paneOf(endMs, WEB_PANE); pane++)
    for (const page of record.pages.get(pane) ?? []) pages.add(page);
  return pages.size === 0 ? null : { packets: 0, pages: pages.size };
}
