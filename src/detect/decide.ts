/**
 * Deciding: a settled state → decisions, one per (detection, key, day). Stage 1 asks every detector about every source
 * that did something; what it found, and the touches of the sources that stayed below every threshold, are the facts of
 * stage 2 (distributed.ts), which is the same measure engine keyed by prefix, network and target.
 * A pure function of the state: no clock, no order.
 */
import { COUNT_MAX, TAG, TAG_MASK, TOUCH_WORDS, WEB } from '../measure/entry.ts';
import { byKey, findRow, hiOf, type Ledger, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { FIRST_HASHED_HOST } from '../measure/observe.ts';
import { isPrivateSource, isSourceIn } from '../model/address.ts';
import type { Member, Signature } from '../model/fact.ts';
import type { Inventory } from '../model/inventory.ts';
import { type Correlation, LEVELS, type Level, type Rule } from '../model/rule.ts';
import { DAY, PACKET_PANE } from '../model/time.ts';
import type { Finding, Outcome, Scene, SourceRecord } from './detector.ts';
import { createFacts, decideDistributed, noteFinding, noteRecord } from './distributed.ts';
import { campaignsOf } from './election/campaigns.ts';
import { ATTACKS } from './election/form-injection.ts';
import { createNetworkFacts, decideSystems, noteNetwork } from './election/index.ts';
import { A_MINUTE, MINUTES } from './election/status-hammer.ts';
import { type Exhibit, exhibitOf, joinExhibits, type RequestReading } from './exhibit.ts';
import { sweptHosts } from './firewall/horizontal-sweep.ts';
import { isProbe, spreadOf } from './firewall/packets.ts';
import { SENSITIVE } from './firewall/sensitive-service.ts';
import { detectors } from './index.ts';
import { type Meanwhile, meanwhileOf } from './meanwhile.ts';
import { ownPages, pageNumber } from './own-pages.ts';
import { append, byDay, inOrder, readPages, readTouches, readVisits, type Touch, type Visit } from './record.ts';
import { packetMarks, signatureOf } from './signature.ts';
import { withOwnNames } from './web/own-names.ts';
import { isFailing, requestReading } from './web/requests.ts';

export interface DecisionKey {
  /** `system`: a declared one, by the number of its asset in `lo` (0 = none that is declared) */
  kind: 'source' | 'prefix' | 'target' | 'as' | 'campaign' | 'system';
  hi: number;
  lo: number;
  /** of a campaign its signature in words, of which hi and lo are hashes */
  text?: string;
}

export interface Decision {
  detection: string;
  rule?: Rule | Correlation | undefined;
  organization: number;
  key: DecisionKey;
  day: number;
  base: Level;
  steps: readonly string[];
  outcome: Outcome;
  startMs: number;
  endMs: number;
  exhibit: Exhibit;
  numbers: Record<string, number>;
  thresholds: readonly string[];
  noise: readonly string[];
  tailored: readonly string[];
  /** keys of the members, for stage 2 and chains */
  members: { hi: number; lo: number }[];
  /** decisions that this one is built on (X01) */
  parts: Decision[];
  /** Unix ms before which later lines may take it back, where that is later than the detection's own `closesMs` */
  settlesMs?: number;
  /** what the same source was let through to, or given, beside what was refused; left out where that is nothing */
  meanwhile?: Meanwhile;
  /** what the source has in common with others of its kind, of all that it did that day; where it is asked for */
  signature?: Signature | undefined;
  /** whose alerts this one is built on, where they are those of several organisations */
  shared?: { readonly members: readonly Member[]; readonly firstSeenMs: number };
}

export interface Settings {
  rules: readonly Rule[];
  correlations: readonly Correlation[];
  dayStartMs: number;
  /** declared number of our addresses, or 0 */
  ownedHosts: number;
  isDark(address: number): boolean;
  /** what is declared of systems and elections */
  office: Pick<Inventory, 'assets' | 'calendar' | 'isClient' | 'isOwned'>;
  /** number of the AS that announces a source, or 0 */
  asOf(hi: number, lo: number): number;
  /** detections that the configuration switched off */
  off: ReadonlySet<string>;
  /** other organisations are to be told: decisions about sources have signatures */
  signs?: boolean;
}

/** Everything that the settled state decides, sorted by (detection, key, day). */
export function decide(ledger: Ledger, settings: Settings): Decision[] {
  const scene = sceneOf(ledger, settings);
  const facts = createFacts(ledger);
  const decisions: Decision[] = [];
  const busy: number[] = [];
  const sweep = sweptHosts(scene.ownedHosts);
  const networks = createNetworkFacts();
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    noteNetwork(networks, ledger, row, settings.dayStartMs);
    if (isInteresting(ledger, row, sweep)) busy.push(row);
    else noteRecord(facts, ledger, row, null);
  }
  // rows stand in order of arrival, which decides nothing
  busy.sort(byKey(ledger));
  for (const row of busy) {
    const record = readRecord(ledger, row, scene);
    const findings = onceTold(findingsOf(record, scene).filter((f) => !settings.off.has(f.detection)));
    const shown: Shown[] = [];
    const key: DecisionKey = { kind: 'source', hi: record.hi, lo: record.lo };
    const whose = { key, members: [key] };
    const days = findings.flatMap((f) => splitByDay(f, record, scene, whose, shown));
    for (const { decision } of days) {
      const meanwhile = meanwhileOf(decision, record, settings.dayStartMs);
      if (meanwhile !== null) decision.meanwhile = meanwhile;
    }
    const own = days.map(({ decision }) => decision);
    const chain = settings.off.has('X01') ? [] : reconChain(own);
    if (settings.signs === true) sign([...own, ...chain], record, settings);
    decisions.push(...own, ...chain);
    noteRecord(facts, ledger, row, record);
    for (const { decision, touches } of days) noteFinding(facts, decision, touches, record);
  }
  const isOn = (d: Decision) => !settings.off.has(d.detection);
  append(decisions, decideDistributed(facts, scene, settings).filter(isOn));
  append(decisions, decideSystems(networks, ledger, scene, settings).filter(isOn));
  append(decisions, campaignsOf(decisions).filter(isOn));
  return decisions.sort(byIdentity);
}

