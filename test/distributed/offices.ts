/**
 * Offices whose logs are known: the samples of the repository, and generated logs under each inventory of the laws, with
 * what `analyze` tells of them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openLogs } from '../../src/run/open-logs.ts';
import { analyze } from '../../src/run/pipeline.ts';
import { filesOf, generate } from '../laws/generator.ts';
import { INVENTORIES, type InventoryName, SECRET } from '../laws/small-run.ts';
import { canonicalDocuments, documentsOfAlerts } from '../shard/folding.ts';
import type { FedLog } from './fleet.ts';

const NAMES: readonly InventoryName[] = ['none', 'assets', 'tight'];
const SAMPLES = [
  'apache-access.log',
  'iptables-journald.ndjson',
  'kern.log',
  'nftables.log',
  'nginx-access.log',
  'nginx-access.log.2.gz',
  'ufw.log',
];

/** An organisation: its inventory, its logs, and the canonical documents that `analyze` makes of them. */
export interface Office {
  readonly inventory: string;
  readonly logs: readonly FedLog[];
  readonly expected: readonly string[];
}

/** The office of the samples. */
export function sampleOffice(): Promise<Office> {
  const paths = SAMPLES.map((name) => `test/samples/generated/${name}`);
  return inFolder((folder) =>
    officeOf(folder, 'samples', paths, 'version: 1\norganization: {id: samples, name: Sample County}\n'),
  );
}

/** Offices under each inventory of the laws, each with the logs of some seeds: laws-none, laws-assets, laws-tight. */
export async function lawOffices(seeds: number): Promise<Map<string, Office>> {
  const all = new Map<string, Office>();
  for (const [i, name] of NAMES.entries()) {
    const id = `laws-${name}`;
    const lines = Array.from({ length: seeds }, (_, k) => generate(k * NAMES.length + i).lines).flat();
    const files = filesOf(lines);
    const office = await inFolder((folder) => {
      const paths = [join(folder, 'access.log'), join(folder, 'firewall.log')];
      writeFileSync(paths[0]!, files.combined);
      writeFileSync(paths[1]!, files.netfilter);
      return officeOf(folder, id, paths, INVENTORIES[name].replace('us-xx-laws', id));
    });
    all.set(id, office);
  }
  return all;
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-office-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function officeOf(folder: string, id: string, paths: readonly string[], inventory: string): Promise<Office> {
  const configFile = join(folder, `${id}.yaml`);
  writeFileSync(join(folder, 'key'), SECRET);
  writeFileSync(configFile, `${inventory}privacy: {key_file: key}\n`);
  const reading = { format: 'auto', year: 2026 };
  const { alerts } = await analyze({ ...reading, paths: [...paths], configFile, threads: 1, progress: false });
  const { logs } = await openLogs(paths, reading);
  return {
    inventory,
    expected: canonicalDocuments(documentsOfAlerts(alerts)),
    logs: logs.map(({ origin, format, context }): FedLog => {
      const stored = readFileSync(origin.path!);
      const bytes = origin.compression === 'none' ? stored : gunzipSync(stored);
      return { name: origin.name, format: format.name, bytes, context };
    }),
  };
}
