/**
 * An alert as an ECS 9.4 document: what NDJSON, Elasticsearch and every SIEM reads. Known facts go into ECS fields, ours
 * under `pollwatch.*`; `source.*` stands only where the key is one source. `related.ip` is what ECS says it is, all addresses,
 * senders first; senders alone stand in `pollwatch.source.addresses`, their networks in `pollwatch.source.network`. Field names are promised (config/schema/alert.schema.json).
 * Reference: https://www.elastic.co/guide/en/ecs/current/
 */

import { formatPrefix, parseAddress, prefixOf } from '../model/address.ts';
import type { Alert, Jurisdiction } from '../model/alert.ts';
import type { Mailing } from '../model/contact.ts';
import { deepFreeze } from '../model/frozen.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import { TACTICS, TECHNIQUES } from './attack.ts';
import { CAVEAT, CAVEAT_ID, ownerWords } from './caveat.ts';
import { detectionText } from './detections.ts';
import { fieldsTried } from './fields-tried.ts';

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
  /** who may read it on: the office's mark, the same as on its report and mails */
  tlp: Mailing['tlp'];
  /** id of the alert of the day before that this one continues, or null */
  continues: string | null;
  /** the source had an alert on an earlier day; left out where the key is no source */
  returning?: boolean;
  /** an always-on run: the alert was made for the first time at createdMs, and handled at this instant; null = not yet */
  handledMs?: number | null;
}

/** event.severity: the numbers of Elastic's low … critical, 0 for info. */
export const SEVERITY_NUMBERS: Readonly<Record<Level, number>> = {
  info: 0,
  low: 21,
  medium: 47,
  high: 73,
  critical: 99,
};

/**
 * The ECS document of an alert: plain JSON values; undecoded text never. What an alert does not have is not there: no
 * null, no empty text, list or part. Each part leaves that out itself, for pruning the whole at the end took three times
 * as long.
 */
export function alertDocument(alert: Alert, context: DocumentContext): Record<string, unknown> {
  const { source } = alert;
  const start = new Date(alert.startMs).toISOString();
  const end = new Date(alert.endMs).toISOString();
  const summary = oneLine(alert.summary);
  const destination = alert.destinations.length === 1 ? text(alert.destinations[0]) : undefined;
  const domain = alert.hosts.length === 1 ? text(alert.hosts[0]) : undefined;
  const senders = source !== null && alert.key.kind === 'source' ? source.addresses : alert.related;
  return part({
    '@timestamp': end,
    ecs: ECS,
    message: `${oneLine(alert.name)}: ${summary}`,
    event: part({
      kind: 'alert',
      category: ['intrusion_detection', ...alert.categories],
      type: TYPE,
      action: text(kebab(alert.name)),
      code: text(alert.detection),
      outcome: alert.outcome === 'answered' ? 'success' : alert.outcome === 'refused' ? 'failure' : 'unknown',
      module: 'pollwatch',
      dataset: 'pollwatch.alert',
      provider: 'pollwatch',
      id: text(alert.id),
      start,
      end,
      duration: Math.max(0, Math.round(alert.endMs - alert.startMs)) * 1_000_000,
      created: new Date(context.createdMs).toISOString(),
      severity: SEVERITY_NUMBERS[alert.severity],
      risk_score: alert.score,
      reason: text(summary),
    }),
    rule: rule(alert, context.version),
    threat: threat(alert.techniques),
    source: sourceFields(alert),
    destination: part({
      ip: destination,
      domain,
      address: domain ?? destination,
      port: alert.ports.length === 1 ? alert.ports[0] : undefined,
    }),
    network: NETWORK,
    url: part({ path: alert.paths.length === 1 ? text(alert.paths[0]) : undefined, domain }),
    organization: part({ id: text(alert.organization.id), name: text(alert.organization.name) }),
    related: part({
      // ECS: all addresses of the event; senders come first, and pollwatch.source.addresses has them alone
      ip: texts(unique([...senders, ...alert.destinations.slice(0, 20)])),
      hosts: texts(unique(alert.hosts.slice(0, 20))),
    }),
    tags: TAGS,
    pollwatch: part({
      schema: '1',
      tlp: context.tlp,
      day: text(alert.day),
      key: part({ kind: alert.key.kind, text: text(alert.key.text) }),
      detection: { class: detectionText(alert.detection)?.class ?? 'own_rule' },
      alert: part({
        id: text(alert.id),
        revision: context.revision,
        generation: context.generation,
        status: context.status,
        continues: text(context.continues),
        acknowledged_at: instantOf(context.handledMs),
      }),
      jurisdiction: jurisdictionFields(alert.jurisdictions ?? []),
      campaign: campaignFields(alert),
      asset: assetFields(alert),
      window:
        alert.window === undefined
          ? undefined
          : part({ election_id: text(alert.window.electionId), phase: alert.window.phase }),
      source: part({
        network: networksOf(alert),
        addresses: texts(senders),
        count: Math.max(1, alert.related.length),
        ...classFields(source),
        geo_db: text(source?.database),
        owner: source === null ? undefined : text(ownerWords(source.as)),
        returning: context.returning,
      }),
      target: part({
        ips: texts(alert.destinations),
        hosts: texts(alert.hosts),
        ports: alert.ports.length === 0 ? undefined : alert.ports,
        paths: texts(alert.paths),
      }),
      verdict: part({ term: alert.verdict.term, basis: texts(alert.verdict.basis) }),
      outcome: alert.outcome,
      threshold: texts(alert.thresholds),
      evidence: evidenceFields(alert),
      confidence: part({ level: alert.confidence.level, basis: texts(alert.confidence.basis) }),
      severity: part({ label: alert.severity, base: alert.severityBase, modifiers: texts(alert.severitySteps) }),
      explanation: part({
        summary: text(alert.summary),
        why: text(alert.why),
        what_to_do: texts(alert.whatToDo),
        not_known: texts(alert.notKnown),
        caveat_id: CAVEAT_ID,
        caveat: CAVEAT,
      }),
      ...handlingFields(alert, context),
    }),
  }) as Record<string, unknown>;
}

