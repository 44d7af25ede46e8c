/**
 * The fast lane of access logs: the kernel in WebAssembly (kernels/access-lines.ts) reads pieces of a block into a batch
 * and says at once what the rules make of lines whose texts were judged before. The rest, `asked` rows, goes to the
 * matcher, and what it finds out is taught to the kernel. Lines of an unusual shape go through the grammar as ever.
 * The lane only saves work: with and without it a log gives the same rows, matches and state. It keeps no text, and all
 * its tables have a fixed size: about 4.5 MB for each scanner.
 */
import { readFileSync } from 'node:fs';
import { clearRows } from '../formats/append-event.ts';
import { type IsProxy, seeThrough } from '../formats/client-address.ts';
import { handOver } from '../formats/combined-kernel.ts';
import { type Batch, type CountedRequests, createBatch, hashRows, KIND } from '../model/batch.ts';
import type { HashKey } from '../model/hash.ts';
import { type Digests, LABEL_BIT, type Matches, ORDINARY } from '../model/rule.ts';
import type { Tally } from '../model/tally.ts';
import type { Block } from '../origins/block.ts';
import { createDigests, type Matcher } from '../rules/matcher.ts';
import { STATIC_EXTENSIONS } from '../rules/static-path.ts';

export interface AccessLane {
  readonly batch: Batch;
  readonly digests: Digests;
  /**
   * Reads lines of the block from `at` into the batch: returns the offset behind the last one. The matcher is asked
   * about what is not known; `matches` then holds the rules of these rows.
   */
  read(block: Block, at: number, matches: Matches, tally: Tally): number;
  /** event time of the last line that `read` made an event of, or null */
  readonly lastMs: number | null;
}

/** What the kernel exports; addresses are bytes of its memory. */
interface Kernel {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  configure(a: number, b: number, agent: number, referrer: number, host: number, user: number): void;
  listen(shift: number, target: number, referrer: number): void;
  forget(agent: number, referrer: number): void;
  fill(start: number, end: number, base: number): number;
  learn(row: number, target: number, agent: number, referrer: number, isStatic: number, answer: number): void;
  [constant: string]: unknown;
}

/** The part of WebAssembly's interface that is used here. */
interface WebAssemblyModules {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
}

const PAGE_BYTES = 65_536;
/** Longest text that the kernel has a hash of, and judges itself. */
const TEXT_MAX = 512;
/** States of the automaton that fit beside the bits which say that a literal ends there. */
const STATES_MAX = 0x4000;
const TARGET_BIT = 0x8000;
const REFERRER_BIT = 0x4000;
/** Bytes that no text has which the kernel judges itself: control bytes and those which decoding might change. */
const NEVER_PLAIN = [...Array.from({ length: 33 }, (_, c) => c), 0x22, 0x25, 0x2b, 0x5c];
/** `answer` of `learn`: rules match; it depends on more than is known. */
const RULES_MATCH = -1;
const DEPENDS = -2;

let compiled: object | null | undefined;

/** The compiled kernel, or null where the processor or the runtime cannot run it (WebAssembly with SIMD). */
function kernelModule(): object | null {
  if (compiled !== undefined) return compiled;
  const { WebAssembly } = globalThis as unknown as { WebAssembly?: WebAssemblyModules };
  const bytes = readFileSync(new URL('../../kernels/access-lines.wasm', import.meta.url));
  compiled = WebAssembly?.validate(bytes) === true ? new WebAssembly.Module(bytes) : null;
  return compiled;
}

/**
 * A lane for one scanner, or null where there can be none. `labels[r]` are the bits of LABEL_BIT of rule r, 0 for a rule
 * that finds something. `secret` is 568 bytes that nobody who writes a log knows.
 */