/** Gives the decisions about a source the signature of what it did on their days. */
function sign(decisions: readonly Decision[], { touches }: SourceRecord, { rules, dayStartMs }: Settings): void {
  if (decisions.length === 0) return;
  const days = new Map(byDay(touches, dayStartMs));
  const signatures = new Map<number, Signature>();
  for (const d of decisions) {
    const done = days.get(d.day) ?? [];
    d.signature = signatures.get(d.day) ?? signatureOf(done, rules, packetMarks(done));
    signatures.set(d.day, d.signature);
  }
}

function byIdentity(a: Decision, b: Decision): number {
  return (
    (a.detection < b.detection ? -1 : a.detection > b.detection ? 1 : 0) ||
    (a.key.kind < b.key.kind ? -1 : a.key.kind > b.key.kind ? 1 : 0) ||
    a.organization - b.organization ||
    a.key.hi - b.key.hi ||
    a.key.lo - b.key.lo ||
    a.day - b.day
  );
}

function sceneOf(ledger: Ledger, settings: Settings): Scene {
  const packetRules = new Set(settings.rules.filter((r) => r.category === 'network').map((r) => r.number));
  const soft = new Map<number, ReadonlySet<number>>();
  const destinationsPerDay = new Map<number, number>();
  for (let row = 0; row < ledger.rows; row++) {
    const space = spaceOf(ledger, row) & 255;
    if (space === SPACE.host) {
      const known = soft.get(loOf(ledger, row));
      const sizes = usualSizes(ledger, row);
      soft.set(loOf(ledger, row), known === undefined ? sizes : new Set([...known, ...sizes]));
    } else if (space === SPACE.office) {
      for (const v of readVisits(ledger, row))
        if (v.tag === TAG.destination) destinationsPerDay.set(v.pane, (destinationsPerDay.get(v.pane) ?? 0) + 1);
    }
  }
  const none: ReadonlySet<number> = new Set();
  const own = ownPages(ledger, settings.rules);
  const matches = new Map<string, readonly Touch[]>();
  return {
    ledger,
    rules: settings.rules,
    correlations: settings.correlations,
    packetRules,
    dayStartMs: settings.dayStartMs,
    ownedHosts: settings.ownedHosts > 0 ? settings.ownedHosts : Math.max(0, ...destinationsPerDay.values()),
    ownedDeclared: settings.ownedHosts > 0,
    soft404: (host) => soft.get(host) ?? none,
    isOwnPage: (host, path) => own.has(pageNumber(host, path)),
    assets: settings.office.assets,
    calendar: settings.office.calendar,
    isClient: (asset, hi, lo) => isSourceIn((...words) => settings.office.isClient(asset, ...words), hi, lo, 0, 0),
    isDark: (address) => settings.isDark(address),
    matchesOf: (organization, tag) => {
      const name = `${organization}/${tag}`;
      const found = matches.get(name) ?? touchesUnder(ledger, organization, tag, packetRules);
      matches.set(name, found);
      return found;
    },
    touchesOf: (organization, hi, lo) => {
      const row = findRow(ledger, (organization << 8) | SPACE.source, hi, lo);
      return row < 0 ? [] : readTouches(ledger, row, packetRules);
    },
  };
}

