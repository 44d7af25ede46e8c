/**
 * What a shard tells: its alerts as documents for the index, each with a version. A document is made again only when
 * something in it changed. What later lines can take back is told when its window is past; an alert that no longer holds
 * becomes a revision that says so; one of a day that is no longer open stands as it was last told.
 *
 *   shard + what was told so far → documents with id, index and version; alerts that nothing can change any more
 */
import type { DrillResult } from '../mail/drill-mail.ts';
import type { AlertState } from '../mail/mailable.ts';
import { settleState } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import type { Fact } from '../model/fact.ts';
import { append } from '../model/long-lists.ts';
import { alertMaker } from '../run/alerting.ts';
import type { Seen } from '../run/campaigns.ts';
import { collectEvidence, type EvidenceOrigin } from '../run/evidence.ts';
import {
  type AlertDocument,
  bareAlert,
  documentOf,
  type Saying,
  type TellingSetting,
  type ToldBefore,
} from './alert-document.ts';
import { type AlertMemory, createAlertMemory } from './alert-memory.ts';
import { drillsIn } from './drill-result.ts';
import type { ToldFact } from './facts.ts';
import { type ParentFacts, parentFacts } from './parent-facts.ts';
import type { Shard } from './shard.ts';
import { memberOf } from './shard-decisions.ts';
import { noteLook } from './source-alerts.ts';
import { isChanged, type StandingAlert } from './standing-alert.ts';
import {
  dueOf,
  type Gone,
  goneOf,
  joinAll,
  latestOf,
  type MakeAlert,
  rememberTelling,
  standingAlerts,
} from './standing-alerts.ts';
import { isForgotten, isTakenBack, mayChangeStill } from './told-alert.ts';

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

/** Documents of all alerts that are new or changed. Settles the shard's state and moves the memory on; changes nothing else. */
export async function tell(shard: Shard, setting: TellingSetting, telling: Telling): Promise<Tidings> {
  const { inventory, enricher, organization } = setting;
  const { told, memory = createAlertMemory(), isMailed = true } = telling;
  settleState(shard.state);
  const make = alertMaker({ state: shard.state, inventory, enricher, organizations: [organization] });
  const all = standingAlerts(shard, setting, telling, memory, make);
  const { sources, others, looked, sharedDays } = all;
  const gone = goneOf(all, told);
  joinAll(all, gone, shard, setting, told);

  const parent = parentFacts(setting, telling);
  const { withdrawn, forgotten, back } = takeBack(gone, shard, setting, telling, parent);
  const changed: StandingAlert[] = [];
  for (const source of looked) {
    const facts = parent.facts.length;
    const own = source.due.filter((c) => isChanged(c, shard, setting));
    for (const c of source.due) tellParent(parent, c, source.seen, shard, setting);
    append(changed, own);
    // what is taken back now may be what one of these continues
    noteLook(source, own.length === 0 && parent.facts.length === facts && back.length === 0, sharedDays);
  }
  const dueOthers = dueOf(others);
  append(
    changed,
    dueOthers.filter((c) => isChanged(c, shard, setting)),
  );
  const { documents, same } = await documentsOf(changed, make, setting, telling);
  append(documents, back);
  rememberTelling(memory, all, gone, forgotten.length > 0);

  const made = new Map(documents.map(({ id, version }) => [id, version]));
  const alerts = [...sources.flatMap((source) => source.alerts), ...dueOthers.map((c) => c.alert)];
  const due = isMailed ? [...sources.flatMap((source) => source.due), ...dueOthers, ...withdrawn] : [];
  const drills = sources.filter(({ isDrill }) => isDrill).flatMap(({ decisions }) => decisions);
  const standing = sources.reduce((sum, source) => sum + source.standing.length, others.length);
  return {
    documents,
    forgotten,
    same,
    facts: parent.facts,
    alerts,
    states: due.map((c) => stateOf(c, made, telling)),
    drills: drillsIn(drills, setting, telling.closedMs),
    standing,
    latestMs: standing === 0 ? null : latestOf(all),
    waiting: standing - alerts.length,
  };
}

/** Tells the parent of an alert about a source, or that it is not to count. */
function tellParent(
  parent: ParentFacts,
  c: StandingAlert,
  seen: readonly Seen[],
  shard: Shard,
  setting: TellingSetting,
): void {
  if (setting.parent === null || !mayChangeStill(shard, setting, c.decision)) return;
  const own = seen.find(({ decision }) => decision === c.decision);
  if (own === undefined) return;
  const sighting = { ...own.sighting, member: memberOf(setting) };
  const { hi, lo, endMs } = sighting;
  parent.tell(c.alert.id, c.status === 'suppressed' ? null : sighting, [hi, lo], endMs);
}

/** Documents of alerts with their lines; and those that were decided from something else and read the same. */
async function documentsOf(
  changed: readonly StandingAlert[],
  make: MakeAlert,
  setting: TellingSetting,
  telling: Telling,
): Promise<{ documents: AlertDocument[]; same: Tidings['same'] }> {
  const evidence = await collectEvidence(
    changed.map((c) => c.decision),
    changed.map((c) => c.grave),
    telling.evidence,
    setting.ruleSet,
    setting.inventory,
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
  return { documents, same };
}

type Standing = Pick<StandingAlert, 'alert' | 'status' | 'continues'>;

/** What was told and does not stand any more: forgotten where its day is, else taken back, with the documents that say so. */
function takeBack(
  gone: Gone,
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
