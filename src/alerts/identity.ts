/**
 * Identity of an alert: a hash of organisation, detection, kind of key, key and day. The rule's version and the run are
 * not part of it, so that a retry, another worker or tomorrow's run over the same lines names the same alert.
 */
import { createHash } from 'node:crypto';

/** 32 hex characters. `day` is the day's label. */
export function alertId(organization: string, detection: string, keyKind: string, key: string, day: string): string {
  return createHash('sha256')
    .update(JSON.stringify([organization, detection, keyKind, key, day]))
    .digest('hex')
    .slice(0, 32);
}
