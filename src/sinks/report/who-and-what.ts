/**
 * Who and what: addresses by network owner, with the caveat that an owner is not a sender; and what the alerted
 * addresses were after: kinds of attempts, ports, paths. Grouped by network, never by country.
 */

import { CAVEAT, CAVEAT_ID } from '../../alerts/caveat.ts';
import { SERVICES } from '../../alerts/service-words.ts';
import type { Alert } from '../../model/alert.ts';
import { counted } from '../../model/quantity-words.ts';
import type { RunSummary } from '../../model/summary.ts';
import { count } from '../quantity.ts';
import { inlineBar } from './charts.ts';
import { type Html, html } from './html.ts';

/** Most network owners in the table. */
const OWNERS_MAX = 12;
/** Most rows in each list of targets. */
const TARGETS_MAX = 10;

/** Network owners: those with alerts first, then the busiest. */
export function who(summary: RunSummary): Html {
  const owners = [...summary.owners].sort(
    (a, b) => b.alerts - a.alerts || b.events - a.events || b.sources - a.sources || (a.name < b.name ? -1 : 1),
  );
  const shown = owners.slice(0, OWNERS_MAX);
  const rest = owners.slice(OWNERS_MAX);
  const max = Math.max(1, ...shown.map((o) => o.sources));
  return html`<section id="who" aria-labelledby="who-title">
<h2 id="who-title">Who</h2>
<p class="lead">Addresses by the network they belong to. ${summary.owners.some((o) => o.alerts > 0) && 'Networks with alerts stand first.'}</p>
<div class="panel">${
    shown.length === 0
      ? html`<p>No address was seen.</p>`
      : html`<table class="stack"><caption>Bars: addresses seen (${count(max)} = full width)</caption>
<thead><tr><th scope="col" class="w-name">Network owner</th><td></td><th scope="col" class="num w-num">Addresses seen</th><th scope="col" class="num w-num">Alerts</th><th scope="col" class="num w-num">Events of alerted addresses</th><th scope="col" class="w-place">Placed in</th></tr></thead>
<tbody>${shown.map(
          (o) =>
            html`<tr><th scope="row">${o.name === '' ? 'network owner unknown' : o.name}${o.as !== null && html` <span class="muted small">AS${o.as}</span>`}</th><td class="bar">${inlineBar(o.sources, max)}</td><td class="num" data-label="Addresses seen">${count(o.sources)}</td><td class="num" data-label="Alerts">${count(o.alerts)}</td><td class="num" data-label="Their events">${count(o.events)}</td><td data-label="Placed in">${o.country ?? 'unknown'}</td></tr>`,
        )}</tbody></table>${
          rest.length > 0 &&
          html`<p class="muted small">And ${counted(rest.length, 'more network owner')} with ${counted(
            rest.reduce((sum, o) => sum + o.sources, 0),
            'address',
            'addresses',
          )}.</p>`
        }`
  }</div>
<p class="note" id="${CAVEAT_ID}"><strong>Owner is not sender.</strong> ${CAVEAT} “Placed in” is what the tables under <a href="#data">Data sets</a> say of the address, no more.</p>
</section>`;
}

/** Kinds of attempts, ports and paths, counted by how many alerted sources share them. Nothing without alerts. */
export function targets(alerts: readonly Alert[]): Html | null {
  if (alerts.length === 0) return null;
  const kinds = tally(alerts, (alert) => [alert.name]);
  const ports = tally(alerts, (alert) => alert.ports);
  const paths = tally(alerts, (alert) => alert.paths);
  return html`<section id="what" aria-labelledby="what-title">
<h2 id="what-title">What they were after</h2>
<p class="lead">Counted by alerted addresses (or groups of addresses) that tried it. Paths are shown without anybody’s data.</p>
<div class="split">
${list('What was tried', 'Attempt', kinds, (name) => html`${name}`)}
${list('Ports', 'Port', ports, (port) => html`${port}${SERVICES[Number(port)] !== undefined && html` <span class="muted small">${SERVICES[Number(port)]}</span>`}`)}
${list('Paths', 'Path', paths, (path) => html`<code>${path.length > 90 ? `${path.slice(0, 89)}…` : path}</code>`)}
</div>
</section>`;
}

function tally(alerts: readonly Alert[], of: (alert: Alert) => readonly (string | number)[]): [string, number][] {
  const keys = new Map<string | number, Set<string>>();
  for (const alert of alerts) {
    for (const item of of(alert)) {
      const set = keys.get(item);
      if (set === undefined) keys.set(item, new Set([alert.key.text]));
      else set.add(alert.key.text);
    }
  }
  return [...keys]
    .map(([item, set]): [string, number] => [String(item), set.size])
    .sort((a, b) => b[1] - a[1] || Number(a[0]) - Number(b[0]) || (a[0] < b[0] ? -1 : 1));
}

function list(title: string, column: string, rows: [string, number][], label: (name: string) => Html): Html | null {
  if (rows.length === 0) return null;
  const max = Math.max(...rows.map(([, n]) => n));
  const more = rows.length - TARGETS_MAX;
  return html`<div class="panel"><h3>${title}</h3>
<table><thead><tr><th scope="col">${column}</th><th scope="col" class="num w-num">Addresses</th></tr></thead>
<tbody>${rows.slice(0, TARGETS_MAX).map(([name, n]) => html`<tr><th scope="row">${label(name)}${inlineBar(n, max)}</th><td class="num">${count(n)}</td></tr>`)}</tbody></table>
${more > 0 && html`<p class="muted small">And ${count(more)} more.</p>`}</div>`;
}
