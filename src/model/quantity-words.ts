/**
 * Numbers and spans in words, as every sentence says them: of alerts, in the report, on the terminal and in mails.
 *   counted(2134, 'packet') → "2,134 packets"   spanWords(240_000, 9) → " in 4 minutes"
 */

/** 2134 → "2,134" */
export function grouped(n: number): string {
  return Number.isInteger(n) && n >= 0 && n < 1000 ? String(n) : n.toLocaleString('en-US');
}

/** "1 packet", "2,134 packets" */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

/** " in 3 seconds", " in 4 hours"; empty for what happened once */
export function spanWords(ms: number, events: number): string {
  if (events === 1) return '';
  if (ms < 1000) return ' within one second';
  const s = ms / 1000;
  if (s < 120) return ` in ${counted(Math.round(s), 'second')}`;
  if (s < 7200) return ` in ${counted(Math.round(s / 60), 'minute')}`;
  return ` in ${counted(Math.round(s / 3600), 'hour')}`;
}

/** Things that a list in a sentence names; "and more" stands for the others. */
const LISTED_MAX = 3;

/** ["/a", "/b"] → "/a and /b"; of more than three the first three "and more" */
export function listed(things: readonly string[]): string {
  const named = things.slice(0, LISTED_MAX);
  if (things.length > LISTED_MAX) return `${named.join(', ')} and more`;
  return named.length < 2 ? (named[0] ?? '') : `${named.slice(0, -1).join(', ')} and ${named.at(-1)!}`;
}
