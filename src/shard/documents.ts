/**
 * What a shard tells: its alerts as documents for the index, each with a version. A document is made again only when
 * something in it changed. What later lines can take back is told when its window is past; an alert that no longer holds
 * becomes a revision that says so; one of a day that is no longer open stands as it was last told.
 *
 *   shard + what was told so far → documents with id, index and version; alerts that nothing can change any more
 */
import { hash } from 'node:crypto';
import { detectionText } from '../alerts/detections.ts';
import { alertDocument, type DocumentContext } from '../alerts/ecs.ts';
import { firstDays, hasReturned, idOfDayBefore } from '../alerts/identity.ts';
import type { Decision } from '../detect/decision.ts';
import { decideAcross } from '../detect/members/index.ts';
import { indexOf } from '../elastic/index-names.ts';
import type { Enricher } from '../enrich/enricher.ts';
import type { DrillResult } from '../mail/drill-mail.ts';
import type { AlertState } from '../mail/mailable.ts';
import { settleState } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import type { Fact, Member, Sighting } from '../model/fact.ts';
import { DAY, dayStart } from '../model/time.ts';
import type { Revision, ShardDocument } from '../queue/shard-store.ts';
import type { CompiledRuleSet } from '../rules/rule-set.ts';
import { alertMaker } from '../run/alerting.ts';
import { withoutThoseOf } from '../run/campaigns.ts';
import { collectEvidence, type Evidence, type EvidenceOrigin } from '../run/evidence.ts';
import { gradeAll, gravest } from '../run/grading.ts';
import type { Surroundings } from '../run/naming.ts';
import { decideAll } from '../run/pipeline.ts';
import { isWorthTelling, sightingOf } from '../run/sightings.ts';
import { type AlertMemory, createAlertMemory, rememberingMaker } from './alert-memory.ts';
import { drillOf } from './drill.ts';
import { areFactsForgotten, factsMayChange, sightingsIn } from './fact-set.ts';
import { factDigest, type ToldFact } from './facts.ts';
import { lookBackDays, mayChange, type Shard, type ShardSetting } from './shard.ts';

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

type Status = DocumentContext['status'];
type Sharing = Pick<Telltale, 'isShared'>;
/** Enough of an alert to say that it no longer holds. */
type Brief = Pick<
  Alert,
  'detection' | 'name' | 'key' | 'startMs' | 'endMs' | 'severity' | 'score' | 'categories' | 'summary'
> & { readonly label: string };

/** What is kept of what was told, besides version and digest. */
export interface Telltale extends ToldFact {
  /** digest of what the document was made from */
  readonly f: string;
  readonly status: Status;
  /** number of the alert's day */
  readonly day: number;
  /** Unix ms of the machine when it was told first */
  readonly created: number;
  /** id of the alert of the day before that it continues, or null */
  readonly continues: string | null;
  /** its source had an alert on an earlier day */
  readonly returning?: boolean;
  /** it is built on alerts of several organisations */
  readonly isShared?: true;
  readonly brief: Brief;
}
export type Told = Revision & Telltale;

/** When documents are made, and what was told before. */
export interface Telling {
  /** windows that end before this instant are past; +Infinity when no line can come any more */
  readonly closedMs: number;
  /** Unix ms of the machine, for event.created */
  readonly nowMs: number;
  readonly generation: number;
  /** by alert id */
  readonly told: ReadonlyMap<string, Told>;
  /** lines by origin number, read again */
  readonly evidence: ReadonlyMap<number, EvidenceOrigin>;
  /** of the tellings before, of the same shard under the same setting */
  readonly memory?: AlertMemory;
}

/** What is to be committed, and how many alerts there are. */
export interface Tidings {
  documents: (ShardDocument & { readonly more: Telltale })[];
  /** ids of alerts that nothing can change any more */
  forgotten: string[];
  /** alerts that were decided from something else and read the same, with the new digest of what it was */
  same: { id: string; f: string }[];
  /** what the parent is told; their revisions go on from those of the documents */
  facts: { readonly fact: Fact; readonly to: string; readonly more: ToldFact }[];
  /** alerts that were told and stand, without their lines */
  alerts: Alert[];
  /** the same as people are mailed about them, and those that were taken back */
  states: AlertState[];
  /** drills that were recognised; of them nothing else is told */
  drills: DrillResult[];
  /** alerts that stand, and the end of the latest of them, Unix ms */
  standing: number;
  latestMs: number | null;
  /** of these, how many wait for their window to pass */
  waiting: number;
}

