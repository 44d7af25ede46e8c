/**
 * Whom a line names behind a declared proxy: the plain reading by hand-made cases, and the rows of the kernel against it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { appendEvent } from '../../src/formats/append-event.ts';
import { proxiesOf, seeThrough } from '../../src/formats/client-address.ts';
import { combined, relayedBy } from '../../src/formats/combined.ts';
import { createBatch } from '../../src/model/batch.ts';
import { createTally } from '../../src/model/tally.ts';
import { eventOf } from './row-event.ts';
import { CONTEXT } from './rows.ts';

const HEAD = 'version: 1\norganization: {id: us-xx-a, name: A}\n';
const inventory = parseInventory(
  `${HEAD}contacts: {it: {email: [it@example.gov]}}
assets:
  - {id: a, name: A, kind: other, owner: it, hosts: [a.example.gov]}
  - {id: b, name: B, kind: other, owner: it, client_ip: {header: X-Forwarded-For, trusted_proxies: [10.0.0.0/24, "2001:db8:f::/48"]}}
  - {id: c, name: C, kind: other, owner: it, client_ip: {header: CF-Connecting-IP, trusted_proxies: [192.0.2.128/25, "::1/128"]}}
`,
  'inventory.yaml',
);
const isProxy = proxiesOf(inventory)!;
const BETWEEN = '- - [14/Sep/2026:08:01:00 +0200] "GET /a?b=1 HTTP/1.1" 404 153 "-"';
const lineOf = (peer: string, tail: string) => `${peer} ${BETWEEN} ${tail}`;
const clientOf = (peer: string, field: string) => relayedBy(lineOf(peer, `"curl/8.5.0" "${field}"`), isProxy)?.client;

/** The source of a line as a row, after it was seen through. */
function sourceInRow(line: string): { ip: string; isIpv6: boolean; isPrivate: boolean } {
  const batch = createBatch(4, { a: 1, b: 2 });
  const bytes = Buffer.from(`${line}\n${' '.repeat(80)}`, 'latin1');
  combined.fill!(bytes, 0, line.length + 1, 0, batch, CONTEXT, createTally());
  expect(batch.n).toBe(1);
  seeThrough(batch, isProxy);
  // what a row of that source has, had it been in front
  const plain = createBatch(1, { a: 1, b: 2 });
  appendEvent(plain, eventOf(batch, 0), 0, 0, 0);
  expect(batch.flags[0]).toBe(plain.flags[0]);
  for (const column of ['sourceHi', 'sourceLo', 'sourceIidHi', 'sourceIidLo'] as const)
    expect([column, batch[column][0]]).toEqual([column, plain[column][0]]);
  const flags = batch.flags[0]!;
  return { ip: eventOf(batch, 0)['source.ip'], isIpv6: (flags & 16) !== 0, isPrivate: (flags & 128) !== 0 };
}

