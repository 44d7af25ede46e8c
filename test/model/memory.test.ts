/** Memory that is handed back is gone for whoever still holds it, and what others share stays. */
import { describe, expect, it } from 'vitest';
import { handBack } from '../../src/model/memory.ts';

describe('handing memory back', () => {
  it('takes a large buffer away at once, with all that lies in it', () => {
    const bytes = new Uint8Array(1024 * 1024).fill(7);
    const part = bytes.subarray(10, 20);
    handBack(part);
    expect(part.length).toBe(0);
    expect(bytes.buffer.byteLength).toBe(0);
    handBack(bytes);
  });

  it('leaves small ones alone, which may share the memory of strangers', () => {
    const mine = Buffer.from('mine');
    const theirs = Buffer.from('theirs');
    handBack(mine);
    handBack(new Uint8Array(16));
    expect(mine.toString()).toBe('mine');
    expect(theirs.toString()).toBe('theirs');
  });
});
