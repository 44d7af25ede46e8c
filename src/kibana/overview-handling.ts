/**
 * The part of Overview that says how fast attacks are found and handled, how many mails went out, and what became of alerts.
 */
import { OPEN, PIPELINE, table, tile } from './alert-charts.ts';
import { count, median, sum, terms } from './columns.ts';
import { type Row, row } from './dashboard.ts';
import { STATE_COLOURS } from './palette.ts';
import type { Panel } from './panels.ts';

const timeToDetect: Panel = tile(
  {
    id: 'overview-mttd',
    title: 'Time to detect',
    description:
      'Median time from the first line of an alert to the alert; old logs that are read again count with their age. Units: seconds to days, as fits.',
  },
  median('pollwatch.mttd_s', 'Time to detect', { isDuration: true }),
  'median, first line to alert',
);

const timeToHandle: Panel = tile(
  {
    id: 'overview-mtta',
    title: 'Time to acknowledge',
    description: 'Median time from an alert to its first acknowledgement. Units: seconds to days, as fits.',
  },
  median('pollwatch.mtta_s', 'Time to acknowledge', { isDuration: true }),
  'median, alert to acknowledgement',
);

const mails: Panel = tile(
  {
    id: 'overview-mails',
    title: 'Mails sent',
    description: 'Mails that were handed to the mail server, to all recipients. Unit: mails.',
  },
  sum('pollwatch.health.mails_sent', 'Mails sent'),
  'handed to the mail server',
  { view: 'health', query: PIPELINE },
);

const falseAlarms: Panel = tile(
  {
    id: 'overview-false',
    title: 'Suppressed or taken back',
    description:
      'Alerts that somebody marked as suppressed, and those that later lines took back: the false alarms. Compare with all alerts. Unit: alerts.',
  },
  count('False alarms'),
  'false alarms',
  { query: 'pollwatch.alert.status: (suppressed or withdrawn)', colour: STATE_COLOURS['late']! },
);

const handled: Panel = table(
  {
    id: 'overview-handled',
    title: 'What became of alerts, by detection',
    description:
      'For each detection how many alerts are open, acknowledged, closed, suppressed or taken back. Unit: alerts.',
    leadsTo: 'investigate',
  },
  {
    detection: terms('rule.name', 'Detection', { size: 25, by: 'alerts' }),
    alerts: count('All'),
    open: count('Open', { only: OPEN }),
    acknowledged: count('Acknowledged', { only: 'pollwatch.alert.status: ack' }),
    closed: count('Closed', { only: 'pollwatch.alert.status: closed' }),
    suppressed: count('Suppressed', { only: 'pollwatch.alert.status: suppressed' }),
    withdrawn: count('Taken back', { only: 'pollwatch.alert.status: withdrawn' }),
  },
  { query: '' },
);

export const handlingRows: readonly Row[] = [
  row(7, [12, timeToDetect], [12, timeToHandle], [12, mails], [12, falseAlarms]),
  row(10, [48, handled]),
];
