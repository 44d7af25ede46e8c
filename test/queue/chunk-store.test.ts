/**
 * Chunks against a real Redis, alone and as a cluster: what is committed together, what counts once, what waits.
 */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChunkRef, commitChunk, finishChunks, type LoadedChunk, loadChunks } from '../../src/queue/chunk-store.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { dropEvidence, evidenceBlob } from '../../src/queue/evidence-store.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { closeOrigin, ORIGINS_MAX, readOrigins, registerOrigin } from '../../src/queue/origins.ts';
import { createSeal, SealError, sealLabel } from '../../src/queue/seal.ts';
import { acquireLease, commitShard, renewLease, type ShardCommit } from '../../src/queue/shard-store.ts';
import { openStore, organizations, type QueueStore } from '../../src/queue/store.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { apply, commitLines, commitText, linesOf, loggedLines, queuedBytes, seal } from './county.ts';
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';

describe.each([
  { kind: 'a server', cluster: false, alone: true },
  { kind: 'a cluster', cluster: true, alone: false },
  { kind: 'a node of a cluster', cluster: true, alone: true },
])('with $kind', ({ cluster, alone }) => {
  let server: RedisServer;
  let store: QueueStore;
  beforeAll(async () => {
    server = await startRedis(cluster ? { cluster } : {});
  });
  afterAll(() => server.stop());
  const fresh = async (work: () => Promise<void>) => {
    store = openStore({ ...server.settings(), cluster: !alone });
    try {
      await work();
    } finally {
      await store.close();
    }
  };

  it('an origin that is registered again is the same one, at the head of its last commit', () =>
    fresh(async () => {
      const first = await registerOrigin(store, 'adams', '/var/log/nginx/access.log');
      expect(first).toMatchObject({ number: 1, seq: 0, offset: 0, position: null, format: null, closed: false });
      expect((await registerOrigin(store, 'adams', '/var/log/kern.log')).number).toBe(2);
      await commitText(store, 'adams', 1, 0, 'abc\n');
      expect(await registerOrigin(store, 'adams', '/var/log/nginx/access.log')).toEqual({
        number: 1,
        seq: 1,
        offset: 4,
        position: { lines: 0 },
        format: 'combined',
        context: { origin: 1, referenceMs: 1_700_000_000_000, timezone: 'UTC' },
        closed: false,
      });
      expect(await organizations(store)).toEqual(['adams']);
    }));

  it('an origin whose maker died between its number and its head is made whole', () =>
    fresh(async () => {
      await store.redis.hset(organizationKeys(store.prefix, 'adams').origins, 'log', 1);
      expect(await readOrigins(store, 'adams')).toEqual([]);
      expect((await registerOrigin(store, 'adams', 'log')).number).toBe(1);
      expect(await commitLines(store, 'adams', 2)).toHaveLength(2);
    }));

  it('an organisation with as many origins as evidence can name gets no more, with a hint', () =>
    fresh(async () => {
      const { origins } = organizationKeys(store.prefix, 'adams');
      await store.redis.hset(
        origins,
        Object.fromEntries(Array.from({ length: ORIGINS_MAX }, (_, i) => [`o${i}`, i + 1])),
      );
      await expect(registerOrigin(store, 'adams', 'one more')).rejects.toMatchObject({
        problems: [expect.objectContaining({ code: 'PW-QUEUE-ORIGINS' })],
      });
      expect((await registerOrigin(store, 'adams', 'o7')).number).toBe(8);
    }));

  it('what was committed is loaded with its stream offset and how to read it', () =>
    fresh(async () => {
      const refs = await commitLines(store, 'adams', 3);
      const chunks = await loadChunks(store, refs, seal);
      expect(chunks.map((chunk) => chunk.bytes.toString())).toEqual([linesOf(0), linesOf(1), linesOf(2)]);
      expect(chunks.map((chunk) => chunk.offset)).toEqual([0, 18, 36]);
      expect(chunks[1]).toMatchObject({ ref: refs[1], format: 'combined', asset: 0 });
      expect(chunks[1]!.context).toEqual({ origin: 1, referenceMs: 1_700_000_000_000, timezone: 'UTC' });
    }));

  it('bytes of any kind come back as they were', () =>
    fresh(async () => {
      const text = `${String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))}\n`;
      const { number } = await registerOrigin(store, 'adams', 'a\nname "with" \u0000 anything');
      const bytes = Buffer.from(text, 'latin1');
      const context = { origin: number, referenceMs: 0, timezone: 'a\nb' };
      const more = { seal, position: '\n', format: 'x', context, asset: 9, queuedBytesMax: 1e6 };
      await commitChunk(store, 'adams', number, { expectedSeq: 0, bytes, ...more });
      const [chunk] = await loadChunks(store, [{ org: 'adams', origin: number, seq: 0 }], seal);
      expect(chunk!.bytes.equals(bytes)).toBe(true);
      expect(chunk).toMatchObject({ context, asset: 9 });
    }));

  it('stream offsets beyond 2^32 stay exact', () =>
    fresh(async () => {
      const { number } = await registerOrigin(store, 'adams', 'log');
      const far = 2 ** 52 - 100;
      await store.redis.hset(organizationKeys(store.prefix, 'adams').origin(number), 'offset', String(far));
      await commitText(store, 'adams', number, 0, 'x\n');
      await commitText(store, 'adams', number, 1, 'y\n');
      const refs = [0, 1].map((seq) => ({ org: 'adams', origin: number, seq }));
      expect((await loadChunks(store, refs, seal)).map((chunk) => chunk.offset)).toEqual([far, far + 2]);
      expect(await apply(store, refs)).toBe('applied');
      expect((await evidenceBlob(store, 'adams', number, far + 3))!.offset).toBe(far + 2);
      expect((await evidenceBlob(store, 'adams', number, far + 1))!.offset).toBe(far);
    }));

  it('of two writers at the same head one commits, the other gets the head to read on from', () =>
    fresh(async () => {
      const { number } = await registerOrigin(store, 'adams', 'log');
      const answers = await Promise.all(['a\n', 'b\n'].map((text) => commitText(store, 'adams', number, 0, text)));
      expect(answers.map((answer) => answer.state).sort()).toEqual(['committed', 'moved']);
      expect(answers.find((answer) => answer.state === 'moved')).toMatchObject({ head: { number, seq: 1, offset: 2 } });
    }));

  it('an origin that nobody registered takes nothing', () =>
    fresh(async () => {
      await expect(commitText(store, 'adams', 7, 0, 'a\n')).rejects.toThrow('no origin 7');
    }));

  it('at the bound nothing is taken until something was applied; alone, a chunk of any size is', () =>
    fresh(async () => {
      const { number } = await registerOrigin(store, 'adams', 'log');
      expect(await commitText(store, 'adams', number, 0, 'a\n', 10)).toEqual({ state: 'committed', seq: 0 });
      const full = await commitText(store, 'adams', number, 1, 'b\n', 10);
      expect(full).toEqual({ state: 'full', queued: (await queuedBytes(store, 'adams', [])).kept });
      expect(await apply(store, [{ org: 'adams', origin: number, seq: 0 }])).toBe('applied');
      expect(await commitText(store, 'adams', number, 1, 'b\n', 10)).toEqual({ state: 'committed', seq: 1 });
    }));

  it('a commit without lines moves the position and counts what a listener dropped', () =>
    fresh(async () => {
      const { number } = await registerOrigin(store, 'adams', 'udp');
      const context = { origin: number, referenceMs: 0, timezone: 'UTC' };
      const more = { seal, format: 'netfilter', context, asset: 0, queuedBytesMax: 1 };
      const bytes = new Uint8Array(0);
      await commitChunk(store, 'adams', number, { expectedSeq: 0, bytes, position: { at: 5 }, dropped: 3, ...more });
      await commitChunk(store, 'adams', number, { expectedSeq: 0, bytes, position: { at: 6 }, dropped: 4, ...more });
      expect(await readOrigins(store, 'adams')).toMatchObject([{ seq: 0, offset: 0, position: { at: 6 }, dropped: 7 }]);
      expect(await store.redis.llen(organizationKeys(store.prefix, 'adams').outbox)).toBe(0);
    }));

  it('a closed origin says so until somebody commits to it', () =>
    fresh(async () => {
      const [ref] = await commitLines(store, 'adams', 1);
      await closeOrigin(store, 'adams', ref!.origin);
      expect(await readOrigins(store, 'adams')).toMatchObject([{ closed: true, seq: 1, applied: 0, name: 'log' }]);
      await apply(store, [ref!]);
      expect(await readOrigins(store, 'adams')).toMatchObject([{ closed: true, seq: 1, applied: 1 }]);
      await commitLines(store, 'adams', 1);
      expect(await readOrigins(store, 'adams')).toMatchObject([{ closed: false, seq: 2, applied: 1 }]);
    }));

  it('chunks that are finished are in the log once, their lines are gone, and nothing waits', () =>
    fresh(async () => {
      const refs = await commitLines(store, 'adams', 3);
      const before = await queuedBytes(store, 'adams', refs);
      expect(before.kept).toBe(before.counted);
      expect(before.kept).toBeGreaterThan(0);
      expect(await apply(store, refs)).toBe('applied');
      expect(await queuedBytes(store, 'adams', refs)).toEqual({ counted: 0, kept: 0 });
      expect(await loggedLines(store, 'adams')).toEqual([0, 1, 2].flatMap((n) => [`line ${n}.0`, `line ${n}.1`]));
      expect(await loadChunks(store, refs, seal)).toEqual([]);
    }));

  it('chunks that are delivered twice count once; a part of them changes nothing', () =>
    fresh(async () => {
      const refs = await commitLines(store, 'adams', 3);
      const stats = { lines: 1 };
      const finish = (some: ChunkRef[]) => finishChunks(store, 'adams', some, Buffer.from('r\n'), [], stats);
      expect(await finish(refs.slice(0, 1))).toBe('applied');
      expect(await finish(refs)).toBe('mixed');
      expect(await queuedBytes(store, 'adams', refs)).toMatchObject({
        counted: (await queuedBytes(store, 'adams', [])).kept,
      });
      expect(await finish(refs.slice(0, 1))).toBe('seen');
      expect(await finish(refs.slice(1))).toBe('applied');
      expect(await finish(refs)).toBe('seen');
      expect(await loggedLines(store, 'adams')).toEqual(['r', 'r']);
      expect(await store.redis.hget(organizationKeys(store.prefix, 'adams').stats, 'lines')).toBe('2');
    }));

  it('a chunk that was read before Redis came back with less than it had is not taken for the one with its number now', () =>
    fresh(async () => {
      const refs = await commitLines(store, 'adams', 3);
      const keys = organizationKeys(store.prefix, 'adams');
      const before = await loadChunks(store, refs, seal);
      const finish = (some: readonly LoadedChunk[]) => {
        const done = some.map(({ ref }) => ref);
        return finishChunks(store, 'adams', done, Buffer.from('what was read before\n'), [], { lines: 1 });
      };
      expect(await finish(before.slice(0, 1))).toBe('applied');
      // the last two commits are forgotten, as after a power cut
      await store.redis.hset(keys.origin(1), { seq: 1, offset: 18, token: '' });
      await store.redis.del(keys.chunk(1, 1), keys.chunk(1, 2), keys.outbox, keys.queued);
      expect(await finish(before.slice(1, 2))).toBe('gone');
      await commitText(store, 'adams', 1, 1, 'cut elsewhere\nby the reader\n');
      expect(await finish(before)).toBe('mixed');
      for (const chunk of before.slice(1)) expect(await finish([chunk])).toBe('gone');
      expect(await apply(store, refs.slice(1, 2))).toBe('applied');
      expect(await loggedLines(store, 'adams')).toEqual(['what was read before', 'cut elsewhere', 'by the reader']);
      expect(await queuedBytes(store, 'adams', refs)).toEqual({ counted: 0, kept: 0 });
    }));

  it('two workers that finish the same chunks at once append them once', () =>
    fresh(async () => {
      const refs = await commitLines(store, 'adams', 2);
      const answers = await Promise.all([apply(store, refs), apply(store, refs), apply(store, refs)]);
      expect(answers.filter((answer) => answer === 'applied')).toHaveLength(1);
      expect(await loggedLines(store, 'adams')).toHaveLength(4);
    }));

  it('evidence is found by the offset of any line of its chunk', () =>
    fresh(async () => {
      const refs = await commitLines(store, 'adams', 3);
      await apply(store, refs);
      for (const [offset, seq] of [
        [0, 0],
        [17, 0],
        [18, 1],
        [40, 2],
      ] as const) {
        const blob = (await evidenceBlob(store, 'adams', 1, offset))!;
        expect([blob.seq, blob.offset]).toEqual([seq, 18 * seq]);
        expect(seal.open(blob.sealed, sealLabel('adams', 1, seq, 'evidence')).toString()).toBe(linesOf(seq));
      }
      expect(await evidenceBlob(store, 'adams', 2, 0)).toBeNull();
    }));

  it('a chunk of one organisation does not open as one of another', () =>
    fresh(async () => {
      const [ref] = await commitLines(store, 'adams', 1);
      const value = (await store.redis.getBuffer(organizationKeys(store.prefix, 'adams').chunk(1, 0)))!;
      await store.redis.set(organizationKeys(store.prefix, 'baker').chunk(1, 0), value);
      await store.redis.set(organizationKeys(store.prefix, 'adams').chunk(1, 1), value);
      await expect(loadChunks(store, [{ ...ref!, org: 'baker' }], seal)).rejects.toThrow(SealError);
      await expect(loadChunks(store, [{ ...ref!, seq: 1 }], seal)).rejects.toThrow(SealError);
      await expect(loadChunks(store, [ref!], createSeal(Buffer.alloc(32, 9)))).rejects.toThrow(SealError);
      expect(await loadChunks(store, [ref!], seal)).toHaveLength(1);
    }));

  it('evidence beyond its bound is left out and counted, and there is room again when old evidence is dropped', () =>
    fresh(async () => {
      const refs = await commitLines(store, 'adams', 4);
      const keys = organizationKeys(store.prefix, 'adams');
      const finish = (ref: ChunkRef, offset: number) =>
        finishChunks(
          store,
          'adams',
          [ref],
          Buffer.from('r\n'),
          [{ ref, offset, sealed: Buffer.alloc(100, 'x') }],
          {},
          250,
        );
      for (const [i, ref] of refs.slice(0, 3).entries()) expect(await finish(ref, 18 * i)).toBe('applied');
      expect((await evidenceBlob(store, 'adams', 1, 18))!.seq).toBe(1);
      expect((await evidenceBlob(store, 'adams', 1, 36))!.seq).toBe(1);
      expect(await store.redis.mget(keys.evidenceBytes, keys.queued)).toEqual([
        '200',
        String((await queuedBytes(store, 'adams', refs)).counted),
      ]);
      expect(await store.redis.hget(keys.stats, 'evidence_left_out')).toBe('100');
      await dropEvidence(store, 'adams', 1, 20);
      await dropEvidence(store, 'adams', 1, 20);
      expect(await store.redis.get(keys.evidenceBytes)).toBe('100');
      expect(await finish(refs[3]!, 54)).toBe('applied');
      expect((await evidenceBlob(store, 'adams', 1, 54))!.seq).toBe(3);
      expect(await loggedLines(store, 'adams')).toEqual(['r', 'r', 'r', 'r']);
    }));

  it('chunks are finished once each, of one organisation, with evidence of their own', () =>
    fresh(async () => {
      const [a, b] = await commitLines(store, 'adams', 2);
      const finish = (refs: ChunkRef[], evidence: ChunkRef[]) => {
        const lines = evidence.map((ref) => ({ ref, offset: 0, sealed: Buffer.from('x') }));
        return finishChunks(store, 'adams', refs, Buffer.from('r'), lines, {});
      };
      await expect(finish([a!, a!], [])).rejects.toThrow(RangeError);
      await expect(finish([{ ...a!, org: 'baker' }], [])).rejects.toThrow(RangeError);
      await expect(finish([a!], [b!])).rejects.toThrow(RangeError);
      const halves = finishChunks(store, 'adams', [a!], Buffer.from('r'), [], { lines: 1, ms: 0.5 });
      await expect(halves).rejects.toThrow('ms');
      expect(await loadChunks(store, [a!, b!], seal)).toHaveLength(2);
      expect(await loggedLines(store, 'adams')).toEqual([]);
    }));
});

