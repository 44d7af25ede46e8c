/**
 * Known and authorised scanners, on a page of their own: three facts that are never merged. What a source claims to be,
 * which published list names it, and whether this office agreed to its scans. Only the last one lowers severity, and a
 * scanner that does more than scan is shown first.
 */

import { alertControls, KNOWN, STANDS, shares, stackedAlerts, table, tile } from './alert-charts.ts';
import { count, filters, lastValue, max, terms, uniqueCount } from './columns.ts';
import { type Dashboard, row } from './dashboard.ts';
import type { Scope } from './data-views.ts';
import { SEVERITY_COLOURS } from './palette.ts';
import type { Panel } from './panels.ts';
import { caveat, navigation } from './words.ts';

/** Behaviour that is more than looking for what is there. */
const MORE_THAN_SCANNING = 'not pollwatch.detection.class: scan';
const BEYOND = `${STANDS} and ${KNOWN} and ${MORE_THAN_SCANNING}`;

export function scanners(scope: Scope): Dashboard {
  return {
    name: 'scanners',
    title: 'Known and authorised scanners',
    description: 'Scanners that lists name or that the office agreed to, and whether one of them does more than scan.',
    from: 'now-30d',
    controls: alertControls('scanners', scope),
    rows: [
      row(4, [
        48,
        navigation(
          scope,
          'scanners',
          'A listed address proves nothing about who uses it; only scans that the office agreed to lower severity, and never for more than scanning.',
        ),
      ]),
      row(7, [16, beyond], [16, authorized], [16, listed]),
      row(9, [48, beyondTable]),
      row(12, [28, overTimeByClass], [20, severities]),
      row(10, [32, owners], [16, caveat('scanners-caveat')]),
    ],
  };
}

const alertTile = (
  id: string,
  title: string,
  description: string,
  query: string,
  subtitle: string,
  colour?: string,
): Panel =>
  tile({ id, title, description, leadsTo: 'investigate' }, count('Alerts'), subtitle, {
    query,
    ...(colour === undefined ? {} : { colour }),
  });

const beyond = alertTile(
  'scanners-beyond',
  'Doing more than scanning',
  'Alerts of known or authorised scanners about more than scanning: injections, log-ins, records, answers. Unit: alerts.',
  BEYOND,
  'look at these first',
  '#882255',
);
const authorized = alertTile(
  'scanners-authorized',
  'Authorised by us',
  'Alerts about scans that the office agreed to, within their dates. Unit: alerts.',
  `${STANDS} and pollwatch.source.class: authorized`,
  'scans that we agreed to',
);
const listed = alertTile(
  'scanners-listed',
  'Named by a list',
  'Alerts about sources that a published list of scanners names. Unit: alerts.',
  `${STANDS} and pollwatch.source.class: benign_scanner`,
  'not authorised by us',
);

const beyondTable: Panel = table(
  {
    id: 'scanners-beyond-table',
    title: 'Known scanners that do more than scan',
    description: 'Each source with what it did besides scanning. Units: alerts, severity from 0 to 99.',
    leadsTo: 'investigate',
  },
  {
    source: terms('source.ip', 'Source', { size: 25, by: 'severity', dataType: 'ip' }),
    claims: lastValue('pollwatch.source.claimed_as', 'Claims to be'),
    listed: lastValue('pollwatch.source.listed_as', 'Listed as'),
    authorized: lastValue('pollwatch.source.authorized_as', 'Authorised as'),
    detection: lastValue('rule.name', 'Latest detection'),
    outcome: lastValue('pollwatch.outcome', 'Outcome'),
    severity: max('event.severity', 'Severity, 0 to 99'),
    alerts: count('Alerts'),
  },
  { query: BEYOND },
);

const overTimeByClass: Panel = stackedAlerts(
  {
    id: 'scanners-time',
    title: 'Known scanners over time',
    description: 'Alerts of known and authorised scanners, and of all others. Unit: alerts.',
  },
  filters('Class', [
    { label: 'authorised by us', query: 'pollwatch.source.class: authorized' },
    { label: 'named by a list', query: 'pollwatch.source.class: benign_scanner' },
    { label: 'all others', query: `not ${KNOWN}` },
  ]),
  { colours: { 'authorised by us': '#33bbee', 'named by a list': '#ddaa33', 'all others': '#bbbbbb' } },
);

const severities: Panel = shares(
  {
    id: 'scanners-severity',
    title: 'Severity of their alerts',
    description: 'Severity of alerts of known and authorised scanners. Unit: alerts.',
  },
  terms('pollwatch.severity.label', 'Severity', { size: 5, by: 'alerts' }),
  { query: `${STANDS} and ${KNOWN}`, colours: SEVERITY_COLOURS },
);

const owners: Panel = table(
  {
    id: 'scanners-owners',
    title: 'Network owners of known scanners',
    description:
      'Who announces the addresses of known scanners, with what they came for. Units: alerts, addresses, detections.',
    leadsTo: 'investigate',
  },
  {
    owner: terms('source.as.organization.name', 'Network owner', { size: 25, by: 'alerts' }),
    class: lastValue('pollwatch.source.class', 'Class'),
    alerts: count('Alerts'),
    sources: uniqueCount('source.ip', 'Addresses'),
    detections: uniqueCount('event.code', 'Detections'),
    beyond: count('More than scanning', { only: MORE_THAN_SCANNING }),
  },
  { query: `${STANDS} and ${KNOWN}` },
);
