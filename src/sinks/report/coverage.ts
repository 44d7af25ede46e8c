/**
 * The honest half of the report: the noise that was not alerted, what was read and refused, what these logs cannot show
 * and how to change that, which data sets were used, and how to read the words of the page.
 */

import { CAVEAT_ID, OUTCOME_WORDS, SEVERITY_WORDS, URGENCY_WORDS, VERDICT_WORDS } from '../../alerts/caveat.ts';
import { EMPTY_LOG } from '../../alerts/visibility.ts';
import { counted } from '../../model/quantity-words.ts';
import { LEVELS } from '../../model/rule.ts';
import type { OriginSummary, RunSummary } from '../../model/summary.ts';
import { blindSpots, isEmpty } from '../answer.ts';
import { count, listText, periodText, sizeText, visitedText } from '../quantity.ts';
import { LET_THROUGH_NOTE, letThroughText } from '../services.ts';
import { inlineBar } from './charts.ts';
import { type Html, html } from './html.ts';

/** Most origins that are listed one by one. */
const ORIGINS_MAX = 200;

/** What the firewall let through to services that should not face the Internet, without an alert. */
export function letThrough({ letThrough: services }: RunSummary): Html | null {
  if (services.length === 0) return null;
  return html`<section id="let-through" aria-labelledby="let-through-title">
<h2 id="let-through-title">Let through by the firewall</h2>
<p class="lead">Services that should not face the Internet, reached from addresses that no alert is about.</p>
<ul>${services.map((service) => html`<li>${letThroughText(service)}</li>`)}</ul>
<p class="note">${LET_THROUGH_NOTE}</p>
</section>`;
}

/** Sources that stayed below every threshold, as a group. */
export function noise({ noise: n }: RunSummary): Html | null {
  if (n.sources === 0) return null;
  const maxTarget = Math.max(1, ...n.targets.map((t) => t.sources));
  const maxOwner = Math.max(1, ...n.owners.map((o) => o.sources));
  const rows = (list: { label: Html; sources: number }[], max: number) =>
    list.map(
      (row) =>
        html`<tr><th scope="row">${row.label}${inlineBar(row.sources, max)}</th><td class="num">${count(row.sources)}</td></tr>`,
    );
  return html`<section id="noise" aria-labelledby="noise-title">
<h2 id="noise-title">Below every threshold</h2>
<p class="lead">${counted(n.sources, 'address', 'addresses')} with ${counted(n.events, 'event')} reached no threshold: visitors, and the knocking that every address on the Internet gets. They are counted, not listed.</p>
${n.visited.map((visited) => html`<p>${visitedText(visited)}</p>`)}
<div class="split">
${
  n.targets.length > 0 &&
  html`<div class="panel"><h3>Tried most</h3><table><thead><tr><th scope="col">Port or path</th><th scope="col" class="num w-num">Addresses</th></tr></thead><tbody>${rows(
    n.targets.map((t) => ({ label: html`<code>${t.what}</code>`, sources: t.sources })),
    maxTarget,
  )}</tbody></table></div>`
}
${
  n.owners.length > 0 &&
  html`<div class="panel"><h3>Networks they belong to</h3><table><thead><tr><th scope="col">Network owner</th><th scope="col" class="num w-num">Addresses</th></tr></thead><tbody>${rows(
    n.owners.map((o) => ({ label: html`${o.name}`, sources: o.sources })),
    maxOwner,
  )}</tbody></table><p class="muted small">Owner is not sender: <a href="#${CAVEAT_ID}">see the note</a>.</p></div>`
}
</div>
</section>`;
}