export function createAccessLane(options: {
  key: HashKey;
  secret: Uint8Array;
  matcher: Matcher;
  labels: readonly number[];
  /** the proxies whose lines name their client */
  isProxy?: IsProxy | null;
}): AccessLane | null {
  const module = kernelModule();
  if (module === null) return null;
  const { key, matcher, labels, isProxy = null } = options;
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyModules };
  const kernel = new WebAssembly.Instance(module, {}).exports as Kernel;
  const at = (name: string) => (kernel[name] as { value: number }).value;
  putAutomaton(kernel, matcher, at('AUTOMATON'), at('CLASSES'));
  const { buffer } = kernel.memory;
  const memory = new Uint8Array(buffer);
  memory.set(options.secret.subarray(0, at('SECRET_BYTES')), at('SECRET'));
  putEndings(buffer, at('ENDINGS'));
  const [, agent, referrer, host, user] = matcher.used.map(Number) as [number, number, number, number, number];
  kernel.configure(key.a, key.b, agent, referrer, host, user);
  kernel.forget(matcher.absentAgent, matcher.absentReferrer);
  let generation = matcher.generation;

  const capacity = at('ROWS');
  const piece = at('PIECE');
  const pieceBytes = at('PIECE_BYTES');
  const batch = batchOver(buffer, at, capacity, key);
  const digests: Digests = {
    ...createDigests(capacity),
    path: batch.pathHash,
    isStatic: new Uint8Array(buffer, at('IS_STATIC'), capacity),
    labels: new Uint8Array(buffer, at('LABELS'), capacity),
    keyless: new Uint8Array(buffer, at('KEYLESS'), capacity),
    ordinary: new Uint8Array(buffer, at('ORDINARY'), capacity),
  };
  const counted: CountedRequests = { rows: 0, hosts: 0, queries: 0, sizes: 0, agents: 0, posts: 0 };
  batch.counted = counted;
  const asked = new Uint32Array(buffer, at('ASKED'), capacity);
  const oddStart = new Uint32Array(buffer, at('ODD_START'), capacity);
  const oddEnd = new Uint32Array(buffer, at('ODD_END'), capacity);
  const { rows, asked: askedCount, odd, ...counts } = kernel as unknown as Record<string, { readonly value: number }>;
  let lastMs: number | null = null;

  /** Lines of an unusual shape become rows behind the usual ones; returns how many lines there were. */
  function handOverOdd(base: number, tally: Tally): number {
    const count = odd!.value;
    for (let i = 0; i < count; i++) {
      const row = batch.n;
      const start = oddStart[i]!;
      let end = oddEnd[i]!;
      if (end > start && batch.bytes[end - 1] === 13) end--;
      clearRows(batch, row, row + 1);
      batch.kind[row] = KIND.request;
      if (!handOver(batch.bytes, start, end, base, batch, row, tally)) continue;
      batch.lineStart[row] = start;
      batch.lineEnd[row] = end;
      batch.lineOffset[row] = base + start;
      digests.labels[row] = 0;
      digests.ordinary[row] = ORDINARY.unknown;
      batch.n = row + 1;
    }
    return count;
  }

  /** Time of the row that stands last in the log: the last usual one or the last of the others. */
  function lastTime(usual: number): number | null {
    const { n, lineStart, timeMs } = batch;
    if (n === 0) return null;
    if (usual === 0 || (n > usual && lineStart[n - 1]! > lineStart[usual - 1]!)) return timeMs[n - 1]!;
    return timeMs[usual - 1]!;
  }

  /** Asks the matcher about the listed rows and teaches the kernel what it says of the usual ones. */
  function ask(usual: number, count: number, matches: Matches): void {
    hashRows(batch, asked, count, key);
    batch.hashed = batch.n;
    matches.n = 0;
    matcher.match(batch, matches, digests, asked, count);
    if (matcher.generation !== generation) {
      // the numbers of some rows are of before, of others of after
      generation = matcher.generation;
      kernel.forget(matcher.absentAgent, matcher.absentReferrer);
      return;
    }
    const { target, userAgent, referrer: from, isOpen } = matcher.judged;
    let match = 0;
    for (let k = 0; k < count; k++) {
      const row = asked[k]!;
      if (row >= usual) break;
      let answer = isOpen[k] === 1 ? DEPENDS : 0;
      for (; match < matches.n && matches.row[match] === row; match++) {
        const bits = labels[matches.rule[match]!]!;
        if (answer >= 0) answer = bits === 0 ? RULES_MATCH : answer | bits;
      }
      kernel.learn(row, target[k]! & 0x3fff, userAgent[k]!, from[k]!, digests.isStatic[row]!, answer);
    }
  }

  return {
    batch,
    digests,
    get lastMs() {
      return lastMs;
    },
    read(block, start, matches, tally) {
      const { bytes } = block;
      let end = block.end;
      if (end - start > pieceBytes) {
        end = bytes.lastIndexOf(10, start + pieceBytes - 1) + 1;
        if (end <= start) return start;
      }
      memory.set(bytes.subarray(start, end), piece);
      const base = block.baseOffset + start;
      const read = kernel.fill(piece, piece + end - start, base) - piece;
      const usual = rows!.value;
      batch.n = usual;
      counted.rows = usual;
      counted.hosts = counts['withHost']!.value;
      counted.queries = counts['withQuery']!.value;
      counted.sizes = counts['withSize']!.value;
      counted.agents = counts['withAgent']!.value;
      counted.posts = counts['posts']!.value;
      const lines = usual + handOverOdd(base, tally);
      if (isProxy !== null) seeThrough(batch, isProxy);
      let count = askedCount!.value;
      for (let row = usual; row < batch.n; row++) asked[count++] = row;
      matches.n = 0;
      if (count > 0) ask(usual, count, matches);
      lastMs = lastTime(usual);
      tally.lines += lines;
      tally.events += batch.n;
      tally.bytes += read;
      return start + read;
    },
  };
}

