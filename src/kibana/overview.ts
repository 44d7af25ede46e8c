/**
 * Overview: is there anything to do now, how much of what came in became an alert, when, against which systems, from whose
 * networks, is it noise or aimed at us, and how fast do we find and handle it.
 */

import { LEVELS } from '../model/rule.ts';
import { alertControls, faultyNow, PIPELINE, STANDS, stackedAlerts, tile } from './alert-charts.ts';
import { count, filters, lastValue, median, overTime, sum, terms, uniqueCount } from './columns.ts';
import { type Dashboard, row } from './dashboard.ts';
import type { Scope } from './data-views.ts';
import { OUTCOME_COLOURS, PHASE_COLOUR, PLAIN, SEVERITY_COLOURS, STATE_COLOURS, VERDICT_COLOURS } from './palette.ts';
import type { Panel } from './panels.ts';
import { caveat, navigation } from './words.ts';

/** Alerts that nobody has handled. */
const OPEN = 'pollwatch.alert.status: new';

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
      row(13, [24, owners], [8, caveat('overview-caveat')], [16, returning]),
      ...(scope.organization === null
        ? [row(12, [24, countries], [8, caveat('overview-caveat-places')], [16, outcomes])]
        : [row(12, [48, outcomes])]),
      row(7, [12, timeToDetect], [12, timeToHandle], [12, mails], [12, falseAlarms]),
      row(10, [48, handled]),
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
  { view: 'health', query: PIPELINE, value: faultyNow, subtitle: 'faulty in the last 15 minutes' },
);

const windowNow: Panel = tile(
  {
    id: 'overview-window',
    title: 'Election window',
    description:
      'The window of the election calendar that is open now, as the inventory says. "none" outside all windows.',
  },
  {
    view: 'health',
    query: PIPELINE,
    value: lastValue('pollwatch.window.phase', 'Election window'),
    subtitle: 'window that is open',
  },
);

