/**
 * Redis and workers that die: what was acknowledged is there afterwards, once.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChunkRef, finishChunks, refText } from '../../src/queue/chunk-store.ts';
import { deadLetters, dropDead, replayDead } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { dispatch, gather, sweep } from '../../src/queue/dispatch.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { readOrigins, registerOrigin } from '../../src/queue/origins.ts';
import { donePending, takePending } from '../../src/queue/pending.ts';
import { refsOfJob, startAnalyzeWorker } from '../../src/queue/queues.ts';
import { runScript } from '../../src/queue/scripts.ts';
import {
  acquireLease,
  appendRecord,
  commitShard,
  leaseLoss,
  logEnd,
  readLog,
  readShard,
  releaseLease,
  renewLease,
} from '../../src/queue/shard-store.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import {
  apply,
  commitLines,
  commitText,
  type Installed,
  install,
  linesOf,
  loggedLines,
  queuedBytes,
} from './county.ts';
import { cuttingProxy } from './cutting-proxy.ts';

describe('Redis that is killed and started again with its append-only file', () => {
  it('has lost nothing that was acknowledged, and every line counts once', async () => {
    const server = await startOwn({ aof: true });
    const pw = install(server.settings());
    const worker = startAnalyzeWorker(
      pw.settings,
      async (job) => {
        await apply(pw.store, refsOfJob(job));
      },
      undefined,
      { lockMs: 1000, stalledMs: 500 },
    );
    try {
      const total = 300;
      const { number } = await registerOrigin(pw.store, 'adams', 'log');
      const acknowledged = new Set<number>();
      let seq = 0;
      const reader = (async () => {
        while (seq < total) {
          const answer = await commitText(pw.store, 'adams', number, seq, linesOf(seq));
          if (answer.state === 'committed') acknowledged.add(seq);
          seq = answer.state === 'moved' ? answer.head.seq : seq + 1;
          await dispatch(pw.store, pw.queues, 'adams');
        }
      })();
      for (const at of [60, 140, 220]) {
        await until(`${at} chunks are committed`, () => acknowledged.size >= at);
        const before = [...acknowledged];
        await server.restart();
        // nobody has read or written between the kill and this: what was acknowledged is there
        const [head] = await readOrigins(pw.store, 'adams');
        expect(head!.seq).toBeGreaterThan(Math.max(...before));
      }
      await reader;
      await until('all is applied', async () => {
        await sweep(pw.store, pw.queues, ['adams'], { lostMs: 2000 });
        const [head] = await readOrigins(pw.store, 'adams');
        return head!.applied === total;
      });
      const lines = await loggedLines(pw.store, 'adams');
      expect(lines).toHaveLength(2 * total);
      expect(new Set(lines).size).toBe(2 * total);
      expect(await deadLetters(pw.store, 'adams')).toEqual([]);
      expect(await queuedBytes(pw.store, 'adams', [])).toEqual({ counted: 0, kept: 0 });
    } finally {
      await worker.close(true);
      await pw.close();
      await server.stop();
    }
  });
});

describe('Redis that comes back without what it acknowledged last', () => {
  it('fences who counted on that, gives its lease away at once, and raises the generation of documents', async () => {
    const server = await startOwn({ aof: true });
    const pw = install(server.settings());
    const lease = () => acquireLease(pw.store, 'adams', 'w', 60_000);
    const commit = (fence: number, at: number) =>
      commitShard(pw.store, 'adams', {
        fence,
        worker: 'w',
        generation: 7,
        snapshot: { bytes: Buffer.from('state'), at },
        documents: [],
        stats: {},
      });
    try {
      const first = (await lease())!;
      await appendRecord(pw.store, 'adams', Buffer.from('r0'));
      expect(await commit(first, 1)).toBe('committed');
      await server.restart();
      // the lease still stands in the append-only file
      expect(await commit(first, 1)).toBe('fenced');
      expect(await renewLease(pw.store, 'adams', 'w', first, 60_000)).toBe(false);
      expect(await leaseLoss(pw.store, 'adams', 'w')).toBe('restarted');
      const second = (await lease())!;
      expect(second).toBeGreaterThan(first);
      expect(await acquireLease(pw.store, 'adams', 'another', 60_000)).toBeNull();
      expect(await readShard(pw.store, 'adams')).toMatchObject({
        at: 1,
        generation: 8,
        snapshot: Buffer.from('state'),
      });
      expect(await commit(second, 1)).toBe('committed');
      // the same process gives the next one no new generation
      await releaseLease(pw.store, 'adams', 'w', second);
      await lease();
      expect((await readShard(pw.store, 'adams')).generation).toBe(7);
    } finally {
      await pw.close();
      await server.stop();
    }
  });

  it('has readers go on from the head that it remembers', async () => {
    const server = await startOwn();
    const pw = install(server.settings());
    try {
      const [ref] = await commitLines(pw.store, 'adams', 3);
      await server.restart();
      expect(await pw.store.redis.dbsize()).toBe(0);
      await expect(commitText(pw.store, 'adams', ref!.origin, 3, linesOf(3))).rejects.toThrow('no origin');
      expect((await registerOrigin(pw.store, 'adams', 'log')).seq).toBe(0);
      expect(await commitText(pw.store, 'adams', ref!.origin, 3, linesOf(3))).toMatchObject({
        state: 'moved',
        head: { seq: 0, position: null },
      });
    } finally {
      await pw.close();
      await server.stop();
    }
  });
});

describe('with a server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('a process that dies after any of its commands leaves nothing undone that others do not make up for', async () => {
    const lines = Array.from({ length: 3 }, (_, n) => [`line ${n}.0`, `line ${n}.1`]).flat();
    let answers = 0;
    for (let isWhole = false; !isWhole; ) {
      const proxy = await cuttingProxy(Number(new URL(server.url).port));
      const settings = server.settings();
      const first = install({ ...settings, url: `redis://127.0.0.1:${proxy.port}` });
      const dead = proxy.dieAfter(++answers).then(() => false);
      const life = wholeLife(first);
      life.catch(() => undefined);
      isWhole = await Promise.race([life.then(() => true), dead]);
      first.store.redis.disconnect();
      first.queues.close().catch(() => undefined);
      proxy.close();
      const second = install(settings);
      try {
        await makeUp(second);
        const { snapshot, at } = await readShard(second.store, 'adams');
        expect({ answers, at, lines: snapshot?.toString().trim().split('\n').sort() }).toEqual({
          answers,
          at: await logEnd(second.store, 'adams'),
          lines,
        });
        expect(await takePending(second.store, 'adams', 10)).toEqual([]);
        expect(await deadLetters(second.store, 'adams')).toEqual([]);
        expect(await queuedBytes(second.store, 'adams', [])).toEqual({ counted: 0, kept: 0 });
        const { waitingChunks, flyingChunks, stats } = await queueDepth(second.store, 'adams');
        expect([waitingChunks, flyingChunks, stats['applied_chunks'], stats['lines']]).toEqual([0, 0, 3, 6]);
      } finally {
        await second.queues.analyze.obliterate({ force: true });
        await second.close();
      }
    }
    // the scenario was walked through, not just begun
    expect(answers).toBeGreaterThan(20);
  });

  it('a chunk that kills every worker that reads it ends alone in the dead letters; the others are applied', async () => {
    const pw = install(server.settings());
    let worker: ChildProcess | null = null;
    let deaths = 0;
    let isOver = false;
    const start = () => {
      worker = spawn(process.execPath, [
        join(import.meta.dirname, 'poisoned-worker.ts'),
        server.url,
        pw.settings.prefix,
      ]);
      worker.once('exit', (_code, signal) => {
        if (isOver) return;
        if (signal === 'SIGKILL') deaths++;
        start();
      });
    };
    try {
      await commitLines(pw.store, 'adams', 20);
      await commitText(pw.store, 'adams', 1, 20, 'a line\npoison\n');
      await commitLines(pw.store, 'adams', 3);
      await dispatch(pw.store, pw.queues, 'adams');
      expect(Math.max(...(await pw.queues.analyze.getWaiting()).map((job) => job.data.chunks.length))).toBe(3);
      start();
      await until('nothing is under way', async () => {
        await sweep(pw.store, pw.queues, ['adams']);
        return (await queueDepth(pw.store, 'adams')).flyingChunks === 0;
      });
      // five in the job of several chunks, five alone, and one more each
      expect(deaths).toBeGreaterThanOrEqual(10);
      const letters = await deadLetters(pw.store, 'adams');
      expect(letters).toMatchObject([{ id: 'chunk:1:20', reason: expect.stringContaining('stalled') }]);
      expect(await loggedLines(pw.store, 'adams')).toHaveLength(2 * 23);
    } finally {
      isOver = true;
      (worker as ChildProcess | null)?.kill('SIGKILL');
      await pw.close();
    }
  });

  it('whatever happens in whatever order, every chunk is somewhere, counts once, and the sum of bytes holds', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('commit' as const), many: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ do: fc.constant('dispatch' as const), half: fc.boolean(), gathers: fc.boolean() }),
      fc.record({ do: fc.constantFrom('finish' as const, 'bury' as const), which: fc.nat(), many: fc.nat({ max: 8 }) }),
      fc.record({ do: fc.constantFrom('replay' as const, 'drop' as const), which: fc.nat() }),
      fc.record({ do: fc.constant('sweep' as const), loses: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const pw = install(server.settings());
        try {
          const refs: ChunkRef[] = [];
          for (const taken of steps) {
            if (taken.do === 'commit') refs.push(...(await commitLines(pw.store, 'adams', taken.many)));
            else await disturb(pw, refs, taken);
            await expectAccounts(pw, refs);
          }
        } finally {
          await pw.queues.analyze.obliterate({ force: true });
          await pw.close();
        }
      }),
      { numRuns: 25 },
    );
  });
});

type Step =
  | { do: 'dispatch'; half: boolean; gathers: boolean }
  | { do: 'finish' | 'bury'; which: number; many: number }
  | { do: 'replay' | 'drop'; which: number }
  | { do: 'sweep'; loses: boolean };

/** One thing that happens to a county's chunks: the usual, twice, half, or too late. */
async function disturb(pw: Installed, refs: readonly ChunkRef[], step: Step): Promise<void> {
  const keys = organizationKeys(pw.store.prefix, 'adams');
  if (step.do === 'dispatch') {
    const places = [keys.outbox, keys.flying, keys.gathering];
    if (step.half) await runScript(pw.store.redis, 'pwDispatch', places, [5, 1, 1, 0]);
    else if (step.gathers) await gather(pw.store, pw.queues, 'adams');
    else await dispatch(pw.store, pw.queues, 'adams');
  } else if (step.do === 'finish') {
    const from = refs.length === 0 ? 0 : step.which % refs.length;
    const some = refs.slice(from, from + step.many);
    await finishChunks(pw.store, 'adams', some, Buffer.from(some.map((r) => `${refText(r)}\n`).join('')), [], {});
  } else if (step.do === 'bury') {
    const flying = await pw.store.redis.zrange(keys.flying, 0, '-1', 'WITHSCORES');
    const at = 2 * (step.which % Math.max(1, flying.length / 2));
    if (flying.length === 0) return;
    const [origin, seq] = flying[at]!.split(':').map(Number);
    const places = [keys.flying, keys.dead, keys.stats, keys.seen(origin!)];
    const stamp = step.many > 4 ? flying[at + 1]! : '1';
    await runScript(pw.store.redis, 'pwBuryChunk', places, [flying[at]!, seq!, stamp, '{"reason":"r","at":1}']);
  } else if (step.do === 'sweep') {
    if (step.loses) await pw.queues.analyze.obliterate({ force: true });
    await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
  } else {
    const letters = await deadLetters(pw.store, 'adams');
    const letter = letters[step.which % Math.max(1, letters.length)];
    if (letter === undefined) return;
    if (step.do === 'replay') await replayDead(pw.store, pw.queues, 'adams', letter.id);
    else await dropDead(pw.store, 'adams', letter.id);
  }
}

