/**
 * An alert as an ECS 9.4 document: what NDJSON, Elasticsearch and every SIEM reads. Known facts go into ECS fields, ours
 * under `pollwatch.*`; `source.*` stands only where the key is one source. `related.ip` is what ECS says it is, all addresses,
 * senders first; senders alone stand in `pollwatch.source.addresses`, their networks in `pollwatch.source.network`. Field names are promised (config/schema/alert.schema.json).
 * Reference: https://www.elastic.co/guide/en/ecs/current/
 */

import type { Alert, Jurisdiction } from '../model/alert.ts';
import type { Mailing } from '../model/contact.ts';
import type { Level } from '../model/rule.ts';
import { CAVEAT, CAVEAT_ID, ownerWords } from './caveat.ts';
import { detectionText } from './detections.ts';
import { once, oneLine, part, text, texts, unique } from './document-parts.ts';
import { fieldsTried } from './fields-tried.ts';
import { classFields, networksOf, sourceFields } from './source-fields.ts';
import { threatFields } from './threat-fields.ts';

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
    threat: threatFields(alert.techniques),
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
        asset: alert.systems === undefined ? undefined : targetAssets(alert.systems),
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

const ECS = Object.freeze({ version: '9.4.0' });
const NETWORK = Object.freeze({ direction: 'inbound' });
const TAGS = Object.freeze(['pollwatch']);
const TYPE = Object.freeze(['info']);

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

/** pollwatch.target.asset: all systems that an alert touched, where there are several. */
function targetAssets(systems: NonNullable<Alert['systems']>): object | undefined {
  return part({ id: texts(systems.map(({ id }) => id)), name: texts(unique(systems.map(({ name }) => name))) });
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

/** "Vertical port scan" → "vertical-port-scan" */
function kebab(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
}
