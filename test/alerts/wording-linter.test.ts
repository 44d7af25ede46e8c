import { describe, expect, it } from 'vitest';
import {
  CAVEAT,
  OUTCOME_WORDS,
  PLACES_NOTE,
  SEVERITY_WORDS,
  sourceWords,
  URGENCY_WORDS,
  VERDICT_TAGS,
  VERDICT_WORDS,
} from '../../src/alerts/caveat.ts';
import { KIND_WORDS, PHASE_WORDS, TLP_WORDS } from '../../src/alerts/office-words.ts';
import { lintNumbers, lintPage, lintWording } from '../../src/alerts/wording-linter.ts';
import { growth, LINEAR_MAX } from '../parts/growth.ts';
import { alert } from '../sinks/fixtures.ts';

const OFFICE_WORDS = [KIND_WORDS, PHASE_WORDS, TLP_WORDS];

const BAD: [string, string][] = [
  ['The scan is attributed to a known group.', 'attributed'],
  ['This was an attack by one address.', 'attack by'],
  ['There was a data breach.', 'breach'],
  ['The server was compromised.', 'compromised'],
  ['The site was hacked.', 'hacked'],
  ['A nation-state sent this.', 'nation-state'],
  ['It looks like APT28.', 'APT28'],
  ['The pattern is that of Fancy Bear.', 'Fancy Bear'],
  ['The pattern is that of Volt Typhoon.', 'Volt Typhoon'],
  ['Russia scanned the lookup page.', 'Russia scanned'],
  ['At 10:00 it began. Iran is probing the county.', 'Iran is'],
  ['The page was probed by China.', 'by China'],
  ['Chinese hackers tried the login.', 'hackers'],
  ['Russian actors tried the login.', 'Russian actors'],
  ['512 requests came from Netherlands.', 'came from Netherlands'],
  ['The Kremlin did it.', 'Kremlin'],
  ['The attackers then asked for the backup.', 'The attackers'],
  ['Your systems are safe.', 'safe'],
  ['There was no impact.', 'no impact'],
  ['No votes were changed.', 'votes were changed'],
  ['The operator of the network is EXAMPLE.', 'operator'],
  ['It is very likely automated, and our confidence is high.', 'likelihood and confidence'],
  ['This is probably automated.', 'probably'],
  ['A blocked scan is an incident.', 'incident'],
  ['It is a verified crawler.', 'verified crawler'],
  ['Republicans were the target.', 'Republicans'],
  ['From \u{1f1f7}\u{1f1fa} with care.', 'a flag'],
];

/** For each of the nine rules of ELECTIONS part 3 violations that must be noticed, as whole pages. */
const PLANTED: [number, string][] = [
  [1, 'Iran is probing the county.'],
  [1, 'The attackers then asked for the backup.'],
  [1, 'Chinese hackers tried the log-in.'],
  [2, '512 requests came from 192.0.2.17 in one hour (web log).'],
  [2, '512 requests came from 2001:db8:1:2::/64 in one hour (web log).'],
  [2, 'They came from 192.0.2.17, an address announced by EXAMPLE-HOSTING.'],
  [2, `192.0.2.17, an address announced by AS64500 (EXAMPLE) and placed in Netherlands. ${CAVEAT}`],
  [2, 'The network owner: .'],
  [3, '192.0.2.17 is an address announced by AS64500 (EXAMPLE-HOSTING).'],
  [3, `AS64500 EXAMPLE-HOSTING. ${CAVEAT.replace('routinely', 'often')}`],
  [4, 'It is likely automated, with high confidence.'],
  [4, 'It is highly probable that one tool did it.'],
  [4, 'It is very likely that a group of people sent by somebody did it: responsible is one man.'],
  [4, 'Our confidence is high that we know who sent it.'],
  [5, 'The lookup page was compromised.'],
  [5, 'This is the work of APT28.'],
  [7, 'Your systems are safe.'],
  [7, 'No votes were changed.'],
  [7, 'There was no impact.'],
  [7, 'The blocked scan is an incident.'],
  [7, 'It is a verified crawler.'],
  [7, 'Republicans were the target.'],
  [8, 'From \u{1f1f7}\u{1f1fa}.'],
  [9, 'TLP: AMBER - share only inside your office'],
  [9, 'tlp:amber'],
  [9, 'TLP:WHITE'],
  [9, 'TLP:AMBER STRICT'],
  [9, `${'Something happened. '.repeat(30)}TLP:AMBER`],
];

