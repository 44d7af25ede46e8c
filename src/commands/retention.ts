/**
 * `pollwatch retention`: removes from Elasticsearch what was kept long enough, on servers that do not do it by themselves.
 * Run it from time to time (a timer, once a day), as who has the rights for it: the workers' own key may delete nothing.
 */
import { setupSettings } from '../config/installation.ts';
import { connectElasticsearch, refusalOf } from '../elastic/client.ts';
import { applyRetention, MAY_DELETE, RETENTION } from '../elastic/retention.ts';
import { OperatorError, printable } from '../model/problem.ts';
import { OK } from './exit-status.ts';
import { installationOf } from './installation-option.ts';
import type { Given } from './options.ts';
import { elasticsearchOf } from './setup.ts';

/** Runs the command; returns the exit status. */
export async function retentionCommand(given: Given): Promise<number> {
  const installation = installationOf(given);
  const settings = setupSettings(elasticsearchOf(installation));
  const client = connectElasticsearch(settings);
  try {
    const { indices, documents } = await applyRetention(client, {
      prefix: settings.prefix,
      organizations: [...installation.tenants.keys()],
      now: Date.now(),
      retention: { ...RETENTION, ...installation.retention },
      dryRun: given.dryRun === true,
      say: (line) => void process.stdout.write(`${printable(line)}\n`),
    });
    const done = given.dryRun === true ? 'would be removed' : 'removed';
    process.stdout.write(`${indices} indices and ${documents} documents ${done}\n`);
    return OK;
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    const { status, reason } = refusalOf(cause);
    const hint = status === 401 || status === 403 ? MAY_DELETE : 'is the address right, is the server running?';
    throw new OperatorError(
      [{ code: 'PW-ELASTIC-REFUSED', message: `Elasticsearch at ${settings.nodes.join(', ')}: ${reason}`, hint }],
      { cause },
    );
  } finally {
    await client.close();
  }
}
