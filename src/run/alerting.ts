/**
 * Decisions into alerts: who (network owner, country), what of ours, how severe, noise or tailored, in words, with
 * evidence. Pure but for the evidence, which is handed in; the same decisions give the same alerts.
 */

import { compareAlerts } from '../alerts/alert-order.ts';
import { confidenceOf } from '../alerts/confidence.ts';
import { explain } from '../alerts/explain.ts';
import { alertId, clusterId } from '../alerts/identity.ts';
import type { Severity } from '../alerts/severity.ts';
import { verdictOf } from '../alerts/verdict.ts';
import { stepsFor } from '../alerts/what-to-do.ts';
import type { Decision } from '../detect/decision.ts';
import { visitsUnder } from '../detect/visit.ts';
import { absorbRow } from '../measure/additions.ts';
import { TAG } from '../measure/entry.ts';
import { findRow, SPACE } from '../measure/ledger.ts';
import { createState, type State } from '../measure/state.ts';
import { formatIpv4, formatPrefix } from '../model/address.ts';
import type { Alert, AlertKey, AlertSource } from '../model/alert.ts';
import type { WindowOfAlert } from '../model/election-window.ts';
import { deepFreeze } from '../model/frozen.ts';
import type { Asset, Inventory } from '../model/inventory.ts';
import { dayLabel } from '../model/time.ts';
import { techniqueOf, textOf } from './detection-of.ts';
import type { Evidence } from './evidence.ts';
import { assetOf, authorizedFor, nameOfKey, windowOf } from './grading.ts';
import { addressesOf, destinationV6, keyOf, ownerOf, type Surroundings, sourceOf } from './naming.ts';

/** Members that an alert lists. */
const RELATED_MAX = 100;
/** Systems that an alert names. */
const SYSTEMS_MAX = 20;
/** Organisations or systems that a sentence names. */
const NAMES_MAX = 5;

/**
 * Alerts of decisions, with their severities and evidence (all in the same order), most severe first. Each decision is
 * asked for once: whoever hands them over one by one (`handOver`) need not keep them.
 */
export function alertsOf(
  decisions: Iterable<Decision>,
  severities: readonly Severity[],
  evidence: readonly Evidence[],
  around: Surroundings,
): Alert[] {
  const make = alertMaker(around);
  const alerts: Alert[] = [];
  let i = 0;
  for (const d of decisions) {
    const alert = make(d, severities[i]!, evidence[i]!);
    if (alert !== null) alerts.push(alert);
    i++;
  }
  return alerts.sort(compareAlerts);
}

/**
 * Makes alerts one by one, for as long as the state stays as it is: what several have in common is made once. Null for a
 * decision that is no alert: a recon chain of nothing but informational findings.
 */
export function alertMaker(
  around: Surroundings,
): (decision: Decision, severity: Severity, evidence: Evidence) => Alert | null {
  const once: Once = { sources: new Map(), days: new Map(), texts: new Map() };
  return (decision, severity, evidence) => {
    const alert = alertOf(decision, severity, evidence, around, once);
    return alert.detection === 'X01' && alert.severity === 'info' ? null : alert;
  };
}

/** The items of a list, which is empty afterwards: an item lives as long as whoever took it needs it. */
export function* handOver<T>(list: T[]): Generator<T> {
  const rest = list.splice(0).reverse();
  for (let item = rest.pop(); item !== undefined; item = rest.pop()) yield item;
}

/**
 * What alerts of decisions need of a state: names, and of the sources behind them the addresses and what they claim to
 * be. A thousandth of the state; the rest can go before the first alert is made.
 */
export function stateForAlerts(state: State, decisions: readonly Decision[]): State {
  const { ledger } = state;
  const small = createState(ledger.seed);
  small.ledger.level = ledger.level;
  small.hosts = state.hosts;
  small.destinations = state.destinations;
  const copied = new Set<number>();
  for (const d of decisions) {
    for (const { hi, lo } of [d.key, ...d.members]) {
      const space = (d.organization << 8) | SPACE.source;
      const row = findRow(ledger, space, hi, lo);
      if (row < 0 || copied.has(row)) continue;
      copied.add(row);
      absorbRow(small.ledger, space, hi, lo, NO_WORDS, visitsUnder(ledger, row, NEEDED_TAGS));
    }
  }
  return small;
}

