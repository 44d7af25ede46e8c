/**
 * The state of a panel as Kibana stores it: of charts that of Lens, by value; of a list of documents a saved search.
 */
import type { Column } from './columns.ts';
import { type Scope, scopeId, viewId } from './data-views.ts';
import { colourMapping, PHASE_COLOUR, PLAIN } from './palette.ts';
import type { DocumentList, Layer, Panel, Said } from './panels.ts';
import { type Reference, type SavedObject, savedObject } from './saved-object.ts';

/** A part of the state of a panel with the references that it needs. */
interface Made {
  readonly type: 'lens' | 'visualization' | 'search';
  readonly config: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
}

/** The panel as it is stored, with references by their inner names. */
export function panelState(panel: Panel, scope: Scope): Made {
  if (panel.kind === 'words') {
    const params = { fontSize: 12, openLinksInNewTab: false, markdown: panel.words };
    const data = { aggs: [], searchSource: {} };
    return {
      type: 'visualization',
      config: { savedVis: { type: 'markdown', title: panel.title, description: '', params, uiState: {}, data } },
      references: [],
    };
  }
  if (panel.kind === 'documents') {
    const reference: Reference = { type: 'search', id: searchId(scope, panel.id), name: `panel_${panel.id}` };
    return { type: 'search', config: { description: panel.description }, references: [reference] };
  }
  const layers = panel.kind === 'xy' ? panel.layers : [panel.layer];
  const ids = layers.map((_, i) => `${panel.id}-${i + 1}`);
  const references = layers.map(
    ({ view }, i): Reference => ({
      type: 'index-pattern',
      id: viewId(scope, view),
      name: `indexpattern-datasource-layer-${ids[i]!}`,
    }),
  );
  const shading = panel.kind === 'xy' && panel.hasWindows === true ? shadedWindows(panel.id, scope) : null;
  // Lens has one query for all layers: where they differ, each measure carries that of its layer
  const all = panel.kind === 'xy' ? panel.query : undefined;
  const isOne = all === undefined && layers.length === 1;
  const query = all ?? (isOne ? (layers[0]!.query ?? '') : '');
  const state = {
    visualization: visualizationOf(panel, ids, shading),
    query: { query, language: 'kuery' },
    filters: [],
    datasourceStates: {
      formBased: {
        layers: Object.fromEntries(layers.map((layer, i) => [ids[i]!, layerState(layer, ids[i]!, !isOne)])),
      },
    },
    internalReferences: [],
    adHocDataViews: {},
  };
  const needed = shading === null ? references : [...references, shading.reference];
  const { title, description } = panel;
  return {
    type: 'lens',
    config: {
      attributes: { title, description, visualizationType: TYPES[panel.kind], type: 'lens', references: needed, state },
      description,
    },
    references: needed,
  };
}

/** Id of the saved search that a list of documents is. */
const searchId = (scope: Scope, panel: string): string => `${scopeId(scope)}-${panel}`;

/** The saved search of a list of documents: Kibana has no form of it by value that all versions read. */
export function savedSearch(panel: Said & DocumentList, scope: Scope): SavedObject {
  const indexRefName = 'kibanaSavedObjectMeta.searchSourceJSON.index';
  const source = { query: { query: panel.query, language: 'kuery' }, filter: [], highlightAll: true, version: true };
  return savedObject(
    'search',
    searchId(scope, panel.id),
    {
      title: `pollwatch: ${panel.title}`,
      description: panel.description,
      hits: 0,
      version: 1,
      columns: panel.columns,
      sort: panel.sortedBy.map((field) => [field, 'desc']),
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ ...source, indexRefName }) },
    },
    [{ type: 'index-pattern', id: viewId(scope, panel.view), name: indexRefName }],
  );
}

const TYPES = { xy: 'lnsXY', table: 'lnsDatatable', metric: 'lnsMetric', shares: 'lnsPie' } as const;

/** Id of a column: unique in its dashboard. */
const columnId = (layer: string, name: string): string => `${layer}-${name}`;

function layerState({ columns, query }: Layer, id: string, hasOwnQuery: boolean): object {
  const entries = Object.entries(columns).map(([name, column]): [string, Column] => {
    const orderBy = column.params['orderBy'] as { type: string; columnId?: string } | undefined;
    const params =
      orderBy?.columnId === undefined
        ? column.params
        : { ...column.params, orderBy: { ...orderBy, columnId: columnId(id, orderBy.columnId) } };
    const own =
      hasOwnQuery && !column.isBucketed ? [column.filter?.query, query].filter((q) => q !== undefined && q !== '') : [];
    const filter =
      own.length === 0
        ? {}
        : {
            filter: {
              language: 'kuery' as const,
              query: own.map((q) => (own.length > 1 ? `(${q})` : q)).join(' and '),
            },
          };
    return [columnId(id, name), { ...column, params, ...filter }];
  });
  return {
    columns: Object.fromEntries(entries),
    columnOrder: [...entries.filter(([, c]) => c.isBucketed), ...entries.filter(([, c]) => !c.isBucketed)].map(
      ([key]) => key,
    ),
    incompleteColumns: {},
    sampling: 1,
    ignoreGlobalFilters: false,
  };
}

