/**
 * What a shard tells: its alerts as documents for the index, each with a version. A document is made again only when
 * something in it changed. What later lines can take back is told when its window is past; an alert that no longer holds
 * becomes a revision that says so; one of a day that is no longer open stands as it was last told.
 *
 *   shard + what was told so far → documents with id, index and version; alerts that nothing can change any more
 */
import { firstDays, hasReturned, idOfDayBefore } from '../alerts/identity.ts';
import type { Severity } from '../alerts/severity.ts';
import type { Decision } from '../detect/decision.ts';
import { decideAcross } from '../detect/members/index.ts';
import type { DrillResult } from '../mail/drill-mail.ts';
import type { AlertState } from '../mail/mailable.ts';
import { settleState } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import type { Fact, Member } from '../model/fact.ts';
import { alertMaker } from '../run/alerting.ts';
import { withoutThoseOf } from '../run/campaigns.ts';
import { collectEvidence, type Evidence, type EvidenceOrigin } from '../run/evidence.ts';
import { gradeAll, gravest } from '../run/grading.ts';
import { decideAll } from '../run/pipeline.ts';
import { sightingOf } from '../run/sightings.ts';
import {
  type AlertDocument,
  bareAlert,
  documentOf,
  fingerprintOf,
  type Saying,
  type TellingSetting,
  type ToldBefore,
} from './alert-document.ts';
import { type AlertMemory, createAlertMemory, type MadeAlert, rememberingMaker } from './alert-memory.ts';
import { drillCodeOf, drillsIn } from './drill-result.ts';
import { sightingsIn } from './fact-set.ts';
import type { ToldFact } from './facts.ts';
import { type ParentFacts, parentFacts } from './parent-facts.ts';
import type { Shard, ShardSetting } from './shard.ts';
import { briefly, isForgotten, isPast, isTakenBack, isToldStill, mayChangeStill, type Told } from './told-alert.ts';

/** When documents are made, and what was told before. */
export interface Telling extends ToldBefore {
  /** windows that end before this instant are past; +Infinity when no line can come any more */
  readonly closedMs: number;
  /** lines by origin number, read again */
  readonly evidence: ReadonlyMap<number, EvidenceOrigin>;
  /** of the tellings before, of the same shard under the same setting */
  readonly memory?: AlertMemory;
  /** false: nobody is mailed, and `states` is left empty; default true */
  readonly isMailed?: boolean;
}