describe('a line of a declared proxy', () => {
  it.each([
    ['one address', '203.0.113.9', '203.0.113.9'],
    ['what the visitor made up in front of it', '8.8.8.8, 203.0.113.9', '203.0.113.9'],
    ['a proxy of another asset behind it', '203.0.113.9, 192.0.2.200, 10.0.0.7', '203.0.113.9'],
    ['no blanks', '1.1.1.1,203.0.113.9,10.0.0.7', '203.0.113.9'],
    ['a port', '203.0.113.9:51234', '203.0.113.9'],
    ['IPv6', '2001:db8::9', '2001:db8::9'],
    ['IPv6 in brackets', '[2001:DB8::9]', '2001:db8::9'],
    ['IPv6 in brackets with a port', '1.1.1.1, [2001:db8::9]:4711', '2001:db8::9'],
    ['IPv4 in IPv6', '::ffff:203.0.113.9', '203.0.113.9'],
    ['a private address', '172.16.4.4', '172.16.4.4'],
    ['nothing', '-', null],
    ['an empty field', '', null],
    ['proxies only', '10.0.0.9, 10.0.0.7', null],
    ['a word', 'unknown', null],
    ['a word behind an address', '203.0.113.9, unknown', null],
    ['a word in front of proxies', 'unknown, 10.0.0.7', null],
    ['a comma at the end', '203.0.113.9,', null],
    ['an address that is none', '203.0.113.999', null],
    ['IPv4 in brackets', '[203.0.113.9]', null],
    ['a network', '203.0.113.0/24', null],
    ['an escaped quote, then an address', '\\" \\"6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['an address behind an escaped quote', '\\" \\"6.6.6.6', null],
    ['an address of great length', `${'0'.repeat(5000)}1`, null],
  ])('names, with %s: %s', (_, field, client) => {
    expect(clientOf('10.0.0.5', field)).toBe(client);
    expect(sourceInRow(lineOf('10.0.0.5', `"curl/8.5.0" "${field}"`)).ip).toBe(client ?? '10.0.0.5');
    expect(sourceInRow(lineOf('2001:db8:f::5', `"-" "${field}"`)).ip).toBe(client ?? '2001:db8:f::5');
    expect(sourceInRow(lineOf('a.example.gov:443 ::1', `"" "${field}"`)).ip).toBe(client ?? '::1');
  });

  it.each([
    ['without the field', '"curl/8.5.0"', null],
    ['without a user agent', '', null],
    ['with a time behind the field', '"curl/8.5.0" "203.0.113.9" 0.005 rt=0.1', '203.0.113.9'],
    ['with a time in front of it', '"curl/8.5.0" 0.005 "203.0.113.9"', '203.0.113.9'],
    ['with two fields, of which either could be it', '"curl/8.5.0" "203.0.113.9" "203.0.113.8"', null],
    ['with an address without quotes', '"curl/8.5.0" 203.0.113.9', null],
    ['with an open field', '"curl/8.5.0" "203.0.113.9', null],
    ['with the address as user agent', '"203.0.113.9"', null],
    ['with an open user agent', '"curl "203.0.113.9', null],
  ])('%s', (_, tail, client) => {
    const line = lineOf('10.0.0.5', tail).trimEnd();
    expect(relayedBy(line, isProxy)).toEqual({ proxy: '10.0.0.5', client });
    expect(sourceInRow(line).ip).toBe(client ?? '10.0.0.5');
  });

  it('gives the row all that goes with the client: its kind and whether it is private', () => {
    const row = (peer: string, field: string) => sourceInRow(lineOf(peer, `"a" "${field}"`));
    expect(row('10.0.0.5', '203.0.113.9')).toEqual({ ip: '203.0.113.9', isIpv6: false, isPrivate: false });
    expect(row('10.0.0.5', '2001:db8::9')).toEqual({ ip: '2001:db8::9', isIpv6: true, isPrivate: false });
    expect(row('2001:db8:f::5', '192.168.1.1')).toEqual({ ip: '192.168.1.1', isIpv6: false, isPrivate: true });
    expect(row('192.0.2.129', 'fd00::1')).toEqual({ ip: 'fd00::1', isIpv6: true, isPrivate: true });
  });
});

describe('a line of anybody else', () => {
  it('is never believed, whatever it says', () => {
    for (const peer of ['198.51.100.7', '10.0.1.5', '192.0.2.127', '2001:db8:e::5'])
      for (const field of ['203.0.113.9', '10.0.0.5', '203.0.113.9, 10.0.0.5', '127.0.0.1', '::1']) {
        expect(clientOf(peer, field)).toBeUndefined();
        expect(sourceInRow(lineOf(peer, `"curl/8.5.0" "${field}"`)).ip).toBe(peer);
      }
  });

  it('is all there is without declared proxies', () => {
    expect(proxiesOf(parseInventory(HEAD, 'inventory.yaml'))).toBeNull();
  });
});

describe('the rows and the plain reading', () => {
  it('agree, whatever stands behind the user agent', () => {
    const peer = fc.constantFrom('10.0.0.5', '2001:db8:f::5', '198.51.100.7', 'a.example.gov:443 10.0.0.6', '::1');
    const word = fc.oneof(
      fc.constantFrom(
        '10.0.0.7',
        '203.0.113.9',
        '[2001:db8::9]:1',
        ', ',
        ',',
        '" "',
        '"',
        ' ',
        '\\"',
        '-',
        'x',
        ':80',
        '::',
      ),
      fc.ipV4(),
      fc.ipV6(),
    );
    const agent = fc.constantFrom('"-"', '""', '"curl/8.5.0"', '"a\\"b"', '"-', '-');
    fc.assert(
      fc.property(peer, agent, fc.array(word, { maxLength: 8 }), (from, userAgent, words) => {
        for (const tail of [`${userAgent} "${words.join('')}"`, `${userAgent} ${words.join('')}`]) {
          const line = lineOf(from, tail);
          const parsed = combined.parseLine(line, CONTEXT);
          if (!('event' in parsed)) throw new Error('no event');
          expect(sourceInRow(line).ip).toBe(relayedBy(line, isProxy)?.client ?? parsed.event['source.ip']);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
