/**
 * A dashboard: rows of panels on Kibana's grid of 48 columns, controls above them, and the saved object that holds both.
 * Attributes are those of the first schema that knows controls (8.9 forbids others); what Kibana wants as text is text.
 */
import { type Scope, scopeId, type View, viewId } from './data-views.ts';
import { panelState } from './panel-state.ts';
import type { DashboardName, Panel } from './panels.ts';
import { type Reference, type SavedObject, savedObject } from './saved-object.ts';

/** How a click on a value leads to another dashboard. */
const LEAD = 'DASHBOARD_TO_DASHBOARD_DRILLDOWN';

/** A row: its height in grid units, and its panels with their widths. */
export interface Row {
  readonly height: number;
  readonly panels: readonly { readonly width: number; readonly panel: Panel }[];
}

/** A control above the panels: a list of the values of a field. */
export interface Control {
  readonly id: string;
  readonly title: string;
  readonly view: View;
  readonly field: string;
}

export interface Dashboard {
  readonly name: DashboardName;
  readonly title: string;
  readonly description: string;
  readonly controls: readonly Control[];
  readonly rows: readonly Row[];
  /** start of the time that is looked at */
  readonly from: string;
}

/** Id of a dashboard. */
export function dashboardId(scope: Scope, name: DashboardName): string {
  return `${scopeId(scope)}-${name}`;
}

/** A row. */
export function row(height: number, ...panels: [width: number, panel: Panel][]): Row {
  return { height, panels: panels.map(([width, panel]) => ({ width, panel })) };
}

/** The saved object of a dashboard. */
export function dashboardObject(dashboard: Dashboard, scope: Scope): SavedObject {
  const references: Reference[] = [];
  const panels: object[] = [];
  let y = 0;
  for (const { height, panels: parts } of dashboard.rows) {
    let x = 0;
    for (const { width, panel } of parts) {
      const made = panelState(panel, scope);
      const lead = leadOf(panel, scope);
      for (const reference of [...made.references, ...lead.references])
        references.push({ ...reference, name: `${panel.id}:${reference.name}` });
      panels.push({
        type: made.type,
        panelIndex: panel.id,
        gridData: { x, y, w: width, h: height, i: panel.id },
        title: panel.title,
        ...(made.type === 'search' ? { panelRefName: `panel_${panel.id}` } : {}),
        embeddableConfig: {
          ...made.config,
          ...(panel.kind === 'words' || panel.from === undefined ? {} : { timeRange: { from: panel.from, to: 'now' } }),
          hidePanelTitles: panel.kind === 'words',
          enhancements: lead.enhancements,
        },
      });
      x += width;
    }
    y += height;
  }
  const controls = controlGroup(dashboard.controls, scope);
  const name = scope.organization === null ? '' : `, ${scope.organization.name}`;
  return savedObject(
    'dashboard',
    dashboardId(scope, dashboard.name),
    {
      title: `pollwatch: ${dashboard.title}${name}`,
      description: dashboard.description,
      hits: 0,
      version: 1,
      panelsJSON: JSON.stringify(panels),
      optionsJSON: JSON.stringify({
        useMargins: true,
        syncColors: true,
        syncCursor: true,
        syncTooltips: false,
        hidePanelTitles: false,
      }),
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
      },
      timeRestore: true,
      timeFrom: dashboard.from,
      timeTo: 'now',
      refreshInterval: { pause: true, value: 60_000 },
      controlGroupInput: controls.input,
    },
    [...references, ...controls.references],
  );
}

function leadOf(panel: Panel, scope: Scope): { enhancements: object; references: Reference[] } {
  if (panel.kind === 'words' || panel.leadsTo === undefined) return { enhancements: {}, references: [] };
  const eventId = `${panel.id}-lead`;
  const action = {
    factoryId: LEAD,
    name: `Look at it in ${panel.leadsTo}`,
    config: { useCurrentFilters: true, useCurrentDateRange: true, openInNewTab: false },
  };
  return {
    enhancements: { dynamicActions: { events: [{ eventId, triggers: ['FILTER_TRIGGER'], action }] } },
    references: [
      { type: 'dashboard', id: dashboardId(scope, panel.leadsTo), name: `drilldown:${LEAD}:${eventId}:dashboardId` },
    ],
  };
}

function controlGroup(controls: readonly Control[], scope: Scope): { input: object; references: Reference[] } {
  const panels = Object.fromEntries(
    controls.map(({ id, title, field }, order) => [
      id,
      {
        type: 'optionsListControl',
        order,
        width: 'medium',
        grow: true,
        explicitInput: { id, fieldName: field, title, selectedOptions: [], singleSelect: false, enhancements: {} },
      },
    ]),
  );
  const no = { ignoreFilters: false, ignoreQuery: false, ignoreTimerange: false, ignoreValidations: false };
  return {
    input: {
      controlStyle: 'oneLine',
      chainingSystem: 'HIERARCHICAL',
      ignoreParentSettingsJSON: JSON.stringify(no),
      panelsJSON: JSON.stringify(panels),
    },
    references: controls.map(({ id, view }) => ({
      type: 'index-pattern',
      id: viewId(scope, view),
      name: `controlGroup_${id}:optionsListDataView`,
    })),
  };
}
