/**
 * What was decided and made of a shard's state the last time: a decision about which nothing is new is the same object as
 * then (detect/decided-sources.ts), and so is the alert that was made of it. A cache of what can be made again from
 * snapshot and log, never stored: a worker that takes a shard over starts with an empty one.
 */

import type { Severity } from '../alerts/severity.ts';
import { createDecidedSources, type DecidedSources, KEPT_MAX } from '../detect/decided-sources.ts';
import type { Decision } from '../detect/decision.ts';
import type { State } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';

/** What is made of a decision. */
export interface MadeAlert {
  /** without its lines */
  readonly alert: Alert;
  /** id of the alert of the same thing on the day before, whether there is one or not */
  readonly dayBefore: string;
  /** digest of all that its document is made from */
  readonly fingerprint: string;
}

/** Of one shard under one setting. */
export interface AlertMemory {
  readonly sources: DecidedSources;
  /** by decisions of sources that are kept */
  made: ReadonlyMap<Decision, Remembered>;
}

interface Remembered {
  readonly severity: Severity;
  readonly grave: boolean;
  /** names of the state that the alert was made with, and whether the state was sampled */
  readonly names: string;
  /** null: the decision is no alert */
  readonly made: MadeAlert | null;
}

/** Nothing was made yet; `weightMax` bounds the sources and decisions that are kept. */
export function createAlertMemory(weightMax = KEPT_MAX): AlertMemory {
  return { sources: createDecidedSources(weightMax), made: new Map() };
}

/** Memories of all shards of a worker. */
export interface AlertMemories {
  /** That of an organisation. */
  of(organization: string): AlertMemory;
  /** It was told with: where all hold more than one may, those that were not told with for the longest time go. */
  told(organization: string): void;
}

/** All together, and each alone, keep sources and decisions up to `weightMax`. */
export function createAlertMemories(weightMax = KEPT_MAX): AlertMemories {
  /** in the order in which they were told with */
  const memories = new Map<string, AlertMemory>();
  return {
    of(organization) {
      const memory = memories.get(organization) ?? createAlertMemory(weightMax);
      memories.set(organization, memory);
      return memory;
    },
    told(organization) {
      const memory = memories.get(organization);
      if (memory === undefined) return;
      memories.delete(organization);
      memories.set(organization, memory);
      let weight = [...memories.values()].reduce((sum, { sources }) => sum + sources.weight, 0);
      for (const [name, { sources }] of memories) {
        if (weight <= weightMax) break;
        weight -= sources.weight;
        memories.delete(name);
      }
    },
  };
}

/**
 * Makes the alerts of one telling: those of decisions that stand as they did, as grave as they were, are taken from the
 * memory, which afterwards holds those of this telling.
 */
export function rememberingMaker(
  memory: AlertMemory,
  state: State,
  make: (decision: Decision, severity: Severity, grave: boolean) => MadeAlert | null,
): (decision: Decision, severity: Severity, grave: boolean) => MadeAlert | null {
  const before = memory.made;
  const now = new Map<Decision, Remembered>();
  memory.made = now;
  return (decision, severity, grave) => {
    const known = before.get(decision);
    const names = namesOf(decision, state);
    // a decision that is kept keeps its grade
    const stands = known?.grave === grave && known.severity === severity && known.names === names;
    const remembered = stands ? known : { severity, grave, names, made: make(decision, severity, grave) };
    if (memory.sources.decisions.has(decision)) now.set(decision, remembered);
    return remembered.made;
  };
}

/** What the alert of a source says that stands in the state, and neither in its decision nor in the source's entries. */
function namesOf({ exhibit }: Decision, { hosts, destinations, ledger }: State): string {
  const { hosts: numbers, destinationsV6: items } = exhibit;
  if (numbers.length + items.length === 0) return ledger.level > 0 ? SAMPLED : WHOLE;
  const names = [numbers.map((host) => hosts.get(host) ?? ''), items.map((item) => destinations.get(item) ?? '')];
  return JSON.stringify([ledger.level > 0, names]);
}

const SAMPLED = 'sampled';
const WHOLE = 'whole';
