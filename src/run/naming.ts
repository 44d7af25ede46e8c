/**
 * Who and what an alert names: its key, its source with the owner of the network and the place, addresses of ours.
 */
import type { Decision } from '../detect/decision.ts';
import { itemsOf, readVisits } from '../detect/visit.ts';
import type { Enricher } from '../enrich/enricher.ts';
import { knownScanner } from '../enrich/known-scanners.ts';
import { TAG } from '../measure/entry.ts';
import { findRow, SPACE } from '../measure/ledger.ts';
import { LABEL } from '../measure/observe-requests.ts';
import type { State } from '../measure/state.ts';
import { formatIpv4, formatIpv6, formatKey, formatPrefix, formatSource, sourceWords } from '../model/address.ts';
import type { AlertKey, AlertSource } from '../model/alert.ts';
import type { Inventory } from '../model/inventory.ts';

/** Addresses of one network that an alert lists. */
const ADDRESSES_MAX = 10;

/** What alerts are made from, beside decisions. */
export interface Surroundings {
  readonly state: State;
  readonly inventory: Inventory;
  readonly enricher: Enricher;
  /** organisations by number */
  readonly organizations: readonly { id: string; name: string }[];
}

/** The key of an alert, as it stands in its identity. */
export function keyOf(d: Decision, around: Surroundings): AlertKey {
  switch (d.key.kind) {
    case 'source':
      return { kind: 'source', text: formatKey(d.key.hi, d.key.lo) };
    case 'prefix':
      return { kind: 'prefix', text: formatPrefix(d.key.hi, d.key.lo) };
    case 'target':
      return {
        kind: 'target',
        text: d.exhibit.destinationsV6.includes(d.key.lo)
          ? destinationV6(d.key.lo, around.state)
          : formatIpv4(d.key.lo),
      };
    case 'as':
      return { kind: 'as', text: ownerOf(d, around) };
    case 'campaign':
      return { kind: 'campaign', text: d.key.text ?? '' };
    case 'system':
      return { kind: 'target', text: systemName(d.key.lo, around) };
  }
}

/** Id of a declared system by its number, else the name of the host, else what it is. */
function systemName(number: number, { inventory, state }: Surroundings): string {
  return inventory.assets[number - 1]?.id ?? state.hosts.get(number) ?? 'web server';
}

/** Owner of the network that the members of a decision share: "AS64500 Example". */
export function ownerOf(d: Decision, around: Surroundings): string {
  const member = d.members[0];
  const owner = member === undefined ? null : around.enricher.owner(member.hi, member.lo);
  return owner === null ? `AS${d.key.lo}` : `AS${owner.number} ${owner.name}`.trim();
}

/** Addresses that were seen of a source key, smallest first, at most ADDRESSES_MAX. */
export function addressesOf(
  hi: number,
  lo: number,
  organization: number,
  around: Pick<Surroundings, 'state'>,
): string[] {
  if (hi === 0) return [formatIpv4(lo)];
  const { ledger } = around.state;
  const row = findRow(ledger, (organization << 8) | SPACE.source, hi, lo);
  const iids = row < 0 ? [] : readVisits(ledger, row).filter((v) => v.tag === TAG.interfaceId);
  if (iids.length === 0) return [formatSource(hi, lo, 0, 0)];
  return iids
    .sort((a, b) => a.item - b.item || a.group - b.group)
    .slice(0, ADDRESSES_MAX)
    .map((v) => formatSource(hi, lo, v.item, v.group));
}

/** A source as alerts show it. */
export function sourceOf(hi: number, lo: number, organization: number, around: Surroundings): AlertSource {
  const found = around.enricher.lookup(hi, lo);
  const addresses = addressesOf(hi, lo, organization, around);
  return {
    ip: addresses[0]!,
    key: formatKey(hi, lo),
    addresses,
    as: found.as,
    country: found.country,
    place: found.place,
    database: found.database,
    class: claimOf({ hi, lo }, organization, around.state),
    ...listingOf({ hi, lo }, around.inventory),
  };
}

/** Who a source is listed as, by the office's own lists or ours. */
export function listingOf(key: { hi: number; lo: number }, inventory: Inventory): Pick<AlertSource, 'listed'> {
  const listing = inventory.listedAs(...sourceWords(key)) ?? knownScanner(...sourceWords(key));
  return listing === null ? {} : { listed: { name: listing.name, list: listing.list, date: listing.date } };
}

/** What a source says that it is, in words; null = nothing. */
function claimOf(
  { hi, lo }: { readonly hi: number; readonly lo: number },
  organization: number,
  { ledger }: Pick<State, 'ledger'>,
): string | null {
  const row = findRow(ledger, (organization << 8) | SPACE.source, hi, lo);
  const claims = row < 0 ? [] : itemsOf(ledger, row, TAG.agentClass);
  if (claims.length === 0) return null;
  // a source may claim both, in any order: the first of the labels is shown
  return claims.includes(LABEL.crawler) ? 'says that it is a crawler' : 'says that it is a monitor';
}

/** An IPv6 address of ours by its item. */
export function destinationV6(item: number, state: State): string {
  const words = state.destinations.get(item);
  if (words === undefined) return '::';
  const w = [0, 1, 2, 3].map((i) => Number.parseInt(words.slice(i * 8, i * 8 + 8), 16));
  return formatIpv6(w[0]!, w[1]!, w[2]!, w[3]!);
}
