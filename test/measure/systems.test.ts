/**
 * What is told of requests to declared systems: the fields that an attack was put into, documents about voters and pages
 * of those who publish, and records that are declared as protected.
 */
import { describe, expect, it } from 'vitest';
import { WATCH, watchOf } from '../../src/measure/asset-watch.ts';
import { createFormFields } from '../../src/measure/form-fields.ts';
import { createPathTest, isBackstage, isVoterDocument } from '../../src/measure/path-tests.ts';
import { covered } from '../../src/measure/state.ts';
import { hashKey } from '../../src/model/hash.ts';
import { ASSET_KINDS } from '../../src/model/inventory.ts';
import { decided } from '../detect/deciding.ts';
import { page } from '../detect/log-lines.ts';

const KEY = hashKey('secret', 'test');

describe('the attacked fields of a query', () => {
  const fields = createFormFields(KEY, [[], ['lastname', 'dob']]);
  const attacked = (target: string) => {
    const bytes = Buffer.from(target, 'latin1');
    return [...fields.attacked(bytes, target.indexOf('?'), bytes.length)];
  };
  const name = (field: string) => attacked(`/f?${field}=%27`)[0]!;

  it.each([
    ["/f?lastname=x'+OR+1=1--&dob=1970-01-01", ['lastname']],
    ['/f?lastname=Doe&dob=1%29%3BSELECT', ['dob']],
    ['/f?a=%27&b=2&c=%3Cscript%3E', ['a', 'c']],
    ['/f?voterid[$acunetix]=1', ['voterid']],
    ['/f?id=1+or+1=1', ['id']],
    ['/f?token=YWJj==&id=7', []],
    ['/f?id=1+union+select+2', []],
    ['/f?', []],
  ])('of %s are %j', (target, expected) => {
    expect(attacked(target)).toEqual(expected.map(name));
  });

  it('are known as declared whatever their case, for their own system alone', () => {
    expect(fields.isDeclared(1, name('LastName'))).toBe(true);
    expect(fields.isDeclared(1, name('city'))).toBe(false);
    expect(fields.isDeclared(0, name('lastname'))).toBe(false);
  });
});

it('documents about voters are told from others, and pages of publishers from those of readers', () => {
  for (const path of ['/files/voter-registration/7.pdf', '/Elections/2026/list.XLSX', '/ballots/'])
    expect(isVoterDocument(path), path).toBe(true);
  for (const path of ['/', '/roads/7.pdf', '/elections/index.html', '/style/print.pdf'])
    expect(isVoterDocument(path), path).toBe(false);
  for (const path of ['/admin/upload', '/api/v1/results', '/ws/update', '/login.aspx'])
    expect(isBackstage(path), path).toBe(true);
  for (const path of ['/results/map', '/capital/2026', '/loginov', '/static/wsj.svg'])
    expect(isBackstage(path), path).toBe(false);
});

it('paths that share 32 bits of their hash each get their own answer, in any order', () => {
  // under this key the first lane of both is the same; found by going through numbers
  const pages = [37_615, 88_220];
  for (const order of [pages, [...pages].reverse()]) {
    const isEven = createPathTest(KEY, (path) => Number(path.slice(path.lastIndexOf('/') + 1)) === order[0]);
    const answers = order.map((number) => {
      const bytes = Buffer.from(`/results/page/${number}`, 'latin1');
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      return isEven.fits(bytes, view, 0, bytes.length);
    });
    expect(answers).toEqual([true, false]);
  }
});

it('every kind of system is measured for what its detections ask; a sentinel wholly', () => {
  for (const kind of ASSET_KINDS) {
    const watch = watchOf({ kind, sentinel: false, hosts: [] });
    expect(watch === 0, kind).toBe(kind === 'ems_airgapped');
    expect(watchOf({ kind, sentinel: true, hosts: [] })).toBe(WATCH.all | WATCH.packets);
  }
  // where all its hosts name voters, each of its documents is about them
  const site = (hosts: string[]) => watchOf({ kind: 'county_site', sentinel: false, hosts }) & WATCH.anyDocument;
  expect([site(['vote.example.gov']), site(['www.example.gov', 'vote.example.gov']), site([])]).toEqual([
    WATCH.anyDocument,
    0,
    0,
  ]);
});

it.each([
  ['127.0.0.1', 1],
  ['::ffff:127.0.0.1', 1],
  ['::1', 1],
  ['::2', 0],
  ['2001:db8:f::7', 1],
  ['2001:db8:e::7', 0],
])('a request to a system from %s counts as one of its proxies: %i', async (peer, expected) => {
  const inventory = `version: 1
organization: {id: us-xx, name: Example County}
assets:
  - id: lookup
    name: Voter lookup
    kind: voter_lookup
    url_prefixes: [/lookup]
    client_ip: {header: X-Forwarded-For, trusted_proxies: [127.0.0.0/8, "::1/128", "2001:db8:f::/48"]}
`;
  const { around } = await decided({ 'access.log': [page(peer, 0, '/lookup'), page(peer, 1, '/')] }, { inventory });
  expect(covered(around.state, 'from_proxies')).toBe(expected);
});
