/**
 * What a run adds up to, besides its alerts: what was read, what could not be seen, the noise below every threshold,
 * the network owners, the time line.
 */
import { readFileSync } from 'node:fs';
import { lineShape, redactPath } from '../alerts/redact.ts';
import { createTokens } from '../alerts/tokens.ts';
import { visibilityOf } from '../alerts/visibility.ts';
import type { Decision } from '../detect/decide.ts';
import { paneStart, TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS, VISIT_WORDS, WEB } from '../measure/entry.ts';
import { findRow, hiOf, type Ledger, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { COVERAGE, covered } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import { ACTION } from '../model/batch.ts';
import type { Problem } from '../model/problem.ts';
import type { Noise, OriginSummary, OwnerRow, RunSummary } from '../model/summary.ts';
import type { Tally } from '../model/tally.ts';
import { PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { askedHost, type EvidenceOrigin, keepOf } from './evidence.ts';
import type { Surroundings } from './naming.ts';
import { summarizeOffice } from './office-summary.ts';
import type { EmptyLog, OpenLog } from './open-logs.ts';

export interface RunParts {
  around: Surroundings;
  secret: Uint8Array;
  decisions: readonly Decision[];
  logs: readonly OpenLog[];
  tallies: ReadonlyMap<number, Tally>;
  problems: readonly Problem[];
  empty: readonly EmptyLog[];
  fetch: ReadonlyMap<number, EvidenceOrigin>;
}

/** Panes of the time line at most; wider panes beyond. */
const TIMELINE_PANES = 20_000;
/** Sources whose owner is looked up for the noise table. */
const NOISE_OWNERS_MAX = 200_000;

/** All of a summary that is told by the state: alerts and what is summed up over them come when it is gone. */
export type StateSummary = Omit<RunSummary, 'publicKey' | 'seconds' | 'owners' | 'dataSets' | 'alerts'>;

/** The part of a run's summary that needs the settled state. */
export async function summarizeState(parts: RunParts): Promise<StateSummary> {
  const { around } = parts;
  const { state, inventory } = around;
  const { ledger } = state;
  const origins = originSummaries(parts);
  const alerted = alertedRows(parts.decisions, ledger);
  const spans = [...state.spans.values()];
  const firstMs = spans.length === 0 ? null : Math.min(...spans.map((s) => s[0]));
  const lastMs = spans.length === 0 ? null : Math.max(...spans.map((s) => s[1]));
  let sources = 0;
  for (let row = 0; row < ledger.rows; row++) if ((spaceOf(ledger, row) & 255) === SPACE.source) sources++;
  const counts = Object.fromEntries(COVERAGE.map((name) => [name, covered(state, name)]));
  const off = new Set([...inventory.detections].filter(([, o]) => o.off).map(([id]) => id));
  return {
    version: version(),
    organization: { id: inventory.organization.id, name: inventory.organization.name },
    office: summarizeOffice(inventory, firstMs, lastMs),
    tlp: inventory.mailing.tlp,
    origins,
    lines: sum(origins, (o) => o.lines),
    events: sum(origins, (o) => o.events),
    bytes: sum(origins, (o) => o.bytes),
    skipped: sum(origins, (o) => sum(o.skipped, (s) => s.count)),
    refused: sum(origins, (o) => sum(o.refused, (r) => r.count)),
    sources,
    firstMs,
    lastMs,
    visibility: visibilityOf(counts, off, {
      systems: inventory.assets,
      hasProtectedRecords: inventory.protectedRecords.length > 0,
    }),
    noise: await noiseOf(parts, alerted),
    timeline: timelineOf(parts, alerted),
    bound:
      ledger.level === 0
        ? null
        : `the memory bound was reached: about one in ${2 ** ledger.level} of the touches without a rule match was kept, evenly for all sources; counts are estimates`,
  };
}

function originSummaries(parts: RunParts): OriginSummary[] {
  const { state } = parts.around;
  const named = new Map(parts.problems.map((p) => [p.file ?? '', p]));
  const read = parts.logs.map((log): OriginSummary => {
    const tally = parts.tallies.get(log.origin.id);
    const span = state.spans.get(log.origin.id);
    const problem = named.get(log.origin.name) ?? (isUnread(tally) ? { ...UNREAD, file: log.origin.name } : null);
    named.delete(log.origin.name);
    return {
      name: log.origin.name,
      format: log.format.name,
      lines: tally?.lines ?? 0,
      events: tally?.events ?? 0,
      bytes: tally?.bytes ?? 0,
      skipped: [...(tally?.skipped ?? [])].map(([kind, count]) => ({ kind, count })).sort(byCount),
      refused: [...(tally?.refused ?? [])]
        .map(([reason, { count, samples }]) => ({
          reason,
          count,
          samples: samples.map(({ offset, text }) => ({ offset, text: lineShape(text) })),
        }))
        .sort(byCount),
      firstMs: span?.[0] ?? null,
      lastMs: span?.[1] ?? null,
      yearNote: log.yearNote,
      problem,
      limits: [...log.format.limits],
    };
  });
  const nothing = (name: string, problem: Problem | null): OriginSummary => ({
    name,
    format: null,
    lines: 0,
    events: 0,
    bytes: 0,
    skipped: [],
    refused: [],
    firstMs: null,
    lastMs: null,
    yearNote: null,
    problem,
    limits: [],
  });
  return [
    ...read,
    ...parts.empty.map((e) => nothing(e.name, null)),
    ...[...named].map(([name, problem]) => nothing(name, problem)),
  ];
}

/** A log whose every line was refused: --format named another one, or only its first lines looked like one. */
const UNREAD: Problem = {
  code: 'PW-FORMAT-NO-LINE',
  message: 'not one line could be read in this format',
  hint: 'leave --format out, or name the right one: `pollwatch formats` lists them',
};

function isUnread(tally: Tally | undefined): boolean {
  return tally !== undefined && tally.events === 0 && tally.skipped.size === 0 && tally.refused.size > 0;
}

const byCount = (a: { count: number }, b: { count: number }) => b.count - a.count;

function alertedRows(decisions: readonly Decision[], ledger: Ledger): Set<number> {
  const rows = new Set<number>();
  for (const d of decisions) {
    for (const m of d.members) {
      const row = findRow(ledger, (d.organization << 8) | SPACE.source, m.hi, m.lo);
      if (row >= 0) rows.add(row);
    }
  }
  return rows;
}

/** Ports as targets, below the path hashes: small whole numbers, which a Map finds in a third of the time. */
const TCP = -65_536;
const UDP = -131_072;

async function noiseOf(parts: RunParts, alerted: ReadonlySet<number>): Promise<Noise> {
  const { state, enricher, inventory } = parts.around;
  const { ledger } = state;
  let sources = 0;
  let events = 0;
  const owners = new Map<string, number>();
  const targets = new Map<number, { sources: number; what: string; low: number; high: number }>();
  const own = new Set<number>();
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source || alerted.has(row)) continue;
    const n = lengthOf(ledger.touches, row);
    if (n === 0) continue;
    const page = pageOf(ledger.touches, row);
    const start = startOf(ledger.touches, row);
    own.clear();
    for (let i = 0; i < n; i++) {
      const e = start + i * TOUCH_WORDS;
      const tag = page[e + 1]! & TAG_MASK;
      if (tag !== TAG.fail && tag !== TAG.packet) continue;
      const flags = page[e + 3]! >>> 24;
      if (tag === TAG.packet ? (flags & 3) === ACTION.allow : (flags & WEB.static) !== 0) continue;
      events += page[e + 3]! & 0xffffff;
      const isUdp = ((page[e + 3]! >>> 26) & 7) === 2;
      const port = page[e + 2]! >>> 16;
      const target = tag === TAG.packet ? (isUdp ? UDP : TCP) + port : page[e]!;
      if (own.has(target)) continue;
      own.add(target);
      const known = targets.get(target);
      if (known !== undefined) {
        known.sources++;
        // of all sources' first lines the smallest reference stands for the path
        if (page[e + 6]! < known.high || (page[e + 6]! === known.high && page[e + 5]! < known.low)) {
          known.low = page[e + 5]!;
          known.high = page[e + 6]!;
        }
      } else if (targets.size < 200_000) {
        const what = tag === TAG.packet ? `${isUdp ? 'udp' : 'tcp'}/${port}` : `#${page[e]}`;
        targets.set(target, { sources: 1, what, low: page[e + 5]!, high: page[e + 6]! });
      }
    }
    if (own.size === 0) continue;
    sources++;
    if (sources > NOISE_OWNERS_MAX) continue;
    const owner = enricher.owner(hiOf(ledger, row), loOf(ledger, row));
    const name = owner === null ? 'network owner unknown' : `AS${owner.number} ${owner.name}`.trim();
    owners.set(name, (owners.get(name) ?? 0) + 1);
  }
  const token = createTokens(parts.secret);
  const keep = keepOf(inventory);
  const top = [...targets.values()].sort((a, b) => b.sources - a.sources || (a.what < b.what ? -1 : 1)).slice(0, 8);
  for (const t of top) {
    if (!t.what.startsWith('#')) continue;
    const origin = parts.fetch.get(t.high >>> 20);
    const [line] = (await origin?.fetch([(t.high & 0xfffff) * 4294967296 + t.low])) ?? [];
    const parsed =
      line === null || line === undefined || origin === undefined
        ? null
        : origin.format.parseLine(line, origin.context);
    t.what =
      parsed !== null && 'event' in parsed && parsed.event['url.path'] !== undefined
        ? redactPath(parsed.event['url.path'], token, { ...keep, host: askedHost(parsed.event) })
        : 'a page that is not there';
  }
  return {
    sources,
    events,
    owners: [...owners]
      .map(([name, n]) => ({ name, sources: n }))
      .sort((a, b) => b.sources - a.sources || (a.name < b.name ? -1 : 1))
      .slice(0, 5),
    targets: top.map(({ what, sources: n }) => ({ what, sources: n })),
  };
}

