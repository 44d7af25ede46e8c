/**
 * Documents for the tests of the index: all alerts of the sample logs and of the detections' firing fixtures as ECS
 * documents, made by the same code as those of a run.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { alertDocument, type DocumentContext } from '../../src/alerts/ecs.ts';
import type { IndexedDocument } from '../../src/elastic/bulk.ts';
import type { Client } from '../../src/elastic/client.ts';
import { indexOf } from '../../src/elastic/index-names.ts';
import type { Alert } from '../../src/model/alert.ts';
import { analyze } from '../../src/run/pipeline.ts';
import { inventoryFileFor } from '../detect/deciding.ts';

const TEST = join(import.meta.dirname, '..');

/** What a document says that every optional field of the context is used. */
export const CONTEXT: DocumentContext = {
  createdMs: Date.UTC(2026, 8, 15),
  revision: 1,
  generation: 1,
  version: '0.1.0',
  status: 'new',
  tlp: 'TLP:AMBER',
  continues: '0123456789abcdef0123456789abcdef',
  returning: true,
  handledMs: Date.UTC(2026, 8, 16),
};

/** Alerts of the sample logs, in one run. */
export async function sampleAlerts(): Promise<Alert[]> {
  const paths = globSync(join(TEST, 'samples/generated/*.{log,ndjson,gz}')).sort();
  return (await analyze({ paths, format: 'auto', year: 2026, timezone: 'UTC', threads: 1, progress: false })).alerts;
}

/** Alerts of every detection's firing logs, or of these detections', each in a run of its own. */
export async function fixtureAlerts(detections: readonly string[] = ['*']): Promise<Alert[]> {
  const alerts: Alert[] = [];
  for (const path of globSync(detections.map((id) => join(TEST, `detect/${id}/fires*.log`))).sort()) {
    const run = { paths: [path], format: 'auto', year: 2026, timezone: 'UTC', threads: 1, progress: false };
    const configFile = inventoryFileFor(basename(dirname(path)));
    alerts.push(...(await analyze(configFile === undefined ? run : { ...run, configFile })).alerts);
  }
  return alerts;
}

/** An alert as it waits for the index. */
export function waiting(alert: Alert, prefix: string, revision = 1): IndexedDocument {
  return {
    id: alert.id,
    index: indexOf(prefix, 'alerts', alert.organization.id, alert.day),
    version: 2 ** 32 + revision,
    body: JSON.stringify(alertDocument(alert, { ...CONTEXT, revision })),
  };
}

/** Removes what a test made: indices and templates whose names begin with its prefix. */
export async function removeAll(client: Client, prefix: string): Promise<void> {
  const indices = Object.keys(await client.indices.get({ index: `${prefix}-*`, features: ['aliases'] }));
  if (indices.length > 0) await client.indices.delete({ index: indices });
  const { index_templates: templates } = await client.indices.getIndexTemplate({ name: `${prefix}-*` });
  for (const { name } of templates) await client.indices.deleteIndexTemplate({ name });
  const { component_templates: components } = await client.cluster.getComponentTemplate({ name: `${prefix}-*` });
  for (const { name } of components) await client.cluster.deleteComponentTemplate({ name });
}

/** Dotted names of every value in a document, without those inside `unopened` objects. */
export function pathsOf(value: unknown, unopened: (path: string) => boolean, path = ''): Set<string> {
  if (Array.isArray(value)) {
    return new Set(value.flatMap((item) => [...pathsOf(item, unopened, path)]));
  }
  if (typeof value !== 'object' || value === null || (path !== '' && unopened(path))) return new Set([path]);
  return new Set(
    Object.entries(value).flatMap(([name, item]) => [
      ...pathsOf(item, unopened, path === '' ? name : `${path}.${name}`),
    ]),
  );
}

/** Types of the fields of ECS 9.4 that are written, from its field reference. */
export function ecsTypes(): Record<string, string> {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'ecs-9.4-fields.json'), 'utf8')) as Record<string, string>;
}