/** Touches of all sources of an organisation under one tag: told from the packed entries, so that the rest stay packed. */
function touchesUnder(
  ledger: Ledger,
  organization: number,
  tag: number,
  packetRules: ReadonlySet<number>,
): readonly Touch[] {
  const found: Touch[] = [];
  for (let row = 0; row < ledger.rows; row++) {
    if (spaceOf(ledger, row) !== ((organization << 8) | SPACE.source) || !hasTouch(ledger, row, tag)) continue;
    append(
      found,
      readTouches(ledger, row, packetRules).filter((t) => t.tag === tag),
    );
  }
  return inOrder(found);
}

function hasTouch({ touches }: Ledger, row: number, tag: number): boolean {
  const n = lengthOf(touches, row);
  if (n === 0) return false;
  const page = pageOf(touches, row);
  const start = startOf(touches, row);
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) if ((page[e + 1]! & TAG_MASK) === tag) return true;
  return false;
}

/** Share of a host's 404 answers from which a size is usual, and probed paths from which a 200 of one size is a page for all. */
const USUAL_SHARE = 0.1;
const SAME_SIZE_PATHS = 3;

function usualSizes(ledger: Ledger, row: number): Set<number> {
  const visits = readVisits(ledger, row);
  const notFound = new Map<number, number>();
  const matched = new Map<number, Set<number>>();
  let total = 0;
  for (const v of visits) {
    if (v.tag === TAG.notFoundSize) {
      notFound.set(v.item, (notFound.get(v.item) ?? 0) + v.count);
      total += v.count;
    } else if (v.tag === TAG.matchedSize) {
      const paths = matched.get(v.group) ?? new Set<number>();
      paths.add(v.item);
      matched.set(v.group, paths);
    }
  }
  const sizes = new Set<number>();
  for (const [size, count] of notFound) if (count >= USUAL_SHARE * total) sizes.add(size);
  for (const [size, paths] of matched) if (paths.size >= SAME_SIZE_PATHS) sizes.add(size);
  return sizes;
}

/** Fewest failing pages (W02: 10), packets (F03, F09: 3) and visits (record keys: 30) that any detector looks at. */
const FAILING_MIN = 10;
const PACKETS_MIN = 3;
/** Fewest different ports (F02: seven privileged ones), pairs (F04 dark, F06: 10) and sensitive services (F09: 3). */
const PORTS_MIN = 7;
const PAIRS_MIN = 10;
const SERVICES_MIN = 3;
/** Records with more packets than this are unpacked without counting. */
const COUNTED_MAX = 64;
const KEYS_MIN = 30;
/** Fewest requests to a form (election.status_hammer), things sent to it (.bulk_*) and documents (.doc_harvest). */
const PAGES_MIN = A_MINUTE * MINUTES;
const SENT_MIN = 10;
const DOCUMENTS_MIN = 100;

/** Whether any detector can find something in a row: told from the packed entries, so that the rest stay packed. */
function isInteresting(ledger: Ledger, row: number, sweep: number): boolean {
  const n = lengthOf(ledger.touches, row);
  if (n === 0) return false;
  const page = pageOf(ledger.touches, row);
  const start = startOf(ledger.touches, row);
  let failing = 0;
  let packets = 0;
  let pages = 0;
  let sent = 0;
  let keys = false;
  let documents = false;
  for (let i = 0; i < n; i++) {
    const tag = page[start + i * TOUCH_WORDS + 1]! & TAG_MASK;
    if (tag === TAG.fail) failing++;
    else if (tag === TAG.packet) packets++;
    else if (tag === TAG.keyLine) keys = true;
    else if (tag === TAG.documentLine) documents = true;
    else if (tag === TAG.page) {
      const flags = page[start + i * TOUCH_WORDS + 3]!;
      if (((flags >>> 24) & WEB.telling) !== 0) return true;
      const count = flags & COUNT_MAX;
      pages += count;
      if (((flags >>> 24) & WEB.post) !== 0) sent += count;
    } else return true;
  }
  if (pages >= PAGES_MIN || sent >= SENT_MIN) return true;
  if (documents && lengthOf(ledger.visits, row) >= DOCUMENTS_MIN) return true;
  if (failing >= FAILING_MIN || (keys && lengthOf(ledger.visits, row) >= KEYS_MIN)) return true;
  return packets >= PACKETS_MIN && (packets > COUNTED_MAX || mayScan(page, start, n, sweep));
}

