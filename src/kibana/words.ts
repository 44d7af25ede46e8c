/**
 * The words on dashboards that are not a panel's own: where to go next, the caveat that stands wherever an owner or a
 * place is shown, and how to read one alert. Links are relative, so that they hold behind any address and in any space.
 */
import { CAVEAT } from '../alerts/caveat.ts';
import { dashboardId } from './dashboard.ts';
import { type Scope, type View, viewId } from './data-views.ts';
import type { DashboardName, Panel } from './panels.ts';

const TITLES: Readonly<Record<DashboardName, string>> = {
  overview: 'Overview',
  investigate: 'Investigate',
  scanners: 'Known and authorised scanners',
  state: 'State view',
  health: 'Pipeline health',
};

/** Names of the dashboards of a scope, in their order. Only the state compares organisations. */
export function namesOf(scope: Scope): DashboardName[] {
  const all: DashboardName[] = ['overview', 'investigate', 'scanners', 'state', 'health'];
  return scope.organization === null ? all : all.filter((name) => name !== 'state');
}

/** The first panel of every dashboard: links to the others, and one sentence. */
export function navigation(scope: Scope, here: DashboardName, sentence: string): Panel {
  const links = namesOf(scope).map((name) =>
    name === here ? `**${TITLES[name]}**` : `[${TITLES[name]}](#/view/${dashboardId(scope, name)})`,
  );
  return {
    kind: 'words',
    id: `${here}-navigation`,
    title: 'Where to look',
    words: `${links.join(' · ')}\n\n${sentence}`,
  };
}

/** Stands beside every panel that names owners or places. */
export function caveat(id: string): Panel {
  return { kind: 'words', id, title: 'What a network owner tells', words: `**Network owner and place**\n\n${CAVEAT}` };
}

/** Address of a list of documents in Discover, relative to a dashboard. */
export function discoverLink(scope: Scope, view: View, columns: readonly string[]): string {
  return `discover#/?_a=(columns:!(${columns.join(',')}),index:'${viewId(scope, view)}',sort:!(!('@timestamp',desc)))`;
}
