/**
 * Decisions into alerts: who (network owner, country), what of ours, how severe, noise or tailored, in words, with
 * evidence. Pure but for the evidence, which is handed in; the same decisions give the same alerts.
 */

import { techniqueName } from '../alerts/attack.ts';
import { type DetectionText, detectionText } from '../alerts/detections.ts';
import { compareAlerts } from '../alerts/ecs.ts';
import { explain } from '../alerts/explain.ts';
import { alertId, clusterId } from '../alerts/identity.ts';
import { PHASE_WORDS, type Severity, severityOf } from '../alerts/severity.ts';
import { verdictOf } from '../alerts/verdict.ts';
import type { Decision } from '../detect/decide.ts';
import { itemsOf, readVisits, visitsUnder } from '../detect/record.ts';
import type { Enricher } from '../enrich/enricher.ts';
import { knownScanner } from '../enrich/known-scanners.ts';
import { TAG } from '../measure/entry.ts';
import { absorbRow, findRow, SPACE } from '../measure/ledger.ts';
import { LABEL } from '../measure/observe.ts';
import { createState, type State } from '../measure/state.ts';
import { formatIpv4, formatIpv6, formatKey, formatPrefix, formatSource } from '../model/address.ts';
import type { Alert, AlertKey, AlertSource } from '../model/alert.ts';
import { electionWindow, type WindowOfAlert } from '../model/election-window.ts';
import { deepFreeze } from '../model/frozen.ts';
import type { Asset, Inventory } from '../model/inventory.ts';
import { LEVELS } from '../model/rule.ts';
import { dayLabel } from '../model/time.ts';
import type { Evidence } from './evidence.ts';

/** Members that an alert lists. */
const RELATED_MAX = 100;
const ADDRESSES_MAX = 10;
/** Organisations that a sentence names. */
const NAMES_MAX = 5;

export interface Surroundings {
  readonly state: State;
  readonly inventory: Inventory;
  readonly enricher: Enricher;
  /** organisations by number */
  readonly organizations: readonly { id: string; name: string }[];
}

/** Alerts that show several raw lines; the others of a very busy day show one. */
const GRAVE_ALERTS = 1000;

/** Severity of each decision, in their order; those that are built on others are graded after their parts. */
export function gradeAll(decisions: readonly Decision[], inventory: Inventory): Severity[] {
  const perSource = new Map<string, Set<string>>();
  const setOf = decisions.map((d) => {
    const name = nameOfKey(d);
    const known = perSource.get(name) ?? new Set();
    perSource.set(name, known);
    return known.add(d.detection);
  });
  const graded = new Map<Decision, Severity>();
  const order = [...decisions.keys()].sort((a, b) => decisions[a]!.parts.length - decisions[b]!.parts.length);
  for (const i of order) {
    const d = decisions[i]!;
    const asset = assetOf(d, inventory);
    const window = windowOf(d, inventory);
    graded.set(
      d,
      severityOf(d, textOf(d).class, {
        isCritical: asset?.criticality === 'critical',
        window: window?.matters === true ? PHASE_WORDS[window.phase] : null,
        partLevels: d.parts.map((p) => graded.get(p)?.level ?? p.base),
        corroboration: setOf[i]!.size - 1,
        isOwn: d.key.kind === 'source' && inventory.isOwned(...wordsOf(d.key)),
        authorized: authorizedFor(d, inventory),
      }),
    );
  }
  return decisions.map((d) => graded.get(d)!);
}

/** Four words of a source's key; of an IPv6 network its first address. */
function wordsOf({ hi, lo }: { readonly hi: number; readonly lo: number }): [number, number, number, number] {
  return hi === 0 ? [0, 0, 0xffff, lo] : [hi, lo, 0, 0];
}

/** The system that a decision is about, or null. */
function assetOf(d: Decision, { assets }: Inventory): Asset | null {
  return assets[(d.key.kind === 'system' ? d.key.lo : d.exhibit.asset) - 1] ?? null;
}

function windowOf(d: Decision, inventory: Inventory): WindowOfAlert | null {
  const { calendar } = inventory;
  return calendar.length === 0
    ? null
    : electionWindow(calendar, assetOf(d, inventory)?.kind ?? null, d.startMs, d.endMs);
}

