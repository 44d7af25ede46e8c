/**
 * Overview: is there anything to do now, how much of what came in became an alert, when, against which systems, from whose
 * networks, is it noise or aimed at us, and how fast do we find and handle it.
 */

import { LEVELS } from '../model/rule.ts';
import {
  alertControls,
  faultyNow,
  OPEN,
  PIPELINE,
  STANDS,
  shares,
  stackedAlerts,
  table,
  tile,
} from './alert-charts.ts';
import { count, filters, lastValue, overTime, sum, terms, uniqueCount } from './columns.ts';
import { type Dashboard, row } from './dashboard.ts';
import type { Scope } from './data-views.ts';
import { handlingRows } from './overview-handling.ts';
import { sourceRows } from './overview-sources.ts';
import { PHASE_COLOUR, PLAIN, SEVERITY_COLOURS, VERDICT_COLOURS } from './palette.ts';
import type { Panel } from './panels.ts';
import { navigation } from './words.ts';

export function overview(scope: Scope): Dashboard {
  return {
    name: 'overview',
    title: 'Overview',
    description: 'What needs somebody now, and how much of what came in is ordinary Internet noise.',
    from: 'now-30d',
    controls: alertControls('overview', scope),
    rows: [
      row(4, [
        48,
        navigation(
          scope,
          'overview',
          'Start with open alerts of the highest severity. A click on a value leads to **Investigate** with that value as a filter.',
        ),
      ]),
      row(8, [22, openAlerts], [8, pipelineNow], [9, windowNow], [9, daysToElection]),
      row(13, [18, funnel], [30, timeline]),
      row(12, [20, systems], [14, kindsOfSystems], [14, verdicts]),
      ...sourceRows(scope),
      ...handlingRows,
    ],
  };
}

/** Severities in their order, also those of which there is none. */
const bySeverity = filters(
  'Severity',
  LEVELS.toReversed().map((level) => ({ label: level, query: `pollwatch.severity.label: ${level}` })),
);

const openAlerts: Panel = {
  kind: 'metric',
  id: 'overview-open',
  title: 'Open alerts by severity',
  description: 'Alerts that nobody has acknowledged, closed or suppressed. Unit: alerts.',
  subtitle: 'open alerts',
  breakdown: 'severity',
  leadsTo: 'investigate',
  layer: {
    view: 'alerts',
    query: OPEN,
    columns: {
      severity: bySeverity,
      alerts: count('Open alerts'),
    },
  },
};

const pipelineNow: Panel = tile(
  {
    id: 'overview-pipeline',
    title: 'Logs with a fault now',
    description:
      'Organisations whose latest look at the installation found a fault: a silent log, unreadable lines, something put aside. 0 is well as long as Pipeline health shows a recent look. Unit: organisations.',
    leadsTo: 'health',
  },
  faultyNow,
  'faulty in the last 15 minutes',
  { view: 'health', query: PIPELINE },
);

const windowNow: Panel = tile(
  {
    id: 'overview-window',
    title: 'Election window',
    description:
      'The window of the election calendar that is open now, as the inventory says. "none" outside all windows.',
  },
  lastValue('pollwatch.window.phase', 'Election window'),
  'window that is open',
  { view: 'health', query: PIPELINE },
);

const daysToElection: Panel = tile(
  {
    id: 'overview-days',
    title: 'Days to the next election',
    description: 'From the election calendar of the inventory. Unit: days.',
  },
  lastValue('pollwatch.window.days_to_election', 'Days to the election', 'number'),
  'days to the next election day',
  { view: 'health', query: PIPELINE },
);

const funnel: Panel = {
  kind: 'xy',
  id: 'overview-funnel',
  title: 'From lines to mails',
  description:
    'What was read, what of it was an event, how many sources did something that a rule knows, alerts, and mails. Units: lines, events, sources, alerts, mails; logarithmic.',
  yTitle: 'how many (logarithmic)',
  isLogarithmic: true,
  layers: [
    {
      type: 'bar_horizontal',
      view: 'summaries',
      query: 'pollwatch.summary.kind: total',
      columns: {
        lines: sum('pollwatch.summary.lines', 'Lines'),
        events: sum('pollwatch.summary.events', 'Events'),
        candidates: sum('pollwatch.summary.sources_matched', 'Sources that matched'),
        alerts: sum('pollwatch.summary.alerts', 'Alerts'),
      },
      measureColours: { lines: '#bbbbbb', events: '#66ccee', candidates: PLAIN, alerts: '#ee7733' },
    },
    {
      type: 'bar_horizontal',
      view: 'health',
      query: PIPELINE,
      columns: { mails: sum('pollwatch.health.mails', 'Mails') },
      measureColours: { mails: '#882255' },
    },
  ],
};

const timeline: Panel = {
  kind: 'xy',
  id: 'overview-timeline',
  title: 'Alerts over time, by detection',
  description:
    'Alerts by the time of their last line. Grey: those within an election window; windows of the calendar are shaded where it is known. Unit: alerts.',
  yTitle: 'alerts',
  hasWindows: true,
  query: STANDS,
  leadsTo: 'investigate',
  layers: [
    {
      type: 'area',
      view: 'alerts',
      query: 'pollwatch.window.phase: *',
      x: 'time',
      columns: { time: overTime(), alerts: count('within an election window') },
      measureColours: { alerts: PHASE_COLOUR },
    },
    {
      type: 'bar_stacked',
      view: 'alerts',
      x: 'time',
      split: 'detection',
      columns: {
        time: overTime(),
        detection: terms('rule.name', 'Detection', { size: 8, by: 'alerts', other: true }),
        alerts: count('Alerts'),
      },
    },
  ],
};

const systems: Panel = stackedAlerts(
  {
    id: 'overview-systems',
    title: 'Systems most probed',
    description: 'Systems of the inventory with the most alerts, by severity. Unit: alerts.',
    leadsTo: 'investigate',
  },
  terms('pollwatch.severity.label', 'Severity', { size: 5, by: 'alerts' }),
  { along: terms('pollwatch.asset.name', 'System', { size: 10, by: 'alerts' }), colours: SEVERITY_COLOURS },
);

const kindsOfSystems: Panel = table(
  {
    id: 'overview-kinds',
    title: 'Kinds of systems probed',
    description:
      'Kinds of systems (voter look-up, results, county site …) with alerts and distinct source addresses. Units: alerts, addresses.',
    leadsTo: 'investigate',
  },
  {
    kind: terms('pollwatch.asset.kind', 'Kind of system', { size: 15, by: 'alerts' }),
    alerts: count('Alerts'),
    sources: uniqueCount('source.ip', 'Addresses'),
  },
);

const verdicts: Panel = shares(
  {
    id: 'overview-verdicts',
    title: 'Noise, or aimed at us',
    description:
      'Verdict of each alert: ordinary Internet noise, tailored to this office, or cannot tell from these logs. Unit: alerts.',
    leadsTo: 'investigate',
  },
  terms('pollwatch.verdict.term', 'Verdict', { size: 3, by: 'alerts' }),
  { colours: VERDICT_COLOURS },
);
