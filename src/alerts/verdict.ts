/**
 * Verdict: ordinary Internet noise, aimed at us, or these logs cannot tell; always with its basis.
 * Noise needs a reason (everybody is asked this) and nothing that speaks for us; tailored needs behaviour that only
 * makes sense against this site. Everything else cannot be told from logs, and is said so.
 */
import type { Decision } from '../detect/decision.ts';
import type { Alert } from '../model/alert.ts';

export function verdictOf(d: Decision): Alert['verdict'] {
  const tailored = [
    ...d.tailored,
    ...d.parts.flatMap((p) => (p.detection.startsWith('W') || p.detection.startsWith('election.') ? p.tailored : [])),
  ];
  if (tailored.length > 0) return { term: 'tailored', basis: [...new Set(tailored)] };
  if (d.shared !== undefined)
    return {
      term: 'cannot_tell',
      basis: ['none of the organisations could tell whether it was aimed at them, and alerts of others do not show it'],
    };
  const noise = [...new Set(d.noise)];
  if (noise.length > 0 && d.outcome === 'answered')
    return { term: 'cannot_tell', basis: [...noise, 'but here something answered, which makes it yours to look at'] };
  if (noise.length > 0) return { term: 'noise', basis: noise };
  return {
    term: 'cannot_tell',
    basis: [
      d.detection.startsWith('F')
        ? d.outcome === 'answered'
          ? 'a connection that was let through does not show what the sender was after'
          : 'denied packets do not show what the sender was after'
        : 'the requests fit a general tool as well as one aimed at you',
    ],
  };
}
