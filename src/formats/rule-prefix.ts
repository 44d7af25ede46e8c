/**
 * The prefixes that firewall rules write in front of a packet, recognised by their bytes: an office has a few, and what each
 * means is read once by the plain code.
 *   `[UFW BLOCK] ` → denied
 */
import { ACTION, FLAG } from '../model/batch.ts';
import { latin1 } from './append-event.ts';
import { actionOf, isRateLimited } from './netfilter-packet.ts';

/** Longest prefix of a rule that is recognised by its bytes (iptables allows 29, nftables 127). */
export const PREFIX_MAX = 64;
const PREFIX_SLOTS = 64;

/** Prefixes by slot: their bytes, their length + 1 (0 = free), and what they mean. */
const prefixBytes = new Uint8Array(PREFIX_SLOTS * PREFIX_MAX);
const prefixLength = new Uint8Array(PREFIX_SLOTS);
/** ACTION of the prefix of a slot. */
export const prefixAction = new Uint8Array(PREFIX_SLOTS);
/** FLAG bits of the prefix of a slot. */
export const prefixFlags = new Uint8Array(PREFIX_SLOTS);

/** Slot of the prefix bytes[start, end), judged by the plain code when it is new; -1 when it is too long. */
export function prefixSlot(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > PREFIX_MAX) return -1;
  let hash = length;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  const slot = (hash ^ (hash >>> 16)) & (PREFIX_SLOTS - 1);
  const base = slot * PREFIX_MAX;
  let isSame = prefixLength[slot] === length + 1;
  for (let i = 0; isSame && i < length; i++) isSame = prefixBytes[base + i] === bytes[start + i];
  if (isSame) return slot;
  const prefix = latin1(bytes, start, end);
  const action = actionOf(prefix);
  prefixBytes.set(bytes.subarray(start, end), base);
  prefixLength[slot] = length + 1;
  prefixAction[slot] = action === 'allowed' ? ACTION.allow : action === 'denied' ? ACTION.deny : ACTION.none;
  prefixFlags[slot] = isRateLimited(prefix) ? FLAG.rateLimited : 0;
  return slot;
}
