/**
 * What several dashboards have in common: which alerts count, the controls above them, charts of alerts that are stacked
 * by something, and big numbers.
 */
import { type Column, count, overTime, uniqueCount } from './columns.ts';
import type { Control } from './dashboard.ts';
import type { Scope, View } from './data-views.ts';
import type { Colours } from './palette.ts';
import type { Panel, Said } from './panels.ts';

/** Alerts that stand: what was taken back is not counted. */
export const STANDS = 'not pollwatch.alert.status: withdrawn';
/** The looks at the installation, every five minutes. */
export const PIPELINE = 'pollwatch.health.kind: pipeline';

/** Organisations that are faulty now: the last look is at most five minutes old. */
export const faultyNow = uniqueCount('organization.id', 'Organisations with a fault', {
  only: 'pollwatch.health.state: faulty',
  lastly: '15m',
  isZeroShown: true,
});

/** Controls of dashboards about alerts. */
export function alertControls(name: string, scope: Scope): Control[] {
  const organization = { title: 'Organisation', field: 'organization.id' };
  const others = [
    { title: 'System', field: 'pollwatch.asset.name' },
    { title: 'Severity', field: 'pollwatch.severity.label' },
    { title: 'Detection', field: 'rule.name' },
  ];
  return (scope.organization === null ? [organization, ...others] : others).map(({ title, field }) => ({
    id: `${name}-control-${field.replaceAll('.', '-')}`,
    title,
    view: 'alerts',
    field,
  }));
}

/**
 * Alerts that stand as bars, stacked by a column: along time, or along the values of a field (`along`). Columns that are
 * ordered by a measure name it "alerts".
 */
export function stackedAlerts(
  said: Said,
  split: Column,
  more: { readonly along?: Column; readonly colours?: Colours; readonly hasWindows?: boolean } = {},
): Panel {
  const { along, colours, hasWindows } = more;
  return {
    kind: 'xy',
    ...said,
    yTitle: 'alerts',
    ...(hasWindows === undefined ? {} : { hasWindows }),
    layers: [
      {
        type: along === undefined ? 'bar_stacked' : 'bar_horizontal_stacked',
        view: 'alerts',
        query: STANDS,
        x: 'along',
        split: 'split',
        ...(colours === undefined ? {} : { colours }),
        columns: { along: along ?? overTime(), split, alerts: count('Alerts') },
      },
    ],
  };
}

/** One number or word, with what it is below it. */
export function tile(
  said: Said,
  {
    view,
    query,
    value,
    subtitle,
    colour,
  }: { view: View; query: string; value: Column; subtitle: string; colour?: string },
): Panel {
  return {
    kind: 'metric',
    ...said,
    subtitle,
    ...(colour === undefined ? {} : { colour }),
    layer: { view, query, columns: { value } },
  };
}
