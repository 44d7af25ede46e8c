/**
 * Investigate: one source, one campaign or one system. What was tried, on which paths and ports, what answered, how it went
 * on over time, whether it came back after it was refused, and the way to the evidence.
 */

import { alertControls, STANDS, shares, stackedAlerts, table } from './alert-charts.ts';
import { type Column, count, instant, lastValue, max, sum, terms, uniqueCount } from './columns.ts';
import { type Dashboard, row } from './dashboard.ts';
import type { Scope } from './data-views.ts';
import { OUTCOME_COLOURS, SEVERITY_COLOURS } from './palette.ts';
import type { Panel } from './panels.ts';
import { caveat, discoverLink, navigation } from './words.ts';

export function investigate(scope: Scope): Dashboard {
  return {
    name: 'investigate',
    title: 'Investigate',
    description: 'One source, campaign or system: what was tried, what answered, and the evidence.',
    from: 'now-30d',
    controls: [
      ...alertControls('investigate', scope),
      { id: 'investigate-control-source', title: 'Source address', view: 'alerts', field: 'source.ip' },
      { id: 'investigate-control-campaign', title: 'Campaign', view: 'alerts', field: 'pollwatch.campaign.id' },
    ],
    rows: [
      row(4, [
        48,
        navigation(scope, 'investigate', 'Choose a source address, a campaign or a system above; every panel follows.'),
      ]),
      row(11, [32, timeline], [16, outcomes]),
      row(14, [48, alerts]),
      row(12, [18, explain(scope)], [30, campaigns]),
      row(12, [16, paths], [16, ports], [16, hosts]),
      row(10, [24, records], [24, fields]),
      row(12, [32, persistence], [16, techniques]),
      row(11, [32, sources], [16, caveat('investigate-caveat')]),
    ],
  };
}

const timeline: Panel = stackedAlerts(
  {
    id: 'investigate-timeline',
    title: 'What happened when, by severity',
    description: 'Alerts by the time of their last line. Unit: alerts.',
  },
  terms('pollwatch.severity.label', 'Severity', { size: 5, by: 'alerts' }),
  { colours: SEVERITY_COLOURS, hasWindows: true },
);

const outcomes: Panel = shares(
  {
    id: 'investigate-outcomes',
    title: 'What came of it',
    description: 'Answered, refused, or tried (these logs do not say). Unit: alerts.',
  },
  terms('pollwatch.outcome', 'Outcome', { size: 3, by: 'alerts' }),
  { colours: OUTCOME_COLOURS },
);

const alerts: Panel = {
  kind: 'documents',
  id: 'investigate-alerts',
  title: 'Alerts, most severe first',
  description:
    'One row for each alert: a detection, a key (source, network or target) and a day. It opens to explanation and evidence. Unit: alerts.',
  view: 'alerts',
  query: STANDS,
  sortedBy: ['event.severity', '@timestamp'],
  columns: [
    'pollwatch.severity.label',
    'rule.name',
    'pollwatch.key.text',
    'pollwatch.verdict.term',
    'pollwatch.outcome',
    'pollwatch.alert.status',
    'event.reason',
  ],
};

/** How to read one alert, with a link to the documents that hold explanation and evidence. */
function explain(scope: Scope): Panel {
  const columns = [
    'event.reason',
    'pollwatch.explanation.why',
    'pollwatch.explanation.what_to_do',
    'pollwatch.severity.label',
  ];
  return {
    kind: 'words',
    id: 'investigate-explain',
    title: 'Explain an alert',
    words: [
      '**Explain an alert: from a row to its evidence**',
      '',
      `1. Expand its row in the list above, or [open all documents](${discoverLink(scope, 'alerts', columns)}) in Discover.`,
      '2. `event.reason` is what was seen, in one sentence; `pollwatch.threshold` is against which number; `pollwatch.explanation.why` is why that matters.',
      '3. `pollwatch.evidence.lines` are raw lines (values are hashed, what matched is kept), with origin and offset.',
      '4. `pollwatch.verdict.basis` says why it is noise, tailored or undecidable; `pollwatch.severity.modifiers` how the level came about.',
      '5. `pollwatch.explanation.what_to_do` is what to do now. Then: `pollwatch ack ALERT-ID`, or `--status closed` or `suppressed`.',
      '',
      'Explanation and evidence are kept with each alert, not searched: they cannot stand in a chart.',
    ].join('\n'),
  };
}

const campaigns: Panel = table(
  {
    id: 'investigate-campaigns',
    title: 'Campaigns',
    description:
      'What several sources or organisations have in common. The detection is the stage; the next step stands in the documents (what_to_do). Units: sources, jurisdictions.',
  },
  {
    campaign: terms('pollwatch.campaign.id', 'Campaign', { size: 25, by: 'last' }),
    stage: lastValue('rule.name', 'Latest stage'),
    key: lastValue('pollwatch.key.text', 'Source or signature'),
    members: max('pollwatch.campaign.members', 'Sources'),
    jurisdictions: max('pollwatch.jurisdiction.count', 'Jurisdictions'),
    first: instant('min', 'pollwatch.campaign.first_seen', 'First seen'),
    last: instant('max', '@timestamp', 'Last seen'),
  },
  { query: `${STANDS} and pollwatch.campaign.id: *` },
);

