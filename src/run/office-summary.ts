/**
 * What the report and the terminal say of the office itself: its systems with how critical they are and whom to call, and
 * the election windows that the logs reach into. Inventory in, words' material out; null without an inventory.
 */
import type { Contact } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import { localTimeOf } from '../model/local-time.ts';
import type { OfficeSummary } from '../model/summary.ts';

/** `firstMs` and `lastMs` are the first and last instant of the logs, null when no line has one. */
export function summarizeOffice(
  inventory: Inventory,
  firstMs: number | null,
  lastMs: number | null,
): OfficeSummary | null {
  if (inventory.file === null) return null;
  const zone = inventory.organization.timezone ?? 'UTC';
  const contacts = [...inventory.contacts.values()];
  const withPhone = contacts.find((contact) => contact.phone !== null) ?? contacts[0];
  return {
    systems: inventory.assets.map(({ id, name, kind, criticality, owner }) => {
      const contact = owner === null ? undefined : inventory.contacts.get(owner);
      return { id, name, kind, criticality, call: callOf(contact) };
    }),
    call: callOf(withPhone),
    windows:
      firstMs === null || lastMs === null
        ? []
        : inventory.calendar.flatMap(({ name, windows }) =>
            windows
              .filter(({ fromMs, toMs }) => fromMs <= lastMs && firstMs < toMs)
              .map(({ phase, fromMs, toMs }) => ({
                election: name,
                phase,
                firstDay: localDay(fromMs, zone),
                lastDay: localDay(toMs - 1, zone),
              })),
          ),
  };
}

function localDay(ms: number, zone: string): string {
  const { year, month, day } = localTimeOf(ms, zone);
  return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
}

function callOf(contact: Contact | undefined): { name: string; phone: string | null } | null {
  return contact === undefined ? null : { name: contact.name, phone: contact.phone };
}
