/**
 * The keyed hash of texts: every road gives one value, and texts that are made to look alike do not meet.
 */
import { describe, expect, it } from 'vitest';
import { hashKey, hashRange, hashTarget, hashUntilQuote, lane, target } from '../../src/model/hash.ts';

const KEY = hashKey('a secret', 'test');
const first = new Uint32Array(1);
const second = new Uint32Array(1);
const path = new Uint32Array(1);

function over(text: Uint8Array, key = KEY): readonly [number, number] {
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  const a = hashRange(text, view, 0, text.length, key);
  return [a, lane.b];
}

const wide = (text: Uint8Array) => {
  const [a, b] = over(text);
  return (BigInt(a) << 32n) | BigInt(b);
};

/** Numbers from a fixed seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

describe('the hash of a text', () => {
  it('is the same whether its end is known or looked for, wherever it stands', () => {
    const next = numbers(1);
    for (let length = 0; length < 80; length++) {
      for (let from = 0; from < 4; from++) {
        const text = Uint8Array.from({ length }, () => 35 + ((next() >>> 9) % 220)).map((c) => (c === 63 ? 64 : c));
        const query = length > 0 ? (next() >>> 8) % (length + 1) : 0;
        if (query < length) text[query] = 63;
        const bytes = Uint8Array.of(...new Uint8Array(from).fill(120), ...text, 34, 10, 34, 63, 0, 0);
        const view = new DataView(bytes.buffer);
        const [a, b] = over(text);
        expect(hashUntilQuote(view, from, bytes.length - 3, KEY, first, second, 0)).toBe(from + length);
        expect([first[0], second[0]]).toEqual([a, b]);
        bytes[from + length] = 32;
        expect(hashTarget(view, from, bytes.length - 3, KEY, first, second, path, 0)).toBe(from + length);
        expect([first[0], second[0]]).toEqual([a, b]);
        expect(target.query).toBe(query < length ? from + query : -1);
        expect(path[0]).toBe(over(text.slice(0, query < length ? query : length))[0]);
      }
    }
  });

  it('is not given where a control byte comes first, or the end lies beyond what may be read', () => {
    for (let control = 0; control < 32; control++) {
      const bytes = Buffer.from(`abcde${String.fromCharCode(control)}f" " \n    `, 'latin1');
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      expect(hashUntilQuote(view, 0, bytes.length - 3, KEY, first, second, 0)).toBe(-1);
      expect(hashTarget(view, 0, bytes.length - 3, KEY, first, second, path, 0)).toBe(-1);
    }
    const open = Buffer.from('abcdefgh');
    const view = new DataView(open.buffer, open.byteOffset, open.length);
    expect(hashUntilQuote(view, 0, open.length - 3, KEY, first, second, 0)).toBe(-1);
    expect(hashTarget(view, 0, open.length - 3, KEY, first, second, path, 0)).toBe(-1);
  });

  it('changes about half of its bits with any bit of the text, of its length and of the key', () => {
    const next = numbers(2);
    const flips = new Float64Array(64);
    let trials = 0;
    const count = (x: bigint) => {
      trials++;
      for (let bit = 0; bit < 64; bit++) if ((x >> BigInt(bit)) & 1n) flips[bit]!++;
    };
    for (let round = 0; round < 300; round++) {
      const text = Uint8Array.from({ length: 1 + (round % 37) }, () => next() >>> 24);
      const before = wide(text);
      for (let i = 0; i < text.length; i++) {
        const changed = text.slice();
        changed[i]! ^= 1 << (round & 7);
        count(before ^ wide(changed));
      }
    }
    // lane b is compared and cut to 21 bits, never used to spread: it may lean, not stand still
    for (let bit = 0; bit < 64; bit++) {
      const share = flips[bit]! / trials;
      expect(share, `bit ${bit}`).toBeGreaterThan(bit < 32 ? 0.4 : 0.47);
      expect(share, `bit ${bit}`).toBeLessThan(bit < 32 ? 0.6 : 0.53);
    }
    const text = Buffer.from('/voter/lookup');
    const seen = new Set(
      [over(text), over(text, { ...KEY, a: KEY.a ^ 1 }), over(text, { ...KEY, b: KEY.b ^ 1 })].map(String),
    );
    expect(seen.size).toBe(3);
  });

  it('tells texts of zeros, of one word repeated, and with words swapped apart', () => {
    const seen = new Set<bigint>();
    let texts = 0;
    const add = (text: Uint8Array) => {
      seen.add(wide(text));
      texts++;
    };
    for (let n = 0; n < 300; n++) add(new Uint8Array(n));
    for (let n = 1; n < 300; n++) add(Buffer.alloc(4 * n, 'abcd'));
    const words = Array.from({ length: 24 }, (_, i) => `w${String(i).padStart(3, '0')}`);
    for (let i = 0; i < 24; i++) {
      for (let j = i; j < 24; j++) {
        const swapped = words.slice();
        [swapped[i], swapped[j]] = [swapped[j]!, swapped[i]!];
        if (i !== j || i === 0) add(Buffer.from(swapped.join('')));
      }
    }
    expect(seen.size).toBe(texts);
  });

  it('keeps 400,000 texts with common beginnings and ends apart, and its 32 bits meet no more often than chance', () => {
    const seen = new Set<bigint>();
    const short = new Set<number>();
    const n = 400_000;
    for (let i = 0; i < n; i++) {
      const number = i >> 2;
      const kinds = [
        `/record/${number}`,
        `/r/${number}/edit/form.php`,
        `${number}`.padStart(40, '/a'),
        `/x?id=${number}&y=0`,
      ];
      const hash = wide(Buffer.from(kinds[i & 3]!));
      seen.add(hash);
      short.add(Number(hash >> 32n));
    }
    expect(seen.size).toBe(n);
    // expected n² / 2³³ = 18.6
    expect(n - short.size).toBeLessThan(50);
  });

  it('meets for no pair of words that was chosen so that the change of one undoes that of another, whatever the key', () => {
    // differences that pass a multiplication unchanged (the highest bits) and where the rotations carry them
    const next = numbers(3);
    let pairs = 0;
    let met = 0;
    for (let k = 0; k < 4; k++) {
      const key = hashKey(`secret ${k}`, 'test');
      for (let i = 0; i < 3; i++) {
        const text = new Uint32Array(6).map(() => next());
        const before = String(over(new Uint8Array(text.buffer), key));
        for (let one = 28; one < 32; one++) {
          for (let other = 0; other < 32; other++) {
            for (let third = -1; third < 32; third++) {
              const changed = text.slice();
              changed[1]! ^= 1 << one;
              changed[2]! ^= 1 << other;
              if (third >= 0) changed[3]! ^= 1 << third;
              pairs++;
              if (String(over(new Uint8Array(changed.buffer), key)) === before) met++;
            }
          }
        }
      }
    }
    expect(pairs).toBe(4 * 3 * 4 * 32 * 33);
    expect(met).toBe(0);
  });
});
