/**
 * `pollwatch setup elasticsearch`: templates, this year's and next year's indices, read aliases, roles and, when asked, a
 * key for the workers that can write alerts and create nothing. Running it again changes only what differs.
 */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setupSettings } from '../config/installation.ts';
import type { ElasticSettings, Installation } from '../model/installation.ts';
import { OperatorError, type Problem, printable } from '../model/problem.ts';
import { OK } from './exit-status.ts';
import { installationOf } from './installation-option.ts';
import { type Given, stopOn } from './options.ts';

/** Runs the command; returns the exit status. */
export async function setupElasticsearchCommand(given: Given): Promise<number> {
  const installation = installationOf(given);
  const settings = setupSettings(elasticsearchOf(installation));
  const problems: Problem[] = [];
  const years = (given.years ?? []).map((text) => yearOf(text, problems));
  const keyFile = given.apiKeyFile;
  if (keyFile !== undefined && existsSync(keyFile)) {
    const hint = 'name a file that is not there yet, or remove it when nobody uses that key any more';
    problems.push({ code: 'PW-CLI-OUTPUT', message: 'there is a key already', file: keyFile, hint });
  }
  // a key that was made and cannot be written down would be lost
  if (keyFile !== undefined && !existsSync(dirname(resolve(keyFile)))) {
    const hint = `make it: mkdir -m 700 ${printable(dirname(keyFile))}`;
    problems.push({ code: 'PW-CLI-OUTPUT', message: 'there is no such folder', file: keyFile, hint });
  }
  stopOn(problems);
  const { setupElasticsearch } = await import('../elastic/setup.ts');
  const { apiKey } = await setupElasticsearch(settings, [...installation.tenants.keys()], {
    now: Date.now(),
    years,
    lifecycle: given.lifecycle === true,
    newKey: keyFile !== undefined,
    say: (line) => void process.stdout.write(`${printable(line)}\n`),
  });
  if (keyFile !== undefined && apiKey !== null) {
    writeFileSync(keyFile, `${apiKey}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(keyFile, 0o600);
    process.stdout.write(`the new key stands in ${printable(keyFile)}: name it as elasticsearch.api_key_file\n`);
  }
  return OK;
}

/** Where Elasticsearch is. Throws an OperatorError when the installation has none. */
export function elasticsearchOf({ elasticsearch, file }: Installation): ElasticSettings {
  if (elasticsearch !== null) return elasticsearch;
  throw new OperatorError([
    {
      code: 'PW-CONFIG-ELASTICSEARCH',
      message: 'this installation has no Elasticsearch',
      ...(file === null ? {} : { file }),
      hint: 'add elasticsearch: {nodes: [http://127.0.0.1:9200]}, or set POLLWATCH_ELASTICSEARCH_URL',
    },
  ]);
}

function yearOf(text: string, problems: Problem[]): number {
  if (!/^(19[7-9]|20\d)\d$/.test(text)) {
    const hint = 'write a year from 1970 to 2099: of logs that are older than this year';
    problems.push({ code: 'PW-CLI-NUMBER', message: `--years has "${text}"`, hint });
  }
  return Number(text);
}
