/**
 * Columns of a Lens layer: what is counted, and by what it is split. One function for each operation that is used; only
 * such as Elasticsearch of every distribution can answer (no formula, no several fields in one bucket, no ES|QL).
 *   terms('source.as.organization.name', 'Network owner', { size: 10, by: 'alerts' })
 * Reference: https://www.elastic.co/docs/explore-analyze/visualize/lens
 */

/** How a number is shown, with its unit. */
export type Format = {
  readonly id: 'number' | 'bytes' | 'percent' | 'duration';
  readonly params: {
    readonly decimals: number;
    readonly suffix?: string;
    /** of a duration: what the field holds, and that it is shown in the unit that fits it */
    readonly fromUnit?: 'seconds';
    readonly toUnit?: 'humanizePrecise';
  };
};

/** A column as it stands in a saved object, but for the ids of others. */
export interface Column {
  readonly label: string;
  readonly customLabel: true;
  readonly dataType: 'number' | 'string' | 'date' | 'ip' | 'boolean';
  readonly operationType: Operation;
  readonly sourceField?: string;
  readonly isBucketed: boolean;
  readonly scale: 'ratio' | 'ordinal' | 'interval';
  readonly params: Readonly<Record<string, unknown>>;
  readonly filter?: { readonly language: 'kuery'; readonly query: string };
  /** the last part only of the time that is looked at: "1h", "1d", "7d" */
  readonly reducedTimeRange?: string;
}

/** Operations that are used; each has a translation that the tests run against Elasticsearch. */
export type Operation =
  | 'count'
  | 'sum'
  | 'max'
  | 'min'
  | 'median'
  | 'unique_count'
  | 'last_value'
  | 'terms'
  | 'date_histogram'
  | 'filters';

/** What any measure may say besides its field. */
export interface MeasureOptions {
  readonly unit?: string;
  readonly decimals?: number;
  readonly bytes?: boolean;
  /** the field holds seconds; shown as minutes, hours or days where they are many */
  readonly isDuration?: boolean;
  /** KQL: only documents that fit are counted */
  readonly only?: string;
  readonly lastly?: string;
  /** nothing found is 0, not a blank */
  readonly isZeroShown?: boolean;
}

/** Documents. */
export function count(label: string, options: MeasureOptions = {}): Column {
  return measure('count', '___records___', label, 'number', options);
}

export function sum(field: string, label: string, options: MeasureOptions = {}): Column {
  return measure('sum', field, label, 'number', options);
}

export function max(field: string, label: string, options: MeasureOptions = {}): Column {
  return measure('max', field, label, 'number', options);
}

export function median(field: string, label: string, options: MeasureOptions = {}): Column {
  return measure('median', field, label, 'number', options);
}

/** Distinct values; exact below three thousand, within a few percent above. */
export function uniqueCount(field: string, label: string, options: MeasureOptions = {}): Column {
  return measure('unique_count', field, label, 'number', options);
}

/** First or last instant of a date field. */
export function instant(operation: 'min' | 'max', field: string, label: string): Column {
  const { params: _, ...column } = measure(operation, field, label, 'date', {});
  return { ...column, params: { emptyAsNull: true } };
}

/** Value of the latest document that has one. */
export function lastValue(
  field: string,
  label: string,
  dataType: Column['dataType'] = 'string',
  options: MeasureOptions = {},
): Column {
  const column = measure('last_value', field, label, dataType, options);
  const only = options.only === undefined ? '' : `${options.only} and `;
  return {
    ...column,
    scale: dataType === 'number' ? 'ratio' : 'ordinal',
    filter: { language: 'kuery', query: `${only}${field}: *` },
    params: { ...formatOf(dataType, options), sortField: '@timestamp', showArrayValues: false },
  };
}

/** Most frequent values of a field, ordered by another column of the layer (its name), or by themselves. */
export function terms(
  field: string,
  label: string,
  options: {
    readonly size: number;
    readonly by?: string;
    readonly other?: boolean;
    /** a thousand from each index, for what is at the top of none of them; costly beside last values */
    readonly accurate?: boolean;
    readonly dataType?: 'string' | 'ip' | 'number' | 'boolean';
  },
): Column {
  const { size, by, other = false, accurate = false, dataType = 'string' } = options;
  return {
    label,
    customLabel: true,
    dataType,
    operationType: 'terms',
    sourceField: field,
    isBucketed: true,
    scale: 'ordinal',
    params: {
      size,
      // the layer puts the column's id here
      orderBy: by === undefined ? { type: 'alphabetical', fallback: true } : { type: 'column', columnId: by },
      orderDirection: by === undefined ? 'asc' : 'desc',
      otherBucket: other,
      missingBucket: false,
      accuracyMode: accurate,
      parentFormat: { id: 'terms' },
      include: [],
      exclude: [],
      includeIsRegex: false,
      excludeIsRegex: false,
    },
  };
}

/** Time, in steps that Kibana chooses by the time that is looked at. */
export function overTime(label = 'Time'): Column {
  return {
    label,
    customLabel: true,
    dataType: 'date',
    operationType: 'date_histogram',
    sourceField: '@timestamp',
    isBucketed: true,
    scale: 'interval',
    params: { interval: 'auto', includeEmptyRows: true, dropPartials: false },
  };
}

/** A bucket for each KQL, in this order. */
export function filters(label: string, parts: readonly { readonly label: string; readonly query: string }[]): Column {
  return {
    label,
    customLabel: true,
    dataType: 'string',
    operationType: 'filters',
    isBucketed: true,
    scale: 'ordinal',
    params: { filters: parts.map(({ label: name, query }) => ({ label: name, input: { language: 'kuery', query } })) },
  };
}

function measure(
  operationType: Operation,
  sourceField: string,
  label: string,
  dataType: Column['dataType'],
  options: MeasureOptions,
): Column {
  return {
    label,
    customLabel: true,
    dataType,
    operationType,
    sourceField,
    isBucketed: false,
    scale: 'ratio',
    params: { ...formatOf(dataType, options), emptyAsNull: options.isZeroShown !== true },
    ...(options.only === undefined ? {} : { filter: { language: 'kuery', query: options.only } }),
    ...(options.lastly === undefined ? {} : { reducedTimeRange: options.lastly }),
  };
}

function formatOf(
  dataType: Column['dataType'],
  { unit, decimals = 0, bytes = false, isDuration = false }: MeasureOptions,
): { format?: Format } {
  if (dataType !== 'number') return {};
  if (isDuration) {
    return { format: { id: 'duration', params: { decimals: 1, fromUnit: 'seconds', toUnit: 'humanizePrecise' } } };
  }
  const suffix = unit === undefined ? {} : { suffix: ` ${unit}` };
  return { format: { id: bytes ? 'bytes' : 'number', params: { decimals, ...suffix } } };
}
