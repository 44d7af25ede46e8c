/**
 * What must hold of a file of saved objects before Kibana sees it, each as a function that says what is wrong. Facts about
 * keys, versions and references come from exports of Kibana 8.9 to 9 and from the schemas of its dashboards.
 */
import { lintWording } from '../../src/alerts/wording-linter.ts';
import { fieldsOfKql, parseKql } from './kql.ts';
import { controlsIn, panelsIn, type StoredObject, type StoredPanel } from './saved-file.ts';

/** Attributes that the first dashboard schema with controls allows; it forbids all others. */
const DASHBOARD_KEYS = [
  'title',
  'description',
  'hits',
  'version',
  'panelsJSON',
  'optionsJSON',
  'kibanaSavedObjectMeta',
  'timeRestore',
  'timeFrom',
  'timeTo',
  'refreshInterval',
  'controlGroupInput',
];
const CONTROL_KEYS = ['panelsJSON', 'controlStyle', 'chainingSystem', 'ignoreParentSettingsJSON'];
const VIEW_KEYS = [
  'title',
  'name',
  'timeFieldName',
  'sourceFilters',
  'fieldAttrs',
  'fieldFormatMap',
  'runtimeFieldMap',
  'fields',
  'allowNoIndex',
];
const SEARCH_KEYS = ['title', 'description', 'hits', 'version', 'columns', 'sort', 'kibanaSavedObjectMeta'];
const KEYS: Readonly<Record<string, readonly string[]>> = {
  dashboard: DASHBOARD_KEYS,
  search: SEARCH_KEYS,
  'index-pattern': VIEW_KEYS,
};
const TYPE_VERSIONS: Readonly<Record<string, string>> = {
  dashboard: '8.9.0',
  search: '8.0.0',
  'index-pattern': '8.0.0',
};
const COLUMN_KEYS = [
  'label',
  'customLabel',
  'dataType',
  'operationType',
  'sourceField',
  'isBucketed',
  'scale',
  'params',
  'filter',
  'reducedTimeRange',
];
/** Column types by the type of a field. */
const DATA_TYPES: Readonly<Record<string, readonly string[]>> = {
  keyword: ['string'],
  ip: ['ip'],
  date: ['date'],
  boolean: ['boolean'],
  long: ['number'],
  integer: ['number'],
  float: ['number'],
};
const UNITS = /\bUnits?: |words|ok, late|"none"|When a worker|Not who sent it/;

/** Keys, versions, ids, and texts that must be JSON. */
export function objectProblems(objects: readonly StoredObject[]): string[] {
  const wrong: string[] = [];
  const ids = new Set<string>();
  for (const { type, id, attributes, coreMigrationVersion, typeMigrationVersion } of objects) {
    if (ids.has(`${type}:${id}`)) wrong.push(`${type} ${id} stands there twice`);
    ids.add(`${type}:${id}`);
    if (coreMigrationVersion !== '8.8.0')
      wrong.push(`${id}: coreMigrationVersion ${coreMigrationVersion ?? 'is missing'}`);
    if (typeMigrationVersion === undefined || typeMigrationVersion !== TYPE_VERSIONS[type])
      wrong.push(`${id}: typeMigrationVersion ${typeMigrationVersion ?? 'is missing'}`);
    const keys = KEYS[type] ?? [];
    wrong.push(
      ...Object.keys(attributes)
        .filter((key) => !keys.includes(key))
        .map((key) => `${id} has ${key}`),
    );
    if (typeof attributes['title'] !== 'string' || attributes['title'] === '') wrong.push(`${id} has no title`);
    if (type !== 'dashboard') continue;
    const group = attributes['controlGroupInput'] as Record<string, string>;
    wrong.push(
      ...Object.keys(group)
        .filter((key) => !CONTROL_KEYS.includes(key))
        .map((key) => `${id}: controls have ${key}`),
    );
    const meta = attributes['kibanaSavedObjectMeta'] as { searchSourceJSON: unknown };
    const texts = {
      panelsJSON: attributes['panelsJSON'],
      optionsJSON: attributes['optionsJSON'],
      searchSourceJSON: meta.searchSourceJSON,
      controls: group['panelsJSON'],
      ignore: group['ignoreParentSettingsJSON'],
    };
    for (const [name, text] of Object.entries(texts)) if (!isJson(text)) wrong.push(`${id}: ${name} is no JSON text`);
    if (((attributes['description'] as string | undefined) ?? '') === '') wrong.push(`${id} has no description`);
  }
  return wrong;
}

