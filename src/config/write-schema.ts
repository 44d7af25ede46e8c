/** Writes config/schema/inventory.schema.json from the schema in code: node src/config/write-schema.ts */
import { mkdirSync, writeFileSync } from 'node:fs';
import { inventoryJsonSchema } from './inventory-schema.ts';

const folder = new URL('../../config/schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('inventory.schema.json', folder), `${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`);
