/**
 * By what the key of an organisation is known again: a mark that anybody who has the key can make, and that tells nothing of
 * it. Whoever comes with another key is turned away before it reads, seals or decides anything, for all that stands in Redis
 * would look broken to it.
 *
 *   key, "us-xx-example"  →  32 hex digits in P:{us-xx-example}:key_mark
 *
 * HKDF: RFC 5869.
 */
import { hkdfSync } from 'node:crypto';
import { organizationKeys } from './keys.ts';
import { runScript, textOf } from './scripts.ts';
import type { QueueStore } from './store.ts';

const MARK_BYTES = 16;

/** The key of an organisation, and the one that it took the place of. */
export interface OrganizationKey {
  readonly secret: Uint8Array;
  readonly previousSecret?: Uint8Array | null;
}

/** How a key stands to the one that an organisation is sealed with; `changed`: it takes the place of the one before it. */
export type KeyStanding = 'first' | 'same' | 'changed' | 'other';

/** Makes a key that of an organisation unless another is; a new one takes the place of the previous one that it names. */
export async function claimKey(store: QueueStore, org: string, key: OrganizationKey): Promise<KeyStanding> {
  const { current, before } = marksOf(org, key);
  const places = [organizationKeys(store.prefix, org).keyMark];
  return textOf(await runScript(store.redis, 'pwClaimKey', places, [current, before ?? ''])) as KeyStanding;
}

/** What `claimKey` would answer; nothing is changed. */
export async function keyStanding(store: QueueStore, org: string, key: OrganizationKey): Promise<KeyStanding> {
  const stands = await store.redis.get(organizationKeys(store.prefix, org).keyMark);
  const { current, before } = marksOf(org, key);
  if (stands === null) return 'first';
  return stands === current ? 'same' : stands === before ? 'changed' : 'other';
}

function marksOf(org: string, { secret, previousSecret }: OrganizationKey): { current: string; before: string | null } {
  const markOf = (key: Uint8Array): string =>
    Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), `pollwatch key mark v1 ${org}`, MARK_BYTES)).toString('hex');
  return { current: markOf(secret), before: previousSecret == null ? null : markOf(previousSecret) };
}
