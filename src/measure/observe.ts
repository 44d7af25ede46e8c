/**
 * Batches into the state: one record per source, a few base measures, from which every detection is a view.
 * A packet becomes a touch of (pane, destination, port, outcome); a request that failed or matched a rule a touch of
 * (pane, host, path, outcome); every other request a visit that is only counted. Nothing here decides anything.
 */
import { ACTION, type Batch, FLAG, KIND } from '../model/batch.ts';
import { type HashKey, hashRange, lane, mix32 } from '../model/hash.ts';
import { type Digests, type Item, LABEL_BIT, type Matches, ORDINARY } from '../model/rule.ts';
import { DAY, WEB_PANE } from '../model/time.ts';
import type { BatchInHand, Scene } from './batch-in-hand.ts';
import { countCoverage } from './coverage.ts';
import { addToTimeline, widenSpan } from './delta.ts';
import { paneOf, TAG, TAG_BITS } from './entry.ts';
import { rowsOf, SPACE } from './ledger.ts';
import { createPacketObserver } from './observe-packets.ts';
import { createRequestObserver, LABEL } from './observe-requests.ts';
import { createSystemObserver, type WatchedSystems } from './observe-systems.ts';
import { beginPageSizes, createPageSizes, notePageSize } from './page-sizes.ts';
import { createRecordKeys, type RecordKeys } from './record-keys.ts';
import { isPastBound } from './reductions.ts';
import { createRequestSystems, textOf } from './request-systems.ts';
import { holdState, remember, type State } from './state.ts';
import { addWaitingVisits, createWaitingVisits, noteVisit } from './waiting-visits.ts';

/** What the inventory says of addresses and requests; asset numbers, 0 = none. */
export interface AssetLookup {
  readonly hasRequestAssets: boolean;
  readonly hasAddressAssets: boolean;
  /** texts are latin1 */
  assetOfRequest(host: string, path: string): number;
  assetOfAddress(a: number, b: number, c: number, d: number): number;
  /** what is measured of each system, and whom it trusts; null = of none anything */
  readonly watched: WatchedSystems | null;
}

/** Host numbers from here on are hashes of names; below are asset numbers. */
export const FIRST_HASHED_HOST = 1024;

/** Visits that wait to be added in the order of their rows: a megabyte. */
const WAITING_MAX = 65_536;

export interface Observer {
  /** Adds a batch and its matches to the state, all but visits that wait for more: `finish` before the state is read. */
  observe(state: State, batch: Batch, matches: Matches, digests: Digests, scene: Scene): void;
  /** Adds what waits; the state then has all that was observed. */
  finish(): void;
}

/**
 * `items[r]` says what matches of rule r are counted by, `labels[r]` is a LABEL, `attacks[r]` an ATTACK.
 */