/** What is to be committed, and how many alerts there are. */
export interface Tidings {
  documents: AlertDocument[];
  /** ids of alerts that nothing can change any more */
  forgotten: string[];
  /** alerts that were decided from something else and read the same, with the new digest of what it was */
  same: { id: string; f: string }[];
  /** what the parent is told; their revisions go on from those of the documents */
  facts: readonly { readonly fact: Fact; readonly to: string; readonly more: ToldFact }[];
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

/** A decision that stands, and how grave it is among all. */
interface Graded {
  readonly decision: Decision;
  readonly severity: Severity;
  /** among the gravest of all, so that it shows several lines */
  grave: boolean;
}

/** An alert that stands, without its lines yet. */
interface Candidate extends Graded, Saying {
  readonly alert: Alert;
  /** id of the alert of the same thing on the day before, whether there is one or not */
  readonly dayBefore: string;
  /** what was told of it before */
  readonly was: Told | undefined;
  /** it is to be told, or stands as told */
  readonly isDue: boolean;
  continues: string | null;
  returning: boolean | undefined;
}

const NO_LINES: Evidence = { lines: [], paths: [], given: [] };

/** Documents of all alerts that are new or changed. Settles the shard's state; changes nothing else. */
export async function tell(shard: Shard, setting: TellingSetting, telling: Telling): Promise<Tidings> {
  const { inventory, ruleSet, enricher, organization } = setting;
  const { told, memory = createAlertMemory(), isMailed = true } = telling;
  settleState(shard.state);
  const { graded, drills } = standingDecisions(shard, setting, telling.closedMs, memory);
  const make = alertMaker({ state: shard.state, inventory, enricher, organizations: [organization] });
  const remake = rememberingMaker(memory, shard.state, (decision, severity, grave) => {
    const alert = make(decision, severity, NO_LINES);
    if (alert === null) return null;
    return { alert, dayBefore: idOfDayBefore(alert), fingerprint: fingerprintOf(alert, decision, grave, setting) };
  });
  const parent = parentFacts(setting, telling);

  const standing = new Map<string, Candidate>();
  const due: Candidate[] = [];
  let toldBefore = 0;
  for (const g of graded) {
    const made = remake(g.decision, g.severity, g.grave);
    if (made === null) continue;
    const c = candidateOf(g, made, shard, setting, telling);
    standing.set(c.alert.id, c);
    if (c.was !== undefined) toldBefore++;
    if (c.isDue) due.push(c);
  }
  for (const c of due) tellParent(parent, c, shard, setting);
  const gone = toldBefore === told.size ? [] : [...told].filter(([id]) => !standing.has(id));
  joinDays(due, standing, gone, shard, setting, told);

  const changed = due.filter((c) => isChanged(c, shard, setting));
  const evidence = await collectEvidence(
    changed.map((c) => c.decision),
    changed.map((c) => c.grave),
    telling.evidence,
    ruleSet,
    inventory,
    setting.secret,
  );
  const documents: AlertDocument[] = [];
  const same: Tidings['same'] = [];
  for (const [i, c] of changed.entries()) {
    const alert = make(c.decision, c.severity, evidence[i]!)!;
    const sharing = c.decision.shared === undefined ? {} : ({ isShared: true } as const);
    const document = documentOf(alert, { ...c, ...sharing }, c.decision.day, telling, setting);
    if (document.digest !== c.was?.d) documents.push(document);
    else same.push({ id: alert.id, f: c.fingerprint });
  }
  const { withdrawn, forgotten, back } = takeBack(gone, shard, setting, telling, parent);
  documents.push(...back);
  const made = new Map(documents.map(({ id, version }) => [id, version]));
  return {
    documents,
    forgotten,
    same,
    facts: parent.facts,
    alerts: due.map((c) => c.alert),
    states: isMailed ? [...due, ...withdrawn].map((c) => stateOf(c, made, telling)) : [],
    drills: drillsIn(drills, setting, telling.closedMs),
    standing: standing.size,
    latestMs: standing.size === 0 ? null : [...standing.values()].reduce((ms, c) => Math.max(ms, c.alert.endMs), 0),
    waiting: standing.size - due.length,
  };
}

/** Decisions of the state and over what members told, in their order, and the drills among them. */
function standingDecisions(
  shard: Shard,
  setting: TellingSetting,
  closedMs: number,
  memory: AlertMemory,
): { graded: Graded[]; drills: Decision[] } {
  const { inventory, ruleSet, enricher } = setting;
  const asOf = (hi: number, lo: number) => enricher.owner(hi, lo)?.number ?? 0;
  const { sources, made } = memory;
  const gradedBefore = (d: Decision) => made.get(d)?.severity;
  const { decisions, severities } = decideAll(shard.state, ruleSet, inventory, asOf, { sources, gradedBefore });
  const own: Graded[] = [];
  const drills: Decision[] = [];
  for (const [i, decision] of decisions.entries()) {
    // what was made an alert of before is no drill
    if (!made.has(decision) && drillCodeOf(decision, setting) !== null) drills.push(decision);
    else own.push({ decision, severity: severities[i]!, grave: false });
  }
  const graded = withAcross(own, acrossMembers(shard, own, setting, closedMs, asOf), inventory);
  for (const [i, grave] of gravest(graded.map((g) => g.severity)).entries()) graded[i]!.grave = grave;
  return { graded, drills };
}

/** An organisation's own decisions, but for campaigns that are told of several, and then those about several. */
function withAcross(own: Graded[], across: readonly Decision[], inventory: TellingSetting['inventory']): Graded[] {
  if (across.length === 0) return own;
  const local = own.map((g) => g.decision);
  const stays = new Set(withoutThoseOf(local, across));
  const severities = gradeAll(across, inventory);
  const theirs = across.map((decision, i) => ({ decision, severity: severities[i]!, grave: false }));
  return [...own.filter((g) => stays.has(g.decision)), ...theirs];
}

/** Decisions over what members told, this organisation's own alerts among them, as far as they are past. */
function acrossMembers(
  { facts }: Shard,
  own: readonly Graded[],
  setting: TellingSetting,
  closedMs: number,
  asOf: (hi: number, lo: number) => number,
): Decision[] {
  if (facts.facts.size === 0) return [];
  const { inventory } = setting;
  const ours = own
    .filter(({ decision }) => isPast(decision, closedMs))
    .map(({ decision, severity }) => sightingOf(decision, severity, memberOf(setting), inventory))
    .filter((sighting) => sighting !== null);
  const isOff = (d: Decision) => inventory.detections.get(d.detection)?.off === true;
  const scene = { dayStartMs: inventory.dayStartMs, asOf };
  return decideAcross([...sightingsIn(facts), ...ours], scene).filter((d) => !isOff(d));
}

function memberOf({ organization, inventory }: TellingSetting): Member {
  const { level, parent } = inventory.organization;
  return { ...organization, level, parent };
}

/** An alert that stands, with what was told of it and what people said about it; fields one by one, for there are very many. */
function candidateOf(
  { decision, severity, grave }: Graded,
  { alert, dayBefore, fingerprint }: MadeAlert,
  shard: Shard,
  setting: TellingSetting,
  { told, closedMs }: Telling,
): Candidate {
  const ack = shard.acks.get(alert.id);
  const status = ack?.status ?? 'new';
  const handledMs = ack === undefined || status === 'new' ? null : ack.atMs;
  const was = told.get(alert.id);
  const isDue = isToldStill(was) || (mayChangeStill(shard, setting, decision) && isPast(decision, closedMs));
  const days = { continues: null, returning: undefined };
  return { decision, severity, grave, alert, dayBefore, fingerprint, status, handledMs, was, isDue, ...days };
}

/** Tells the parent of an alert about a source, or that it is not to count. */
function tellParent(parent: ParentFacts, c: Candidate, shard: Shard, setting: TellingSetting): void {
  if (setting.parent === null || !mayChangeStill(shard, setting, c.decision)) return;
  const sighting = sightingOf(c.decision, c.severity, memberOf(setting), setting.inventory);
  if (sighting === null) return;
  const { hi, lo, endMs } = sighting;
  parent.tell(c.alert.id, c.status === 'suppressed' ? null : sighting, [hi, lo], endMs);
}

/** Says of alerts which of the day before they continue, and whether their source has returned. */
function joinDays(
  due: readonly Candidate[],
  standing: ReadonlyMap<string, Candidate>,
  gone: readonly (readonly [string, Told])[],
  shard: Shard,
  setting: TellingSetting,
  told: ReadonlyMap<string, Told>,
): void {
  const isBack = ([, was]: readonly [string, Told]) => isTakenBack(was, shard, setting);
  const stays = gone.filter((g) => !isBack(g)).map(([, was]) => briefly(was));
  const first = firstDays([...due.map(({ alert }) => alert), ...stays]);
  const takenBack = firstDays(gone.filter(isBack).map(([, was]) => briefly(was)));
  for (const c of due) {
    const before = standing.get(c.dayBefore);
    if (before === undefined ? isToldStill(told.get(c.dayBefore)) : before.isDue) c.continues = c.dayBefore;
    c.returning = hasReturned(c.alert, first).returning;
    // the earlier alert may be forgotten by now; unless it was taken back, it is true all the same
    if (c.was?.returning === true && hasReturned(c.alert, takenBack).returning === false) c.returning = true;
  }
}

function isChanged(c: Candidate, shard: Shard, setting: ShardSetting): boolean {
  const { was } = c;
  if (was === undefined || was.status === 'withdrawn' || was.status !== c.status) return true;
  if (was.f === c.fingerprint && was.continues === c.continues && was.returning === c.returning) return false;
  return mayChangeStill(shard, setting, c.decision);
}

type Standing = Pick<Candidate, 'alert' | 'status' | 'continues'>;

/** What was told and does not stand any more: forgotten where its day is, else taken back, with the documents that say so. */
function takeBack(
  gone: readonly (readonly [string, Told])[],
  shard: Shard,
  setting: TellingSetting,
  telling: Telling,
  parent: ParentFacts,
): { withdrawn: Standing[]; forgotten: string[]; back: AlertDocument[] } {
  const withdrawn: Standing[] = [];
  const forgotten: string[] = [];
  const back: AlertDocument[] = [];
  for (const [id, was] of gone) {
    if (isForgotten(shard, setting, was)) forgotten.push(id);
    else if (isTakenBack(was, shard, setting)) {
      const alert = bareAlert(id, was.brief, setting.organization);
      const { continues, isShared, returning } = was;
      const more = { ...(returning !== undefined && { returning }), ...(isShared === true && { isShared }) };
      const taken: Saying = { fingerprint: '', status: 'withdrawn', continues, handledMs: null, ...more };
      withdrawn.push({ alert, ...taken });
      // also where it is withdrawn already: facts are committed after documents, and whoever did it may have died between
      if (was.fk !== undefined) parent.tell(id, null, was.fk, was.brief.endMs);
      if (was.status !== 'withdrawn') back.push(documentOf(alert, taken, was.day, telling, setting));
    }
  }
  return { withdrawn, forgotten, back };
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
