/**
 * The part of Overview that says from whose networks alerts come, whether their sources come back, where data sets place
 * them (for the state only), and what answered them.
 */
import { KNOWN, stackedAlerts, table } from './alert-charts.ts';
import { count, filters, terms, uniqueCount } from './columns.ts';
import { type Row, row } from './dashboard.ts';
import type { Scope } from './data-views.ts';
import { OUTCOME_COLOURS } from './palette.ts';
import type { Panel } from './panels.ts';
import { caveat } from './words.ts';

/** The rows; an office does not group its alerts by places. */
export function sourceRows(scope: Scope): Row[] {
  return [
    row(13, [24, owners], [8, caveat('overview-caveat')], [16, returning]),
    scope.organization === null
      ? row(12, [24, countries], [8, caveat('overview-caveat-places')], [16, outcomes])
      : row(12, [48, outcomes]),
  ];
}

const owners: Panel = table(
  {
    id: 'overview-owners',
    title: 'Network owners with the most alerts',
    description:
      'Who announces the networks that the traffic came from, and how many alerts are about scanners that a list or the office names. Not who sent it: see the note. Units: alerts, addresses.',
    leadsTo: 'investigate',
  },
  {
    owner: terms('source.as.organization.name', 'Network owner', { size: 15, by: 'alerts' }),
    alerts: count('Alerts'),
    sources: uniqueCount('source.ip', 'Addresses'),
    severe: count('High or critical', { only: 'event.severity >= 73' }),
    known: count('Of known scanners', { only: KNOWN }),
  },
);

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

const countries: Panel = table(
  {
    id: 'overview-countries',
    title: 'Where data sets place the addresses',
    description:
      'Countries in which a data set places the source addresses. A label, never a reason for severity: see the note. Units: alerts, addresses.',
    leadsTo: 'investigate',
  },
  {
    country: terms('source.geo.country_name', 'Placed in', { size: 15, by: 'alerts' }),
    alerts: count('Alerts'),
    sources: uniqueCount('source.ip', 'Addresses'),
    owners: uniqueCount('source.as.number', 'Network owners'),
  },
);

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