const topOf = (id: string, title: string, description: string, along: Column): Panel =>
  stackedAlerts({ id, title, description }, terms('pollwatch.outcome', 'Outcome', { size: 3, by: 'alerts' }), {
    along,
    colours: OUTCOME_COLOURS,
  });
const mostIn = (field: string, label: string, dataType: 'string' | 'number' = 'string') =>
  terms(field, label, { size: 12, by: 'alerts', dataType, accurate: true });

const paths = topOf(
  'investigate-paths',
  'Paths that were asked for',
  'Paths of alerts, without values. Unit: alerts that name the path.',
  mostIn('pollwatch.target.paths', 'Path'),
);
const ports = topOf(
  'investigate-ports',
  'Ports that were tried',
  'Destination ports of alerts. Unit: alerts that name the port.',
  mostIn('pollwatch.target.ports', 'Port', 'number'),
);
const hosts = topOf(
  'investigate-hosts',
  'Host names outside the inventory',
  'Host names that were asked and that no system of the inventory has: declare them. Unit: alerts that name the host.',
  mostIn('pollwatch.target.hosts', 'Host'),
);

const records: Panel = table(
  {
    id: 'investigate-records',
    title: 'Record enumeration: distinct keys per source',
    description:
      'How many different voter records a source asked for, at most, in alerts of the last hour, day and week of the time that is looked at; and how many were answered. Unit: record keys.',
  },
  {
    source: terms('source.ip', 'Source', { size: 20, by: 'all', dataType: 'ip' }),
    hour: max('pollwatch.evidence.distinct_keys', 'Keys, 1 hour', { lastly: '1h' }),
    day: max('pollwatch.evidence.distinct_keys', 'Keys, 24 hours', { lastly: '1d' }),
    week: max('pollwatch.evidence.distinct_keys', 'Keys, 7 days', { lastly: '7d' }),
    all: max('pollwatch.evidence.distinct_keys', 'Keys, whole time'),
    answered: max('pollwatch.evidence.records_answered', 'Answered'),
  },
  { query: `${STANDS} and pollwatch.evidence.distinct_keys > 0` },
);

const fields: Panel = table(
  {
    id: 'investigate-fields',
    title: 'Injection by form field',
    description:
      'Parameters and form fields into which hostile text was put, as far as the evidence names them. Units: alerts, addresses.',
  },
  {
    field: terms('pollwatch.evidence.fields_tried', 'Field', { size: 25, by: 'alerts' }),
    alerts: count('Alerts'),
    sources: uniqueCount('source.ip', 'Addresses'),
    severe: count('High or critical', { only: 'event.severity >= 73' }),
    last: instant('max', '@timestamp', 'Last'),
  },
  { query: `${STANDS} and pollwatch.evidence.fields_tried: *` },
);

const persistence: Panel = table(
  {
    id: 'investigate-persistence',
    title: 'Still trying after it was refused',
    description:
      'Sources whose traffic was refused most often, and on how many days: an alert stands for a detection on a day. Units: days, packets, alerts.',
  },
  {
    source: terms('source.ip', 'Source', { size: 25, by: 'alerts', dataType: 'ip' }),
    days: uniqueCount('pollwatch.day', 'Days'),
    alerts: count('Alerts'),
    packets: sum('pollwatch.evidence.packets', 'Packets'),
    requests: sum('pollwatch.evidence.requests', 'Requests'),
    first: instant('min', '@timestamp', 'First'),
    last: instant('max', '@timestamp', 'Last'),
  },
  { query: `${STANDS} and pollwatch.outcome: refused` },
);

const techniques: Panel = table(
  {
    id: 'investigate-techniques',
    title: 'ATT&CK techniques',
    description: 'Techniques that the detections name. Unit: alerts.',
  },
  {
    technique: terms('threat.technique.name', 'Technique', { size: 15, by: 'alerts' }),
    alerts: count('Alerts'),
  },
);

const sources: Panel = table(
  {
    id: 'investigate-sources',
    title: 'Sources',
    description:
      'Addresses with the most alerts, and who announces them. Not who sent it: see the note. Units: alerts, detections; severity from 0 to 99.',
  },
  {
    source: terms('source.ip', 'Source', { size: 25, by: 'alerts', dataType: 'ip' }),
    owner: lastValue('pollwatch.source.owner', 'Network owner'),
    class: lastValue('pollwatch.source.class', 'Class'),
    severity: max('event.severity', 'Severity, 0 to 99'),
    alerts: count('Alerts'),
    detections: uniqueCount('event.code', 'Detections'),
  },
);
