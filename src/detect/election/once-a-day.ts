/**
 * What a source did to several systems on one day is one finding of a detection: an alert is known by its detection, its
 * source and its day, so two of them would take each other's place.
 */
import { jointOutcome } from '../../model/joint.ts';
import { LEVELS } from '../../model/rule.ts';
import type { Finding, SourceDetector } from '../detector.ts';
import { inOrder, type Touch } from '../touch.ts';
import { byDay } from '../windows.ts';

/** The detector, with its findings about several systems joined by detection and day. */
export function onceADay(detector: SourceDetector): SourceDetector {
  return {
    ids: detector.ids,
    evaluate(record, scene, earlier) {
      const findings = detector.evaluate(record, scene, earlier);
      if (findings.length < 2) return findings;
      return [...Map.groupBy(findings, ({ detection }) => detection).values()].flatMap((same) => {
        if (same.length < 2) return same;
        const parts = same.flatMap((f) =>
          byDay(f.touches, scene.dayStartMs).map(([day, touches]) => ({ day, finding: { ...f, touches } })),
        );
        return [...Map.groupBy(parts, ({ day }) => day).values()].map((day) =>
          joined(day.map(({ finding }) => finding)),
        );
      });
    },
  };
}

function joined(parts: readonly Finding[]): Finding {
  const [first] = parts as readonly [Finding, ...Finding[]];
  if (parts.length === 1) return first;
  const gravest = parts.reduce((a, b) => (LEVELS.indexOf(b.base) > LEVELS.indexOf(a.base) ? b : a));
  const all = (of: (f: Finding) => readonly string[]) => [...new Set(parts.flatMap(of))];
  const touches = parts.map((f) => new Set(f.touches));
  return {
    ...gravest,
    outcome: jointOutcome(parts),
    touches: inOrder([...new Set(parts.flatMap((f) => f.touches))]),
    numbers: (list: readonly Touch[]) => sums(parts.map((f, i) => f.numbers(list.filter((t) => touches[i]!.has(t))))),
    thresholds: all((f) => f.thresholds),
    noise: all((f) => f.noise),
    tailored: all((f) => f.tailored),
  };
}

/** The numbers added up by name: of different systems, so nothing is counted twice. */
function sums(list: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const added: Record<string, number> = {};
  for (const numbers of list) for (const [name, n] of Object.entries(numbers)) added[name] = (added[name] ?? 0) + n;
  return added;
}
