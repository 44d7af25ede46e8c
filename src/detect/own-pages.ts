/**
 * Pages that a site has and that stand in the scanners' lists all the same: /config.json of a page application, the
 * log-in of a content management system that is in use. A page is the site's own when several ordinary visitors were
 * given it: sources that also got other pages and static assets, and that failed on nothing in the lists.
 * (DETECTIONS W08: "path in real use → learn per site".) Five visitors must agree; whoever wants to hide a probe this
 * way needs five addresses that behave like people.
 */
import { TAG, TAG_MASK, TOUCH_WORDS, VISIT_WORDS, WEB } from '../measure/entry.ts';
import { type Ledger, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import type { Rule } from '../model/rule.ts';
import { LISTED } from './web/requests.ts';

const VISITORS = 5;
/** other pages that an ordinary visitor was given */
const PAGES = 3;

/** The listed pages that the site itself uses, each as `path hash · 2^16 + host number`. */
export function ownPages(ledger: Ledger, rules: readonly Rule[]): ReadonlySet<number> {
  const listed = new Uint8Array(TAG_MASK + 1);
  for (const r of rules) if (LISTED.has(r.detection ?? '')) listed[TAG.rule + r.number] = 1;
  const visitors = new Map<number, number>();
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    const given = givenOf(ledger, row, listed);
    if (given === null || !isOrdinary(ledger, row, given)) continue;
    for (const page of given) visitors.set(page, (visitors.get(page) ?? 0) + 1);
  }
  const own = new Set<number>();
  for (const [page, n] of visitors) if (n >= VISITORS) own.add(page);
  return own;
}

/** A page of a host as one number. */
export function pageNumber(host: number, path: number): number {
  return path * HOSTS + host;
}

/** Hosts have numbers of 16 bits. */
const HOSTS = 65_536;

/** listed pages that a source was given; null when there is none or it failed on one */
function givenOf(ledger: Ledger, row: number, listed: Uint8Array): Set<number> | null {
  const n = lengthOf(ledger.touches, row);
  if (n === 0) return null;
  const page = pageOf(ledger.touches, row);
  const start = startOf(ledger.touches, row);
  let given: Set<number> | null = null;
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
    if (listed[page[e + 1]! & TAG_MASK] === 0) continue;
    const statusClass = (page[e + 3]! >>> 24) & WEB.statusMask;
    if (statusClass !== 2 && statusClass !== 3) return null;
    given ??= new Set();
    given.add(pageNumber(page[e + 2]! & 0xffff, page[e]!));
  }
  return given;
}

function isOrdinary(ledger: Ledger, row: number, given: ReadonlySet<number>): boolean {
  const n = lengthOf(ledger.visits, row);
  if (n === 0) return false;
  const listed = new Set<number>();
  for (const page of given) listed.add(Math.floor(page / HOSTS));
  const others = new Set<number>();
  let assets = false;
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  for (let e = start; e < start + n * VISIT_WORDS; e += VISIT_WORDS) {
    const tag = page[e + 1]! & TAG_MASK;
    if (tag === TAG.asset) assets = true;
    else if (tag === TAG.path && !listed.has(page[e]!)) others.add(page[e]!);
  }
  return assets && others.size >= Math.max(PAGES, listed.size);
}
