/**
 * An alert as an ECS 9.4 document: what NDJSON, Elasticsearch and every SIEM reads. Known facts go into ECS fields, ours
 * under `pollwatch.*`; `source.*` stands only where the key is one source, aggregates name `related.ip` and
 * `pollwatch.source.network`. Field names are promised (config/schema/alert.schema.json).
 * Reference: https://www.elastic.co/guide/en/ecs/current/
 */

import type { Alert, Jurisdiction } from '../model/alert.ts';
import { deepFreeze } from '../model/frozen.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import { TACTICS, TECHNIQUES } from './attack.ts';
import { CAVEAT, CAVEAT_ID, ownerWords } from './caveat.ts';
import { detectionText } from './detections.ts';

/** What a document says beyond the alert itself. */
export interface DocumentContext {
  /** when the document is made, Unix milliseconds; not part of the canonical alert */
  createdMs: number;
  /** raised by each commit that changes anything rendered; 1 for a run that makes an alert once */
  revision: number;
  /** a fresh state takes a new one; 0 without a state */
  generation: number;
  /** version of pollwatch and its built-in rules */
  version: string;
  status: 'new' | 'ack' | 'closed' | 'suppressed' | 'withdrawn';
  /** id of the alert of the day before that this one continues, or null */
  continues: string | null;
}

/** event.severity: the numbers of Elastic's low … critical, 0 for info. */
export const SEVERITY_NUMBERS: Readonly<Record<Level, number>> = {
  info: 0,
  low: 21,
  medium: 47,
  high: 73,
  critical: 99,
};

/** The ECS document of an alert: plain JSON values, no undefined, no null; undecoded text never. */
export function alertDocument(alert: Alert, context: DocumentContext): Record<string, unknown> {
  const { source } = alert;
  const start = new Date(alert.startMs).toISOString();
  const end = new Date(alert.endMs).toISOString();
  const categories = ['intrusion_detection', ...alert.categories];
  const summary = oneLine(alert.summary);
  return prune({
    '@timestamp': end,
    ecs: ECS,
    message: `${oneLine(alert.name)}: ${summary}`,
    event: {
      kind: 'alert',
      category: categories,
      type: ['info'],
      action: kebab(alert.name),
      code: alert.detection,
      outcome: alert.outcome === 'answered' ? 'success' : alert.outcome === 'refused' ? 'failure' : 'unknown',
      module: 'pollwatch',
      dataset: 'pollwatch.alert',
      provider: 'pollwatch',
      id: alert.id,
      start,
      end,
      duration: Math.max(0, Math.round(alert.endMs - alert.startMs)) * 1_000_000,
      created: new Date(context.createdMs).toISOString(),
      severity: SEVERITY_NUMBERS[alert.severity],
      risk_score: alert.score,
      reason: summary,
    },
    rule: rule(alert, context.version),
    threat: threat(alert.techniques),
    source:
      source === null
        ? alert.key.kind === 'as'
          ? { as: parseAs(alert.key.text) }
          : null
        : alert.key.kind === 'source'
          ? {
              ip: source.ip,
              address: source.ip,
              as: asFields(source.as),
              geo: {
                country_iso_code: source.country?.isoCode,
                country_name: source.country?.name,
                city_name: source.place?.city,
                location: source.place === null ? null : { lat: source.place.lat, lon: source.place.lon },
              },
            }
          : { as: asFields(source.as) },
    destination: {
      ip: alert.destinations.length === 1 ? alert.destinations[0] : null,
      domain: alert.hosts.length === 1 ? alert.hosts[0] : null,
      address:
        alert.hosts.length === 1 ? alert.hosts[0] : alert.destinations.length === 1 ? alert.destinations[0] : null,
      port: alert.ports.length === 1 ? alert.ports[0] : null,
    },
    network: NETWORK,
    url: {
      path: alert.paths.length === 1 ? alert.paths[0] : null,
      domain: alert.hosts.length === 1 ? alert.hosts[0] : null,
    },
    organization: { id: alert.organization.id, name: alert.organization.name },
    related: {
      ip: unique([
        ...(source === null ? [] : [source.ip, ...source.addresses]),
        ...alert.related.slice(0, 100),
        ...alert.destinations.slice(0, 20),
      ]),
      hosts: unique(alert.hosts.slice(0, 20)),
    },
    tags: TAGS,
    pollwatch: {
      schema: '1',
      day: alert.day,
      key: { kind: alert.key.kind, text: alert.key.text },
      detection: { class: detectionText(alert.detection)?.class ?? 'own_rule' },
      alert: {
        id: alert.id,
        revision: context.revision,
        generation: context.generation,
        status: context.status,
        continues: context.continues,
      },
      jurisdiction: jurisdictionFields(alert.jurisdictions ?? []),
      campaign:
        alert.campaign === undefined
          ? null
          : {
              id: alert.campaign.id,
              members: alert.campaign.members,
              first_seen: new Date(alert.campaign.firstSeenMs).toISOString(),
            },
      asset: alert.asset,
      source: {
        network:
          alert.network ??
          (alert.key.kind === 'prefix'
            ? alert.key.text
            : source !== null && source.key !== source.ip
              ? source.key
              : null),
        addresses: source === null ? null : source.addresses,
        count: Math.max(1, alert.related.length),
        class: source?.class,
        geo_db: source?.database,
        owner: source === null ? null : ownerWords(source.as),
      },
      target: { ips: alert.destinations, hosts: alert.hosts, ports: alert.ports, paths: alert.paths },
      verdict: alert.verdict,
      outcome: alert.outcome,
      threshold: alert.thresholds,
      evidence: {
        ...alert.evidence,
        status_counts: Object.fromEntries(alert.statusCounts),
        lines: alert.lines.map((line) => ({
          time: new Date(line.timeMs).toISOString(),
          origin: line.origin,
          offset: line.offset,
          text: line.text,
          matched: line.matched,
        })),
      },
      confidence: alert.confidence,
      severity: { label: alert.severity, base: alert.severityBase, modifiers: alert.severitySteps },
      explanation: {
        summary: alert.summary,
        why: alert.why,
        what_to_do: alert.whatToDo,
        not_known: alert.notKnown,
        caveat_id: CAVEAT_ID,
        caveat: CAVEAT,
      },
    },
  }) as Record<string, unknown>;
}