/** Network owners of alerted sources, those with most sources first. */
export function ownersOf(alerts: readonly Alert[]): OwnerRow[] {
  const rows = new Map<string, OwnerRow & { keys: Set<string>; counted: Map<string, number> }>();
  for (const a of alerts) {
    if (a.source === null || a.key.kind !== 'source') continue;
    const name = a.source.as === null ? 'network owner unknown' : a.source.as.name;
    const key = `${a.source.as?.number ?? 0} ${name}`;
    const row = rows.get(key) ?? {
      as: a.source.as?.number ?? null,
      name,
      country: a.source.country?.name ?? null,
      sources: 0,
      alerts: 0,
      events: 0,
      keys: new Set(),
      counted: new Map(),
    };
    row.alerts++;
    row.keys.add(a.key.text);
    const family = `${a.key.text} ${a.day}`;
    row.counted.set(
      family,
      Math.max(row.counted.get(family) ?? 0, (a.evidence['requests'] ?? 0) + (a.evidence['packets'] ?? 0)),
    );
    rows.set(key, row);
  }
  return [...rows.values()]
    .map(({ keys, counted, ...row }) => ({
      ...row,
      sources: keys.size,
      events: [...counted.values()].reduce((n, c) => n + c, 0),
    }))
    .sort((a, b) => b.sources - a.sources || b.events - a.events || (a.name < b.name ? -1 : 1));
}

