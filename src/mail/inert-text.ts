/**
 * Text that can do nothing in a mail program: one line, no control or invisible characters, and nothing that would become
 * a link by itself. Paths, host names and network owners in an alert were written by strangers.
 *   "see http://evil.example/x\r\nBcc: a@b.example" → "see hxxp://evil[.]example/x\x0d\x0aBcc: a[at]b[.]example"
 */
import { printable } from '../model/problem.ts';

/** Longest piece of text that is taken from an alert; the sentences of a summary are shorter. */
const TEXT_MAX = 900;

/** Width of plain text: mail programs fold at 78 (RFC 5322 2.1.1), and a quoted reply adds a mark. */
export const COLUMNS = 72;

/** What makes a mail program see a link. Only the scheme is taken, so that a link within a link is seen as well. */
const SCHEME = /([a-z][a-z0-9+.-]{0,15}):(?=\/\/)/giu;
/** What makes a mail program see an address, whatever stands before it and also where the name behind it was cut. */
const ADDRESS = /@(?=[\p{L}\p{N}])/gu;
/** A host name that stands alone or after two slashes: not the last part of a path, and not an IPv4 address. */
const HOST = /(?<![\p{L}\p{N}_.-]|(?<!\/)\/)((?:[\p{L}\p{N}_-]{1,63}\.){1,10}[\p{L}_]{2,24})(?![\p{L}\p{N}-])/gu;
/** Characters that are not seen but change what is (zero width, direction, tags). */
const UNSEEN = /[\p{Cf}\p{Co}\p{Cn}]|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0/gu;

/** One line of inert text. `ownNames` (lower case) stay readable: hosts of the office, ids of rules. */
export function inertText(text: string, ownNames: ReadonlySet<string> = new Set()): string {
  const line = printable(clip(text.toWellFormed(), TEXT_MAX))
    .replace(UNSEEN, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`)
    .replace(/\s+/gu, ' ')
    .trim();
  return line
    .replace(SCHEME, (_, scheme: string) => {
      const name = scheme.toLowerCase();
      return name === 'http' || name === 'https' ? `hxxp${name.slice(4)}:` : `${name}[:]`;
    })
    .replace(ADDRESS, '[at]')
    .replace(HOST, (host: string) => (ownNames.has(host.toLowerCase()) ? host : bracketed(host)));
}

/** The text cut to so many characters, with an ellipsis in place of what is left out. */
export function clip(text: string, most: number): string {
  const characters = Array.from(text.slice(0, 2 * most + 2));
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}

/** Lines of at most `width` characters; `first` and `rest` begin them. A longer word is cut. */
export function wrap(text: string, first = '', rest = '', width = COLUMNS): string[] {
  const lines: string[] = [];
  let line = first;
  let hasWord = false;
  for (let word of text.split(' ')) {
    const gap = hasWord ? 1 : 0;
    if (hasWord && lengthOf(line) + gap + lengthOf(word) > width) {
      lines.push(line);
      line = rest;
      hasWord = false;
    }
    while (lengthOf(line) + lengthOf(word) > width && !hasWord) {
      const room = width - lengthOf(line);
      const characters = Array.from(word);
      lines.push(line + characters.slice(0, room).join(''));
      word = characters.slice(room).join('');
      line = rest;
    }
    line += hasWord ? ` ${word}` : word;
    hasWord = true;
  }
  lines.push(line);
  return lines.map((l) => l.trimEnd());
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

function bracketed(host: string): string {
  return host.replaceAll('.', '[.]');
}
