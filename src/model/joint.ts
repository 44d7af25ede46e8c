/**
 * Several things that were seen, taken together: what came of them, and from when to when.
 */

/** What came of something that was tried; "tried": nobody can tell. */
export type Outcome = 'tried' | 'refused' | 'answered';

/** Answered where any was, refused where all were. */
export function jointOutcome(parts: readonly { readonly outcome: Outcome }[]): Outcome {
  if (parts.some(({ outcome }) => outcome === 'answered')) return 'answered';
  return parts.every(({ outcome }) => outcome === 'refused') ? 'refused' : 'tried';
}

/** From the first start to the last end, Unix ms. */
export function jointSpan(parts: readonly { readonly startMs: number; readonly endMs: number }[]): {
  startMs: number;
  endMs: number;
} {
  return {
    startMs: parts.reduce((ms, part) => Math.min(ms, part.startMs), Number.POSITIVE_INFINITY),
    endMs: parts.reduce((ms, part) => Math.max(ms, part.endMs), Number.NEGATIVE_INFINITY),
  };
}
