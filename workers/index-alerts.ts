/**
 * An index worker: writes the documents that wait (alerts and what a day leaves behind) into Elasticsearch, removes from
 * the waiting what stands in the index, and puts aside as dead letters, with the reason, what the server will never take.
 * While the server is away everything waits. Several of these workers do no harm to each other: of two versions of a
 * document the higher stands, whoever comes last.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { writeDocuments } from '../src/elastic/bulk.ts';
import { type Client, connectElasticsearch, refusalOf } from '../src/elastic/client.ts';
import { aliasOf } from '../src/elastic/index-names.ts';
import { indexProblems } from '../src/elastic/index-state.ts';
import type { Installation } from '../src/model/installation.ts';
import { OperatorError } from '../src/model/problem.ts';
import type { WorkerHooks } from '../src/model/worker.ts';
import { isAway } from '../src/queue/connection.ts';
import { countPending, donePending, takePending } from '../src/queue/pending.ts';
import { type NudgeJob, startNudgeWorker } from '../src/queue/queues.ts';
import { openStore, organizations } from '../src/queue/store.ts';

/** Documents that are in hand at a time, per organisation: about 20 MB. */
export const IN_HAND = 4000;
/** Organisations that are written at a time. */
const ORGANIZATIONS = 2;
/** How often documents are looked for whose nudge was lost, ms. */
const SWEEP_MS = 5000;
/** Pause before a server that is away is asked again at the start, ms. */
const AGAIN_MS = 2000;

/** What tests shorten. */
export interface IndexOptions {
  readonly sweepMs?: number;
  readonly againMs?: number;
  /** how long a server that is busy or away is tried in one go, ms */
  readonly patienceMs?: number;
}

/**
 * Runs until the signal comes; what is not written then waits for the next worker. Throws an OperatorError before it
 * writes anything when the server was not set up for this version of pollwatch, or refuses the key.
 */
export async function runIndex(
  installation: Installation,
  signal: AbortSignal,
  hooks: WorkerHooks,
  options: IndexOptions = {},
): Promise<void> {
  const { elasticsearch: settings } = installation;
  if (settings === null) {
    const hint = 'add elasticsearch: {nodes: [http://127.0.0.1:9200]}, or start the other workers only';
    const message = 'documents cannot be indexed: this installation has no Elasticsearch';
    throw new OperatorError([{ code: 'PW-CONFIG-ELASTICSEARCH', message, hint }]);
  }
  const client = connectElasticsearch(settings);
  const report = (error: Error) => hooks.ready('redis', false, error.message);
  const store = openStore(installation.redis, report);
  /** organisations in hand in this process */
  const inHand = new Set<string>();
  /** organisations whose indices are there, and those that were said to have none */
  const setUp = new Set<string>();
  const notSetUp = new Set<string>();

  /** Whether `setup` has made indices of an organisation. Documents of one that was added since wait for it. */
  async function isSetUp(org: string): Promise<boolean> {
    if (setUp.has(org)) return true;
    const index = aliasOf(settings!.prefix, 'alerts', org);
    if (await client.indices.exists({ index })) {
      setUp.add(org);
      return true;
    }
    if (!notSetUp.has(org)) {
      notSetUp.add(org);
      hooks.log('warn', 'documents wait: their organization has no indices yet; run `pollwatch setup elasticsearch`', {
        organization: org,
      });
    }
    return false;
  }

  async function write(org: string): Promise<void> {
    if (inHand.has(org)) return;
    inHand.add(org);
    try {
      if (!(await isSetUp(org))) return;
      while (!signal.aborted && (await writeSome(org)) === 'more');
    } finally {
      inHand.delete(org);
    }
  }

  /** Writes up to IN_HAND documents; 'more' when it got on and there may be others. */
  async function writeSome(org: string): Promise<'more' | 'enough'> {
    const documents = await takePending(store, org, IN_HAND);
    if (documents.length === 0) return 'enough';
    const { done, dead, left } = await writeDocuments(client, documents, {
      nowMs: Date.now(),
      signal,
      ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
      onRetry(count, { reason }) {
        hooks.count('index_retries', org, count);
        hooks.ready('elasticsearch', false, reason);
        hooks.log('debug', 'documents are sent again', { organization: org, documents: count, reason });
      },
    });
    const refused = dead.map(({ document: { id, version, index }, reason }) => ({ id, version, index, reason }));
    await donePending(store, org, done, refused);
    if (done.length > 0) hooks.count('indexed', org, done.length);
    if (dead.length > 0) {
      hooks.count('dead_letters', org, dead.length);
      hooks.log('error', 'documents were refused for good and put aside', {
        organization: org,
        documents: dead.length,
        reason: dead[0]!.reason,
      });
    }
    if (left.length > 0 && !signal.aborted) {
      hooks.ready('elasticsearch', false, left[0]!.reason);
      hooks.log('warn', 'documents wait: Elasticsearch did not take them yet', {
        organization: org,
        documents: left.length,
        reason: left[0]!.reason,
      });
    }
    if (left.length === 0) hooks.ready('elasticsearch', true);
    return left.length === 0 && documents.length === IN_HAND ? 'more' : 'enough';
  }

  try {
    await waitForServer(client, settings.prefix, signal, hooks, options.againMs ?? AGAIN_MS);
    if (signal.aborted) return;
    const handle = ({ org }: NudgeJob) => write(org);
    const worker = startNudgeWorker('index', installation.redis, handle, report, { concurrency: ORGANIZATIONS });
    worker.on('failed', (job, error) => {
      const level = isAway(error) ? 'debug' : 'warn';
      hooks.log(level, 'writing documents failed; they are tried again', { organization: job?.data.org, error });
    });
    while (!signal.aborted) {
      try {
        for (const org of await organizations(store)) if ((await countPending(store, org)) > 0) await write(org);
        hooks.ready('redis', true);
      } catch (error) {
        const level = isAway(error) ? 'debug' : 'warn';
        hooks.log(level, 'documents could not be looked for; they are looked for again', { error: error as Error });
      }
      await wait(options.sweepMs ?? SWEEP_MS, undefined, { signal }).catch(() => undefined);
    }
    await worker.close();
  } finally {
    await store.close();
    await client.close();
  }
}

/** Resolves when the server answers and is set up, or when the signal comes. */
async function waitForServer(
  client: Client,
  prefix: string,
  signal: AbortSignal,
  hooks: WorkerHooks,
  againMs: number,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const problems = await indexProblems(client, prefix);
      if (problems.length > 0) throw new OperatorError(problems);
      hooks.ready('elasticsearch', true);
      return;
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      const { kind, reason } = refusalOf(error);
      if (kind !== 'again') {
        const hint =
          'the key of the workers needs the rights of the writer role; `pollwatch setup elasticsearch` makes one';
        throw new OperatorError([{ code: 'PW-ELASTIC-REFUSED', message: `Elasticsearch: ${reason}`, hint }], {
          cause: error,
        });
      }
      hooks.ready('elasticsearch', false, reason);
      hooks.log('warn', 'Elasticsearch does not answer; it is asked again', { reason });
    }
    await wait(againMs, undefined, { signal }).catch(() => undefined);
  }
}