function measuresOf({ columns }: Layer): string[] {
  return Object.keys(columns).filter((name) => !columns[name]!.isBucketed);
}

function visualizationOf(
  panel: Exclude<Panel, { kind: 'words' | 'documents' }>,
  ids: readonly string[],
  shading: ReturnType<typeof shadedWindows>,
): object {
  const id = ids[0]!;
  if (panel.kind === 'metric') {
    const [measure] = measuresOf(panel.layer);
    return {
      layerId: id,
      layerType: 'data',
      metricAccessor: columnId(id, measure!),
      subtitle: panel.subtitle,
      ...(panel.breakdown === undefined
        ? { color: panel.colour ?? PLAIN }
        : { breakdownByAccessor: columnId(id, panel.breakdown), maxCols: 5 }),
    };
  }
  if (panel.kind === 'table') {
    return {
      layerId: id,
      layerType: 'data',
      columns: Object.entries(panel.layer.columns).map(([name, column]) => ({
        columnId: columnId(id, name),
        isTransposed: false,
        isMetric: !column.isBucketed,
      })),
      paging: { size: panel.rows ?? 10, enabled: true },
    };
  }
  if (panel.kind === 'shares') {
    return {
      shape: 'donut',
      layers: [
        {
          layerId: id,
          layerType: 'data',
          primaryGroups: [columnId(id, panel.by)],
          metrics: measuresOf(panel.layer).map((name) => columnId(id, name)),
          numberDisplay: 'value',
          categoryDisplay: 'default',
          legendDisplay: 'show',
          nestedLegend: false,
          ...colourMapping(panel.colours),
        },
      ],
    };
  }
  return xyState(panel, ids, shading);
}

function xyState(
  panel: Extract<Panel, { kind: 'xy' }>,
  ids: readonly string[],
  shading: ReturnType<typeof shadedWindows>,
): object {
  return {
    title: panel.title,
    legend: { isVisible: true, position: 'bottom', showSingleSeries: true, legendSize: 'auto', shouldTruncate: true },
    valueLabels: panel.layers.every(({ type }) => type.startsWith('bar_horizontal')) ? 'show' : 'hide',
    fittingFunction: 'None',
    axisTitlesVisibilitySettings: { x: panel.xTitle !== undefined, yLeft: true, yRight: true },
    ...(panel.xTitle === undefined ? {} : { xTitle: panel.xTitle }),
    yTitle: panel.yTitle,
    yLeftScale: panel.isLogarithmic === true ? 'log' : 'linear',
    preferredSeriesType: panel.layers[0]!.type,
    layers: [
      ...panel.layers.map((layer, i) => ({
        layerId: ids[i]!,
        layerType: 'data',
        seriesType: layer.type,
        accessors: measuresOf(layer).map((name) => columnId(ids[i]!, name)),
        ...(layer.x === undefined ? {} : { xAccessor: columnId(ids[i]!, layer.x) }),
        ...(layer.split === undefined ? {} : { splitAccessor: columnId(ids[i]!, layer.split) }),
        ...(layer.split === undefined ? {} : colourMapping(layer.colours)),
        yConfig: measuresOf(layer).map((name) => ({
          forAccessor: columnId(ids[i]!, name),
          axisMode: 'left',
          ...(layer.split === undefined ? { color: layer.measureColours?.[name] ?? PLAIN } : {}),
        })),
        position: 'top',
        showGridlines: false,
      })),
      ...(shading === null ? [] : [shading.layer]),
    ],
  };
}

/** A layer with a range for each window, and the reference that such a layer needs; null without windows. */
function shadedWindows(panel: string, scope: Scope): { layer: object; reference: Reference } | null {
  if (scope.windows.length === 0) return null;
  const layerId = `${panel}-windows`;
  return {
    layer: {
      layerId,
      layerType: 'annotations',
      persistanceType: 'byValue',
      ignoreGlobalFilters: true,
      annotations: scope.windows.map(({ label, fromMs, toMs }, i) => ({
        id: `${layerId}-${i + 1}`,
        type: 'manual',
        label,
        key: { type: 'range', timestamp: new Date(fromMs).toISOString(), endTimestamp: new Date(toMs).toISOString() },
        color: PHASE_COLOUR,
        outside: false,
        isHidden: false,
      })),
    },
    reference: { type: 'index-pattern', id: viewId(scope, 'alerts'), name: `xy-visualization-layer-${layerId}` },
  };
}
