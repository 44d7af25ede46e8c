/**
 * Writing documents: documents in, what became of each out. Bulk `index` with external versions, so that a document that
 * comes twice, late or out of order changes nothing: of two versions of an id the higher stands, and the refusal of the
 * other (409) is a success. The answer to a bulk request is HTTP 200 even when every item in it failed: items decide.
 * Reference: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type Client, type ErrorCause, type Refusal, refusalOf, sortRefusal } from './client.ts';

/** A document on its way to the index. */
export interface IndexedDocument {
  readonly id: string;
  readonly index: string;
  /** external version: generation × 2³² + revision */
  readonly version: number;
  /** the document as JSON text */
  readonly body: string;
}

export interface BulkOptions {
  /** what event.ingested says, Unix milliseconds */
  readonly nowMs: number;
  /** ends waiting; what is not written then is `left` */
  readonly signal?: AbortSignal;
  /** how long items that may pass later are tried again, milliseconds; default one minute */
  readonly patienceMs?: number;
  /** bulk requests at a time; default REQUESTS */
  readonly requests?: number;
  /** called before documents are sent again, with the first reason */
  readonly onRetry?: (documents: number, refusal: Refusal) => void;
}

/** A document and why it was not written. */
export interface Unwritten {
  readonly document: IndexedDocument;
  readonly reason: string;
}

/** Every document is in exactly one of the three lists. */
export interface BulkOutcome {
  /** stand in the index, or a newer version of them does */
  done: IndexedDocument[];
  /** will never be taken as they are */
  dead: Unwritten[];
  /** not yet written: the server is away or busy, or the key must be changed by a person */
  left: Unwritten[];
  /** how many times an item was sent again */
  retries: number;
}

/** A request holds at most this much; 5 to 15 MB is what the manual calls a good start. */
const REQUEST_BYTES = 5 * 1024 * 1024;
/** So few that what a worker has in hand (4000) is as many requests as go out at a time, twice: none goes out alone. */
const REQUEST_DOCUMENTS = 500;
/** A server of two cores takes a third more when four requests are on their way than with two (bench/elastic.ts). */
const REQUESTS = 4;
const PATIENCE_MS = 60_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;

/** Writes documents; never throws for what the server says, and ends when patience or the signal does. */
export async function writeDocuments(
  client: Client,
  documents: readonly IndexedDocument[],
  options: BulkOptions,
): Promise<BulkOutcome> {
  const outcome: BulkOutcome = { done: [], dead: [], left: [], retries: 0 };
  const batches = cutBatches(documents);
  const deadline = performance.now() + (options.patienceMs ?? PATIENCE_MS);
  let next = 0;
  const writer = async () => {
    while (next < batches.length) await writeBatch(client, batches[next++]!, outcome, deadline, options);
  };
  await Promise.all(Array.from({ length: Math.min(options.requests ?? REQUESTS, batches.length) }, writer));
  return outcome;
}

