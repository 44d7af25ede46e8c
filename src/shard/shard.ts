/**
 * The shard of an organisation: what all records of its log add up to. Beside the measures stand how far each origin has been
 * read, what was read and refused, what people said about alerts, and what other organisations told. Records come in by
 * folding.ts, go out by their age in pruning.ts, and are written down as snapshot-form.ts says. Pure: no store, no clock.
 */
import { createState, type State } from '../measure/state.ts';
import type { Inventory } from '../model/inventory.ts';
import type { RuleSet } from '../model/rule.ts';
import type { Tally } from '../model/tally.ts';
import { measureKey } from '../run/scan.ts';
import { createFactSet, type FactSet } from './fact-set.ts';
import type { AckRecord } from './record.ts';
import type { OriginTime } from './watermark.ts';

/** What a shard is folded with. */
export interface ShardSetting {
  readonly inventory: Inventory;
  readonly ruleSet: RuleSet;
  /** the organisation's secret, which keys all hashes */
  readonly secret: Uint8Array;
}

export interface Shard {
  state: State;
  /** what was read, by origin; samples are shapes of lines */
  readonly tallies: Map<number, Tally>;
  /** how far each origin was folded */
  readonly times: Map<number, OriginTime>;
  /** for each origin, by day, the least stream offset of a chunk whose latest line is of that day */
  readonly offsets: Map<number, Map<number, number>>;
  /** for each origin, the stream offset behind the last byte of a chunk that was folded */
  readonly ends: Map<number, number>;
  /** what was read on each day, by number of the day */
  readonly days: Map<number, DayRead>;
  /** by alert id */
  readonly acks: Map<string, AckRecord>;
  /** what other organisations told, by alert id */
  readonly facts: FactSet;
  /** lists of rule names by their digest */
  readonly ruleLists: Map<string, readonly string[]>;
  /** first instants whose alerts may still change, because all that they are decided from is there; 0 = all may */
  readonly open: OpenSince;
  /** events that came when their time had passed; the one number here that depends on the order of records */
  late: number;
  /** matches of rules that this program does not have */
  unknownMatches: number;
}

/** What was read on a day. A job of chunks belongs to the day of its latest line. */
export interface DayRead {
  /** events that came when their time had passed */
  late: number;
  /** by origin */
  readonly tallies: Map<number, Tally>;
}

/** Unix ms, for alerts of packets and of requests; 0 = nothing was dropped yet. */
export interface OpenSince {
  packetsMs: number;
  requestsMs: number;
}

/** A shard of no records. */
export function createShard(setting: ShardSetting): Shard {
  return {
    state: emptyState(setting),
    tallies: new Map(),
    times: new Map(),
    offsets: new Map(),
    ends: new Map(),
    days: new Map(),
    acks: new Map(),
    facts: createFactSet(),
    ruleLists: new Map(),
    open: { packetsMs: 0, requestsMs: 0 },
    late: 0,
    unknownMatches: 0,
  };
}

/** The state of no records, with the organisation's memory bound. */
export function emptyState({ inventory, secret }: ShardSetting): State {
  const { a } = measureKey(secret);
  return createState(a, inventory.entriesMax === null ? undefined : inventory.entriesMax * 16);
}
