/**
 * Where things stand in Redis. All keys of an organisation carry its id as hash tag, `P:{org}:…`, so that one script may
 * touch them together on a Redis Cluster. P = the prefix of the installation.
 *
 *   prefix "pollwatch", organisation "adams" → pollwatch:{adams}:chunk:3:17
 *
 * Reference: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ (hash tags)
 */

/** Longest id of an organisation, in characters. */
const ORGANIZATION_LENGTH_MAX = 64;

/** Names of all keys of one organisation. */
export interface OrganizationKeys {
  /** HASH origin name → number, 1…4095 */
  readonly origins: string;
  /** LIST of "origin:seq" that wait to be dispatched */
  readonly outbox: string;
  /** ZSET "origin:seq" → stamp of its dispatch, microseconds of the server's clock */
  readonly flying: string;
  /** STRING that is there for a moment after a dispatch: what comes meanwhile waits for company */
  readonly gathering: string;
  /** STRING bytes of all chunk keys */
  readonly queued: string;
  /** LIST of binary records */
  readonly log: string;
  /** STRING absolute index of the first record that the log still holds */
  readonly logBase: string;
  /** STRING "fence:worker:server process", with an expiry */
  readonly lease: string;
  /** STRING counter of leases */
  readonly fence: string;
  /** HASH bytes, at, commit, run */
  readonly snapshot: string;
  /** HASH document id → JSON of its revision */
  readonly revisions: string;
  /** HASH document id → version, index, body */
  readonly pending: string;
  /** ZSET document id → order of arrival */
  readonly pendingOrder: string;
  /** HASH alert id → a fact for another organisation that waits to be moved */
  readonly facts: string;
  /** STRING generation of external versions */
  readonly generation: string;
  /** HASH dead letter id → JSON of why and when */
  readonly dead: string;
  /** HASH document id → version, index, body of a dead document */
  readonly deadDocuments: string;
  /** HASH absolute index in the log → a record that could not be folded */
  readonly deadRecords: string;
  /** HASH counters */
  readonly stats: string;
  /** STRING JSON of how far the decisions are */
  readonly progress: string;
  /** HASH mail id → JSON of the mail and what it covers, as long as it is not sent */
  readonly mails: string;
  /** HASH mail id → state, tries, when it was added, why the last try failed */
  readonly mailStates: string;
  /** ZSET mail id → when it is taken next, Unix ms; without those that failed */
  readonly mailDue: string;
  /** ZSET mail id → when it was added, Unix ms; without those that failed */
  readonly mailWaiting: string;
  /** ZSET mail id, and "alert|recipient|revision" that was told → when it was added, Unix ms */
  readonly mailTold: string;
  /** HASH mail id → the worker that has it in hand */
  readonly mailHands: string;
  /** ZSET mail worker → its last beat, ms of the server's clock */
  readonly mailWorkers: string;
  /** STRING JSON of what the planner of mails remembers */
  readonly mailMemory: string;
  /** HASH of the last drill: code and when of its beginning, of its mails, and of the last that came through; rows that are left */
  readonly drill: string;
  /** HASH interval, memory: until when health was told, and what it is compared with */
  readonly health: string;
  /** STRING by which the key is known again that everything of the organisation is sealed with */
  readonly keyMark: string;
  /** HASH why nothing of the organisation is decided, as long as that is so */
  readonly halt: string;
  /** HASH head of an origin */
  origin(origin: number): string;
  /** STRING header line and sealed bytes of a chunk */
  chunk(origin: number, seq: number): string;
  /** bitmap: bit seq is set when the chunk was applied */
  seen(origin: number): string;
  /** STRING sealed evidence lines of a chunk */
  evidence(origin: number, seq: number): string;
  /** ZSET seq → stream offset of the chunk's first byte */
  evidenceIndex(origin: number): string;
  /** STRING bytes of all evidence keys */
  readonly evidenceBytes: string;
}

/** Whether a text may be the id of a tenant: a–z, 0–9 and hyphens, no hyphen first, at most 64 characters. */
export function isOrganizationId(text: string): boolean {
  return text.length <= ORGANIZATION_LENGTH_MAX && /^[a-z0-9][a-z0-9-]*$/.test(text);
}

/** Names of the keys of an organisation. Throws a RangeError for an id that could reach other keys. */
export function organizationKeys(prefix: string, org: string): OrganizationKeys {
  if (!isOrganizationId(org)) {
    throw new RangeError(`"${org.slice(0, ORGANIZATION_LENGTH_MAX)}" is no id of an organisation`);
  }
  const own = `${prefix}:{${org}}:`;
  return {
    origins: `${own}origins`,
    outbox: `${own}outbox`,
    flying: `${own}flying`,
    gathering: `${own}gathering`,
    queued: `${own}queued`,
    log: `${own}log`,
    logBase: `${own}log_base`,
    lease: `${own}lease`,
    fence: `${own}fence`,
    snapshot: `${own}snapshot`,
    revisions: `${own}revisions`,
    pending: `${own}pending`,
    pendingOrder: `${own}pending_order`,
    facts: `${own}facts`,
    generation: `${own}generation`,
    dead: `${own}dead`,
    deadDocuments: `${own}dead_documents`,
    deadRecords: `${own}dead_records`,
    stats: `${own}stats`,
    progress: `${own}progress`,
    mails: `${own}mails`,
    mailStates: `${own}mail_states`,
    mailDue: `${own}mail_due`,
    mailWaiting: `${own}mail_waiting`,
    mailTold: `${own}mail_told`,
    mailHands: `${own}mail_hands`,
    mailWorkers: `${own}mail_workers`,
    mailMemory: `${own}mail_memory`,
    drill: `${own}drill`,
    health: `${own}health`,
    keyMark: `${own}key_mark`,
    halt: `${own}halt`,
    origin: (origin) => `${own}origin:${origin}`,
    chunk: (origin, seq) => `${own}chunk:${origin}:${seq}`,
    seen: (origin) => `${own}seen:${origin}`,
    evidence: (origin, seq) => `${own}evidence:${origin}:${seq}`,
    evidenceIndex: (origin) => `${own}evidence_index:${origin}`,
    evidenceBytes: `${own}evidence_bytes`,
  };
}

/** SET of organisations that ever had an origin. It has no tag: it is written apart, and again is harmless. */
export function organizationsKey(prefix: string): string {
  return `${prefix}:orgs`;
}

/** First part of the keys of the job queues; tagged, because a queue's scripts touch several of them. */
export function jobPrefix(prefix: string): string {
  return `{${prefix}:jobs}`;
}