function cutBatches(documents: readonly IndexedDocument[]): IndexedDocument[][] {
  const batches: IndexedDocument[][] = [];
  let batch: IndexedDocument[] = [];
  let size = 0;
  for (const document of documents) {
    if (batch.length === REQUEST_DOCUMENTS || (batch.length > 0 && size + document.body.length > REQUEST_BYTES)) {
      batches.push(batch);
      batch = [];
      size = 0;
    }
    batch.push(document);
    size += document.body.length;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

async function writeBatch(
  client: Client,
  batch: readonly IndexedDocument[],
  outcome: BulkOutcome,
  deadline: number,
  options: BulkOptions,
): Promise<void> {
  const ingested = new Date(options.nowMs).toISOString();
  let waiting: readonly IndexedDocument[] = batch;
  for (let attempt = 0; ; attempt++) {
    const answer = await send(client, waiting, ingested, options.signal);
    if ('refusal' in answer && isDocumentsFault(answer.refusal)) {
      if (waiting.length === 1) {
        outcome.dead.push({ document: waiting[0]!, reason: answer.refusal.reason });
        return;
      }
      // one of them is too large or breaks the request: the half without it passes
      const middle = waiting.length >> 1;
      await writeBatch(client, waiting.slice(0, middle), outcome, deadline, options);
      await writeBatch(client, waiting.slice(middle), outcome, deadline, options);
      return;
    }
    const again: Unwritten[] = [];
    let first: Refusal | null = null;
    waiting.forEach((document, i) => {
      const refusal = 'refusal' in answer ? answer.refusal : answer.items[i]!;
      if (refusal === null) outcome.done.push(document);
      else if (refusal.kind === 'again') {
        first ??= refusal;
        again.push({ document, reason: refusal.reason });
      } else if (refusal.kind === 'operator' || 'refusal' in answer) {
        outcome.left.push({ document, reason: refusal.reason });
      } else outcome.dead.push({ document, reason: withHint(refusal, document.index) });
    });
    if (first === null) return;
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
    if (performance.now() + waitMs > deadline || !(await waited(waitMs, options.signal))) {
      outcome.left.push(...again);
      return;
    }
    outcome.retries += again.length;
    options.onRetry?.(again.length, first);
    waiting = again.map(({ document }) => document);
  }
}

/** A request that no server takes because of what is in it; anything else that is permanent is the installation's fault. */
function isDocumentsFault(refusal: Refusal): boolean {
  return refusal.kind === 'permanent' && (refusal.status === 400 || refusal.status === 413);
}

/** One bulk request: per document null or its refusal, or the refusal of the whole. */
async function send(
  client: Client,
  documents: readonly IndexedDocument[],
  ingested: string,
  signal: AbortSignal | undefined,
): Promise<{ items: (Refusal | null)[] } | { refusal: Refusal }> {
  if (signal?.aborted === true) return { refusal: STOPPED };
  const lines = documents.map(
    ({ id, index, version, body }) =>
      `{"index":{"_index":${JSON.stringify(index)},"_id":${JSON.stringify(id)},"version":${version},"version_type":"external"}}\n${withIngested(body, ingested)}\n`,
  );
  let answer: BulkAnswer;
  try {
    answer = await client.transport.request<BulkAnswer>(
      { method: 'POST', path: '/_bulk', querystring: { filter_path: ANSWER_FIELDS }, bulkBody: lines.join('') },
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    return { refusal: refusalOf(error) };
  }
  const items = answer.items ?? [];
  if (items.length !== documents.length) {
    const reason = `the answer has ${items.length} items for ${documents.length} documents`;
    return { refusal: { kind: 'again', status: 200, type: 'short_answer', reason } };
  }
  return {
    items: items.map(({ index }) => {
      const { status = 0, error } = index ?? {};
      // 409: a version that is as high or higher stands
      return (status >= 200 && status < 300) || status === 409 ? null : sortRefusal(status, error ?? {});
    }),
  };
}

interface BulkAnswer {
  items?: { index?: { status?: number; error?: ErrorCause } }[];
}

const ANSWER_FIELDS = 'items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by';
const STOPPED: Refusal = { kind: 'again', status: null, type: 'stopped', reason: 'the worker was stopped' };

/** The commonest permanent refusal is not the document's fault, and is mended by a command. */
function withHint(refusal: Refusal, index: string): string {
  if (refusal.type !== 'index_not_found_exception') return refusal.reason;
  return `${refusal.reason}; run: pollwatch setup elasticsearch --years ${index.slice(-4)}, then replay the dead letters`;
}

async function waited(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await wait(ms, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch (error) {
    if (signal?.aborted === true) return false;
    throw error;
  }
}

/**
 * Puts `event.ingested` into a document's JSON text, as the first field of its top-level `event`. Reading and writing
 * the whole document again takes 20 times as long; a document without `event` is left as it is.
 */
export function withIngested(body: string, ingested: string): string {
  const at = insideTopLevel(body, 'event');
  if (at < 0) return body;
  const comma = /^\s*\}/.test(body.slice(at, at + 8)) ? '' : ',';
  return `${body.slice(0, at)}"ingested":"${ingested}"${comma}${body.slice(at)}`;
}

/** Offset behind the brace that opens the object of a top-level name; -1 when there is none. */
function insideTopLevel(json: string, name: string): number {
  let depth = 0;
  let isName = false;
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i);
    if (c === QUOTE) {
      const start = i + 1;
      for (i++; i < json.length && json.charCodeAt(i) !== QUOTE; i++) if (json.charCodeAt(i) === BACKSLASH) i++;
      if (!isName || depth !== 1 || i - start !== name.length || !json.startsWith(name, start)) continue;
      const opening = /^\s*:\s*\{/.exec(json.slice(i + 1, i + 20));
      if (opening !== null) return i + 1 + opening[0].length;
    } else if (c === OPEN || c === OPEN_LIST) {
      depth++;
      isName = c === OPEN;
    } else if (c === CLOSE || c === CLOSE_LIST) depth--;
    else if (c === COLON) isName = false;
    else if (c === COMMA && depth === 1) isName = true;
  }
  return -1;
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;
