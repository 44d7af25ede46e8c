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
import { dispatch, sweep } from '../../src/queue/dispatch.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { readOrigins, registerOrigin } from '../../src/queue/origins.ts';
import { refsOfJob, startAnalyzeWorker } from '../../src/queue/queues.ts';
import { runScript } from '../../src/queue/scripts.ts';
import {
  acquireLease,
  appendRecord,
  commitShard,
  readShard,
  releaseLease,
  renewLease,
} from '../../src/queue/shard-store.ts';
import { type RedisServer, startOwn, startRedis, until } from '../parts/redis.ts';
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
      await until(
        'nothing is under way',
        async () => {
          await sweep(pw.store, pw.queues, ['adams']);
          return (await queueDepth(pw.store, 'adams')).flyingChunks === 0;
        },
        90_000,
      );
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
      fc.record({ do: fc.constant('dispatch' as const), half: fc.boolean() }),
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
  | { do: 'dispatch'; half: boolean }
  | { do: 'finish' | 'bury'; which: number; many: number }
  | { do: 'replay' | 'drop'; which: number }
  | { do: 'sweep'; loses: boolean };

/** One thing that happens to a county's chunks: the usual, twice, half, or too late. */
async function disturb(pw: Installed, refs: readonly ChunkRef[], step: Step): Promise<void> {
  const keys = organizationKeys(pw.store.prefix, 'adams');
  if (step.do === 'dispatch') {
    if (step.half) await runScript(pw.store.redis, 'pwDispatch', [keys.outbox, keys.flying], [5, 1]);
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
