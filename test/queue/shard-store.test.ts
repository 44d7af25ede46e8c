/**
 * Lease, log, snapshot and documents against a real Redis, alone and as a cluster.
 */

import { describe, expect, it } from 'vitest';
import { deadLetters, dropDead, replayDead } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { evidenceBlob } from '../../src/queue/evidence-store.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { donePending, takePending } from '../../src/queue/pending.ts';
import {
  acquireLease,
  appendRecord,
  buryRecord,
  commitShard,
  LogTrimmedError,
  leaseLoss,
  logEnd,
  readLog,
  readShard,
  releaseLease,
  renewLease,
  type ShardCommit,
  type ShardDocument,
} from '../../src/queue/shard-store.ts';
import { until } from '../parts/until.ts';
import { apply, commitLines, type Installed } from './county.ts';
import { freshly, SERVERS } from './installed.ts';

const ORG = 'adams';

describe.each(SERVERS)('with $kind', ({ cluster }) => {
  let pw: Installed;
  const fresh = freshly(cluster, (opened) => {
    pw = opened;
  });
  const lease = async (worker = 'w', ms = 60_000) => (await acquireLease(pw.store, ORG, worker, ms))!;
  const commit = (fence: number, more: Partial<ShardCommit>, worker = 'w') =>
    commitShard(pw.store, ORG, { fence, worker, documents: [], stats: {}, ...more });
  const append = async (...records: string[]) => {
    for (const record of records) await appendRecord(pw.store, ORG, Buffer.from(record));
  };
  const texts = async (from: number, maxBytes = 1e6) => {
    const { records, next } = await readLog(pw.store, ORG, from, maxBytes);
    return { records: records.map(String), next };
  };

  it('one worker holds the lease of an organisation; another gets it when it is given back, with a higher fence', () =>
    fresh(async () => {
      const first = await lease('a');
      expect(await acquireLease(pw.store, ORG, 'b', 1000)).toBeNull();
      expect(await acquireLease(pw.store, 'baker', 'b', 1000)).toBe(1);
      expect(await renewLease(pw.store, ORG, 'b', first, 1000)).toBe(false);
      expect(await renewLease(pw.store, ORG, 'a', first, 60_000)).toBe(true);
      await releaseLease(pw.store, ORG, 'b', first);
      expect(await acquireLease(pw.store, ORG, 'b', 1000)).toBeNull();
      await releaseLease(pw.store, ORG, 'a', first);
      expect(await lease('b')).toBeGreaterThan(first);
      expect(await renewLease(pw.store, ORG, 'a', first, 60_000)).toBe(false);
    }));

  it('who lost a lease is told whether it ran out or another worker has it', () =>
    fresh(async () => {
      const first = await lease('a', 30);
      await until('the lease ran out', async () => !(await renewLease(pw.store, ORG, 'a', first, 30)));
      expect(await leaseLoss(pw.store, ORG, 'a')).toBe('ran out');
      await lease('b');
      expect(await leaseLoss(pw.store, ORG, 'a')).toBe('taken');
    }));

  it('records are put aside up to a number; at the bound nothing more is done to the log', () =>
    fresh(async () => {
      await append('r0', 'r1');
      const fence = await lease();
      const bury = (index: number, most: number) => buryRecord(pw.store, ORG, 'w', fence, index, 'bad', most);
      expect(await bury(0, 1)).toBe('buried');
      expect(await bury(1, 1)).toBe('full');
      expect(await texts(0)).toEqual({ records: ['', 'r1'], next: 2 });
      expect((await deadLetters(pw.store, ORG)).map(({ id }) => id)).toEqual(['record:0']);
      expect(await dropDead(pw.store, ORG, 'record:0')).toBe('dropped');
      expect(await bury(1, 1)).toBe('buried');
      expect(await texts(0)).toEqual({ records: ['', ''], next: 2 });
    }));

  it('a holder that slept past its lease writes nothing', () =>
    fresh(async () => {
      await append('r0');
      const slept = await lease('a', 30);
      await until('the lease ran out', async () => (await acquireLease(pw.store, ORG, 'b', 60_000)) !== null);
      const snapshot = { bytes: Buffer.from('old'), at: 1 };
      expect(await commit(slept, { snapshot, documents: documents(3), stats: { alerts: 3 } }, 'a')).toBe('fenced');
      expect(await readShard(pw.store, ORG)).toEqual({
        snapshot: null,
        at: 0,
        revisions: new Map(),
        generation: 0,
        mailMemory: null,
      });
      expect(await texts(0)).toEqual({ records: ['r0'], next: 1 });
      expect(await takePending(pw.store, ORG, 10)).toEqual([]);
      expect(await renewLease(pw.store, ORG, 'a', slept, 1000)).toBe(false);
    }));

  it('the log is read in parts, from any index, with bytes of any kind', () =>
    fresh(async () => {
      const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      await appendRecord(pw.store, ORG, binary);
      expect((await readLog(pw.store, ORG, 0, 1)).records[0]!.equals(binary)).toBe(true);
      await append(...Array.from({ length: 40 }, (_, i) => `r${i}`));
      expect(await texts(1, 4)).toEqual({ records: ['r0', 'r1'], next: 3 });
      expect((await texts(1)).records).toHaveLength(40);
      expect(await texts(41)).toEqual({ records: [], next: 41 });
      expect(await logEnd(pw.store, ORG)).toBe(41);
    }));

  it('a commit trims what its snapshot includes, and indexes go on', () =>
    fresh(async () => {
      await append('r0', 'r1', 'r2');
      const fence = await lease();
      await commit(fence, { snapshot: { bytes: Buffer.from([0, 255]), at: 2 }, generation: 3, stats: { folded: 2 } });
      expect(await readShard(pw.store, ORG)).toEqual({
        snapshot: Buffer.from([0, 255]),
        at: 2,
        revisions: new Map(),
        generation: 3,
        mailMemory: null,
      });
      await append('r3');
      expect(await texts(2)).toEqual({ records: ['r2', 'r3'], next: 4 });
      await expect(texts(1)).rejects.toThrow(LogTrimmedError);
      expect(await logEnd(pw.store, ORG)).toBe(4);
      await commit(fence, { snapshot: { bytes: Buffer.from('s'), at: 4 } });
      expect(await texts(4)).toEqual({ records: [], next: 4 });
      await append('r4');
      expect(await texts(4)).toEqual({ records: ['r4'], next: 5 });
      expect((await queueDepth(pw.store, ORG)).stats).toMatchObject({ folded: 2 });
    }));

  it('a snapshot that claims records which the log does not have is refused, and nothing of it is written', () =>
    fresh(async () => {
      await append('r0');
      const fence = await lease();
      const claim = { snapshot: { bytes: Buffer.from('s'), at: 2 }, documents: documents(1) };
      await expect(commit(fence, claim)).rejects.toThrow('records that the log does not have');
      expect((await readShard(pw.store, ORG)).snapshot).toBeNull();
      expect(await takePending(pw.store, ORG, 10)).toEqual([]);
    }));

  it('a counter that is no whole number is refused before anything is written', () =>
    fresh(async () => {
      await append('r0');
      const half = { snapshot: { bytes: Buffer.from('s'), at: 1 }, stats: { late: Number.NaN } };
      await expect(commit(await lease(), half)).rejects.toThrow(RangeError);
      expect((await readShard(pw.store, ORG)).snapshot).toBeNull();
    }));

  it('documents wait in the order of their first arrival, with their newest version, and their revision is kept', () =>
    fresh(async () => {
      const fence = await lease();
      await commit(fence, { documents: documents(3) });
      await commit(fence, { documents: [{ ...documents(1)[0]!, version: 2 ** 52 - 1, body: '{"new":"\n\u0000ü"}' }] });
      const pending = await takePending(pw.store, ORG, 10);
      expect(pending.map((document) => document.id)).toEqual(['id-0', 'id-1', 'id-2']);
      expect(pending[0]).toEqual({
        id: 'id-0',
        index: 'alerts-2026',
        version: 2 ** 52 - 1,
        body: '{"new":"\n\u0000ü"}',
      });
      expect((await takePending(pw.store, ORG, 2)).map((document) => document.id)).toEqual(['id-0', 'id-1']);
      const { revisions } = await readShard(pw.store, ORG);
      expect(revisions.get('id-0')).toEqual({ v: 2 ** 52 - 1, d: 'digest 0' });
      expect(revisions.get('id-1')).toEqual({ v: 4294967297, d: 'digest 1' });
      await commit(fence, { dropRevisions: ['id-1', 'nobody'] });
      expect([...(await readShard(pw.store, ORG)).revisions.keys()].sort()).toEqual(['id-0', 'id-2']);
    }));

  it('a document that was indexed is gone, unless a newer version has come since', () =>
    fresh(async () => {
      const fence = await lease();
      await commit(fence, { documents: documents(2) });
      const taken = await takePending(pw.store, ORG, 10);
      await commit(fence, { documents: [{ ...documents(1)[0]!, version: 4294967299, body: '{}' }] });
      await donePending(pw.store, ORG, taken, []);
      expect(await takePending(pw.store, ORG, 10)).toMatchObject([{ id: 'id-0', version: 4294967299 }]);
      await donePending(pw.store, ORG, [{ id: 'id-0', version: 4294967299 }], []);
      expect(await takePending(pw.store, ORG, 10)).toEqual([]);
      expect((await queueDepth(pw.store, ORG)).stats).toMatchObject({ indexed: 2 });
    }));

  it('a refused document is a dead letter with its reason, and waits again when it is replayed', () =>
    fresh(async () => {
      const fence = await lease();
      await commit(fence, { documents: documents(2) });
      const [first] = await takePending(pw.store, ORG, 1);
      const refused = { ...first!, reason: 'strict_dynamic_mapping_exception' };
      await donePending(pw.store, ORG, [], [refused]);
      expect((await takePending(pw.store, ORG, 10)).map((document) => document.id)).toEqual(['id-1']);
      expect(await deadLetters(pw.store, ORG)).toMatchObject([
        { id: 'doc:id-0', kind: 'document', reason: refused.reason, index: 'alerts-2026', version: first!.version },
      ]);
      expect(await replayDead(pw.store, pw.queues, ORG, 'doc:id-0')).toBe('replayed');
      expect(await takePending(pw.store, ORG, 10)).toContainEqual(first);
      expect(await deadLetters(pw.store, ORG)).toEqual([]);
      expect(await pw.queues.index.getWaitingCount()).toBe(1);
    }));

  it('dead documents are kept up to a number; more are counted', () =>
    fresh(async () => {
      const fence = await lease();
      await commit(fence, { documents: documents(3) });
      const refused = (await takePending(pw.store, ORG, 3)).map((document) => ({ ...document, reason: 'no' }));
      await donePending(pw.store, ORG, [], refused, 2);
      expect((await deadLetters(pw.store, ORG)).map((letter) => letter.id)).toEqual(['doc:id-0', 'doc:id-1']);
      expect(await takePending(pw.store, ORG, 3)).toEqual([]);
      expect((await queueDepth(pw.store, ORG)).stats).toMatchObject({ dead_documents: 2, dead_documents_left_out: 1 });
    }));

  it('a dead document goes away when a newer version is indexed, or when it is dropped', () =>
    fresh(async () => {
      const fence = await lease();
      await commit(fence, { documents: documents(2) });
      const refused = (await takePending(pw.store, ORG, 2)).map((document) => ({ ...document, reason: 'no' }));
      await donePending(pw.store, ORG, [], refused);
      await commit(fence, { documents: [{ ...documents(1)[0]!, version: 4294967298 }] });
      await donePending(pw.store, ORG, [{ id: 'id-0', version: 4294967298 }], []);
      expect((await deadLetters(pw.store, ORG)).map((letter) => letter.id)).toEqual(['doc:id-1']);
      expect(await dropDead(pw.store, ORG, 'doc:id-1')).toBe('dropped');
      expect(await deadLetters(pw.store, ORG)).toEqual([]);
      expect(await pw.store.redis.hlen(organizationKeys(pw.store.prefix, ORG).deadDocuments)).toBe(0);
    }));

  it('a replayed document never takes the place of a newer one', () =>
    fresh(async () => {
      const fence = await lease();
      await commit(fence, { documents: documents(1) });
      const [old] = await takePending(pw.store, ORG, 1);
      await donePending(pw.store, ORG, [], [{ ...old!, reason: 'no' }]);
      await commit(fence, { documents: [{ ...documents(1)[0]!, version: 4294967298 }] });
      expect(await replayDead(pw.store, pw.queues, ORG, 'doc:id-0')).toBe('replayed');
      expect(await takePending(pw.store, ORG, 10)).toMatchObject([{ id: 'id-0', version: 4294967298 }]);
    }));

  it('thousands of documents are committed and settled, one after the other large', () =>
    fresh(async () => {
      const fence = await lease();
      const many = documents(2500);
      many[7] = { ...many[7]!, body: JSON.stringify('x'.repeat(20_000_000)) };
      expect(await commit(fence, { documents: many, stats: { alerts: 2500 } })).toBe('committed');
      const taken = await takePending(pw.store, ORG, 5000);
      expect(taken).toHaveLength(2500);
      expect(taken[7]!.body).toHaveLength(20_000_002);
      const refused = taken.slice(2000).map((document) => ({ ...document, reason: 'no' }));
      await donePending(pw.store, ORG, taken.slice(0, 2000), refused);
      expect(await takePending(pw.store, ORG, 5000)).toEqual([]);
      expect(await deadLetters(pw.store, ORG)).toHaveLength(500);
      expect((await queueDepth(pw.store, ORG)).stats).toMatchObject({
        alerts: 2500,
        indexed: 2000,
        dead_documents: 500,
      });
    }));

  it('evidence is dropped by commit, but for the chunk that holds the offset; stopped half-way it is dropped later', () =>
    fresh(async () => {
      await apply(pw.store, await commitLines(pw.store, ORG, 4));
      const keys = organizationKeys(pw.store.prefix, ORG);
      // somebody died after the lines went and before the index did
      await pw.store.redis.del(keys.evidence(1, 0));
      expect(await evidenceBlob(pw.store, ORG, 1, 5)).toBeNull();
      await commit(await lease(), { dropEvidenceBefore: [{ origin: 1, offset: 40 }] });
      expect(await pw.store.redis.zrange(keys.evidenceIndex(1), 0, '-1')).toEqual(['2', '3']);
      expect(await evidenceBlob(pw.store, ORG, 1, 20)).toBeNull();
      expect(await evidenceBlob(pw.store, ORG, 1, 40)).toMatchObject({ seq: 2 });
    }));

  it('a document with an index that would break its value is refused before anything is sent', () =>
    fresh(async () => {
      const bad = { ...documents(1)[0]!, index: 'a\nb' };
      await expect(commit(await lease(), { documents: [bad] })).rejects.toThrow(RangeError);
      await expect(commit(await lease('x'), { documents: [{ ...bad, index: 'a', version: 0.5 }] })).rejects.toThrow();
    }));
});

function documents(count: number): ShardDocument[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `id-${i}`,
    index: 'alerts-2026',
    version: 4294967297,
    digest: `digest ${i}`,
    body: `{"n":${i}}`,
  }));
}
