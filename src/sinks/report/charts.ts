/**
 * The report's charts: small SVG that needs no script. Positions are percentages and heights pixels, so that a chart
 * fills the width it gets while its text keeps its size. Colours come from the style sheet (light, dark, print); each
 * chart says in <title> and <desc> what it shows, and a table with the same numbers stands beside it.
 */
import { clockText, count, dateText } from '../quantity.ts';
import { type Html, html } from './html.ts';

/** Most bars that a timeline is drawn with; more panes are added up. */
export const BARS_MAX = 120;

export interface Timeline {
  startMs: number;
  paneMs: number;
  all: readonly number[];
  refused: readonly number[];
  alerted: readonly number[];
}

/** The timeline in at most BARS_MAX bars: whole numbers of panes are added up. */
export function foldTimeline(t: Timeline): Timeline {
  const step = Math.max(1, Math.ceil(t.all.length / BARS_MAX));
  if (step === 1) return t;
  const fold = (list: readonly number[]) => {
    const out: number[] = [];
    for (let i = 0; i < t.all.length; i += step) {
      let sum = 0;
      for (let j = i; j < i + step; j++) sum += list[j] ?? 0;
      out.push(sum);
    }
    return out;
  };
  return {
    startMs: t.startMs,
    paneMs: t.paneMs * step,
    all: fold(t.all),
    refused: fold(t.refused),
    alerted: fold(t.alerted),
  };
}

const HEIGHT = 220;
const BASE = 180;
const TOP = 14;

/** Bars over time on a square-root scale, which keeps small bursts visible beside large ones. `t` is folded. */
export function timelineChart(t: Timeline, unit: string): Html {
  const bars = t.all.length;
  const max = Math.max(1, ...t.all);
  const y = (value: number) => BASE - Math.sqrt(Math.max(0, value) / max) * (BASE - TOP);
  const percent = (x: number) => `${Math.round(x * 10_000) / 100}%`;
  const width = 1 / Math.max(1, bars);
  const bar = (i: number, value: number, name: string, share: number) =>
    value > 0 &&
    html`<rect class="${name}" x="${percent((i + (1 - share) / 2) * width)}" y="${round(y(value))}" width="${percent(width * share)}" height="${round(BASE - y(value))}"/>`;
  const ticks = scaleTicks(max);
  const times = timeTicks(t.startMs, bars * t.paneMs);
  const peak = t.alerted.reduce((best, value, i) => (value > (t.alerted[best] ?? 0) ? i : best), 0);
  const peakValue = t.alerted[peak] ?? 0;
  const peakX = (peak + 0.5) * width;
  return html`<div class="plot"><svg class="axis" width="46" height="${HEIGHT}" aria-hidden="true">${ticks.map(
    (v) => html`<text x="40" y="${round(y(v) + 4)}" text-anchor="end">${shortCount(v)}</text>`,
  )}</svg><svg class="bars" width="100%" height="${HEIGHT}" role="img" aria-labelledby="timeline-title timeline-desc"><title id="timeline-title">Events over time</title><desc id="timeline-desc">${count(bars)} bars, events ${unit} on a square-root scale; the highest has ${count(max)} events.${peakValue > 0 && ` The highest for alerted addresses has ${count(peakValue)}, at ${dateText(t.startMs + peak * t.paneMs)}, ${clockText(t.startMs + peak * t.paneMs)} UTC.`}</desc>${ticks.map(
    (v) => html`<line class="grid" x1="0" x2="100%" y1="${round(y(v))}" y2="${round(y(v))}"/>`,
  )}<line class="ground" x1="0" x2="100%" y1="${BASE}" y2="${BASE}"/>${t.all.map((value, i) =>
    value > 0
      ? html`<g><title>${dateText(t.startMs + i * t.paneMs)}, ${clockText(t.startMs + i * t.paneMs)} UTC: ${count(value)} events, ${count(t.refused[i] ?? 0)} refused or failed, ${count(t.alerted[i] ?? 0)} from alerted addresses</title>${bar(i, value, 'bar-all', 0.86)}${bar(i, t.refused[i] ?? 0, 'bar-refused', 0.86)}${bar(i, t.alerted[i] ?? 0, 'bar-alerted', 0.42)}</g>`
      : null,
  )}${times.map(
    ({ at, label, day }, i) =>
      html`<g class="${i % 2 === 1 ? 'thin' : ''}"><line class="tick" x1="${percent(at)}" x2="${percent(at)}" y1="${BASE}" y2="${BASE + 5}"/><text x="${percent(at)}" y="${BASE + 19}" text-anchor="${anchor(at)}">${label}</text>${day !== '' && html`<text class="day" x="${percent(at)}" y="${BASE + 34}" text-anchor="${anchor(at)}">${day}</text>`}</g>`,
  )}${
    peakValue > 0 &&
    html`<text class="peak" x="${percent(Math.min(0.985, Math.max(0.015, peakX)))}" y="${round(Math.max(11, y(peakValue) - 5))}" dx="${peakX < 0.2 ? 10 : peakX > 0.8 ? -10 : 0}" text-anchor="${peakX < 0.2 ? 'start' : peakX > 0.8 ? 'end' : 'middle'}">${count(peakValue)} from alerted addresses</text>`
  }</svg></div>`;
}

