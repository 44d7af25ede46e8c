/**
 * The core's inner loop: blocks of lines in, state out. Formats fill a batch, rules match it, measures take it in.
 * `analyze`, its threads and the queue's workers run this and nothing else; only where blocks come from differs.
 */

import { createHash, randomBytes } from 'node:crypto';
import { ATTACKS } from '../detect/election/form-injection.ts';
import { fillLines } from '../formats/append-event.ts';
import { proxiesOf, seeThrough } from '../formats/client-address.ts';
import type { Format, OriginContext } from '../formats/format.ts';
import { watchOf } from '../measure/asset-watch.ts';
import type { Scene } from '../measure/batch-in-hand.ts';
import { type AssetLookup, createObserver, type Observer } from '../measure/observe.ts';
import { LABEL } from '../measure/observe-requests.ts';
import { ATTACK, type WatchedSystems } from '../measure/observe-systems.ts';
import { createProtectedRecords, protectedHash } from '../measure/protected-records.ts';
import { createState, type State } from '../measure/state.ts';
import { type Batch, createBatch } from '../model/batch.ts';
import { type HashKey, hashKey } from '../model/hash.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Rule } from '../model/rule.ts';
import { createTally, type Tally } from '../model/tally.ts';
import type { Block } from '../origins/block.ts';
import { createDigests, createMatcher, createMatches, type Matcher } from '../rules/matcher.ts';
import type { CompiledRuleSet } from '../rules/rule-set.ts';
import { type AccessLane, createAccessLane, LABEL_BITS } from './access-lane.ts';

/** Rows of a batch: large enough to spread the cost of a call, small enough to stay in the cache. */
const BATCH_ROWS = 2048;
/** Rows that are made room for at once after a scanner was emptied. */
const EXPECTED_ROWS_MAX = 65_536;

/** Built-in rules that label a request. */
const LABELS: Readonly<Record<string, number>> = {
  'login-page': LABEL.login,
  'crawler-agent': LABEL.crawler,
  'monitor-agent': LABEL.monitor,
};

export interface Scanner {
  readonly state: State;
  /** events per 10-minute pane, all and refused; to be had at any time, while `state` takes in first what waits */
  readonly timeline: ReadonlyMap<number, readonly [number, number]>;
  /** counts per origin number */
  readonly tallies: Map<number, Tally>;
  /** Reads all lines of a block of an origin; returns the time of its last event, or null. */
  scanBlock(block: Block, format: Format, context: OriginContext, scene: Scene): number | null;
  /** Hands out what was scanned since the last call and starts anew: a delta per chunk with one matcher for all. */
  take(): { state: State; tallies: Map<number, Tally> };
}

/** Keys of all hashes, from the organisation's secret. */
export function measureKey(secret: Uint8Array): HashKey {
  return hashKey(secret, 'measure');
}

export interface ScannerOptions {
  /** false does without the fast lane for access logs, which only costs time; default true */
  readonly hasLane?: boolean;
  /** the secret that this one took the place of: records that were listed as protected under it are still found */
  readonly previousSecret?: Uint8Array | null;
}

