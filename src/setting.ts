/**
 * What a run is set up with: inventory, secret, rules, and the logs with their formats and year. Made once by whoever
 * starts a run; threads make the rules and the inventory again from the same files and take the rest as plain values.
 */
import { fileURLToPath } from 'node:url';
import { DETECTIONS } from './alerts/detections.ts';
import { defaultInventory } from './config/build-inventory.ts';
import type { Inventory } from './model/inventory.ts';
import { loadRuleSet } from './rules/rule-folder.ts';
import type { CompiledRuleSet } from './rules/rule-set.ts';

/** Folder of the rules that come with the program. */
export const BUILTIN_RULES = fileURLToPath(new URL('../config/rules', import.meta.url));

/** Inventory of a file, or the default one. Throws an OperatorError with all problems. */
export async function inventoryOf(configFile: string | undefined): Promise<Inventory> {
  if (configFile === undefined) return defaultInventory();
  // the schema and its library are large: only a run with an inventory loads them
  const { loadInventory } = await import('./config/inventory.ts');
  return loadInventory(
    configFile,
    DETECTIONS.map((d) => d.id),
  );
}

/** Rules of the program and of the user. Throws an OperatorError with all problems. */
export function rulesOf(userPaths: readonly string[]): CompiledRuleSet {
  return loadRuleSet({ builtinFolder: BUILTIN_RULES, userPaths });
}

/** Organisations by number: the inventory's own, then those that its origins name. */
export function organizationsOf(
  inventory: Inventory,
  declared: readonly (string | null)[],
): { id: string; name: string }[] {
  const own = { id: inventory.organization.id, name: inventory.organization.name };
  const others = [...new Set(declared.filter((id): id is string => id !== null && id !== own.id))].sort();
  return [own, ...others.map((id) => ({ id, name: id }))];
}
