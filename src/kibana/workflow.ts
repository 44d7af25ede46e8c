/**
 * What analysts said of our alerts in Kibana Security, and telling it what was said to us. Kibana keeps its own alert for
 * each of ours; the id of ours is kibana.alert.original_event.id there (our event.id), since fields of our own are in no
 * mapping of its alerts.
 *   acknowledged ⇄ ack, closed ← closed or suppressed, open ← new
 * Reference: https://www.elastic.co/docs/api/doc/kibana/operation/operation-setalertsstatus
 */
import type { Kibana } from './client.ts';
import { type Scope, scopeId } from './data-views.ts';
import { ruleId } from './detection-rule.ts';

/** Alerts that are read at once: the most that one search gives. */
const READ_MAX = 10_000;

/** What Kibana says of an alert of ours. */
export interface Handled {
  /** id of our alert */
  readonly id: string;
  readonly organization: string;
  readonly status: 'ack' | 'closed';
}

type Fields = Readonly<Record<string, unknown>>;

/** Alerts of a scope that somebody acknowledged or closed in Kibana since `sinceMs`; `isWhole` is false when there were more. */
export async function handledIn(
  kibana: Kibana,
  scope: Scope,
  sinceMs: number,
): Promise<{ handled: Handled[]; isWhole: boolean }> {
  const { status, body } = await kibana.ask({
    method: 'POST',
    path: '/api/detection_engine/signals/search',
    space: scopeId(scope),
    json: {
      size: READ_MAX,
      track_total_hits: true,
      query: {
        bool: {
          filter: [
            { term: { 'kibana.alert.rule.rule_id': ruleId(scope) } },
            { terms: { 'kibana.alert.workflow_status': ['acknowledged', 'closed'] } },
            { range: { '@timestamp': { gte: new Date(sinceMs).toISOString() } } },
          ],
        },
      },
      _source: ['kibana.alert.original_event.id', 'kibana.alert.workflow_status', 'organization.id'],
    },
    // no space, or no alerts in it yet
    expected: [404],
  });
  if (status === 404) return { handled: [], isWhole: true };
  const { hits } = (body ?? {}) as { hits?: { total?: { value?: number }; hits?: { _source?: Fields }[] } };
  const found = hits?.hits ?? [];
  const latest = new Map<string, Handled>();
  for (const { _source: source = {} } of found) {
    const id = textIn(source, 'kibana.alert.original_event.id');
    // who may write in the space of one organisation says nothing of another's alerts
    const organization = scope.organization?.id ?? textIn(source, 'organization.id');
    if (id === null || organization === null) continue;
    const isClosed = textIn(source, 'kibana.alert.workflow_status') === 'closed';
    // of several versions of an alert the one that was closed counts
    if (latest.get(id)?.status !== 'closed') latest.set(id, { id, organization, status: isClosed ? 'closed' : 'ack' });
  }
  return { handled: [...latest.values()], isWhole: (hits?.total?.value ?? 0) <= found.length };
}

const IN_KIBANA = { ack: 'acknowledged', closed: 'closed', suppressed: 'closed', new: 'open' } as const;

/** Says in Kibana what became of an alert; returns how many of its alerts changed. */
export async function tellKibana(
  kibana: Kibana,
  scope: Scope,
  alert: string,
  status: keyof typeof IN_KIBANA,
): Promise<number> {
  const { body } = await kibana.ask({
    method: 'POST',
    path: '/api/detection_engine/signals/status',
    space: scopeId(scope),
    json: {
      status: IN_KIBANA[status],
      conflicts: 'proceed',
      query: {
        bool: {
          filter: [
            { term: { 'kibana.alert.rule.rule_id': ruleId(scope) } },
            { term: { 'kibana.alert.original_event.id': alert } },
          ],
        },
      },
    },
    expected: [404],
  });
  const { updated } = (body ?? {}) as { updated?: number };
  return updated ?? 0;
}

/** A text by its dotted name, whether it stands flat or in objects; of several the first. */
function textIn(source: Fields, name: string): string | null {
  const flat =
    source[name] ?? name.split('.').reduce<unknown>((at, part) => (at as Fields | undefined)?.[part], source);
  const first: unknown = Array.isArray(flat) ? flat[0] : flat;
  return typeof first === 'string' && first !== '' ? first : null;
}
