/** What stands in the log and the snapshot of an organisation: nobody reads it without the key, and what is older is still read. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSeal } from '../../src/queue/seal.ts';
import { createScanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { scanChunks } from '../../src/shard/chunk.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { decodeRecord, encodeAck, encodeFacts, isFromNewer, pack, RecordError } from '../../src/shard/record.ts';
import { sealed, unsealed } from '../../src/shard/sealed.ts';
import { decodeShard, encodeShard } from '../../src/shard/snapshot-form.ts';
import { SECRET } from '../laws/small-run.ts';
import { chunksOf, emptyShard, ORG, RULES, settingNamed } from './folding.ts';

const setting = settingNamed('none');
const seal = createSeal(SECRET);
const line = (i: number) =>
  `198.51.100.${i} - - [14/Sep/2026:10:00:00 +0000] "GET /thing${i} HTTP/1.1" 404 12 "-" "Mozilla/5.0"\n`;
const [chunk] = chunksOf(
  [{ format: 'combined', bytes: Buffer.from(Array.from({ length: 200 }, (_, i) => line(i)).join('')) }],
  1 << 20,
);
const { record } = scanChunks(createScanner(rulesOf([]), setting.inventory, SECRET), 0, RULES, [chunk!]);
const shard = emptyShard('none');
foldRecord(shard, setting, record);
const snapshot = encodeShard(shard, setting);

/** Why bytes are not read. */
function errorOf(read: () => unknown): RecordError {
  try {
    read();
  } catch (error) {
    return error as RecordError;
  }
  throw new Error('they are');
}

describe.each([
  { what: 'record', bytes: record, read: (bytes: Uint8Array) => decodeRecord(bytes) },
  { what: 'snapshot', bytes: snapshot, read: (bytes: Uint8Array) => decodeShard(setting, bytes) },
] as const)('a sealed $what', ({ what, bytes, read }) => {
  const stored = sealed(bytes, seal, ORG, what);

  it('opens to the same bytes with the key of its organisation, also after that was changed', () => {
    expect(Buffer.from(unsealed(stored, seal, ORG, what)).equals(bytes)).toBe(true);
    const changed = createSeal(randomBytes(32), SECRET);
    expect(Buffer.from(unsealed(stored, changed, ORG, what)).equals(bytes)).toBe(true);
    expect(stored.length - bytes.length).toBeLessThan(64);
  });

  it('opens with no other key, for no other organisation, as nothing else, and not with a byte changed', () => {
    const other = what === 'record' ? 'snapshot' : 'record';
    for (const open of [
      () => unsealed(stored, createSeal(randomBytes(32)), ORG, what),
      () => unsealed(stored, seal, 'us-xx-other', what),
      () => unsealed(stored, seal, ORG, other),
    ]) {
      const error = errorOf(open);
      expect(error).toBeInstanceOf(RecordError);
      expect(error.message).toContain('does not open');
      expect(isFromNewer(error)).toBe(false);
    }
    for (const at of [8, 12, 30, stored.length - 1]) {
      const changed = Buffer.from(stored);
      changed[at]! ^= 1;
      expect(() => unsealed(changed, seal, ORG, what)).toThrow(/does not open/);
    }
  });

  it('is that of a newer program to one that knows no seal there, so that it waits and puts nothing aside', () => {
    expect(isFromNewer(errorOf(() => read(stored)))).toBe(true);
  });

  it('is read as it stands where an older worker left it unsealed', () => {
    expect(unsealed(bytes, seal, ORG, what)).toBe(bytes);
    expect(() => read(unsealed(bytes, seal, ORG, what))).not.toThrow();
  });
});

it('an acknowledgement, damaged bytes and none are left to whoever reads them', () => {
  for (const bytes of [encodeAck({ id: 'x', status: 'ack', atMs: 1 }), Buffer.from('rubbish'), Buffer.alloc(0)])
    expect(unsealed(bytes, seal, ORG, 'record')).toBe(bytes);
});

it('a seal keeps the version of what it holds', () => {
  const newer = pack({ kind: 'x' }, new Uint8Array(0), 0x31525750, 99);
  expect(
    isFromNewer(errorOf(() => decodeRecord(unsealed(sealed(newer, seal, ORG, 'record'), seal, ORG, 'record')))),
  ).toBe(true);
  expect(decodeRecord(unsealed(sealed(encodeFacts([]), seal, ORG, 'record'), seal, ORG, 'record')).kind).toBe('facts');
});
