/**
 * The fixed words of every alert: the attribution caveat, and one plain word for each severity, outcome, verdict and
 * confidence, so that report, terminal, mail and export never say the same thing in two ways.
 * An address tells whose network it is announced from; it never tells who sent something.
 */

import { isPrivateIpv4, isPrivateIpv6, parseAddress } from '../model/address.ts';
import type { Alert, AlertSource } from '../model/alert.ts';
import type { Level } from '../model/rule.ts';

/** Id of the caveat's wording; changes when the text does. */
export const CAVEAT_ID = 'attr.caveat.v1';

/** Follows every place where a network owner is named. */
export const CAVEAT =
  'This tells you who runs the network the traffic came from. It does not tell you who sent it. Rented servers, VPNs, Tor and hacked machines are routinely used to hide the sender.';

/** Severity as people read it. Meaning is carried by the word, never by its colour alone. */
export const SEVERITY_WORDS: Readonly<Record<Level, string>> = {
  info: 'Info',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
};

/** How soon a person should look, for each severity. */
export const URGENCY_WORDS: Readonly<Record<Level, string>> = {
  info: 'For the record',
  low: 'No hurry: look when you have time',
  medium: 'Look today',
  high: 'Look within the hour',
  critical: 'Look now',
};

/** What came of it, in a clause that follows "The requests …" or "It …". */
export const OUTCOME_WORDS: Readonly<Record<Alert['outcome'], string>> = {
  tried: 'these logs do not show what came of it',
  refused: 'refused or answered with an error',
  answered: 'something was answered',
};

/** Ordinary background, meant for this office, or undecidable from what was read. */
export const VERDICT_WORDS: Readonly<Record<Alert['verdict']['term'], string>> = {
  noise: 'ordinary Internet noise',
  tailored: 'aimed at you',
  cannot_tell: 'these logs cannot tell',
};

/** The same where no heading says what is asked: on a tag, in a sentence. */
export const VERDICT_TAGS: Readonly<Record<Alert['verdict']['term'], string>> = {
  noise: VERDICT_WORDS.noise,
  tailored: VERDICT_WORDS.tailored,
  cannot_tell: 'noise or aimed at you: these logs cannot tell',
};

/** How sure we are of our evidence (never of who did it). */
export const CONFIDENCE_WORDS: Readonly<Record<Alert['confidence']['level'], string>> = {
  low: 'low',
  moderate: 'moderate',
  high: 'high',
};

/** "AS64500 EXAMPLE-HOSTING", or "network owner unknown": never blank. */
export function ownerWords(as: AlertSource['as']): string {
  if (as === null) return 'network owner unknown';
  return as.name === '' ? `AS${as.number}` : `AS${as.number} ${as.name}`;
}

/** Whether a source is an address that is not routed on the Internet: nobody rented it, and no data set knows it. */
export function isInsideSource({ ip, as }: AlertSource): boolean {
  const address = parseAddress(ip);
  if (address === null || as !== null) return false;
  return 'v4' in address ? isPrivateIpv4(address.v4) : isPrivateIpv6(address.v6[0]);
}

/**
 * The one form in which an address is introduced: "192.0.2.17, an address announced by AS64500 (EXAMPLE-HOSTING) and
 * placed in Netherlands by DB-IP, 2026-06". Missing data is said. The caveat must stand on the same page where there is an owner.
 */
export function sourceWords(source: AlertSource): string {
  if (isInsideSource(source)) return `${source.key}, an address inside a private network (your own or a partner's)`;
  const what = source.key.includes('/') ? 'an IPv6 network of one customer' : 'an address';
  const owner =
    source.as === null
      ? `${what} whose network owner is unknown`
      : `${what} announced by AS${source.as.number}${source.as.name === '' ? '' : ` (${source.as.name})`}`;
  if (source.country === null) return `${source.key}, ${owner}`;
  return `${source.key}, ${owner} and placed in ${source.country.name} by ${source.database}`;
}

/**
 * The sentence of an alert without the data set that places its address, for a first screen that names the data set once
 * (placesNote). The full text of an alert keeps it.
 */
export function briefly({ summary, source }: Alert): string {
  return source === null || source.database === '' ? summary : summary.replace(` by ${source.database}`, '');
}

/** How placesNote begins. */
export const PLACES_NOTE = 'Places are what one data set says of the addresses:';

/** "Places are what one data set says of the addresses: geo-whois-asn-country, 2026-06-17." Null where none is placed. */
export function placesNote(alerts: readonly Alert[]): string | null {
  const sets = new Set(alerts.flatMap(({ source }) => (source?.country == null ? [] : [source.database])));
  return sets.size === 0 ? null : `${PLACES_NOTE} ${[...sets].sort().join('; ')}.`;
}
