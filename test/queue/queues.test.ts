/**
 * Nudges of the queue "index", and workers that stop in good order.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweep } from '../../src/queue/dispatch.ts';
import { readOrigins } from '../../src/queue/origins.ts';
import {
  addAnalyzeJobs,
  nudgeIndex,
  openQueues,
  refsOfJob,
  startAnalyzeWorker,
  startNudgeWorker,
} from '../../src/queue/queues.ts';
import { acquireLease, commitShard } from '../../src/queue/shard-store.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { apply, commitLines, install } from './county.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe('a nudge that documents wait', () => {
  it('is one job while it waits; while it runs, exactly one more follows', async () => {
    const pw = install(server.settings());
    for (let i = 0; i < 5; i++) await nudgeIndex(pw.queues, 'adams');
    await nudgeIndex(pw.queues, 'baker');
    expect(await pw.queues.index.getWaitingCount()).toBe(2);
    const runs: string[] = [];
    const running = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const worker = startNudgeWorker('index', pw.settings, async ({ org }) => {
      runs.push(org);
      if (runs.length > 1) return;
      running.resolve();
      await release.promise;
    });
    await running.promise;
    for (let i = 0; i < 5; i++) await nudgeIndex(pw.queues, 'adams');
    release.resolve();
    await until('three have run', () => runs.length >= 3);
    await worker.close();
    expect(runs.sort()).toEqual(['adams', 'adams', 'baker']);
    expect(await pw.queues.index.getJobCountByTypes('waiting', 'active', 'delayed', 'failed')).toBe(0);
    await pw.close();
  });

  it('whose worker failed leaves no job in the way of the next', async () => {
    const pw = install(server.settings());
    let runs = 0;
    const worker = startNudgeWorker('index', pw.settings, () => {
      runs++;
      return Promise.reject(new Error('Elasticsearch is away'));
    });
    for (let i = 1; i <= 3; i++) {
      await nudgeIndex(pw.queues, 'adams');
      await until('it ran and was removed', async () => {
        const left = await pw.queues.index.getJobCountByTypes('waiting', 'active', 'failed');
        return runs === i && left === 0;
      });
    }
    await worker.close();
    expect(runs).toBe(3);
    await pw.close();
  });

  it('is given by the sweep where documents wait and nobody said so', async () => {
    const pw = install(server.settings());
    const fence = (await acquireLease(pw.store, 'adams', 'w', 60_000))!;
    const document = { id: 'a', index: 'i', version: 1, digest: 'd', body: '{}' };
    await commitShard(pw.store, 'adams', { fence, worker: 'w', documents: [document], stats: {} });
    await sweep(pw.store, pw.queues, ['adams', 'baker']);
    expect((await pw.queues.index.getWaiting()).map((job) => job.data)).toEqual([{ org: 'adams' }]);
    await pw.close();
  });
});

describe('a node that refuses writes for a while', () => {
  it('uses up no try of the jobs whose chunks it holds: all are applied when it takes them again', async () => {
    // jobs and chunks on two servers, as on two nodes of a cluster
    const chunks = await startOwn();
    const pw = install(chunks.settings());
    const jobs = openQueues(server.settings(pw.settings.prefix), undefined, { backoffMs: 5 });
    const refusals: string[] = [];
    const worker = startAnalyzeWorker(
      server.settings(pw.settings.prefix),
      async (job) => {
        await apply(pw.store, refsOfJob(job));
      },
      (error) => refusals.push(error.message),
      { refusedMs: 5 },
    );
    try {
      await commitLines(pw.store, 'adams', 8);
      await pw.store.redis.config('SET', 'min-replicas-to-write', '1');
      await addAnalyzeJobs(jobs, 'adams', ['1:0', '1:1', '1:2', '1:3', '1:4', '1:5', '1:6', '1:7'], '5', 4);
      await until('it was refused more often than a job is tried', () => refusals.length > 10);
      expect(refusals[0]).toMatch(/^NOREPLICAS/);
      expect(await jobs.analyze.getFailedCount()).toBe(0);
      await pw.store.redis.config('SET', 'min-replicas-to-write', '0');
      await until('all is applied', async () => (await readOrigins(pw.store, 'adams'))[0]!.applied === 8);
      await until('the jobs are done', async () => (await jobs.analyze.getJobCountByTypes('active', 'waiting')) === 0);
    } finally {
      await worker.close();
      await jobs.close();
      await pw.close();
      await chunks.stop();
    }
  });

  it('does not keep a worker from being closed', async () => {
    const pw = install(server.settings());
    await addAnalyzeJobs(pw.queues, 'adams', ['1:0'], '5', 1);
    const tried = Promise.withResolvers<void>();
    const worker = startAnalyzeWorker(pw.settings, () => {
      tried.resolve();
      const error = new Error('READONLY You can\u2019t write against a read only replica.');
      error.name = 'ReplyError';
      return Promise.reject(error);
    });
    await tried.promise;
    await worker.close();
    expect(await pw.queues.analyze.getJobCountByTypes('delayed', 'waiting')).toBe(1);
    await pw.close();
  });
});

describe('a worker that is closed', () => {
  it('finishes the job in hand and takes no other', async () => {
    const pw = install(server.settings());
    await addAnalyzeJobs(pw.queues, 'adams', ['1:0', '1:1', '1:2'], '5', 1);
    const running = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const done: string[] = [];
    const worker = startAnalyzeWorker(pw.settings, async ({ chunks }) => {
      running.resolve();
      await release.promise;
      done.push(...chunks);
    });
    await running.promise;
    const closed = worker.close();
    release.resolve();
    await closed;
    expect(done).toEqual(['1:0']);
    expect(await pw.queues.analyze.getWaitingCount()).toBe(2);
    await pw.close();
  });
});
