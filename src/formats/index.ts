/**
 * The formats that pollwatch reads, in the order in which detection prefers them when two fit equally well.
 */
import { combined } from './combined.ts';
import { ecs } from './ecs.ts';
import type { Format } from './format.ts';
import { netfilter } from './netfilter.ts';

export const formats: readonly Format[] = [combined, netfilter, ecs];

/** The format of that name or alias (as in --format), or null. */
export function findFormat(name: string): Format | null {
  const wanted = name.toLowerCase();
  return formats.find((format) => format.name === wanted || format.aliases.includes(wanted)) ?? null;
}
