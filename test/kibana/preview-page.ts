/**
 * A dashboard as a page for a browser: the same panels on the same grid, drawn from the rows that Elasticsearch gives for
 * their aggregations. It shows what the panels say, not what Kibana's own drawing of them looks like.
 */
import type { Row } from './lens-aggregations.ts';
import { type Drawn, donut, horizontalBars, overTimeChart, type Theme } from './preview-charts.ts';
import type { StoredColumn, StoredLayer, StoredPanel } from './saved-file.ts';

/** A panel with the rows of each of its layers. */
export interface Answered {
  readonly panel: StoredPanel;
  readonly rows: readonly (readonly Row[])[];
  /** of a list of documents */
  readonly texts?: readonly (readonly (string | null)[])[];
}

/** Kibana's grid, px. */
const COLUMN = 29;
const ROW = 20;
const MARGIN = 8;
/** What Kibana has around a panel's content: its title and padding, px. */
const TITLE = 32;
const PADDING = 8;
const WIDTH = 48 * COLUMN;

/** Text of the page. */
export function previewPage(title: string, answered: readonly Answered[], theme: Theme): string {
  const bottom = Math.max(...answered.map(({ panel: { grid } }) => grid.y + grid.h));
  const panels = answered.map((each) => panelBox(each, theme)).join('\n');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${safe(title)}</title><style>
:root { color-scheme: ${theme}; --page: ${theme === 'dark' ? '#141519' : '#f1f4fa'}; --panel: ${theme === 'dark' ? '#1d1e24' : '#fff'}; --text: ${theme === 'dark' ? '#dfe5ef' : '#1a1c21'}; --soft: ${theme === 'dark' ? '#98a2b3' : '#5a6472'}; --line: ${theme === 'dark' ? '#343741' : '#d9dfe8'}; }
* { box-sizing: border-box; } body { margin: 0; background: var(--page); color: var(--text); font: 13px/1.4 "Inter", "DejaVu Sans", sans-serif; }
h1 { font-size: 18px; margin: 0; padding: 14px ${MARGIN}px 10px; }
main { position: relative; width: ${WIDTH}px; height: ${bottom * (ROW + MARGIN) + MARGIN}px; }
section { position: absolute; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; padding: ${PADDING}px; }
h2 { font-size: 13px; font-weight: 600; margin: 0 0 6px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 3px 8px 3px 0; border-bottom: 1px solid var(--line); white-space: nowrap; max-width: 260px; overflow: hidden; text-overflow: ellipsis; } th { font-weight: 600; color: var(--soft); } .n { text-align: right; font-variant-numeric: tabular-nums; }
.tiles { display: flex; gap: 8px; height: 100%; } .tile { flex: 1; display: flex; flex-direction: column; justify-content: flex-end; border-radius: 4px; padding: 8px; background: var(--page); border-left: 4px solid; min-width: 0; } .tile b { font-size: 28px; line-height: 1.1; overflow-wrap: anywhere; } .tile b.small { font-size: 18px; } .tile span { color: var(--soft); }
p, ol, ul { margin: 0 0 6px; } a { color: ${theme === 'dark' ? '#78a9ff' : '#0b64dd'}; text-decoration: none; } code { font-family: "DejaVu Sans Mono", monospace; font-size: 12px; }
svg text { fill: var(--text); font-size: 11px; } svg .soft { fill: var(--soft); } svg .grid { stroke: var(--line); } .legend { display: flex; flex-wrap: wrap; gap: 2px 12px; color: var(--soft); font-size: 11px; } .legend i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 4px; }
.empty { color: var(--soft); }
</style></head><body><h1>${safe(title)}</h1><main>
${panels}
</main></body></html>`;
}

/** Text that is safe in HTML. */
export function safe(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function panelBox({ panel, rows, texts }: Answered, theme: Theme): string {
  const { x, y, w, h } = panel.grid;
  const width = w * COLUMN - MARGIN;
  const height = h * (ROW + MARGIN) - MARGIN;
  const isWords = panel.shape === 'markdown';
  const inner = { width: width - 2 * PADDING - 2, height: height - 2 * PADDING - 2 - (isWords ? 0 : TITLE - PADDING) };
  const heading = isWords ? '' : `<h2>${safe(panel.title)}</h2>`;
  const content = isWords
    ? markdown(panel.words)
    : panel.list === null
      ? contentOf(panel, rows, inner, theme)
      : listOf(panel.list.columns, texts ?? [], inner.height);
  return `<section id="${safe(panel.id)}" style="left:${x * COLUMN + MARGIN / 2}px;top:${y * (ROW + MARGIN) + MARGIN / 2}px;width:${width}px;height:${height}px">${heading}${content}</section>`;
}

function contentOf(
  panel: StoredPanel,
  rows: Answered['rows'],
  size: { width: number; height: number },
  theme: Theme,
): string {
  if (rows.every((list) => list.length === 0)) return '<p class="empty">No results found</p>';
  const layer = panel.layers[0]!;
  if (panel.shape === 'lnsMetric') return tiles(panel, layer, rows[0]!);
  if (panel.shape === 'lnsDatatable') return tableOf(panel, layer, rows[0]!, size.height);
  const drawn: Drawn = { panel, rows, ...size, theme };
  if (panel.shape === 'lnsPie') return donut(drawn);
  const kinds = (panel.visualization['layers'] as { seriesType?: string }[]).map(({ seriesType }) => seriesType ?? '');
  return kinds[0]!.startsWith('bar_horizontal') ? horizontalBars(drawn) : overTimeChart(drawn);
}

function tiles(panel: StoredPanel, layer: StoredLayer, rows: readonly Row[]): string {
  const measure = layer.columnOrder.find((id) => !layer.columns[id]!.isBucketed)!;
  const colour = (panel.visualization['color'] as string | undefined) ?? '#4477aa';
  const severities: Readonly<Record<string, string>> = {
    critical: '#882255',
    high: '#ee7733',
    medium: '#ddaa33',
    low: '#33bbee',
    info: '#bbbbbb',
  };
  const boxes = rows.map(({ keys, values }) => {
    const shown = formatted(layer.columns[measure]!, values[measure] ?? null);
    const label = keys.length === 0 ? ((panel.visualization['subtitle'] as string | undefined) ?? '') : String(keys[0]);
    return `<div class="tile" style="border-color:${severities[label] ?? colour}"><b class="${shown.length > 9 ? 'small' : ''}">${safe(shown)}</b><span>${safe(label)}</span></div>`;
  });
  return `<div class="tiles" style="height:calc(100% - 26px)">${boxes.join('')}</div>`;
}

function listOf(columns: readonly string[], texts: readonly (readonly (string | null)[])[], height: number): string {
  const head = columns.map((field) => `<th>${safe(field)}</th>`).join('');
  const body = texts
    .slice(0, Math.max(1, Math.floor(height / 26) - 1))
    .map((row) => `<tr>${row.map((text) => `<td>${safe(text ?? '–')}</td>`).join('')}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function tableOf(panel: StoredPanel, layer: StoredLayer, rows: readonly Row[], height: number): string {
  const columns = (panel.visualization['columns'] as { columnId: string }[]).map(({ columnId }) => columnId);
  const buckets = layer.columnOrder.filter((id) => layer.columns[id]!.isBucketed);
  const isNumber = (id: string) => layer.columns[id]!.dataType === 'number' && !layer.columns[id]!.isBucketed;
  const head = columns
    .map((id) => `<th class="${isNumber(id) ? 'n' : ''}">${safe(layer.columns[id]!.label)}</th>`)
    .join('');
  const body = rows.slice(0, Math.max(1, Math.floor(height / 26) - 1)).map(({ keys, values }) => {
    const cells = columns.map((id) => {
      const column = layer.columns[id]!;
      const value = column.isBucketed ? (keys[buckets.indexOf(id)] ?? null) : (values[id] ?? null);
      return `<td class="${isNumber(id) ? 'n' : ''}">${safe(formatted(column, value))}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

/** As Kibana's "human-readable (precise)": in the largest unit of which there is one. */
function durationText(seconds: number): string {
  const units = [
    ['days', 86_400],
    ['hours', 3600],
    ['minutes', 60],
    ['seconds', 1],
  ] as const;
  const [unit, of] = units.find(([, each]) => Math.abs(seconds) >= each) ?? units.at(-1)!;
  return `${(seconds / of).toFixed(1)} ${unit}`;
}

/** A value as Kibana would write it. */
function formatted({ dataType, params }: StoredColumn, value: string | number | null): string {
  if (value === null) return '–';
  if (dataType === 'date') return new Date(value).toISOString().slice(0, 16).replace('T', ' ');
  if (typeof value !== 'number') return value;
  const format = params['format'] as { id: string; params: { decimals: number; suffix?: string } } | undefined;
  if (format?.id === 'duration') return durationText(value);
  const digits = format?.params.decimals ?? 0;
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })}${format?.params.suffix ?? ''}`;
}

/** The little Markdown that our words use: paragraphs, numbered lists, bold, code, links. */
function markdown(words: string): string {
  const inline = (text: string): string =>
    safe(text)
      .replace(/\[([^\]]*)\]\((?:[^()\s]|\((?:[^()\s]|\((?:[^()\s]|\([^()\s]*\))*\))*\))*\)/g, '<a href="#">$1</a>')
      .replace(/\*\*([^*]+)\*\*/g, '<b>$1</b>')
      .replace(/`([^`]+)`/g, '<code>$1</code>');
  return words
    .split(/\n\n+/)
    .map((block) => {
      const items = block.split('\n');
      if (!items.every((line) => /^\d+\. /.test(line))) return `<p>${inline(block)}</p>`;
      return `<ol>${items.map((line) => `<li>${inline(line.replace(/^\d+\. /, ''))}</li>`).join('')}</ol>`;
    })
    .join('');
}
