/**
 * The top of the report: the answer in two sentences with the figures behind it, at most five things as cards in plain
 * words, and the timeline.
 */

import {
  briefly,
  OUTCOME_WORDS,
  placesNote,
  SEVERITY_WORDS,
  URGENCY_WORDS,
  VERDICT_TAGS,
} from '../../alerts/caveat.ts';
import type { OfficeSummary, RunSummary } from '../../model/summary.ts';
import { answerSentences, whoText } from '../answer.ts';
import { callText, INVENTORY_GAIN, systemsText } from '../office.ts';
import { clockText, count, dateText, durationText, listText, periodText } from '../quantity.ts';
import { agreedScans, type FirstThings, type Thing } from '../things.ts';
import { foldTimeline, timelineChart } from './charts.ts';
import { type Html, html } from './html.ts';

/** The two sentences, and the numbers that they rest on. */
export function answer(summary: RunSummary, things: readonly Thing[]): Html {
  const [first, second] = answerSentences(summary, things);
  const listed = summary.alerts.filter((alert) => alert.severity !== 'info').length;
  return html`<section class="answer" aria-labelledby="answer">
<h2 id="answer" class="small muted">The answer</h2>
<p class="first">${first}</p>
<p>${second}</p>
<dl class="figures">
<div><dt>${listed === 1 ? 'alert' : 'alerts'}, low and above</dt><dd>${count(listed)}</dd></div>
<div><dt>addresses seen</dt><dd>${count(summary.sources)}</dd></div>
<div><dt>events read</dt><dd>${count(summary.events)}</dd></div>
<div><dt>addresses below every threshold</dt><dd>${count(summary.noise.sources)}</dd></div>
</dl>
${agreedScans(summary.alerts).map((agreed) => html`<p class="small">${agreed}</p>`)}
${summary.office === null && html`<p class="muted small">${INVENTORY_GAIN}</p>`}
</section>`;
}

/** The cards: what happened, is it serious, do this now, what we do not know. Nothing when there is nothing. */
export function matters({ first, lower, forTheRecord }: FirstThings, { office }: RunSummary): Html | null {
  if (first.length === 0) return null;
  const places = placesNote(first.map(({ lead }) => lead));
  const rest = [
    ...(lower > 0 ? [`${count(lower)} lower ${lower === 1 ? 'alert' : 'alerts'}`] : []),
    ...(forTheRecord > 0 ? [`${count(forTheRecord)} kept for the record`] : []),
  ];
  return html`<section id="first" aria-labelledby="first-title">
<h2 id="first-title">What matters first</h2>
<p class="lead">${first.length === 1 ? 'One thing deserves' : `${capital(count(first.length))} things deserve`} your attention. ${rest.length > 0 && `${capital(listText(rest))} ${lower + forTheRecord === 1 ? 'stands' : 'stand'} further down.`}</p>
<ol class="things">${first.map((thing) => card(thing, office))}</ol>
<p class="note">A network owner is the company whose network an address belongs to. It is not the sender: see the note under <a href="#who">Who</a>.${places !== null && ` ${places}`}</p>
</section>`;
}

function card(thing: Thing, office: OfficeSummary | null): Html {
  const { lead, also, days, todo } = thing;
  const systems = systemsText(lead, office) ?? lead.asset?.name ?? null;
  const call = callText(lead, office);
  return html`<li class="thing ${lead.severity}">
<div class="title"><span class="chip ${lead.severity}">${SEVERITY_WORDS[lead.severity]}</span><h3>${lead.name}</h3><span class="tag ${thing.verdict}">${VERDICT_TAGS[thing.verdict]}</span></div>
<p class="who">${capital(whoText(lead))}${systems !== null && html`, on ${systems}`}. ${periodText(thing.startMs, thing.endMs)}, ${durationText(thing.endMs - thing.startMs)}.</p>
<dl class="facts">
<dt>What happened</dt><dd>${briefly(lead)}${days !== null && ` ${days}`}${also.length > 0 && html` <span class="muted">Also seen ${lead.key.kind === 'source' ? 'from the same address' : 'with it'}: ${listText(also.slice(0, 4))}${also.length > 4 && ` and ${count(also.length - 4)} more`}.</span>`}</dd>
<dt>Is it serious</dt><dd><strong>${SEVERITY_WORDS[lead.severity]}.</strong> ${URGENCY_WORDS[lead.severity]}. Outcome: ${OUTCOME_WORDS[thing.outcome]}. ${lead.why}</dd>
${todo.length > 0 && html`<dt>Do this now</dt><dd class="do">${steps(todo)}</dd>`}
${call !== null && html`<dt>Whom to call</dt><dd>${call}</dd>`}
${lead.notKnown.length > 0 && html`<dt>What we do not know</dt><dd>${lead.notKnown.join(' ')}</dd>`}
</dl>
</li>`;
}

function steps(list: readonly string[]): Html {
  if (list.length === 1) return html`${list[0]}`;
  return html`<ol>${list.map((step) => html`<li>${step}</li>`)}</ol>`;
}

/** Events over time, and the same numbers as a table. */
export function timeline(summary: RunSummary): Html | null {
  const folded = foldTimeline(summary.timeline);
  if (folded.all.length === 0) return null;
  const unit = `per ${durationText(folded.paneMs).replace(/^1 /, '')}`;
  const key = (name: string) =>
    html`<svg width="12" height="12" aria-hidden="true"><rect class="${name}" width="12" height="12" rx="2"/></svg>`;
  return html`<section id="when" aria-labelledby="when-title">
<h2 id="when-title">When</h2>
<figure class="panel">
<figcaption>Events ${unit}, times in UTC. Heights are on a square-root scale: a bar twice as high has four times the events.</figcaption>
<ul class="legend"><li>${key('bar-all')}all events</li><li>${key('bar-refused')}refused or failed</li>${folded.alerted.some((value) => value > 0) && html`<li>${key('bar-alerted')}from alerted addresses</li>`}</ul>
${timelineChart(folded, unit)}
<details class="more"><summary>The same as a table</summary>
<table><caption>Events ${unit}</caption><thead><tr><th scope="col">From (UTC)</th><th scope="col" class="num">All</th><th scope="col" class="num">Refused or failed</th><th scope="col" class="num">From alerted addresses</th></tr></thead>
<tbody>${folded.all.map(
    (value, i) =>
      html`<tr><th scope="row">${dateText(folded.startMs + i * folded.paneMs)}, ${clockText(folded.startMs + i * folded.paneMs)}</th><td class="num">${count(value)}</td><td class="num">${count(folded.refused[i] ?? 0)}</td><td class="num">${count(folded.alerted[i] ?? 0)}</td></tr>`,
  )}</tbody></table></details>
</figure>
</section>`;
}

function capital(text: string): string {
  const words = ['No', 'One', 'Two', 'Three', 'Four', 'Five'];
  return /^[0-5]$/.test(text) ? words[Number(text)]! : text.charAt(0).toUpperCase() + text.slice(1);
}
