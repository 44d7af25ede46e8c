/**
 * election.lookup_slow Slow record enumeration: the addresses of one network ask for records at a rate that stays below every
 * threshold, for days, and do nothing else.
 * Evidence: within seven days at least 500 different keys, asked for from addresses of one AS or one /24 (/48) that load
 * none of the files which a browser loads with a page and ask for at least five keys each; in at least twelve hours, and in
 * four fifths of the hours from the first to the last, as a script does that runs on by itself (AA20-304A: several hundred
 * thousand queries in 19 days; the gaps between queries are restated as occupied hours).
 * Look-alikes: the customers of a large access network load pages with their files; volunteers of a campaign, too. Where
 * hardly anybody does, because another server has the files, people and scripts cannot be told apart: then only keys that
 * are nearly in number order count (blocks of 64 at most a quarter of the keys). Addresses of the office's own are left out.
 * An attacker walks around it with fewer than five keys an address, or by loading what browsers load.
 */
import { TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS, VISIT_WORDS } from '../../measure/entry.ts';
import { hiOf, type Ledger, loOf, spaceOf } from '../../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../../measure/lists.ts';
import { FIRST_HASHED_HOST } from '../../measure/observe.ts';
import { dayOf, HOUR, WEB_PANE } from '../../model/time.ts';
import type { Decision } from '../decision.ts';
import type { Scene } from '../detector.ts';
import { exhibitOf } from '../exhibit.ts';
import { inTime, type Touch } from '../touch.ts';
import { type Group, groupsOf, type Member } from './network-groups.ts';

const KEYS = 500;
const KEYS_EACH = 5;
const DAYS = 7;
const HOURS = 12;
const OCCUPIED = 0.8;
const BLOCK_SHARE = 0.25;
/** Share of those who look records up that load files, below which files tell nothing. */
const WITH_FILES = 0.3;

/** A source that asked for records: [pane, tag, item] of its visits under keys, one after the other. */
interface Asker extends Member {
  readonly keys: readonly number[];
  /** days on which it loaded files */
  readonly fileDays: readonly number[];
}

/** How many sources looked records up in the days that end with one, and how many of them loaded files. */
interface Crowd {
  sources: number;
  withFiles: number;
}

/** What is noted of sources that look records up. */
export interface LookUps {
  readonly askers: Asker[];
  /** by organisation and last day of the window */
  readonly crowds: Map<number, Crowd>;
}

/** Nothing noted yet. */
export function createLookUps(): LookUps {
  return { askers: [], crowds: new Map() };
}

/** Notes a source; told from the packed entries, for most sources looked up a record or two. */
export function noteLookUps(lookUps: LookUps, ledger: Ledger, row: number, dayStartMs: number): void {
  if (!hasKeyLine(ledger, row)) return;
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  const keys: number[] = [];
  const days = new Set<number>();
  const fileDays: number[] = [];
  for (let e = start; e < start + lengthOf(ledger.visits, row) * VISIT_WORDS; e += VISIT_WORDS) {
    const tag = page[e + 1]! & TAG_MASK;
    const pane = page[e + 1]! >>> TAG_BITS;
    if (tag === TAG.asset) fileDays.push(pane);
    else if (tag === TAG.key || tag === TAG.keyRefused || tag === TAG.keyBlock) {
      keys.push(pane, tag, page[e]!);
      days.add(dayOf(pane * WEB_PANE, dayStartMs));
    }
  }
  const organization = spaceOf(ledger, row) >>> 8;
  countIn(lookUps.crowds, organization, days, fileDays);
  if (keys.length >= 3 * KEYS_EACH)
    lookUps.askers.push({ organization, hi: hiOf(ledger, row), lo: loOf(ledger, row), keys, fileDays });
}

/** Counts a source in each window that holds a day on which it looked a record up. */
function countIn(
  crowds: LookUps['crowds'],
  organization: number,
  days: ReadonlySet<number>,
  fileDays: readonly number[],
): void {
  const ends = new Set([...days].flatMap((day) => Array.from({ length: DAYS }, (_, i) => day + i)));
  for (const end of ends) {
    const name = crowdName(organization, end);
    const crowd = crowds.get(name) ?? { sources: 0, withFiles: 0 };
    crowd.sources++;
    if (fileDays.some((day) => isWithin(day, end))) crowd.withFiles++;
    crowds.set(name, crowd);
  }
}

const crowdName = (organization: number, day: number) => organization * 2 ** 20 + day;

/** Whether a day is one of those that end with another. */
const isWithin = (day: number, end: number) => day <= end && day > end - DAYS;

function hasKeyLine({ touches, visits }: Ledger, row: number): boolean {
  const n = lengthOf(touches, row);
  if (n === 0 || lengthOf(visits, row) === 0) return false;
  const page = pageOf(touches, row);
  const start = startOf(touches, row);
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS)
    if ((page[e + 1]! & TAG_MASK) === TAG.keyLine) return true;
  return false;
}

/**
 * Decisions about networks. `isOwn`: the address is the office's own. Each day is judged by what was done in the days that
 * end with it: who loads files, whether files tell anything, and which network is named.
 */
