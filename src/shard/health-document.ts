/**
 * A document about how well an installation works: by the machine's clock, one for each thing and instant or fault, a later
 * one in the place of an earlier one.
 */
import type { DataSet } from '../enrich/bundled.ts';
import { dayOf } from '../model/time.ts';
import { type DailyDocument, type DaySetting, document } from './daily.ts';

/** How often an organisation is told of, ms. */
export const HEALTH_MS = 300_000;
/** A document with its version: of one fault or day each later one is higher. */
export interface HealthDocument extends DailyDocument {
  readonly version: number;
}

/** Whose health it is. `dataSets` answers for network owners and countries. */
export interface HealthSetting extends Pick<DaySetting, 'organization' | 'inventory' | 'indexPrefix'> {
  readonly dataSets: readonly DataSet[];
}

/** One of them; its id is that of `parts` on the day of `sinceMs`, so that a later version takes its place. */
export function healthDocument(
  { organization, inventory, indexPrefix }: HealthSetting,
  nowMs: number,
  parts: readonly string[],
  version: number,
  body: { readonly message: string; readonly event: object; readonly pollwatch: object },
  sinceMs = nowMs,
): HealthDocument {
  const day = dayOf(sinceMs, inventory.dayStartMs);
  const at = new Date(nowMs).toISOString();
  const made = document(
    'health',
    { day, organization, inventory, indexPrefix, generation: 0, revision: version },
    parts,
    {
      ...body,
      '@timestamp': at,
      event: { kind: 'state', start: at, end: at, ...body.event },
    },
  );
  return { ...made, version };
}
