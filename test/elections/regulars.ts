/**
 * Others who lawfully use the office's systems a lot and look like something else: campaign volunteers who look many
 * people up, a campus behind one address, the office's own staff, monitors, search engines, a journalist, whoever
 * downloads the published lists, poll books, candidates who file. Nobody of them may be alerted.
 */
import type { Random } from '../../bench/random.ts';
import { DAY_S, HOUR_S } from '../detect/log-lines.ts';
import type { Networks } from './networks.ts';
import {
  ASSETS,
  at,
  CALENDAR,
  document,
  FILING,
  FIRST_VOTER,
  type Lines,
  type Place,
  POLLBOOK,
  RESULTS,
  SITE,
  SURNAMES,
  sendPacket,
  VOTE,
  visit,
} from './portal.ts';
import { birthDate, browser, openPage, sessionStart, voterSession, watchResults } from './voters.ts';

const CRAWLER = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const MONITOR = 'ExampleMonitor/2.0 (uptime)';

/** Adds all of them; returns their addresses by what they are. */
export function addRegulars({ web, firewall, random, networks }: Place): Record<string, string[]> {
  const people: Record<string, string[]> = {
    volunteer: Array.from({ length: 12 }, () => volunteer(web, random, networks.household())),
    campus: [campus(web, random, networks.shared())],
    staff: [staff(web, '10.20.0.15'), staff(web, '10.20.0.16')],
    monitor: [monitor(web, networks.elsewhere())],
    crawler: [crawler(web, networks.elsewhere())],
    journalist: [journalist(web, random, networks.household())],
    'bulk user': [bulkUser(web, networks.elsewhere())],
    'poll book': Array.from({ length: 40 }, (_, i) => pollBook(web, random, `198.51.100.${130 + i}`)),
    candidate: Array.from({ length: 30 }, (_, i) => candidate(web, random, networks.household(), i)),
  };
  background(firewall, random, networks);
  return people;
}

/** One evening on the phone: the walk list of a street, looked up by name and date, a page at a time. */
function volunteer(web: Lines, random: Random, source: string): string {
  const person = { source, agent: browser(random) };
  let t = at(10, 12, 22) + random.below(14) * DAY_S;
  openPage(web, t, person, VOTE, '/lookup', ASSETS);
  const people = 90 + random.below(60);
  for (let i = 0; i < people; i++) {
    t += 25 + random.gap(60);
    const target = `/lookup/result?lastname=${random.pick(SURNAMES)}&dob=${birthDate(random)}`;
    visit(web, t, { host: VOTE, ...person, target, status: random.unit() < 0.1 ? 404 : 200 });
    if (i % 12 === 0) openPage(web, t + 8, person, VOTE, '/lookup', ['/static/site.css']);
  }
  return source;
}

/** Hundreds of students behind one address: a registration drive on the last days, results on election night. */
function campus(web: Lines, random: Random, source: string): string {
  for (let i = 0; i < 400; i++) voterSession(web, random, { source, agent: browser(random) }, sessionStart(random), i);
  for (let i = 0; i < 120; i++) {
    const person = { source, agent: browser(random) };
    const t = CALENDAR.registrationCloses - 8 * HOUR_S + random.unit() * 6 * HOUR_S;
    openPage(web, t, person, VOTE, '/register', [...ASSETS, '/static/form.js']);
    visit(web, t + 90, { host: VOTE, ...person, target: '/register/submit', method: 'POST', status: 302 });
    visit(web, t + 91, { host: VOTE, ...person, target: '/register/thanks' });
  }
  for (let i = 0; i < 60; i++) watchResults(web, random, { source, agent: browser(random) });
  return source;
}

/** Clerks work through the applications of the day, in the order of their numbers. */
function staff(web: Lines, source: string): string {
  const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Edg/141.0.0.0';
  const desk = Number(source.slice(-1)) * 1000;
  for (let day = 0; day < 30; day++) {
    for (let i = 0; i < 80; i++) {
      const second = at(9, 21, 14) + day * DAY_S + i * 300;
      const target = `/lookup/result?voterid=${FIRST_VOTER + desk + day * 80 + i}`;
      visit(web, second, { host: VOTE, source, agent, target, user: 'clerk' });
    }
  }
  return source;
}

