/**
 * The office's systems by name: how critical each is, how many alerts touched it and how grave the gravest was, and whom
 * to call about it; above them the election windows that the logs reach into. Nothing without an inventory.
 */

import { SEVERITY_WORDS } from '../../alerts/caveat.ts';
import { KIND_WORDS } from '../../alerts/office-words.ts';
import { counted } from '../../model/quantity-words.ts';
import { LEVELS } from '../../model/rule.ts';
import type { RunSummary } from '../../model/summary.ts';
import { alertsOn, personText, windowsText } from '../office.ts';
import { count, listText } from '../quantity.ts';
import { type Html, html } from './html.ts';

/** Most systems that are listed: the most critical of those with alerts first. */
const SYSTEMS_MAX = 40;

/** The section, or null where the inventory names no system. */
export function yourSystems({ office, alerts }: RunSummary): Html | null {
  if (office === null || office.systems.length === 0) return null;
  const rows = office.systems
    .map((system) => ({ system, ...alertsOn(system, alerts) }))
    .sort(
      (a, b) =>
        rank(b.gravest) - rank(a.gravest) ||
        rank(b.system.criticality) - rank(a.system.criticality) ||
        b.count - a.count ||
        (a.system.name < b.system.name ? -1 : 1),
    );
  const touched = rows.filter(({ count: n }) => n > 0);
  const shown = touched.slice(0, SYSTEMS_MAX);
  const quiet = rows.filter(({ count: n }) => n === 0).map(({ system }) => system.name);
  const windows = windowsText(office);
  return html`<section id="systems" aria-labelledby="systems-title">
<h2 id="systems-title">Your systems</h2>
<p class="lead">As your inventory names them, those with the gravest alerts first. ${windows}</p>
<div class="panel">${
    shown.length > 0 &&
    html`<table class="stack"><thead><tr><th scope="col" class="w-name">System</th><th scope="col">Kind</th><th scope="col" class="w-sev">Critical</th><th scope="col" class="num w-num">Alerts</th><th scope="col" class="w-sev">Gravest</th><th scope="col">Whom to call</th></tr></thead>
<tbody>${shown.map(
      ({ system, count: n, gravest }) =>
        html`<tr><th scope="row">${system.name}</th><td data-label="Kind">${KIND_WORDS[system.kind]}</td><td data-label="Critical">${SEVERITY_WORDS[system.criticality]}</td><td class="num" data-label="Alerts">${count(n)}</td><td data-label="Gravest">${gravest !== null && html`<span class="chip ${gravest}">${SEVERITY_WORDS[gravest]}</span>`}</td><td data-label="Whom to call">${personText(system.call ?? office.call) ?? 'nobody is named'}</td></tr>`,
    )}</tbody></table>`
  }${touched.length > SYSTEMS_MAX && html`<p class="muted small">And ${counted(touched.length - SYSTEMS_MAX, 'more system')}.</p>`}${quiet.length > 0 && html`<p class="small">No alert on: ${listText(quiet.slice(0, SYSTEMS_MAX))}${quiet.length > SYSTEMS_MAX && ` and ${count(quiet.length - SYSTEMS_MAX)} more`}.</p>`}</div>
</section>`;
}

const rank = (level: (typeof LEVELS)[number] | null) => (level === null ? -1 : LEVELS.indexOf(level));
