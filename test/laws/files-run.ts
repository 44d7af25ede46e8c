/**
 * The real `analyze` over files of generated lines: a folder with the logs, an inventory and a key, gone afterwards.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunSummary } from '../../src/model/summary.ts';
import { analyze } from '../../src/run/pipeline.ts';
import { type Files, INVENTORIES, type InventoryName, SECRET } from './small-run.ts';

export interface Folder {
  /** paths of the logs, the web server's first */
  logs: string[];
  analyze(threads: number, rangeBytes?: number): Promise<RunSummary>;
}

/** Writes the files, hands the folder over, and removes it whatever happens. */
export async function inFolder<T>(files: Files, name: InventoryName, use: (folder: Folder) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-laws-'));
  try {
    const path = (file: string) => join(folder, file);
    writeFileSync(path('key'), SECRET);
    writeFileSync(path('inventory.yaml'), `${INVENTORIES[name]}privacy: {key_file: key}\n`);
    writeFileSync(path('access.log'), files.combined);
    writeFileSync(path('firewall.log'), files.netfilter);
    const logs = [path('access.log'), path('firewall.log')];
    return await use({
      logs,
      analyze: (threads, rangeBytes) =>
        analyze({
          paths: logs,
          format: 'auto',
          configFile: path('inventory.yaml'),
          threads,
          progress: false,
          ...(rangeBytes !== undefined && { rangeBytes }),
        }),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A summary without what the run and not the lines decide: how long it took, and where evidence stands. */
export function comparable(summary: RunSummary): Omit<RunSummary, 'seconds' | 'alerts'> {
  const { seconds: _, alerts: __, ...rest } = summary;
  return rest;
}
