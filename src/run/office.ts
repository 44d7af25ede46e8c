/**
 * Whose logs these are: the inventory of a run, and the organisations that it and its origins name.
 */
import { DETECTIONS } from '../alerts/detections.ts';
import { defaultInventory } from '../config/build-inventory.ts';
import type { Inventory } from '../model/inventory.ts';

/** Inventory of a file, or the default one. Throws an OperatorError with all problems. */
export async function inventoryOf(configFile: string | undefined): Promise<Inventory> {
  if (configFile === undefined) return defaultInventory();
  // the schema and its library are large: only a run with an inventory loads them
  const { loadInventory } = await import('../config/inventory.ts');
  return loadInventory(
    configFile,
    DETECTIONS.map((d) => d.id),
  );
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
