/**
 * What was decided and told of a shard's state the last time: a source about which nothing is new is the same object as then
 * (detect/decided-sources.ts), and its alerts stand as they did (source-alerts.ts). A cache of what can be made again from
 * snapshot and log, never stored: a worker that takes a shard over starts with an empty one.
 */
import { createDecidedSources, type DecidedSources, KEPT_MAX } from '../detect/decided-sources.ts';
import type { Footing, SourceAlerts } from './source-alerts.ts';

/** Of one shard under one setting. */
export interface AlertMemory {
  readonly sources: DecidedSources<SourceAlerts>;
  /** what their alerts rested on; null: nothing was told yet */
  footing: Footing | null;
  /** ids of what stood in no source that is kept, and of what was told and stood no more */
  loose: readonly string[];
}

/** Nothing was made yet; `weightMax` bounds the sources and decisions that are kept. */
export function createAlertMemory(weightMax = KEPT_MAX): AlertMemory {
  return { sources: createDecidedSources(weightMax), footing: null, loose: [] };
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