/** Every chunk waits, flies, is dead, or was applied or dropped; what was applied stands in the log once. */
async function expectAccounts(pw: Installed, refs: readonly ChunkRef[]): Promise<void> {
  const keys = organizationKeys(pw.store.prefix, 'adams');
  const outbox = await pw.store.redis.lrange(keys.outbox, 0, -1);
  const flying = await pw.store.redis.zrange(keys.flying, 0, '-1');
  const dead = (await deadLetters(pw.store, 'adams')).map((letter) => letter.id.slice('chunk:'.length));
  const logged = await loggedLines(pw.store, 'adams');
  let settled = 0;
  for (const ref of refs) {
    const text = refText(ref);
    const places = [...outbox, ...flying, ...dead].filter((other) => other === text).length;
    const isSeen = (await pw.store.redis.getbit(keys.seen(ref.origin), ref.seq)) === 1;
    const hasLines = (await pw.store.redis.exists(keys.chunk(ref.origin, ref.seq))) === 1;
    if (isSeen) settled++;
    expect({ text, hasLines, places: isSeen ? 1 : places }).toEqual({ text, hasLines: !isSeen, places: 1 });
  }
  expect(new Set(logged).size).toBe(logged.length);
  const dropped = (await queueDepth(pw.store, 'adams')).stats['dropped_chunks'] ?? 0;
  expect(logged.length + dropped).toBe(settled);
  const bytes = await queuedBytes(pw.store, 'adams', refs);
  expect(bytes.kept).toBe(bytes.counted);
}