describe('a broken connection', () => {
  let server: RedisServer;
  let proxy: CuttingProxy;
  beforeAll(async () => {
    server = await startOwn();
    proxy = await cuttingProxy(Number(new URL(server.url).port));
  });
  afterAll(async () => {
    proxy.close();
    await server.stop();
  });

  it('between a commit and its answer does not commit the lines twice, nor say that somebody else did', async () => {
    const store = openStore({ ...server.settings(), url: `redis://127.0.0.1:${proxy.port}` });
    const { number } = await registerOrigin(store, 'adams', 'log');
    await commitText(store, 'adams', number, 0, 'a\n');
    proxy.cutNextAnswer();
    expect(await commitText(store, 'adams', number, 1, 'b\n')).toEqual({ state: 'committed', seq: 1 });
    expect(proxy.cuts()).toBe(1);
    expect(await readOrigins(store, 'adams')).toMatchObject([{ seq: 2, offset: 4 }]);
    expect(await store.redis.lrange(organizationKeys(store.prefix, 'adams').outbox, 0, -1)).toEqual(['1:0', '1:1']);
    await store.close();
  });

  it('between taking a lease and its answer does not leave the lease with nobody', async () => {
    const store = openStore({ ...server.settings(), url: `redis://127.0.0.1:${proxy.port}` });
    await store.redis.ping();
    proxy.cutNextAnswer();
    const fence = (await acquireLease(store, 'adams', 'w:1', 60_000))!;
    expect(fence).toBe(2);
    expect(await renewLease(store, 'adams', 'w:1', 1, 60_000)).toBe(false);
    expect(await renewLease(store, 'adams', 'w:1', fence, 60_000)).toBe(true);
    expect(await acquireLease(store, 'adams', 'w:2', 60_000)).toBeNull();
    await store.close();
  });

  it('between a commit of a shard and its answer does not count twice', async () => {
    const store = openStore({ ...server.settings(), url: `redis://127.0.0.1:${proxy.port}` });
    const fence = (await acquireLease(store, 'adams', 'w', 60_000))!;
    const commit: ShardCommit = { fence, worker: 'w', documents: [], stats: { late: 3 } };
    await commitShard(store, 'adams', commit);
    proxy.cutNextAnswer();
    expect(await commitShard(store, 'adams', commit)).toBe('committed');
    expect((await queueDepth(store, 'adams')).stats).toEqual({ late: 6 });
    await store.close();
  });

  it('between finishing and its answer is the same as being delivered twice', async () => {
    const store = openStore({ ...server.settings(), url: `redis://127.0.0.1:${proxy.port}` });
    const refs = await commitLines(store, 'adams', 2);
    await apply(store, refs.slice(0, 1));
    proxy.cutNextAnswer();
    const before = proxy.cuts();
    expect(await finishChunks(store, 'adams', refs.slice(1), Buffer.from('r\n'), [], { lines: 1 })).toBe('seen');
    expect(proxy.cuts()).toBe(before + 1);
    expect(await loggedLines(store, 'adams')).toEqual(['line 0.0', 'line 0.1', 'r']);
    await store.close();
  });
});

