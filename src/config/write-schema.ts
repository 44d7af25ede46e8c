/**
 * Writes the schemas in config/schema/ that editors read to complete and check an inventory and an installation file,
 * from the schemas in code, which are the ones that hold. Run it by hand after a change of them:
 *   node src/config/write-schema.ts && npm run format
 * A test compares the two and fails when this was forgotten.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { installationJsonSchema } from './installation-schema.ts';
import { inventoryJsonSchema } from './inventory-schema.ts';

const folder = new URL('../../config/schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, schema] of [
  ['inventory.schema.json', inventoryJsonSchema()],
  ['installation.schema.json', installationJsonSchema()],
] as const) {
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`);
}