/** A scanner with an empty state. */
export function createScanner(
  ruleSet: CompiledRuleSet,
  inventory: Inventory,
  secret: Uint8Array,
  { hasLane = true, previousSecret = null }: ScannerOptions = {},
): Scanner {
  const key = measureKey(secret);
  const isProxy = proxiesOf(inventory);
  const bytesMax = inventory.entriesMax === null ? undefined : inventory.entriesMax * 16;
  let state = createState(key.a, bytesMax);
  let tallies = new Map<number, Tally>();
  const batch: Batch = createBatch(BATCH_ROWS, key);
  const arena = createBatch(BATCH_ROWS, key);
  const digests = createDigests(BATCH_ROWS);
  const matches = createMatches(BATCH_ROWS);
  const matcher: Matcher = createMatcher(ruleSet, key);
  const labels = ruleSet.rules.map((r) => (r.origin === 'builtin' ? (LABELS[r.name] ?? LABEL.none) : LABEL.none));
  // made when the first access log is scanned: firewalls need none
  let lane: AccessLane | null | undefined = hasLane ? undefined : null;
  const observer: Observer = createObserver({
    key,
    items: ruleSet.rules.map((r) => r.item),
    labels,
    attacks: ruleSet.rules.map(attackOf),
    assets: assetLookup(inventory, previousSecret === null ? [secret] : [secret, previousSecret]),
    recordKeyParameters: inventory.assets.flatMap((a) => a.recordKeyParams),
  });
  return {
    get state() {
      observer.finish();
      return state;
    },
    get timeline() {
      return state.timeline;
    },
    get tallies() {
      return tallies;
    },
    take() {
      observer.finish();
      const taken = { state, tallies };
      // what comes next is likely to be of about as many sources
      state = createState(key.a, bytesMax, Math.min(state.ledger.rows, EXPECTED_ROWS_MAX));
      tallies = new Map();
      return taken;
    },
    scanBlock(block, format, context, scene) {
      let tally = tallies.get(scene.origin);
      if (tally === undefined) {
        tally = createTally();
        tallies.set(scene.origin, tally);
      }
      const target = format.fill === undefined ? arena : batch;
      let at = block.start;
      let last: number | null = null;
      if (lane === undefined && format.name === 'combined')
        lane = createAccessLane({
          key,
          secret: laneSecret(secret),
          matcher,
          labels: labels.map((l) => LABEL_BITS[l]!),
          isProxy,
        });
      const isAccess = format.name === 'combined' && lane != null;
      while (at < block.end) {
        if (isAccess) {
          const next = lane!.read(block, at, matches, tally);
          if (next > at) {
            if (lane!.batch.n > 0) observer.observe(state, lane!.batch, matches, lane!.digests, scene);
            last = lane!.lastMs ?? last;
            at = next;
            continue;
          }
        }
        target.n = 0;
        target.textEnd = 0;
        const next =
          format.fill === undefined
            ? fillLines(format, block.bytes, at, block.end, block.baseOffset, target, context, tally)
            : format.fill(block.bytes, at, block.end, block.baseOffset, target, context, tally);
        if (target.n > 0) {
          if (isProxy !== null && format.name === 'combined') seeThrough(target, isProxy);
          matcher.match(target, matches, digests);
          observer.observe(state, target, matches, digests, scene);
          last = target.timeMs[target.n - 1]!;
        }
        if (next <= at) throw new Error(`format ${format.name} made no progress`);
        at = next;
      }
      return last;
    },
  };
}

/** Secret words of the lane's hashes, of this process alone: nothing that is kept depends on them. */
function laneSecret(secret: Uint8Array): Uint8Array {
  return createHash('shake256', { outputLength: 1024 }).update(randomBytes(32)).update(secret).digest();
}

function attackOf({ detection, item }: Rule): number {
  if (detection === null || !ATTACKS.has(detection)) return ATTACK.none;
  return item === 'target' ? ATTACK.target : ATTACK.request;
}

function assetLookup(inventory: Inventory, secrets: readonly [Uint8Array, ...Uint8Array[]]): AssetLookup {
  return {
    watched: watchedSystems(inventory, secrets),
    hasRequestAssets: inventory.assets.some((a) => a.hosts.length > 0 || a.urlPrefixes.length > 0),
    hasAddressAssets: inventory.assets.some((a) => a.cidrs.length > 0),
    assetOfRequest: (host, path) => inventory.assetOfRequest(host, path),
    assetOfAddress: (a, b, c, d) => inventory.assetOfAddress(a, b, c, d),
  };
}

function watchedSystems(inventory: Inventory, secrets: readonly [Uint8Array, ...Uint8Array[]]): WatchedSystems | null {
  const { assets } = inventory;
  if (assets.length === 0) return null;
  const keys = assets.map((asset) => asset.recordKeyParams);
  const hashes = new Set(
    inventory.protectedRecords.map((entry) => ('hash' in entry ? entry.hash : protectedHash(secrets[0], entry.key))),
  );
  return {
    bits: Uint8Array.from([0, ...assets.map(watchOf)]),
    isProxy: (asset, a, b, c, d) => inventory.isTrustedProxy(asset, a, b, c, d),
    fields: [[], ...assets.map((a) => [...a.recordKeyParams.flat(), ...a.redactParams, ...a.keepParams])],
    protectedRecords: createProtectedRecords(secrets, hashes, (system) => keys[system - 1] ?? []),
  };
}
