/** Who announces an address and where it is placed: bundled tables, databases of the user's own, and wrong ones. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEnricher, type Enricher } from '../../src/enrich/enricher.ts';
import { parseAddress, ZERO_PREFIX } from '../../src/model/address.ts';
import { OperatorError } from '../../src/model/problem.ts';
import { type MmdbValue, writeMmdb } from './mmdb-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-enrich-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function database(type: string, networks: Record<string, MmdbValue>, options = {}): string {
  const path = join(folder, `${files++}.mmdb`);
  writeFileSync(path, writeMmdb(type, networks, options));
  return path;
}
function lookup(enricher: Enricher, text: string) {
  const address = parseAddress(text)!;
  return 'v4' in address
    ? enricher.lookup(0, address.v4, 0, 0)
    : enricher.lookup(address.v6[0] === 0 ? ZERO_PREFIX : address.v6[0], address.v6[1], address.v6[2], address.v6[3]);
}
function problemOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof OperatorError) return error.problems[0]!;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the bundled tables', () => {
  const enricher = createEnricher();

  it('know network owner and country of both families, and no place', () => {
    const one = lookup(enricher, '1.1.1.1');
    expect(one.as).toEqual({ number: 13335, name: 'Cloudflare, Inc.' });
    expect(one.place).toBeNull();
    expect(one.reserved).toBeNull();
    const six = lookup(enricher, '2a02:6b8::1');
    expect(six.as?.number).toBe(13238);
    expect(six.country).toEqual({ isoCode: 'RU', name: 'Russia' });
  });

  it('tell their names, dates and what their licences ask for', () => {
    const sets = enricher.dataSets();
    expect(sets).toHaveLength(2);
    for (const set of sets) expect(set.date).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(sets[0]!.attribution).toContain('routeviews.org');
    expect(sets[0]!.attribution).toContain('https://db-ip.com');
    expect(lookup(enricher, '1.1.1.1').database).toBe('geo-whois-asn-country, 2026-06-17');
  });

  it('are not asked about private, documentation and other reserved addresses', () => {
    const reasons = {
      '10.0.0.12': 'private',
      '192.168.7.7': 'private',
      '172.31.255.255': 'private',
      '100.64.0.1': 'carrier-internal',
      '127.0.0.1': 'loopback',
      '192.0.2.1': 'documentation',
      '198.51.100.7': 'documentation',
      '203.0.113.255': 'documentation',
      '198.19.0.1': 'benchmarking',
      '224.0.0.5': 'multicast',
      '255.255.255.255': 'reserved',
      '::1': 'loopback',
      'fe80::1': 'link-local',
      'fd00::1': 'private',
      '2001:db8::1': 'documentation',
      'ff02::1': 'multicast',
    };
    for (const [address, reason] of Object.entries(reasons)) {
      const answer = lookup(enricher, address);
      expect(answer.reserved, address).toContain(reason);
      expect(answer).toMatchObject({ as: null, country: null, place: null, database: '' });
    }
    for (const address of ['172.32.0.1', '100.128.0.1', '198.20.0.1', '192.0.3.1', '2001:db9::1', '11.0.0.1']) {
      expect(lookup(enricher, address).reserved, address).toBeNull();
    }
  });

  it('answer the owner alone as the whole look-up does', () => {
    for (const text of ['8.8.8.8', '1.1.1.1', '10.0.0.1', '5.188.10.1']) {
      const address = parseAddress(text) as { v4: number };
      expect(enricher.owner(0, address.v4)).toEqual(enricher.lookup(0, address.v4).as);
    }
  });
});

describe("databases of the user's own", () => {
  const asn = database('GeoLite2-ASN', {
    '89.160.20.0/24': { autonomous_system_number: 29518, autonomous_system_organization: 'Bredband2 AB' },
    '12.81.92.0/22': { autonomous_system_number: 7018 },
    '2a02:6b8::/32': { autonomous_system_number: 64500, autonomous_system_organization: 'Sechs' },
  });
  const city = database('GeoIP2-City', {
    '89.160.20.128/25': {
      country: { iso_code: 'SE', names: { en: 'Sweden', de: 'Schweden' } },
      city: { names: { en: 'Linköping' } },
      location: { latitude: 58.4167, longitude: -15.6167 },
    },
    '67.43.156.0/24': { country: { iso_code: 'BT' }, location: { latitude: 27.5, longitude: 90.5 } },
  });

  it('take the place of the bundled ones, each for its kind', () => {
    const enricher = createEnricher({ databases: { asn, city } });
    expect(lookup(enricher, '89.160.20.130')).toEqual({
      as: { number: 29518, name: 'Bredband2 AB' },
      country: { isoCode: 'SE', name: 'Sweden' },
      place: { city: 'Linköping', lat: 58.4167, lon: -15.6167 },
      database: 'GeoIP2-City, 2026-05-28',
      reserved: null,
    });
    expect(lookup(enricher, '12.81.94.1').as).toEqual({ number: 7018, name: '' });
    expect(lookup(enricher, '67.43.156.1').place).toEqual({ city: null, lat: 27.5, lon: 90.5 });
    expect(lookup(enricher, '2a02:6b8::1').as?.number).toBe(64500);
    // known to the bundled tables only
    expect(lookup(enricher, '1.1.1.1')).toMatchObject({ as: null, country: null, place: null });
    expect(enricher.dataSets()[0]!.attribution).toContain('maxmind.com');
  });

  it('leave the bundled ones for the kinds that they do not hold', () => {
    const enricher = createEnricher({ databases: { asn } });
    expect(lookup(enricher, '2a02:6b8::1')).toMatchObject({
      as: { name: 'Sechs' },
      country: { isoCode: 'RU' },
      place: null,
    });
  });

  it('are read with the field names of IPinfo and DB-IP as well', () => {
    const lite = database('ipinfo generic_lite.mmdb', {
      '1.1.1.0/24': { asn: 'AS13335', as_name: 'Cloudflare', country: 'Australia', country_code: 'AU' },
    });
    const ipinfo = createEnricher({ databases: { asn: lite, country: lite } });
    expect(lookup(ipinfo, '1.1.1.1')).toMatchObject({
      as: { number: 13335, name: 'Cloudflare' },
      country: { isoCode: 'AU', name: 'Australia' },
    });
    expect(ipinfo.dataSets()).toHaveLength(1);
    const location = database('ipinfo standard_location.mmdb', {
      '1.1.1.0/24': { city: 'Brisbane', country: 'AU', lat: '-27.48', lng: '153.02' },
    });
    expect(lookup(createEnricher({ databases: { city: location } }), '1.1.1.1')).toMatchObject({
      country: { isoCode: 'AU' },
      place: { city: 'Brisbane', lat: -27.48, lon: 153.02 },
    });
  });

  it('do not answer IPv6 when they hold IPv4 only', () => {
    const v4 = database('X-Country', { '42.0.0.0/8': { country: { iso_code: 'HK' } } }, { ipVersion: 4 });
    const enricher = createEnricher({ databases: { country: v4 } });
    expect(lookup(enricher, '42.2.6.8').country?.isoCode).toBe('HK');
    expect(lookup(enricher, '2a02:6b8::1').country).toBeNull();
  });

  it('answer null for fields of a wrong kind', () => {
    const odd = database('GeoIP2-City', {
      '1.1.1.0/24': { country: { iso_code: 'AUS' }, location: { latitude: 'north', longitude: 7 }, city: 7 },
      '1.1.2.0/24': { country: 'Australia', location: { latitude: 910.5, longitude: 7 } },
    });
    const enricher = createEnricher({ databases: { city: odd } });
    expect(lookup(enricher, '1.1.1.1')).toMatchObject({ country: null, place: null });
    expect(lookup(enricher, '1.1.2.1')).toMatchObject({ country: null, place: null });
  });

  it('are refused before anything starts when they are missing, no database, or hold something else', () => {
    const garbage = join(folder, 'garbage.mmdb');
    writeFileSync(garbage, 'not a database');
    const missing = problemOf(() => createEnricher({ databases: { asn: join(folder, 'none.mmdb') } }));
    expect(missing).toMatchObject({ code: 'PW-ENRICH-DATABASE', file: join(folder, 'none.mmdb') });
    expect(missing.message).toContain('ENOENT');
    expect(problemOf(() => createEnricher({ databases: { city: garbage } })).code).toBe('PW-ENRICH-DATABASE');
    expect(problemOf(() => createEnricher({ databases: { asn: city } }))).toMatchObject({
      code: 'PW-ENRICH-DATABASE-KIND',
      hint: 'name it under "databases: city"',
    });
    expect(problemOf(() => createEnricher({ databases: { city: asn } })).code).toBe('PW-ENRICH-DATABASE-KIND');
  });

  it('that are damaged inside answer null and say so', () => {
    const path = join(folder, 'damaged.mmdb');
    const bytes = writeMmdb('X-Country', { '42.0.0.0/8': { country: { iso_code: 'HK' } } });
    // a pointer far behind the end of the file, where the record's first byte was
    const at = bytes.indexOf(Buffer.from('country')) - 2;
    bytes.set([0x38, 0xff, 0xff, 0xff, 0xff], at);
    writeFileSync(path, bytes);
    const enricher = createEnricher({ databases: { country: path } });
    expect(lookup(enricher, '42.2.6.8').country).toBeNull();
    expect(enricher.problems().map((p) => p.code)).toEqual(['PW-ENRICH-DATABASE-DAMAGED']);
  });
});

const samples = process.env['POLLWATCH_TEST_MMDB'] ?? '';
describe.skipIf(samples === '')(
  'the public test databases of MaxMind (only where POLLWATCH_TEST_MMDB names a folder with them)',
  () => {
    it('give the expected network owner, country and place', () => {
      const enricher = createEnricher({
        databases: {
          asn: join(samples, 'GeoLite2-ASN-Test.mmdb'),
          city: join(samples, 'GeoIP2-City-Test.mmdb'),
        },
      });
      const rows = readFileSync(join(samples, 'expected.ndjson'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(rows.length).toBeGreaterThan(10);
      for (const row of rows) {
        const answer = lookup(enricher, row['source.ip']);
        expect({
          ip: row['source.ip'],
          as: answer.as?.number ?? null,
          name: answer.as?.name || null,
          iso: answer.country?.isoCode ?? null,
          country: answer.country?.name ?? null,
          city: answer.place?.city ?? null,
          point: answer.place === null ? null : { lon: answer.place.lon, lat: answer.place.lat },
        }).toEqual({
          ip: row['source.ip'],
          as: row['source.as.number'],
          name: row['source.as.organization.name'],
          iso: row['source.geo.country_iso_code'],
          country: row['source.geo.country_name'],
          city: row['source.geo.city_name'],
          point: row['source.geo.location'],
        });
      }
    });
  },
);
