import { describe, expect, it } from 'vitest';
import {
  CAVEAT,
  OUTCOME_WORDS,
  SEVERITY_WORDS,
  sourceWords,
  URGENCY_WORDS,
  VERDICT_WORDS,
} from '../../src/alerts/caveat.ts';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import { alert } from '../sinks/fixtures.ts';

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

  it('passes every word of our own vocabulary', () => {
    for (const words of [SEVERITY_WORDS, URGENCY_WORDS, OUTCOME_WORDS, VERDICT_WORDS]) {
      for (const word of Object.values(words)) expect(lintWording(`${word}.`)).toEqual([]);
    }
    expect(lintWording(sourceWords(alert().source!))).toEqual([]);
  });

  it('takes 200 kB of any text in less than two seconds', () => {
    const started = performance.now();
    for (const unit of ['votes ', 'blocked ', 'The Russia', 'a.', '/', ', '])
      lintWording(unit.repeat(200_000 / unit.length));
    expect(performance.now() - started).toBeLessThan(12_000);
  });
});
