/**
 * Writes config/kibana/: the files that Kibana imports, for all organisations. Run it by hand after a change in this room:
 *   node src/kibana/write-objects.ts
 * A test compares the files with what the code makes and fails when this was forgotten.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { detectionRules } from './detection-rule.ts';
import { toNdjson } from './saved-object.ts';
import { EVERYBODY, savedObjects } from './saved-objects.ts';

const folder = new URL('../../config/kibana/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('dashboards.ndjson', folder), toNdjson(savedObjects(EVERYBODY)));
writeFileSync(new URL('detection-rules.ndjson', folder), toNdjson(detectionRules(EVERYBODY)));
