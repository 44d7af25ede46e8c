/**
 * Pipeline health: is everything read, decided and told? Lag, refused lines, what waits, dead letters, logs that fell
 * silent, clocks that cannot be right, and how old the data are that answer whose an address is.
 */

import { faultyNow, PIPELINE, table, tile } from './alert-charts.ts';
import { type Column, instant, lastValue, max, overTime, sum, terms } from './columns.ts';
import { type Dashboard, row } from './dashboard.ts';
import type { Scope } from './data-views.ts';
import { PLAIN } from './palette.ts';
import type { Panel } from './panels.ts';
import { navigation } from './words.ts';

export function pipelineHealth(scope: Scope): Dashboard {
  return {
    name: 'health',
    title: 'Pipeline health',
    description:
      'Is everything read, decided and told: lag, refused lines, what waits, silence, clocks, ages of data sets.',
    from: 'now-24h',
    controls:
      scope.organization === null
        ? [{ id: 'health-control-organization', title: 'Organisation', view: 'health', field: 'organization.id' }]
        : [],
    rows: [
      row(4, [
        48,
        navigation(
          scope,
          'health',
          '"No alerts" means little while something here is faulty. Numbers are written every five minutes by the workers; when they stop, no worker runs.',
        ),
      ]),
      row(7, [10, stateNow], [10, lastLook], [9, lagNow], [9, deadLetters], [10, silent]),
      row(12, [24, flow], [24, lag]),
      row(11, [24, waiting], [24, refusedReasons]),
      row(10, [32, faults], [16, dataSets]),
      row(10, [48, organizations]),
    ],
  };
}

const healthTile = (id: string, title: string, description: string, subtitle: string, value: Column): Panel =>
  tile({ id, title, description }, value, subtitle, { view: 'health', query: PIPELINE });

const stateNow = healthTile(
  'health-state',
  'Organisations with a fault now',
  'Organisations whose latest look found a fault: a log is silent, lines cannot be read, or something was put aside. Unit: organisations.',
  'faulty in the last 15 minutes',
  faultyNow,
);
const lastLook = healthTile(
  'health-last',
  'Last look',
  'When a worker last told how things are. Older than ten minutes: no worker runs.',
  'every five minutes',
  instant('max', '@timestamp', 'Last look'),
);
const lagNow = healthTile(
  'health-lag-now',
  'Longest lag',
  'Now minus the latest event that counts, the longest of the time that is looked at. Units: seconds to days, as fits.',
  'now minus the latest event',
  max('pollwatch.health.lag_s', 'Lag', { isDuration: true }),
);
const deadLetters = healthTile(
  'health-dead',
  'Dead letters',
  'Chunks, records, documents and mails that nobody could handle, at most. See pollwatch dead list. Unit: dead letters.',
  'put aside, at most',
  max('pollwatch.health.dead_letters', 'Dead letters'),
);
const silent = healthTile(
  'health-silent',
  'Silent logs',
  'Logs from which nothing came for longer than three times their longest pause of a week, at most. Unit: logs.',
  'at the same time, at most',
  max('pollwatch.health.silent_origins', 'Silent logs'),
);

const flow: Panel = {
  kind: 'xy',
  id: 'health-flow',
  title: 'Lines, events, alerts and mails',
  description:
    'What came in and what became of it, for each step of time, on a logarithmic axis. Units: lines, events, revisions of alerts, mails.',
  yTitle: 'how many (logarithmic)',
  isLogarithmic: true,
  layers: [
    {
      type: 'line',
      view: 'health',
      query: PIPELINE,
      x: 'time',
      columns: {
        time: overTime(),
        lines: sum('pollwatch.health.lines', 'Lines'),
        events: sum('pollwatch.health.events', 'Events'),
        alerts: sum('pollwatch.health.alerts', 'Revisions of alerts'),
        mails: sum('pollwatch.health.mails', 'Mails'),
      },
      measureColours: { lines: '#bbbbbb', events: '#66ccee', alerts: '#ee7733', mails: '#882255' },
    },
  ],
};