function isJson(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Every reference leads to an object of the file, is used, and those of panels stand on their dashboard as well. */
export function referenceProblems(objects: readonly StoredObject[]): string[] {
  const there = new Set(objects.map(({ type, id }) => `${type}:${id}`));
  const wrong: string[] = [];
  for (const object of objects) {
    for (const { type, id, name } of object.references)
      if (!there.has(`${type}:${id}`)) wrong.push(`${object.id}: ${name} leads to ${type} ${id}, which is not there`);
    const names = object.references.map(({ name }) => name);
    if (new Set(names).size < names.length) wrong.push(`${object.id}: a reference stands there twice`);
    const used = new Set(controlsIn(object).map(({ id }) => `controlGroup_${id}:optionsListDataView`));
    const source = object.attributes['kibanaSavedObjectMeta'] as { searchSourceJSON: string } | undefined;
    const { indexRefName } = JSON.parse(source?.searchSourceJSON ?? '{}') as { indexRefName?: string };
    if (indexRefName !== undefined) used.add(indexRefName);
    for (const panel of panelsIn([object])) {
      for (const { name, id } of panel.references) {
        used.add(`${panel.id}:${name}`);
        const hoisted = object.references.find((reference) => reference.name === `${panel.id}:${name}`);
        if (hoisted?.id !== id) wrong.push(`${panel.id}: ${name} does not stand on the dashboard`);
      }
      for (const { id } of panel.layers)
        if (!panel.references.some(({ name }) => name === `indexpattern-datasource-layer-${id}`))
          wrong.push(`${panel.id}: layer ${id} has no data view`);
      for (const event of leadsOf(panel))
        used.add(`${panel.id}:drilldown:${event.action.factoryId}:${event.eventId}:dashboardId`);
      for (const link of panel.words.matchAll(/#\/view\/([a-z0-9-]+)|index:'([^']*)'/g))
        if (!there.has(`dashboard:${link[1] ?? ''}`) && !there.has(`index-pattern:${link[2] ?? ''}`))
          wrong.push(`${panel.id}: the link ${link[0]} leads nowhere`);
    }
    for (const name of used) if (!names.includes(name)) wrong.push(`${object.id}: the reference ${name} is missing`);
    for (const name of names) if (!used.has(name)) wrong.push(`${object.id}: nothing uses the reference ${name}`);
  }
  return wrong;
}

function leadsOf({ config }: StoredPanel): { eventId: string; action: { factoryId: string } }[] {
  const enhancements = config['enhancements'] as {
    dynamicActions?: { events: { eventId: string; action: { factoryId: string } }[] };
  };
  return enhancements.dynamicActions?.events ?? [];
}

/** Capabilities of a field, as `_field_caps` tells them. */
export type Capabilities = Readonly<
  Record<string, Readonly<Record<string, { aggregatable: boolean; searchable: boolean }>>>
>;

/** Every field is in the mapping, of the column's type, and can be aggregated or searched. */
export function fieldProblems(
  objects: readonly StoredObject[],
  capabilitiesOf: (pattern: string) => Capabilities,
): string[] {
  const patterns = new Map(
    objects.filter(({ type }) => type === 'index-pattern').map((o) => [o.id, String(o.attributes['title'])]),
  );
  const wrong: string[] = [];
  const check = (where: string, pattern: string, field: string, dataType: string | null) => {
    const found = Object.entries(capabilitiesOf(pattern)[field] ?? {});
    if (found.length !== 1) return wrong.push(`${where}: ${pattern} has ${found.length} fields ${field}`);
    const [type, { aggregatable, searchable }] = found[0]!;
    if (dataType === null ? !searchable : !aggregatable)
      wrong.push(`${where}: ${field} is not ${dataType === null ? 'searchable' : 'aggregatable'}`);
    if (dataType !== null && !(DATA_TYPES[type] ?? []).includes(dataType))
      wrong.push(`${where}: ${field} is ${type}, the column says ${dataType}`);
    return 0;
  };
  for (const object of objects)
    for (const { id, field, view } of controlsIn(object))
      check(
        `${object.id} ${id}`,
        patterns.get(view ?? '') ?? '',
        field,
        'string|ip'.includes('ip') && field === 'source.ip' ? 'ip' : 'string',
      );
  for (const panel of panelsIn(objects)) {
    if (panel.list !== null) {
      const { pattern, query, columns, sort } = panel.list;
      for (const field of columns)
        if (capabilitiesOf(pattern)[field] === undefined) wrong.push(`${panel.id}: ${pattern} has no field ${field}`);
      for (const [field] of sort) check(panel.id, pattern, field, typeOf(capabilitiesOf(pattern), field));
      for (const field of fieldsOfKql(parseKql(query))) check(panel.id, pattern, field, null);
    }
    for (const { pattern, query, columns } of panel.layers) {
      const queries = [query, ...Object.values(columns).map(({ filter }) => filter?.query ?? '')];
      for (const { params } of Object.values(columns))
        for (const f of (params['filters'] as { input: { query: string } }[]) ?? []) queries.push(f.input.query);
      for (const field of queries.flatMap((q) => fieldsOfKql(parseKql(q)))) check(panel.id, pattern, field, null);
      for (const { sourceField, dataType, operationType } of Object.values(columns)) {
        if (sourceField === undefined || sourceField === '___records___') continue;
        check(
          panel.id,
          pattern,
          sourceField,
          operationType === 'unique_count' ? typeOf(capabilitiesOf(pattern), sourceField) : dataType,
        );
      }
    }
  }
  return wrong;
}

/** A number of distinct values may be counted of any type. */
function typeOf(capabilities: Capabilities, field: string): string {
  return DATA_TYPES[Object.keys(capabilities[field] ?? {})[0] ?? '']?.[0] ?? 'unknown';
}

/** Columns and what is drawn of them are the same set, and every key is one that Lens knows. */
export function columnProblems(panels: readonly StoredPanel[]): string[] {
  const wrong: string[] = [];
  for (const panel of panels) {
    const drawn = new Set(textsIn(panel.visualization));
    for (const { id, columns, columnOrder } of panel.layers) {
      const names = Object.keys(columns);
      if ([...columnOrder].sort().join() !== [...names].sort().join())
        wrong.push(`${panel.id} ${id}: columnOrder is not its columns`);
      if (!drawn.has(id)) wrong.push(`${panel.id}: layer ${id} is not drawn`);
      for (const name of names) if (!drawn.has(name)) wrong.push(`${panel.id}: column ${name} is not drawn`);
      for (const [name, column] of Object.entries(columns)) {
        wrong.push(
          ...Object.keys(column)
            .filter((key) => !COLUMN_KEYS.includes(key))
            .map((key) => `${name} has ${key}`),
        );
        if (column.label === '') wrong.push(`${name} has no label`);
        const by = (column.params['orderBy'] as { columnId?: string } | undefined)?.columnId;
        if (by !== undefined && columns[by] === undefined)
          wrong.push(`${name} is ordered by ${by}, which is not there`);
        // it would be counted for every bucket, not only for those that are shown: 16 KB each
        if (by !== undefined && columns[by]?.operationType === 'unique_count')
          wrong.push(`${name} is ordered by distinct values`);
        if (by !== undefined && columns[by]?.operationType === 'last_value')
          wrong.push(`${name} is ordered by a last value`);
      }
      const firstMeasure = columnOrder.findIndex((name) => !columns[name]!.isBucketed);
      if (columnOrder.slice(firstMeasure).some((name) => columns[name]!.isBucketed))
        wrong.push(`${panel.id} ${id}: a measure stands before a bucket`);
    }
    const all = new Set(panel.layers.flatMap(({ id, columns }) => [id, ...Object.keys(columns)]));
    for (const name of accessorsIn(panel.visualization))
      if (!all.has(name)) wrong.push(`${panel.id} draws ${name}, which is no column`);
  }
  return wrong;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function accessorsIn(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return /accessor|columnId/i.test(key) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item) => accessorsIn(item, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    accessorsIn(item, /^(accessors|primaryGroups|metrics)$/.test(name) ? 'accessor' : name),
  );
}

/** Nothing overlaps, nothing is wider than the grid, and no row has a gap above it. */
export function gridProblems(panels: readonly StoredPanel[]): string[] {
  const wrong: string[] = [];
  for (const [i, a] of panels.entries()) {
    const { x, y, w, h } = a.grid;
    if (x < 0 || w < 1 || x + w > 48 || h < 3) wrong.push(`${a.id} does not fit: ${x}, ${w} wide`);
    if (a.grid.i !== a.id) wrong.push(`${a.id}: its place is called ${a.grid.i}`);
    for (const b of panels.slice(i + 1)) {
      if (a.dashboard !== b.dashboard) continue;
      const apart = x + w <= b.grid.x || b.grid.x + b.grid.w <= x || y + h <= b.grid.y || b.grid.y + b.grid.h <= y;
      if (!apart) wrong.push(`${a.id} overlaps ${b.id}`);
    }
  }
  return wrong;
}

/** Titles, descriptions with units, the wording of the house, and the caveat beside everything that names owners or places. */
export function wordProblems(panels: readonly StoredPanel[], caveat: string): string[] {
  const wrong: string[] = [];
  for (const panel of panels) {
    if (panel.title === '') wrong.push(`${panel.id} has no title`);
    const isWords = panel.shape === 'markdown';
    if (!isWords && panel.description.length < 20) wrong.push(`${panel.id} has no description`);
    if (!isWords && !UNITS.test(panel.description)) wrong.push(`${panel.id}: the description says no unit`);
    for (const text of [panel.title, panel.description, panel.words.replaceAll(caveat, '')])
      wrong.push(...lintWording(text).map((problem) => `${panel.id}: ${problem}`));
    const columns = panel.layers.flatMap((layer) => Object.values(layer.columns));
    const fields = columns.map(({ sourceField }) => sourceField ?? '');
    for (const { sourceField, params } of columns) {
      const format = (params['format'] as { id?: string } | undefined)?.id;
      // an axis has one unit; a number that stands alone has one that fits it
      if (panel.shape !== 'lnsXY' && sourceField?.endsWith('_s') === true && format !== 'duration')
        wrong.push(`${panel.id}: ${sourceField} is shown as so many seconds`);
    }
    const namesSomebody = fields.some((field) => /^source\.(as|geo)\.|^pollwatch\.source\.owner$/.test(field));
    const hasCaveat = panels.some((p) => p.dashboard === panel.dashboard && p.words.includes(caveat));
    if (namesSomebody && !hasCaveat) wrong.push(`${panel.id} names owners or places without the caveat`);
  }
  return wrong;
}

/** What Basic licences, closed networks and every distribution of the server can show. */
export function featureProblems(panels: readonly StoredPanel[], text: string): string[] {
  const wrong: string[] = [];
  for (const word of [
    'painless',
    'nested',
    'formula',
    'URL_DRILLDOWN',
    'ml_',
    'esql',
    'EMS_TMS',
    'static_value',
    'multi_terms',
  ])
    if (new RegExp(`\\b${word}(?![a-z])`, 'i').test(text)) wrong.push(`uses ${word}`);
  for (const panel of panels) {
    if (!['lnsXY', 'lnsDatatable', 'lnsMetric', 'lnsPie', 'search', 'markdown'].includes(panel.shape))
      wrong.push(`${panel.id} is a ${panel.shape}`);
    if (panel.type === 'map') wrong.push(`${panel.id} is a map`);
    if (/[\u{1F1E6}-\u{1F1FF}]/u.test(JSON.stringify(panel))) wrong.push(`${panel.id} has a flag`);
  }
  return wrong;
}