/**
 * The form in which two runs over the same lines are compared: all of the alert except what the run and not the lines
 * decide (names and offsets of origins), keys sorted, evidence in the order of time and text. JSON text.
 */
export function canonicalAlert(alert: Alert): string {
  const lines = alert.lines
    .map(({ timeMs, text, matched }) => ({ timeMs, text, matched }))
    .sort((a, b) => a.timeMs - b.timeMs || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return JSON.stringify(sortKeys({ ...alert, lines }));
}

/** Most severe first, then score, then the earliest, then the id: the order in which people read alerts. */
export function compareAlerts(a: Alert, b: Alert): number {
  return (
    LEVELS.indexOf(b.severity) - LEVELS.indexOf(a.severity) ||
    b.score - a.score ||
    a.startMs - b.startMs ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

const ECS = Object.freeze({ version: '9.4.0' });
const NETWORK = Object.freeze({ direction: 'inbound' });
const TAGS = Object.freeze(['pollwatch']);

/** rule.* of the alerts of one detection. */
function rule(alert: Alert, version: string): unknown {
  const { detection, name, categories, why } = alert;
  return once(`rule ${JSON.stringify([detection, name, categories, why, version])}`, () => ({
    id: detection,
    uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(detection) ? detection : null,
    name,
    category: isElection(detection) ? 'election' : categories.join('-'),
    ruleset: isElection(detection) ? 'election' : 'pollwatch',
    description: oneLine(why),
    version,
  }));
}

const isElection = (detection: string) => detection.startsWith('election.') || detection.startsWith('campaign.');

/** Parts that are remembered; forgotten all at once when full, which costs time only. */
const PARTS_MAX = 2000;
const parts = new Map<string, unknown>();

/** A part of documents that is the same for many alerts: pruned and frozen, so that whoever writes it may write it once. */
function once(name: string, make: () => object | null): unknown {
  let part = parts.get(name);
  if (part === undefined) {
    part = deepFreeze(prune(make()) ?? null);
    if (parts.size >= PARTS_MAX) parts.clear();
    parts.set(name, part);
  }
  return part;
}

/** threat.* of the alerts that name the same techniques. */
function threat(techniques: Alert['techniques']): unknown {
  return once(`threat ${JSON.stringify(techniques)}`, () => threatOf(techniques));
}

/** Parallel arrays: tactics, techniques and, where an id has a dot, subtechniques under their technique. */
function threatOf(named: Alert['techniques']): object | null {
  const tactics = new Map<string, string>();
  const techniques = new Map<string, string>();
  const subtechniques = new Map<string, { name: string; reference: string }>();
  for (const { id, name, reference } of named) {
    const parent = id.split('.')[0]!;
    const known = TECHNIQUES[parent];
    techniques.set(parent, known?.[0] ?? (parent === id ? name : parent));
    if (known !== undefined) tactics.set(TACTICS[known[1]][0], TACTICS[known[1]][1]);
    if (parent !== id) subtechniques.set(id, { name, reference });
  }
  if (techniques.size === 0) return null;
  const sub = [...subtechniques];
  return {
    framework: 'MITRE ATT&CK',
    tactic: {
      id: [...tactics.keys()],
      name: [...tactics.values()],
      reference: [...tactics.keys()].map((id) => `https://attack.mitre.org/tactics/${id}/`),
    },
    technique: {
      id: [...techniques.keys()],
      name: [...techniques.values()],
      reference: [...techniques.keys()].map((id) => `https://attack.mitre.org/techniques/${id}/`),
      subtechnique: {
        id: sub.map(([id]) => id),
        name: sub.map(([, s]) => s.name),
        reference: sub.map(([id, s]) =>
          s.reference === '' ? `https://attack.mitre.org/techniques/${id.replace('.', '/')}/` : s.reference,
        ),
      },
    },
  };
}

/** pollwatch.jurisdiction: of several organisations their ids, and the levels and parents that they have. */
function jurisdictionFields(places: readonly Jurisdiction[]): object | null {
  if (places.length === 0) return null;
  const all = (of: (place: Jurisdiction) => string | null) =>
    unique(places.map(of).filter((text) => text !== null)).sort();
  return { id: all((p) => p.id), level: all((p) => p.level), parent: all((p) => p.parent), count: places.length };
}

function asFields(as: { number: number; name: string } | null): object | null {
  return as === null ? null : { number: as.number, organization: { name: as.name } };
}

/** "AS64500 EXAMPLE-HOSTING" → source.as */
function parseAs(text: string): object | null {
  const found = /^AS(\d{1,10})(?: (.*))?$/.exec(text);
  return found === null ? null : { number: Number(found[1]), organization: { name: found[2] ?? '' } };
}

/** "Vertical port scan" → "vertical-port-scan" */
function kebab(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
}

function oneLine(text: string): string {
  // nearly every text is one line already
  return /\s\s|[^\S ]/.test(text) || text.startsWith(' ') || text.endsWith(' ')
    ? text.replace(/\s+/g, ' ').trim()
    : text;
}

function unique(list: string[]): string[] {
  return list.length < 2 ? list : [...new Set(list)];
}

const prunedParts = new WeakMap<object, unknown>();

/** A pruned part that nobody can change is made once, and is frozen as well. */
function prunedOnce(part: object): unknown {
  let pruned = prunedParts.get(part);
  if (pruned === undefined && !prunedParts.has(part)) {
    pruned = deepFreeze(pruneObject(part));
    prunedParts.set(part, pruned);
    if (typeof pruned === 'object' && pruned !== null) prunedParts.set(pruned, pruned);
  }
  return pruned;
}

/** Leaves out null, undefined, "" and what becomes empty by it; empty arrays of text as well. Shares what it can keep. */
function prune(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value !== 'object') return value;
  return Object.isFrozen(value) ? prunedOnce(value) : pruneObject(value);
}

function pruneObject(value: object): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined;
    if (value.every(isPlain)) return value;
    const list = value.map(prune).filter((item) => item !== undefined);
    return list.length === 0 ? undefined : list;
  }
  const kept: Record<string, unknown> = {};
  let isEmpty = true;
  for (const key in value) {
    const item = prune((value as Record<string, unknown>)[key]);
    if (item === undefined) continue;
    kept[key] = item;
    isEmpty = false;
  }
  return isEmpty ? undefined : kept;
}

/** A value that prune keeps as it is. */
const isPlain = (value: unknown) => (typeof value === 'string' && value !== '') || typeof value === 'number';

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const sorted: [string, unknown][] = Object.entries(value).map(([key, item]) => [key, sortKeys(item)]);
  sorted.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return Object.fromEntries(sorted);
}
