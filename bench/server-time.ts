/**
 * Processor time of an Elasticsearch server: does not depend on what else the machine does, as a time on the clock does.
 *   client → microseconds since the server started
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Client } from '../src/elastic/client.ts';

/** Linux counts a process's time in hundredths of a second. */
const TICK_MICROS = 10_000;

/**
 * Processor time that the servers have used since they started, microseconds. Of servers of this machine it is read from
 * the system, to a hundredth of a second; others say it themselves, and say the same for a whole second.
 */
export async function serverMicros(of: Client): Promise<number> {
  const { nodes } = await of.nodes.info({ metric: 'process' });
  const pids = Object.values(nodes).map((node) => node.process?.id ?? 0);
  if (pids.every(isElasticsearch)) return pids.reduce((sum, pid) => sum + microsOf(pid), 0);
  const stats = await of.nodes.stats({ metric: 'process' });
  return Object.values(stats.nodes).reduce((sum, node) => sum + (node.process?.cpu?.total_in_millis ?? 0) * 1000, 0);
}

function isElasticsearch(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file, 'latin1').includes('elasticsearch');
}

/** User and system time; the name of the program before them may hold anything but ends with the last bracket. */
function microsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}
