/**
 * What the firewall let through to services that should not face the Internet, from addresses that no alert is about: one
 * address that opens a connection to SSH again and again is no scan, and nobody counts log-ins in a firewall log, but it
 * must not pass as "nothing".
 */
import { SENSITIVE } from '../detect/firewall/sensitive-service.ts';
import { PACKET, TAG, TAG_MASK, TOUCH_WORDS } from '../measure/entry.ts';
import { hiOf, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import type { State } from '../measure/state.ts';
import { isInside } from '../model/address.ts';
import { ACTION } from '../model/batch.ts';
import type { Inventory } from '../model/inventory.ts';
import type { LetThrough } from '../model/summary.ts';

/** Services that are shown. */
const SHOWN = 3;

/** Services with most addresses first; `alerted`: rows of the sources that have an alert. Addresses of ours are left out. */
export function letThrough(
  { ledger }: Pick<State, 'ledger'>,
  alerted: ReadonlySet<number>,
  inventory: Pick<Inventory, 'isOwned'>,
): LetThrough[] {
  const services = new Map<number, LetThrough>();
  const own = new Set<number>();
  for (let row = 0; row < ledger.rows; row++) {
    const n = lengthOf(ledger.touches, row);
    if (n === 0 || (spaceOf(ledger, row) & 255) !== SPACE.source || alerted.has(row)) continue;
    const page = pageOf(ledger.touches, row);
    const start = startOf(ledger.touches, row);
    own.clear();
    for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
      if ((page[e + 1]! & TAG_MASK) !== TAG.packet) continue;
      if (((page[e + 3]! >>> 24) & PACKET.actionMask) !== ACTION.allow) continue;
      const port = page[e + 2]! >>> 16;
      if (!SENSITIVE.has(port) || isInside(inventory.isOwned, hiOf(ledger, row), loOf(ledger, row))) continue;
      const service = services.get(port) ?? { port, sources: 0, packets: 0 };
      services.set(port, service);
      service.packets += page[e + 3]! & 0xffffff;
      if (!own.has(port)) service.sources++;
      own.add(port);
    }
  }
  return [...services.values()]
    .sort((a, b) => b.sources - a.sources || b.packets - a.packets || a.port - b.port)
    .slice(0, SHOWN);
}
