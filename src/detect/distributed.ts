/**
 * Stage 2: the same measure engine over facts instead of lines. Keys are prefixes, networks (AS) and targets; items are
 * sources. Facts are set elements: noting one again changes nothing.
 *
 *  F15 many scanning sources of one block: hot-prefix.ts
 *  F16 a scan of one address that many share out: distributed-scan.ts
 *  W01 a word list that the addresses of a block share out: shared-probing.ts
 *  W21 guessing spread over a network: network-logins.ts; over many, against one system: system-logins.ts
 *
 * Campaigns are not joined transitively: a decision lists its members.
 */
import { createLedger } from '../measure/additions.ts';
import { type Ledger, spaceOf } from '../measure/ledger.ts';
import { lengthOf } from '../measure/lists.ts';
import { append } from '../model/long-lists.ts';
import type { Decision } from './decision.ts';
import type { Scene, SourceRecord } from './detector.ts';
import { distributedScan, notePackets, SCAN_SOURCES } from './distributed-scan.ts';
import { FACT_SPACE, keyAt } from './fact-spaces.ts';
import { hotPrefix, noteScan, PREFIX_HOUR, type ScanFact, type Witnesses } from './hot-prefix.ts';
import { networkLogIns } from './network-logins.ts';
import type { Settings } from './scene.ts';
import { noteProber, sharedProbing, TOLD_ALONE } from './shared-probing.ts';
import { systemLogIns } from './system-logins.ts';
import type { Touch } from './touch.ts';
import { readVisits } from './visit.ts';
import { logins } from './web/credential-guessing.ts';

export interface Facts {
  ledger: Ledger;
  /** the state that the facts are of: an item is the row of a source in it, so that no two sources are mistaken */
  sources: Ledger;
  /** what the scans of a prefix on a day show */
  witnesses: Witnesses;
  logins: LogInFact[];
  /** rows and days of sources whose probing is told alone, see toldName */
  told: Set<number>;
}

/** A row and the number of a day as one number. */
const toldName = (row: number, day: number) => row * 65_536 + day;

/**
 * Facts of a settled state. There are no more of them than touches in the state, whose bound holds: so their groups are
 * not trimmed, and one loud source cannot push a distributed scan of the same target out of sight.
 */
export function createFacts(sources: Ledger): Facts {
  const ledger = createLedger(sources.seed, 512 * 1024 * 1024);
  ledger.visits.onCompact = null;
  return { ledger, sources, witnesses: new Map(), logins: [], told: new Set() };
}

/** The log-ins of one source that tried some in vain, or a few of which nobody knows. */
export interface LogInFact {
  readonly hi: number;
  readonly lo: number;
  readonly organization: number;
  readonly failed: readonly Touch[];
  readonly succeeded: readonly Touch[];
  /** answered with a page, which may be that of who got in or the form again */
  readonly unclear: readonly Touch[];
}

/** Minutes in which a source was given a page for what it sent, up to which it may be one of many that try a password or two. */
const FEW_UNCLEAR = 8;

/** The log-ins of a source, or null where none failed and hardly any may have. */
export function logInsOf(record: SourceRecord): LogInFact | null {
  const { refused: failed, succeeded, unclear } = logins(record);
  if (failed.length === 0 && (unclear.length === 0 || unclear.length > FEW_UNCLEAR)) return null;
  const { hi, lo, organization } = record;
  return { hi, lo, organization, failed, succeeded, unclear };
}

/** Notes what a source touched, below every threshold or not: (target, port) of packets that were not let through, missing pages. */
export function noteTouches(facts: Facts, ledger: Ledger, row: number, dayStartMs: number): void {
  if (lengthOf(ledger.touches, row) === 0) return;
  notePackets(facts.ledger, ledger, row);
  noteProber(facts.ledger, ledger, row, dayStartMs);
}

/** Notes what was found about the source of a row: its log-ins, its scans under its prefix, and whether it is told alone. */
export function noteFound(facts: Facts, row: number, { decisions, scans, logIns }: Found): void {
  if (logIns !== null) facts.logins.push(logIns);
  for (const { detection, day } of decisions) if (TOLD_ALONE.has(detection)) facts.told.add(toldName(row, day));
  for (const scan of scans) noteScan(facts.ledger, facts.witnesses, row, scan);
}

interface Found {
  readonly decisions: readonly Decision[];
  readonly scans: readonly ScanFact[];
  readonly logIns: LogInFact | null;
}

/** Decisions of stage 2. */
export function decideDistributed(facts: Facts, scene: Scene, settings: Settings): Decision[] {
  const out: Decision[] = [];
  const { ledger } = facts;
  for (let row = 0; row < ledger.rows; row++) {
    const space = spaceOf(ledger, row) & 255;
    const organization = spaceOf(ledger, row) >>> 8;
    const isPrefix = space === FACT_SPACE.prefix;
    if (!isPrefix && space !== FACT_SPACE.target) continue;
    // a fact is one source in one hour: fewer facts than sources cannot reach a threshold
    if (lengthOf(ledger.visits, row) < (isPrefix ? PREFIX_HOUR : SCAN_SOURCES)) continue;
    const visits = readVisits(ledger, row);
    const key = keyAt(ledger, row);
    const found = isPrefix
      ? hotPrefix(facts.sources, organization, key, visits, facts.witnesses, scene)
      : distributedScan({ sources: facts.sources, organization, address: key.lo }, visits, scene, settings);
    out.push(...found);
  }
  const isTold = (row: number, day: number) => facts.told.has(toldName(row, day));
  append(out, sharedProbing(ledger, facts.sources, scene, isTold));
  append(out, networkLogIns(facts.logins, scene, settings));
  append(out, systemLogIns(facts.logins, facts.sources, scene, settings));
  return out;
}
