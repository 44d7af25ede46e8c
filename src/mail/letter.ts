/**
 * A letter: what a mail says, once, and its two forms. Plain text comes first and is complete (72 columns); the HTML says
 * the same with real headings and lists, in one column, without images, scripts or anything that is fetched
 * (section508.gov: plain words, headings, no meaning by colour alone). All text passes inert-text.ts here and nowhere else.
 */
import { type Html, html, markup } from '../sinks/report/html.ts';
import { COLUMNS, inertText, wrap } from './inert-text.ts';

/** A paragraph, a list, or a link to a page of the office's own. */
export type Part =
  | string
  | { readonly list: readonly string[]; readonly ordered: boolean }
  | { readonly link: string; readonly words: string };

export interface Section {
  readonly heading: string;
  readonly parts: readonly Part[];
}

export interface Letter {
  /** heading of the HTML and title of the page; in plain text the subject says it */
  readonly title: string;
  /** who may read it on; stands above everything */
  readonly marking: string;
  /** notes before the content, such as "TEST MODE" */
  readonly notes: readonly string[];
  readonly sections: readonly Section[];
  /** small print */
  readonly closing: readonly string[];
}

/** The letter as plain text: lines of at most 72 characters (a link alone may be longer), ends with a line end. */
export function letterText(letter: Letter, ownNames: ReadonlySet<string>): string {
  const inert = (text: string) => inertText(text, ownNames);
  const lines = [...wrap(inert(letter.marking))];
  for (const note of letter.notes) lines.push('', ...wrap(inert(note)));
  for (const { heading, parts } of letter.sections) {
    lines.push('', ...wrap(inert(heading).toUpperCase()));
    for (const part of parts) {
      if (typeof part === 'string') lines.push(...wrap(inert(part)));
      else if ('list' in part) {
        part.list.forEach((item, i) => {
          const mark = part.ordered ? `${i + 1}. ` : '- ';
          lines.push(...wrap(inert(item), mark, ' '.repeat(mark.length)));
        });
      } else lines.push(...wrap(`${inert(part.words)}:`), `  ${part.link}`);
    }
  }
  lines.push('', '-'.repeat(COLUMNS));
  for (const line of letter.closing) lines.push(...wrap(inert(line)));
  return `${lines.join('\n')}\n`;
}

/** The letter as a page of HTML. Colours have a contrast of at least 7 to 1. */
export function letterHtml(letter: Letter, ownNames: ReadonlySet<string>): string {
  const inert = (text: string) => inertText(text, ownNames);
  const list = (items: readonly string[], ordered: boolean): Html => {
    const made = items.map((item) => html`<li style="margin:0 0 6px">${inert(item)}</li>`);
    return ordered
      ? html`<ol style="margin:0 0 12px;padding-left:24px">${made}</ol>`
      : html`<ul style="margin:0 0 12px;padding-left:24px">${made}</ul>`;
  };
  const partHtml = (part: Part): Html => {
    if (typeof part === 'string') return html`<p style="margin:0 0 12px">${inert(part)}</p>`;
    if ('list' in part) return list(part.list, part.ordered);
    return html`<p style="margin:0 0 12px"><a href="${part.link}" style="color:#0b3d91">${inert(part.words)}</a></p>`;
  };
  return markup(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${inert(letter.title)}</title>
</head>
<body style="margin:0;padding:16px;background:#ffffff;color:#1b1b1b;font:16px/1.5 Arial,Helvetica,sans-serif">
<main style="max-width:640px">
<p style="margin:0 0 12px"><strong>${inert(letter.marking)}</strong></p>
<h1 style="margin:0 0 12px;font-size:22px;line-height:1.3">${inert(letter.title)}</h1>
${letter.notes.map((note) => html`<p style="margin:0 0 12px"><strong>${inert(note)}</strong></p>`)}
${letter.sections.map(
  ({ heading, parts }) => html`<h2 style="margin:20px 0 6px;font-size:18px">${inert(heading)}</h2>
${parts.map(partHtml)}
`,
)}
</main>
<footer style="max-width:640px;margin-top:20px;border-top:1px solid #595959;padding-top:12px;color:#404040;font-size:14px">
${letter.closing.map((line) => html`<p style="margin:0 0 8px">${inert(line)}</p>`)}
</footer>
</body>
</html>
`);
}
