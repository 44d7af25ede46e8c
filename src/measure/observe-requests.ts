/**
 * Requests that are more than a visit: what failed, what matched a rule, log-ins, keys of records. Each is a touch of (pane,
 * host, path, outcome) of its source.
 */
import { FLAG, METHOD, NO_SIZE } from '../model/batch.ts';
import { type HashKey, hashRange } from '../model/hash.ts';
import { type Digests, type Item, LABEL_BIT, type Matches } from '../model/rule.ts';
import { DAY, MINUTE, WEB_PANE } from '../model/time.ts';
import { addVisit } from './additions.ts';
import { type BatchInHand, referTo, type ToldLine, touchOf } from './batch-in-hand.ts';
import { foldSize, KEY_LINE, LOGIN, paneOf, TAG, TAG_BITS, TICK_MS, WEB } from './entry.ts';
import { type Ledger, rowOf, SPACE } from './ledger.ts';
import { ATTACK } from './observe-systems.ts';
import { notePageSize, type PageSizes } from './page-sizes.ts';
import type { RecordKeys } from './record-keys.ts';

/** Rules that only say what a request is, and are no attack: by what they say. */
export const LABEL = { none: 0, login: 1, crawler: 2, monitor: 3 } as const;

export interface RequestObserver {
  /** Adds row `i`, whose matches begin at `match`; returns where those of the next row begin. */
  note(hand: BatchInHand, i: number, match: number): number;
}

/** What is known of one request while it is added. */
interface Request {
  readonly path: number;
  readonly code: number;
  /** 1 to 5, 0 = none */
  readonly statusClass: number;
  readonly isSent: boolean;
  readonly isStatic: boolean;
  readonly isMalformed: boolean;
  /** tag bits of the organisation's day */
  readonly dayTag: number;
}

/**
 * `items[r]` says what matches of rule r are counted by, `labels[r]` is a LABEL, `attacks[r]` an ATTACK. `hostOf` tells the number of the host of a
 * row's request, `keysOf` finds the keys of records in it, which then stand in `recordKeys.found`.
 */
