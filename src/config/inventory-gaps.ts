/**
 * Where an inventory and the logs disagree: systems that are declared and never seen, and hosts that several visitors were
 * given pages of and that no system claims. Either the inventory or the choice of logs is not whole.
 */
import { parseAddress } from '../model/address.ts';
import type { Asset, Inventory } from '../model/inventory.ts';
import { type Survey, VISITORS_MIN } from './survey.ts';

export interface InventoryGaps {
  /** declared, but nothing in these logs belongs to them; those that must never be reached are left out */
  readonly unseen: readonly Asset[];
  /** host and answered requests, most first */
  readonly unclaimed: readonly { readonly host: string; readonly answered: number }[];
}

/** Compares an inventory with what logs show. An asset that such logs cannot show (no web log read) is not asked for. */
export function inventoryGaps(survey: Survey, inventory: Inventory): InventoryGaps {
  const kinds = [...survey.origins.values()];
  const hasWeb = kinds.some(({ web }) => web > 0);
  const hasNetwork = kinds.some(({ network }) => network > 0);
  const seen = new Set<number>();
  for (const { host, prefix } of survey.visited.values()) seen.add(inventory.assetOfRequest(host, `${prefix}/`));
  for (const { address } of survey.destinations.values()) {
    const parsed = parseAddress(address);
    if (parsed === null) continue;
    seen.add(
      'v4' in parsed ? inventory.assetOfAddress(0, 0, 0xffff, parsed.v4) : inventory.assetOfAddress(...parsed.v6),
    );
  }
  for (const name of survey.origins.keys()) seen.add(inventory.originFor(name)?.asset ?? 0);
  const canShow = ({ hosts, urlPrefixes, cidrs }: Asset) =>
    (hasWeb && hosts.length + urlPrefixes.length > 0) || (hasNetwork && cidrs.length > 0);
  return {
    unseen: inventory.assets.filter((asset) => !asset.sentinel && !seen.has(asset.number) && canShow(asset)),
    unclaimed: [...survey.visited.values()]
      .filter(({ host, prefix, visitors }) => host !== '' && prefix === '' && visitors.size >= VISITORS_MIN)
      .filter(({ host }) => !inventory.assets.some(({ hosts }) => hosts.includes(host)))
      .map(({ host, answered }) => ({ host, answered }))
      .sort((a, b) => b.answered - a.answered || (a.host < b.host ? -1 : 1)),
  };
}