/** An alert that stands, without its lines yet. */
interface Candidate {
  alert: Alert;
  decision: Decision;
  grave: boolean;
  fingerprint: string;
  status: Status;
  continues: string | null;
  /** its source had an alert on an earlier day; undefined where the key is no source */
  returning?: boolean;
  /** when something was said about it last, Unix ms, or null */
  handledMs: number | null;
}

type Standing = Pick<Candidate, 'alert' | 'status' | 'continues'>;

const NO_LINES: Evidence = { lines: [], paths: [], given: [] };

/** Documents of all alerts that are new or changed. Settles the shard's state; changes nothing else. */
export async function tell(shard: Shard, setting: TellingSetting, telling: Telling): Promise<Tidings> {
  const { inventory, ruleSet, enricher, organization } = setting;
  const { told, memory = createAlertMemory() } = telling;
  settleState(shard.state);
  const asOf = (hi: number, lo: number) => enricher.owner(hi, lo)?.number ?? 0;
  const decided = decideAll(shard.state, ruleSet, inventory, asOf, { sources: memory.sources });
  const grades = new Map(decided.decisions.map((decision, i) => [decision, decided.severities[i]!]));
  // what was made an alert of before is no drill
  const isDrill = (d: Decision) => !memory.made.has(d) && drillCodeOf(d, setting) !== null;
  const drills = decided.decisions.filter(isDrill);
  const own = drills.length === 0 ? decided.decisions : decided.decisions.filter((d) => !isDrill(d));
  const sighted = (d: Decision) => sightingOf(d, grades.get(d)!, memberOf(setting), inventory);
  const across = acrossMembers(shard, own, sighted, setting, telling.closedMs, asOf);
  for (const [i, severity] of gradeAll(across, inventory).entries()) grades.set(across[i]!, severity);
  const decisions = [...withoutThoseOf(own, across), ...across];
  const severities = decisions.map((d) => grades.get(d)!);
  const grave = gravest(severities);
  const around: Surroundings = { state: shard.state, inventory, enricher, organizations: [organization] };

  const make = alertMaker(around);
  const remake = rememberingMaker(memory, shard.state, (decision, severity, isGrave) => {
    const alert = make(decision, severity, NO_LINES);
    return alert === null ? null : { alert, fingerprint: fingerprintOf(alert, decision, isGrave, setting) };
  });
  const facts: Tidings['facts'] = [];
  const tellParent = (id: string, sighting: Sighting | null, key: Fact['key'], endMs: number) => {
    const { parent: to } = setting;
    const known = told.get(id);
    if (to === null || (known?.fd === undefined && (sighting === null || !isWorthTelling(sighting)))) return;
    const fd = factDigest(to, sighting);
    if (fd === known?.fd) return;
    const fv = Math.max((known?.fv ?? 0) + 1, telling.generation * REVISIONS + 1);
    facts.push({ fact: { id, version: fv, key, endMs, sighting }, to, more: { fv, fd, fk: key } });
  };

  const standing = new Map<string, Candidate>();
  const due: Candidate[] = [];
  for (const [i, decision] of decisions.entries()) {
    const made = remake(decision, severities[i]!, grave[i]!);
    if (made === null) continue;
    const { alert, fingerprint } = made;
    const ack = shard.acks.get(alert.id);
    const status = ack?.status ?? 'new';
    const handledMs = ack === undefined || status === 'new' ? null : ack.atMs;
    const candidate: Candidate = { alert, decision, grave: grave[i]!, fingerprint, status, continues: null, handledMs };
    standing.set(alert.id, candidate);
    const isNew = mayChangeStill(shard, setting, decision) && isPast(decision, telling.closedMs);
    if (!isNew && !isToldStill(told.get(alert.id))) continue;
    due.push(candidate);
    if (setting.parent === null || !mayChangeStill(shard, setting, decision)) continue;
    const sighting = sighted(decision);
    if (sighting === null) continue;
    const { hi, lo, endMs } = sighting;
    tellParent(alert.id, status === 'suppressed' ? null : sighting, [hi, lo], endMs);
  }
  const isThere = new Set(due.map((c) => c.alert.id));
  const gone = [...told].filter(([id]) => !standing.has(id)).map(([, was]) => was);
  const isBack = (was: Told) => isTakenBack(was, shard, setting);
  const first = firstDays([...due.map(({ alert }) => alert), ...gone.filter((was) => !isBack(was)).map(briefly)]);
  const takenBack = firstDays(gone.filter(isBack).map(briefly));
  for (const c of due) {
    const before = idOfDayBefore(c.alert);
    if (isThere.has(before) || (!standing.has(before) && isToldStill(told.get(before)))) c.continues = before;
    Object.assign(c, hasReturned(c.alert, first));
    // the earlier alert may be forgotten by now; unless it was taken back, it is true all the same
    if (told.get(c.alert.id)?.returning === true && hasReturned(c.alert, takenBack).returning === false)
      c.returning = true;
  }

  const changed = due.filter((c) => isChanged(c, told.get(c.alert.id), shard, setting));
  const evidence = await collectEvidence(
    changed.map((c) => c.decision),
    changed.map((c) => c.grave),
    telling.evidence,
    ruleSet,
    inventory,
    setting.secret,
  );
  const tidings: Tidings = {
    documents: [],
    forgotten: [],
    same: [],
    facts,
    alerts: due.map((c) => c.alert),
    states: [],
    drills: drillsIn(drills, setting, telling.closedMs),
    standing: standing.size,
    latestMs: standing.size === 0 ? null : [...standing.values()].reduce((ms, c) => Math.max(ms, c.alert.endMs), 0),
    waiting: standing.size - due.length,
  };
  for (const [i, c] of changed.entries()) {
    const alert = make(c.decision, grades.get(c.decision)!, evidence[i]!)!;
    const sharing: Sharing = c.decision.shared === undefined ? {} : { isShared: true };
    const document = documentOf(alert, { ...c, ...sharing }, c.decision.day, telling, setting);
    const known = told.get(alert.id);
    if (document.digest !== known?.d) tidings.documents.push(document);
    else tidings.same.push({ id: alert.id, f: c.fingerprint });
  }
  const withdrawn: Standing[] = [];
  for (const [id, was] of told) {
    if (standing.has(id)) continue;
    if (isForgotten(shard, setting, was)) tidings.forgotten.push(id);
    else if (isTakenBack(was, shard, setting)) {
      const alert = bareAlert(id, was.brief, organization);
      const sharing: Sharing = was.isShared === undefined ? {} : { isShared: true };
      const back = was.returning === undefined ? {} : { returning: was.returning };
      const { continues } = was;
      const taken = { fingerprint: '', status: 'withdrawn', continues, handledMs: null, ...back, ...sharing } as const;
      withdrawn.push({ alert, ...taken });
      // also where it is withdrawn already: facts are committed after documents, and whoever did it may have died between
      if (was.fk !== undefined) tellParent(id, null, was.fk, was.brief.endMs);
      if (was.status === 'withdrawn') continue;
      tidings.documents.push(documentOf(alert, taken, was.day, telling, setting));
    }
  }
  const made = new Map(tidings.documents.map(({ id, version }) => [id, version]));
  tidings.states = [...due, ...withdrawn].map((c) => stateOf(c, made, telling));
  return tidings;
}