/** All that the processes of an installation do, one after the other, in one life. */
async function wholeLife(pw: Installed): Promise<void> {
  const head = await registerOrigin(pw.store, 'adams', 'log');
  for (let seq = head.seq; seq < 3; seq++) await commitText(pw.store, 'adams', head.number, seq, linesOf(seq));
  await dispatch(pw.store, pw.queues, 'adams');
  const refs = [0, 1, 2].map((seq) => ({ org: 'adams', origin: head.number, seq }));
  if ((await apply(pw.store, refs)) === 'mixed') for (const ref of refs) await apply(pw.store, [ref]);
  await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
  await foldAndIndex(pw);
}

/** What others do when a process died: its files are read on, lost jobs come again, its lease passes on. */
async function makeUp(pw: Installed): Promise<void> {
  await wholeLife(pw);
  const worker = startAnalyzeWorker(pw.settings, async (job) => {
    await apply(pw.store, refsOfJob(job));
  });
  await until('nothing is under way', async () => {
    await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
    const { waitingChunks, flyingChunks } = await queueDepth(pw.store, 'adams');
    return waitingChunks + flyingChunks + (await pw.queues.analyze.getWaitingCount()) === 0;
  });
  await worker.close();
  await foldAndIndex(pw);
}

/** Folds the log into the snapshot, here by putting texts together, and takes the documents as indexed. */
async function foldAndIndex({ store }: Installed): Promise<void> {
  const fence = await acquireLease(store, 'adams', 'w', 60_000);
  const { snapshot, at } = await readShard(store, 'adams');
  const { records, next } = await readLog(store, 'adams', at, 1e6);
  const bytes = Buffer.concat([snapshot ?? Buffer.alloc(0), ...records]);
  const documents = [{ id: 'a', index: 'i', version: next + 1, digest: 'd', body: '{}' }];
  await commitShard(store, 'adams', {
    fence: fence!,
    worker: 'w',
    snapshot: { bytes, at: next },
    documents,
    stats: {},
  });
  await donePending(store, 'adams', await takePending(store, 'adams', 10), []);
  await releaseLease(store, 'adams', 'w', fence!);
}
