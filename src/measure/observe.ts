/**
 * Batches into the state: one record per source, a few base measures, from which every detection is a view.
 * A packet becomes a touch of (pane, destination, port, outcome); a request that failed or matched a rule a touch of
 * (pane, host, path, outcome); every other request a visit that is only counted. Nothing here decides anything.
 */
import { ACTION, type Batch, FLAG, KIND, METHOD, NO_SIZE, TCP, TRANSPORT } from '../model/batch.ts';
import { type HashKey, hashRange, hashWords, lane, mix32 } from '../model/hash.ts';
import { type Digests, type Item, LABEL_BIT, type Matches, ORDINARY } from '../model/rule.ts';
import { DAY, MINUTE, PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { addToTimeline, widenSpan } from './delta.ts';
import { foldSize, KEY_LINE, LOGIN, PACKET, paneOf, TAG, TAG_BITS, TICK_MS, WEB } from './entry.ts';
import {
  addTouch,
  addVisit,
  addWaitingVisits,
  createWaitingVisits,
  isPastBound,
  noteVisit,
  rowOf,
  rowsOf,
  SPACE,
} from './ledger.ts';
import { ATTACK, createSystemObserver, type WatchedSystems } from './observe-systems.ts';
import { createRecordKeys, type RecordKeys } from './record-keys.ts';
import { createRequestSystems, textOf } from './request-systems.ts';
import { holdState, remember, type State } from './state.ts';

/** What observing needs to know besides the batch; fixed for an origin. */
export interface Scene {
  /** number of the organisation */
  readonly organization: number;
  /** origin number */
  readonly origin: number;
  /** asset number of the origin, 0 = none */
  readonly asset: number;
  /** milliseconds from 00:00 UTC to the start of the organisation's day */
  readonly dayStartMs: number;
}

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

/** Service ports whose packets to a high port are answers to us, or their leftovers (DETECTIONS F01, F21). */
const REPLY_PORTS = new Set([53, 80, 443, 123, 25, 110, 143, 993, 995, 22, 179, 6667, 3478, 19302]);
/** First of the ports that systems take for connections of their own (Linux ip_local_port_range). */
const EPHEMERAL_FIRST = 32768;
/** Places for destinations that were noted, by hash; of two with one place each is noted again, which costs time only. */
const NOTED_BITS = 12;
/** IP-ID of ZMap's probes (darknet-events; DETECTIONS F14). */
const ZMAP_IP_ID = 54321;

/** Visits that wait to be added in the order of their rows: a megabyte. */
const WAITING_MAX = 65_536;

export interface Observer {
  /** Adds a batch and its matches to the state, all but visits that wait for more: `finish` before the state is read. */
  observe(state: State, batch: Batch, matches: Matches, digests: Digests, scene: Scene): void;
  /** Adds what waits; the state then has all that was observed. */
  finish(): void;
}

/** Rules that only say what a request is, and are no attack: by what they say. */
export const LABEL = { none: 0, login: 1, crawler: 2, monitor: 3 } as const;

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
  const systemObserver =
    watched === null
      ? null
      : createSystemObserver({
          key,
          attacks,
          watched,
          systemOf: ({ batch, digests, scene }, i) => {
            const system = assets.hasRequestAssets ? systems.systemOf(batch, view, i, digests.path[i]!) : 0;
            return system > 0 ? system : scene.asset;
          },
          addressSystemOf,
          destinationOf: (state, batch, i) =>
            (batch.flags[i]! & FLAG.destinationIpv6) !== 0 ? destinationV6(state, batch, i) : batch.destination3[i]!,
        });
  let rows = new Uint32Array(0);
  /** rows of a batch that are more than a visit */
  let others = new Uint32Array(0);
  const waiting = createWaitingVisits(WAITING_MAX);
  let waitingState: State | null = null;
  const destinationsNoted = new Float64Array(1 << NOTED_BITS);
  let notedState: State | null = null;
  let view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));

  function viewOf(bytes: Uint8Array): DataView {
    if (view.buffer !== bytes.buffer || view.byteOffset !== bytes.byteOffset || view.byteLength !== bytes.byteLength)
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return view;
  }

  /** number of the host of a request: its asset, else a hash of the name that the server wrote, else the origin's asset */
  function hostOf(state: State, batch: Batch, i: number, pathHash: number, scene: Scene): number {
    const { bytes } = batch;
    const start = batch.hostStart[i]!;
    const end = batch.hostEnd[i]!;
    const system = assets.hasRequestAssets ? systems.systemOf(batch, viewOf(bytes), i, pathHash) : 0;
    if (system > 0) return system;
    if (scene.asset > 0 || start === end) return scene.asset;
    // by 53 bits: of 20,000 names two may share 32, and the first that came would answer for both
    const nameHash = hashRange(bytes, viewOf(bytes), start, end, key);
    const nameWide = nameHash + (lane.b & 0x1fffff) * 4294967296;
    let host = hostNumbers.get(nameWide);
    if (host === undefined) {
      const name = textOf(bytes, start, Math.min(end, start + 255));
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
      if (state !== notedState) {
        notedState = state;
        destinationsNoted.fill(-1);
      }
      const { ledger } = state;
      const { n, bytes, kind, flags, timeMs, sourceHi, sourceLo, status, lineStart, lineEnd, lineOffset } = batch;
      // first of all: rows may be numbered anew by this. An address and labels may be noted beside what was asked for
      if (waitingState !== state || waiting.n + 4 * n > WAITING_MAX) finish();
      waitingState = state;
      viewOf(bytes);
      const sourceSpace = (scene.organization << 8) | SPACE.source;
      const hostSpace = (scene.organization << 8) | SPACE.host;
      const officeRow = rowOf(ledger, (scene.organization << 8) | SPACE.office, 0, 0);
      if (rows.length < n) {
        rows = new Uint32Array(batch.capacity);
        others = new Uint32Array(batch.capacity);
      }
      rowsOf(ledger, sourceSpace, sourceHi, sourceLo, n, rows);
      systemObserver?.note({ state, batch, view, matches, digests, scene, rows });
      const otherCount = noteOrdinary(state, batch, matches, digests, scene);
      const { isStatic: statics, keyless, labels: labelled, path } = digests;
      let match = 0;
      for (let k = 0; k < otherCount; k++) {
        const i = others[k]!;
        while (match < matches.n && matches.row[match]! < i) match++;
        const t = timeMs[i]!;
        const row = rows[i]!;
        const day = Math.floor((t - scene.dayStartMs) / DAY);
        const dayTag = (day << TAG_BITS) >>> 0;
        const webPane = paneOf(t, WEB_PANE);
        const lineLow = (lineOffset[i]! % 4294967296) >>> 0;
        const lineHigh = ((scene.origin << 20) | Math.floor(lineOffset[i]! / 4294967296)) >>> 0;
        if (kind[i] === KIND.request) {
          const code = status[i]!;
          const statusClass = code >= 100 && code < 600 ? Math.floor(code / 100) : 0;
          const malformed = (flags[i]! & FLAG.malformed) !== 0;
          const failed = statusClass >= 4;
          const method = batch.method[i]!;
          const post = method === METHOD.POST || method === METHOD.PUT || method === METHOD.PATCH;
          const pathHash = path[i]!;
          const labelBits = labelled[i]!;
          let isAttack = false;
          const matched = labelBits !== 0 || (match < matches.n && matches.row[match] === i);
          const isStatic = statics[i] === 1;
          const login401 = code === 401 || (code === 403 && post);
          if (!failed && !matched && !malformed && !login401) {
            if (isStatic) addVisit(ledger, row, 0, (dayTag | TAG.asset) >>> 0, 1);
            else addVisit(ledger, row, pathHash, ((webPane << TAG_BITS) | TAG.path) >>> 0, 1);
          } else {
            const host = hostOf(state, batch, i, pathHash, scene);
            const tick = Math.floor((t - webPane * WEB_PANE) / TICK_MS);
            const lineHash = hashRange(bytes, view, lineStart[i]!, lineEnd[i]!, key);
            const own = ownReferrer(bytes, batch.referrerStart[i]!, batch.referrerEnd[i]!) ? WEB.ownReferrer : 0;
            const flag =
              statusClass | (post ? WEB.post : 0) | own | (isStatic ? WEB.static : 0) | (malformed ? WEB.malformed : 0);
            const size = batch.size[i]!;
            if (failed) {
              addTouch(
                ledger,
                row,
                pathHash,
                ((webPane << TAG_BITS) | TAG.fail) >>> 0,
                ((code << 16) | host) >>> 0,
                flag,
                tick,
                lineLow,
                lineHigh,
                lineHash,
              );
              if (code === 404 && size !== NO_SIZE)
                addVisit(
                  ledger,
                  rowOf(ledger, hostSpace, 0, host),
                  foldSize(size),
                  (dayTag | TAG.notFoundSize) >>> 0,
                  1,
                );
            } else if (!isStatic) addVisit(ledger, row, pathHash, ((webPane << TAG_BITS) | TAG.path) >>> 0, 1);
            const answer = failed ? code : size === NO_SIZE ? 0 : foldSize(size);
            let login = login401;
            let known = false;
            if (labelBits !== 0) {
              if ((labelBits & LABEL_BIT.login) !== 0) login ||= post;
              if ((labelBits & LABEL_BIT.crawler) !== 0)
                addVisit(ledger, row, LABEL.crawler, (dayTag | TAG.agentClass) >>> 0, 1);
              if ((labelBits & LABEL_BIT.monitor) !== 0)
                addVisit(ledger, row, LABEL.monitor, (dayTag | TAG.agentClass) >>> 0, 1);
            }
            while (match < matches.n && matches.row[match] === i) {
              const rule = matches.rule[match++]!;
              const label = labels[rule]!;
              if (label !== LABEL.none) {
                if (label === LABEL.login) login ||= post;
                else addVisit(ledger, row, label, (dayTag | TAG.agentClass) >>> 0, 1);
                continue;
              }
              known = true;
              isAttack ||= attacks[rule] !== ATTACK.none;
              const item = items[rule];
              const hash =
                item === 'target' ? digests.target[i]! : item === 'user_agent' ? digests.userAgent[i]! : pathHash;
              addTouch(
                ledger,
                row,
                hash,
                ((webPane << TAG_BITS) | (TAG.rule + rule)) >>> 0,
                ((answer << 16) | host) >>> 0,
                flag,
                tick,
                lineLow,
                lineHigh,
                lineHash,
              );
            }
            if (known && !failed && size !== NO_SIZE)
              addVisit(
                ledger,
                rowOf(ledger, hostSpace, 0, host),
                pathHash,
                (dayTag | TAG.matchedSize) >>> 0,
                foldSize(size),
              );
            if (login)
              addTouch(
                ledger,
                row,
                Math.floor(t / MINUTE),
                ((webPane << TAG_BITS) | TAG.login) >>> 0,
                ((code << 16) | host) >>> 0,
                code === 401 && !post && batch.userEnd[i] === batch.userStart[i] ? flag | LOGIN.nameless : flag,
                tick,
                lineLow,
                lineHigh,
                lineHash,
              );
          }
          if (!malformed && !isStatic && keyless[i] === 0) {
            const found = findKeys(batch, i, pathHash);
            if (found === 0) keyless[i] = 1;
            else {
              const tick = Math.floor((t - webPane * WEB_PANE) / TICK_MS);
              const host = hostOf(state, batch, i, pathHash, scene);
              const flag = statusClass | (post ? WEB.post : 0);
              const lineHash = hashRange(bytes, view, lineStart[i]!, lineEnd[i]!, key);
              for (let k = 0; k < found; k++) {
                const { group, value, block, isPair, odd } = recordKeys.found[k]!;
                // text that attacks whoever reads it is nobody's record
                if (group !== 0 && !isAttack) {
                  const tag = statusClass === 2 || statusClass === 3 ? TAG.key : TAG.keyRefused;
                  addVisit(ledger, row, value, ((webPane << TAG_BITS) | tag) >>> 0, group);
                  if (block !== 0) addVisit(ledger, row, block, ((webPane << TAG_BITS) | TAG.keyBlock) >>> 0, group);
                  addTouch(
                    ledger,
                    row,
                    group,
                    ((webPane << TAG_BITS) | TAG.keyLine) >>> 0,
                    host,
                    isPair ? flag | KEY_LINE.pair : flag,
                    tick,
                    lineLow,
                    lineHigh,
                    lineHash,
                  );
                }
                if (odd !== 0)
                  addTouch(
                    ledger,
                    row,
                    value,
                    ((webPane << TAG_BITS) | TAG.oddValue) >>> 0,
                    (((odd & 0xffff) << 16) | host) >>> 0,
                    flag,
                    tick,
                    lineLow,
                    lineHigh,
                    lineHash,
                  );
              }
            }
          }
        } else {
          const action = batch.action[i]!;
          const packetPane = paneOf(t, PACKET_PANE);
          if ((flags[i]! & FLAG.outbound) === 0) {
            if (isProbe(batch, i)) {
              const v6 = (flags[i]! & FLAG.destinationIpv6) !== 0;
              const d = v6 ? destinationV6(state, batch, i) : batch.destination3[i]!;
              const asset = assets.hasAddressAssets ? addressSystemOf(batch, i) : 0;
              const host = asset > 0 ? asset : scene.asset;
              const transport = batch.transport[i]!;
              const flag =
                action |
                (transport << PACKET.transportShift) |
                ((flags[i]! & FLAG.rateLimited) !== 0 ? PACKET.limited : 0) |
                (v6 ? PACKET.ipv6 : 0);
              const tick = Math.floor((t - packetPane * PACKET_PANE) / TICK_MS);
              const lineHash = hashRange(bytes, view, lineStart[i]!, lineEnd[i]!, key);
              const sub = ((batch.destinationPort[i]! << 16) | host) >>> 0;
              addTouch(
                ledger,
                row,
                d,
                ((packetPane << TAG_BITS) | TAG.packet) >>> 0,
                sub,
                flag,
                tick,
                lineLow,
                lineHigh,
                lineHash,
              );
              if (transport === TRANSPORT.tcp && isIllegal(batch.tcpFlags[i]!))
                addTouch(
                  ledger,
                  row,
                  d,
                  ((packetPane << TAG_BITS) | TAG.illegalFlags) >>> 0,
                  sub,
                  flag,
                  tick,
                  lineLow,
                  lineHigh,
                  lineHash,
                );
              if ((flags[i]! & FLAG.hasIpId) !== 0 && batch.ipId[i] === ZMAP_IP_ID)
                addTouch(
                  ledger,
                  row,
                  ZMAP_IP_ID,
                  ((packetPane << TAG_BITS) | TAG.toolMark) >>> 0,
                  0,
                  flag,
                  tick,
                  lineLow,
                  lineHigh,
                  lineHash,
                );
              while (match < matches.n && matches.row[match] === i) {
                const rule = matches.rule[match++]!;
                addTouch(
                  ledger,
                  row,
                  items[rule] === 'destination_port' ? batch.destinationPort[i]! : d,
                  ((packetPane << TAG_BITS) | (TAG.rule + rule)) >>> 0,
                  sub,
                  flag,
                  tick,
                  lineLow,
                  lineHigh,
                  lineHash,
                );
              }
              // noted once per day and state, with no count: an office has few addresses and very many packets
              const noted = d * 4096 + (day & 4095);
              const place = Math.imul(d, 0x9e3779b1) >>> (32 - NOTED_BITS);
              if (destinationsNoted[place] !== noted) {
                destinationsNoted[place] = noted;
                addVisit(ledger, officeRow, d, (dayTag | TAG.destination) >>> 0, 0);
              }
            } else addVisit(ledger, row, 0, (dayTag | TAG.reply) >>> 0, 1);
          }
        }
      }
      countCoverage(state, batch);
      if (isPastBound(ledger)) finish();
    },
  };

  /**
   * Prefixes, time line and span of all rows, and the visits of those that are nothing more; the others are listed in
   * `others`, and their number is returned. A function of its own, so that its loop is compiled for itself.
   */
  function noteOrdinary(state: State, batch: Batch, matches: Matches, digests: Digests, scene: Scene): number {
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
    let assetTag = 0;
    let pathTag = 0;
    for (let i = 0; i < n; i++) {
      const t = timeMs[i]!;
      if (t !== seen) {
        seen = t;
        if (t < first) first = t;
        if (t > last) last = t;
        webPane = paneOf(t, WEB_PANE);
        assetTag = ((Math.floor((t - scene.dayStartMs) / DAY) << TAG_BITS) | TAG.asset) >>> 0;
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
        else noteVisit(waiting, rows[i]!, path[i]!, pathTag, 1);
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
          if (keyless[i] === 1 || findKeys(batch, i, path[i]!) === 0) {
            keyless[i] = 1;
            noteVisit(waiting, rows[i]!, path[i]!, pathTag, 1);
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

  function findKeys(batch: Batch, i: number, pathHash: number): number {
    const { bytes, targetStart, queryStart, targetEnd } = batch;
    return recordKeys.find(bytes, view, targetStart[i]!, queryStart[i]!, targetEnd[i]!, pathHash);
  }

  function addressSystemOf({ destination0, destination1, destination2, destination3 }: Batch, i: number): number {
    return assets.assetOfAddress(destination0[i]!, destination1[i]!, destination2[i]!, destination3[i]!);
  }

  function destinationV6(state: State, batch: Batch, i: number): number {
    const a = batch.destination0[i]!;
    const b = batch.destination1[i]!;
    const c = batch.destination2[i]!;
    const d = batch.destination3[i]!;
    const hash = hashWords(key.b ^ a, b, c, d);
    if (!state.destinations.has(hash))
      remember(state.destinations, hash, [a, b, c, d].map((w) => w.toString(16).padStart(8, '0')).join(''));
    return hash;
  }
}

/** adds to the counts of COVERAGE, in its order */
function countCoverage(state: State, batch: Batch): void {
  const { n, kind, flags, action, tcpFlags, size, method } = batch;
  const known = batch.counted;
  const from = known?.rows ?? 0;
  let requests = from;
  let denied = 0;
  let allowed = 0;
  let withFlags = 0;
  let limited = 0;
  let hosts = known?.hosts ?? 0;
  let queries = known?.queries ?? 0;
  let sizes = known?.sizes ?? 0;
  let agents = known?.agents ?? 0;
  let posts = known?.posts ?? 0;
  let outbound = 0;
  for (let i = from; i < n; i++) {
    const f = flags[i]!;
    if (kind[i] === KIND.request) {
      requests++;
      if (batch.hostEnd[i]! > batch.hostStart[i]!) hosts++;
      if (batch.queryStart[i]! < batch.targetEnd[i]!) queries++;
      if (size[i] !== NO_SIZE) sizes++;
      if (batch.userAgentEnd[i]! > batch.userAgentStart[i]! + 1) agents++;
      if (method[i] === METHOD.POST) posts++;
    } else {
      if (action[i] === ACTION.deny) denied++;
      else if (action[i] === ACTION.allow) allowed++;
      if ((tcpFlags[i]! & TCP.known) !== 0) withFlags++;
      if ((f & FLAG.rateLimited) !== 0) limited++;
      if ((f & FLAG.outbound) !== 0) outbound++;
    }
  }
  const counts = [
    requests,
    n - requests,
    denied,
    allowed,
    withFlags,
    limited,
    hosts,
    queries,
    sizes,
    agents,
    posts,
    outbound,
  ];
  for (let k = 0; k < counts.length; k++) state.coverage[k]! += counts[k]!;
}

/** http(s) referrer of any host; whether the host is ours is judged where it matters, by weight (see web-probing) */
function ownReferrer(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start > 10 &&
    bytes[start] === 0x68 &&
    bytes[start + 1] === 0x74 &&
    bytes[start + 2] === 0x74 &&
    bytes[start + 3] === 0x70
  );
}

/** NULL, FIN only, XMAS (FIN PSH URG), SYN with FIN: no TCP stack sends these (psad signatures 100066–70) */
function isIllegal(f: number): boolean {
  if ((f & TCP.known) === 0) return false;
  const bits = f & 63;
  return (
    bits === 0 ||
    bits === TCP.fin ||
    bits === (TCP.fin | TCP.psh | TCP.urg) ||
    (bits & (TCP.syn | TCP.fin)) === (TCP.syn | TCP.fin)
  );
}

/** First IPv4 address of those that stand for many machines: multicast (RFC 5771), reserved, broadcast. */
const FIRST_OF_MANY = 0xe0000000;
/** First byte of IPv6 multicast (RFC 4291). */
const MULTICAST_V6 = 0xff;

/** Whether a packet calls to everybody nearby: printers and neighbours do, and nobody is scanned by it. */
function isToMany({ flags, destination0, destination3 }: Batch, i: number): boolean {
  return (flags[i]! & FLAG.destinationIpv6) === 0
    ? destination3[i]! >= FIRST_OF_MANY
    : destination0[i]! >>> 24 === MULTICAST_V6;
}

/**
 * Whether a packet can be a probe of us. Not: ICMP (errors, echo), answers from service ports to a high port, segments
 * with SYN-ACK or RST (backscatter of somebody else's spoofing), segments of old connections to a port of ours
 * (ACK without SYN to a low service port).
 */
function isProbe(batch: Batch, i: number): boolean {
  if (isToMany(batch, i)) return false;
  const transport = batch.transport[i]!;
  if (transport !== TRANSPORT.tcp && transport !== TRANSPORT.udp) return false;
  const sourcePort = batch.sourcePort[i]!;
  const port = batch.destinationPort[i]!;
  if (port === 0 && sourcePort === 0) return false;
  const f = batch.tcpFlags[i]!;
  if (transport === TRANSPORT.tcp && (f & TCP.known) !== 0) {
    if ((f & TCP.rst) !== 0 || (f & (TCP.syn | TCP.ack)) === (TCP.syn | TCP.ack)) return false;
    if ((f & TCP.syn) !== 0) return true;
    if (REPLY_PORTS.has(sourcePort) && port >= 1024) return false;
    // a late segment of a connection that we opened: it comes to a port that systems take for their own connections
    if ((f & TCP.ack) !== 0 && port >= EPHEMERAL_FIRST) return false;
    return !((f & TCP.ack) !== 0 && REPLY_PORTS.has(port));
  }
  return !(REPLY_PORTS.has(sourcePort) && (port >= 1024 || port === sourcePort));
}
