/**
 * W01 shared out: the addresses of one /24, or the /64 of one /48, work through one list of pages together, each so little
 * of it that none is told alone.
 * Evidence, on one day: at least 3 probing addresses of the block that W01 to W03 do not tell, together at least 33 distinct
 * missing pages, or 22 of which three stand in the scanners' lists, or 11 that stand there; hardly the same ones
 * (1 − |union| / sum of sets ≤ 0.2, as F16 has it). So many are three times, twice and once what W01 takes of one address.
 * A probing address asked that day for a listed name that is not there, or typed three missing pages; and for at least as
 * many missing pages as it was given pages. All addresses of the block together were given at most two pages for each that
 * they missed (W01's share). Of a crawler, twice as many must be missing as were given. So a school's or a phone company's
 * block is people: they follow one dead link each, or the same ones, and go on reading.
 * Rate-free within the day. An attacker walks around it with two unlisted pages an address, with a block of his own for each
 * few pages, or from a block in which many people read. It misses a site that answers everything with a page. Gateways that
 * try the links of mails before people do look like it where every reader has dead links of his own, three or more.
 */
import { addVisit } from '../measure/additions.ts';
import { paneStart, TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS, WEB } from '../measure/entry.ts';
import { findRow, hiOf, type Ledger, loOf, rowOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { FIRST_HASHED_HOST } from '../measure/observe.ts';
import { prefixOf } from '../model/address.ts';
import { append } from '../model/long-lists.ts';
import { dayOf, dayStart, WEB_PANE } from '../model/time.ts';
import type { Decision, DecisionKey } from './decision.ts';
import type { Scene, SourceRecord } from './detector.ts';
import { countDistinct, distinctOf } from './distinct.ts';
import { exhibitOf } from './exhibit.ts';
import { FACT, FACT_SPACE } from './fact-spaces.ts';
import { networkDecision } from './network-decision.ts';
import { readRecord } from './source-record.ts';
import { inOrder, statusClassOf, type Touch } from './touch.ts';
import { readPages, readVisits } from './visit.ts';
import { ownNamesIn } from './web/own-names.ts';
import { isCrawler, LISTED, pagesOf, requestNumbers, requestReading } from './web/requests.ts';

const SOURCES = 3;
const PAGES = 33;
const PAGES_WITH_LISTED = 22;
const LISTED_AMONG = 3;
const PAGES_LISTED = 11;
const OVERLAP = 0.2;
/** missing pages that an address must have typed, where none stands in a list */
const TYPED = 3;
/** missing pages per page that was given: to an address, to the whole block */
const SHARE = 1;
const SHARE_BLOCK = 0.5;
const SHARE_CRAWLER = 2;
/** detections that tell such an address alone */
export const TOLD_ALONE: ReadonlySet<string> = new Set(['W01', 'W02', 'W03']);

/**
 * Notes a source that may be one of those that share a list, under its block: on each such day how many touches speak for it.
 */
export function noteProber(facts: Ledger, ledger: Ledger, row: number, dayStartMs: number): void {
  const n = lengthOf(ledger.touches, row);
  const page = pageOf(ledger.touches, row);
  const start = startOf(ledger.touches, row);
  let missing = 0;
  let matched = 0;
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
    const tag = page[e + 1]! & TAG_MASK;
    if (((page[e + 3]! >>> 24) & WEB.statusMask) !== 4) continue;
    if (tag === TAG.fail) missing++;
    else if (tag >= TAG.rule) matched++;
  }
  if (missing < TYPED && matched === 0) return;
  const prefix = prefixOf(hiOf(ledger, row), loOf(ledger, row));
  const block = rowOf(facts, (spaceOf(ledger, row) & ~255) | FACT_SPACE.block, prefix.hi, prefix.lo);
  const days = new Map<number, number>();
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
    if ((page[e + 1]! & TAG_MASK) !== TAG.fail || ((page[e + 3]! >>> 24) & WEB.statusMask) !== 4) continue;
    const day = dayOf(paneStart(page[e + 1]! >>> TAG_BITS, WEB_PANE), dayStartMs);
    days.set(day, (days.get(day) ?? 0) + 1);
  }
  for (const [day, pages] of days) addVisit(facts, block, row, ((day << TAG_BITS) | FACT.missing) >>> 0, pages);
}

/** One address on one day. */
interface Prober {
  readonly hi: number;
  readonly lo: number;
  readonly isCrawler: boolean;
  readonly failed: readonly Touch[];
  readonly listed: ReadonlySet<number>;
  readonly pages: readonly number[];
}

/** A block on a day, and its addresses that seem to share a list. */
interface Suspicion {
  readonly key: DecisionKey;
  readonly organization: number;
  readonly day: number;
  readonly probers: readonly Prober[];
}

/**
 * Decisions about blocks. `facts` holds what was noted of `sources`; `isTold`: the source of a row is told alone on a day.
 */
export function sharedProbing(
  facts: Ledger,
  sources: Ledger,
  scene: Scene,
  isTold: (row: number, day: number) => boolean,
): Decision[] {
  const suspicions: Suspicion[] = [];
  for (let row = 0; row < facts.rows; row++) {
    if ((spaceOf(facts, row) & 255) !== FACT_SPACE.block) continue;
    if (lengthOf(facts.visits, row) < SOURCES) continue;
    const key = { kind: 'prefix' as const, hi: hiOf(facts, row), lo: loOf(facts, row) };
    const organization = spaceOf(facts, row) >>> 8;
    for (const [day, noted] of Map.groupBy(readVisits(facts, row), ({ pane }) => pane)) {
      const untold = noted.filter(({ item }) => !isTold(item, day));
      if (untold.length < SOURCES || untold.reduce((sum, { count }) => sum + count, 0) < PAGES_LISTED) continue;
      const probers = untold.flatMap(({ item }) => proberOf(readRecord(sources, item, scene), day, scene) ?? []);
      if (isShared(probers)) suspicions.push({ key, organization, day, probers });
    }
  }
  if (suspicions.length === 0) return [];
  const rows = rowsOfBlocks(suspicions, sources);
  return suspicions.filter((s, i) => !isRead(s, rows[i]!, sources, scene)).map((s) => decisionOf(s, scene));
}

