/**
 * Pages that a site has and that stand in the scanners' lists all the same: /config.json of a page application, the
 * log-in of a content management system that is in use. A page is the site's own when several ordinary visitors were
 * given it: sources that also got other pages and static assets, and that failed on nothing in the lists.
 * (DETECTIONS W08: "path in real use → learn per site".) Five visitors must agree; whoever wants to hide a probe this
 * way needs five addresses that behave like people.
 */
import { TAG, TAG_MASK, TOUCH_WORDS, WEB } from '../measure/entry.ts';
import { type Ledger, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import type { Rule } from '../model/rule.ts';
import { readVisits } from './record.ts';
import { LISTED } from './web/slow-probing.ts';

const VISITORS = 5;
/** other pages that an ordinary visitor was given */
const PAGES = 3;

/** `host:path` (number and hash) of the listed pages that the site itself uses. */
export function ownPages(ledger: Ledger, rules: readonly Rule[]): ReadonlySet<string> {
  const listed = new Set(rules.filter((r) => LISTED.has(r.detection ?? '')).map((r) => TAG.rule + r.number));
  const visitors = new Map<string, number>();
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    const given = givenOf(ledger, row, listed);
    if (given === null || given.size === 0 || !isOrdinary(ledger, row, given)) continue;
    for (const name of given.keys()) visitors.set(name, (visitors.get(name) ?? 0) + 1);
  }
  return new Set([...visitors].filter(([, n]) => n >= VISITORS).map(([name]) => name));
}

/** listed pages that a source was given, with their path hashes; null when it failed on one */
function givenOf(ledger: Ledger, row: number, listed: ReadonlySet<number>): Map<string, number> | null {
  const given = new Map<string, number>();
  const n = lengthOf(ledger.touches, row);
  if (n === 0) return given;
  const page = pageOf(ledger.touches, row);
  const start = startOf(ledger.touches, row);
  for (let i = 0; i < n; i++) {
    const e = start + i * TOUCH_WORDS;
    if (!listed.has(page[e + 1]! & TAG_MASK)) continue;
    const statusClass = (page[e + 3]! >>> 24) & WEB.statusMask;
    if (statusClass !== 2 && statusClass !== 3) return null;
    given.set(`${page[e + 2]! & 0xffff}:${page[e]!}`, page[e]!);
  }
  return given;
}

function isOrdinary(ledger: Ledger, row: number, given: ReadonlyMap<string, number>): boolean {
  const listed = new Set(given.values());
  const others = new Set<number>();
  let assets = false;
  for (const v of readVisits(ledger, row)) {
    if (v.tag === TAG.asset) assets = true;
    else if (v.tag === TAG.path && !listed.has(v.item)) others.add(v.item);
  }
  return assets && others.size >= Math.max(PAGES, listed.size);
}