/** Whether an alert that was told and does not stand any more was, or has to be, taken back; else it stands as it was told. */
function isTakenBack(was: Told, shard: Shard, setting: TellingSetting): boolean {
  if (isForgotten(shard, setting, was)) return false;
  return was.status === 'withdrawn' || mayChangeToday(shard, setting, was);
}

const briefly = ({ brief }: Told): Pick<Alert, 'key' | 'day'> => ({ key: brief.key, day: brief.label });

function drillCodeOf({ key }: Decision, { secret }: TellingSetting): string | null {
  return key.kind === 'source' ? drillOf(secret, key.hi, key.lo) : null;
}

function drillsIn(decisions: readonly Decision[], setting: TellingSetting, closedMs: number): DrillResult[] {
  const found = Map.groupBy(
    decisions.filter((decision) => isPast(decision, closedMs)),
    (decision) => drillCodeOf(decision, setting),
  );
  return [...found].flatMap(([code, parts]) =>
    code === null
      ? []
      : [
          {
            code,
            atMs: parts.reduce((ms, { endMs }) => Math.max(ms, endMs), 0),
            seen: [
              ...new Set(parts.map(({ detection, rule }) => detectionText(detection)?.name ?? rule?.name ?? detection)),
            ],
          },
        ],
  );
}

/** How an alert stands once the documents of these tidings are committed; `made` are their versions. */
function stateOf(
  { alert, status, continues }: Standing,
  made: ReadonlyMap<string, number>,
  { told, nowMs }: Telling,
): AlertState {
  const known = told.get(alert.id);
  const revision = made.get(alert.id) ?? known?.v ?? 0;
  return { alert, revision, status, continues, firstMs: known?.created ?? nowMs };
}

