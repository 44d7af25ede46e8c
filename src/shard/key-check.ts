/**
 * Whether the key of each organisation is the one that its lines and its state are sealed with. Asked before anything is
 * read or decided: with another key no record opens, all of them would be put aside as broken, and every alert of the office
 * would be withdrawn.
 */
import type { Tenant } from '../model/installation.ts';
import { type Problem, printable } from '../model/problem.ts';
import { claimKey, type KeyStanding, keyStanding } from '../queue/key-mark.ts';
import { createSeal, type Seal } from '../queue/seal.ts';
import { readLog, readShard } from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';
import { haltRemedy } from './halt.ts';
import { RecordError } from './record.ts';
import { type SealedKind, unsealed } from './sealed.ts';

/** What is asked of an organisation's key. */
type Keyed = Pick<Tenant, 'id' | 'secret' | 'secretFile' | 'previousSecret'>;

/** Bytes of the log that are looked at for a sealed record. */
const LOOK_BYTES = 1 << 20;

/**
 * Makes the keys those of their organisations where nothing is sealed yet. Returns a problem for each that is another's. A
 * state that the right key does not open is no reason not to begin: its organisation waits (halt.ts), the others go on.
 */
export async function claimKeys(store: QueueStore, tenants: readonly Keyed[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const tenant of tenants) {
    const isFirst = (await keyStanding(store, tenant.id, tenant)) === 'first';
    const opens = isFirst ? await opensWhatStands(store, tenant) : true;
    if (opens === false || (await claimKey(store, tenant.id, tenant)) === 'other') problems.push(otherKey(tenant));
  }
  return problems;
}

/**
 * How the key of an organisation stands; "unread": it is the right one by its mark, and what is sealed does not open, which
 * is "other" where there is no mark yet. Nothing is changed.
 */
export async function keyFinding(store: QueueStore, tenant: Keyed): Promise<KeyStanding | 'unread'> {
  const standing = await keyStanding(store, tenant.id, tenant);
  if (standing === 'other') return standing;
  const opens = await opensWhatStands(store, tenant);
  if (opens === false) return standing === 'first' ? 'other' : 'unread';
  return opens === true && standing === 'first' ? 'same' : standing;
}

/** What is said of a key that is not the organisation's. */
export function otherKey({ id, secretFile }: Keyed): Problem {
  const file = secretFile == null ? 'its key file' : printable(secretFile);
  return {
    code: 'PW-KEY-OTHER',
    message: `the key of ${id} (${file}) is not the one that its lines and state in Redis are sealed with`,
    hint: `every machine of an installation needs the same: put it into that file. If this one takes its place, keep the one before as ${file}.previous. If that one is lost, nothing in Redis can be read any more: begin anew with another redis.prefix`,
  };
}

/** What is said of a state that does not open although the key is the organisation's. */
export function unreadState({ id, secretFile }: Keyed): Problem {
  return {
    code: 'PW-STATE-UNREAD',
    message: `the state of ${id} in Redis does not open: it was sealed with a key before this one, or is damaged. Nothing is decided until it does`,
    hint: haltRemedy('state', id, secretFile ?? null),
  };
}

/**
 * Whether the snapshot opens, or where there is none any of the first sealed records: one of them may be damaged; null = nothing
 * is sealed.
 */
async function opensWhatStands(store: QueueStore, tenant: Keyed): Promise<boolean | null> {
  const seal = createSeal(tenant.secret, tenant.previousSecret ?? null);
  const { snapshot, at } = await readShard(store, tenant.id);
  if (snapshot !== null) return opens(snapshot, seal, tenant.id, 'snapshot');
  const { records } = await readLog(store, tenant.id, at, LOOK_BYTES);
  const found = records.map((record) => opens(record, seal, tenant.id, 'record'));
  return found.includes(true) ? true : found.includes(false) ? false : null;
}

/** Whether sealed bytes open; null = they are not sealed. */
function opens(bytes: Uint8Array, seal: Seal, org: string, what: SealedKind): boolean | null {
  try {
    return unsealed(bytes, seal, org, what) === bytes ? null : true;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return false;
  }
}
