/**
 * All alerts with what they rest on: thresholds and the numbers that met them, verdict and its basis, how severity came
 * about, evidence lines. The gravest DETAILS_MAX open up, the next ROWS_MAX are rows of a table, and what is left is
 * summed up by severity and detection: a person reads hundreds of alerts at most, and any browser opens the page (about
 * 5 kB for each that opens up, 300 bytes for a row).
 */

import { CONFIDENCE_WORDS, OUTCOME_WORDS, SEVERITY_WORDS, sourceWords, VERDICT_WORDS } from '../../alerts/caveat.ts';
import { type Alert, type EvidenceLine, systemsOf } from '../../model/alert.ts';
import { printable } from '../../model/problem.ts';
import { counted } from '../../model/quantity-words.ts';
import { LEVELS, type Level } from '../../model/rule.ts';
import { whoText } from '../answer.ts';
import { count, durationText, instantText, listText, periodText } from '../quantity.ts';
import { type Html, html } from './html.ts';

/** Alerts that are shown with everything. */
const DETAILS_MAX = 200;
/** Up to so many alerts are printed with everything; of more, those that the reader opened. */
const PRINTED_MAX = 12;
/** Further alerts that are shown as a row. */
const ROWS_MAX = 1000;
/** Evidence lines, and member addresses, that one alert shows. */
const LINES_MAX = 8;
const RELATED_MAX = 40;
/** Longest text of a log that is shown, in characters. */
const TEXT_MAX = 1000;

/** The section; `alerts` are in reading order. Nothing without alerts. */
export function alertList(alerts: readonly Alert[]): Html | null {
  if (alerts.length === 0) return null;
  const detailed = alerts.slice(0, DETAILS_MAX);
  const rows = alerts.slice(DETAILS_MAX, DETAILS_MAX + ROWS_MAX);
  const left = alerts.slice(DETAILS_MAX + ROWS_MAX);
  return html`<section id="alerts" aria-labelledby="alerts-title">
<h2 id="alerts-title">All alerts</h2>
<p class="lead">${counted(alerts.length, 'alert')}, the gravest first. Open one to see what it rests on. ${rows.length > 0 && `The first ${count(detailed.length)} open up, the next ${count(rows.length)} stand in the table below them.`}${left.length > 0 && ` The other ${count(left.length)} are summed up by severity and kind; each of them stands in the NDJSON output (--output).`}</p>
<div class="alerts${alerts.length <= PRINTED_MAX && ' few'}">${detailed.map(details)}</div>
${
  rows.length > 0 &&
  html`<div class="panel"><table class="stack"><caption>${counted(rows.length, 'further alert')}</caption><thead><tr><th scope="col" class="w-sev">Severity</th><th scope="col">Alert</th><th scope="col" class="w-name">Who</th><th scope="col" class="w-time">First seen (UTC)</th><th scope="col" class="w-sev">Outcome</th></tr></thead>
<tbody>${rows.map(
    (alert) =>
      html`<tr><td>${SEVERITY_WORDS[alert.severity]}</td><th scope="row">${clip(alert.name, 80)}</th><td>${clip(whoText(alert), 90)}</td><td>${instantText(alert.startMs)}</td><td>${alert.outcome}</td></tr>`,
  )}</tbody></table></div>`
}
${left.length > 0 && summedUp(left)}
</section>`;
}

/** Alerts of one severity and name. */
interface Sum {
  severity: Level;
  name: string;
  alerts: number;
  keys: Set<string>;
  answered: number;
  firstMs: number;
}

