/**
 * election.results_flood Flood of a public system: very many more sources than usual come to a declared system at once, and
 * it answers with errors.
 * Evidence: in each of two adjacent slices of two minutes at least ten times the usual number of sources, and at least 100,
 * or in one slice and in the two beside it together, for a flood begins and ends within slices;
 * over all of them at least a fifth of all answers are server errors (Knox County 2018: results down from poll close; Georgia 2024:
 * 420,000 addresses within 24 minutes). Rates per source say nothing there. Usual is the median of the slices with traffic
 * in the seven days before that are no flood; with fewer than an hour of them, the day's own, when it is over. While the calendar says
 * that this kind of system matters, crowds are lawful (eight times the usual were seen when polls closed): then there must
 * also be three times as many as in the busiest slice of the hour before, for a crowd grows more slowly. The slices that
 * touch a flood are not counted there: they hold its beginning or its end.
 * Needs each visitor's address: behind a proxy that is not trusted to name them there is one source.
 */
import { paneStart, SLICES, TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS, VISIT_WORDS, WEB } from '../../measure/entry.ts';
import { type Ledger, loOf, SPACE, spaceOf } from '../../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../../measure/lists.ts';
import { FIRST_HASHED_HOST } from '../../measure/observe.ts';
import { distinct, GROUP_MAX, priorityOf } from '../../measure/reductions.ts';
import { electionWindow } from '../../model/election-window.ts';
import type { Asset } from '../../model/inventory.ts';
import { DAY, dayOf, dayStart, HOUR, WEB_PANE } from '../../model/time.ts';
import type { Decision } from '../decision.ts';
import type { Scene } from '../detector.ts';
import { exhibitOf } from '../exhibit.ts';
import { inTime, Touch } from '../touch.ts';

const TIMES_USUAL = 10;
const SOURCES = 100;
const ERROR_SHARE = 0.2;
const TIMES_CROWD = 3;
const CROWD_MS = HOUR;
const SLICE_MS = WEB_PANE / SLICES;
/** Slices before a flood from which what is usual can be told: an hour of them. */
const BEFORE_MIN = 30;
const BEFORE_MS = 7 * DAY;
/** Requests with an error that the lines of evidence are chosen from. */
const WITNESSES = 2000;

/** Two minutes of a system. */
interface Slice {
  /** slices since 1970 */
  readonly at: number;
  sources: number;
  requests: number;
  errors: number;
}

/** What a day has of floods. */
interface Flood {
  readonly slices: Set<Slice>;
  readonly usual: number;
  /** Unix ms before which what is usual may still change; 0 = it is known */
  settlesMs: number;
}

const startOfSlice = (at: number) => at * SLICE_MS;

/** Decisions about all systems. */
export function resultsFloods(ledger: Ledger, scene: Scene): Decision[] {
  const out: Decision[] = [];
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.system) continue;
    const asset = scene.assets[loOf(ledger, row) - 1];
    if (asset === undefined) continue;
    out.push(...floodsOf(asset, slicesOf(ledger, row), spaceOf(ledger, row) >>> 8, ledger, scene));
  }
  return out;
}

function floodsOf(asset: Asset, slices: Slice[], organization: number, ledger: Ledger, scene: Scene): Decision[] {
  const flooded = new Map<number, Flood>();
  const parts = new Set<number>();
  for (let i = 1; i < slices.length; i++) {
    for (const run of [slices.slice(i - 1, i + 1), slices.slice(Math.max(0, i - 2), i + 1)]) {
      const first = run[0]!;
      // the ends of three are looked at together only where the middle is told with neither of them
      if (run.length === 3 && parts.has(run[1]!.at)) continue;
      const sources = sourcesIn(run);
      if (sources < SOURCES || failingIn(run) < ERROR_SHARE) continue;
      const { usual, isKnown } = usualOf(slices, first, parts, scene);
      if (sources < TIMES_USUAL * usual || sources < TIMES_CROWD * crowdBefore(slices, first, parts, asset, scene))
        continue;
      for (const slice of run) {
        parts.add(slice.at);
        const day = dayOf(startOfSlice(slice.at), scene.dayStartMs);
        const known = flooded.get(day) ?? { slices: new Set<Slice>(), usual, settlesMs: 0 };
        known.slices.add(slice);
        // what the day itself will say is usual is known at its end
        if (!isKnown) known.settlesMs = dayStart(dayOf(startOfSlice(first.at), scene.dayStartMs) + 1, scene.dayStartMs);
        flooded.set(day, known);
      }
    }
  }
  return [...flooded].flatMap(([day, flood]) => decisionOf(asset, day, flood, organization, ledger));
}

/** Sources that come every two minutes throughout a run of two slices, or of three of which both ends count as one; 0 = no run. */
function sourcesIn(run: readonly Slice[]): number {
  if (run.some((slice, i) => slice.at !== run[0]!.at + i)) return 0;
  const [first, second, third] = run.map(({ sources }) => sources);
  return third === undefined ? Math.min(first!, second!) : Math.min(second!, first! + third);
}

function failingIn(run: readonly Slice[]): number {
  const of = (n: (slice: Slice) => number) => run.reduce((sum, slice) => sum + n(slice), 0);
  return of(({ errors }) => errors) / of(({ requests }) => requests);
}

/** Sources of an ordinary slice, at the time of a slice; 1 where there are none. `isKnown`: later lines do not change it. */
function usualOf(
  slices: readonly Slice[],
  flood: Slice,
  parts: ReadonlySet<number>,
  scene: Scene,
): { usual: number; isKnown: boolean } {
  const at = startOfSlice(flood.at);
  const before = slices.filter((s) => s.at < flood.at && startOfSlice(s.at) >= at - BEFORE_MS && !parts.has(s.at));
  const isKnown = before.length >= BEFORE_MIN;
  const day = dayOf(at, scene.dayStartMs);
  const known = isKnown ? before : slices.filter((s) => dayOf(startOfSlice(s.at), scene.dayStartMs) === day);
  return { usual: Math.max(1, medianSources(known)), isKnown };
}

