/**
 * A file of saved objects as its text says it, read back without the code that made it: objects, panels with their place,
 * and the layers of charts with columns, query and data view. Text in, records out; throws where text is not what Kibana
 * could read at all.
 */

export interface StoredObject {
  readonly type: string;
  readonly id: string;
  readonly attributes: Record<string, unknown>;
  readonly references: { type: string; id: string; name: string }[];
  readonly coreMigrationVersion?: string;
  readonly typeMigrationVersion?: string;
  readonly managed?: boolean;
}

export interface StoredColumn {
  label: string;
  dataType: string;
  operationType: string;
  sourceField?: string;
  isBucketed: boolean;
  scale: string;
  params: Record<string, unknown>;
  filter?: { language: string; query: string };
  reducedTimeRange?: string;
}

export interface StoredLayer {
  readonly id: string;
  /** index pattern that the layer's data view has */
  readonly pattern: string;
  readonly query: string;
  readonly columns: Record<string, StoredColumn>;
  readonly columnOrder: readonly string[];
}

/** A list of documents: a saved search. */
export interface StoredList {
  readonly pattern: string;
  readonly query: string;
  readonly columns: readonly string[];
  readonly sort: readonly (readonly [field: string, order: 'asc' | 'desc'])[];
}

export interface StoredPanel {
  readonly dashboard: string;
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly grid: { x: number; y: number; w: number; h: number; i: string };
  /** lnsXY, lnsDatatable, lnsMetric, lnsPie, search, or markdown */
  readonly shape: string;
  readonly description: string;
  readonly words: string;
  readonly layers: readonly StoredLayer[];
  /** null where it is a chart or words */
  readonly list: StoredList | null;
  readonly visualization: Record<string, unknown>;
  readonly references: readonly { type: string; id: string; name: string }[];
  readonly config: Record<string, unknown>;
}

/** Objects of a file's text, a line each. */
export function objectsIn(text: string): StoredObject[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StoredObject);
}

interface LensAttributes {
  visualizationType: string;
  description: string;
  references: { type: string; id: string; name: string }[];
  state: {
    query: { query: string };
    visualization: Record<string, unknown>;
    datasourceStates: {
      formBased: { layers: Record<string, { columns: Record<string, StoredColumn>; columnOrder: string[] }> };
    };
  };
}

/** Panels of all dashboards among the objects. */
export function panelsIn(objects: readonly StoredObject[]): StoredPanel[] {
  const patterns = new Map(
    objects
      .filter(({ type }) => type === 'index-pattern')
      .map(({ id, attributes }) => [id, String(attributes['title'])]),
  );
  const searches = new Map(objects.filter(({ type }) => type === 'search').map((object) => [object.id, object]));
  return objects
    .filter(({ type }) => type === 'dashboard')
    .flatMap(({ id: dashboard, attributes, references: hoisted }) =>
      (JSON.parse(String(attributes['panelsJSON'])) as Record<string, unknown>[]).map((panel): StoredPanel => {
        const config = panel['embeddableConfig'] as Record<string, unknown>;
        const id = String(panel['panelIndex']);
        const lens = config['attributes'] as LensAttributes | undefined;
        const saved = config['savedVis'] as { type: string; params: { markdown: string } } | undefined;
        const patternOf = (layer: string): string => {
          const name = `${id}:indexpattern-datasource-layer-${layer}`;
          return patterns.get(hoisted.find((reference) => reference.name === name)?.id ?? '') ?? '';
        };
        const refName = panel['panelRefName'];
        const search = hoisted.find(({ name }) => name === `${id}:${String(refName)}`);
        const listed = search === undefined ? undefined : searches.get(search.id);
        return {
          dashboard,
          id,
          title: String(panel['title']),
          type: String(panel['type']),
          grid: panel['gridData'] as StoredPanel['grid'],
          shape: lens?.visualizationType ?? saved?.type ?? String(panel['type']),
          description: lens?.description ?? (listed?.attributes['description'] as string | undefined) ?? '',
          words: saved?.params.markdown ?? '',
          layers: Object.entries(lens?.state.datasourceStates.formBased.layers ?? {}).map(([layer, stored]) => ({
            id: layer,
            pattern: patternOf(layer),
            query: lens?.state.query.query ?? '',
            columns: stored.columns,
            columnOrder: stored.columnOrder,
          })),
          list: listed === undefined ? null : listOf(listed, patterns),
          visualization: lens?.state.visualization ?? {},
          references: lens?.references ?? (search === undefined ? [] : [{ ...search, name: String(refName) }]),
          config,
        };
      }),
    );
}

function listOf({ attributes, references }: StoredObject, patterns: ReadonlyMap<string, string>): StoredList {
  const meta = attributes['kibanaSavedObjectMeta'] as { searchSourceJSON: string };
  const source = JSON.parse(meta.searchSourceJSON) as { query: { query: string }; indexRefName: string };
  return {
    pattern: patterns.get(references.find(({ name }) => name === source.indexRefName)?.id ?? '') ?? '',
    query: source.query.query,
    columns: attributes['columns'] as StoredList['columns'],
    sort: attributes['sort'] as StoredList['sort'],
  };
}

/** Controls of a dashboard: id, field and the data view that its reference names. */
export function controlsIn(
  object: StoredObject,
): { id: string; field: string; title: string; view: string | undefined }[] {
  const group = object.attributes['controlGroupInput'] as { panelsJSON: string } | undefined;
  const panels = JSON.parse(group?.panelsJSON ?? '{}') as Record<
    string,
    { explicitInput: { fieldName: string; title: string } }
  >;
  return Object.entries(panels).map(([id, { explicitInput }]) => ({
    id,
    field: explicitInput.fieldName,
    title: explicitInput.title,
    view: object.references.find(({ name }) => name === `controlGroup_${id}:optionsListDataView`)?.id,
  }));
}