/** Labels of rules by their LABEL, as bits. */
export const LABEL_BITS: readonly number[] = [0, LABEL_BIT.login, LABEL_BIT.crawler, LABEL_BIT.monitor];

/**
 * Puts the automaton behind everything else in memory, so that new targets and referrers in which nothing stands that a
 * rule waits for need no matcher; leaves it out when it has too many states.
 */
function putAutomaton(kernel: Kernel, matcher: Matcher, start: number, classesAt: number): void {
  const { classes, classCount, next, states } = matcher.automaton;
  const [target, referrer] = [matcher.listening(0, TEXT_MAX), matcher.listening(2, TEXT_MAX)];
  const isFit = states <= STATES_MAX;
  // bytes that are never asked about take no class
  const asked = new Uint8Array(256).map((_, c) => (NEVER_PLAIN.includes(c) ? 0 : classes[c]!));
  const kept = [...new Set([0, ...asked])];
  const shift = Math.max(1, 32 - Math.clz32(kept.length - 1));
  const heardAt = start + (states << shift) * 2;
  const needed = isFit ? heardAt + 2 * states * 2 : start;
  kernel.memory.grow(Math.max(0, Math.ceil((needed - kernel.memory.buffer.byteLength) / PAGE_BYTES)));
  if (!isFit) return;
  new Uint8Array(kernel.memory.buffer, classesAt).set(asked.map((c) => kept.indexOf(c)));
  const transitions = new Uint16Array(kernel.memory.buffer, start, states << shift);
  for (let state = 0; state < states; state++) {
    for (const [c, of] of kept.entries()) {
      const at = next[state * classCount + of]!;
      const to = (at < 0 ? ~at : at) / classCount;
      const bits =
        (target !== null && target[to]! > 0 ? TARGET_BIT : 0) |
        (referrer !== null && referrer[to]! > 0 ? REFERRER_BIT : 0);
      transitions[(state << shift) + c] = to | bits;
    }
  }
  const { buffer } = kernel.memory;
  if (target !== null) new Uint16Array(buffer, heardAt, states).set(target);
  if (referrer !== null) new Uint16Array(buffer, heardAt + 2 * states, states).set(referrer);
  kernel.listen(shift, target === null ? 0 : heardAt, referrer === null ? 0 : heardAt + 2 * states);
}

function putEndings(buffer: ArrayBuffer, start: number): void {
  const words = new BigUint64Array(buffer, start, 64);
  words.fill(0n);
  let i = 0;
  for (const name of STATIC_EXTENSIONS) {
    let word = 0n;
    for (let k = name.length - 1; k >= 0; k--) word = (word << 8n) | BigInt(name.charCodeAt(k));
    words[i++] = word;
  }
}

/** A batch whose columns stand in the memory of the kernel, as far as it writes them. */
function batchOver(buffer: ArrayBuffer, at: (name: string) => number, capacity: number, key: HashKey): Batch {
  const u8 = (name: string) => new Uint8Array(buffer, at(name), capacity);
  const u32 = (name: string) => new Uint32Array(buffer, at(name), capacity);
  const batch: Batch = {
    ...createBatch(capacity, key),
    bytes: new Uint8Array(buffer, at('PIECE'), at('PIECE_BYTES') + 64),
    flags: u8('FLAGS'),
    timeMs: new Float64Array(buffer, at('TIME'), capacity),
    lineStart: u32('LINE_START'),
    lineEnd: u32('LINE_END'),
    lineOffset: new Float64Array(buffer, at('OFFSET'), capacity),
    sourceHi: u32('SOURCE_HI'),
    sourceLo: u32('SOURCE_LO'),
    sourceIidHi: u32('IID_HI'),
    sourceIidLo: u32('IID_LO'),
    method: u8('METHOD'),
    httpVersion: u8('VERSION'),
    status: new Uint16Array(buffer, at('STATUS'), capacity),
    size: u32('SIZE'),
    targetStart: u32('TARGET_START'),
    targetEnd: u32('TARGET_END'),
    queryStart: u32('QUERY_START'),
    hostStart: u32('HOST_START'),
    hostEnd: u32('HOST_END'),
    userStart: u32('USER_START'),
    userEnd: u32('USER_END'),
    referrerStart: u32('REFERRER_START'),
    referrerEnd: u32('REFERRER_END'),
    userAgentStart: u32('AGENT_START'),
    userAgentEnd: u32('AGENT_END'),
    pathHash: u32('PATH_HASH'),
  };
  batch.kind.fill(KIND.request);
  return batch;
}