export function slowLookUps(
  lookUps: LookUps,
  scene: Scene,
  asOf: (hi: number, lo: number) => number,
  isOwn: (hi: number, lo: number) => boolean,
): Decision[] {
  const askers = lookUps.askers.filter((s) => !isOwn(s.hi, s.lo));
  return daysOf(askers, scene).flatMap((day) => {
    const bare = askers.filter((s) => !s.fileDays.some((d) => isWithin(d, day)) && hasKeys(s, day, scene));
    return groupsOf(bare, asOf).flatMap((group) => decisionsOf(group, day, filesTell(lookUps, group, day), scene));
  });
}

function daysOf(askers: readonly Asker[], { dayStartMs }: Scene): number[] {
  const days = new Set<number>();
  for (const { keys } of askers)
    for (let i = 0; i < keys.length; i += 3) days.add(dayOf(keys[i]! * WEB_PANE, dayStartMs));
  return [...days].sort((a, b) => a - b);
}

/** Whether a source asked for so many different records in the days that end with one that it counts. */
function hasKeys({ keys }: Asker, day: number, { dayStartMs }: Scene): boolean {
  const items = new Set<number>();
  for (let i = 0; i < keys.length && items.size < KEYS_EACH; i += 3)
    if (keys[i + 1] !== TAG.keyBlock && isWithin(dayOf(keys[i]! * WEB_PANE, dayStartMs), day)) items.add(keys[i + 2]!);
  return items.size >= KEYS_EACH;
}

function filesTell({ crowds }: LookUps, { organization }: Group<Asker>, day: number): boolean {
  const crowd = crowds.get(crowdName(organization, day));
  return crowd !== undefined && crowd.withFiles >= WITH_FILES * crowd.sources;
}

/** What a group asked for in a span of days. */
interface Asked {
  readonly keys: Set<number>;
  readonly answered: Set<number>;
  readonly blocks: Set<number>;
  readonly hours: Set<number>;
  readonly members: Set<Asker>;
}

function decisionsOf(group: Group<Asker>, day: number, doFilesTell: boolean, scene: Scene): Decision[] {
  const asked = askedWithin(group, day, scene);
  if (!isSteady(asked) || asked.keys.size < KEYS) return [];
  const isInOrder = asked.blocks.size > 0 && asked.blocks.size <= BLOCK_SHARE * asked.keys.size;
  if (!doFilesTell && !isInOrder) return [];
  const touches = linesOf(asked, group.organization, day, scene);
  return touches.length === 0 ? [] : [decisionOf(group, day, asked, touches)];
}

function askedWithin({ members }: Group<Asker>, day: number, scene: Scene): Asked {
  const asked: Asked = {
    keys: new Set(),
    answered: new Set(),
    blocks: new Set(),
    hours: new Set(),
    members: new Set(),
  };
  for (const member of members) {
    for (let i = 0; i < member.keys.length; i += 3) {
      const [pane, tag, item] = [member.keys[i]!, member.keys[i + 1]!, member.keys[i + 2]!];
      if (!isWithin(dayOf(pane * WEB_PANE, scene.dayStartMs), day)) continue;
      asked.members.add(member);
      asked.hours.add(Math.floor((pane * WEB_PANE) / HOUR));
      if (tag === TAG.keyBlock) asked.blocks.add(item);
      else asked.keys.add(item);
      if (tag === TAG.key) asked.answered.add(item);
    }
  }
  return asked;
}

/** Whether the hours in which records were asked for leave hardly a gap. */
function isSteady({ hours }: Asked): boolean {
  if (hours.size < HOURS) return false;
  const list = [...hours].sort((a, b) => a - b);
  return hours.size >= OCCUPIED * (list.at(-1)! - list[0]! + 1);
}

/** The first lines of each pane of a day in which members asked for records. */
function linesOf({ members }: Asked, organization: number, day: number, scene: Scene): Touch[] {
  const found: Touch[] = [];
  for (const { hi, lo } of members)
    for (const t of scene.touchesOf(organization, hi, lo))
      if (t.tag === TAG.keyLine && dayOf(t.paneMs, scene.dayStartMs) === day) found.push(t);
  return found.sort(inTime);
}

function decisionOf({ key, organization }: Group<Asker>, day: number, asked: Asked, touches: Touch[]): Decision {
  const exhibit = exhibitOf(touches, FIRST_HASHED_HOST);
  const members = [...asked.members].map(({ hi, lo }) => ({ hi, lo })).sort((a, b) => a.hi - b.hi || a.lo - b.lo);
  return {
    detection: 'election.lookup_slow',
    organization,
    key,
    day,
    base: 'medium',
    steps: [],
    outcome: asked.answered.size > 0 ? 'answered' : 'refused',
    startMs: exhibit.startMs,
    endMs: exhibit.endMs,
    exhibit,
    numbers: {
      sources: members.length,
      distinct_keys: asked.keys.size,
      records_answered: asked.answered.size,
      blocks_of_64: asked.blocks.size,
      hours: asked.hours.size,
      requests: touches.reduce((sum, t) => sum + t.count, 0),
    },
    thresholds: [
      `${KEYS} different records within ${DAYS} days by addresses of one network that load no page, hour after hour`,
    ],
    noise: [],
    tailored: ['it asks your site for one record after another, and for nothing else'],
    members,
    parts: [],
  };
}