const NO_WORDS = new Uint32Array(0);
const NEEDED_TAGS: ReadonlySet<number> = new Set([TAG.interfaceId, TAG.agentClass]);

/** What several alerts share: made once. */
interface Once {
  /** by organisation and key */
  sources: Map<string, AlertSource>;
  /** label by number of the day */
  days: Map<number, string>;
  /** lists and grades in words, by what they say: there are a few dozen of them */
  texts: Map<string, unknown>;
}

/** The first value that said the same; nobody may change what others share. */
function sameOnce<T>(value: T, { texts }: Once): T {
  const name = JSON.stringify(value);
  const known = texts.get(name);
  if (known !== undefined) return known as T;
  if (texts.size >= TEXTS_MAX) texts.clear();
  texts.set(name, value);
  return deepFreeze(value);
}

/** Texts that are remembered; forgotten all at once when full, which costs memory only. */
const TEXTS_MAX = 2000;

function dayOnce(day: number, around: Surroundings, { days }: Once): string {
  const label = days.get(day) ?? dayLabel(day, around.inventory.dayStartMs);
  days.set(day, label);
  return label;
}

function sourceOnce(d: Decision, around: Surroundings, { sources }: Once): AlertSource {
  const name = nameOfKey(d);
  const source = sources.get(name) ?? sourceOf(d.key.hi, d.key.lo, d.organization, around);
  sources.set(name, source);
  return source;
}

/** The source of a decision, with the scanner that the office has authorised for it at this time. */
function withAgreement(d: Decision, around: Surroundings, once: Once): AlertSource | null {
  if (d.key.kind !== 'source' && d.key.kind !== 'prefix') return null;
  const source = sourceOnce(d, around, once);
  const authorized = d.key.kind === 'source' ? authorizedFor(d, around.inventory) : null;
  return authorized === null ? source : { ...source, authorized };
}

function alertOf(d: Decision, severity: Severity, evidence: Evidence, around: Surroundings, once: Once): Alert {
  const { inventory, state } = around;
  const text = textOf(d);
  const organization = around.organizations[d.organization] ?? around.organizations[0]!;
  const key = keyOf(d, around);
  const source = withAgreement(d, around, once);
  const day = dayOnce(d.day, around, once);
  const { exhibit } = d;
  const asset = assetOf(d, inventory);
  const window = windowOf(d, inventory);
  const destinations =
    d.key.kind === 'target'
      ? [key.text]
      : [...exhibit.destinations.map(formatIpv4), ...exhibit.destinationsV6.map((item) => destinationV6(item, state))];
  const hosts = sameOnce(unique(exhibit.hosts.map((h) => state.hosts.get(h) ?? '').filter((h) => h !== '')), once);
  const group =
    d.key.kind === 'prefix' ? formatPrefix(d.key.hi, d.key.lo) : d.key.kind === 'as' ? ownerOf(d, around) : null;
  const systems = assetsOf(d, inventory);
  const target = targetOf(d, systems, destinations, hosts);
  const systemName = (part: Decision) => assetOf(part, inventory)?.name ?? null;
  const words = explain(d, source, group, target, evidence.paths, systemName, evidence.given);
  const related =
    d.key.kind === 'source'
      ? []
      : d.members
          .slice(0, RELATED_MAX)
          .map((m) => (m.hi === 0 ? formatIpv4(m.lo) : addressesOf(m.hi, m.lo, d.organization, around)[0]!));
  return {
    id: alertId(organization.id, d.detection, key.kind, key.text, day),
    detection: d.detection,
    name: text.name,
    day,
    organization,
    ...(d.shared === undefined
      ? placeOf(organization.id, inventory)
      : { jurisdictions: d.shared.members.map(({ id, level, parent }) => ({ id, level, parent })) }),
    ...campaignOf(d, key),
    asset: asset === null ? null : systemOf(asset),
    ...(systems.length > 1 && {
      systems: sameOnce(
        systems.map(({ id, name }) => ({ id, name })),
        once,
      ),
    }),
    ...spanOf(window),
    key,
    startMs: d.startMs,
    endMs: d.endMs,
    severity: severity.level,
    severityBase: d.base,
    severitySteps: sameOnce(severity.steps, once),
    score: severity.score,
    confidence: sameOnce(confidenceOf(d, state.ledger.level > 0), once),
    verdict: sameOnce(verdictOf(d), once),
    outcome: d.outcome,
    categories: text.categories as ('network' | 'web')[],
    techniques: sameOnce(text.techniques.map(techniqueOf), once),
    source,
    related,
    network: d.key.kind === 'prefix' ? group : null,
    destinations,
    ports: exhibit.ports,
    paths: evidence.paths,
    hosts,
    evidence: d.numbers,
    statusCounts: exhibit.statusCounts,
    thresholds: sameOnce([...d.thresholds], once),
    lines: evidence.lines,
    summary: words.summary,
    why: text.why,
    whatToDo: sameOnce(stepsFor(d, text, severity, source, evidence.given), once),
    notKnown: sameOnce(words.notKnown, once),
  };
}

