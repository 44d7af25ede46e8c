/**
 * Drills among the decisions of a shard: told by their addresses, and nothing else is made of them.
 */
import { detectionText } from '../alerts/detections.ts';
import type { Decision } from '../detect/decision.ts';
import type { DrillResult } from '../mail/drill-mail.ts';
import type { TellingSetting } from './alert-document.ts';
import { drillOf } from './drill.ts';
import { isPast } from './told-alert.ts';

/** The code of the drill that a decision is about, or null. */
export function drillCodeOf({ key }: Decision, { secret }: TellingSetting): string | null {
  return key.kind === 'source' ? drillOf(secret, key.hi, key.lo) : null;
}

/** What drills came to, as far as their windows are past. */
export function drillsIn(decisions: readonly Decision[], setting: TellingSetting, closedMs: number): DrillResult[] {
  const found = Map.groupBy(
    decisions.filter((decision) => isPast(decision, closedMs)),
    (decision) => drillCodeOf(decision, setting),
  );
  return [...found].flatMap(([code, parts]) =>
    code === null
      ? []
      : [
          {
            code,
            atMs: parts.reduce((ms, { endMs }) => Math.max(ms, endMs), 0),
            seen: [
              ...new Set(parts.map(({ detection, rule }) => detectionText(detection)?.name ?? rule?.name ?? detection)),
            ],
          },
        ],
  );
}