/** Every log with numbers that add up, refused samples included. */
export function whatWasRead(summary: RunSummary): Html {
  const shown = summary.origins.slice(0, ORIGINS_MAX);
  const more = summary.origins.length - shown.length;
  const refused = shown.filter((origin) => origin.refused.length > 0);
  return html`<section id="read" aria-labelledby="read-title">
<h2 id="read-title">What was read</h2>
<p class="lead">${counted(summary.origins.length, 'log')}, ${sizeText(summary.bytes)}: ${counted(summary.lines, 'line')} = ${counted(summary.events, 'event')} + ${count(summary.skipped)} skipped of a known kind + ${count(summary.refused)} refused.</p>
<div class="panel"><table class="stack"><caption>Lines = events + skipped + refused</caption>
<thead><tr><th scope="col" class="w-name">Log</th><th scope="col" class="w-num">Format</th><th scope="col" class="num">Lines</th><th scope="col" class="num">Events</th><th scope="col" class="num">Skipped</th><th scope="col" class="num">Refused</th><th scope="col" class="w-period">Period</th></tr></thead>
<tbody>${shown.map(originRow)}</tbody></table>
${more > 0 && html`<p class="muted small">And ${counted(more, 'more log')}.</p>`}
${summary.bound !== null && html`<p><strong>Reduced:</strong> ${summary.bound}</p>`}
</div>
${refused.length > 0 && html`<details class="more"><summary>Refused lines, with samples</summary><div class="panel"><p class="muted small">Letters are shown as x and digits as 9, because such a line may hold anybody’s data. The byte says where it stands in the log: see <a href="#how">How to read this</a>.</p>${refused.map(refusedLines)}</div></details>`}
</section>`;
}

function originRow(origin: OriginSummary): Html {
  const skipped = origin.skipped.reduce((sum, s) => sum + s.count, 0);
  const refused = origin.refused.reduce((sum, r) => sum + r.count, 0);
  return html`<tr><th scope="row">${origin.name}${origin.problem !== null && html`<br><span class="state cannot">Problem:</span> <span class="small">${origin.problem.message}${origin.problem.hint !== undefined && `; ${origin.problem.hint}`}</span>`}${isEmpty(origin) && html`<br><span class="small">${EMPTY_LOG.message}; ${EMPTY_LOG.hint}</span>`}${origin.yearNote !== null && html`<br><span class="muted small">${origin.yearNote}</span>`}${origin.skipped.length > 0 && html`<br><span class="muted small">Skipped: ${origin.skipped.map((s) => `${s.kind} (${count(s.count)})`).join(', ')}</span>`}</th><td data-label="Format">${origin.format ?? (isEmpty(origin) ? 'none' : 'not recognised')}</td><td class="num" data-label="Lines">${count(origin.lines)}</td><td class="num" data-label="Events">${count(origin.events)}</td><td class="num" data-label="Skipped">${count(skipped)}</td><td class="num" data-label="Refused">${count(refused)}</td><td data-label="Period">${periodText(origin.firstMs, origin.lastMs)}</td></tr>`;
}

function refusedLines(origin: OriginSummary): Html {
  return html`<h3>${origin.name}</h3>${origin.refused.map(
    (r) =>
      html`<h4>${r.reason} (${counted(r.count, 'line')})</h4><ol class="lines">${r.samples.map((s) => html`<li><div class="muted small">byte ${count(s.offset)}</div><code>${s.text.slice(0, 200)}</code></li>`)}</ol>`,
  )}`;
}

const STATES = { cannot: 'Cannot work', partly: 'Works in part', works: 'Works' } as const;