/** Name of the scanner that was authorised for all that a decision rests on, from its first to its last line, or null. */
function authorizedFor(d: Decision, inventory: Inventory): string | null {
  if (inventory.authorizedScanners.length === 0 || d.key.kind === 'system' || d.shared !== undefined) return null;
  const sources = d.key.kind === 'source' ? [d.key] : d.members;
  const names = new Set(
    sources.flatMap((source) =>
      [d.startMs, d.endMs].map((ms) => inventory.authorizedScanner(...wordsOf(source), ms)?.name ?? null),
    ),
  );
  return names.size === 1 ? [...names][0]! : null;
}

/** Which decisions are among the GRAVE_ALERTS gravest: by level, score, and then their own order. */
export function gravest(severities: readonly Severity[]): boolean[] {
  const order = [...severities.keys()].sort(
    (a, b) =>
      LEVELS.indexOf(severities[b]!.level) - LEVELS.indexOf(severities[a]!.level) ||
      severities[b]!.score - severities[a]!.score ||
      a - b,
  );
  const grave = new Array<boolean>(severities.length).fill(false);
  for (const i of order.slice(0, GRAVE_ALERTS)) grave[i] = true;
  return grave;
}

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

const nameOfKey = (d: Decision) => `${d.organization} ${d.key.kind} ${d.key.hi} ${d.key.lo}`;

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
  const target =
    asset?.name ??
    (d.shared !== undefined
      ? namesOf(d.shared.members)
      : destinations.length === 1
        ? destinations[0]!
        : destinations.length > 1
          ? `${destinations[0]!} and ${destinations.length - 1} more`
          : (hosts[0] ?? 'your web server'));
  const words = explain(d, source, group, target, evidence.paths, (part) => assetOf(part, inventory)?.name ?? null);
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
    ...(window === null ? {} : { window: { electionId: window.election.id, phase: window.phase } }),
    key,
    startMs: d.startMs,
    endMs: d.endMs,
    severity: severity.level,
    severityBase: d.base,
    severitySteps: sameOnce(severity.steps, once),
    score: severity.score,
    confidence: sameOnce(confidenceOf(d, state), once),
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
    whatToDo: sameOnce([...((d.outcome === 'answered' ? text.todoAnswered : undefined) ?? text.todo)], once),
    notKnown: sameOnce(words.notKnown, once),
  };
}

/** Where an organisation stands among others, if its inventory says so. */
function placeOf(id: string, { organization }: Inventory): Pick<Alert, 'jurisdictions'> {
  const { level, parent } = organization;
  return level === null && parent === null ? {} : { jurisdictions: [{ id, level, parent }] };
}

