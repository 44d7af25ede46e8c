/**
 * Seals: what opens them, what does not, and that a log becomes small.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSeal, SEALED_RAW_BYTES_MAX, SealError, sealLabel } from '../../src/queue/seal.ts';

const secret = Buffer.alloc(32, 3);
const label = sealLabel('adams', 1, 0, 'chunk');

describe('a seal', () => {
  it('opens to the same bytes, whatever they are', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 10, 255]), randomBytes(100_000)]) {
      const sealed = createSeal(secret).seal(bytes, label);
      expect(createSeal(secret).open(sealed, label)).toEqual(bytes);
    }
  });

  it('does not open with another secret, another place, or one bit changed', () => {
    const sealed = createSeal(secret).seal(Buffer.from('GET / HTTP/1.1\n'), label);
    const open = (bytes: Uint8Array, at: string) => createSeal(secret).open(bytes, at);
    expect(() => createSeal(Buffer.alloc(32, 4)).open(sealed, label)).toThrow(SealError);
    expect(() => open(sealed, sealLabel('baker', 1, 0, 'chunk'))).toThrow(SealError);
    expect(() => open(sealed, sealLabel('adams', 1, 0, 'evidence'))).toThrow(SealError);
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i]! ^= 1;
      expect(() => open(changed, label)).toThrow(SealError);
    }
  });

  it('cut at any byte does not open', () => {
    const sealed = createSeal(secret).seal(Buffer.from('one line\n'), label);
    for (let i = 0; i < sealed.length; i++) {
      expect(() => createSeal(secret).open(sealed.subarray(0, i), label)).toThrow(SealError);
    }
  });

  it('of the same bytes is never the same twice, and shows nothing of them', () => {
    const seal = createSeal(secret);
    const lines = Buffer.from('voter 4711 '.repeat(1000));
    const [a, b] = [seal.seal(lines, label), seal.seal(lines, label)];
    expect(a.equals(b)).toBe(false);
    expect(a.includes('voter')).toBe(false);
  });

  it('refuses more than it could open again', () => {
    expect(() => createSeal(secret).seal(new Uint8Array(SEALED_RAW_BYTES_MAX + 1), label)).toThrow(RangeError);
  });

  it('of an access log takes at most a quarter of its bytes', () => {
    const log = readFileSync(join(import.meta.dirname, '../samples/generated/nginx-access.log'));
    expect(createSeal(secret).seal(log, label).length / log.length).toBeLessThan(0.25);
  });
});
