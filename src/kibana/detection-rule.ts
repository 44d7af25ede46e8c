/**
 * A rule of Kibana Security that makes its alerts from ours: a query over the alert indices whose alerts take name,
 * severity and risk from the alert itself, so that analysts may assign them and put them into cases. `event.kind: alert`
 * marks them as alerts of somebody else, which is what such a rule is for.
 * Reference: https://www.elastic.co/docs/api/doc/kibana/operation/operation-importrules
 */
import { createHash } from 'node:crypto';
import { SEVERITY_NUMBERS } from '../alerts/ecs.ts';
import { aliasOf } from '../elastic/index-names.ts';
import { dashboardId } from './dashboard.ts';
import { type Scope, scopeId } from './data-views.ts';

/** Kibana has no level "info": what is only for the record makes no alert there. */
const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
/** How often it runs, and how far it looks back: by when an alert was written, so that late ones are not missed. */
const INTERVAL = '5m';
const LOOK_BACK = 'now-15m';

/**
 * Query of the rule. Kibana makes one alert for each version of a document: an alert of ours that changed before anybody
 * handled it is told again, one that was handled is not.
 */
export const RULE_QUERY =
  'event.module: pollwatch and event.kind: alert and event.severity >= 21 and pollwatch.alert.status: new';

/** Id of the rule of a scope; the same for every import. */
export function ruleId(scope: Scope): string {
  return `${scopeId(scope)}-alerts`;
}

/** A rule as Kibana exports it; named are the fields that people change there. */
export interface DetectionRule {
  readonly rule_id: string;
  readonly enabled: boolean;
  readonly actions: readonly unknown[];
  readonly exceptions_list: readonly unknown[];
  readonly [field: string]: unknown;
}

/** The rules of a scope in the form in which Kibana exports and imports them. */
export function detectionRules(scope: Scope): DetectionRule[] {
  const { prefix, organization } = scope;
  return [
    {
      id: uuidOf(ruleId(scope)),
      rule_id: ruleId(scope),
      type: 'query',
      language: 'kuery',
      query: RULE_QUERY,
      index: [aliasOf(prefix, 'alerts', organization?.id)],
      name: `pollwatch alerts${organization === null ? '' : `, ${organization.name}`}`,
      description:
        'Makes an alert of Kibana Security from each alert of pollwatch of at least low severity. Name, severity and risk come from the alert.',
      enabled: true,
      immutable: false,
      interval: INTERVAL,
      from: LOOK_BACK,
      to: 'now',
      max_signals: 1000,
      severity: 'low',
      severity_mapping: SEVERITIES.map((severity) => ({
        field: 'event.severity',
        operator: 'equals',
        value: String(SEVERITY_NUMBERS[severity]),
        severity,
      })),
      risk_score: SEVERITY_NUMBERS.low,
      risk_score_mapping: [{ field: 'event.risk_score', operator: 'equals', value: '' }],
      rule_name_override: 'rule.name',
      timestamp_override: 'event.ingested',
      timestamp_override_fallback_disabled: false,
      author: ['pollwatch'],
      license: 'Apache-2.0',
      tags: ['pollwatch'],
      false_positives: ['What pollwatch calls noise: filter by pollwatch.verdict.term.'],
      references: [],
      threat: [],
      note: note(scope),
      setup: '',
      related_integrations: [],
      required_fields: [],
      exceptions_list: [],
      actions: [],
      version: 1,
    },
  ];
}

/** The guide of an investigation: shown with each of its alerts. */
function note(scope: Scope): string {
  return [
    '## From this alert to the evidence',
    `1. Open [Investigate](/app/dashboards#/view/${dashboardId(scope, 'investigate')}) and choose the source address or the alert's id (\`pollwatch.alert.id\`).`,
    '2. Expand the document: `event.reason`, `pollwatch.threshold`, `pollwatch.explanation` and `pollwatch.evidence.lines`.',
    '3. Do what `pollwatch.explanation.what_to_do` says.',
    '4. Mark this alert as acknowledged or closed; `pollwatch ack --from-kibana` carries that back.',
  ].join('\n');
}

/** An id of Kibana's kind that is always the same for a name. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(`pollwatch ${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