/** What of ours was touched, as a sentence names it: what went elsewhere, too, was not all sent to one system. */
function targetOf(
  d: Decision,
  systems: readonly Asset[],
  destinations: readonly string[],
  hosts: readonly string[],
): string {
  const [asset] = systems;
  // of so many the list is cut off, and nobody knows how many more there are
  const names = systems.length === 0 ? '' : namesOf(systems, systems.length < SYSTEMS_MAX);
  if (asset !== undefined && (d.key.kind === 'system' || (systems.length === 1 && !d.exhibit.isOutside)))
    return asset.name;
  if (d.shared !== undefined) return namesOf(d.shared.members);
  if (systems.length > 1 && !d.exhibit.isOutside) return names;
  if (destinations.length > 0) {
    const addresses =
      destinations.length === 1 ? destinations[0]! : `${destinations[0]!} and ${destinations.length - 1} more`;
    return systems.length > 1 ? `${addresses} (in part ${names})` : addresses;
  }
  if (asset !== undefined) return `your web server (in part ${names})`;
  return hosts[0] ?? 'your web server';
}

/** The declared systems that a decision and its parts are about: the one that it is told under first, then by number. */
function assetsOf(d: Decision, inventory: Inventory): Asset[] {
  const lead = assetOf(d, inventory);
  const numbers = [d, ...d.parts].flatMap(({ key, exhibit }) => [
    key.kind === 'system' ? key.lo : exhibit.asset,
    ...exhibit.otherAssets,
  ]);
  const others = [...new Set(numbers)].sort((a, b) => a - b).map((n) => inventory.assets[n - 1]);
  const all = [lead, ...others].filter((asset) => asset !== null && asset !== undefined);
  return unique(all).slice(0, SYSTEMS_MAX);
}

/** Where an organisation stands among others, if its inventory says so. */
function placeOf(id: string, { organization }: Inventory): Pick<Alert, 'jurisdictions'> {
  const { level, parent } = organization;
  return level === null && parent === null ? {} : { jurisdictions: [{ id, level, parent }] };
}

/** "Adams County, Baker County and 3 more"; `isAll`: the list is complete */
function namesOf(list: readonly { readonly name: string }[], isAll = true): string {
  const names = list.map(({ name }) => name);
  if (names.length === 1) return names[0]!;
  return names.length <= NAMES_MAX
    ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
    : `${names.slice(0, NAMES_MAX).join(', ')} and ${isAll ? `${names.length - NAMES_MAX} more` : 'more'}`;
}

/** The span of an election that an alert falls into. */
function spanOf(window: WindowOfAlert | null): Pick<Alert, 'window'> {
  if (window === null) return {};
  const { election, phase, night } = window;
  return { window: { electionId: election.id, phase, ...(night === null ? {} : { night }) } };
}

/** The campaign of an alert that is built on those of several sources or organisations. */
function campaignOf(d: Decision, { kind, text }: AlertKey): Pick<Alert, 'campaign'> {
  if (d.shared === undefined && kind !== 'campaign') return {};
  const firstSeenMs = d.shared?.firstSeenMs ?? d.startMs;
  return { campaign: { id: clusterId(kind, text), members: d.members.length, firstSeenMs } };
}

/** What an alert says of a system. */
function systemOf({ id, name, kind, criticality, sensitivity }: Asset): NonNullable<Alert['asset']> {
  return { id, name, kind, criticality, sensitivity };
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}