/** Asks every system every ten minutes whether it is there, always the same. */
function monitor(web: Lines, source: string): string {
  for (let second = CALENDAR.firstDay; second < CALENDAR.lastDay; second += 600) {
    const ask = { source, agent: MONITOR, method: 'HEAD', size: 0 };
    visit(web, second, { host: VOTE, target: '/lookup', ...ask });
    visit(web, second + 1, { host: RESULTS, target: '/', ...ask });
    visit(web, second + 2, { host: SITE, target: '/health', ...ask });
  }
  return source;
}

/** A search engine reads the county's site and its documents, slowly. */
function crawler(web: Lines, source: string): string {
  for (let i = 0; i < 3000; i++) {
    const target = i % 3 === 0 ? document(i % 400) : `/news/2026/${i}.html`;
    visit(web, at(9, 22, 0) + i * 70, { host: SITE, source, agent: CRAWLER, target, status: i % 9 === 0 ? 304 : 200 });
  }
  return source;
}

/** Reads the pages on an old election and takes its documents, one after the other, as a person does. */
function journalist(web: Lines, random: Random, source: string): string {
  const person = { source, agent: browser(random) };
  let t = at(10, 27, 15);
  for (let i = 0; i < 60; i++) {
    t += 20 + random.gap(25);
    if (i % 4 === 0) openPage(web, t, person, SITE, `/elections/archive/${2010 + (i % 16)}/`, ['/static/site.css']);
    visit(web, t + 9, { host: SITE, ...person, target: document(200 + i) });
  }
  return source;
}

/** Has an agreement: fetches the published lists every night. */
function bulkUser(web: Lines, source: string): string {
  for (let day = 0; day < 45; day++)
    for (let part = 0; part < 12; part++) {
      const target = `/documents/lists/2026-${String(day).padStart(3, '0')}-part${part}.zip`;
      const second = CALENDAR.firstDay + day * DAY_S + part * 30;
      visit(web, second, { host: SITE, source, agent: 'example-data-sync/1.4', target, size: 8_000_000 });
    }
  return source;
}

/** A tablet in a polling place: sends check-ins and asks for those of others every few minutes. */
function pollBook(web: Lines, random: Random, source: string): string {
  const agent = 'ExamplePad/3.6';
  let t = CALENDAR.pollsOpen - HOUR_S + random.below(300);
  visit(web, t, { host: POLLBOOK, source, agent, target: '/api/session', method: 'POST', status: 401 });
  visit(web, t + 4, { host: POLLBOOK, source, agent, target: '/api/session', method: 'POST' });
  for (let n = 0; t < CALENDAR.pollsClose; n++) {
    t += 240 + random.below(120);
    visit(web, t, {
      host: POLLBOOK,
      source,
      agent,
      target: '/api/sync/checkins',
      method: 'POST',
      status: 204,
      size: 0,
    });
    visit(web, t + 1, { host: POLLBOOK, source, agent, target: `/api/sync/voters?since=${n}` });
  }
  return source;
}

/** Files for office: fills the form, uploads a picture, looks at it. */
function candidate(web: Lines, random: Random, source: string, n: number): string {
  const person = { source, agent: browser(random) };
  const t = at(9, 20, 15) + random.unit() * 8 * DAY_S;
  openPage(web, t, person, FILING, '/candidates', ['/static/filing.css', '/static/filing.js']);
  const picture = `/candidates/photos/candidate-${n}.${random.pick(['jpg', 'png'])}`;
  visit(web, t + 200, { host: FILING, ...person, target: picture, method: 'POST', status: 201 });
  visit(web, t + 206, { host: FILING, ...person, target: picture });
  visit(web, t + 260, { host: FILING, ...person, target: '/candidates/submit', method: 'POST', status: 302 });
  return source;
}

/** What a firewall denies all day: single packets to the usual ports from all over the Internet. */
function background(firewall: Lines, random: Random, networks: Networks): void {
  for (let i = 0; i < 4000; i++) {
    const second = CALENDAR.firstDay + random.unit() * (CALENDAR.lastDay - CALENDAR.firstDay);
    const to = `203.0.113.${1 + random.below(60)}`;
    sendPacket(firewall, second, networks.anywhere(), random.pick([22, 23, 80, 443, 445, 3389, 8080]), { to });
  }
}
