/**
 * The heads of origins: what is followed (a file's path, a listener), how far it was read, how it is read. The head and
 * the chunk that was read up to it are committed together, so a reader that was killed goes on where its last commit was.
 */
import type { OriginContext } from '../formats/format.ts';
import { OperatorError } from '../model/problem.ts';
import { type OrganizationKeys, organizationKeys } from './keys.ts';
import { runScript } from './scripts.ts';
import { noteOrganization, type QueueStore } from './store.ts';

/** Most origins of one organisation: evidence references have 12 bits for them. */
export const ORIGINS_MAX = 4095;
/** Longest name of an origin, in characters. */
const NAME_LENGTH_MAX = 4096;

/** How far an origin was read. */
export interface OriginHead {
  /** 1…4095, within its organisation */
  readonly number: number;
  /** number of the next chunk */
  readonly seq: number;
  /** stream offset of the next byte */
  readonly offset: number;
  /** what the reader committed: file identity, place in it; null at the start */
  readonly position: unknown;
  readonly format: string | null;
  readonly context: OriginContext | null;
  readonly closed: boolean;
}

/** A head with what a person and the watermark want to know. */
export interface OriginState extends OriginHead {
  readonly name: string;
  /** chunks whose effect is durable; all are when this equals seq */
  readonly applied: number;
  /** lines that a listener dropped */
  readonly dropped: number;
  /** Unix ms of the last commit by the writer's clock; 0 = none */
  readonly updatedMs: number;
}

const HEAD_FIELDS = ['seq', 'offset', 'position', 'format', 'context', 'closed'] as const;

/**
 * Finds the origin of this name or makes it, and its organisation. Throws an OperatorError (PW-QUEUE-ORIGINS) when the
 * organisation has 4,095 already.
 */
export async function registerOrigin(store: QueueStore, org: string, name: string): Promise<OriginHead> {
  const keys = organizationKeys(store.prefix, org);
  if (name === '' || name.length > NAME_LENGTH_MAX)
    throw new RangeError('an origin has a name of 1 to 4096 characters');
  await noteOrganization(store, org);
  const number = Number(await runScript(store.redis, 'pwNameOrigin', [keys.origins], [name, ORIGINS_MAX]));
  if (number === 0) {
    throw new OperatorError([
      {
        code: 'PW-QUEUE-ORIGINS',
        message: `the organisation ${org} has ${ORIGINS_MAX} origins, which is as many as evidence can name`,
        hint: 'let one pattern follow all rotations of a log, instead of one origin per file',
      },
    ]);
  }
  const head = keys.origin(number);
  const missing = { name, seq: 0, offset: 0, dropped: 0, closed: 0, updated: 0 };
  // field by field, so that a head which somebody else has just committed to is left alone
  await Promise.all(Object.entries(missing).map(([field, value]) => store.redis.hsetnx(head, field, value)));
  return headOf(number, await store.redis.hmget(head, ...HEAD_FIELDS));
}

/**
 * Marks an origin as ended: it no longer holds the watermark back. A later commit opens it again. What was committed
 * before is applied on its own time: see `applied` of readOrigins.
 */
export async function closeOrigin(store: QueueStore, org: string, origin: number): Promise<void> {
  await store.redis.hset(organizationKeys(store.prefix, org).origin(origin), 'closed', 1);
}

/**
 * All origins of an organisation, by number. `applied` is read after `seq`, and the log after both holds the records of
 * everything that was applied: who reads this first and the log to its end then has folded at least that.
 */
export async function readOrigins(store: QueueStore, org: string): Promise<OriginState[]> {
  const keys = organizationKeys(store.prefix, org);
  const numbers = Object.values(await store.redis.hgetall(keys.origins)).map(Number);
  numbers.sort((a, b) => a - b);
  const states = await Promise.all(numbers.map((number) => readOrigin(store, keys, number)));
  return states.filter((state) => state !== null);
}

/** null: its number was given and its head not yet made. The server answers in the order in which it was asked. */
async function readOrigin(store: QueueStore, keys: OrganizationKeys, number: number): Promise<OriginState | null> {
  const [fields, applied] = await Promise.all([
    store.redis.hmget(keys.origin(number), ...HEAD_FIELDS, 'name', 'dropped', 'updated'),
    store.redis.bitcount(keys.seen(number)),
  ]);
  if (fields[0] === null) return null;
  const [name, dropped, updated] = fields.slice(HEAD_FIELDS.length);
  return {
    ...headOf(number, fields),
    name: name ?? '',
    applied,
    dropped: Number(dropped ?? 0),
    updatedMs: Number(updated ?? 0),
  };
}

/** A head from the fields seq, offset, position, format, context, closed. */
export function headOf(number: number, fields: readonly (string | null)[]): OriginHead {
  const [seq, offset, position, format, context, closed] = fields;
  return {
    number,
    seq: Number(seq ?? 0),
    offset: Number(offset ?? 0),
    position: typeof position === 'string' ? (JSON.parse(position) as unknown) : null,
    format: format ?? null,
    context: typeof context === 'string' ? (JSON.parse(context) as OriginContext) : null,
    closed: closed === '1',
  };
}