function timelineOf(parts: RunParts, alerted: ReadonlySet<number>): RunSummary['timeline'] {
  const { state } = parts.around;
  const { ledger } = state;
  const panes = [...state.timeline.keys()];
  if (panes.length === 0) return { startMs: 0, paneMs: WEB_PANE, all: [], refused: [], alerted: [] };
  const first = panes.reduce((a, b) => Math.min(a, b));
  const last = panes.reduce((a, b) => Math.max(a, b));
  const fold = Math.max(1, Math.ceil((last - first + 1) / TIMELINE_PANES));
  const length = Math.floor((last - first) / fold) + 1;
  const all = new Array<number>(length).fill(0);
  const refused = new Array<number>(length).fill(0);
  const fromAlerted = new Array<number>(length).fill(0);
  for (const [pane, [n, r]] of state.timeline) {
    const i = Math.floor((pane - first) / fold);
    all[i]! += n;
    refused[i]! += r;
  }
  const startMs = paneStart(first, WEB_PANE);
  const add = (ms: number, count: number) => {
    const i = Math.floor((ms - startMs) / (WEB_PANE * fold));
    if (i >= 0 && i < length) fromAlerted[i] = Math.min(all[i]!, fromAlerted[i]! + count);
  };
  for (const row of alerted) {
    for (const [lists, words] of [
      [ledger.touches, TOUCH_WORDS],
      [ledger.visits, VISIT_WORDS],
    ] as const) {
      const n = lengthOf(lists, row);
      if (n === 0) continue;
      const page = pageOf(lists, row);
      const start = startOf(lists, row);
      for (let i = 0; i < n; i++) {
        const e = start + i * words;
        const tag = page[e + 1]! & TAG_MASK;
        if (words === TOUCH_WORDS ? tag === TAG.fail || tag === TAG.packet : tag === TAG.path) {
          const width = tag === TAG.packet ? PACKET_PANE : WEB_PANE;
          const at =
            paneStart(page[e + 1]! >>> TAG_BITS, width) +
            (words === TOUCH_WORDS ? ((page[e + 4]! >>> 16) * 1000) / 64 : 0);
          add(at, words === TOUCH_WORDS ? page[e + 3]! & 0xffffff : page[e + 2]!);
        }
      }
    }
  }
  return { startMs, paneMs: WEB_PANE * fold, all, refused, alerted: fromAlerted };
}

function sum<T>(list: readonly T[], of: (t: T) => number): number {
  return list.reduce((n, t) => n + of(t), 0);
}

let packageVersion: string | null = null;
function version(): string {
  packageVersion ??= (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  ).version;
  return packageVersion;
}
