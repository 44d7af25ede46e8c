/**
 * Measures of declared systems, beside those of every source (observe.ts): what was fetched of a form and sent to it, by
 * the minute; who came to a system and how it answered, in slices of two minutes; the fields that hold text of an attack;
 * documents; records that are declared as protected; every packet to a network that must never be reached.
 * Where no system is declared nobody calls this. Nothing here decides anything.
 */
import { type AddressTest, isSourceIn } from '../model/address.ts';
import { type Batch, FLAG, KIND, METHOD } from '../model/batch.ts';
import { type HashKey, hashRange, hashWords } from '../model/hash.ts';
import type { Matches } from '../model/rule.ts';
import { MINUTE, PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { addTouch, addVisit } from './additions.ts';
import { WATCH } from './asset-watch.ts';
import type { BatchInHand } from './batch-in-hand.ts';
import { answerItem, FIELD, lineHigh, lineLow, PACKET, paneOf, SLICES, TAG, TAG_BITS, TICK_MS, WEB } from './entry.ts';
import { createFormFields, NOT_TOLD } from './form-fields.ts';
import { rowOf, SPACE } from './ledger.ts';
import { createPathTest, isBackstage, isDocument, isVoterDocument } from './path-tests.ts';
import type { ProtectedRecords } from './protected-records.ts';
import { COVERAGE, type State } from './state.ts';

/** What is asked of the inventory about its systems, by number of the asset. */
export interface WatchedSystems {
  /** bits of WATCH; index 0 is nothing */
  readonly bits: Uint8Array;
  /** true when an asset names the address among its trusted proxies; four words, IPv4 as 0, 0, 0xffff, address */
  isProxy(asset: number, a: number, b: number, c: number, d: number): boolean;
  /** names of the fields of their forms that their owners name */
  readonly fields: readonly (readonly string[])[];
  /** records that are declared as protected; null = none */
  readonly protectedRecords: ProtectedRecords | null;
}

export interface SystemObserver {
  /** Adds what a batch shows of declared systems; `rows` are the rows of its sources, `view` is over the batch's bytes. */
  note(batch: BatchInHand): void;
}

const TO_SYSTEMS = COVERAGE.indexOf('to_systems');
const POSTS_TO_SYSTEMS = COVERAGE.indexOf('posts_to_systems');
const FROM_PROXIES = COVERAGE.indexOf('from_proxies');
const SLICE_MS = WEB_PANE / SLICES;
/** Numbers of answers and of systems, as they stand together in the name of a count. */
const ANSWERS = 64;
const SYSTEMS = 16_384;

/** Where a rule finds text that attacks whoever reads a field: nowhere, anywhere in a request, in its target alone. */
export const ATTACK = { none: 0, request: 1, target: 2 } as const;

/**
 * `attacks[r]` is the ATTACK of rule r. `systemOf` tells the asset of a row's request,
 * `addressSystemOf` that of a packet's destination, `destinationOf` the number that stands for it in touches.
 */
export function createSystemObserver(options: {
  key: HashKey;
  attacks: readonly number[];
  watched: WatchedSystems;
  systemOf(hand: BatchInHand, row: number): number;
  addressSystemOf(batch: Batch, row: number): number;
  destinationOf(state: State, batch: Batch, row: number): number;
}): SystemObserver {
  const { key, attacks, watched, systemOf, addressSystemOf, destinationOf } = options;
  const { bits, protectedRecords } = watched;
  const documents = createPathTest(key, isVoterDocument);
  const files = createPathTest(key, isDocument);
  const backstage = createPathTest(key, isBackstage);
  const fields = createFormFields(key, watched.fields);
  const hasSentinels = bits.some((b) => (b & WATCH.packets) !== 0);

  return {
    note(hand) {
      const { batch, matches } = hand;
      const answers = new Map<number, number>();
      let match = 0;
      for (let i = 0; i < batch.n; i++) {
        while (match < matches.n && matches.row[match]! < i) match++;
        if (batch.kind[i] !== KIND.request) {
          if (hasSentinels) notePacket(hand, i);
          continue;
        }
        const system = systemOf(hand, i);
        if (system === 0) continue;
        noteRequest(hand, i, system, answers);
        const attack = attackOf(matches, match, i);
        if (attack > 0) noteFields(hand, i, system, attack);
        if (protectedRecords !== null) noteProtected(hand, i, system, protectedRecords);
      }
      addAnswers(hand, answers);
    },
  };

  function attackOf(matches: Matches, from: number, row: number): number {
    let attack = 0;
    for (let m = from; m < matches.n && matches.row[m] === row; m++)
      attack = Math.max(attack, attacks[matches.rule[m]!]!);
    return attack;
  }

  function noteRequest(hand: BatchInHand, i: number, system: number, answers: Map<number, number>): void {
    const { state, batch, digests } = hand;
    const { ledger, coverage } = state;
    const watch = bits[system]!;
    const pane = paneOf(batch.timeMs[i]!, WEB_PANE);
    coverage[TO_SYSTEMS]!++;
    if (isProxy(batch, i, system)) coverage[FROM_PROXIES]!++;
    if ((watch & WATCH.flood) !== 0) noteVisitor(hand, i, system, answers);
    if (digests.isStatic[i] === 1) return;
    if (isSent(batch, i)) coverage[POSTS_TO_SYSTEMS]!++;
    const row = hand.rows[i]!;
    if ((watch & WATCH.form) !== 0)
      addVisit(ledger, row, Math.floor(batch.timeMs[i]! / MINUTE), ((pane << TAG_BITS) | TAG.minute) >>> 0, 1);
    notePage(hand, i, system, watch);
    if ((watch & WATCH.documents) !== 0 && classOf(batch, i) === 2 && batch.method[i] === METHOD.GET) {
      const path = digests.path[i]!;
      const range = [batch.targetStart[i]!, batch.queryStart[i]!] as const;
      const isOne =
        documents.fits(batch.bytes, hand.view, ...range) ||
        ((watch & WATCH.anyDocument) !== 0 && files.fits(batch.bytes, hand.view, ...range));
      if (!isOne) return;
      addVisit(ledger, row, path, ((pane << TAG_BITS) | TAG.document) >>> 0, system);
      touch(hand, i, TAG.documentLine, system, system, 2);
    }
  }

  function isProxy(batch: Batch, i: number, system: number): boolean {
    const is: AddressTest = (a, b, c, d) => watched.isProxy(system, a, b, c, d);
    return isSourceIn(is, batch.sourceHi[i]!, batch.sourceLo[i]!, batch.sourceIidHi[i]!, batch.sourceIidLo[i]!);
  }

  function noteVisitor(hand: BatchInHand, i: number, system: number, answers: Map<number, number>): void {
    const { state, batch, scene } = hand;
    const pane = paneOf(batch.timeMs[i]!, WEB_PANE);
    const slice = Math.floor((batch.timeMs[i]! - pane * WEB_PANE) / SLICE_MS);
    const source = hashWords(key.b, batch.sourceHi[i]!, batch.sourceLo[i]!);
    const row = rowOf(state.ledger, (scene.organization << 8) | SPACE.system, 0, system);
    addVisit(state.ledger, row, source, ((pane << TAG_BITS) | (TAG.visitor + slice)) >>> 0, 0);
    const name = (pane * ANSWERS + answerItem(slice, classOf(batch, i))) * SYSTEMS + system;
    answers.set(name, (answers.get(name) ?? 0) + 1);
  }

  function notePage(hand: BatchInHand, i: number, system: number, watch: number): void {
    const { batch, digests } = hand;
    const sent = isSent(batch, i);
    const isForm = (watch & WATCH.form) !== 0;
    const isTelling =
      (watch & WATCH.all) !== 0 ||
      ((watch & WATCH.writes) !== 0 && (sent || batch.method[i] === METHOD.DELETE || isRefusedBackstage(hand, i)));
    if (!isForm && !isTelling) return;
    const flag = classOf(batch, i) | (sent ? WEB.post : 0) | (isTelling ? WEB.telling : 0);
    if (isForm && !sent) touch(hand, i, TAG.page, system, system, flag);
    else touch(hand, i, TAG.page, digests.path[i]!, ((batch.status[i]! << 16) | system) >>> 0, flag);
  }

  /** Whether a page of the kind that only publishers use was asked for and refused. */
  function isRefusedBackstage({ batch, view }: BatchInHand, i: number): boolean {
    const code = batch.status[i]!;
    if (code < 401 || code > 405) return false;
    return backstage.fits(batch.bytes, view, batch.targetStart[i]!, batch.queryStart[i]!);
  }

  function noteFields(hand: BatchInHand, i: number, system: number, attack: number): void {
    const { batch } = hand;
    if (batch.queryStart[i]! >= batch.targetEnd[i]!) return;
    const flag = classOf(batch, i) | (isSent(batch, i) ? WEB.post : 0);
    const sub = ((batch.status[i]! << 16) | system) >>> 0;
    let beside = 0;
    for (const field of fields.attacked(batch.bytes, batch.queryStart[i]!, batch.targetEnd[i]!)) {
      const declared = fields.isDeclared(system, field) ? FIELD.declared : 0;
      touch(hand, i, TAG.field, field, sub, flag | declared | beside);
      beside = FIELD.beside;
    }
    if (beside === 0 && attack === ATTACK.target) touch(hand, i, TAG.field, NOT_TOLD, sub, flag);
  }

  function noteProtected(hand: BatchInHand, i: number, system: number, records: ProtectedRecords): void {
    const { batch } = hand;
    const record = records.find(batch.bytes, batch.queryStart[i]!, batch.targetEnd[i]!, system);
    if (record === 0) return;
    touch(hand, i, TAG.protectedRecord, record, ((batch.status[i]! << 16) | system) >>> 0, classOf(batch, i));
  }

  function notePacket(hand: BatchInHand, i: number): void {
    const { state, batch } = hand;
    const system = addressSystemOf(batch, i);
    if (((bits[system] ?? 0) & WATCH.packets) === 0) return;
    const isIpv6 = (batch.flags[i]! & FLAG.destinationIpv6) !== 0;
    const flag = batch.action[i]! | (batch.transport[i]! << PACKET.transportShift) | (isIpv6 ? PACKET.ipv6 : 0);
    const sub = ((batch.destinationPort[i]! << 16) | system) >>> 0;
    touch(hand, i, TAG.sentinel, destinationOf(state, batch, i), sub, flag);
  }

  function touch(hand: BatchInHand, i: number, tag: number, item: number, sub: number, flag: number): void {
    const { state, batch, view, scene, rows } = hand;
    const width = tag === TAG.sentinel ? PACKET_PANE : WEB_PANE;
    const t = batch.timeMs[i]!;
    const pane = paneOf(t, width);
    const offset = batch.lineOffset[i]!;
    addTouch(
      state.ledger,
      rows[i]!,
      item,
      ((pane << TAG_BITS) | tag) >>> 0,
      sub,
      flag,
      Math.floor((t - pane * width) / TICK_MS),
      lineLow(offset),
      lineHigh(scene.origin, offset),
      hashRange(batch.bytes, view, batch.lineStart[i]!, batch.lineEnd[i]!, key),
    );
  }
}

function classOf(batch: Batch, i: number): number {
  const code = batch.status[i]!;
  return code >= 100 && code < 600 ? Math.floor(code / 100) : 0;
}

function isSent(batch: Batch, i: number): boolean {
  const method = batch.method[i]!;
  return method === METHOD.POST || method === METHOD.PUT || method === METHOD.PATCH;
}

/** Answers of a batch into the rows of their systems, counted by pane, answer and system. */
function addAnswers({ state, scene }: BatchInHand, answers: ReadonlyMap<number, number>): void {
  for (const [name, count] of answers) {
    const row = rowOf(state.ledger, (scene.organization << 8) | SPACE.system, 0, name % SYSTEMS);
    const rest = Math.floor(name / SYSTEMS);
    addVisit(state.ledger, row, rest % ANSWERS, ((Math.floor(rest / ANSWERS) << TAG_BITS) | TAG.answer) >>> 0, count);
  }
}
