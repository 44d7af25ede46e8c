/** The inventory: what an office declares, and how its mistakes are shown. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { loadInventory, parseInventory } from '../../src/config/inventory.ts';
import { inventoryJsonSchema } from '../../src/config/inventory-schema.ts';
import { parseAddress } from '../../src/model/address.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { formatProblem, OperatorError, type Problem } from '../../src/model/problem.ts';

const EXAMPLE = new URL('../../config/inventory.example.yaml', import.meta.url).pathname;
const HEAD = 'version: 1\norganization: {id: x, name: X}\n';

function problemsOf(text: string, detections: string[] | null = null): Problem[] {
  try {
    parseInventory(text, 'inventory.yaml', detections);
  } catch (error) {
    if (error instanceof OperatorError) return error.problems;
    throw error;
  }
  return [];
}
const printed = (text: string) => problemsOf(text).map(formatProblem).join('\n');
function assetAt(inventory: Inventory, text: string): number {
  const address = parseAddress(text)!;
  return 'v4' in address ? inventory.assetOfAddress(0, 0, 0xffff, address.v4) : inventory.assetOfAddress(...address.v6);
}

describe('the example', () => {
  const inventory = loadInventory(EXAMPLE);

  it('is read into the model', () => {
    expect(inventory.organization).toEqual({
      id: 'us-xx-example',
      name: 'Example County Elections',
      level: 'county',
      parent: 'us-xx',
      timezone: 'America/Chicago',
    });
    expect(inventory.dayStartMs).toBe(12 * 3_600_000);
    expect(inventory.assets.map((a) => [a.number, a.id, a.kind, a.criticality])).toEqual([
      [1, 'lookup', 'voter_lookup', 'high'],
      [2, 'results', 'results_enr', 'critical'],
      [3, 'ems', 'ems_airgapped', 'critical'],
    ]);
    expect(inventory.assets[0]!.recordKeyParams).toEqual([['voterid'], ['lastname', 'dob']]);
    expect(inventory.assets[0]).toMatchObject({ uocava: true, keepParams: ['lang'], sensitivity: 'voter' });
  });

  it('tells whose an address is, which are dark and how many are owned', () => {
    expect(assetAt(inventory, '198.51.100.10')).toBe(1);
    expect(assetAt(inventory, '2001:db8:100::11')).toBe(2);
    expect(assetAt(inventory, '10.77.0.200')).toBe(3);
    expect(assetAt(inventory, '198.51.100.12')).toBe(0);
    expect(inventory.isDark(0xc6336420)).toBe(true);
    expect(inventory.isDark(0xc633641f)).toBe(false);
    expect(inventory.isOwned(0, 0, 0xffff, 0xc633641f)).toBe(true);
    expect(inventory.isOwned(0, 0, 0xffff, 0xc6336440)).toBe(false);
    // 198.51.100.0/26 and 10.77.0.0/24; the IPv6 address does not count as a host to scan
    expect(inventory.ownedHosts).toBe(64 + 256);
  });

  it('finds the declaration of a log by path or by name', () => {
    expect(inventory.originFor('/var/log/nginx/lookup-access.log.2.gz')).toMatchObject({ asset: 1, zone: 'dmz' });
    expect(inventory.originFor('/var/log/nginx/other.log')).toBeNull();
    expect(inventory.originFor('some/where/firewall-3.log')).toMatchObject({ asset: 0, timezone: 'America/Chicago' });
    expect(inventory.originFor('/var/log/nginx/deep/lookup.log')).toBeNull();
  });

  it('fits the published JSON Schema, which is current', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../config/schema/inventory.schema.json', import.meta.url), 'utf8'),
    );
    // when this fails: node src/config/write-schema.ts
    expect(schema).toEqual(inventoryJsonSchema());
    const validate = new Ajv2020({ strict: false }).compile(schema);
    const content = parse(readFileSync(EXAMPLE, 'utf8'));
    expect(validate(content), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...content, orgnization: 1 })).toBe(false);
  });

  it('is still valid when its commented parts are used', () => {
    const text = readFileSync(EXAMPLE, 'utf8');
    const uncommented = text.replace(/^# (databases:|privacy:|detections:|memory:| {2}[a-z_A-Z0-9]+: )/gm, '$1');
    expect(uncommented).toContain('\ndatabases:\n  asn:');
    const full = parseInventory(uncommented, '/etc/pollwatch/inventory.yaml', ['F13']);
    expect(full.databases).toEqual({
      asn: '/etc/pollwatch/GeoLite2-ASN.mmdb',
      city: '/etc/pollwatch/GeoLite2-City.mmdb',
    });
    expect(full.keyFile).toBe('/etc/pollwatch/key');
    expect(full.detections.get('F13')).toEqual({ off: true });
    expect(full.entriesMax).toBe(2_000_000);
  });
});

describe('requests', () => {
  const inventory = parseInventory(
    `${HEAD}assets:
  - {id: site, name: S, kind: county_site, hosts: [www.example.gov]}
  - {id: lookup, name: L, kind: voter_lookup, hosts: [www.example.gov], url_prefixes: [/lookup/]}
  - {id: form, name: F, kind: registration, url_prefixes: [/Register]}
  - {id: a, name: A, kind: other, hosts: [a.example.gov], url_prefixes: [/same]}
  - {id: b, name: B, kind: other, hosts: [b.example.gov], url_prefixes: [/same]}
`,
    'i.yaml',
  );

  it.each([
    ['www.example.gov', '/', 1],
    ['WWW.Example.gov.:443', '/lookup', 2],
    ['www.example.gov', '/LOOKUP/x?id=1', 2],
    ['www.example.gov', '/lookups', 1],
    ['www.example.gov', '/lookup?x=1', 2],
    ['', '/lookup/x', 2],
    ['', '/register/start', 3],
    ['198.51.100.7', '/lookup/x', 2],
    ['other.example.gov', '/register', 3],
    ['other.example.gov', '/lookup', 0],
    ['a.example.gov', '/same', 4],
    ['b.example.gov', '/same/x', 5],
    ['', '/same', 0],
    ['', '/', 0],
  ])('host "%s" and path %s are asset %i', (host, path, asset) => {
    expect(inventory.assetOfRequest(host, path)).toBe(asset);
  });
});

describe('without an inventory', () => {
  it('there is an office called "your office" whose day starts at midnight UTC', () => {
    const inventory = defaultInventory();
    expect(inventory.organization).toMatchObject({ id: 'local', name: 'your office' });
    expect(inventory).toMatchObject({
      file: null,
      dayStartMs: 0,
      assets: [],
      ownedHosts: 0,
      keyFile: null,
      entriesMax: null,
    });
    expect(inventory.originFor('/var/log/x.log')).toBeNull();
    expect(inventory.assetOfRequest('h', '/')).toBe(0);
    expect(assetAt(inventory, '192.0.2.1')).toBe(0);
    expect(inventory.isDark(1)).toBe(false);
  });
});

describe('mistakes', () => {
  it('are shown all at once, in order, with line, column, excerpt and hint', () => {
    const text = `version: 1
organisation: {id: x}
organization:
  id: Bad Id
  nmae: x
  timezone: America/Chicgo
  day_start: 12:00
assets:
  - {id: a, name: A, kind: voter_lokup, cidrs: [0.0.0.0/0], hosts: https://x}
`;
    expect(printed(text)).toBe(`inventory.yaml:2:1  PW-CONFIG-UNKNOWN-FIELD  unknown field "organisation"
   2 | organisation: {id: x}
     | ^
  hint: did you mean "organization"?
inventory.yaml:4:3  PW-CONFIG-MISSING-FIELD  missing field "name" in organization
   4 |   id: Bad Id
     |   ^
  hint: config/inventory.example.yaml shows every field
inventory.yaml:4:7  PW-CONFIG-VALUE  organization.id: an id has small letters, digits and hyphens, at most 63
   4 |   id: Bad Id
     |       ^
inventory.yaml:5:3  PW-CONFIG-UNKNOWN-FIELD  unknown field "nmae" in organization
   5 |   nmae: x
     |   ^
  hint: did you mean "name"?
inventory.yaml:6:13  PW-CONFIG-TIMEZONE  organization.timezone: this is no time zone
   6 |   timezone: America/Chicgo
     |             ^
  hint: did you mean "America/Chicago"?
inventory.yaml:7:14  PW-CONFIG-VALUE  organization.day_start: a day starts at a UTC time such as "12:00Z"
   7 |   day_start: 12:00
     |              ^
inventory.yaml:9:28  PW-CONFIG-VALUE  assets[1].kind cannot be "voter_lokup"
   9 |   - {id: a, name: A, kind: voter_lokup, cidrs: [0.0.0.0/0], hosts: https://x}
     |                            ^
  hint: did you mean "voter_lookup"?
inventory.yaml:9:49  PW-CONFIG-CIDR  "0.0.0.0/0" is the whole Internet
   9 |   - {id: a, name: A, kind: voter_lokup, cidrs: [0.0.0.0/0], hosts: https://x}
     |                                                 ^
  hint: name the networks that are yours
inventory.yaml:9:68  PW-CONFIG-TYPE  assets[1].hosts must be a list
   9 |   - {id: a, name: A, kind: voter_lokup, cidrs: [0.0.0.0/0], hosts: https://x}
     |                                                                    ^
  hint: write it in brackets, or as lines that start with "- "`);
  });

  it.each([
    [
      'two assets with one id',
      'assets: [{id: a, name: A, kind: other}, {id: a, name: B, kind: other}]',
      'PW-CONFIG-DUPLICATE',
      '3:46',
    ],
    [
      'networks of two assets that overlap',
      'assets: [{id: a, name: A, kind: other, cidrs: [10.1.0.0/16]}, {id: b, name: B, kind: other, cidrs: [10.0.0.0/8]}]',
      'PW-CONFIG-OVERLAP',
      '3:48',
    ],
    [
      'two assets that claim one host',
      'assets: [{id: a, name: A, kind: other, hosts: [h.gov]}, {id: b, name: B, kind: other, hosts: [H.gov]}]',
      'PW-CONFIG-OVERLAP',
      '3:95',
    ],
    [
      'two assets that claim one prefix',
      'assets: [{id: a, name: A, kind: other, url_prefixes: [/x]}, {id: b, name: B, kind: other, url_prefixes: [/X/]}]',
      'PW-CONFIG-OVERLAP',
      '3:106',
    ],
    ['an origin of an unknown asset', 'origins: [{path: x, asset: nobody}]', 'PW-CONFIG-UNKNOWN-ASSET', '3:28'],
    [
      'a dark network in use',
      'assets: [{id: a, name: A, kind: other, cidrs: [10.0.0.7]}]\nowned: {dark_cidrs: [10.0.0.0/24]}',
      'PW-CONFIG-OVERLAP',
      '4:22',
    ],
    ['an unknown detection', 'detections: {F1: {off: true}}', 'PW-CONFIG-UNKNOWN-DETECTION', '3:18'],
    ['a threshold, which cannot be set', 'detections: {F01: {ports_min: 5}}', 'PW-CONFIG-UNKNOWN-FIELD', '3:20'],
    ['an off that is neither true nor false', 'detections: {F01: {off: maybe}}', 'PW-CONFIG-TYPE', '3:25'],
    ['a bad time zone of an origin', 'origins: [{path: x, timezone: Mars/Olympus}]', 'PW-CONFIG-TIMEZONE', '3:31'],
    ['a port beyond 65535', 'assets: [{id: a, name: A, kind: other, ports: [70000]}]', 'PW-CONFIG-VALUE', '3:48'],
    ['a key that stands twice', 'owned: {}\nowned: {}', 'PW-CONFIG-YAML', '4:1'],
    ['a second document', '---\nversion: 1', 'PW-CONFIG-YAML', '3:1'],
  ])('%s is refused', (_, more, code, at) => {
    const problems = problemsOf(`${HEAD}${more}\n`, ['F01', 'F02']);
    expect(problems.map((p) => [p.code, `${p.line}:${p.column}`])).toEqual([[code, at]]);
    expect(problems[0]!.excerpt).not.toBe('');
  });

  it('in the syntax of the file are shown with their line', () => {
    const [problem] = problemsOf('version: 1\norganization: {id: x, name: "X}\n');
    expect(problem).toMatchObject({ code: 'PW-CONFIG-YAML', file: 'inventory.yaml' });
    expect(problem!.line).toBeGreaterThanOrEqual(2);
  });

  it('of an empty file name what is missing', () => {
    for (const text of ['', '# nothing\n', 'null']) {
      expect(problemsOf(text).map((p) => p.message)).toEqual([
        'missing field "version"',
        'missing field "organization"',
      ]);
    }
    for (const text of ['[1, 2]', 'just text', '7']) {
      expect(problemsOf(text).map((p) => p.message)).toEqual(['the inventory must be a group of fields']);
    }
  });

  it('of a file that is not there say which', () => {
    expect(() => loadInventory('/no/such/inventory.yaml')).toThrow(OperatorError);
    try {
      loadInventory('/no/such/inventory.yaml');
    } catch (error) {
      expect((error as OperatorError).problems[0]).toMatchObject({
        code: 'PW-CONFIG-UNREADABLE',
        file: '/no/such/inventory.yaml',
      });
    }
  });

  it('cannot blow up: aliases that multiply are refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i}: &a${i} [${Array(9)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(', ')}]`,
    );
    expect(problemsOf(levels.join('\n')).map((p) => p.code)).toContain('PW-CONFIG-YAML');
  });

  it('always end in problems with a place or in an inventory, whatever is written', () => {
    const word = fc.constantFrom(
      'version',
      'organization',
      'assets',
      'id',
      '1',
      'x',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '\n',
      '  ',
      '&a',
      '*a',
      '"',
      '!!map',
      '<<',
      '__proto__',
      '10.0.0.0/8',
      '\t',
      '%',
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 30 }).map((w) => w.join('')),
        (text) => {
          for (const problem of problemsOf(text)) {
            expect(problem.line).toBeGreaterThanOrEqual(1);
            expect(problem.column).toBeGreaterThanOrEqual(1);
            expect(formatProblem(problem)).toContain('PW-CONFIG-');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
