/**
 * Writes config/schema/inventory.schema.json, which editors read to complete and check an inventory, from the schema
 * in code, which is the one that holds. Run it by hand after a change of inventory-schema.ts:
 *   node src/config/write-schema.ts && npm run format
 * A test compares the two and fails when this was forgotten.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { inventoryJsonSchema } from './inventory-schema.ts';

const folder = new URL('../../config/schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('inventory.schema.json', folder), `${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`);
