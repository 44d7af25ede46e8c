/**
 * Packets: what may be a probe of us is a touch of (pane, destination, port, outcome) of its source; answers and leftovers are
 * only counted.
 */
import { type Batch, FLAG, TRANSPORT } from '../model/batch.ts';
import { type HashKey, hashRange, hashWords } from '../model/hash.ts';
import type { Item } from '../model/rule.ts';
import { DAY, PACKET_PANE } from '../model/time.ts';
import { addVisit } from './additions.ts';
import { type BatchInHand, referTo, type ToldLine, touchOf } from './batch-in-hand.ts';
import { PACKET, paneOf, TAG, TAG_BITS, TICK_MS } from './entry.ts';
import { rowOf, SPACE } from './ledger.ts';
import { isIllegal, isProbe } from './probe-packet.ts';
import { remember, type State } from './state.ts';

/** Places for destinations that were noted, by hash; of two with one place each is noted again, which costs time only. */
const NOTED_BITS = 12;
/** IP-ID of ZMap's probes (darknet-events; DETECTIONS F14). */
const ZMAP_IP_ID = 54321;

export interface PacketObserver {
  /** Adds row `i`, whose matches begin at `match`; returns where those of the next row begin. */
  note(hand: BatchInHand, i: number, match: number): number;
  /** The number that stands for the destination of a row in touches. */
  destinationOf(state: State, batch: Batch, i: number): number;
}

/** `items[r]` says what matches of rule r are counted by; `systemOf` tells the asset of a row's destination, 0 = none. */
export function createPacketObserver(options: {
  key: HashKey;
  items: readonly Item[];
  systemOf(batch: Batch, row: number): number;
}): PacketObserver {
  const { key, items, systemOf } = options;
  const line: ToldLine = { row: 0, pane: 0, tick: 0, flag: 0, low: 0, high: 0, hash: 0 };
  const destinationsNoted = new Float64Array(1 << NOTED_BITS);
  let notedState: State | null = null;

  return { note, destinationOf };

  function note(hand: BatchInHand, i: number, match: number): number {
    const { state, batch, matches, scene, rows } = hand;
    const { ledger } = state;
    if ((batch.flags[i]! & FLAG.outbound) !== 0) return match;
    const day = Math.floor((batch.timeMs[i]! - scene.dayStartMs) / DAY);
    if (!isProbe(batch, i)) {
      addVisit(ledger, rows[i]!, 0, ((day << TAG_BITS) | TAG.reply) >>> 0, 1);
      return match;
    }
    const destination = destinationOf(state, batch, i);
    const port = batch.destinationPort[i]!;
    const sub = ((port << 16) | (systemOf(batch, i) || scene.asset)) >>> 0;
    begin(hand, i);
    touchOf(ledger, line, TAG.packet, destination, sub);
    if (batch.transport[i] === TRANSPORT.tcp && isIllegal(batch.tcpFlags[i]!))
      touchOf(ledger, line, TAG.illegalFlags, destination, sub);
    if ((batch.flags[i]! & FLAG.hasIpId) !== 0 && batch.ipId[i] === ZMAP_IP_ID)
      touchOf(ledger, line, TAG.toolMark, ZMAP_IP_ID, 0);
    let next = match;
    for (; next < matches.n && matches.row[next] === i; next++) {
      const rule = matches.rule[next]!;
      touchOf(ledger, line, TAG.rule + rule, items[rule] === 'destination_port' ? port : destination, sub);
    }
    noteDestination(hand, destination, day);
    return next;
  }

  /** Once per day and state, with no count: an office has few addresses and very many packets. */
  function noteDestination({ state, scene }: BatchInHand, destination: number, day: number): void {
    if (state !== notedState) {
      notedState = state;
      destinationsNoted.fill(-1);
    }
    const noted = destination * 4096 + (day & 4095);
    const place = Math.imul(destination, 0x9e3779b1) >>> (32 - NOTED_BITS);
    if (destinationsNoted[place] === noted) return;
    destinationsNoted[place] = noted;
    const office = rowOf(state.ledger, (scene.organization << 8) | SPACE.office, 0, 0);
    addVisit(state.ledger, office, destination, ((day << TAG_BITS) | TAG.destination) >>> 0, 0);
  }

  /** Makes row `i` the line that is told. */
  function begin(hand: BatchInHand, i: number): void {
    const { batch, view, rows } = hand;
    const t = batch.timeMs[i]!;
    line.row = rows[i]!;
    line.pane = paneOf(t, PACKET_PANE);
    line.tick = Math.floor((t - line.pane * PACKET_PANE) / TICK_MS);
    line.flag = flagsOf(batch, i);
    referTo(line, hand, i);
    line.hash = hashRange(batch.bytes, view, batch.lineStart[i]!, batch.lineEnd[i]!, key);
  }

  function destinationOf(state: State, batch: Batch, i: number): number {
    const d = batch.destination3[i]!;
    if ((batch.flags[i]! & FLAG.destinationIpv6) === 0) return d;
    const a = batch.destination0[i]!;
    const b = batch.destination1[i]!;
    const c = batch.destination2[i]!;
    const hash = hashWords(key.b ^ a, b, c, d);
    if (!state.destinations.has(hash))
      remember(state.destinations, hash, [a, b, c, d].map((w) => w.toString(16).padStart(8, '0')).join(''));
    return hash;
  }
}

function flagsOf(batch: Batch, i: number): number {
  const flags = batch.flags[i]!;
  return (
    batch.action[i]! |
    (batch.transport[i]! << PACKET.transportShift) |
    ((flags & FLAG.rateLimited) !== 0 ? PACKET.limited : 0) |
    ((flags & FLAG.destinationIpv6) !== 0 ? PACKET.ipv6 : 0)
  );
}
