/**
 * The way from the outbox to the workers: windows, fairness, and everything that can fall between two steps.
 */

import type { Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChunkRef, refText } from '../../src/queue/chunk-store.ts';
import { deadLetters, dropDead, replayDead } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { dispatch, gather, JOB_CHUNKS_MAX, sweep, WINDOW_CHUNKS } from '../../src/queue/dispatch.ts';
import { createHandingOn } from '../../src/queue/handing-on.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { type AnalyzeJob, refsOfJob, startAnalyzeWorker, type WorkerTimes } from '../../src/queue/queues.ts';
import { runScript } from '../../src/queue/scripts.ts';
import { until } from '../parts/until.ts';
import { apply, commitLines, type Installed, install, loggedLines, queuedBytes } from './county.ts';
import { redisOf, SERVERS } from './installed.ts';

const everyLine = (count: number) => Array.from({ length: count }, (_, n) => [`line ${n}.0`, `line ${n}.1`]).flat();

describe.each(SERVERS)('with $kind', ({ cluster }) => {
  const server = redisOf(cluster);
  let pw: Installed;
  let workers: Worker[];
  beforeEach(() => {
    pw = install(server.settings());
    workers = [];
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await pw.close();
  });

  function work(handle: (job: AnalyzeJob) => Promise<void>, times: WorkerTimes = {}): void {
    workers.push(startAnalyzeWorker(pw.settings, handle, undefined, times));
  }

  /** A worker that applies chunks and hands on more; it throws where a line says so. */
  function workGently(poison: (line: string) => boolean = () => false): void {
    work(async (job) => {
      await apply(pw.store, refsOfJob(job), ({ bytes }) => {
        if (bytes.toString().split('\n').some(poison)) throw new Error('this line breaks the parser');
      });
      await dispatch(pw.store, pw.queues, job.org);
    });
  }

  async function drained(org: string): Promise<void> {
    await until(`${org} is drained`, async () => {
      const depth = await queueDepth(pw.store, org);
      return depth.waitingChunks + depth.flyingChunks === 0;
    });
  }

  describe('dispatch', () => {
    it('hands on no more than a window, in jobs of bounded size, until something is finished', async () => {
      const refs = await commitLines(pw.store, 'adams', WINDOW_CHUNKS + 20);
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(WINDOW_CHUNKS);
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(0);
      const jobs = await pw.queues.analyze.getWaiting();
      expect(Math.max(...jobs.map((job) => job.data.chunks.length))).toBe(JOB_CHUNKS_MAX);
      const handed = jobs.flatMap((job) => refsOfJob(job.data).map(refText)).sort();
      expect(handed).toEqual(refs.slice(0, WINDOW_CHUNKS).map(refText).sort());
      await apply(pw.store, refs.slice(0, JOB_CHUNKS_MAX - 1));
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(0);
      await apply(pw.store, refs.slice(JOB_CHUNKS_MAX - 1, JOB_CHUNKS_MAX));
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(JOB_CHUNKS_MAX);
      // under load a job is full
      const waiting = await pw.queues.analyze.getWaiting();
      expect(waiting[waiting.length - 1]!.data.chunks).toEqual(
        refs.slice(WINDOW_CHUNKS, WINDOW_CHUNKS + JOB_CHUNKS_MAX).map(refText),
      );
    });

    it('lets chunks wait while enough are under way, until they fill a job, the others are finished or the sweep comes', async () => {
      const refs = await commitLines(pw.store, 'adams', 40);
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(40);
      await commitLines(pw.store, 'adams', JOB_CHUNKS_MAX - 1);
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(0);
      await commitLines(pw.store, 'adams', 2);
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(JOB_CHUNKS_MAX);
      await sweep(pw.store, pw.queues, ['adams']);
      expect(await queueDepth(pw.store, 'adams')).toMatchObject({
        waitingChunks: 0,
        flyingChunks: 41 + JOB_CHUNKS_MAX,
      });
      await commitLines(pw.store, 'adams', 1);
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(0);
      await apply(pw.store, refs);
      // those that filled a job and the one of the sweep still fly
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(0);
      await apply(
        pw.store,
        (await pw.queues.analyze.getWaiting()).slice(-2).flatMap((job) => refsOfJob(job.data)),
      );
      expect(await dispatch(pw.store, pw.queues, 'adams')).toBe(1);
    });

    it('cuts a few chunks into single jobs, so that several workers get some', async () => {
      await commitLines(pw.store, 'adams', 5);
      await dispatch(pw.store, pw.queues, 'adams');
      expect((await pw.queues.analyze.getWaiting()).map((job) => job.data.chunks.length)).toEqual([1, 1, 1, 1, 1]);
    });

    it('takes every chunk once when several call it at the same time', async () => {
      const refs = await commitLines(pw.store, 'adams', 40);
      const counts = await Promise.all(Array.from({ length: 8 }, () => dispatch(pw.store, pw.queues, 'adams')));
      expect(counts.reduce((a, b) => a + b)).toBe(40);
      const handed = (await pw.queues.analyze.getWaiting()).flatMap((job) => [...job.data.chunks]);
      expect(handed.sort()).toEqual(refs.map(refText).sort());
    });
  });

  describe('a busy reader', () => {
    /** longer than any test lasts */
    const LONG_MS = 600_000;
    const jobSizes = async () => (await pw.queues.analyze.getWaiting()).map((job) => job.data.chunks.length);

    it('has its first chunk handed on at once, and those that come soon after gather to one job', async () => {
      await commitLines(pw.store, 'adams', 1);
      expect(await gather(pw.store, pw.queues, 'adams', LONG_MS)).toBe(0);
      expect(await jobSizes()).toEqual([1]);
      await commitLines(pw.store, 'adams', 5);
      const waitMs = await gather(pw.store, pw.queues, 'adams', LONG_MS);
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(LONG_MS);
      expect(await jobSizes()).toEqual([1]);
      // the time is over
      await pw.store.redis.del(organizationKeys(pw.store.prefix, 'adams').gathering);
      expect(await gather(pw.store, pw.queues, 'adams', LONG_MS)).toBe(0);
      expect(await jobSizes()).toEqual([1, 5]);
    });

    it('waits no longer when there are enough for a job', async () => {
      await commitLines(pw.store, 'adams', 1);
      await gather(pw.store, pw.queues, 'adams', LONG_MS);
      const refs = await commitLines(pw.store, 'adams', JOB_CHUNKS_MAX + 2);
      expect(await gather(pw.store, pw.queues, 'adams', LONG_MS)).toBe(0);
      expect((await pw.queues.analyze.getWaiting()).at(-1)!.data.chunks).toEqual(
        refs.slice(0, JOB_CHUNKS_MAX).map(refText),
      );
      await apply(pw.store, refs.slice(0, JOB_CHUNKS_MAX));
      expect(await gather(pw.store, pw.queues, 'adams', LONG_MS)).toBeGreaterThan(0);
      expect((await queueDepth(pw.store, 'adams')).waitingChunks).toBe(2);
    });

    it('that comes to its end or dies leaves nothing behind: what gathers goes at once, or with the sweep', async () => {
      const handingOn = createHandingOn(pw.store, pw.queues);
      await commitLines(pw.store, 'adams', 1);
      handingOn.now('adams');
      await until('the first goes', async () => (await jobSizes()).length === 1);
      // nobody is told to look again before this is over
      await pw.store.redis.set(organizationKeys(pw.store.prefix, 'adams').gathering, '1', 'PX', LONG_MS);
      await commitLines(pw.store, 'adams', 3);
      handingOn.now('adams');
      await handingOn.done();
      expect((await queueDepth(pw.store, 'adams')).waitingChunks).toBe(0);
      await commitLines(pw.store, 'adams', 2);
      expect(await gather(pw.store, pw.queues, 'adams')).toBeGreaterThan(0);
      await sweep(pw.store, pw.queues, ['adams']);
      expect(await queueDepth(pw.store, 'adams')).toMatchObject({ waitingChunks: 0, flyingChunks: 6 });
    });

    it('is looked after again when the time is over, also when it commits nothing more', async () => {
      const handingOn = createHandingOn(pw.store, pw.queues);
      await commitLines(pw.store, 'adams', 1);
      handingOn.now('adams');
      await until('the first goes', async () => (await jobSizes()).length === 1);
      await commitLines(pw.store, 'adams', 4);
      handingOn.now('adams');
      await until('the others go', async () => (await queueDepth(pw.store, 'adams')).waitingChunks === 0);
      expect((await jobSizes()).reduce((a, b) => a + b)).toBe(5);
      await handingOn.done();
    });

    it('keeps no other organisation waiting', async () => {
      await commitLines(pw.store, 'adams', 1);
      await gather(pw.store, pw.queues, 'adams', LONG_MS);
      await commitLines(pw.store, 'baker', 1);
      expect(await gather(pw.store, pw.queues, 'baker', LONG_MS)).toBe(0);
      expect(await jobSizes()).toEqual([1, 1]);
    });
  });

  describe('a flooded county', () => {
    it('with ten times its share lets the chunks of another wait for one window of its own at most', async () => {
      const finished: string[] = [];
      await commitLines(pw.store, 'flooded', 600);
      await dispatch(pw.store, pw.queues, 'flooded');
      work(async (job) => {
        await apply(pw.store, refsOfJob(job));
        for (const _ of job.chunks) finished.push(job.org);
        await dispatch(pw.store, pw.queues, job.org);
      });
      // chunks of the quiet county arrive while the flood is worked on: one after the other, and a bunch
      const waits: number[] = [];
      for (let i = 0; i < 20; i++) {
        const bunch = i % 5 === 4 ? 7 : 1;
        const quiet = finished.filter((org) => org === 'quiet').length;
        await commitLines(pw.store, 'quiet', bunch);
        await dispatch(pw.store, pw.queues, 'quiet');
        const before = finished.filter((org) => org === 'flooded').length;
        await until(
          'the quiet chunks are finished',
          () => finished.filter((org) => org === 'quiet').length >= quiet + bunch,
        );
        const last = finished.lastIndexOf('quiet');
        waits.push(finished.slice(0, last).filter((org) => org === 'flooded').length - before);
      }
      // the job in hand was counted when it ended: one more than the window may have been under way
      expect(Math.max(...waits)).toBeLessThanOrEqual(WINDOW_CHUNKS + JOB_CHUNKS_MAX);
      await drained('flooded');
      expect(finished.filter((org) => org === 'flooded')).toHaveLength(600);
      expect(await loggedLines(pw.store, 'quiet')).toHaveLength(2 * 44);
    });
  });

  describe('stopped between two steps', () => {
    it('committed and not dispatched: the sweep dispatches', async () => {
      await commitLines(pw.store, 'adams', 3);
      workGently();
      await sweep(pw.store, pw.queues, ['adams']);
      await drained('adams');
      expect((await loggedLines(pw.store, 'adams')).sort()).toEqual(everyLine(3));
    });

    it('taken from the outbox and no job added: the sweep adds one, not before its time', async () => {
      await commitLines(pw.store, 'adams', 3);
      const keys = organizationKeys(pw.store.prefix, 'adams');
      const places = [keys.outbox, keys.flying, keys.gathering];
      await runScript(pw.store.redis, 'pwDispatch', places, [WINDOW_CHUNKS, 1, 1, 0]);
      await sweep(pw.store, pw.queues, ['adams'], { lostMs: 60_000 });
      expect(await pw.queues.analyze.getWaitingCount()).toBe(0);
      await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
      expect(await pw.queues.analyze.getWaitingCount()).toBe(3);
      workGently();
      await drained('adams');
      expect((await loggedLines(pw.store, 'adams')).sort()).toEqual(everyLine(3));
    });

    it('the queue lost all its jobs: the sweep adds them again', async () => {
      await commitLines(pw.store, 'adams', 10);
      await dispatch(pw.store, pw.queues, 'adams');
      await pw.queues.analyze.obliterate({ force: true });
      await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
      workGently();
      await drained('adams');
      expect((await loggedLines(pw.store, 'adams')).sort()).toEqual(everyLine(10));
    });

    it('a job that waits is not added a second time, however old', async () => {
      await commitLines(pw.store, 'adams', 10);
      await dispatch(pw.store, pw.queues, 'adams');
      const before = await pw.queues.analyze.getWaitingCount();
      await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
      expect(await pw.queues.analyze.getWaitingCount()).toBe(before);
    });

    it('finished and the job not ended: the job comes again and changes nothing', async () => {
      const refs = await commitLines(pw.store, 'adams', 3);
      await dispatch(pw.store, pw.queues, 'adams');
      await apply(pw.store, refs);
      workGently();
      await until('the jobs are done', async () => (await pw.queues.analyze.getWaitingCount()) === 0);
      await Promise.all(workers.map((worker) => worker.close()));
      expect(await loggedLines(pw.store, 'adams')).toEqual(everyLine(3));
      expect(await queuedBytes(pw.store, 'adams', refs)).toEqual({ counted: 0, kept: 0 });
    });

    it('finished by a job that somebody else was given again: the window is free afterwards', async () => {
      const refs = await commitLines(pw.store, 'adams', 2);
      await apply(pw.store, refs.slice(0, 1));
      await dispatch(pw.store, pw.queues, 'adams');
      workGently();
      await drained('adams');
      expect((await queueDepth(pw.store, 'adams')).flyingChunks).toBe(0);
      expect(await loggedLines(pw.store, 'adams')).toEqual(everyLine(2));
    });

    it('the lines of a chunk are gone though it was never applied: that is a dead letter, not silence', async () => {
      const refs = await commitLines(pw.store, 'adams', 2);
      await dispatch(pw.store, pw.queues, 'adams');
      await pw.queues.analyze.obliterate({ force: true });
      await pw.store.redis.del(organizationKeys(pw.store.prefix, 'adams').chunk(1, 1));
      await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
      expect(await deadLetters(pw.store, 'adams')).toMatchObject([
        { id: 'chunk:1:1', kind: 'chunk', reason: expect.stringContaining('never applied') },
      ]);
      expect(await replayDead(pw.store, pw.queues, 'adams', 'chunk:1:1')).toBe('gone');
      expect(await dropDead(pw.store, 'adams', 'chunk:1:1')).toBe('dropped');
      expect(await deadLetters(pw.store, 'adams')).toEqual([]);
      expect(await apply(pw.store, refs)).toBe('applied');
    });

    it('a job of an earlier dispatch that fails late neither buries its chunks nor has them tried twice', async () => {
      await commitLines(pw.store, 'adams', 5);
      await dispatch(pw.store, pw.queues, 'adams');
      for (const chunks of [['1:0'], ['1:1', '1:2']]) {
        await pw.queues.analyze.add('chunks', { org: 'adams', chunks, stamp: '1' }, { attempts: 1 });
      }
      const release = Promise.withResolvers<void>();
      work(
        async (job) => {
          if (job.stamp === '1') throw new Error('late');
          await release.promise;
          await apply(pw.store, refsOfJob(job));
        },
        { concurrency: 10 },
      );
      await until('both have failed', async () => (await pw.queues.analyze.getFailedCount()) === 2);
      await sweep(pw.store, pw.queues, ['adams']);
      expect(await deadLetters(pw.store, 'adams')).toEqual([]);
      expect(await pw.queues.analyze.getJobCountByTypes('waiting', 'active', 'failed')).toBe(5);
      release.resolve();
      await drained('adams');
      expect((await loggedLines(pw.store, 'adams')).sort()).toEqual(everyLine(5));
    });

    it('applied before its turn came, and then its job failed: that is no dead letter', async () => {
      const refs = await commitLines(pw.store, 'adams', 1);
      await apply(pw.store, refs);
      await dispatch(pw.store, pw.queues, 'adams');
      work(() => Promise.reject(new Error('no')));
      await until('it has failed', async () => (await pw.queues.analyze.getFailedCount()) === 1);
      await sweep(pw.store, pw.queues, ['adams']);
      expect(await deadLetters(pw.store, 'adams')).toEqual([]);
      expect((await queueDepth(pw.store, 'adams')).flyingChunks).toBe(0);
    });

    it('a failed job was taken apart and not removed: a second sweep does nothing twice', async () => {
      await commitLines(pw.store, 'adams', 16);
      await dispatch(pw.store, pw.queues, 'adams');
      work(() => Promise.reject(new Error('no')));
      await until('all have failed', async () => (await pw.queues.analyze.getFailedCount()) === 8);
      await Promise.all(workers.map((worker) => worker.close()));
      const failed = await pw.queues.analyze.getFailed();
      await sweep(pw.store, pw.queues, ['adams'], { lostMs: 0 });
      // the first half only: the failed jobs are there again, with their old stamp
      for (const { data } of failed) await pw.queues.analyze.add('chunks', data, { attempts: 1 });
      expect(await pw.queues.analyze.getWaitingCount()).toBe(16 + 8);
      work(() => Promise.reject(new Error('no')));
      await until('all have failed', async () => (await pw.queues.analyze.getFailedCount()) === 16 + 8);
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all([sweep(pw.store, pw.queues, ['adams']), sweep(pw.store, pw.queues, ['adams'])]);
      expect(await pw.queues.analyze.getFailedCount()).toBe(0);
      expect(await pw.queues.analyze.getWaitingCount()).toBe(0);
      expect(await deadLetters(pw.store, 'adams')).toHaveLength(16);
      expect((await queueDepth(pw.store, 'adams')).stats['dead_chunks']).toBe(16);
    });
  });

  describe('a chunk that no worker can read', () => {
    /** Works, sweeping as the workers do, until nothing is under way. */
    async function workAndSweep(poison: (line: string) => boolean): Promise<void> {
      workGently(poison);
      await until('nothing is under way', async () => {
        await sweep(pw.store, pw.queues, ['adams']);
        const { waitingChunks, flyingChunks } = await queueDepth(pw.store, 'adams');
        return waitingChunks + flyingChunks === 0;
      });
      await Promise.all(workers.map((worker) => worker.close()));
    }

    it('ends alone in the dead letters with its reason; the seven of its job and all others go on', async () => {
      const refs = await commitLines(pw.store, 'adams', 64);
      await dispatch(pw.store, pw.queues, 'adams');
      expect((await pw.queues.analyze.getWaiting()).map((job) => job.data.chunks.length)).toEqual(Array(8).fill(8));
      await workAndSweep((line) => line === 'line 20.1');
      expect(await deadLetters(pw.store, 'adams')).toMatchObject([
        { id: 'chunk:1:20', kind: 'chunk', reason: 'this line breaks the parser' },
      ]);
      const good = everyLine(64).filter((line) => !line.startsWith('line 20.'));
      expect((await loggedLines(pw.store, 'adams')).sort()).toEqual(good.sort());
      const bytes = await queuedBytes(pw.store, 'adams', refs);
      expect(bytes.kept).toBe(bytes.counted);
      expect(bytes.kept).toBeGreaterThan(0);
    });

    it('is read when it is replayed after the program was mended', async () => {
      const refs = await commitLines(pw.store, 'adams', 4);
      await workAndSweep((line) => line === 'line 2.0');
      expect(await replayDead(pw.store, pw.queues, 'adams', 'chunk:1:2')).toBe('replayed');
      expect(await replayDead(pw.store, pw.queues, 'adams', 'chunk:1:2')).toBe('unknown');
      await workAndSweep(() => false);
      expect(await deadLetters(pw.store, 'adams')).toEqual([]);
      expect((await loggedLines(pw.store, 'adams')).sort()).toEqual(everyLine(4));
      expect(await queuedBytes(pw.store, 'adams', refs)).toEqual({ counted: 0, kept: 0 });
    });

    it('comes back to the dead letters when it is replayed too early', async () => {
      await commitLines(pw.store, 'adams', 1);
      await workAndSweep(() => true);
      await replayDead(pw.store, pw.queues, 'adams', 'chunk:1:0');
      await workAndSweep(() => true);
      expect(await deadLetters(pw.store, 'adams')).toMatchObject([{ id: 'chunk:1:0' }]);
    });

    it('that is dropped is gone for good, counted, and a late worker cannot bring it back', async () => {
      const refs = await commitLines(pw.store, 'adams', 2);
      await workAndSweep((line) => line === 'line 1.0');
      const late = { org: 'adams', origin: 1, seq: 1 } satisfies ChunkRef;
      expect(await dropDead(pw.store, 'adams', 'chunk:1:1')).toBe('dropped');
      expect(await dropDead(pw.store, 'adams', 'chunk:1:1')).toBe('unknown');
      expect(await apply(pw.store, [late])).toBe('seen');
      expect(await loggedLines(pw.store, 'adams')).toEqual(everyLine(1));
      expect(await queuedBytes(pw.store, 'adams', refs)).toEqual({ counted: 0, kept: 0 });
      expect((await queueDepth(pw.store, 'adams')).stats).toMatchObject({ dropped_chunks: 1, dropped_bytes: 18 });
    });

    it('but which a slow worker did read after all is no dead letter any more', async () => {
      const refs = await commitLines(pw.store, 'adams', 1);
      await workAndSweep(() => true);
      expect(await deadLetters(pw.store, 'adams')).toHaveLength(1);
      expect(await apply(pw.store, refs)).toBe('applied');
      expect(await deadLetters(pw.store, 'adams')).toEqual([]);
    });

    it('names that are no dead letters do nothing', async () => {
      for (const id of ['chunk:1:0', 'chunk:1', 'chunk:a:b', 'chunk:1:0\n', 'doc:x', 'doc:', '']) {
        expect(await replayDead(pw.store, pw.queues, 'adams', id)).toBe('unknown');
        expect(await dropDead(pw.store, 'adams', id)).toBe('unknown');
      }
    });
  });
});
