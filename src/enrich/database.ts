/**
 * MMDB files: the country file that comes with the program and those that an office has bought or downloaded: GeoLite2
 * and GeoIP2 (ASN, ISP, Country, City), DB-IP, IPinfo Lite. Their fields have different names; here they become one
 * record. A file is checked when it is opened: a wrong one stops the program before it starts and says why.
 * 89.160.20.130 → AS29518 "Bredband2 AB", SE, Linköping 58.4167, 15.6167
 */
import { readFileSync } from 'node:fs';
import { Reader } from 'maxmind';
import { OperatorError, type Problem } from '../model/problem.ts';

export type DatabaseKind = 'asn' | 'country' | 'city';

/** What one database says about one address; null = nothing. */
export interface DatabaseRecord {
  as: { number: number; name: string } | null;
  /** ISO 3166-1 alpha-2, upper case */
  isoCode: string | null;
  city: string | null;
  point: { lat: number; lon: number } | null;
}

export interface Database {
  /** what the file says of an address (text), or null. Never throws: a damaged record answers null and sets `problem`. */
  get(address: string, isIpv6: boolean): DatabaseRecord | null;
  readonly name: string;
  /** build date, e.g. "2026-06-17", or "unknown date" */
  readonly date: string;
  readonly attribution: string;
  /** set when a record turned out to be damaged */
  readonly problem: Problem | null;
}

/** The fields of all vendors together. */
interface VendorRecord {
  [field: string]: unknown;
}

const NAME_MAX = 200;

/** Opens an MMDB file for one purpose. Throws an OperatorError when it cannot be read, is no MMDB file, or lacks it. */
export function openDatabase(
  path: string,
  kind: DatabaseKind,
  known: { name: string; attribution: string } | null = null,
): Database {
  let reader: Reader<never>;
  try {
    reader = new Reader(readFileSync(path));
    check(reader);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code;
    throw new OperatorError(
      [
        {
          code: 'PW-ENRICH-DATABASE',
          message:
            missing === undefined
              ? 'this is not a readable MMDB database'
              : `the ${kind} database cannot be read (${missing})`,
          file: path,
          hint: 'name an unpacked .mmdb file under "databases" in the inventory, or leave it out to use the bundled data',
        },
      ],
      { cause },
    );
  }
  const { databaseType, ipVersion, buildEpoch } = reader.metadata;
  const other = contradicts(databaseType, kind);
  if (other !== null) {
    throw new OperatorError([
      {
        code: 'PW-ENRICH-DATABASE-KIND',
        message: `this database (${databaseType}) holds no ${kind === 'asn' ? 'network owners' : kind === 'city' ? 'cities' : 'countries'}`,
        file: path,
        hint: `name it under "databases: ${other}"`,
      },
    ]);
  }
  let problem: Problem | null = null;
  return {
    name: known?.name ?? databaseType,
    date: Number.isNaN(buildEpoch.getTime()) ? 'unknown date' : buildEpoch.toISOString().slice(0, 10),
    attribution: known?.attribution ?? attributionOf(databaseType),
    get problem() {
      return problem;
    },
    get(address, isIpv6) {
      // an IPv4 tree walked with an IPv6 address gives the answer for another address
      if (isIpv6 && ipVersion !== 6) return null;
      try {
        const record = reader.get(address) as unknown;
        return record === null || typeof record !== 'object' ? null : toRecord(record as VendorRecord);
      } catch (error) {
        problem ??= {
          code: 'PW-ENRICH-DATABASE-DAMAGED',
          message: `a record cannot be read (${error instanceof Error ? error.message : 'unknown'})`,
          file: path,
          hint: 'download the database again',
        };
        return null;
      }
    },
  };
}

/** What the format promises (MaxMind DB 2.0), and one look-up per family that must not fail. */
function check(reader: Reader<never>): void {
  const { binaryFormatMajorVersion, recordSize, ipVersion, databaseType, nodeCount } = reader.metadata;
  if (binaryFormatMajorVersion !== 2 || ![24, 28, 32].includes(recordSize) || ![4, 6].includes(ipVersion)) {
    throw new Error('unknown MMDB version');
  }
  if (typeof databaseType !== 'string' || !Number.isInteger(nodeCount)) throw new Error('incomplete MMDB metadata');
  reader.get('192.0.2.1');
  if (ipVersion === 6) reader.get('2001:db8::1');
}

/** The kind that a database is by its name when it cannot serve `kind`; null when it can or nobody knows. */
function contradicts(databaseType: string, kind: DatabaseKind): DatabaseKind | null {
  const has = {
    city: /city|enterprise|precision|location/i.test(databaseType),
    country: /country/i.test(databaseType),
    asn: /\basn\b|[-_ ]asn|isp|autonomous|enterprise/i.test(databaseType),
  };
  if (has[kind] || (kind === 'country' && has.city)) return null;
  return has.city ? 'city' : has.country ? 'country' : has.asn ? 'asn' : null;
}

function attributionOf(databaseType: string): string {
  if (/^geolite2/i.test(databaseType))
    return 'GeoLite2 data created by MaxMind, available from https://www.maxmind.com';
  if (/^dbip/i.test(databaseType)) return 'IP Geolocation by DB-IP, https://db-ip.com';
  if (/ipinfo/i.test(databaseType)) return 'IP address data powered by IPinfo, https://ipinfo.io';
  return '';
}

function toRecord(r: VendorRecord): DatabaseRecord {
  const traits = nested(r['traits']);
  const location = nested(r['location']);
  const country = nested(r['country']);
  const lat = degrees(location['latitude'] ?? r['latitude'] ?? r['lat'], 90);
  const lon = degrees(location['longitude'] ?? r['longitude'] ?? r['lng'] ?? r['lon'], 180);
  const number = asNumber(
    r['autonomous_system_number'] ?? traits['autonomous_system_number'] ?? r['asn'] ?? r['as_number'],
  );
  const name = [
    r['autonomous_system_organization'],
    traits['autonomous_system_organization'],
    r['as_name'],
    r['as_organization'],
    r['name'],
  ];
  return {
    as: number === null ? null : { number, name: text(name.find((n) => typeof n === 'string')) ?? '' },
    isoCode: isoCode(country['iso_code'] ?? r['country_code'] ?? r['country']),
    city: text(nested(nested(r['city'])['names'])['en'] ?? r['city']),
    point: lat === null || lon === null ? null : { lat, lon },
  };
}

function nested(value: unknown): VendorRecord {
  return value !== null && typeof value === 'object' ? (value as VendorRecord) : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, NAME_MAX) : null;
}

/** 13335 or "AS13335" */
function asNumber(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value.replace(/^AS/i, '')) : value;
  return typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= 0xffffffff ? number : null;
}

function isoCode(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z]{2}$/.test(value) ? value.toUpperCase() : null;
}

function degrees(value: unknown, max: number): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= max ? number : null;
}
