/**
 * HTML that escapes by default: in the tagged template every interpolation is text, and only what this template made
 * before is markup. The attacker writes the log; this file is where that ends for the report.
 *
 *   html`<td title="${path}">${path}</td>` → safe whatever `path` holds
 */
import { printable } from '../../model/problem.ts';

const MADE = Symbol('made by the html template');

/** Markup that is known to be well-formed and escaped. */
export interface Html {
  readonly [MADE]: string;
}

/** What may stand in a template: text and numbers are escaped; lists are joined; null, undefined and false are nothing. */
export type Piece = Html | string | number | null | undefined | false | readonly Piece[];

/** The template. Attributes must be quoted with double quotes; never interpolate into a tag or attribute name. */
export function html(strings: TemplateStringsArray, ...pieces: Piece[]): Html {
  let out = strings[0]!;
  for (let i = 0; i < pieces.length; i++) out += render(pieces[i]) + strings[i + 1]!;
  return { [MADE]: out };
}

/** The markup as a string. */
export function markup(piece: Html): string {
  return piece[MADE];
}

/** Markup from a constant of the program (the style sheet, the icon): never from data. */
export function trusted(constant: string): Html {
  return { [MADE]: constant };
}

function render(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return '';
  if (typeof piece === 'number') return String(piece);
  if (typeof piece === 'string') return escapeText(piece);
  if (Array.isArray(piece)) return piece.map(render).join('');
  return (piece as Html)[MADE];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is inert between tags and in quoted attributes; control bytes become visible escapes. */
export function escapeText(text: string): string {
  return printable(text.toWellFormed()).replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}
