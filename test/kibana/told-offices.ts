/**
 * What offices and their state tell of their logs, by the shards that tell it in a run: lines are folded in the order of
 * time, alerts are told every few hours, somebody handles some of them, the state is told of what several offices may
 * share, and what a day leaves behind is told at the end. The parts are the real ones; only the store is a map.
 *   logs of three offices → documents of alerts, days in numbers and lines that could not be read
 */
import { loadInventory, parseInventory } from '../../src/config/inventory.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import type { Fact } from '../../src/model/fact.ts';
import type { Revision } from '../../src/queue/shard-store.ts';
import { createScanner, type Scanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import type { TellingSetting } from '../../src/shard/alert-document.ts';
import { type Chunk, scanChunks } from '../../src/shard/chunk.ts';
import { closeDays, isToldDay, type ToldDay } from '../../src/shard/days.ts';
import { tell } from '../../src/shard/documents.ts';
import { createEvidenceMemory, evidenceOrigins } from '../../src/shard/evidence.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { pruneShard } from '../../src/shard/pruning.ts';
import { encodeAck, encodeFacts, rulesDigest } from '../../src/shard/record.ts';
import { ruleNames } from '../../src/shard/rule-numbers.ts';
import { createShard, type Shard } from '../../src/shard/shard.ts';
import type { Told } from '../../src/shard/told-alert.ts';
import { commit } from '../shard/folding.ts';
import type { Office, OfficeLogs, TimedLine } from './office-logs.ts';

/** A document as it waits for the index. */
interface Waiting {
  readonly id: string;
  readonly index: string;
  readonly version: number;
  readonly body: string;
}

/** An organisation while it is told of. */
interface Teller {
  readonly setting: TellingSetting;
  readonly shard: Shard;
  readonly scanner: Scanner;
  readonly told: Map<string, Told>;
  readonly days: Map<number, ToldDay>;
  /** by id, as they were told last */
  readonly documents: Map<string, Waiting>;
  /** what somebody will say of alerts */
  acks: { readonly id: string; readonly status: 'ack' | 'closed' | 'suppressed'; readonly atMs: number }[];
  readonly logs: readonly Log[];
  /** lines that alerts may show, the latest first */
  readonly evidence: { readonly origin: number; readonly offset: number; readonly lines: Uint8Array }[];
  /** instants at which it is told, Unix ms */
  readonly momentsMs: readonly number[];
}

/** A log as it comes in. */
interface Log {
  readonly name: string;
  readonly format: string;
  readonly lines: readonly TimedLine[];
  /** lines that came in, bytes and chunks of them */
  at: number;
  offset: number;
  seq: number;
}

const SECRET = new Uint8Array(32).fill(7);
/** How long after the last line workers tell of it. */
const WORK_MS = 240_000;
const ruleSet = rulesOf([]);
const RULES = rulesDigest(ruleNames(ruleSet));

/** Documents of offices and of the state above them, until an instant. */
export async function toldByOffices(
  offices: readonly { readonly office: Office; readonly logs: OfficeLogs }[],
  state: Office,
  { toMs, prefix }: { toMs: number; prefix: string },
): Promise<Waiting[]> {
  const tellers = offices.map(({ office, logs }) => officeTeller(office, logs, state.id, prefix));
  const above = tellerOf(stateSetting(state, tellers[0]!.setting), [], []);
  const moments = tellers.flatMap((teller) => teller.momentsMs.map((ms) => ({ teller, ms: Math.min(ms, toMs) })));
  for (const { teller, ms } of moments.sort((a, b) => a.ms - b.ms)) {
    const nowMs = ms + WORK_MS;
    read(teller, nowMs);
    const facts = await tellNow(teller, nowMs);
    if (facts.length === 0) continue;
    foldRecord(above.shard, above.setting, encodeFacts(facts));
    await tellNow(above, nowMs);
  }
  return [...tellers, above].flatMap(({ documents }) => [...documents.values()]);
}

function tellerOf(setting: TellingSetting, logs: readonly Log[], momentsMs: readonly number[]): Teller {
  const shard = createShard(setting);
  const scanner = createScanner(ruleSet, setting.inventory, SECRET);
  return {
    setting,
    shard,
    scanner,
    told: new Map(),
    days: new Map(),
    documents: new Map(),
    acks: [],
    logs,
    evidence: [],
    momentsMs,
  };
}

function officeTeller(
  office: Office,
  { logs, inventory: path, momentsMs }: OfficeLogs,
  parent: string,
  prefix: string,
): Teller {
  const inventory = loadInventory(path);
  const setting: TellingSetting = {
    inventory,
    ruleSet,
    secret: SECRET,
    organization: office,
    parent,
    enricher: createEnricher({ databases: inventory.databases }),
    indexPrefix: prefix,
    version: '0.1.0',
  };
  const own = [...logs].map(([name, log]): Log => ({ name, ...log, at: 0, offset: 0, seq: 0 }));
  return tellerOf(setting, own, momentsMs);
}

function stateSetting(state: Office, county: TellingSetting): TellingSetting {
  const text = `version: 1\norganization: {id: ${state.id}, name: ${state.name}, level: state, day_start: "12:00Z"}\n`;
  return { ...county, inventory: parseInventory(text, 'state.yaml'), organization: state, parent: null };
}

/** Folds what came in until an instant. */
function read({ setting, shard, scanner, logs, evidence }: Teller, nowMs: number): void {
  const { organization, inventory } = setting;
  const chunks = logs.flatMap((log, i): Chunk[] => {
    const from = log.at;
    while (log.at < log.lines.length && log.lines[log.at]!.atMs < nowMs) log.at++;
    if (log.at === from) return [];
    const texts = log.lines.slice(from, log.at).map(({ text }) => `${text}\n`);
    const bytes = Buffer.from(texts.join(''), 'latin1');
    const origin = i + 1;
    const context = { origin, referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' };
    const { format, offset } = log;
    log.offset += bytes.length;
    return [{ ref: { org: organization.id, origin, seq: log.seq++ }, offset, bytes, format, context, asset: 0 }];
  });
  if (chunks.length === 0) return;
  const scanned = scanChunks(scanner, inventory.dayStartMs, RULES, chunks);
  for (const { ref, offset, lines } of scanned.evidence) evidence.unshift({ origin: ref.origin, offset, lines });
  foldRecord(shard, setting, scanned.record);
}

/** Tells what is new, lets somebody handle a part of it later, and returns what the parent is told. */
async function tellNow(teller: Teller, nowMs: number): Promise<Fact[]> {
  const { setting, shard, told, documents, days } = teller;
  for (const ack of teller.acks.filter(({ atMs }) => atMs <= nowMs)) foldRecord(shard, setting, encodeAck(ack));
  teller.acks = teller.acks.filter(({ atMs }) => atMs > nowMs);
  const when = { closedMs: nowMs, nowMs, generation: 1 };
  const tidings = await tell(shard, setting, { ...when, told, evidence: evidenceOf(teller) });
  for (const { id } of tidings.documents) if (!told.has(id)) teller.acks.push(...handlingOf(id, nowMs));
  commit(told, tidings);
  for (const { id, f } of tidings.same) told.set(id, { ...told.get(id)!, f });
  for (const { fact, more } of tidings.facts) told.set(fact.id, { ...told.get(fact.id)!, ...more });
  const origins = new Map(teller.logs.map(({ name, format }, i) => [i + 1, { name, format }]));
  const past = closeDays(shard, setting, { ...when, isOver: false, told: days, alerts: tidings.alerts, origins });
  const daily = [...past.documents];
  const made = [...tidings.documents, ...daily];
  for (const { id, index, version, body } of made) documents.set(id, { id, index, version, body });
  for (const { version: v, digest: d, more } of daily) {
    const revision: Revision = { ...more, v, d };
    if (isToldDay(revision)) days.set(revision.day, revision);
  }
  pruneShard(shard, setting, nowMs);
  return tidings.facts.map(({ fact }) => fact);
}

function evidenceOf({ logs, evidence }: Teller): ReturnType<typeof evidenceOrigins> {
  const memory = createEvidenceMemory((origin, offset) =>
    Promise.resolve(evidence.find((kept) => kept.origin === origin && kept.offset <= offset)?.lines ?? null),
  );
  return evidenceOrigins(
    logs.map(({ name }, i) => ({ number: i + 1, name })),
    memory,
  );
}

/** What somebody says of an alert, and when: two of five stay as they are. */
function handlingOf(id: string, nowMs: number): Teller['acks'] {
  const dice = Number.parseInt(id.slice(0, 4), 16);
  const status = (['ack', 'closed', 'suppressed'] as const)[dice % 5];
  return status === undefined ? [] : [{ id, status, atMs: nowMs + 600_000 + (dice % 7200) * 1000 }];
}
