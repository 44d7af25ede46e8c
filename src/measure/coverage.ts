/**
 * What the lines of a batch have (hosts, sizes, user agents, denied packets …): the report says with it what cannot be seen.
 */
import { ACTION, type Batch, FLAG, KIND, METHOD, NO_SIZE, TCP } from '../model/batch.ts';
import type { State } from './state.ts';

/** Adds to the counts of COVERAGE, in its order. */
export function countCoverage(state: State, batch: Batch): void {
  const { n, kind, flags, action, tcpFlags, size, method } = batch;
  const known = batch.counted;
  const from = known?.rows ?? 0;
  let requests = from;
  let denied = 0;
  let allowed = 0;
  let withFlags = 0;
  let limited = 0;
  let hosts = known?.hosts ?? 0;
  let queries = known?.queries ?? 0;
  let sizes = known?.sizes ?? 0;
  let agents = known?.agents ?? 0;
  let posts = known?.posts ?? 0;
  let outbound = 0;
  for (let i = from; i < n; i++) {
    const f = flags[i]!;
    if (kind[i] === KIND.request) {
      requests++;
      if (batch.hostEnd[i]! > batch.hostStart[i]!) hosts++;
      if (batch.queryStart[i]! < batch.targetEnd[i]!) queries++;
      if (size[i] !== NO_SIZE) sizes++;
      if (batch.userAgentEnd[i]! > batch.userAgentStart[i]! + 1) agents++;
      if (method[i] === METHOD.POST) posts++;
    } else {
      if (action[i] === ACTION.deny) denied++;
      else if (action[i] === ACTION.allow) allowed++;
      if ((tcpFlags[i]! & TCP.known) !== 0) withFlags++;
      if ((f & FLAG.rateLimited) !== 0) limited++;
      if ((f & FLAG.outbound) !== 0) outbound++;
    }
  }
  const counts = [
    requests,
    n - requests,
    denied,
    allowed,
    withFlags,
    limited,
    hosts,
    queries,
    sizes,
    agents,
    posts,
    outbound,
  ];
  for (let k = 0; k < counts.length; k++) state.coverage[k]! += counts[k]!;
}
