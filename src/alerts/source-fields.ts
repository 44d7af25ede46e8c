/**
 * What a document says of who was at the other end: `source.*`, its network, and what it claims, is listed as and is allowed.
 */
import { formatPrefix, parseAddress, prefixOf } from '../model/address.ts';
import type { Alert } from '../model/alert.ts';
import { part, text, texts, unique } from './document-parts.ts';

/** Blocks of senders that a document names of an alert of many. */
const NETWORKS_MAX = 20;

/** source.* of an alert whose key is a source; of a prefix or a network its owner alone. */
export function sourceFields({ key, source }: Alert): object | undefined {
  if (source === null) return key.kind === 'as' ? part({ as: parseAs(key.text) }) : undefined;
  const as = source.as === null ? undefined : asFields(source.as);
  if (key.kind !== 'source') return part({ as });
  const { country, place } = source;
  return part({
    ip: text(source.ip),
    address: text(source.ip),
    as,
    geo: part({
      country_iso_code: text(country?.isoCode),
      country_name: text(country?.name),
      city_name: text(place?.city),
      location: place === null ? undefined : { lat: place.lat, lon: place.lon },
    }),
  });
}

/** pollwatch.source.network: the network that an alert is about; where several senders are one alert's, their blocks. */
export function networksOf({ network, key, source, related }: Alert): string | readonly string[] | undefined {
  const known = network ?? (key.kind === 'prefix' ? key.text : null);
  if (known !== null) return text(known);
  if (key.kind === 'source') return source !== null && source.key !== source.ip ? text(source.key) : undefined;
  return texts(unique(related.map(blockOf)).slice(0, NETWORKS_MAX));
}

/** "198.51.100.7" → "198.51.100.0/24", "2001:db8:1:2::3" → "2001:db8:1::/48" */
function blockOf(address: string): string {
  const found = parseAddress(address);
  if (found === null) return address;
  const { hi, lo } = 'v4' in found ? prefixOf(0, found.v4) : prefixOf(found.v6[0], found.v6[1]);
  return formatPrefix(hi, lo);
}

/**
 * Three facts that are never one: what it claims to be, who it is listed as, whom the office has authorised. The class is
 * the strongest of the last two; a claim makes none.
 */
export function classFields(source: Alert['source']): Record<string, unknown> {
  if (source === null) return {};
  const { class: claim, listed, authorized } = source;
  const basis = [
    ...(claim === null ? [] : [`it ${claim}`]),
    ...(listed === undefined ? [] : [`listed as ${listed.name} in ${listed.list} of ${listed.date}`]),
    ...(authorized === undefined ? [] : [`authorised in your inventory as ${authorized}`]),
  ];
  return {
    class: authorized !== undefined ? 'authorized' : listed !== undefined ? 'benign_scanner' : undefined,
    claimed_as: text(claim),
    listed_as: text(listed?.name),
    authorized_as: text(authorized),
    class_basis: texts(basis),
  };
}

function asFields(as: { number: number; name: string }): object {
  return part({ number: as.number, organization: part({ name: text(as.name) }) })!;
}

/** "AS64500 EXAMPLE-HOSTING" → source.as */
function parseAs(words: string): object | undefined {
  const found = /^AS(\d{1,10})(?: (.*))?$/.exec(words);
  return found === null ? undefined : asFields({ number: Number(found[1]), name: found[2] ?? '' });
}
