/**
 * The automaton against a naive search, and the decoder against texts whose meaning is known.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildAutomaton } from '../../src/rules/automaton.ts';
import { createDecodedText, decodeOnce, leavesRoot } from '../../src/rules/decode.ts';

function search(literals: readonly Uint8Array[], text: Uint8Array): Set<string> {
  const a = buildAutomaton(literals)!;
  const found = new Set<string>();
  let state = 0;
  for (const [i, byte] of text.entries()) {
    state = a.next[state + a.classes[byte]!]!;
    if (state >= 0) continue;
    state = ~state;
    const s = state / a.classCount;
    for (let f = a.foundStart[s]!; f < a.foundStart[s + 1]!; f++) found.add(`${a.found[f]} ${i}`);
  }
  return found;
}

function naive(literals: readonly Uint8Array[], text: Uint8Array): Set<string> {
  const found = new Set<string>();
  const folded = Buffer.from(text)
    .toString('latin1')
    .replace(/[A-Z]/g, (c) => c.toLowerCase());
  for (const [number, literal] of literals.entries()) {
    const wanted = Buffer.from(literal)
      .toString('latin1')
      .replace(/[A-Z]/g, (c) => c.toLowerCase());
    for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + 1)) {
      found.add(`${number} ${at + wanted.length - 1}`);
    }
  }
  return found;
}

describe('the automaton', () => {
  const byte = fc.oneof(fc.constantFrom(...Buffer.from('aAbB./%')), fc.integer({ min: 0, max: 255 }));
  const bytes = (min: number, max: number) =>
    fc.array(byte, { minLength: min, maxLength: max }).map((l) => Uint8Array.from(l));

  it('finds every literal at every place where a naive search finds it, and no other', () => {
    fc.assert(
      fc.property(fc.array(bytes(1, 6), { maxLength: 20 }), bytes(0, 60), (literals, text) => {
        expect(search(literals, text)).toEqual(naive(literals, text));
      }),
      { numRuns: 500 },
    );
  });
});

describe('decoding', () => {
  const once = (text: string, first = true) => {
    const bytes = Buffer.from(text, 'latin1');
    const query = text.indexOf('?') < 0 ? bytes.length : text.indexOf('?');
    const out = createDecodedText(true);
    decodeOnce(bytes, 0, bytes.length, query, first, out);
    return {
      text: Buffer.from(out.bytes.subarray(0, out.length)).toString('latin1'),
      origin: [...out.origin!.subarray(0, out.length + 1)],
    };
  };

  it.each([
    ['/a%2Fb', '/a/b'],
    ['/a%2fb?c=d%20e+f', '/a/b?c=d e f'],
    ['/a+b', '/a+b'],
    ['/%', '/%'],
    ['/%4', '/%4'],
    ['/%zz', '/%zz'],
    ['/..%c0%afetc', '/../etc'],
    ['/%c0%ae%c0%ae/', '/../'],
    ['/%e0%80%af', '//'],
    ['/%f0%80%80%af', '//'],
    ['/%u002e%u2215%uff0f', '/.//'],
    ['/%u20AC', '/\xe2\x82\xac'],
    ['/%%32%65', '/%2e'],
    ['/%252e', '/%2e'],
    ['/%00x', '/\0x'],
    ['/\\x22a\\"b\\\\c', '/"a"b\\c'],
    ['/na%C3%AFve', '/na\xc3\xafve'],
  ])('%s means %s', (raw, meaning) => {
    expect(once(raw).text).toBe(meaning);
  });

  it('knows for every decoded byte where it stands in the raw text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('%2e', '%c0%af', 'a', '+', '?', '\\x41', '%u0041', '%', '\\"'), { maxLength: 30 }),
        (parts) => {
          const raw = parts.join('');
          const { text, origin } = once(raw);
          expect(origin).toHaveLength(text.length + 1);
          expect(origin[text.length]).toBe(raw.length);
          for (let i = 0; i < text.length; i++) expect(origin[i + 1]!).toBeGreaterThan(origin[i]!);
        },
      ),
    );
  });

  it.each([
    ['/../x', true],
    ['/a/../../x', true],
    ['/a\\..\\..\\x', true],
    ['/a/..;/..;/x', true],
    ['/a/../x', false],
    ['/a/./b/../../', false],
    ['/...', false],
    ['/..a/b', false],
  ])('%s leaves the root: %s', (path, expected) => {
    expect(leavesRoot(Buffer.from(path), 0, path.length)).toBe(expected);
  });
});
