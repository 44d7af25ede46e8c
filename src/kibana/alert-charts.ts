/**
 * What several dashboards have in common: which alerts count, the controls above them, charts of alerts that are stacked
 * by something, tables, shares of a whole and big numbers.
 */
import { type Column, count, overTime, uniqueCount } from './columns.ts';
import type { Control } from './dashboard.ts';
import type { Scope, View } from './data-views.ts';
import type { Colours } from './palette.ts';
import type { Layer, Panel, Said } from './panels.ts';

/** Alerts that stand: what was taken back is not counted. */
export const STANDS = 'not pollwatch.alert.status: withdrawn';
/** Sources that a list names or that the office agreed to. */
export const KNOWN = 'pollwatch.source.class: (benign_scanner or authorized)';
/** Alerts that nobody has handled. */
export const OPEN = 'pollwatch.alert.status: new';
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

/** What a panel looks at besides its columns: alerts that stand, unless it says otherwise. */
interface LookedAt {
  readonly view?: View;
  readonly query?: string;
}

const layerOf = (columns: Layer['columns'], { view = 'alerts', query = STANDS }: LookedAt): Layer => ({
  view,
  query,
  columns,
});

/** A row for each value of the first column; ten on a page unless it says otherwise. */
export function table(said: Said, columns: Layer['columns'], more: LookedAt & { readonly rows?: number } = {}): Panel {
  const { rows } = more;
  return { kind: 'table', ...said, ...(rows === undefined ? {} : { rows }), layer: layerOf(columns, more) };
}

/** How alerts are shared out among the values of a column, which is ordered by "alerts". */
export function shares(said: Said, by: Column, more: LookedAt & { readonly colours?: Colours } = {}): Panel {
  const { colours } = more;
  const layer = layerOf({ by, alerts: count('Alerts') }, more);
  return { kind: 'shares', ...said, by: 'by', ...(colours === undefined ? {} : { colours }), layer };
}

/** One number or word, with what it is below it. */
export function tile(
  said: Said,
  value: Column,
  subtitle: string,
  more: LookedAt & { readonly colour?: string } = {},
): Panel {
  const { colour } = more;
  const layer = layerOf({ value }, more);
  return { kind: 'metric', ...said, subtitle, ...(colour === undefined ? {} : { colour }), layer };
}