const lag: Panel = {
  kind: 'xy',
  id: 'health-lag',
  title: 'Lag, by organisation',
  description: 'Now minus the latest event that counts, the longest of each step. Unit: seconds.',
  yTitle: 'seconds',
  layers: [
    {
      type: 'line',
      view: 'health',
      query: PIPELINE,
      x: 'time',
      split: 'organization',
      columns: {
        time: overTime(),
        organization: terms('organization.name', 'Organisation', { size: 9, by: 'lag' }),
        lag: max('pollwatch.health.lag_s', 'Lag', { unit: 's' }),
      },
    },
  ],
};

const waiting: Panel = {
  kind: 'xy',
  id: 'health-waiting',
  title: 'What waits',
  description:
    'Chunks of lines that wait for or are with the workers, and documents that wait for Elasticsearch, at most in each step. Units: chunks, documents.',
  yTitle: 'chunks, documents',
  layers: [
    {
      type: 'line',
      view: 'health',
      query: PIPELINE,
      x: 'time',
      columns: {
        time: overTime(),
        waiting: max('pollwatch.health.waiting_chunks', 'Waiting chunks'),
        flying: max('pollwatch.health.flying_chunks', 'Chunks with workers'),
        documents: max('pollwatch.health.pending_documents', 'Waiting documents'),
      },
      measureColours: { waiting: '#ee7733', flying: PLAIN, documents: '#882255' },
    },
  ],
};

const refusedReasons: Panel = table(
  {
    id: 'health-refused',
    title: 'Lines that could not be read, last 7 days',
    // a day is told when it is over, under its first instant
    from: 'now-7d',
    description: 'Why, and in which log. Shapes of a few stand in the documents. Unit: lines, summed over days.',
  },
  {
    reason: terms('pollwatch.refused.reason', 'Reason', { size: 20, by: 'lines' }),
    log: lastValue('pollwatch.origin.name', 'Latest log'),
    lines: sum('pollwatch.refused.count', 'Lines'),
    day: instant('max', 'pollwatch.day', 'Last day'),
  },
  { view: 'refused', query: '' },
);

const faults: Panel = table(
  {
    id: 'health-faults',
    title: 'Silent logs and wrong clocks',
    description:
      'X08: nothing comes any more. X09: lines are younger than their receipt, or most of an hour older. Units: seconds to days, as fits.',
  },
  {
    organization: terms('organization.name', 'Organisation', { size: 100, by: 'last' }),
    log: terms('pollwatch.origin.name', 'Log', { size: 50, by: 'last' }),
    fault: lastValue('event.code', 'Fault'),
    state: lastValue('pollwatch.health.state', 'State'),
    silent: max('pollwatch.health.silent_s', 'Silent for', { isDuration: true }),
    ahead: lastValue('pollwatch.health.ahead_s', 'Ahead by', 'number', { isDuration: true }),
    last: instant('max', '@timestamp', 'Last'),
  },
  { view: 'health', query: 'pollwatch.health.kind: (log_silence or clock)' },
);

const dataSets: Panel = table(
  {
    id: 'health-data-sets',
    title: 'Ages of data sets',
    description:
      'Data that answer who announces an address, and lists of scanners. Networks change hands: past 180 days, replace them. Unit: days.',
  },
  {
    name: terms('pollwatch.data_set.name', 'Data set', { size: 20, by: 'age' }),
    age: max('pollwatch.data_set.age_days', 'Age', { unit: 'days' }),
    state: lastValue('pollwatch.health.state', 'State'),
  },
  { view: 'health', query: 'pollwatch.health.kind: data_set' },
);

const organizations: Panel = table(
  {
    id: 'health-organizations',
    title: 'Organisations',
    description: 'How each organisation stands. Units: lines, seconds to days, chunks, dead letters.',
  },
  {
    organization: terms('organization.name', 'Organisation', { size: 100, by: 'dead' }),
    state: lastValue('pollwatch.health.state', 'State'),
    last: instant('max', '@timestamp', 'Last look'),
    lines: sum('pollwatch.health.lines', 'Lines'),
    refused: sum('pollwatch.health.refused', 'Unreadable'),
    late: sum('pollwatch.health.late', 'Late events'),
    dropped: sum('pollwatch.health.dropped', 'Dropped by listeners'),
    lag: max('pollwatch.health.lag_s', 'Longest lag', { isDuration: true }),
    dead: max('pollwatch.health.dead_letters', 'Dead letters'),
    failed: sum('pollwatch.health.mails_failed', 'Mails that failed'),
  },
  { view: 'health', query: PIPELINE, rows: 20 },
);
