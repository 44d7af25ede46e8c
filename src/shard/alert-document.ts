/**
 * The document of an alert, or of what is left of one that was taken back, with its version and what is kept of it.
 */
import { hash } from 'node:crypto';
import { detectionText } from '../alerts/detections.ts';
import { alertDocument } from '../alerts/ecs.ts';
import type { Decision } from '../detect/decision.ts';
import { indexOf } from '../elastic/index-names.ts';
import type { Enricher } from '../enrich/enricher.ts';
import type { Alert } from '../model/alert.ts';
import type { ShardDocument } from '../queue/shard-store.ts';
import type { CompiledRuleSet } from '../rules/rule-set.ts';
import type { ShardSetting } from './shard.ts';
import type { Brief, Status, Telltale, Told } from './told-alert.ts';

/** An external version is generation × REVISIONS + revision. */
export const REVISIONS = 2 ** 32;

/** What documents are made with. */
export interface TellingSetting extends ShardSetting {
  readonly organization: { readonly id: string; readonly name: string };
  /** id of the organisation that is told of sources with an alert, or null */
  readonly parent: string | null;
  readonly ruleSet: CompiledRuleSet;
  readonly enricher: Enricher;
  /** first part of index names */
  readonly indexPrefix: string;
  /** version of pollwatch */
  readonly version: string;
}

/** What a document says beside its alert. */
export interface Saying {
  /** digest of what it is made from, see `fingerprintOf` */
  readonly fingerprint: string;
  readonly status: Status;
  /** id of the alert of the day before that it continues, or null */
  readonly continues: string | null;
  /** its source had an alert on an earlier day; undefined where the key is no source */
  readonly returning?: boolean | undefined;
  /** when something was said about it last, Unix ms, or null */
  readonly handledMs: number | null;
  /** it is built on alerts of several organisations */
  readonly isShared?: true;
}

/** Who told what before, and when it is told. */
export interface ToldBefore {
  readonly told: ReadonlyMap<string, Told>;
  readonly nowMs: number;
  readonly generation: number;
}

/** A document that is to be committed. */
export type AlertDocument = ShardDocument & { readonly more: Telltale };

/** The document of an alert of a day, by its number. */
export function documentOf(
  alert: Alert,
  { fingerprint, status, continues, returning, handledMs, isShared }: Saying,
  day: number,
  { told, nowMs, generation }: ToldBefore,
  { indexPrefix, version, organization, inventory }: TellingSetting,
): AlertDocument {
  const known = told.get(alert.id);
  const next = Math.max((known?.v ?? 0) + 1, generation * REVISIONS + 1);
  const created = known?.created ?? nowMs;
  const back = returning === undefined ? {} : { returning };
  const { tlp } = inventory.mailing;
  const context = { createdMs: created, version, status, continues, handledMs, tlp, ...back };
  const unversioned = JSON.stringify(alertDocument(alert, { ...context, revision: 0, generation: 0 }));
  const { detection, name, key, startMs, endMs, severity, score, categories, summary } = alert;
  return {
    id: alert.id,
    index: indexOf(indexPrefix, 'alerts', organization.id, alert.day),
    version: next,
    digest: hash('sha256', unversioned, 'base64url').slice(0, 22),
    body: withVersion(unversioned, next % REVISIONS, Math.floor(next / REVISIONS)),
    more: {
      f: fingerprint,
      status,
      day,
      created,
      continues,
      ...back,
      ...(isShared === true && { isShared }),
      ...(known?.fd !== undefined && { fv: known.fv!, fd: known.fd, fk: known.fk! }),
      brief: { detection, name, key, startMs, endMs, severity, score, categories, summary, label: alert.day },
    },
  };
}

/** How a document that has no version yet says so; within a text of JSON its quotation marks would be escaped. */
const UNVERSIONED = '"revision":0,"generation":0';

function withVersion(unversioned: string, revision: number, generation: number): string {
  const at = unversioned.indexOf(UNVERSIONED);
  if (at < 0) throw new Error('a document has no place for its version');
  const rest = unversioned.slice(at + UNVERSIONED.length);
  return `${unversioned.slice(0, at)}"revision":${revision},"generation":${generation}${rest}`;
}

/** Digest of everything that a document is made from; its lines are named, not read. */
export function fingerprintOf(alert: Alert, { exhibit }: Decision, grave: boolean, setting: TellingSetting): string {
  const { version, inventory } = setting;
  const lines = grave ? exhibit.lines : exhibit.lines.slice(0, 1);
  const made = [version, inventory.mailing.tlp, alert, grave, lines];
  return hash('sha256', JSON.stringify(made), 'base64url').slice(0, 22);
}

/** An alert of which nothing is left but what was told in brief. */
export function bareAlert(id: string, { label, ...brief }: Brief, organization: Alert['organization']): Alert {
  return {
    ...brief,
    id,
    day: label,
    organization,
    asset: null,
    severityBase: brief.severity,
    severitySteps: ['later lines took this back'],
    confidence: { level: 'low', basis: ['with all lines of its time, the threshold is not reached'] },
    verdict: { term: 'cannot_tell', basis: [] },
    outcome: 'tried',
    techniques: [],
    source: null,
    related: [],
    network: brief.key.kind === 'prefix' ? brief.key.text : null,
    destinations: [],
    ports: [],
    paths: [],
    hosts: [],
    evidence: {},
    statusCounts: [],
    thresholds: [],
    lines: [],
    why: detectionText(brief.detection)?.why ?? 'A rule of your own matched.',
    whatToDo: ['Nothing: this alert was taken back.'],
    notKnown: [],
  };
}
