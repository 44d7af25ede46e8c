/**
 * Charts of a preview as SVG: stacked bars, lines and areas over time, horizontal bars, shares of a whole. Colours are
 * those that the saved object names, else those of Kibana's palette for all kinds of colour vision.
 */
import type { Row } from './lens-aggregations.ts';
import { safe } from './preview-page.ts';
import type { StoredLayer, StoredPanel } from './saved-file.ts';

export type Theme = 'light' | 'dark';

/** What is drawn, and how large, px. */
export interface Drawn {
  readonly panel: StoredPanel;
  readonly rows: readonly (readonly Row[])[];
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

const PALETTE = [
  '#6092c0',
  '#d6bf57',
  '#9170b8',
  '#54b399',
  '#da8b45',
  '#ca8eae',
  '#b9a888',
  '#aa6556',
  '#e7664c',
  '#d36086',
];
/** Height of a legend of a few names, px. */
const LEGEND_PX = 34;
const AXIS = { left: 44, bottom: 20, top: 6, right: 8 };

interface DataLayer {
  layerId: string;
  layerType: string;
  seriesType: string;
  xAccessor?: string;
  splitAccessor?: string;
  accessors: string[];
  yConfig?: { forAccessor: string; color?: string }[];
  colorMapping?: Mapping;
  annotations?: { label: string; color: string; key: { timestamp: string; endTimestamp: string } }[];
}
interface Mapping {
  assignments: { rule: { values: string[] }; color: { colorCode: string } }[];
}

/** A series: its name, colour, and value by place along the axis. */
interface Series {
  readonly name: string;
  readonly colour: string;
  readonly type: string;
  readonly values: Map<string | number, number>;
}

const mapped = (mapping: Mapping | undefined, name: string): string | undefined =>
  mapping?.assignments.find(({ rule }) => rule.values.includes(name))?.color.colorCode;

function seriesOf({ panel, rows }: Drawn): Series[] {
  const layers = (panel.visualization['layers'] as DataLayer[]).filter(({ layerType }) => layerType === 'data');
  const series = new Map<string, Series>();
  for (const [i, { seriesType, splitAccessor, accessors, yConfig, colorMapping, xAccessor }] of layers.entries()) {
    const layer: StoredLayer = panel.layers[i]!;
    const buckets = layer.columnOrder.filter((id) => layer.columns[id]!.isBucketed);
    for (const { keys, values } of rows[i] ?? []) {
      for (const accessor of accessors) {
        const label = layer.columns[accessor]!.label;
        const name = splitAccessor === undefined ? label : String(keys[buckets.indexOf(splitAccessor)]);
        const x = xAccessor === undefined ? label : keys[buckets.indexOf(xAccessor)]!;
        const own = yConfig?.find(({ forAccessor }) => forAccessor === accessor)?.color;
        const colour = splitAccessor === undefined ? own : mapped(colorMapping, name);
        const known = series.get(`${i} ${name}`) ?? {
          name,
          colour: colour ?? PALETTE[series.size % PALETTE.length]!,
          type: seriesType,
          values: new Map(),
        };
        known.values.set(x, (known.values.get(x) ?? 0) + Number(values[accessor] ?? 0));
        series.set(`${i} ${name}`, known);
      }
    }
  }
  return [...series.values()];
}

function legend(series: readonly Pick<Series, 'name' | 'colour'>[]): string {
  const items = series
    .slice(0, 12)
    .map(({ name, colour }) => `<span><i style="background:${colour}"></i>${safe(name)}</span>`);
  return `<div class="legend">${items.join('')}</div>`;
}

/** Rows that a legend takes, px being guessed from the letters. */
function legendRows(series: readonly Pick<Series, 'name'>[], width: number): number {
  let [rows, x] = [1, 0];
  for (const { name } of series.slice(0, 12)) {
    const px = name.length * 6.5 + 27;
    if (x + px > width) [rows, x] = [rows + 1, 0];
    x += px;
  }
  return rows;
}

/** Bars that are stacked, lines and areas, along time. */
export function overTimeChart(drawn: Drawn): string {
  const { width, height, panel } = drawn;
  const series = seriesOf(drawn);
  const legendPx = Math.max(LEGEND_PX, legendRows(series, width) * 18 + 4);
  const isLog = panel.visualization['yLeftScale'] === 'log';
  const times = [...new Set(series.flatMap(({ values }) => [...values.keys()].map(Number)))].sort((a, b) => a - b);
  const step = Math.min(...times.slice(1).map((t, i) => t - times[i]!), 86_400_000);
  const [from, to] = [times[0]!, times.at(-1)! + step];
  const stacked = series.filter(({ type }) => type.includes('stacked'));
  const totals = times.map((t) => stacked.reduce((sum, { values }) => sum + (values.get(t) ?? 0), 0));
  const highest = Math.max(
    1,
    ...totals,
    ...series.filter((s) => !stacked.includes(s)).flatMap(({ values }) => [...values.values()]),
  );
  const plot = { w: width - AXIS.left - AXIS.right, h: height - legendPx - AXIS.top - AXIS.bottom };
  const x = (t: number) => AXIS.left + ((t - from) / (to - from)) * plot.w;
  const scaled = (v: number) => (isLog ? Math.log10(v + 1) / Math.log10(highest + 1) : v / highest);
  const y = (v: number) => AXIS.top + plot.h * (1 - scaled(v));
  const parts = [...windows(panel, from, to, x, plot.h), ...grid(highest, isLog, y, width)];
  for (const { type, colour, values } of series) {
    const points = times.filter((t) => values.has(t)).map((t) => [x(t + step / 2), y(values.get(t)!)] as const);
    const line = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
    if (type === 'line') parts.push(`<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="1.8"/>`);
    if (type === 'area' && points.length > 0) {
      const base = AXIS.top + plot.h;
      parts.push(
        `<polygon points="${points[0]![0].toFixed(1)},${base} ${line} ${points.at(-1)![0].toFixed(1)},${base}" fill="${colour}" fill-opacity="0.45"/>`,
      );
    }
  }
  for (const t of times) {
    let sum = 0;
    for (const { colour, values } of stacked) {
      const value = values.get(t) ?? 0;
      if (value === 0) continue;
      const top = y(sum + value);
      parts.push(
        `<rect x="${(x(t) + 1).toFixed(1)}" y="${top.toFixed(1)}" width="${Math.max(1, x(t + step) - x(t) - 2).toFixed(1)}" height="${(y(sum) - top).toFixed(1)}" fill="${colour}"/>`,
      );
      sum += value;
    }
  }
  parts.push(...timeLabels(from, to, x, AXIS.top + plot.h + 14));
  return `<svg width="${width}" height="${height - legendPx}">${parts.join('')}</svg>${legend(series)}`;
}

function windows(panel: StoredPanel, from: number, to: number, x: (t: number) => number, h: number): string[] {
  const layers = (panel.visualization['layers'] as DataLayer[]).filter(({ layerType }) => layerType === 'annotations');
  return layers.flatMap(({ annotations = [] }) =>
    annotations.flatMap(({ label, color, key }, i) => {
      const a = Math.max(from, Date.parse(key.timestamp));
      const b = Math.min(to, Date.parse(key.endTimestamp));
      if (a >= b) return [];
      return [
        `<rect x="${x(a).toFixed(1)}" y="${AXIS.top}" width="${(x(b) - x(a)).toFixed(1)}" height="${h}" fill="${color}" fill-opacity="0.22"/>`,
        `<text class="soft" x="${(x(a) + 4).toFixed(1)}" y="${AXIS.top + 11 + i * 12}">${safe(label)}</text>`,
      ];
    }),
  );
}

function grid(highest: number, isLog: boolean, y: (v: number) => number, width: number): string[] {
  const step = 10 ** Math.floor(Math.log10(highest));
  const even = [step, step / 2, step / 5].find((s) => highest / s >= 3) ?? step / 5;
  const marks = isLog
    ? Array.from({ length: Math.floor(Math.log10(highest)) + 1 }, (_, i) => 10 ** i)
    : Array.from({ length: Math.floor(highest / even) + 1 }, (_, i) => i * even);
  return marks.map(
    (v) =>
      `<line class="grid" x1="${AXIS.left}" x2="${width - AXIS.right}" y1="${y(v).toFixed(1)}" y2="${y(v).toFixed(1)}"/><text class="soft" x="${AXIS.left - 5}" y="${(y(v) + 4).toFixed(1)}" text-anchor="end">${short(v)}</text>`,
  );
}

const short = (v: number): string => {
  const [scaled, unit] = v >= 1e6 ? [v / 1e6, 'M'] : v >= 1000 ? [v / 1000, 'k'] : [v, ''];
  return `${Number(scaled.toPrecision(3))}${unit}`;
};

function timeLabels(from: number, to: number, x: (t: number) => number, y: number): string[] {
  const count = 6;
  return Array.from({ length: count }, (_, i) => from + ((to - from) * (i + 0.5)) / count).map((t) => {
    const iso = new Date(t).toISOString();
    const text = to - from > 2 * 86_400_000 ? iso.slice(5, 10) : iso.slice(11, 16);
    return `<text class="soft" x="${x(t).toFixed(1)}" y="${y}" text-anchor="middle">${text}</text>`;
  });
}

/** Horizontal bars: values of a field, stacked by another, or several measures beside each other. */
export function horizontalBars(drawn: Drawn): string {
  const { width, height, panel } = drawn;
  const series = seriesOf(drawn);
  const isLog = panel.visualization['yLeftScale'] === 'log';
  const all = [...new Set(series.flatMap(({ values }) => [...values.keys()]))];
  const totals = new Map(
    all.map((name) => [name, series.reduce((sum, { values }) => sum + (values.get(name) ?? 0), 0)]),
  );
  const isSplit = (panel.visualization['layers'] as DataLayer[])[0]!.splitAccessor !== undefined;
  if (isSplit) all.sort((a, b) => totals.get(b)! - totals.get(a)!);
  const names = all.slice(0, Math.floor((height - LEGEND_PX) / 17));
  const highest = Math.max(1, ...totals.values());
  const labels = Math.min(width * 0.42, Math.max(...names.map((name) => String(name).length)) * 6.4 + 10);
  const plot = width - labels - 52;
  const thick = Math.min(30, (height - LEGEND_PX) / names.length);
  const scaled = (v: number) => (isLog ? Math.log10(v + 1) / Math.log10(highest + 1) : v / highest) * plot;
  const parts = names.flatMap((name, i) => {
    const y = i * thick;
    let at = 0;
    const bars = series.map(({ colour, values }) => {
      const value = values.get(name) ?? 0;
      const [a, b] = [scaled(at), scaled(at + value)];
      at += value;
      return value === 0
        ? ''
        : `<rect x="${(labels + a).toFixed(1)}" y="${(y + 2).toFixed(1)}" width="${Math.max(1, b - a).toFixed(1)}" height="${Math.max(2, thick - 4).toFixed(1)}" fill="${colour}"/>`;
    });
    const total = totals.get(name)!;
    const most = Math.floor(labels / 6.2);
    const label = String(name).length > most ? `${String(name).slice(0, most - 1)}…` : String(name);
    return [
      `<text x="${labels - 6}" y="${(y + thick / 2 + 4).toFixed(1)}" text-anchor="end">${safe(label)}</text>`,
      ...bars,
      `<text class="soft" x="${(labels + scaled(total) + 5).toFixed(1)}" y="${(y + thick / 2 + 4).toFixed(1)}">${short(total)}</text>`,
    ];
  });
  return `<svg width="${width}" height="${height - LEGEND_PX}">${parts.join('')}</svg>${legend(series)}`;
}

/** Shares of a whole. */
export function donut({ panel, rows, width, height }: Drawn): string {
  const layer = panel.layers[0]!;
  const measure = layer.columnOrder.find((id) => !layer.columns[id]!.isBucketed)!;
  const mapping = (panel.visualization['layers'] as { colorMapping?: Mapping }[])[0]!.colorMapping;
  const parts = rows[0]!.map(({ keys, values }, i) => ({
    name: `${String(keys[0])}: ${Number(values[measure] ?? 0).toLocaleString('en')}`,
    value: Number(values[measure] ?? 0),
    colour: mapped(mapping, String(keys[0])) ?? PALETTE[i % PALETTE.length]!,
  }));
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const radius = Math.min(width, height - LEGEND_PX) / 2 - 8;
  let at = -Math.PI / 2;
  const rings = parts.map(({ value, colour }) => {
    const turn = Math.min((value / total) * 2 * Math.PI, 2 * Math.PI - 1e-3);
    const [a, b] = [at, at + turn];
    at = b;
    const point = (angle: number, r: number) =>
      `${(r * Math.cos(angle)).toFixed(1)} ${(r * Math.sin(angle)).toFixed(1)}`;
    const large = turn > Math.PI ? 1 : 0;
    const inner = radius * 0.55;
    return `<path d="M ${point(a, radius)} A ${radius} ${radius} 0 ${large} 1 ${point(b, radius)} L ${point(b, inner)} A ${inner} ${inner} 0 ${large} 0 ${point(a, inner)} Z" fill="${colour}" stroke="var(--panel)" stroke-width="1.5"/>`;
  });
  const middle = `<text text-anchor="middle" y="5" style="font-size:16px;font-weight:600">${total.toLocaleString('en')}</text>`;
  return `<svg width="${width}" height="${height - LEGEND_PX}"><g transform="translate(${width / 2} ${(height - LEGEND_PX) / 2})">${rings.join('')}${middle}</g></svg>${legend(parts)}`;
}