/** Whether few packets can reach the threshold of any firewall detector: each new port, address and pair is counted. */
function mayScan(page: Uint32Array, start: number, n: number, sweep: number): boolean {
  let ports = 0;
  let hosts = 0;
  let pairs = 0;
  let services = 0;
  for (let i = 0; i < n; i++) {
    const e = start + i * TOUCH_WORDS;
    if ((page[e + 1]! & TAG_MASK) !== TAG.packet) continue;
    const host = page[e]!;
    const port = page[e + 2]! >>> 16;
    let [newPort, newHost, newPair] = [true, true, true];
    for (let k = start; k < e; k += TOUCH_WORDS) {
      if ((page[k + 1]! & TAG_MASK) !== TAG.packet) continue;
      const samePort = page[k + 2]! >>> 16 === port;
      const sameHost = page[k] === host;
      if (samePort) newPort = false;
      if (sameHost) newHost = false;
      if (samePort && sameHost) newPair = false;
    }
    if (newPort) ports++;
    if (newHost) hosts++;
    if (newPair) pairs++;
    if (newPort && SENSITIVE.has(port)) services++;
  }
  return ports >= PORTS_MIN || hosts >= sweep || pairs >= PAIRS_MIN || services >= SERVICES_MIN;
}

function readRecord(ledger: Ledger, row: number, scene: Scene): SourceRecord {
  const hi = hiOf(ledger, row);
  const lo = loOf(ledger, row);
  const touches = readTouches(ledger, row, scene.packetRules);
  const packets = those(touches, (t) => t.tag === TAG.packet);
  const probes = those(packets, isProbe);
  const others = packets.length === touches.length ? NO_TOUCHES : touches;
  let visits: Visit[] | null = null;
  let pages: Map<number, number[]> | null = null;
  return {
    row,
    hi,
    lo,
    organization: spaceOf(ledger, row) >>> 8,
    touches,
    get visits() {
      visits ??= readVisits(ledger, row);
      return visits;
    },
    get pages() {
      pages ??= readPages(ledger, row);
      return pages;
    },
    isPrivate: isPrivateSource(hi, lo),
    spread: spreadOf(probes),
    packets,
    probes,
    failing: those(others, isFailing),
    logins: those(others, (t) => t.tag === TAG.login),
    matched: those(others, (t) => t.tag >= TAG.rule),
  };
}

const NO_TOUCHES: readonly Touch[] = [];

/** The members of a list of which something is true: the list itself where that is all of them, as in most records. */
function those(list: readonly Touch[], is: (t: Touch) => boolean): readonly Touch[] {
  const other = list.findIndex((t) => !is(t));
  if (other < 0) return list;
  const found = list.slice(0, other);
  for (let i = other + 1; i < list.length; i++) if (is(list[i]!)) found.push(list[i]!);
  return found.length === 0 ? NO_TOUCHES : found;
}

function findingsOf(record: SourceRecord, scene: Scene): Finding[] {
  const findings: Finding[] = [];
  for (const detector of detectors)
    for (const f of detector.evaluate(record, scene, findings)) findings.push(withOwnNames(f, scene));
  return findings;
}

/**
 * The findings without those of attack text whose every request stands in one about a form, which says more of it; that
 * one is as grave as what it is told instead of, so that whoever declares a system hears nothing milder.
 */
function onceTold(findings: readonly Finding[]): readonly Finding[] {
  const forms = findings.filter((f) => f.detection === 'election.form_injection');
  if (forms.length === 0) return findings;
  const told = new Set(forms.flatMap((f) => f.touches));
  const same = new Set(findings.filter((f) => ATTACKS.has(f.detection) && f.touches.every((t) => told.has(t))));
  return findings.filter((f) => !same.has(f)).map((f) => (forms.includes(f) ? asGraveAs(f, same) : f));
}

function asGraveAs(form: Finding, same: ReadonlySet<Finding>): Finding {
  const own = new Set(form.touches);
  let { base, steps } = form;
  for (const f of same) {
    if (LEVELS.indexOf(f.base) <= LEVELS.indexOf(base) || !f.touches.some((t) => own.has(t))) continue;
    steps = [...form.steps, `the text that was sent is graver than its place: ${form.base} to ${f.base}`];
    base = f.base;
  }
  return { ...form, base, steps };
}

