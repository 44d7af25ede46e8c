/**
 * Lawful voters of the labelled run: they come from households and phones, mostly in the evening, in bursts before the
 * registration deadline, while early voting is on, and when the polls close. They look up themselves and their family,
 * mistype, register, ask for a ballot, reload the status of an application, watch the results come in. Some write from
 * overseas. Nobody of them may be alerted.
 */
import type { Random } from '../../bench/random.ts';
import { DAY_S, HOUR_S } from '../detect/log-lines.ts';
import type { Networks } from './networks.ts';
import {
  ASSETS,
  CALENDAR,
  FIRST_VOTER,
  type Lines,
  RESULT_ASSETS,
  RESULTS,
  SITE,
  SURNAMES,
  VOTE,
  VOTERS_ON_ROLL,
  visit,
} from './portal.ts';

/** A person at a browser: what stays the same from request to request. */
export interface Person {
  source: string;
  agent: string;
}

/** Browsers as people have them, a few hundred. */
export function browser(random: Random): string {
  const system = random.pick(['Windows NT 10.0; Win64; x64', 'Macintosh; Intel Mac OS X 10_15_7', 'X11; Linux x86_64']);
  if (random.unit() < 0.45) {
    const version = `${15 + random.below(4)}_${random.below(7)}`;
    return `Mozilla/5.0 (iPhone; CPU iPhone OS ${version} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148`;
  }
  if (random.unit() < 0.2)
    return `Mozilla/5.0 (${system}; rv:${130 + random.below(20)}.0) Gecko/20100101 Firefox/140.0`;
  return `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${125 + random.below(25)}.0.0.0 Safari/537.36`;
}

/** Adds the voters; returns their addresses. */
export function addVoters(web: Lines, random: Random, networks: Networks, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const person = { source: networks.household(), agent: browser(random) };
    const dice = random.unit();
    if (dice < 0.12) watchResults(web, random, person);
    else if (dice < 0.15) overseas(web, random, person);
    else voterSession(web, random, person, sessionStart(random), i);
    return person.source;
  });
}

/** When a voter comes: the last days before the deadline, early voting and election day are the busiest. */
export function sessionStart(random: Random): number {
  const dice = random.unit();
  const { firstDay, registrationCloses, earlyVoting, pollsOpen, lastDay } = CALENDAR;
  if (dice < 0.3) return registrationCloses - random.gap(DAY_S);
  if (dice < 0.45) return earlyVoting[0] + random.unit() * (earlyVoting[1] - earlyVoting[0]);
  if (dice < 0.7) return pollsOpen + random.unit() * 13 * HOUR_S;
  const day = Math.floor(random.unit() * ((lastDay - firstDay) / DAY_S));
  // from noon UTC, seven in the morning there; the evening is busier than the day
  return firstDay + day * DAY_S + 16 * HOUR_S * Math.sqrt(random.unit());
}

/** A page and what it loads. */
export function openPage(
  web: Lines,
  second: number,
  person: Person,
  host: string,
  target: string,
  assets: readonly string[],
) {
  visit(web, second, { host, ...person, target });
  for (const [i, asset] of assets.entries())
    visit(web, second + 0.3 + i * 0.1, { host, ...person, target: asset, referrer: `https://${host}${target}` });
}

/** A voter's own errand on the voters' portal, from a second on. */
export function voterSession(web: Lines, random: Random, person: Person, from: number, n: number): void {
  let t = from;
  const later = (mean: number) => {
    t += 3 + random.gap(mean);
    return t;
  };
  const go = (target: string, parts: { method?: string; status?: number } = {}) =>
    visit(web, later(20), { host: VOTE, ...person, target, ...parts });
  if (random.unit() < 0.3) openPage(web, t, person, SITE, '/elections/', ['/static/site.css']);
  openPage(web, later(10), person, VOTE, '/lookup', ASSETS);
  const family = 1 + random.below(3);
  const surname = random.pick(SURNAMES);
  for (let i = 0; i < family; i++) {
    if (random.unit() < 0.15) go(`/lookup/result?lastname=${surname}&dob=1${random.below(10)}`, { status: 404 });
    go(`/lookup/result?lastname=${surname}&dob=${birthDate(random)}&zip=${60000 + random.below(99)}`);
    if (random.unit() < 0.4) go(`/lookup/result?voterid=${voter(random)}`);
  }
  const errand = random.unit();
  if (errand < 0.25) {
    openPage(web, later(15), person, VOTE, '/register', ['/static/form.js']);
    go(`/register/details?firstname=ann&lastname=${surname}&addresscity=springfield`);
    if (random.unit() < 0.2) go('/register/submit', { method: 'POST', status: 422 });
    go('/register/submit', { method: 'POST', status: 302 });
    go('/register/thanks');
  } else if (errand < 0.4) {
    openPage(web, later(15), person, VOTE, '/absentee', ['/static/form.js']);
    go('/absentee/request', { method: 'POST', status: 302 });
    go('/absentee/thanks');
  } else if (errand < 0.55) {
    openPage(web, later(15), person, VOTE, '/status', ['/static/form.js']);
    const reloads = 1 + random.below(n % 40 === 0 ? 25 : 4);
    for (let i = 0; i < reloads; i++) go(`/status?application=${700_000 + n}`);
  } else if (errand < 0.57) {
    openPage(web, later(15), person, VOTE, '/cancel', ['/static/form.js']);
    go('/cancel/confirm', { method: 'POST', status: 302 });
  }
}

/** A voter abroad: the same portal, at any hour, in a hurry to meet the date of mailing. */
function overseas(web: Lines, random: Random, person: Person): void {
  const t = CALENDAR.firstDay + random.unit() * 10 * DAY_S;
  openPage(web, t, person, VOTE, '/overseas', ASSETS);
  visit(web, t + 40, { host: VOTE, ...person, target: `/overseas/ballot?voterid=${voter(random)}` });
  visit(web, t + 130, { host: VOTE, ...person, target: '/overseas/request', method: 'POST', status: 302 });
  for (let i = 1; i <= 4; i++) visit(web, t + i * 2 * DAY_S, { host: VOTE, ...person, target: '/overseas/track' });
}

/** Somebody who leaves the results page open: it asks for the version once a minute, and for new counts when it changed. */
export function watchResults(web: Lines, random: Random, person: Person): void {
  const { pollsClose } = CALENDAR;
  const start = pollsClose - 600 + random.gap(2400);
  const until = start + random.gap(1200);
  openPage(web, start, person, RESULTS, '/', RESULT_ASSETS);
  let version = -1;
  for (let t = start + 60; t < until; t += 60) {
    visit(web, t, { host: RESULTS, ...person, target: '/current_ver.txt', size: 6 });
    const current = Math.floor((t - pollsClose) / 900);
    if (current !== version && current >= 0)
      visit(web, t + 0.4, { host: RESULTS, ...person, target: `/${317_000 + current}/json/en/summary.json` });
    version = current;
  }
}

/** A record number of somebody who looks up himself. */
function voter(random: Random): number {
  return FIRST_VOTER + random.below(VOTERS_ON_ROLL);
}

export function birthDate(random: Random): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${1935 + random.below(73)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
}