/** What is left, summed up: one row for each severity and kind of alert, the gravest first, then the most frequent. */
function summedUp(alerts: readonly Alert[]): Html {
  const sums = new Map<string, Sum>();
  for (const { severity, name, key, outcome, startMs } of alerts) {
    const kind = `${severity} ${name}`;
    let sum = sums.get(kind);
    if (sum === undefined) {
      sum = { severity, name, alerts: 0, keys: new Set(), answered: 0, firstMs: startMs };
      sums.set(kind, sum);
    }
    sum.alerts++;
    sum.keys.add(key.text);
    if (outcome === 'answered') sum.answered++;
    if (startMs < sum.firstMs) sum.firstMs = startMs;
  }
  const rows = [...sums.values()].sort(
    (a, b) =>
      LEVELS.indexOf(b.severity) - LEVELS.indexOf(a.severity) || b.alerts - a.alerts || (a.name < b.name ? -1 : 1),
  );
  return html`<div class="panel"><table class="stack"><caption>${counted(alerts.length, 'other alert')}, summed up</caption><thead><tr><th scope="col" class="w-sev">Severity</th><th scope="col">Alert</th><th scope="col" class="num w-num">Alerts</th><th scope="col" class="num w-num">Addresses</th><th scope="col" class="num w-num">Answered</th><th scope="col" class="w-time">First seen (UTC)</th></tr></thead>
<tbody>${rows.map(
    (sum) =>
      html`<tr><td>${SEVERITY_WORDS[sum.severity]}</td><th scope="row">${clip(sum.name, 80)}</th><td class="num">${count(sum.alerts)}</td><td class="num">${count(sum.keys.size)}</td><td class="num">${count(sum.answered)}</td><td>${instantText(sum.firstMs)}</td></tr>`,
  )}</tbody></table></div>`;
}

function details(alert: Alert): Html {
  return html`<details class="alert"><summary><span class="chip ${alert.severity}">${SEVERITY_WORDS[alert.severity]}</span><span class="name">${clip(alert.name, 120)}</span><span>${clip(whoText(alert), 120)}</span><span class="small">${periodText(alert.startMs, alert.endMs)}</span></summary>
<div class="body">
<dl class="facts">
<dt>What was seen</dt><dd>${alert.summary}</dd>
<dt>Where it came from</dt><dd>${origin(alert)}</dd>
${alert.asset !== null && html`<dt>Your system${alert.systems !== undefined && 's'}</dt><dd>${listText(systemsOf(alert).map(({ name }) => name))}</dd>`}
<dt>When</dt><dd>${instantText(alert.startMs)} to ${instantText(alert.endMs)} UTC (${durationText(alert.endMs - alert.startMs)})</dd>
<dt>Outcome</dt><dd>${sentence(OUTCOME_WORDS[alert.outcome])}</dd>
<dt>Noise or aimed at you</dt><dd>${sentence(VERDICT_WORDS[alert.verdict.term])}${bullets(alert.verdict.basis)}</dd>
<dt>Threshold</dt><dd>${alert.thresholds.length === 0 ? 'One match is enough.' : bullets(alert.thresholds)}</dd>
<dt>Severity</dt><dd>${SEVERITY_WORDS[alert.severity]}${alert.severity !== alert.severityBase && ` (the detection alone: ${SEVERITY_WORDS[alert.severityBase]})`}${bullets(alert.severitySteps)}</dd>
<dt>Confidence</dt><dd>${sentence(CONFIDENCE_WORDS[alert.confidence.level])}${bullets(alert.confidence.basis)}</dd>
<dt>Why it matters</dt><dd>${alert.why}</dd>
${alert.whatToDo.length > 0 && html`<dt>What to do</dt><dd class="do">${alert.whatToDo.length === 1 ? alert.whatToDo[0] : html`<ol>${alert.whatToDo.map((step) => html`<li>${step}</li>`)}</ol>`}</dd>`}
${alert.notKnown.length > 0 && html`<dt>Not known</dt><dd>${bullets(alert.notKnown)}</dd>`}
${aimedAt(alert)}
<dt>Numbers</dt><dd>${numbers(alert)}</dd>
<dt>Rule</dt><dd>${alert.detection}${alert.techniques.length > 0 && html`; ATT&amp;CK ${alert.techniques.map((t) => `${t.id} ${t.name}`).join(', ')}`}</dd>
</dl>
${evidence(alert.lines)}
<p class="muted small">Alert ${alert.id}</p>
</div></details>`;
}