/** One horizontal bar, `value` of `max`, with a darker part in front: for a table cell, which names the numbers. */
export function inlineBar(value: number, max: number, part = 0): Html {
  const width = (v: number) => `${max <= 0 ? 0 : Math.max(v > 0 ? 1 : 0, Math.round((v / max) * 1000) / 10)}%`;
  return html`<svg class="inline-bar" width="100%" height="10" aria-hidden="true"><rect class="track" width="100%" height="10" rx="2"/><rect class="bar-refused" width="${width(value)}" height="10" rx="2"/>${part > 0 && html`<rect class="bar-alerted" width="${width(part)}" height="10" rx="2"/>`}</svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function anchor(at: number): string {
  return at < 0.04 ? 'start' : at > 0.96 ? 'end' : 'middle';
}

/** Round values for a square-root axis: the highest at most `max`, each a quarter of the one above. */
function scaleTicks(max: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(max));
  const lead = max / magnitude;
  let value = (lead >= 8 ? 8 : lead >= 4 ? 4 : lead >= 2 ? 2 : 1) * magnitude;
  const ticks: number[] = [];
  while (ticks.length < 3 && value >= 1) {
    ticks.push(Math.floor(value));
    value = value >= 40 ? Math.floor(value / 20) * 5 : Math.floor(value / 4);
  }
  return ticks;
}

function shortCount(value: number): string {
  if (value >= 1_000_000) return `${Math.round(value / 100_000) / 10}M`;
  if (value >= 10_000) return `${Math.round(value / 100) / 10}k`;
  return count(value);
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STEPS = [
  HOUR / 60,
  HOUR / 12,
  HOUR / 4,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  365 * DAY,
];

/** At most eight labels at round UTC times; the day stands under the first and under each midnight. */
function timeTicks(startMs: number, spanMs: number): { at: number; label: string; day: string }[] {
  if (spanMs <= 0) return [];
  const step = STEPS.find((s) => spanMs / s <= 8) ?? 365 * DAY;
  const ticks: { at: number; label: string; day: string }[] = [];
  for (let time = Math.ceil(startMs / step) * step; time <= startMs + spanMs && ticks.length < 12; time += step) {
    const day = dateText(time).replace(/ \d{4}$/, '');
    const at = (time - startMs) / spanMs;
    if (step >= DAY) ticks.push({ at, label: day, day: ticks.length === 0 ? dateText(time).slice(-4) : '' });
    else ticks.push({ at, label: clockText(time), day: ticks.length === 0 || time % DAY === 0 ? day : '' });
  }
  return ticks;
}