function isToldStill(told: Told | undefined): boolean {
  return told !== undefined && told.status !== 'withdrawn';
}

/** Digest of everything that a document is made from; its lines are named, not read. */
function fingerprintOf(alert: Alert, { exhibit }: Decision, grave: boolean, setting: TellingSetting): string {
  const { version, inventory } = setting;
  const lines = grave ? exhibit.lines : exhibit.lines.slice(0, 1);
  const made = [version, inventory.mailing.tlp, alert, grave, lines];
  return hash('sha256', JSON.stringify(made), 'base64url').slice(0, 22);
}

function isChanged(c: Candidate, told: Told | undefined, shard: Shard, setting: ShardSetting): boolean {
  if (told === undefined || told.status === 'withdrawn' || told.status !== c.status) return true;
  if (told.f === c.fingerprint && told.continues === c.continues && told.returning === c.returning) return false;
  return mayChangeStill(shard, setting, c.decision);
}

/** Whether all that a decision is taken from is still there. */
function mayChangeStill(shard: Shard, setting: ShardSetting, d: Decision): boolean {
  return d.shared === undefined
    ? mayChange(shard, setting, categoriesOf(d), d.day)
    : factsMayChange(shard.facts, setting.inventory.dayStartMs, d.day);
}

/** The same of what was told. */
function mayChangeToday(shard: Shard, setting: ShardSetting, { isShared, brief, day }: Told): boolean {
  return isShared === undefined
    ? mayChange(shard, setting, brief.categories, day)
    : factsMayChange(shard.facts, setting.inventory.dayStartMs, day);
}

/** Decisions over what members told, this organisation's own alerts among them, as far as they are past. */
function acrossMembers(
  { facts }: Shard,
  own: readonly Decision[],
  sighted: (d: Decision) => Sighting | null,
  { inventory }: TellingSetting,
  closedMs: number,
  asOf: (hi: number, lo: number) => number,
): Decision[] {
  if (facts.facts.size === 0) return [];
  const ours = own.map((d) => (isPast(d, closedMs) ? sighted(d) : null)).filter((s) => s !== null);
  const isOff = (d: Decision) => inventory.detections.get(d.detection)?.off === true;
  const scene = { dayStartMs: inventory.dayStartMs, asOf };
  return decideAcross([...sightingsIn(facts), ...ours], scene).filter((d) => !isOff(d));
}

function memberOf({ organization, inventory }: TellingSetting): Member {
  const { level, parent } = inventory.organization;
  return { ...organization, level, parent };
}

function categoriesOf(d: Decision): readonly ('network' | 'web')[] {
  const known = detectionText(d.detection)?.categories;
  if (known !== undefined) return known;
  if (d.rule !== undefined && 'category' in d.rule) return [d.rule.category];
  return [d.numbers['packets'] === undefined ? 'web' : 'network'];
}

/** Whether a day is so far back that nothing of it is in the state. */
function isForgotten({ open, facts }: Shard, { inventory, ruleSet }: ShardSetting, { day, isShared }: Told): boolean {
  if (isShared) return areFactsForgotten(facts, inventory.dayStartMs, day);
  const since = Math.max(open.packetsMs, open.requestsMs) - lookBackDays(ruleSet) * DAY;
  return dayStart(day + 1, inventory.dayStartMs) <= since;
}

/** Whether later lines can no longer take back what a decision says, nor any of those that it is built on. */
function isPast(d: Decision, closedMs: number): boolean {
  const closes = detectionText(d.detection)?.closesMs ?? 0;
  const settlesMs = Math.max(closes === 0 ? Number.NEGATIVE_INFINITY : d.startMs + closes, d.settlesMs ?? 0);
  return settlesMs <= closedMs && d.parts.every((part) => isPast(part, closedMs));
}

function documentOf(
  alert: Alert,
  {
    fingerprint,
    status,
    continues,
    returning,
    handledMs,
    isShared,
  }: Pick<Candidate, 'fingerprint' | 'status' | 'continues' | 'returning' | 'handledMs'> & Sharing,
  day: number,
  { told, nowMs, generation }: Telling,
  { indexPrefix, version, organization, inventory }: TellingSetting,
): Tidings['documents'][number] {
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

/** An alert of which nothing is left but what was told in brief. */
function bareAlert(id: string, { label, ...brief }: Brief, organization: Alert['organization']): Alert {
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
