/**
 * The report: one self-contained HTML page that a person opens, prints or hands on. No script, no network, no link to
 * anywhere else; a policy in the page forbids the browser everything but the one style sheet, so that even markup that
 * got past the escaping could do nothing.
 */
import { createHash } from 'node:crypto';
import { compareAlerts } from '../../alerts/alert-order.ts';
import { markingWords } from '../../alerts/office-words.ts';
import type { RunSummary } from '../../model/summary.ts';
import { periodText } from '../quantity.ts';
import { firstThings, thingsOf } from '../things.ts';
import { alertList } from './alert-list.ts';
import { cannotShow, dataSets, howToRead, letThrough, noise, whatWasRead } from './coverage.ts';
import { html, markup, trusted } from './html.ts';
import { answer, matters, timeline } from './overview.ts';
import { STYLE } from './style.ts';
import { yourSystems } from './systems.ts';
import { targets, who } from './who-and-what.ts';

/** Only this style sheet may be applied; nothing may be loaded, run, framed or sent. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

// an eye over a ballot's line: drawn here, used as decoration only
const BADGE = trusted(
  '<svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true"><rect x="1" y="1" width="24" height="24" rx="6" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M5 13c2.3-3.6 4.9-5.3 8-5.3s5.7 1.7 8 5.3c-2.3 3.6-4.9 5.3-8 5.3S7.3 16.6 5 13Z" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="m9.8 13 2.3 2.3 4.3-4.6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>',
);

/** The whole page as text. Below 10 MB whatever the number of alerts (see alert-list.ts). */
export function renderReport(summary: RunSummary): string {
  const alerts = [...summary.alerts].sort(compareAlerts);
  const things = thingsOf(alerts);
  const first = firstThings(alerts, things);
  const title = `Scanning and probing of ${summary.organization.name}`;
  const period = periodText(summary.firstMs, summary.lastMs);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}, ${period}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the answer</a>
<div class="page">
<header>
<p class="marking">${markingWords(summary.tlp)}</p>
<div class="brand">${BADGE}<span>pollwatch report</span></div>
<h1>${title}</h1>
<p class="period">${period}</p>
<nav aria-label="Parts of this report"><ul>
${first.first.length > 0 && html`<li><a href="#first">What matters first</a></li>`}
${summary.office !== null && summary.office.systems.length > 0 && html`<li><a href="#systems">Your systems</a></li>`}
${summary.timeline.all.length > 0 && html`<li><a href="#when">When</a></li>`}
<li><a href="#who">Who</a></li>
${alerts.length > 0 && html`<li><a href="#what">What they were after</a></li><li><a href="#alerts">All alerts</a></li>`}
<li><a href="#read">What was read</a></li>
<li><a href="#cannot">What these logs cannot show</a></li>
<li><a href="#how">How to read this</a></li>
</ul></nav>
</header>
<main id="main">
${answer(summary, things)}
${matters(first, summary)}
${yourSystems(summary)}
${timeline(summary)}
${who(summary)}
${targets(alerts)}
${alertList(alerts)}
${letThrough(summary)}
${noise(summary)}
${whatWasRead(summary)}
${cannotShow(summary)}
${dataSets(summary)}
${howToRead()}
</main>
<footer>Made by pollwatch ${summary.version} from the logs listed above, on this machine. All times are UTC. This page loads nothing and sends nothing.</footer>
</div>
</body>
</html>
`;
  return markup(page);
}