const GOOD = [
  '1,512 requests with database-injection text reached the registration form in 22 minutes from 3 addresses.',
  'All were answered with an error page.',
  'The address is announced by AS64500 (EXAMPLE-HOSTING) and placed in Netherlands by DB-IP, 2026-06.',
  'It is very likely automated. Our confidence in that is moderate: web log only.',
  'These logs show no sign of a change to any record.',
  'An attacker who reads this file learns passwords.',
  'The detection maps to ATT&CK T1595.003 under TA0043.',
  'Georgia Secretary of State, 14 Sep 2026.',
  'Asked for /hacked.php and /safe/breach.html.',
  'Install it with apt-get.',
  '“Placed in” is what the table says.',
  CAVEAT,
];

describe('the wording linter', () => {
  it.each(BAD)('refuses %j', (text, about) => {
    expect(lintWording(text).join('\n').toLowerCase()).toContain(about.toLowerCase());
  });

  it.each(GOOD)('passes %j', (text) => {
    expect(lintWording(text)).toEqual([]);
  });

  it.each(PLANTED)('notices what breaks rule %d: %s', (rule, text) => {
    expect(lintPage(text).filter((problem) => problem.startsWith(`rule ${rule}:`))).not.toEqual([]);
  });

  it('notices what breaks rule 6: a sentence without a number, a log, or evidence of what was given', () => {
    const evidence = { requests: 4120, distinct_keys: 4120 };
    const told = (summary: string, more: Record<string, number> = {}) =>
      lintNumbers({ summary, evidence: { ...evidence, ...more } });
    expect(told('192.0.2.17 asked for many records in 20 minutes (web log).')).toHaveLength(1);
    expect(told('192.0.2.17 asked for 4,120 records in 20 minutes.')).toHaveLength(1);
    expect(told('192.0.2.17 asked for 4,120 records in 20 minutes (web log). 3,980 records returned.')).toHaveLength(1);
    const whole = '192.0.2.17 asked for 4,120 records in 20 minutes (web log). 3,980 of them were answered.';
    expect(told(whole)).toHaveLength(1);
    expect(told(whole, { records_answered: 3980 })).toEqual([]);
  });

  it('has a planted violation for each of the nine rules', () => {
    expect([...new Set([...PLANTED.map(([rule]) => rule), 6])].sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('passes a page that introduces an address as rule 2 says, or names the data set once', () => {
    const address = '192.0.2.17, an address announced by AS64500 (EXAMPLE-HOSTING) and placed in Netherlands';
    expect(lintPage(`TLP:AMBER - x. 12 requests came from ${address} by DB-IP, 2026-06-17. ${CAVEAT}`)).toEqual([]);
    expect(lintPage(`12 requests came from ${address}. ${CAVEAT} ${PLACES_NOTE} DB-IP, 2026-06-17.`)).toEqual([]);
    expect(lintPage('12 requests came from 192.0.2.17, an address whose network owner is unknown.')).toEqual([]);
  });

  it('passes an address inside a private network, which has no owner to be named', () => {
    for (const ip of ['10.20.5.44', '192.168.3.4', 'fd00:1::5']) {
      const words = sourceWords({ ...alert().source!, ip, key: ip, as: null, country: null });
      expect(words).toBe(`${ip}, an address inside a private network (your own or a partner's)`);
      expect(lintPage(`12 requests came from ${words}.`)).toEqual([]);
    }
    expect(sourceWords({ ...alert().source!, ip: '198.51.100.7', as: null })).toContain(
      'whose network owner is unknown',
    );
  });

  it('passes every word of our own vocabulary', () => {
    for (const words of [SEVERITY_WORDS, URGENCY_WORDS, OUTCOME_WORDS, VERDICT_WORDS, VERDICT_TAGS, ...OFFICE_WORDS]) {
      for (const word of Object.values(words)) expect(lintWording(`${word}.`)).toEqual([]);
    }
    expect(lintWording(sourceWords(alert().source!))).toEqual([]);
  });

  it('takes 200 kB of any text in time that grows with the text alone', () => {
    for (const unit of ['votes ', 'blocked ', 'The Russia', 'a.', '/', ', ']) {
      const grown = growth(200_000, (length) => void lintWording(unit.repeat(length / unit.length)));
      expect(grown, unit).toBeLessThan(LINEAR_MAX);
    }
  });
});
