/**
 * A shard without a queue: files cut into chunks, chunks into jobs, jobs into records, folded in any order, and what the
 * shard tells at the end. The parts are the real ones; only the store is a map.
 */
import { readFileSync } from 'node:fs';
import { alertDocument } from '../../src/alerts/ecs.ts';
import { firstDays, hasReturned, idOfDayBefore } from '../../src/alerts/identity.ts';
import { parseInventory } from '../../src/config/inventory.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import type { Alert } from '../../src/model/alert.ts';
import { createTally } from '../../src/model/tally.ts';
import { createScanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import type { TellingSetting } from '../../src/shard/alert-document.ts';
import { type Chunk, scanChunks } from '../../src/shard/chunk.ts';
import { type Telling, type Tidings, tell } from '../../src/shard/documents.ts';
import { createEvidenceMemory, evidenceOrigins } from '../../src/shard/evidence.ts';
import { rulesDigest } from '../../src/shard/record.ts';
import { ruleNames } from '../../src/shard/rule-numbers.ts';
import { createShard, type Shard } from '../../src/shard/shard.ts';
import type { Told } from '../../src/shard/told-alert.ts';
import { INVENTORIES, type InventoryName, SECRET } from '../laws/small-run.ts';

export const ORG = 'us-xx-laws';

const ruleSet = rulesOf([]);
const enricher = createEnricher();
export const RULES = rulesDigest(ruleNames(ruleSet));

const settings = new Map<InventoryName, TellingSetting>();

/** What a shard under an inventory of the laws is folded and told with. */
export function settingNamed(name: InventoryName): TellingSetting {
  const inventory = parseInventory(INVENTORIES[name], 'inventory.yaml');
  const setting = settings.get(name) ?? {
    inventory,
    ruleSet,
    secret: SECRET,
    organization: { id: inventory.organization.id, name: inventory.organization.name },
    // one of them has somebody above it
    parent: name === 'assets' ? 'us-xx' : null,
    enricher,
    indexPrefix: 'pollwatch',
    version: '0.0.0',
  };
  settings.set(name, setting);
  return setting;
}

/** A log as an origin of chunks. */
export interface Log {
  readonly format: string;
  readonly bytes: Uint8Array;
  /** the last instant that a line without a year can have; default the end of 2026 */
  readonly referenceMs?: number;
}

/** Chunks of logs, cut at line ends into pieces of about `bytes`; log i is origin i + 1. */
export function chunksOf(logs: readonly Log[], bytes: number): Chunk[] {
  return logs.flatMap((log, i) => {
    const origin = i + 1;
    const chunks: Chunk[] = [];
    for (let at = 0; at < log.bytes.length; ) {
      const lineFeed = log.bytes.indexOf(10, Math.min(log.bytes.length - 1, at + bytes));
      const end = lineFeed < 0 ? log.bytes.length : lineFeed + 1;
      chunks.push({
        ref: { org: ORG, origin, seq: chunks.length },
        offset: at,
        bytes: log.bytes.subarray(at, end),
        format: log.format,
        context: { origin, referenceMs: log.referenceMs ?? Date.UTC(2026, 11, 31), timezone: 'UTC' },
        asset: 0,
      });
      at = end;
    }
    return chunks;
  });
}

/** Records and packed lines of jobs. */
export interface Scanned {
  records: Uint8Array[];
  /** by "origin:seq" */
  evidence: Map<string, { offset: number; lines: Uint8Array }>;
  lines: number;
}

/** Scans jobs of chunks, each on its own. */
export function scanJobs(jobs: readonly (readonly Chunk[])[], name: InventoryName): Scanned {
  const { inventory } = settingNamed(name);
  const scanner = createScanner(ruleSet, inventory, SECRET);
  const scanned: Scanned = { records: [], evidence: new Map(), lines: 0 };
  for (const job of jobs) {
    const { record, evidence, stats } = scanChunks(scanner, inventory.dayStartMs, RULES, job);
    scanned.records.push(record);
    for (const { ref, offset, lines } of evidence) scanned.evidence.set(`${ref.origin}:${ref.seq}`, { offset, lines });
    scanned.lines += stats['lines']!;
  }
  return scanned;
}

/** What a shard tells, with the lines that were kept of its chunks. */
export function tellFrom(
  shard: Shard,
  { evidence }: Pick<Scanned, 'evidence'>,
  name: InventoryName,
  more: Partial<Telling> = {},
): Promise<Tidings> {
  const memory = createEvidenceMemory((origin, offset) => {
    let found: { offset: number; lines: Uint8Array } | null = null;
    for (const [ref, kept] of evidence)
      if (ref.startsWith(`${origin}:`) && kept.offset <= offset && (found === null || kept.offset > found.offset))
        found = kept;
    return Promise.resolve(found?.lines ?? null);
  });
  const origins = [...shard.tallies.keys()].map((number) => ({ number, name: `origin ${number}` }));
  return tell(shard, settingNamed(name), {
    closedMs: Number.POSITIVE_INFINITY,
    nowMs: 0,
    generation: 1,
    told: new Map(),
    evidence: evidenceOrigins(origins, memory),
    ...more,
  });
}

/** Takes in what was told, as a store does. */
export function commit(told: Map<string, Told>, tidings: Tidings): void {
  for (const { id, version, digest, more } of tidings.documents) told.set(id, { ...more, v: version, d: digest });
  for (const { id, f } of tidings.same) told.set(id, { ...told.get(id)!, f });
  for (const id of tidings.forgotten) told.delete(id);
}

/** Takes in what the parent was told, which a store does after that. */
export function commitFacts(told: Map<string, Told>, { facts }: Tidings): void {
  for (const { fact, more } of facts) told.set(fact.id, { ...told.get(fact.id)!, ...more });
}

/** Bodies of documents in the form in which two runs are compared: without when and by which run they were made. */
export function canonicalDocuments(bodies: readonly string[]): string[] {
  return bodies.map(canonicalDocument).sort();
}

/** A document without its creation, its version, and the names and offsets of origins. */
function canonicalDocument(body: string): string {
  const document = JSON.parse(body) as {
    event: { created?: string };
    pollwatch: {
      alert: { revision?: number; generation?: number };
      mttd_s?: number;
      evidence: { lines?: Line[] | undefined };
    };
    rule: { version?: string };
  };
  delete document.event.created;
  // it is counted to the creation
  delete document.pollwatch.mttd_s;
  delete document.pollwatch.alert.revision;
  delete document.pollwatch.alert.generation;
  delete document.rule.version;
  const { evidence } = document.pollwatch;
  evidence.lines = evidence.lines
    ?.map(({ time, text, matched }) => ({ time, text, ...(matched !== undefined && { matched }) }))
    .sort((a, b) => (a.time + a.text < b.time + b.text ? -1 : 1));
  return JSON.stringify(document);
}

interface Line {
  time: string;
  text: string;
  matched?: string;
}

/** Documents as `analyze` writes them of its alerts. */
export function documentsOfAlerts(alerts: readonly Alert[]): string[] {
  const ids = new Set(alerts.map((a) => a.id));
  const first = firstDays(alerts);
  return alerts.map((alert) => {
    const before = idOfDayBefore(alert);
    const continues = ids.has(before) ? before : null;
    const context = {
      createdMs: 0,
      revision: 1,
      generation: 0,
      version: '0.0.0',
      status: 'new',
      continues,
      tlp: 'TLP:AMBER',
    } as const;
    return JSON.stringify(alertDocument(alert, { ...context, ...hasReturned(alert, first) }));
  });
}

/** An empty shard under an inventory. */
export function emptyShard(name: InventoryName): Shard {
  return createShard(settingNamed(name));
}

/** Bytes of a file of the samples. */
export function sample(name: string): Uint8Array {
  return readFileSync(`test/samples/generated/${name}`);
}

/** Lines of all origins of a shard. */
export function linesOf(shard: Shard): number {
  const sum = createTally();
  for (const tally of shard.tallies.values()) sum.lines += tally.lines;
  return sum.lines;
}