export function createRequestObserver(options: {
  key: HashKey;
  items: readonly Item[];
  labels: readonly number[];
  attacks: readonly number[];
  recordKeys: RecordKeys;
  pageSizes: PageSizes;
  hostOf(hand: BatchInHand, row: number): number;
  keysOf(hand: BatchInHand, row: number): number;
}): RequestObserver {
  const { key, items, labels, attacks, recordKeys, pageSizes, hostOf, keysOf } = options;
  const line: ToldLine = { row: 0, pane: 0, tick: 0, flag: 0, low: 0, high: 0, hash: 0 };

  return {
    note(hand, i, match) {
      const { digests, matches } = hand;
      const request = requestOf(hand, i);
      const { code, statusClass, isSent, isStatic, isMalformed } = request;
      const hasMatched = digests.labels[i] !== 0 || (match < matches.n && matches.row[match] === i);
      const isRefused = code === 401 || (code === 403 && isSent);
      let next = match;
      if (statusClass >= 4 || hasMatched || isMalformed || isRefused) {
        next = noteTelling(hand, i, match, request, isRefused);
      } else noteVisited(hand, i, request);
      if (!isMalformed && !isStatic && digests.keyless[i] === 0)
        noteKeys(hand, i, request, hasAttack(matches, match, next));
      return next;
    },
  };

  /** One that tells something: the next match. */
  function noteTelling(hand: BatchInHand, i: number, match: number, request: Request, isRefused: boolean): number {
    const { batch, state } = hand;
    const { ledger } = state;
    const { path, code, statusClass, isSent, dayTag } = request;
    const host = hostOf(hand, i);
    const size = batch.size[i]!;
    const isFailed = statusClass >= 4;
    begin(hand, i, flagsOf(hand, i, request));
    if (isFailed) {
      touchOf(ledger, line, TAG.fail, path, ((code << 16) | host) >>> 0);
      if (code === 404 && size !== NO_SIZE)
        addVisit(ledger, hostRow(hand, host), foldSize(size), (dayTag | TAG.notFoundSize) >>> 0, 1);
    } else if (!request.isStatic) addVisit(ledger, line.row, path, ((line.pane << TAG_BITS) | TAG.path) >>> 0, 1);
    noteClaims(ledger, hand.digests.labels[i]!, dayTag);
    const answer = isFailed ? code : size === NO_SIZE ? 0 : foldSize(size);
    const sub = ((answer << 16) | host) >>> 0;
    let isLogin = isRefused || (isSent && (hand.digests.labels[i]! & LABEL_BIT.login) !== 0);
    let isKnown = false;
    let next = match;
    for (; next < hand.matches.n && hand.matches.row[next] === i; next++) {
      const rule = hand.matches.rule[next]!;
      const label = labels[rule]!;
      if (label === LABEL.none) {
        isKnown = true;
        touchOf(ledger, line, TAG.rule + rule, itemOf(hand.digests, i, items[rule]), sub);
      } else if (label === LABEL.login) isLogin ||= isSent;
      else addVisit(ledger, line.row, label, (dayTag | TAG.agentClass) >>> 0, 1);
    }
    if (isKnown && !isFailed && size !== NO_SIZE)
      addVisit(ledger, hostRow(hand, host), path, (dayTag | TAG.matchedSize) >>> 0, foldSize(size));
    if (isLogin) {
      if (code === 401 && !isSent && batch.userEnd[i] === batch.userStart[i]) line.flag |= LOGIN.nameless;
      touchOf(ledger, line, TAG.login, Math.floor(batch.timeMs[i]! / MINUTE), ((code << 16) | host) >>> 0);
    }
    return next;
  }

  /** Whether one of the rules that matched finds text that attacks whoever reads it. */
  function hasAttack(matches: Matches, from: number, to: number): boolean {
    for (let m = from; m < to; m++) if (attacks[matches.rule[m]!] !== ATTACK.none) return true;
    return false;
  }

  function noteVisited(hand: BatchInHand, i: number, request: Request): void {
    const { state, batch, rows } = hand;
    const pathTag = ((paneOf(batch.timeMs[i]!, WEB_PANE) << TAG_BITS) | TAG.path) >>> 0;
    if (request.isStatic) addVisit(state.ledger, rows[i]!, 0, (request.dayTag | TAG.asset) >>> 0, 1);
    else {
      addVisit(state.ledger, rows[i]!, request.path, pathTag, 1);
      notePageSize(pageSizes, hand, i, request.dayTag >>> TAG_BITS);
    }
  }

  /** What the user agent claims to be. */
  function noteClaims(ledger: Ledger, labelBits: number, dayTag: number): void {
    if (labelBits === 0) return;
    const classTag = (dayTag | TAG.agentClass) >>> 0;
    if ((labelBits & LABEL_BIT.crawler) !== 0) addVisit(ledger, line.row, LABEL.crawler, classTag, 1);
    if ((labelBits & LABEL_BIT.monitor) !== 0) addVisit(ledger, line.row, LABEL.monitor, classTag, 1);
  }

  /** The keys of records that it names; text that attacks whoever reads it is nobody's record. */
  function noteKeys(hand: BatchInHand, i: number, { statusClass, isSent }: Request, isAttack: boolean): void {
    const count = keysOf(hand, i);
    if (count === 0) {
      hand.digests.keyless[i] = 1;
      return;
    }
    const { ledger } = hand.state;
    const host = hostOf(hand, i);
    const flag = statusClass | (isSent ? WEB.post : 0);
    begin(hand, i, flag);
    const paneBits = line.pane << TAG_BITS;
    const keyTag = (paneBits | (statusClass === 2 || statusClass === 3 ? TAG.key : TAG.keyRefused)) >>> 0;
    for (let k = 0; k < count; k++) {
      const { group, value, block, isPair, odd } = recordKeys.found[k]!;
      if (group !== 0 && !isAttack) {
        addVisit(ledger, line.row, value, keyTag, group);
        if (block !== 0) addVisit(ledger, line.row, block, (paneBits | TAG.keyBlock) >>> 0, group);
        line.flag = isPair ? flag | KEY_LINE.pair : flag;
        touchOf(ledger, line, TAG.keyLine, group, host);
        line.flag = flag;
      }
      if (odd !== 0) touchOf(ledger, line, TAG.oddValue, value, (((odd & 0xffff) << 16) | host) >>> 0);
    }
  }

  /** Makes row `i` the line that is told. */
  function begin(hand: BatchInHand, i: number, flag: number): void {
    const { batch, view, rows } = hand;
    const t = batch.timeMs[i]!;
    line.row = rows[i]!;
    line.pane = paneOf(t, WEB_PANE);
    line.tick = Math.floor((t - line.pane * WEB_PANE) / TICK_MS);
    line.flag = flag;
    referTo(line, hand, i);
    line.hash = hashRange(batch.bytes, view, batch.lineStart[i]!, batch.lineEnd[i]!, key);
  }
}

function requestOf({ batch, digests, scene }: BatchInHand, i: number): Request {
  const code = batch.status[i]!;
  const method = batch.method[i]!;
  const day = Math.floor((batch.timeMs[i]! - scene.dayStartMs) / DAY);
  return {
    path: digests.path[i]!,
    code,
    statusClass: code >= 100 && code < 600 ? Math.floor(code / 100) : 0,
    isSent: method === METHOD.POST || method === METHOD.PUT || method === METHOD.PATCH,
    isStatic: digests.isStatic[i] === 1,
    isMalformed: (batch.flags[i]! & FLAG.malformed) !== 0,
    dayTag: (day << TAG_BITS) >>> 0,
  };
}

function flagsOf({ batch }: BatchInHand, i: number, request: Request): number {
  const { statusClass, isSent, isStatic, isMalformed } = request;
  const own = hasReferrer(batch.bytes, batch.referrerStart[i]!, batch.referrerEnd[i]!) ? WEB.ownReferrer : 0;
  return statusClass | (isSent ? WEB.post : 0) | own | (isStatic ? WEB.static : 0) | (isMalformed ? WEB.malformed : 0);
}

/** Row of the host itself. */
function hostRow({ state, scene }: BatchInHand, host: number): number {
  return rowOf(state.ledger, (scene.organization << 8) | SPACE.host, 0, host);
}

function itemOf(digests: Digests, i: number, item: Item | undefined): number {
  return item === 'target' ? digests.target[i]! : item === 'user_agent' ? digests.userAgent[i]! : digests.path[i]!;
}

/** http(s) referrer of any host; whether the host is ours is judged where it matters, by weight (see web-probing) */
function hasReferrer(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start > 10 &&
    bytes[start] === 0x68 &&
    bytes[start + 1] === 0x74 &&
    bytes[start + 2] === 0x74 &&
    bytes[start + 3] === 0x70
  );
}
