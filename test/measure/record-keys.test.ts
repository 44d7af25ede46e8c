/** Which parameters name a record, and how a walk through numbers shows in values and blocks. */
import { describe, expect, it } from 'vitest';
import { createRecordKeys } from '../../src/measure/record-keys.ts';
import { hashKey } from '../../src/model/hash.ts';

const key = hashKey('test', 'measure');

function keysOf(target: string, declared: string[][] = []) {
  const bytes = Buffer.from(target, 'latin1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const query = target.includes('?') ? target.indexOf('?') : target.length;
  const keys = createRecordKeys(key, declared);
  const n = keys.find(bytes, view, 0, query, target.length, 12345);
  return keys.found.slice(0, n).map((f) => ({ ...f }));
}

const names = (target: string, declared?: string[][]) => keysOf(target, declared).filter((k) => k.group !== 0).length;

describe('record keys', () => {
  it.each([
    '/lookup?voterid=1',
    '/x?voterid=7',
    '/voter/search?record_no=12',
    '/status?app=A-17',
    '/voter/12345',
    '/registration/view?name=SMITH',
  ])('stand in %s', (target) => {
    expect(names(target)).toBe(1);
  });

  it.each([
    '/news?page=3',
    '/gallery/photo?id=7',
    '/polling-places?zip=60601',
    '/lookup?lang=en',
    '/search?q=select+committee',
    '/news/2026/6.html',
    '/a/b/c',
    '/?utm_source=x',
    '/app.js?v=17',
    '/voter/',
  ])('do not stand in %s', (target) => {
    expect(names(target)).toBe(0);
  });

  it('are only the declared ones where an inventory declares some', () => {
    expect(names('/lookup?voterid=1&id=2', [['voterid']])).toBe(1);
    expect(names('/voter/12345', [['voterid']])).toBe(0);
  });

  it('in order share blocks of 64, keys of people do not', () => {
    const blocks = (ids: number[]) => new Set(ids.map((id) => keysOf(`/lookup?voterid=VR${id}`)[0]!.block)).size;
    expect(blocks(Array.from({ length: 60 }, (_, i) => 128_000 + i))).toBe(1);
    expect(blocks(Array.from({ length: 60 }, (_, i) => 128_000 + i * 7919))).toBe(60);
  });

  it('tell equal values apart by path and parameter, not by the rest of the request', () => {
    const [a] = keysOf('/lookup?voterid=7&x=1');
    const [b] = keysOf('/lookup?voterid=7&x=2');
    const [c] = keysOf('/lookup?recordid=7');
    expect([b!.group, b!.value]).toEqual([a!.group, a!.value]);
    expect(c!.group).not.toBe(a!.group);
  });

  it('are pairs where two parameters name a record together: a birth date alone is nobody', () => {
    const declared = [['voterid'], ['lastname', 'dob']];
    const pair = (target: string) => keysOf(target, declared).filter((k) => k.isPair);
    const [a] = pair('/lookup?lastname=lee&dob=1970-01-01');
    const [b] = pair('/lookup?lastname=lee&dob=1970-01-02');
    const [c] = pair('/lookup?dob=1970-01-01&LastName=lee');
    expect(names('/lookup?lastname=lee&dob=1970-01-01', declared)).toBe(1);
    expect([b!.value === a!.value, b!.block === a!.block, b!.group === a!.group]).toEqual([false, true, true]);
    expect([c!.value, c!.block, c!.group]).toEqual([a!.value, a!.block, a!.group]);
    expect(pair('/lookup?dob=1970-01-01')).toEqual([]);
    expect(names('/lookup?voterid=7&dob=1970-01-01', declared)).toBe(1);
  });

  it('see values of query characters, and let a single apostrophe be', () => {
    const odd = (target: string) => keysOf(target).some((k) => k.odd !== 0);
    expect(odd('/search?q=1%27%20OR%20%271')).toBe(true);
    expect(odd('/search?q=$(id)')).toBe(true);
    expect(odd('/search?q=O%27Brien')).toBe(false);
  });

  it('look at sixteen parameters at most', () => {
    expect(keysOf(`/lookup?${Array.from({ length: 500 }, (_, i) => `id${i}=1`).join('&')}`).length).toBeLessThanOrEqual(
      16,
    );
  });
});
