/** Text that can do nothing: what becomes of links, hosts, addresses and invisible characters, and how lines are folded. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, inertText, wrap } from '../../src/mail/inert-text.ts';
import { growth, LINEAR_MAX } from '../parts/growth.ts';

describe('inert text', () => {
  it.each([
    ['see http://evil.example/x', 'see hxxp://evil[.]example/x'],
    ['HTTPS://u:p@evil.example:8443/a?b=c', 'hxxps://u:p[at]evil[.]example:8443/a?b=c'],
    ['http://ftp://a.example', 'hxxp://ftp[:]//a[.]example'],
    ['http://192.0.2.7/x', 'hxxp://192.0.2.7/x'],
    ['//evil.example/x', '//evil[.]example/x'],
    ['mail root@evil.example', 'mail root[at]evil[.]example'],
    [`${'a'.repeat(65)}@evil.example`, `${'a'.repeat(65)}[at]evil[.]example`],
    ['x!@evil.example', 'x![at]evil[.]example'],
    ['5 @ 3 a.m.', '5 @ 3 a.m.'],
    ['www.evil.example:443', 'www[.]evil[.]example:443'],
    ['пример.рф', 'пример[.]рф'],
    ['from 192.0.2.17 and 2001:db8::1.', 'from 192.0.2.17 and 2001:db8::1.'],
    ['/.git/config /index.php', '/.git/config /index.php'],
    ['a\r\nBcc: b', 'a\\x0d\\x0aBcc: b'],
    ['a\u202eb\u200bc\u00add', 'a\\u202eb\\u{200b}c\\u{ad}d'],
    ['  two   spaces ', 'two spaces'],
    ['at lookup.example.gov', 'at lookup.example.gov'],
    ['at x.lookup.example.gov', 'at x[.]lookup[.]example[.]gov'],
    ['Version 1.2.0, e.g. this.', 'Version 1.2.0, e.g. this.'],
  ])('of %j is %j', (text, expected) => {
    expect(inertText(text, new Set(['lookup.example.gov']))).toBe(expected);
  });

  it('is made in time that grows with the text alone', () => {
    for (const unit of ['a.', 'a@', 'http:', '://', '.a', '-.', 'a_', '\u200b', 'aA1+.-']) {
      const grown = growth(262_144, (length) => void inertText(unit.repeat(length / unit.length)));
      expect(grown, unit).toBeLessThan(LINEAR_MAX);
    }
  });
});

describe('folding', () => {
  it('keeps to the columns, marks the first line, and cuts a word that is longer', () => {
    expect(wrap('one two three', '1. ', '   ', 10)).toEqual(['1. one two', '   three']);
    expect(wrap('abcdefghijkl xy', '- ', '  ', 7)).toEqual(['- abcde', '  fghij', '  kl xy']);
    expect(wrap('', '- ', '  ')).toEqual(['-']);
  });

  it('loses no character and makes no line too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 8, max: 72 }), (raw, width) => {
        const text = raw.replace(/\s+/gu, ' ').trim();
        const lines = wrap(text, '- ', '  ', width);
        expect(Math.max(...lines.map((line) => Array.from(line).length))).toBeLessThanOrEqual(width);
        expect(
          lines
            .map((line) => line.slice(2))
            .join('')
            .replaceAll(' ', ''),
        ).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  it('cuts a long text between characters', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdefg', 6)).toBe('abcde…');
    expect(clip('😀'.repeat(9), 3)).toBe('😀😀…');
  });
});
