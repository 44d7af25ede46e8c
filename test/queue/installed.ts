/**
 * Store and queues for the tests of a `describe`: on a server alone or a cluster, opened anew for each test or once for all.
 */
import { afterAll, beforeAll } from 'vitest';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { type Installed, install } from './county.ts';

/** What every script has to run on. */
export const SERVERS = [
  { kind: 'a server', cluster: false },
  { kind: 'a cluster', cluster: true },
] as const;

/** A Redis for the tests of this `describe`. */
export function redisOf(cluster: boolean): { settings: RedisServer['settings'] } {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(cluster ? { cluster } : {});
  });
  afterAll(() => server.stop());
  return { settings: () => server.settings() };
}

/** What runs a test with store and queues of its own; `use` is handed them before. */
export function freshly(cluster: boolean, use: (pw: Installed) => void): (work: () => Promise<void>) => Promise<void> {
  const redis = redisOf(cluster);
  return async (work) => {
    const pw = install(redis.settings());
    use(pw);
    try {
      await work();
    } finally {
      await pw.close();
    }
  };
}

/** Store and queues that all tests of this `describe` share; `use` is handed them before the first. */
export function sharedly(use: (pw: Installed) => void): void {
  const redis = redisOf(false);
  let pw: Installed;
  beforeAll(() => {
    pw = install(redis.settings());
    use(pw);
  });
  afterAll(() => pw.close());
}