/** Per detection: works, partly, cannot; because; how to fix. What works folds away. */
export function cannotShow(summary: RunSummary): Html {
  const spots = blindSpots(summary.visibility);
  const works = summary.visibility.filter((v) => v.state === 'works');
  const limits = new Map<string, string[]>();
  for (const origin of summary.origins) {
    if (origin.format !== null) limits.set(origin.format, origin.limits);
  }
  return html`<section id="cannot" aria-labelledby="cannot-title">
<h2 id="cannot-title">What these logs cannot show</h2>
<p class="lead">“No alerts” is worth only as much as what could be seen. ${count(works.length)} of ${counted(summary.visibility.length, 'detection')} could work fully on these logs.</p>
<div class="panel">
${
  spots.length > 0 &&
  html`<table class="stack"><caption>Detections that could not work, or only in part</caption><thead><tr><th scope="col">Detection</th><th scope="col" class="w-state">State</th><th scope="col">Because</th><th scope="col" class="w-fix">How to fix</th></tr></thead>
<tbody>${spots.map(
    (spot) =>
      html`<tr><th scope="row">${listText(spot.detections.map((d) => d.name))} <span class="muted small">${spot.detections.map((d) => d.detection).join(', ')}</span></th><td><span class="state ${spot.state}">${STATES[spot.state]}</span></td><td data-label="Because">${spot.because}</td><td data-label="How to fix">${spot.fix}</td></tr>`,
  )}</tbody></table>`
}
${[...limits].filter(([, list]) => list.length > 0).map(([format, list]) => html`<p class="small"><strong>${format}</strong> logs never hold: ${list.join('; ')}.</p>`)}
${works.length > 0 && html`<details class="more"><summary>${counted(works.length, 'detection')} that could work fully</summary><p>${works.map((v) => `${v.name} (${v.detection})`).join(', ')}.</p></details>`}
</div>
</section>`;
}

/** DB-IP asks pages that show its data for a link. It loads nothing; a reader may follow it. */
const DB_IP_LINK = html`<p class="small"><a href="https://db-ip.com" rel="noreferrer">IP Geolocation by DB-IP</a></p>`;

/** Which tables gave owners and countries, how old they are, and whose they are. */
export function dataSets(summary: RunSummary): Html | null {
  if (summary.dataSets.length === 0) return null;
  return html`<section id="data" aria-labelledby="data-title">
<h2 id="data-title">Data sets</h2>
<div class="panel"><table class="stack"><thead><tr><th scope="col">Data set</th><th scope="col">Date</th><th scope="col">From</th></tr></thead><tbody>${summary.dataSets.map(
    (set) =>
      html`<tr><th scope="row">${set.name}</th><td data-label="Date">${set.date}</td><td data-label="From">${set.attribution}</td></tr>`,
  )}</tbody></table>${summary.dataSets.some((set) => set.attribution.includes('db-ip.com')) && DB_IP_LINK}</div>
</section>`;
}

/** The words of the page. */
export function howToRead(): Html {
  return html`<section id="how" aria-labelledby="how-title">
<h2 id="how-title">How to read this</h2>
<div class="panel"><dl class="facts">
<dt>Severity</dt><dd><ul>${[...LEVELS].reverse().map((level) => html`<li><strong>${SEVERITY_WORDS[level]}</strong>: ${URGENCY_WORDS[level]}.</li>`)}</ul></dd>
<dt>Outcome</dt><dd>Tried: ${OUTCOME_WORDS.tried}. Refused: ${OUTCOME_WORDS.refused}. Answered: ${OUTCOME_WORDS.answered}; that is not yet a proof that anything was lost.</dd>
<dt>Noise or aimed at you</dt><dd>“${VERDICT_WORDS.noise}”: the same is sent to everybody. “${VERDICT_WORDS.tailored}”: it uses what is particular to your systems. “${VERDICT_WORDS.cannot_tell}”: the evidence does not decide it.</dd>
<dt>Confidence</dt><dd>How good our evidence is. It says nothing about who sent it.</dd>
<dt>Byte</dt><dd>Where a line stands in its (unpacked) log: <code>tail -c +N LOG | head -1</code> shows it, with N one more.</dd>
<dt>Private values</dt><dd>Names, birth dates and other typed values are replaced by a tilde with eight characters, such as <code>~a1b2c3d4</code>. Equal values get the same one.</dd>
<dt>Voting</dt><dd>Pollwatch reads the logs of firewalls and web servers. It does not see vote counting systems and says nothing about them.</dd>
</dl></div>
</section>`;
}