function origin(alert: Alert): Html {
  const related = alert.related.slice(0, RELATED_MAX);
  const more = alert.related.length - related.length;
  return html`${alert.source === null ? alert.key.text : sourceWords(alert.source)}${alert.network !== null && alert.network !== alert.key.text && ` (network ${alert.network})`}. Network owner is not sender.${facts(alert)}${related.length > 0 && html`<br><span class="small">${counted(alert.related.length, 'address', 'addresses')}: ${related.join(', ')}${more > 0 && ` and ${count(more)} more`}</span>`}`;
}

/** What a source claims, who it is listed as, and whom the office has authorised: three facts, none of which is another. */
function facts({ source }: Alert): string {
  if (source === null) return '';
  const { class: claim, listed, authorized } = source;
  return [
    ...(claim === null ? [] : [` It ${claim}.`]),
    ...(listed === undefined ? [] : [` It is listed as ${listed.name} (${listed.list}, ${listed.date}).`]),
    ...(authorized === undefined ? [] : [` You have authorised it as ${authorized}.`]),
  ].join('');
}

function aimedAt(alert: Alert): Html | null {
  const parts = [
    ...(alert.hosts.length > 0 ? [`Hosts: ${alert.hosts.slice(0, 10).join(', ')}`] : []),
    ...(alert.destinations.length > 0 ? [`Addresses: ${some(alert.destinations, 10)}`] : []),
    ...(alert.ports.length > 0 ? [`Ports: ${some(alert.ports, 30)}`] : []),
    ...(alert.paths.length > 0 ? [`Paths: ${some(alert.paths, 12)}`] : []),
  ];
  return parts.length === 0
    ? null
    : html`<dt>Aimed at</dt><dd>${parts.map((part) => html`<div>${clip(part, 900)}</div>`)}</dd>`;
}

function numbers(alert: Alert): Html {
  const entries = Object.entries(alert.evidence).map(
    ([key, value]) =>
      `${key.replaceAll('_', ' ')}: ${Number.isInteger(value) ? count(value) : Math.round(value * 1000) / 1000}`,
  );
  const statuses = alert.statusCounts.map(([status, n]) => `${status}: ${count(n)}`);
  return html`${entries.join('; ')}${statuses.length > 0 && html`<div>Answers by HTTP status: ${statuses.join(', ')}</div>`}`;
}

function evidence(lines: readonly EvidenceLine[]): Html | null {
  if (lines.length === 0) return null;
  return html`<h3 class="minor">Lines of the log that show it${lines.length > LINES_MAX && ` (the first ${LINES_MAX} of ${lines.length} kept)`}. A tilde with eight characters stands for a value that is kept private.</h3>
<ol class="lines">${lines
    .slice(0, LINES_MAX)
    .map(
      (line) =>
        html`<li><div class="muted small">${instantText(line.timeMs)} UTC, ${clip(line.origin, 200)}, byte ${count(line.offset)}</div><code>${marked(clip(line.text, TEXT_MAX), line.matched)}</code></li>`,
    )}</ol>`;
}

/** The text with its first matched fragment marked. */
function marked(text: string, matched: string | null): Html {
  const at = matched === null || matched === '' ? -1 : text.indexOf(matched);
  if (at < 0) return html`${text}`;
  return html`${text.slice(0, at)}<mark>${matched}</mark>${text.slice(at + matched!.length)}`;
}

function bullets(list: readonly string[]): Html | null {
  return list.length === 0 ? null : html`<ul>${list.map((item) => html`<li>${item}</li>`)}</ul>`;
}

function some(list: readonly (string | number)[], max: number): string {
  const shown = list.slice(0, max).join(', ');
  return list.length > max ? `${shown} and ${count(list.length - max)} more` : shown;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function clip(text: string, max: number): string {
  return text.length > max ? `${printable(text.slice(0, max - 1))}…` : text;
}
