/**
 * A problem that the person who runs pollwatch can act on: where it is, a stable code, what is wrong, what to do.
 * Printed the same everywhere:
 *
 *   config/inventory.yaml:14:12  PW-CONFIG-UNKNOWN-FIELD  unknown field "adress" in asset "lookup"
 *     14 |   adress: 203.0.113.10
 *        |   ^
 *     hint: did you mean "address"?
 */
export interface Problem {
  /** `PW-<ROOM>-<WHAT>`, stable */
  code: string;
  message: string;
  file?: string;
  /** 1-based */
  line?: number;
  /** 1-based */
  column?: number;
  /** the text of that line, for the caret */
  excerpt?: string;
  hint?: string;
}

/** Stops before anything starts: all problems at once. The command line prints them and exits with 2. */
export class OperatorError extends Error {
  readonly problems: Problem[];
  constructor(problems: Problem[], options?: ErrorOptions) {
    super(problems.map((p) => `${p.code} ${p.message}`).join('; '), options);
    this.name = 'OperatorError';
    this.problems = problems;
  }
}

/** Control bytes and line ends of untrusted text become visible escapes, so that a terminal shows them and obeys none. */
export function printable(text: string): string {
  // C0, DEL, C1, the bidirectional controls and the line and paragraph separators
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Longest message and longest piece of a line that is printed, in characters: the wrong file may have been named. */
const MESSAGE_MAX = 400;
const EXCERPT_MAX = 120;

/** A problem as the lines that are printed (no trailing line end). */
export function formatProblem(p: Problem): string {
  const at =
    p.file === undefined ? '' : `${printable(p.file)}${p.line === undefined ? '' : `:${p.line}:${p.column ?? 1}`}  `;
  const lines = [`${at}${p.code}  ${printable(clipped(p.message, MESSAGE_MAX))}`];
  if (p.excerpt !== undefined && p.line !== undefined) {
    const gutter = String(p.line).padStart(4);
    const column = Math.max(0, (p.column ?? 1) - 1);
    // a long line is shown around the column; what an escape adds moves the caret
    const from = column < EXCERPT_MAX ? 0 : column - EXCERPT_MAX / 2;
    const before = printable(p.excerpt.slice(from, column));
    lines.push(
      `${gutter} | ${printable(clipped(p.excerpt.slice(from), EXCERPT_MAX))}`,
      `${' '.repeat(gutter.length)} | ${' '.repeat(before.length + Math.max(0, column - Math.max(from, p.excerpt.length)))}^`,
    );
  }
  if (p.hint !== undefined) lines.push(`  hint: ${printable(p.hint)}`);
  return lines.join('\n');
}

function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
