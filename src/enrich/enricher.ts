/**
 * Who announces an address, and in which country a data set places it: once per distinct source, never per line.
 * By default from the tables that come with the program; databases of the user's own take their place, each for its
 * kind. City and point come only from a database of the user's own. An answer depends on the source's key alone (for
 * IPv6 the first address of its /64), never on the order in which sources were seen.
 */
import { formatSource } from '../model/address.ts';
import type { Problem } from '../model/problem.ts';
import { type DataSet, openAsTable, openCountries } from './bundled.ts';
import { type Database, openDatabase } from './database.ts';
import { reservedReason } from './reserved.ts';

/** How many answers are remembered; at the bound all are forgotten, which costs time and changes no answer. */
const ENRICHED_MAX = 65_536;

export interface EnricherOptions {
  /** MMDB files of the user's own, which take the place of the bundled data of their kind */
  databases?: { asn?: string | undefined; country?: string | undefined; city?: string | undefined };
  /** where the table of network owners is kept: null = nowhere, undefined = beside the packages */
  cacheFolder?: string | null;
}

export interface Enrichment {
  /** null = network owner unknown; an empty name = only the number is known */
  as: { number: number; name: string } | null;
  country: { isoCode: string; name: string } | null;
  place: { city: string | null; lat: number; lon: number } | null;
  /** the data set that names the country, and its date: "geo-whois-asn-country, 2026-06-17"; empty when reserved */
  database: string;
  /** why no data set was asked: "documentation address (RFC 5737)"; null for ordinary addresses */
  reserved: string | null;
}

export interface Enricher {
  /** Everything that is known of a source key (model/address.ts). Shared objects: do not change them. */
  lookup(hi: number, lo: number, iidHi?: number, iidLo?: number): Enrichment;
  /** The network owner alone, for sums over very many sources. */
  owner(hi: number, lo: number): { number: number; name: string } | null;
  /** the data sets in use, for reports */
  dataSets(): DataSet[];
  /** damaged records that were met */
  problems(): Problem[];
}

/** Opens the data. Throws one OperatorError per wrong database before anything starts. */
export function createEnricher(options: EnricherOptions = {}): Enricher {
  const own = options.databases ?? {};
  const opened = new Map<string, Database>();
  const open = (path: string, kind: 'asn' | 'country' | 'city'): Database => {
    const known = opened.get(path) ?? openDatabase(path, kind);
    opened.set(path, known);
    return known;
  };
  const cities = own.city === undefined ? null : open(own.city, 'city');
  const countries = own.country === undefined ? (cities ?? openCountries()) : open(own.country, 'country');
  const owners = own.asn === undefined ? bundledOwners(options.cacheFolder) : ownersOf(open(own.asn, 'asn'));
  let database: string | null = null;
  const countryNames = new Map<string, { isoCode: string; name: string }>();
  const answers = new Map<string, Enrichment>();

  const ask = (hi: number, lo: number): Enrichment => {
    database ??= `${countries.name}, ${countries.date}`;
    const reserved = reservedReason(hi, lo);
    if (reserved !== null) return { as: null, country: null, place: null, database: '', reserved };
    const address = formatSource(hi, lo, 0, 0);
    const isIpv6 = hi !== 0;
    const record = countries.get(address, isIpv6);
    const located = cities === null || cities === countries ? record : cities.get(address, isIpv6);
    const isoCode = record?.isoCode ?? located?.isoCode ?? null;
    return {
      as: owners.find(hi, lo),
      country: isoCode === null ? null : countryOf(isoCode, countryNames),
      place:
        cities === null || located?.point == null
          ? null
          : { city: located.city, lat: located.point.lat, lon: located.point.lon },
      database,
      reserved: null,
    };
  };

  return {
    lookup(hi, lo) {
      const key = `${hi} ${lo}`;
      let answer = answers.get(key);
      if (answer === undefined) {
        answer = ask(hi, lo);
        if (answers.size >= ENRICHED_MAX) answers.clear();
        answers.set(key, answer);
      }
      return answer;
    },
    owner: (hi, lo) => (reservedReason(hi, lo) === null ? owners.find(hi, lo) : null),
    dataSets: () => distinct([owners.dataSet, dataSetOf(countries), ...(cities === null ? [] : [dataSetOf(cities)])]),
    problems: () =>
      [...opened.values(), countries]
        .map((d) => d.problem)
        .filter((p, i, all) => p !== null && all.indexOf(p) === i) as Problem[],
  };
}

interface Owners {
  find(hi: number, lo: number): { number: number; name: string } | null;
  dataSet: DataSet;
}

/** One object per system that was met, however many sources it announces. */
function bundledOwners(cacheFolder: string | null | undefined): Owners {
  const opened = openAsTable(cacheFolder);
  const met = new Map<number, { number: number; name: string }>();
  return {
    dataSet: opened.dataSet,
    find(hi, lo) {
      const { table } = opened;
      const index = table.find(hi, lo);
      if (index < 0) return null;
      let owner = met.get(index);
      if (owner === undefined) {
        owner = { number: table.number(index), name: table.name(index) };
        met.set(index, owner);
      }
      return owner;
    },
  };
}

function ownersOf(database: Database): Owners {
  return {
    dataSet: dataSetOf(database),
    find: (hi, lo) => database.get(formatSource(hi, lo, 0, 0), hi !== 0)?.as ?? null,
  };
}

function dataSetOf(database: Database): DataSet {
  return { name: database.name, date: database.date, attribution: database.attribution };
}

function distinct(sets: DataSet[]): DataSet[] {
  return sets.filter((set, i) => sets.findIndex((s) => s.name === set.name && s.date === set.date) === i);
}

/** Made for the first country: it costs as much time as ten thousand look-ups. */
let regionNames: Intl.DisplayNames | null = null;

function countryOf(isoCode: string, known: Map<string, { isoCode: string; name: string }>) {
  let country = known.get(isoCode);
  if (country === undefined) {
    regionNames ??= new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
    country = { isoCode, name: regionNames.of(isoCode) ?? isoCode };
    known.set(isoCode, country);
  }
  return country;
}
