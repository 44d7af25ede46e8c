/**
 * `pollwatch setup kibana`: spaces, data views, dashboards, roles and detection rules, for each organisation and, where
 * there are several, for the state. With --write the files that Kibana imports are written instead, for who imports by hand.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Scope, scopeId } from '../kibana/data-views.ts';
import type { Installation, KibanaSettings, Tenant } from '../model/installation.ts';
import { OperatorError, printable } from '../model/problem.ts';
import { OK } from './exit-status.ts';
import { installationOf } from './installation-option.ts';
import type { Given } from './options.ts';
import { elasticsearchOf } from './setup.ts';

/** Runs the command; returns the exit status. */
export async function setupKibanaCommand(given: Given): Promise<number> {
  const installation = installationOf(given);
  const scopes = scopesOf(installation);
  if (given.write !== undefined) {
    await writeFiles(given.write, scopes);
    return OK;
  }
  const settings = kibanaOf(installation);
  const { setupKibana } = await import('../kibana/setup.ts');
  await setupKibana(settings, { scopes, rules: given.detectionRules !== false, say });
  return OK;
}

const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** Each organisation and, where there are several, all of them together. */
export function scopesOf(installation: Installation): Scope[] {
  const { prefix } = elasticsearchOf(installation);
  const tenants = [...installation.tenants.values()];
  const single = tenants.map(
    ({ id, name, inventory }): Scope => ({ prefix, organization: { id, name }, windows: windowsOf([inventory]) }),
  );
  if (tenants.length < 2) return single;
  return [{ prefix, organization: null, windows: windowsOf(tenants.map(({ inventory }) => inventory)) }, ...single];
}

/** Windows of the calendars, each once: counties of a state have the same. */
function windowsOf(inventories: readonly Tenant['inventory'][]): Scope['windows'] {
  const windows = new Map<string, Scope['windows'][number]>();
  for (const { calendar } of inventories)
    for (const { name, windows: spans } of calendar)
      for (const { phase, fromMs, toMs } of spans)
        windows.set(`${phase} ${fromMs} ${toMs}`, { label: `${name}: ${phase.replaceAll('_', ' ')}`, fromMs, toMs });
  return [...windows.values()].sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs);
}

/** Where Kibana is. Throws an OperatorError when the installation has none. */
export function kibanaOf({ kibana, file }: Installation): KibanaSettings {
  if (kibana !== undefined) return kibana;
  throw new OperatorError([
    {
      code: 'PW-CONFIG-KIBANA',
      message: 'this installation has no Kibana',
      ...(file === null ? {} : { file }),
      hint: 'add kibana: {url: http://127.0.0.1:5601}, or set POLLWATCH_KIBANA_URL; --write FOLDER writes files to import by hand',
    },
  ]);
}

async function writeFiles(folder: string, scopes: readonly Scope[]): Promise<void> {
  const [{ savedObjects }, { detectionRules }, { toNdjson }] = await Promise.all([
    import('../kibana/saved-objects.ts'),
    import('../kibana/detection-rule.ts'),
    import('../kibana/saved-object.ts'),
  ]);
  mkdirSync(folder, { recursive: true });
  for (const scope of scopes) {
    for (const [name, objects] of [
      [`${scopeId(scope)}.ndjson`, savedObjects(scope)],
      [`${scopeId(scope)}-rules.ndjson`, detectionRules(scope)],
    ] as const) {
      writeFileSync(join(folder, name), toNdjson(objects));
      say(`${join(folder, name)}: written`);
    }
  }
}
