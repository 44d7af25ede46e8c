/**
 * The state: everything that lines add up to, for one organisation's run. Like the ledger in it, a value of a
 * commutative monoid. A batch's delta, a thread's share, a queue chunk's effect and the whole are the same type.
 */

import { handBack } from '../model/memory.ts';
import { createLedger } from './additions.ts';
import type { Ledger } from './ledger.ts';
import { holdBound, settle } from './reductions.ts';

/** Default bound of the entries' memory. A million quiet sources use about 100 MB of it. */
const MEMORY_BYTES = 1024 * 1024 * 1024;

export interface State {
  ledger: Ledger;
  /** lines per IPv4 /16 (index = upper 16 bits) and, behind them, per hashed IPv6 /32 bucket: never reduced */
  prefixes: Uint32Array;
  /** events per 10-minute pane: all, refused */
  timeline: Map<number, [number, number]>;
  /** names of hosts that servers wrote, by 16-bit host number; two names of one number: the smaller stays */
  hosts: Map<number, string>;
  /** text of IPv6 destinations by their 32-bit hash */
  destinations: Map<number, string>;
  /** first and last event time per origin */
  spans: Map<number, [number, number]>;
  /** what kinds of events there were, by name of COVERAGE: what these logs can show at all */
  coverage: Float64Array;
}

/** Kinds of events that are counted, so that "could not see" can be told from "did not happen". */
export const COVERAGE = [
  'requests',
  'packets',
  'denied',
  'allowed',
  'with_tcp_flags',
  'rate_limited',
  'with_host',
  'with_query',
  'with_size',
  'with_user_agent',
  'posts',
  'outbound',
  'to_systems',
  'posts_to_systems',
  'from_proxies',
] as const;
export type Covered = (typeof COVERAGE)[number];

/** Count of one kind of events. */
export function covered(state: State, kind: Covered): number {
  return state.coverage[COVERAGE.indexOf(kind)]!;
}

/** Buckets for IPv4 /16 prefixes and as many for IPv6. */
const PREFIXES = 65_536 + 1024;
/** Names that are remembered at most, of hosts and of IPv6 destinations: ours, so few. The smallest stay. */
export const NAMES_MAX = 4096;

export function createState(seed: number, memoryBytes = MEMORY_BYTES, rows = 0): State {
  return {
    ledger: createLedger(seed, memoryBytes, rows),
    prefixes: new Uint32Array(PREFIXES),
    timeline: new Map(),
    hosts: new Map(),
    destinations: new Map(),
    spans: new Map(),
    coverage: new Float64Array(COVERAGE.length),
  };
}

/** Remembers a name under its number; deterministic for any order: of two names the smaller stays. */
export function remember(names: Map<number, string>, number: number, name: string): void {
  const known = names.get(number);
  if (known === undefined || name < known) names.set(number, name);
  if (names.size > NAMES_MAX * 2) trimNames(names);
}

function trimNames(names: Map<number, string>): void {
  const keep = [...names.keys()].sort((a, b) => a - b).slice(0, NAMES_MAX);
  const kept = new Set(keep);
  for (const n of names.keys()) if (!kept.has(n)) names.delete(n);
}

/** After a batch: holds the memory bound. */
export function holdState(state: State): void {
  holdBound(state.ledger);
}

/** Canonical form; decisions are only taken on a settled state. */
export function settleState(state: State): void {
  settle(state.ledger);
  trimNames(state.hosts);
  trimNames(state.destinations);
}

/** Hands the memory of a state back at once, without waiting for a collection; it must not be read again. */
export function letGo({ ledger, prefixes }: State): void {
  const large = [...ledger.touches.pages, ...ledger.visits.pages, ledger.table.words, ledger.index, prefixes];
  large.forEach(handBack);
}