/** Seconds from the first line to the alert, and from the alert to the latest word about it; of always-on runs only. */
function handlingFields({ startMs }: Alert, { createdMs, handledMs }: DocumentContext): object {
  if (handledMs === undefined) return {};
  const seconds = (ms: number) => Math.max(0, Math.round(ms / 1000));
  return {
    mttd_s: seconds(createdMs - startMs),
    ...(handledMs === null ? {} : { mtta_s: seconds(handledMs - createdMs) }),
  };
}

function instantOf(ms: number | null | undefined): string | undefined {
  return ms === null || ms === undefined ? undefined : new Date(ms).toISOString();
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

const VERDICT_RANK = { tailored: 0, cannot_tell: 1, noise: 2 } as const;

/** What was answered before what was not, what is aimed at us before what may be and what is noise. */
export function compareWorth(
  a: { readonly isAnswered: boolean; readonly term: Alert['verdict']['term'] },
  b: { readonly isAnswered: boolean; readonly term: Alert['verdict']['term'] },
): number {
  return Number(b.isAnswered) - Number(a.isAnswered) || VERDICT_RANK[a.term] - VERDICT_RANK[b.term];
}

const worthOf = ({ outcome, verdict: { term } }: Alert) => ({ isAnswered: outcome === 'answered', term });

/**
 * Most severe first, at equal severity what was answered and what is aimed at us, then score, then the earliest, then
 * the id: the order in which people read alerts.
 */
export function compareAlerts(a: Alert, b: Alert): number {
  return (
    LEVELS.indexOf(b.severity) - LEVELS.indexOf(a.severity) ||
    compareWorth(worthOf(a), worthOf(b)) ||
    b.score - a.score ||
    a.startMs - b.startMs ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

/** Blocks of senders that a document names of an alert of many. */
const NETWORKS_MAX = 20;

const ECS = Object.freeze({ version: '9.4.0' });
const NETWORK = Object.freeze({ direction: 'inbound' });
const TAGS = Object.freeze(['pollwatch']);
const TYPE = Object.freeze(['info']);

/** source.* of an alert whose key is a source; of a prefix or a network its owner alone. */
function sourceFields({ key, source }: Alert): object | undefined {
  if (source === null) return key.kind === 'as' ? part({ as: parseAs(key.text) }) : undefined;
  const as = source.as === null ? undefined : asFields(source.as);
  if (key.kind !== 'source') return part({ as });
  const { country, place } = source;
  return part({
    ip: text(source.ip),
    address: text(source.ip),
    as,
    geo: part({
      country_iso_code: text(country?.isoCode),
      country_name: text(country?.name),
      city_name: text(place?.city),
      location: place === null ? undefined : { lat: place.lat, lon: place.lon },
    }),
  });
}

/** pollwatch.source.network: the network that an alert is about; where several senders are one alert's, their blocks. */
function networksOf({ network, key, source, related }: Alert): string | readonly string[] | undefined {
  const known = network ?? (key.kind === 'prefix' ? key.text : null);
  if (known !== null) return text(known);
  if (key.kind === 'source') return source !== null && source.key !== source.ip ? text(source.key) : undefined;
  return texts(unique(related.map(blockOf)).slice(0, NETWORKS_MAX));
}

/** "198.51.100.7" → "198.51.100.0/24", "2001:db8:1:2::3" → "2001:db8:1::/48" */
function blockOf(address: string): string {
  const found = parseAddress(address);
  if (found === null) return address;
  const { hi, lo } = 'v4' in found ? prefixOf(0, found.v4) : prefixOf(found.v6[0], found.v6[1]);
  return formatPrefix(hi, lo);
}

function evidenceFields(alert: Alert): object | undefined {
  const fields = alert.categories.includes('web') ? fieldsTried(alert.lines) : [];
  return part({
    ...alert.evidence,
    fields_tried: fields.length === 0 ? undefined : fields,
    status_counts: alert.statusCounts.length === 0 ? undefined : Object.fromEntries(alert.statusCounts),
    lines:
      alert.lines.length === 0
        ? undefined
        : alert.lines.map((line) =>
            part({
              time: new Date(line.timeMs).toISOString(),
              origin: text(line.origin),
              offset: line.offset,
              text: text(line.text),
              matched: text(line.matched),
            }),
          ),
  });
}

/** rule.* of the alerts of one detection. */
function rule(alert: Alert, version: string): unknown {
  const { detection, name, categories, why } = alert;
  return once(`rule ${JSON.stringify([detection, name, categories, why, version])}`, () =>
    part({
      id: text(detection),
      uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(detection) ? detection : undefined,
      name: text(name),
      category: isElection(detection) ? 'election' : text(categories.join('-')),
      ruleset: isElection(detection) ? 'election' : 'pollwatch',
      description: text(oneLine(why)),
      version: text(version),
    }),
  );
}

const isElection = (detection: string) => detection.startsWith('election.') || detection.startsWith('campaign.');

/** Parts that are remembered; forgotten all at once when full, which costs time only. */
const PARTS_MAX = 2000;
const parts = new Map<string, unknown>();

/** A part of documents that is the same for many alerts: frozen, so that whoever writes it may write it once. */
function once(name: string, make: () => object | undefined): unknown {
  let known = parts.get(name);
  if (known === undefined && !parts.has(name)) {
    known = deepFreeze(make());
    if (parts.size >= PARTS_MAX) parts.clear();
    parts.set(name, known);
  }
  return known;
}

/** threat.* of the alerts that name the same techniques. */
function threat(techniques: Alert['techniques']): unknown {
  return once(`threat ${JSON.stringify(techniques)}`, () => threatOf(techniques));
}

/** Parallel arrays: tactics, techniques and, where an id has a dot, subtechniques under their technique. */
function threatOf(named: Alert['techniques']): object | undefined {
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
  if (techniques.size === 0) return undefined;
  const sub = [...subtechniques];
  return part({
    framework: 'MITRE ATT&CK',
    tactic: part({
      id: texts([...tactics.keys()]),
      name: texts([...tactics.values()]),
      reference: texts([...tactics.keys()].map((id) => `https://attack.mitre.org/tactics/${id}/`)),
    }),
    technique: part({
      id: texts([...techniques.keys()]),
      name: texts([...techniques.values()]),
      reference: [...techniques.keys()].map((id) => `https://attack.mitre.org/techniques/${id}/`),
      subtechnique: part({
        id: texts(sub.map(([id]) => id)),
        name: texts(sub.map(([, s]) => s.name)),
        reference: texts(
          sub.map(([id, s]) =>
            s.reference === '' ? `https://attack.mitre.org/techniques/${id.replace('.', '/')}/` : s.reference,
          ),
        ),
      }),
    }),
  });
}

/** pollwatch.jurisdiction: of several organisations their ids, and the levels and parents that they have. */
function jurisdictionFields(places: readonly Jurisdiction[]): object | undefined {
  if (places.length === 0) return undefined;
  const all = (of: (place: Jurisdiction) => string | null) =>
    texts(unique(places.map(of).filter((value) => value !== null)).sort());
  return part({ id: all((p) => p.id), level: all((p) => p.level), parent: all((p) => p.parent), count: places.length });
}

function campaignFields({ campaign }: Alert): object | undefined {
  if (campaign === undefined) return undefined;
  const { id, members, firstSeenMs } = campaign;
  return part({ id: text(id), members, first_seen: new Date(firstSeenMs).toISOString() });
}

function assetFields({ asset }: Alert): object | undefined {
  if (asset === null) return undefined;
  const { id, name, kind, criticality, sensitivity } = asset;
  return part({
    id: text(id),
    name: text(name),
    kind: text(kind),
    criticality: text(criticality),
    sensitivity: text(sensitivity),
  });
}

/**
 * Three facts that are never one: what it claims to be, who it is listed as, whom the office has authorised. The class is
 * the strongest of the last two; a claim makes none.
 */
function classFields(source: Alert['source']): Record<string, unknown> {
  if (source === null) return {};
  const { class: claim, listed, authorized } = source;
  const basis = [
    ...(claim === null ? [] : [`it ${claim}`]),
    ...(listed === undefined ? [] : [`listed as ${listed.name} in ${listed.list} of ${listed.date}`]),
    ...(authorized === undefined ? [] : [`authorised in your inventory as ${authorized}`]),
  ];
  return {
    class: authorized !== undefined ? 'authorized' : listed !== undefined ? 'benign_scanner' : undefined,
    claimed_as: text(claim),
    listed_as: text(listed?.name),
    authorized_as: text(authorized),
    class_basis: texts(basis),
  };
}

function asFields(as: { number: number; name: string }): object {
  return part({ number: as.number, organization: part({ name: text(as.name) }) })!;
}

/** "AS64500 EXAMPLE-HOSTING" → source.as */
function parseAs(words: string): object | undefined {
  const found = /^AS(\d{1,10})(?: (.*))?$/.exec(words);
  return found === null ? undefined : asFields({ number: Number(found[1]), name: found[2] ?? '' });
}

/** "Vertical port scan" → "vertical-port-scan" */
function kebab(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
}

function oneLine(words: string): string {
  // nearly every text is one line already
  return / {2}|[^\S ]/.test(words) || words.startsWith(' ') || words.endsWith(' ')
    ? words.replace(/\s+/g, ' ').trim()
    : words;
}

function unique(list: string[]): string[] {
  return list.length < 2 ? list : [...new Set(list)];
}

/** A text, or undefined where there is none. */
function text(value: string | null | undefined): string | undefined {
  return value === null || value === '' ? undefined : value;
}

/** The texts of a list that are not empty, or undefined where there is none. */
function texts(list: readonly string[]): readonly string[] | undefined {
  const kept = list.includes('') ? list.filter((value) => value !== '') : list;
  return kept.length === 0 ? undefined : kept;
}

/** What a part of a document has: the part itself, a copy without what it lacks, or undefined where it lacks everything. */
function part<T extends object>(fields: T): T | undefined {
  let given = 0;
  let missing = 0;
  for (const name in fields) {
    if (fields[name] === undefined) missing++;
    else given++;
  }
  if (missing === 0 || given === 0) return given === 0 ? undefined : fields;
  const kept: Partial<T> = {};
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept as T;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const sorted: [string, unknown][] = Object.entries(value).map(([key, item]) => [key, sortKeys(item)]);
  sorted.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return Object.fromEntries(sorted);
}
