/**
 * Who is mailed at all: everybody whom the inventory names in a route, in a step of escalation or as the owner of a system.
 */
import type { Inventory } from '../model/inventory.ts';
import type { Recipient } from './envelope.ts';

/** The addresses of all who are named, in the order of contacts; one that two contacts share belongs to the first. */
export function recipientsOf(inventory: Inventory): Recipient[] {
  const named = new Set([
    ...inventory.routes.flatMap(({ to, cc }) => [...to, ...cc]),
    ...inventory.escalation.flatMap(({ to }) => to),
    ...inventory.assets.flatMap(({ owner }) => (owner === null ? [] : [owner])),
  ]);
  const found = new Map<string, Recipient>();
  for (const contact of inventory.contacts.values()) {
    if (!named.has(contact.id)) continue;
    for (const address of contact.email) {
      const key = address.toLowerCase();
      if (!found.has(key)) found.set(key, { address, contact });
    }
  }
  return [...found.values()];
}
