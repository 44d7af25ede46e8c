/**
 * What every function of this room works on: one connection for commands and the prefix of the installation's keys.
 */
import type { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../model/installation.ts';
import { connect, type ReportError } from './connection.ts';
import { organizationsKey } from './keys.ts';

/** An open store. */
export interface QueueStore {
  readonly redis: Redis | Cluster;
  readonly prefix: string;
  close(): Promise<void>;
}

/** Opens the store of an installation. `report` gets errors of the connection, which reconnects by itself. */
export function openStore(settings: RedisSettings, report?: ReportError): QueueStore {
  const redis = connect(settings, 'commands', report);
  return {
    redis,
    prefix: settings.prefix,
    async close() {
      // an orderly end wants an answer; a server that is away gives none
      if (redis.status === 'ready') await redis.quit();
      else redis.disconnect();
    },
  };
}

/** Organisations that ever had an origin or were told a fact, sorted. */
export async function organizations(store: QueueStore): Promise<string[]> {
  return (await store.redis.smembers(organizationsKey(store.prefix))).sort();
}

/** Makes an organisation known; again is harmless. */
export async function noteOrganization(store: QueueStore, org: string): Promise<void> {
  await store.redis.sadd(organizationsKey(store.prefix), org);
}

/** The answers of a transaction. Throws the first error among them. */
export function throwFirst(answers: [Error | null, unknown][] | null): unknown[] {
  return (answers ?? []).map(([error, answer]) => {
    if (error !== null) throw error;
    return answer;
  });
}