describe('a Redis without memory', () => {
  it('makes a reader wait, lets work be finished, and takes lines again after that', async () => {
    const server = await startOwn({ args: ['--maxmemory', '6mb', '--maxmemory-policy', 'noeviction'] });
    const store = openStore(server.settings());
    try {
      const { number } = await registerOrigin(store, 'adams', 'log');
      const refs: ChunkRef[] = [];
      const noise = (seq: number) => `${randomBytes(100_000).toString('base64')} ${seq}
`;
      await until('Redis is full', async () => {
        const answer = await commitText(store, 'adams', number, refs.length, noise(refs.length));
        if (answer.state === 'committed') refs.push({ org: 'adams', origin: number, seq: refs.length });
        return answer.state === 'full';
      });
      expect(refs.length).toBeGreaterThan(3);
      // to the last byte, so that not even a counter may grow
      await until('nothing fits any more', () => {
        const filled = store.redis.rpush('filler', randomBytes(2000).toString('hex'));
        return filled.then(
          () => false,
          (error: Error) => error.message.startsWith('OOM'),
        );
      });
      expect(await finishChunks(store, 'adams', refs.slice(0, 4), Buffer.from('r\n'), [], { lines: 4 })).toBe(
        'applied',
      );
      expect(await commitText(store, 'adams', number, refs.length, 'again\n')).toMatchObject({ state: 'committed' });
    } finally {
      await store.close();
      await server.stop();
    }
  });
});
