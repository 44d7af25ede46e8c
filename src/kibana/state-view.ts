/**
 * State view: what several organisations have in common. Which of them did the same source, network or campaign touch, and
 * how do their days compare. Counts, addresses that have an alert and ids of clusters; no paths and no raw lines.
 */

import { STANDS, stackedAlerts, table, tile } from './alert-charts.ts';
import { count, instant, lastValue, max, sum, terms, uniqueCount } from './columns.ts';
import { type Dashboard, row } from './dashboard.ts';
import type { Scope } from './data-views.ts';
import { SEVERITY_COLOURS } from './palette.ts';
import type { Panel } from './panels.ts';
import { caveat, navigation } from './words.ts';

const DAYS = 'pollwatch.summary.kind: total';

export function stateView(scope: Scope): Dashboard {
  return {
    name: 'state',
    title: 'State view',
    description: 'What several jurisdictions have in common, and how their days compare.',
    from: 'now-30d',
    controls: [
      { id: 'state-control-organization', title: 'Organisation', view: 'alerts', field: 'organization.id' },
      { id: 'state-control-parent', title: 'Parent', view: 'alerts', field: 'pollwatch.jurisdiction.parent' },
      { id: 'state-control-severity', title: 'Severity', view: 'alerts', field: 'pollwatch.severity.label' },
    ],
    rows: [
      row(4, [
        48,
        navigation(
          scope,
          'state',
          'What touched several organisations stands in the first table. Ask each of them; an organisation without alerts may have had no logs.',
        ),
      ]),
      row(7, [16, organizations], [16, shared], [16, campaignsNow]),
      row(12, [36, several], [12, caveat('state-caveat')]),
      row(13, [24, sources], [24, clusters]),
      row(12, [24, byOrganization], [24, bySeverity]),
      row(10, [48, days]),
    ],
  };
}

const organizations: Panel = tile(
  {
    id: 'state-organizations',
    title: 'Organisations with alerts',
    description: 'Organisations that have at least one alert in the time that is looked at. Unit: organisations.',
  },
  uniqueCount('organization.id', 'Organisations'),
  'have at least one alert',
);

const shared: Panel = tile(
  {
    id: 'state-reporting',
    title: 'Organisations that sent logs',
    description:
      'Organisations with at least one day of which lines were read. "No alerts" of one that sent no logs says nothing. Unit: organisations.',
  },
  uniqueCount('organization.id', 'Organisations'),
  'have at least one day with lines',
  { view: 'summaries', query: `${DAYS} and pollwatch.summary.lines > 0` },
);

const campaignsNow: Panel = tile(
  {
    id: 'state-campaigns-now',
    title: 'Campaigns',
    description: 'Campaigns with alerts in the time that is looked at. Unit: campaigns.',
  },
  uniqueCount('pollwatch.campaign.id', 'Campaigns'),
  'seen by any organisation',
  { query: `${STANDS} and pollwatch.campaign.id: *` },
);

const several: Panel = table(
  {
    id: 'state-several',
    title: 'The same source or campaign at several jurisdictions',
    description:
      'Alerts that the state made from those of several organisations: the source, network or campaign, and how many jurisdictions it touched. Units: jurisdictions, sources; severity from 0 to 99.',
    leadsTo: 'investigate',
  },
  {
    key: terms('pollwatch.key.text', 'Source, network or campaign', { size: 50, by: 'jurisdictions' }),
    jurisdictions: max('pollwatch.jurisdiction.count', 'Jurisdictions'),
    detection: lastValue('rule.name', 'Detection'),
    members: max('pollwatch.campaign.members', 'Sources'),
    severity: max('event.severity', 'Severity, 0 to 99'),
    first: instant('min', 'event.start', 'First line'),
    last: instant('max', '@timestamp', 'Last line'),
  },
  { query: `${STANDS} and pollwatch.jurisdiction.count >= 2` },
);

// ordered by alerts: ordering a hundred thousand sources by distinct organisations takes more memory than a server has
const sources: Panel = table(
  {
    id: 'state-sources',
    title: 'Sources with the most alerts, and where',
    description:
      'Addresses with the most alerts in all organisations, and how many of them each touched. Units: alerts, organisations, detections.',
    leadsTo: 'investigate',
  },
  {
    source: terms('source.ip', 'Source', { size: 50, by: 'alerts', dataType: 'ip' }),
    alerts: count('Alerts'),
    organizations: uniqueCount('organization.id', 'Organisations'),
    detections: uniqueCount('event.code', 'Detections'),
    last: instant('max', '@timestamp', 'Last'),
  },
);

const clusters: Panel = table(
  {
    id: 'state-clusters',
    title: 'The same cluster at several organisations',
    description:
      'Ids of sources, networks and signatures in the daily summaries, which every organisation shares: the same id is the same thing. Units: organisations, days.',
  },
  {
    cluster: terms('pollwatch.summary.clusters', 'Cluster', { size: 25, by: 'seen', accurate: true }),
    seen: count('Days of organisations'),
    organizations: uniqueCount('organization.id', 'Organisations'),
    days: uniqueCount('pollwatch.day', 'Days'),
    last: instant('max', '@timestamp', 'Last day'),
  },
  { view: 'summaries', query: DAYS },
);

const byOrganization: Panel = stackedAlerts(
  {
    id: 'state-time',
    title: 'Alerts over time, by organisation',
    description: 'Do alerts come everywhere at once, or one organisation after the other? Unit: alerts.',
  },
  terms('organization.name', 'Organisation', { size: 9, by: 'alerts', other: true }),
  { hasWindows: true },
);

const bySeverity: Panel = stackedAlerts(
  {
    id: 'state-severity',
    title: 'Organisations by severity of their alerts',
    description: 'Alerts of each organisation by severity. Unit: alerts.',
    leadsTo: 'overview',
  },
  terms('pollwatch.severity.label', 'Severity', { size: 5, by: 'alerts' }),
  { along: terms('organization.name', 'Organisation', { size: 20, by: 'alerts' }), colours: SEVERITY_COLOURS },
);

const days: Panel = table(
  {
    id: 'state-days',
    title: 'Days in numbers, by organisation',
    description: 'What each organisation read, and what became of it. Units: days, lines, sources, alerts.',
  },
  {
    organization: terms('organization.name', 'Organisation', { size: 100, by: 'alerts' }),
    days: uniqueCount('pollwatch.day', 'Days'),
    lines: sum('pollwatch.summary.lines', 'Lines'),
    refused: sum('pollwatch.summary.refused', 'Unreadable lines'),
    sources: sum('pollwatch.summary.sources', 'Sources, summed over days'),
    alerts: sum('pollwatch.summary.alerts', 'Alerts'),
    tailored: sum('pollwatch.summary.verdicts.tailored', 'Tailored'),
    answered: sum('pollwatch.summary.outcomes.answered', 'Answered'),
    last: instant('max', 'pollwatch.day', 'Last day'),
  },
  { view: 'summaries', query: DAYS, rows: 20 },
);
