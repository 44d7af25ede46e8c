/**
 * Processor time of an Elasticsearch server: does not depend on what else the machine does, as a time on the clock does.
 *   client → microseconds since the server started
 */
import type { Client } from '../src/elastic/client.ts';

/** Processor time that the server has used since it started, microseconds. */
export async function serverMicros(of: Client): Promise<number> {
  const { nodes } = await of.nodes.stats({ metric: 'process' });
  return Object.values(nodes).reduce((sum, node) => sum + (node.process?.cpu?.total_in_millis ?? 0) * 1000, 0);
}
