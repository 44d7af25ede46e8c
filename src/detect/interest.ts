/**
 * Which sources are worth unpacking: those that some detector may find something in. Told from the packed entries, so that
 * the rest, which is most of them, stay packed.
 */
import { COUNT_MAX, TAG, TAG_MASK, TOUCH_WORDS, WEB } from '../measure/entry.ts';
import type { Ledger } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { A_MINUTE, MINUTES } from './election/status-hammer.ts';
import { SENSITIVE } from './firewall/sensitive-service.ts';

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

/** Whether any detector can find something in a row; `sweep`: addresses on one port from which it is one (F03). */
export function isInteresting(ledger: Ledger, row: number, sweep: number): boolean {
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
