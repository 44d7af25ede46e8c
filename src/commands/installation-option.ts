/**
 * The installation that a command works on: `--config FILE`, else POLLWATCH_CONFIG, else what the environment says alone.
 */
import { resolve } from 'node:path';
import { DETECTIONS } from '../alerts/detections.ts';
import { loadInstallation } from '../config/installation.ts';
import { nameProblems } from '../elastic/index-names.ts';
import { formats } from '../formats/index.ts';
import type { Installation } from '../model/installation.ts';
import { OperatorError } from '../model/problem.ts';
import type { QueueStore } from '../queue/store.ts';
import { type Given, stopOn } from './options.ts';

/** Loads it. Throws an OperatorError with all problems. */
export function installationOf(given: Given, env = process.env): Installation {
  const named = given.config ?? env['POLLWATCH_CONFIG'];
  const known = {
    formats: formats.flatMap((format) => [format.name, ...format.aliases]),
    detections: DETECTIONS.map((d) => d.id),
  };
  const coming = given.apiKeyFile === undefined ? null : resolve(given.apiKeyFile);
  const installation = loadInstallation(named === undefined || named === '' ? null : named, known, env, coming);
  const { elasticsearch, tenants, file } = installation;
  const problems = elasticsearch === null ? [] : nameProblems(elasticsearch.prefix, [...tenants.keys()]);
  stopOn(problems.map((problem) => (file === null ? problem : { ...problem, file })));
  return installation;
}

/** Does something with an open store and closes it, whatever comes of it. */
export async function withStore<Result>(
  given: Given,
  work: (store: QueueStore, installation: Installation) => Promise<Result>,
): Promise<Result> {
  const installation = installationOf(given);
  const { reachStore, withoutRights } = await import('../operate/reach.ts');
  const store = await reachStore(installation.redis);
  try {
    return await work(store, installation);
  } catch (error) {
    throw withoutRights(installation.redis, error) ?? error;
  } finally {
    await store.close();
  }
}

/** The one organisation that `--organization` names, or the only one there is. Throws an OperatorError. */
export function organizationOption(given: Given, known: readonly string[]): string {
  const id = given.organization;
  if (id === undefined && known.length === 1) return known[0]!;
  if (id !== undefined && known.includes(id)) return id;
  throw new OperatorError([
    {
      code: 'PW-CLI-ORGANIZATION',
      message: id === undefined ? 'there are several organizations: which one?' : `there is no organization "${id}"`,
      hint:
        known.length === 0 ? 'nothing was ingested yet' : `--organization is one of: ${known.slice(0, 20).join(', ')}`,
    },
  ]);
}