export function createObserver(options: {
  key: HashKey;
  items: readonly Item[];
  labels: readonly number[];
  attacks: readonly number[];
  assets: AssetLookup;
  recordKeyParameters: readonly (readonly string[])[];
}): Observer {
  const { key, items, labels, attacks, assets } = options;
  const recordKeys: RecordKeys = createRecordKeys(key, options.recordKeyParameters);
  const hostNumbers = new Map<number, { number: number; name: string }>();
  const systems = createRequestSystems(key, (host, path) => assets.assetOfRequest(host, path));
  const { watched } = assets;
  const addressSystemOf = ({ destination0, destination1, destination2, destination3 }: Batch, i: number): number =>
    assets.hasAddressAssets
      ? assets.assetOfAddress(destination0[i]!, destination1[i]!, destination2[i]!, destination3[i]!)
      : 0;
  const pageSizes = createPageSizes();
  const packets = createPacketObserver({ key, items, systemOf: addressSystemOf });
  const requests = createRequestObserver({ key, items, labels, attacks, recordKeys, pageSizes, hostOf, keysOf });
  const systemObserver =
    watched === null
      ? null
      : createSystemObserver({
          key,
          attacks,
          watched,
          systemOf: (hand, i) => systemOfRequest(hand, i) || hand.scene.asset,
          addressSystemOf,
          destinationOf: packets.destinationOf,
        });
  let rows = new Uint32Array(0);
  /** rows of a batch that are more than a visit */
  let others = new Uint32Array(0);
  const waiting = createWaitingVisits(WAITING_MAX);
  let waitingState: State | null = null;
  let view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));

  function viewOf(bytes: Uint8Array): DataView {
    if (view.buffer !== bytes.buffer || view.byteOffset !== bytes.byteOffset || view.byteLength !== bytes.byteLength)
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return view;
  }

  function systemOfRequest({ batch, view: over, digests }: BatchInHand, i: number): number {
    return assets.hasRequestAssets ? systems.systemOf(batch, over, i, digests.path[i]!) : 0;
  }

  /** number of the host of a request: its asset, else a hash of the name that the server wrote, else the origin's asset */
  function hostOf(hand: BatchInHand, i: number): number {
    const { state, batch, scene } = hand;
    const start = batch.hostStart[i]!;
    const end = batch.hostEnd[i]!;
    const system = systemOfRequest(hand, i);
    if (system > 0) return system;
    if (scene.asset > 0 || start === end) return scene.asset;
    // by 53 bits: of 20,000 names two may share 32, and the first that came would answer for both
    const nameHash = hashRange(batch.bytes, hand.view, start, end, key);
    const nameWide = nameHash + (lane.b & 0x1fffff) * 4294967296;
    let host = hostNumbers.get(nameWide);
    if (host === undefined) {
      const name = textOf(batch.bytes, start, Math.min(end, start + 255));
      host = { number: FIRST_HASHED_HOST + (nameHash % (65536 - FIRST_HASHED_HOST)), name };
      if (hostNumbers.size > 20_000) hostNumbers.clear();
      hostNumbers.set(nameWide, host);
    }
    // two names may share a number: which of them is remembered must not depend on which came first
    if (state.hosts.get(host.number) !== host.name) remember(state.hosts, host.number, host.name);
    return host.number;
  }

  return {
    finish,
    observe(state, batch, matches, digests, scene) {
      const { ledger } = state;
      const { n, bytes, kind, sourceHi, sourceLo } = batch;
      // first of all: rows may be numbered anew by this. An address and labels may be noted beside what was asked for
      if (waitingState !== state || waiting.n + 4 * n > WAITING_MAX) finish();
      waitingState = state;
      const sourceSpace = (scene.organization << 8) | SPACE.source;
      if (rows.length < n) {
        rows = new Uint32Array(batch.capacity);
        others = new Uint32Array(batch.capacity);
      }
      rowsOf(ledger, sourceSpace, sourceHi, sourceLo, n, rows);
      const hand: BatchInHand = { state, batch, view: viewOf(bytes), matches, digests, scene, rows };
      beginPageSizes(pageSizes, hand);
      systemObserver?.note(hand);
      const otherCount = noteOrdinary(hand);
      let match = 0;
      for (let k = 0; k < otherCount; k++) {
        const i = others[k]!;
        while (match < matches.n && matches.row[match]! < i) match++;
        match = (kind[i] === KIND.request ? requests : packets).note(hand, i, match);
      }
      countCoverage(state, batch);
      if (isPastBound(ledger)) finish();
    },
  };

  /**
   * Prefixes, time line and span of all rows, and the visits of those that are nothing more; the others are listed in
   * `others`, and their number is returned. A function of its own, so that its loop is compiled for itself.
   */
  function noteOrdinary(hand: BatchInHand): number {
    const { state, batch, matches, digests, scene } = hand;
    const { n, kind, flags, timeMs, sourceHi, sourceLo, status } = batch;
    const { prefixes } = state;
    const { isStatic: statics, keyless, labels: labelled, path, ordinary } = digests;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    let pane = -1;
    let paneAll = 0;
    let paneRefused = 0;
    let match = 0;
    let otherCount = 0;
    let seen = Number.NaN;
    let webPane = 0;
    let day = 0;
    let assetTag = 0;
    let pathTag = 0;
    for (let i = 0; i < n; i++) {
      const t = timeMs[i]!;
      if (t !== seen) {
        seen = t;
        if (t < first) first = t;
        if (t > last) last = t;
        webPane = paneOf(t, WEB_PANE);
        day = Math.floor((t - scene.dayStartMs) / DAY);
        assetTag = ((day << TAG_BITS) | TAG.asset) >>> 0;
        pathTag = ((webPane << TAG_BITS) | TAG.path) >>> 0;
        if (webPane !== pane) {
          if (paneAll > 0) addToTimeline(state, pane, paneAll, paneRefused);
          pane = webPane;
          paneAll = 0;
          paneRefused = 0;
        }
      }
      const hi = sourceHi[i]!;
      prefixes[hi === 0 ? sourceLo[i]! >>> 16 : 65536 + (mix32(hi) >>> 22)]!++;
      const flag = flags[i]!;
      if ((flag & FLAG.ipv6) !== 0)
        noteVisit(waiting, rows[i]!, batch.sourceIidHi[i]!, TAG.interfaceId, batch.sourceIidLo[i]!);
      paneAll++;
      // most rows of the fast lane: nothing else of them is looked at
      const usual = ordinary[i]!;
      if (usual !== ORDINARY.unknown) {
        if (usual === ORDINARY.asset) noteVisit(waiting, rows[i]!, 0, assetTag, 1);
        else {
          noteVisit(waiting, rows[i]!, path[i]!, pathTag, 1);
          notePageSize(pageSizes, hand, i, day);
        }
        continue;
      }
      let isOrdinary = true;
      if (match < matches.n && matches.row[match] === i) {
        isOrdinary = false;
        while (match < matches.n && matches.row[match] === i) match++;
      }
      if (kind[i] === KIND.request) {
        const code = status[i]!;
        if (code >= 400 && code < 600) {
          paneRefused++;
          isOrdinary = false;
        }
        if ((flag & FLAG.malformed) !== 0) isOrdinary = false;
        const label = labelled[i]!;
        // the host of what has a label is remembered, and posting to a log-in page is an attempt: see below
        if (label !== 0 && (batch.hostEnd[i]! > batch.hostStart[i]! || (label & LABEL_BIT.login) !== 0))
          isOrdinary = false;
        if (isOrdinary) {
          if (label !== 0) {
            const classTag = assetTag ^ TAG.asset ^ TAG.agentClass;
            if ((label & LABEL_BIT.crawler) !== 0) noteVisit(waiting, rows[i]!, LABEL.crawler, classTag >>> 0, 1);
            if ((label & LABEL_BIT.monitor) !== 0) noteVisit(waiting, rows[i]!, LABEL.monitor, classTag >>> 0, 1);
            if (statics[i] === 1) continue;
          } else if (statics[i] === 1) {
            noteVisit(waiting, rows[i]!, 0, assetTag, 1);
            continue;
          }
          if (keyless[i] === 1 || keysOf(hand, i) === 0) {
            keyless[i] = 1;
            noteVisit(waiting, rows[i]!, path[i]!, pathTag, 1);
            if (label === 0) notePageSize(pageSizes, hand, i, day);
            continue;
          }
        }
      } else if (batch.action[i] === ACTION.deny) paneRefused++;
      others[otherCount++] = i;
    }
    if (paneAll > 0) addToTimeline(state, pane, paneAll, paneRefused);
    if (n > 0) widenSpan(state, scene.origin, first, last);
    return otherCount;
  }

  function finish(): void {
    if (waitingState === null) return;
    addWaitingVisits(waitingState.ledger, waiting);
    holdState(waitingState);
    waitingState = null;
  }

  function keysOf({ batch, view: over, digests }: BatchInHand, i: number): number {
    const { bytes, targetStart, queryStart, targetEnd } = batch;
    return recordKeys.find(bytes, over, targetStart[i]!, queryStart[i]!, targetEnd[i]!, digests.path[i]!);
  }
}
