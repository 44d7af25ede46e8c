/**
 * Identity of an alert: a hash of organisation, detection, kind of key, key and day. The rule's version and the run are
 * not part of it, so that a retry, another worker or tomorrow's run over the same lines names the same alert.
 */
import { hash } from 'node:crypto';
import type { Alert } from '../model/alert.ts';
import { DAY } from '../model/time.ts';

/** 32 hex characters. `day` is the day's label. */
export function alertId(organization: string, detection: string, keyKind: string, key: string, day: string): string {
  return hash('sha256', JSON.stringify([organization, detection, keyKind, key, day])).slice(0, 32);
}

/**
 * Name of what alerts of several organisations may have in common: an address that has an alert, a prefix, a network, a
 * campaign. 16 hex characters; not keyed, for it must be the same everywhere.
 */
export function clusterId(kind: Alert['key']['kind'], text: string): string {
  return hash('sha256', JSON.stringify(['cluster', kind, text])).slice(0, 16);
}

/** Id of the alert of the same detection and key on the day before, whether there is one or not. */
export function idOfDayBefore(alert: Pick<Alert, 'organization' | 'detection' | 'key' | 'day'>): string {
  const day = new Date(Date.parse(`${alert.day}T00:00:00Z`) - DAY).toISOString().slice(0, 10);
  return alertId(alert.organization.id, alert.detection, alert.key.kind, alert.key.text, day);
}

/** First day with an alert, by source; whoever has an alert on a later day has returned. */
export function firstDays(alerts: Iterable<Pick<Alert, 'key' | 'day'>>): Map<string, string> {
  const first = new Map<string, string>();
  for (const { key, day } of alerts) {
    if (key.kind !== 'source') continue;
    const known = first.get(key.text);
    if (known === undefined || day < known) first.set(key.text, day);
  }
  return first;
}

/** What DocumentContext says of a source that has returned: nothing where the key is none. */
export function hasReturned(
  { key, day }: Pick<Alert, 'key' | 'day'>,
  first: ReadonlyMap<string, string>,
): { returning?: boolean } {
  return key.kind === 'source' ? { returning: (first.get(key.text) ?? day) < day } : {};
}