/** Sources of the busiest slice of the hour before a slice that touches no flood; 0 where no crowd is expected. */
function crowdBefore(
  slices: readonly Slice[],
  flood: Slice,
  parts: ReadonlySet<number>,
  asset: Asset,
  scene: Scene,
): number {
  const at = startOfSlice(flood.at);
  if (electionWindow(scene.calendar, asset.kind, at, at)?.matters !== true) return 0;
  const touches = (s: Slice) => s.at === flood.at - 1 || [s.at - 1, s.at, s.at + 1].some((n) => parts.has(n));
  const before = slices.filter((s) => s.at < flood.at && startOfSlice(s.at) >= at - CROWD_MS && !touches(s));
  return Math.max(0, ...before.map((s) => s.sources));
}

function medianSources(slices: readonly Slice[]): number {
  const sorted = slices.map((s) => s.sources).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Slices with traffic, in order. */
function slicesOf(ledger: Ledger, row: number): Slice[] {
  const n = lengthOf(ledger.visits, row);
  if (n === 0) return [];
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  const slices = new Map<number, Slice & { kept: number; largest: number }>();
  const sliceAt = (at: number) => {
    const slice = slices.get(at) ?? { at, sources: 0, requests: 0, errors: 0, kept: 0, largest: 0 };
    slices.set(at, slice);
    return slice;
  };
  for (let e = start; e < start + n * VISIT_WORDS; e += VISIT_WORDS) {
    const tag = page[e + 1]! & TAG_MASK;
    const pane = page[e + 1]! >>> TAG_BITS;
    if (tag === TAG.answer) {
      const slice = sliceAt(pane * SLICES + Math.floor(page[e]! / 8));
      slice.requests += page[e + 2]!;
      if (page[e]! % 8 === 5) slice.errors += page[e + 2]!;
    } else if (tag >= TAG.visitor && tag < TAG.visitor + SLICES) {
      const slice = sliceAt(pane * SLICES + tag - TAG.visitor);
      slice.kept++;
      slice.largest = Math.max(slice.largest, priorityOf(ledger, row, page[e]!, page[e + 2]!));
    }
  }
  // what a bottom-k sample stands for; these rows are not sampled otherwise
  for (const slice of slices.values())
    slice.sources = slice.kept < GROUP_MAX ? slice.kept : distinct(ledger, slice.kept, slice.largest);
  return [...slices.values()].sort((a, b) => a.at - b.at);
}

function decisionOf(
  asset: Asset,
  day: number,
  { slices, usual, settlesMs }: Flood,
  organization: number,
  ledger: Ledger,
): Decision[] {
  const list = [...slices];
  const requests = list.reduce((sum, s) => sum + s.requests, 0);
  const errors = list.reduce((sum, s) => sum + s.errors, 0);
  const startMs = startOfSlice(Math.min(...list.map((s) => s.at)));
  const endMs = startOfSlice(Math.max(...list.map((s) => s.at)) + 1) - 1;
  const witnesses = witnessesOf(ledger, organization, asset.number, startMs, endMs);
  if (witnesses.length === 0) return [];
  return [
    {
      detection: 'election.results_flood',
      organization,
      key: { kind: 'system', hi: 0, lo: asset.number },
      day,
      base: 'high',
      ...(settlesMs > 0 && { settlesMs }),
      steps: [],
      outcome: 'tried',
      startMs,
      endMs,
      exhibit: exhibitOf(witnesses, FIRST_HASHED_HOST),
      numbers: {
        requests,
        server_errors: errors,
        error_percent: Math.round((100 * errors) / requests),
        sources_in_2_minutes: Math.max(...list.map((s) => s.sources)),
        usual_sources: usual,
        minutes: list.length * (SLICE_MS / 60_000),
      },
      thresholds: [
        `${TIMES_USUAL} times the usual number of addresses every two minutes for four minutes, and a fifth of the answers are errors`,
      ],
      noise: [],
      tailored: ['all of it goes to one system of yours'],
      members: [],
      parts: [],
    },
  ];
}

/** Some of the requests to a system that it answered with an error, by the hash of their lines. */
function witnessesOf(ledger: Ledger, organization: number, system: number, startMs: number, endMs: number): Touch[] {
  let found: Touch[] = [];
  const byHash = (a: Touch, b: Touch) => a.lineHash - b.lineHash || inTime(a, b);
  for (let row = 0; row < ledger.rows; row++) {
    if (spaceOf(ledger, row) !== ((organization << 8) | SPACE.source)) continue;
    const n = lengthOf(ledger.touches, row);
    if (n === 0) continue;
    const page = pageOf(ledger.touches, row);
    const start = startOf(ledger.touches, row);
    for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
      if ((page[e + 1]! & TAG_MASK) !== TAG.fail || (page[e + 2]! & 0xffff) !== system) continue;
      const paneMs = paneStart(page[e + 1]! >>> TAG_BITS, WEB_PANE);
      if (((page[e + 3]! >>> 24) & WEB.statusMask) !== 5 || paneMs + WEB_PANE <= startMs || paneMs > endMs) continue;
      found.push(new Touch(page, e, WEB_PANE, 1));
    }
    if (found.length > 2 * WITNESSES) found = found.sort(byHash).slice(0, WITNESSES);
  }
  return found.sort(byHash).slice(0, WITNESSES).sort(inTime);
}