/** "Adams County, Baker County and 3 more" */
function namesOf(members: readonly { readonly name: string }[]): string {
  const names = members.map(({ name }) => name);
  return names.length <= NAMES_MAX
    ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
    : `${names.slice(0, NAMES_MAX).join(', ')} and ${names.length - NAMES_MAX} more`;
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

/** The catalogue's text, or one made from the Sigma rule behind a detection of the user's own. */
function textOf(d: Decision): DetectionText {
  const known = detectionText(d.detection);
  if (known !== null) return known;
  const rule = d.rule;
  const category =
    rule !== undefined && 'category' in rule ? rule.category : d.numbers['packets'] === undefined ? 'web' : 'network';
  return {
    id: d.detection,
    name: rule?.title ?? d.detection,
    class: 'exploit',
    categories: [category],
    techniques: rule !== undefined && rule.techniques.length > 0 ? rule.techniques : ['T1595'],
    needs: [category === 'web' ? 'web' : 'firewall'],
    source: rule?.file ?? '',
    why: rule?.description === undefined || rule.description === '' ? 'A rule of your own matched.' : rule.description,
    todo: ['Read the evidence below, and ask whoever wrote this rule what it is for.', 'Keep the logs of this day.'],
  };
}

const techniques = new Map<string, Alert['techniques'][number]>();

/** One object per technique, whatever the number of alerts. */
function techniqueOf(id: string): Alert['techniques'][number] {
  const known = techniques.get(id) ?? {
    id,
    name: techniqueName(id),
    reference: `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`,
  };
  techniques.set(id, known);
  return known;
}

function keyOf(d: Decision, around: Surroundings): AlertKey {
  switch (d.key.kind) {
    case 'source':
      return { kind: 'source', text: formatKey(d.key.hi, d.key.lo) };
    case 'prefix':
      return { kind: 'prefix', text: formatPrefix(d.key.hi, d.key.lo) };
    case 'target':
      return {
        kind: 'target',
        text: d.exhibit.destinationsV6.includes(d.key.lo)
          ? destinationV6(d.key.lo, around.state)
          : formatIpv4(d.key.lo),
      };
    case 'as':
      return { kind: 'as', text: ownerOf(d, around) };
    case 'campaign':
      return { kind: 'campaign', text: d.key.text ?? '' };
    case 'system':
      return { kind: 'target', text: around.inventory.assets[d.key.lo - 1]?.id ?? around.inventory.organization.id };
  }
}

function ownerOf(d: Decision, around: Surroundings): string {
  const member = d.members[0];
  const owner = member === undefined ? null : around.enricher.owner(member.hi, member.lo);
  return owner === null ? `AS${d.key.lo}` : `AS${owner.number} ${owner.name}`.trim();
}

/** Addresses that were seen of a source key, smallest first, at most ADDRESSES_MAX. */
function addressesOf(hi: number, lo: number, organization: number, around: Pick<Surroundings, 'state'>): string[] {
  if (hi === 0) return [formatIpv4(lo)];
  const { ledger } = around.state;
  const row = findRow(ledger, (organization << 8) | SPACE.source, hi, lo);
  const iids = row < 0 ? [] : readVisits(ledger, row).filter((v) => v.tag === TAG.interfaceId);
  if (iids.length === 0) return [formatSource(hi, lo, 0, 0)];
  return iids
    .sort((a, b) => a.item - b.item || a.group - b.group)
    .slice(0, ADDRESSES_MAX)
    .map((v) => formatSource(hi, lo, v.item, v.group));
}

function sourceOf(hi: number, lo: number, organization: number, around: Surroundings): AlertSource {
  const found = around.enricher.lookup(hi, lo);
  const addresses = addressesOf(hi, lo, organization, around);
  return {
    ip: addresses[0]!,
    key: formatKey(hi, lo),
    addresses,
    as: found.as,
    country: found.country,
    place: found.place,
    database: found.database,
    class: claimOf({ hi, lo }, organization, around.state),
    ...listingOf({ hi, lo }, around.inventory),
  };
}

/** Who a source is listed as, by the office's own lists or ours. */
export function listingOf(key: { hi: number; lo: number }, inventory: Inventory): Pick<AlertSource, 'listed'> {
  const listing = inventory.listedAs(...wordsOf(key)) ?? knownScanner(...wordsOf(key));
  return listing === null ? {} : { listed: { name: listing.name, list: listing.list, date: listing.date } };
}

/** What a source says that it is, in words; null = nothing. */
function claimOf(
  { hi, lo }: { readonly hi: number; readonly lo: number },
  organization: number,
  { ledger }: Pick<State, 'ledger'>,
): string | null {
  const row = findRow(ledger, (organization << 8) | SPACE.source, hi, lo);
  const claims = row < 0 ? [] : itemsOf(ledger, row, TAG.agentClass);
  if (claims.length === 0) return null;
  // a source may claim both, in any order: the first of the labels is shown
  return claims.includes(LABEL.crawler) ? 'says that it is a crawler' : 'says that it is a monitor';
}

function destinationV6(item: number, state: State): string {
  const words = state.destinations.get(item);
  if (words === undefined) return '::';
  const w = [0, 1, 2, 3].map((i) => Number.parseInt(words.slice(i * 8, i * 8 + 8), 16));
  return formatIpv6(w[0]!, w[1]!, w[2]!, w[3]!);
}

function confidenceOf(d: Decision, state: State): Alert['confidence'] {
  if (d.shared !== undefined)
    return { level: 'moderate', basis: ['alerts of the organisations named here; their lines were not read for this'] };
  const basis: string[] = [];
  let level: Alert['confidence']['level'] = 'high';
  if (d.exhibit.rateLimited) {
    level = 'moderate';
    basis.push('the firewall log keeps only part of the lines');
  }
  if (d.exhibit.udpOnly) {
    level = 'low';
    basis.push('UDP packets only: their sender address can be forged');
  } else if (d.detection.startsWith('F') && d.outcome !== 'answered') {
    level = level === 'high' ? 'moderate' : level;
    basis.push('denied packets only: the sender address was never confirmed by an answer');
  }
  if (d.detection === 'W09') {
    level = 'low';
    basis.push('a user agent is what the sender chose to write');
  }
  if (state.ledger.level > 0) {
    level = 'low';
    basis.push('the memory bound was reached: counts are estimates');
  }
  if (basis.length === 0)
    basis.push(
      d.detection.startsWith('F')
        ? 'the firewall let a connection through, so the sender address was confirmed'
        : ['X01', 'X02', 'X03'].includes(d.detection)
          ? 'lines of the firewall and of the web server for everything counted'
          : 'complete lines of the web server for every request counted',
    );
  return { level, basis };
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}
