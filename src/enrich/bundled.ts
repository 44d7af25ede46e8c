/**
 * The data sets that come with the program: network owners (RouteViews, NRO and DB-IP, as packed by ip-location-db)
 * and countries (geo-whois-asn-country). What their licences ask us to say stands in NOTICE too. The owners' CSV files are turned into the flat table once and kept beside the
 * packages in node_modules/.cache/pollwatch; where that cannot be written the table is made anew in memory each time.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { OperatorError } from '../model/problem.ts';
import { type AsTable, buildAsTable, HEADER_BYTES, isMadeFrom, readAsTable } from './as-table.ts';
import { type Database, openDatabase } from './database.ts';

const AS_PACKAGE = '@ip-location-db/asn';
const COUNTRY_PACKAGE = '@ip-location-db/geo-whois-asn-country-mmdb';

/** A data set as reports name it. */
export interface DataSet {
  name: string;
  /** build date, e.g. "2026-06-17", or "unknown date" */
  date: string;
  /** what its licence asks us to say; empty when it asks for nothing */
  attribution: string;
}

/**
 * The bundled table of network owners. `cacheFolder` is where the table is kept (null = nowhere; undefined = beside the
 * packages). Where it is kept already it is read when `table` is first asked for: a scan needs the room before. Throws an
 * OperatorError at once when the package is not installed.
 */
export function openAsTable(cacheFolder?: string | null): { readonly table: AsTable; readonly dataSet: DataSet } {
  const { folder, version } = packageOf(AS_PACKAGE);
  const files = [join(folder, 'asn-ipv4.csv'), join(folder, 'asn-ipv6.csv')] as const;
  const stamp = crc32(`${version} ${files.map((file) => statSync(file).size).join(' ')}`);
  const cache = cacheFolder === undefined ? join(folder, '..', '..', '.cache', 'pollwatch') : cacheFolder;
  const path = cache === null ? null : join(cache, 'as-table.bin');
  const build = (): AsTable => {
    const built = buildAsTable(readFileSync(files[0]), readFileSync(files[1]), stamp);
    if (path !== null) keep(path, built.bytes);
    return built;
  };
  let table = path !== null && isKept(path, stamp) ? null : build();
  const date = /(\d{4})(\d\d)(\d\d)\d\d$/.exec(version);
  return {
    get table() {
      table ??= (path === null ? null : readCached(path, stamp)) ?? build();
      return table;
    },
    dataSet: {
      name: 'RouteViews and DB-IP network owners',
      date: date === null ? 'unknown date' : `${date[1]}-${date[2]}-${date[3]}`,
      attribution:
        'Network owners: merged by ip-location-db from RouteViews (routeviews.org), NRO statistics (nro.net) and IP to ASN Lite by DB-IP (https://db-ip.com), CC BY 4.0',
    },
  };
}

/**
 * The bundled country database, read when it is first asked: a scan of millions of lines needs the room before. Throws an
 * OperatorError at once when the package is not installed, and when it is read if it is damaged.
 */
export function openCountries(): Database {
  const path = join(packageOf(COUNTRY_PACKAGE).folder, 'geo-whois-asn-country.mmdb');
  let opened: Database | null = null;
  const database = (): Database => {
    opened ??= openDatabase(path, 'country', { name: COUNTRIES, attribution: COUNTRIES_ATTRIBUTION });
    return opened;
  };
  return {
    get: (address, isIpv6) => database().get(address, isIpv6),
    name: COUNTRIES,
    attribution: COUNTRIES_ATTRIBUTION,
    get date() {
      return database().date;
    },
    get problem() {
      return opened === null ? null : opened.problem;
    },
  };
}

const COUNTRIES = 'geo-whois-asn-country';
const COUNTRIES_ATTRIBUTION =
  'Countries: merged by ip-location-db from geofeeds, registry and routing data and NRO statistics (nro.net), CC BY 4.0';

function packageOf(name: string): { folder: string; version: string } {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    return { folder: dirname(manifest), version };
  } catch (cause) {
    const problem = {
      code: 'PW-ENRICH-NO-DATA',
      message: `the data set ${name} is not installed`,
      hint: 'run npm ci in the folder of pollwatch',
    };
    throw new OperatorError([problem], { cause });
  }
}

/** Whether a table that was made from `stamp` seems to be there; the rest of it is checked when it is read. */
function isKept(path: string, stamp: number): boolean {
  const header = new Uint8Array(HEADER_BYTES);
  try {
    const file = openSync(path, 'r');
    try {
      return readSync(file, header) === HEADER_BYTES && isMadeFrom(header, stamp);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/** A damaged, old or missing file is the same as none: the table is made again. */
function readCached(path: string, stamp: number): AsTable | null {
  try {
    return readAsTable(readFileSync(path), stamp);
  } catch {
    return null;
  }
}

/** Writes beside and renames, so that a reader never sees half a file. A folder that cannot be written costs only time. */
function keep(path: string, bytes: Uint8Array): void {
  const beside = `${path}.${process.pid}`;
  let isMade = false;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, bytes, { flag: 'wx' });
    isMade = true;
    renameSync(beside, path);
  } catch {
    if (isMade) rmSync(beside, { force: true });
  }
}
