/**
 * The dashboards, in the order in which people read them, and all saved objects of a scope. A file of them can be imported
 * by hand; `pollwatch setup kibana` imports them for each organisation into a space of its own.
 */
import { type Dashboard, dashboardObject } from './dashboard.ts';
import { dataViews, type Scope } from './data-views.ts';
import { investigate } from './investigate.ts';
import { overview } from './overview.ts';
import { savedSearch } from './panel-state.ts';
import type { DashboardName } from './panels.ts';
import { pipelineHealth } from './pipeline-health.ts';
import type { SavedObject } from './saved-object.ts';
import { scanners } from './scanners.ts';
import { stateView } from './state-view.ts';
import { namesOf } from './words.ts';

const MAKE: Readonly<Record<DashboardName, (scope: Scope) => Dashboard>> = {
  overview,
  investigate,
  scanners,
  state: stateView,
  health: pipelineHealth,
};

/** All organisations, as the shipped files have it. */
export const EVERYBODY: Scope = { prefix: 'pollwatch', organization: null, windows: [] };

/** The dashboards of a scope. */
function dashboards(scope: Scope): Dashboard[] {
  return namesOf(scope).map((name) => MAKE[name](scope));
}

/** Data views, saved searches and dashboards of a scope, in the order in which they refer to each other. */
export function savedObjects(scope: Scope): SavedObject[] {
  const all = dashboards(scope);
  const panels = all.flatMap(({ rows }) => rows.flatMap((row) => row.panels.map(({ panel }) => panel)));
  return [
    ...dataViews(scope),
    ...panels.flatMap((panel) => (panel.kind === 'documents' ? [savedSearch(panel, scope)] : [])),
    ...all.map((dashboard) => dashboardObject(dashboard, scope)),
  ];
}