/** What is shown of one list of touches. Detectors that found the same touches of a source share it. */
interface Shown {
  touches: readonly Touch[];
  exhibit: Exhibit;
  by: Finding['numbers'];
  numbers: Record<string, number>;
}

function splitByDay(
  f: Finding,
  record: SourceRecord,
  scene: Scene,
  whose: Pick<Decision, 'key' | 'members'>,
  shown: Shown[],
): { decision: Decision; touches: readonly Touch[] }[] {
  const reading = requestReading(scene);
  return byDay(f.touches, scene.dayStartMs).map(([day, touches]) => {
    const { exhibit, numbers } = shownOf(f, touches, reading, shown);
    const decision: Decision = {
      detection: f.detection,
      rule: f.rule,
      organization: record.organization,
      key: whose.key,
      day,
      base: f.base,
      steps: f.steps,
      outcome: f.outcome,
      startMs: exhibit.startMs,
      endMs: exhibit.endMs,
      exhibit,
      numbers,
      thresholds: f.thresholds,
      noise: f.noise,
      tailored: f.tailored,
      members: whose.members,
      parts: NONE,
    };
    return { decision, touches };
  });
}

const NONE: Decision[] = [];

function shownOf(f: Finding, touches: readonly Touch[], reading: RequestReading, shown: Shown[]): Shown {
  const same = shown.filter((s) => isSame(s.touches, touches));
  const known = same.find((s) => s.by === f.numbers);
  if (known !== undefined) return known;
  const made = {
    touches,
    exhibit: same[0]?.exhibit ?? exhibitOf(touches, FIRST_HASHED_HOST, reading),
    by: f.numbers,
    numbers: f.numbers(touches),
  };
  shown.push(made);
  return made;
}

function isSame(a: readonly Touch[], b: readonly Touch[]): boolean {
  return a === b || (a.length === b.length && a.every((t, i) => t === b[i]));
}

/**
 * X01 Recon chain: the same source in the firewall's log and in the web server's, within 24 hours, in either order.
 * Compares by pane: first of the one with last of the other. Informational findings on either side do not count.
 */
function reconChain(decisions: readonly Decision[]): Decision[] {
  const firewall = decisions.filter((d) => d.detection.startsWith('F') && d.base !== 'info');
  const web = decisions.filter(
    (d) => (d.detection.startsWith('W') || d.detection.startsWith('election.')) && d.base !== 'info',
  );
  const chains = new Map<number, Set<Decision>>();
  for (const f of firewall) {
    for (const w of web) {
      if (f.startMs - w.endMs > DAY + PACKET_PANE || w.startMs - f.endMs > DAY + PACKET_PANE) continue;
      const day = Math.max(f.day, w.day);
      const parts = chains.get(day) ?? new Set<Decision>();
      parts.add(f).add(w);
      chains.set(day, parts);
    }
  }
  return [...chains].map(([day, set]) => {
    const parts = [...set].sort(byIdentity);
    return {
      detection: 'X01',
      organization: parts[0]!.organization,
      key: parts[0]!.key,
      day,
      base: 'medium' as const,
      steps: [],
      outcome: parts.some((d) => d.outcome === 'answered')
        ? ('answered' as const)
        : parts.every((d) => d.outcome === 'refused')
          ? ('refused' as const)
          : ('tried' as const),
      startMs: parts.reduce((ms, d) => Math.min(ms, d.startMs), Number.POSITIVE_INFINITY),
      endMs: parts.reduce((ms, d) => Math.max(ms, d.endMs), Number.NEGATIVE_INFINITY),
      exhibit: joinExhibits(parts.map((d) => d.exhibit)),
      // the same packets and requests stand in several parts: at least as many as the largest part counts
      numbers: {
        packets: most(parts, 'packets'),
        ports: most(parts, 'ports'),
        requests: most(
          parts.filter((d) => !d.detection.startsWith('F')),
          'requests',
        ),
        detections: parts.length,
      },
      thresholds: ['a firewall finding and a web finding of one source within 24 hours'],
      noise: [],
      tailored: [],
      members: parts[0]!.members,
      parts,
    };
  });
}

const most = (list: readonly Decision[], name: string) => Math.max(0, ...list.map((d) => d.numbers[name] ?? 0));