const daysToElection: Panel = tile(
  {
    id: 'overview-days',
    title: 'Days to the next election',
    description: 'From the election calendar of the inventory. Unit: days.',
  },
  {
    view: 'health',
    query: PIPELINE,
    value: lastValue('pollwatch.window.days_to_election', 'Days to the election', 'number'),
    subtitle: 'days to the next election day',
  },
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

const kindsOfSystems: Panel = {
  kind: 'table',
  id: 'overview-kinds',
  title: 'Kinds of systems probed',
  description:
    'Kinds of systems (voter look-up, results, county site …) with alerts and distinct source addresses. Units: alerts, addresses.',
  leadsTo: 'investigate',
  layer: {
    view: 'alerts',
    query: STANDS,
    columns: {
      kind: terms('pollwatch.asset.kind', 'Kind of system', { size: 15, by: 'alerts' }),
      alerts: count('Alerts'),
      sources: uniqueCount('source.ip', 'Addresses'),
    },
  },
};

const verdicts: Panel = {
  kind: 'shares',
  id: 'overview-verdicts',
  title: 'Noise, or aimed at us',
  description:
    'Verdict of each alert: ordinary Internet noise, tailored to this office, or cannot tell from these logs. Unit: alerts.',
  by: 'verdict',
  colours: VERDICT_COLOURS,
  leadsTo: 'investigate',
  layer: {
    view: 'alerts',
    query: STANDS,
    columns: {
      verdict: terms('pollwatch.verdict.term', 'Verdict', { size: 3, by: 'alerts' }),
      alerts: count('Alerts'),
    },
  },
};

const owners: Panel = {
  kind: 'table',
  id: 'overview-owners',
  title: 'Network owners with the most alerts',
  description:
    'Who announces the networks that the traffic came from, and what class of source that is. Not who sent it: see the note. Units: alerts, addresses.',
  leadsTo: 'investigate',
  layer: {
    view: 'alerts',
    query: STANDS,
    columns: {
      owner: terms('source.as.organization.name', 'Network owner', { size: 15, by: 'alerts' }),
      class: lastValue('pollwatch.source.class', 'Class of the latest source'),
      alerts: count('Alerts'),
      sources: uniqueCount('source.ip', 'Addresses'),
      severe: count('High or critical', { only: 'event.severity >= 73' }),
    },
  },
};

const returning: Panel = stackedAlerts(
  {
    id: 'overview-returning',
    title: 'New and returning sources',
    description: 'Alerts about sources that were seen on an earlier day, and about those that were not. Unit: alerts.',
  },
  filters('Source', [
    { label: 'returning', query: 'pollwatch.source.returning: true' },
    { label: 'new', query: 'pollwatch.source.returning: false' },
  ]),
  { colours: { returning: '#ee7733', new: '#33bbee' } },
);

const countries: Panel = {
  kind: 'table',
  id: 'overview-countries',
  title: 'Where data sets place the addresses',
  description:
    'Countries in which a data set places the source addresses. A label, never a reason for severity: see the note. Units: alerts, addresses.',
  leadsTo: 'investigate',
  layer: {
    view: 'alerts',
    query: STANDS,
    columns: {
      country: terms('source.geo.country_name', 'Placed in', { size: 15, by: 'alerts' }),
      alerts: count('Alerts'),
      sources: uniqueCount('source.ip', 'Addresses'),
      owners: uniqueCount('source.as.number', 'Network owners'),
    },
  },
};

const outcomes: Panel = stackedAlerts(
  {
    id: 'overview-outcomes',
    title: 'Did anything answer?',
    description: 'Alerts by what came of it: answered, refused, or tried (these logs do not say). Unit: alerts.',
    leadsTo: 'investigate',
  },
  terms('pollwatch.outcome', 'Outcome', { size: 3, by: 'alerts' }),
  { colours: OUTCOME_COLOURS },
);

const timeToDetect: Panel = tile(
  {
    id: 'overview-mttd',
    title: 'Time to detect',
    description:
      'Median time from the first line of an alert to the alert; old logs that are read again count with their age. Unit: seconds.',
  },
  {
    view: 'alerts',
    query: STANDS,
    value: median('pollwatch.mttd_s', 'Time to detect', { unit: 's' }),
    subtitle: 'median, first line to alert',
  },
);

const timeToHandle: Panel = tile(
  {
    id: 'overview-mtta',
    title: 'Time to acknowledge',
    description: 'Median time from an alert to its first acknowledgement. Unit: seconds.',
  },
  {
    view: 'alerts',
    query: STANDS,
    value: median('pollwatch.mtta_s', 'Time to acknowledge', { unit: 's' }),
    subtitle: 'median, alert to acknowledgement',
  },
);

const mails: Panel = tile(
  {
    id: 'overview-mails',
    title: 'Mails sent',
    description: 'Mails that were handed to the mail server, to all recipients. Unit: mails.',
  },
  {
    view: 'health',
    query: PIPELINE,
    value: sum('pollwatch.health.mails_sent', 'Mails sent'),
    subtitle: 'handed to the mail server',
  },
);

const falseAlarms: Panel = tile(
  {
    id: 'overview-false',
    title: 'Suppressed or taken back',
    description:
      'Alerts that somebody marked as suppressed, and those that later lines took back: the false alarms. Compare with all alerts. Unit: alerts.',
  },
  {
    view: 'alerts',
    query: 'pollwatch.alert.status: (suppressed or withdrawn)',
    value: count('False alarms'),
    subtitle: 'false alarms',
    colour: STATE_COLOURS['late']!,
  },
);

const handled: Panel = {
  kind: 'table',
  id: 'overview-handled',
  title: 'What became of alerts, by detection',
  description:
    'For each detection how many alerts are open, acknowledged, closed, suppressed or taken back. Unit: alerts.',
  leadsTo: 'investigate',
  layer: {
    view: 'alerts',
    columns: {
      detection: terms('rule.name', 'Detection', { size: 25, by: 'alerts' }),
      alerts: count('All'),
      open: count('Open', { only: OPEN }),
      acknowledged: count('Acknowledged', { only: 'pollwatch.alert.status: ack' }),
      closed: count('Closed', { only: 'pollwatch.alert.status: closed' }),
      suppressed: count('Suppressed', { only: 'pollwatch.alert.status: suppressed' }),
      withdrawn: count('Taken back', { only: 'pollwatch.alert.status: withdrawn' }),
    },
  },
};