const blockName = (organization: number, { hi, lo }: { hi: number; lo: number }) => `${organization}/${hi}:${lo}`;

/** Rows of all sources of blocks, in their order: the addresses of a /24 are looked up, the networks of a /48 looked for. */
function rowsOfBlocks(suspicions: readonly Suspicion[], sources: Ledger): number[][] {
  const wanted = new Map<string, number[]>();
  for (const { organization, key } of suspicions) if (key.hi !== 0) wanted.set(blockName(organization, key), []);
  for (let row = 0; row < sources.rows && wanted.size > 0; row++) {
    if ((spaceOf(sources, row) & 255) !== SPACE.source || hiOf(sources, row) === 0) continue;
    const name = blockName(spaceOf(sources, row) >>> 8, prefixOf(hiOf(sources, row), loOf(sources, row)));
    wanted.get(name)?.push(row);
  }
  return suspicions.map(({ organization, key }) => {
    if (key.hi !== 0) return wanted.get(blockName(organization, key))!;
    const space = (organization << 8) | SPACE.source;
    const rows = Array.from({ length: 256 }, (_, i) => findRow(sources, space, 0, key.lo + i));
    return rows.filter((row) => row >= 0);
  });
}

/** Whether a block was given so many pages on the day, by all its addresses, that it reads: then it has readers' dead links. */
function isRead({ day, probers }: Suspicion, rows: readonly number[], sources: Ledger, scene: Scene): boolean {
  const missing = new Set(probers.flatMap(({ pages }) => pages)).size;
  const share = probers.some((p) => p.isCrawler) ? SHARE_CRAWLER : SHARE_BLOCK;
  const given = new Set<number>();
  for (const row of rows)
    for (const page of pagesOn(day, readPages(sources, row), scene))
      if (given.add(page).size * share > missing) return true;
  return false;
}

/** The pages that a source was given on a day. */
function pagesOn(day: number, pages: SourceRecord['pages'], { dayStartMs }: Scene): number[] {
  const given: number[] = [];
  for (const [pane, list] of pages) if (dayOf(paneStart(pane, WEB_PANE), dayStartMs) === day) append(given, list);
  return given;
}

/** What a source did on a day, if it is probing and no reading. */
function proberOf(record: SourceRecord, day: number, scene: Scene): Prober | null {
  const isOnDay = (t: Touch) => dayOf(t.paneMs, scene.dayStartMs) === day;
  const failed = record.failing.filter(isOnDay);
  const isListed = (t: Touch) =>
    statusClassOf(t) === 4 && isOnDay(t) && LISTED.has(scene.rules[t.tag - TAG.rule]?.detection ?? '');
  const pages = distinctOf(failed, pagesOf);
  const missing = new Set(pages);
  const listed = new Set(distinctOf(record.matched.filter(isListed), pagesOf).filter((p) => missing.has(p)));
  const typed = failed.filter((t) => (t.flags & WEB.ownReferrer) === 0);
  if (listed.size === 0 && countDistinct(typed, pagesOf) < TYPED) return null;
  const crawls = isCrawler(record, scene);
  const given = countDistinct(pagesOn(day, record.pages, scene), (p) => p);
  if (pages.length < (crawls ? SHARE_CRAWLER : SHARE) * given) return null;
  return { hi: record.hi, lo: record.lo, isCrawler: crawls, failed, listed, pages };
}

/** Whether the pages of several are so many, and so hardly the same, that they shared them out. */
function isShared(probers: readonly Prober[]): boolean {
  if (probers.length < SOURCES) return false;
  const union = new Set<number>();
  const listed = new Set<number>();
  let sum = 0;
  for (const prober of probers) {
    sum += prober.pages.length;
    for (const p of prober.pages) union.add(p);
    for (const p of prober.listed) listed.add(p);
  }
  const fewest = listed.size >= LISTED_AMONG ? PAGES_WITH_LISTED : PAGES;
  return 1 - union.size / sum <= OVERLAP && (union.size >= fewest || listed.size >= PAGES_LISTED);
}

function decisionOf({ key, organization, day, probers: members }: Suspicion, scene: Scene): Decision {
  const touches = inOrder(members.flatMap(({ failed }) => failed));
  return networkDecision({
    detection: 'W01',
    organization,
    key,
    day,
    base: 'medium',
    exhibit: exhibitOf(touches, FIRST_HASHED_HOST, requestReading(scene)),
    members,
    numbers: { sources: members.length, ...requestNumbers(scene)(touches) },
    thresholds: [
      `${SOURCES} addresses of one network block that share out ${PAGES} different missing pages in a day, or ${PAGES_WITH_LISTED} with ${LISTED_AMONG} that scanners look for among them, or ${PAGES_LISTED} such`,
    ],
    tailored: ownNamesIn(touches, scene),
    // how much of a list overlaps, and what else was read, the whole day says
    settlesMs: dayStart(day + 1, scene.dayStartMs),
  });
}
