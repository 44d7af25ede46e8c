/**
 * An office in a test of ingest: a folder with logs, a prefix of its own in a real Redis, runs of the ingest worker, and
 * all lines that stand in Redis afterwards, opened with the office's secret.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { createIngestCounts, type IngestCounts } from '../../src/ingest/ingest-counts.ts';
import type { Notice } from '../../src/ingest/notices.ts';
import type { IngestOrigin, Installation, OriginReading, RedisSettings, Tenant } from '../../src/model/installation.ts';
import { type LoadedChunk, loadChunks } from '../../src/queue/chunk-store.ts';
import { type OriginState, readOrigins } from '../../src/queue/origins.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { type IngestOptions, runIngest } from '../../workers/ingest.ts';

/** How the lines of the office are read unless a test says otherwise. */
export const READING: OriginReading = { organization: 'adams', format: 'auto', timezone: 'UTC', asset: 0 };

/** What stands in Redis of one origin. */
export interface Ingested extends OriginState {
  readonly loaded: readonly LoadedChunk[];
  readonly lines: readonly string[];
}

export interface Office {
  readonly folder: string;
  readonly store: QueueStore;
  readonly redis: RedisSettings;
  /** absolute path of a file in its folder */
  path(name: string): string;
  /** an origin that follows files of the folder */
  files(...names: string[]): IngestOrigin;
  installation(origins: readonly IngestOrigin[], queuedBytesMax?: number): Installation;
  /** Reads everything that is there now. */
  readOnce(origins: readonly IngestOrigin[], options?: IngestOptions): Promise<void>;
  /** Starts the worker; it runs until `stop`. */
  start(origins: readonly IngestOrigin[], options?: IngestOptions, queuedBytesMax?: number): Running;
  /** All origins of an organisation with all their lines (latin1). */
  ingested(org?: string): Promise<Ingested[]>;
  /** All lines of an organisation, origin after origin. */
  lines(org?: string): Promise<string[]>;
  close(): Promise<void>;
}

/** A run of the worker in this process. */
export interface Running {
  readonly counts: IngestCounts;
  readonly notices: Notice[];
  stop(): Promise<void>;
}

/** An installation whose tenants have fixed secrets. */
export function installationOf(
  redis: RedisSettings,
  origins: readonly IngestOrigin[],
  queuedBytesMax = 1e9,
): Installation {
  return {
    file: null,
    redis,
    elasticsearch: null,
    tenants: new Map(['adams', 'brown'].map((id) => [id, tenant(id)])),
    rulesPaths: [],
    origins,
    work: {
      queuedBytesMax,
      latenessMs: 3_600_000,
      idleMs: 300_000,
      evidenceDays: 400,
      stopMs: 10_000,
      listen: null,
    },
  };
}

function tenant(id: string): Tenant {
  const secret = Buffer.alloc(32, id);
  return { id, name: id, inventory: defaultInventory(), inventoryFile: null, secret };
}

/** Opens an office on a server. */
export function openOffice(redis: RedisSettings): Office {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-ingest-'));
  const store = openStore(redis);
  const installation = (origins: readonly IngestOrigin[], queuedBytesMax?: number) =>
    installationOf(redis, origins, queuedBytesMax);
  const ingested = async (org = 'adams'): Promise<Ingested[]> => {
    const seal = createSeal(tenant(org).secret);
    const origins = await readOrigins(store, org);
    return Promise.all(
      origins.map(async (origin) => {
        const refs = Array.from({ length: origin.seq }, (_, seq) => ({ org, origin: origin.number, seq }));
        const loaded = await loadChunks(store, refs, seal);
        const lines = loaded.flatMap(({ bytes }) => bytes.toString('latin1').split('\n').slice(0, -1));
        return { ...origin, loaded, lines };
      }),
    );
  };
  return {
    folder,
    store,
    redis,
    path: (name) => join(folder, name),
    files: (...names) => ({
      kind: 'files',
      name: 'web',
      paths: names.map((name) => join(folder, name)),
      reading: READING,
    }),
    installation,
    readOnce: (origins, options) =>
      runIngest(installation(origins), new AbortController().signal, { ...options, once: true }),
    start(origins, options, queuedBytesMax) {
      const stop = new AbortController();
      const notices: Notice[] = [];
      const counts = createIngestCounts();
      const ended = runIngest(installation(origins, queuedBytesMax), stop.signal, {
        settleMs: 300,
        counts,
        tell: (notice) => notices.push(notice),
        ...options,
      });
      // who stops it sees its error
      ended.catch(() => undefined);
      return {
        counts,
        notices,
        async stop() {
          stop.abort();
          await ended;
        },
      };
    },
    ingested,
    lines: async (org) => (await ingested(org)).flatMap(({ lines }) => lines),
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The nth line of an access log, unlike all others. */
export function accessLine(n: number, text = ''): string {
  const second = String(n % 60).padStart(2, '0');
  const minute = String(Math.floor(n / 60) % 60).padStart(2, '0');
  const hour = String(Math.floor(n / 3600) % 24).padStart(2, '0');
  return `203.0.113.9 - - [14/Sep/2026:${hour}:${minute}:${second} +0000] "GET /${n}${text} HTTP/1.1" 404 153 "-" "curl/8.5.0"`;
}

/** Lines [from, to) as they stand in a file. */
export function accessLines(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => accessLine(from + i));
}

/** Lines with their ends. */
export function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
