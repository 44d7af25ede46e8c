/**
 * The fast lane only saves work: with it and without it, cold and warm, a log gives the same settled state, the same
 * numbers and the same last time, whatever stands in its lines, wherever it is cut, and under any inventory and rules.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { findFormat } from '../../src/formats/index.ts';
import { encodeState } from '../../src/measure/delta.ts';
import { settleState } from '../../src/measure/state.ts';
import { hashKey } from '../../src/model/hash.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { createTally, type Tally } from '../../src/model/tally.ts';
import { createMatcher, createMatches, type Matcher } from '../../src/rules/matcher.ts';
import type { CompiledRuleSet } from '../../src/rules/rule-set.ts';
import { createAccessLane } from '../../src/run/access-lane.ts';
import { createScanner, type Scanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { createRandom, generate } from '../laws/generator.ts';
import { INVENTORIES } from '../laws/small-run.ts';

const ROOT = join(import.meta.dirname, '../..');
const SECRET = new Uint8Array(32).fill(5);
const format = findFormat('combined')!;
const ruleSet = rulesOf([]);
const inventories = Object.entries(INVENTORIES).map(
  ([name, text]) => [name, parseInventory(text, 'inventory.yaml')] as const,
);
const noInventory = inventories[0]![1];

const logs = ['test/formats/combined', 'test/samples/generated'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.log') && (folder.includes('formats') || name.includes('access')))
    .map((name) => ({ name, bytes: readFileSync(join(ROOT, folder, name)) })),
);
const lines = logs.flatMap(({ bytes }) => bytes.toString('latin1').split('\n').filter(Boolean));
const bytesOf = (list: readonly string[]) => Buffer.from(list.map((line) => `${line}\n`).join(''), 'latin1');

/** What a scanner makes of a log that is cut behind the line ends at `cuts` (shares of its length). */
function outcomeOf(scanner: Scanner, bytes: Uint8Array, inventory: Inventory, cuts: readonly number[] = []) {
  scanner.take();
  const ends = new Set(cuts.map((cut) => bytes.indexOf(10, Math.floor(cut * bytes.length)) + 1));
  ends.add(bytes.length);
  const lasts: (number | null)[] = [];
  let start = 0;
  for (const end of [...ends].sort((a, b) => a - b)) {
    if (end <= start) continue;
    const scene = { organization: 0, origin: 1, asset: 0, dayStartMs: inventory.dayStartMs };
    const context = { origin: 1, referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' };
    const block = { bytes: Uint8Array.from(bytes), start, end, baseOffset: 5 * 2 ** 32 };
    lasts.push(scanner.scanBlock(block, format, context, scene));
    start = end;
  }
  const { state, tallies } = scanner.take();
  settleState(state);
  const tally: Tally = tallies.get(1) ?? createTally();
  return { state: Buffer.from(encodeState(state)).toString('latin1'), tally, lasts };
}

/** Both ways, twice each: the second time everything is known. */
function expectSame(
  bytes: Uint8Array,
  inventory: Inventory = noInventory,
  rules: CompiledRuleSet = ruleSet,
  cuts: readonly number[] = [],
  scanners = [true, false].map((hasLane) => createScanner(rules, inventory, SECRET, { hasLane })),
): void {
  const [lane, plain] = scanners as [Scanner, Scanner];
  const expected = outcomeOf(plain, bytes, inventory, cuts);
  for (const time of ['cold', 'warm']) {
    const found = outcomeOf(lane, bytes, inventory, cuts);
    expect([time, found.tally, found.lasts]).toEqual([time, expected.tally, expected.lasts]);
    // equal or not: the whole state as a message would be pages long
    expect([time, found.state === expected.state]).toEqual([time, true]);
  }
}

/** A lane whose matcher counts the rows that it is asked about and that match no rule. */
function countingLane() {
  const matcher = createMatcher(ruleSet, hashKey('lane', 'test'));
  let asked = 0;
  let generation = 0;
  const counting: Matcher = {
    ...matcher,
    get generation() {
      return generation;
    },
    absentAgent: matcher.absentAgent,
    absentReferrer: matcher.absentReferrer,
    match(batch, matches, digests, rows, count) {
      matcher.match(batch, matches, digests, rows, count);
      asked += (count ?? 0) - new Set(matches.row.subarray(0, matches.n)).size;
    },
  };
  const labels = ruleSet.rules.map(() => 0);
  const key = hashKey('lane', 'test');
  const lane = createAccessLane({ key, secret: new Uint8Array(1024).fill(9), matcher: counting, labels });
  /** reads lines once more; returns how many of them the matcher was asked about */
  const read = (bytes: Uint8Array): number => {
    const before = asked;
    const block = { bytes, start: 0, end: bytes.length, baseOffset: 0 };
    for (let at = 0; at < bytes.length; ) at = lane!.read(block, at, createMatches(8), createTally());
    return asked - before;
  };
  return { read, startAnew: () => generation++ };
}

describe('a log read with the fast lane and without it', () => {
  it.each(inventories)('is the same for every sample, under the inventory "%s"', (_, inventory) => {
    for (const { bytes } of logs) expectSame(bytes, inventory);
  });

  it.each(inventories)(
    'is the same for mixed logs with all actors, cut anywhere, under the inventory "%s"',
    (name, inventory) => {
      const random = createRandom(name.length);
      for (let seed = 1; seed <= 3; seed++) {
        const mixed = generate(seed).lines.filter((line) => line.format === 'combined');
        const cuts = Array.from({ length: 20 }, random);
        expectSame(bytesOf(mixed.map((line) => line.text)), inventory, ruleSet, cuts);
      }
    },
  );

  it('is the same behind declared proxies, by header and without, and under rules about addresses', () => {
    const proxies =
      'assets:\n  - {id: a, name: A, kind: other, owner: it, client_ip: {header: X-Forwarded-For, trusted_proxies: [10.0.0.5/32, "2001:db8:f::/48"]}}\n';
    const office = parseInventory(
      `version: 1\norganization: {id: us-xx-p, name: P}\ncontacts: {it: {email: [it@example.gov]}}\n${proxies}`,
      'inventory.yaml',
    );
    const path = join(mkdtempSync(join(tmpdir(), 'pollwatch-test-')), 'address.yml');
    writeFileSync(
      path,
      'title: From there\nid: 11111111-2222-3333-4444-555555555566\nlogsource: {category: webserver}\ndetection:\n  s: {c-ip|cidr: 64.0.0.0/2}\n  condition: s\nlevel: low\n',
    );
    const random = createRandom(23);
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
    const fields = ['-', 'unknown', '10.0.0.5', '6.6.6.6, 70.1.2.3', '[2001:db8::9]:1', '70.9.9.9', '203.0.113.77'];
    const relayed = Array.from({ length: 4000 }, () =>
      pick(lines).replace(/^\S+ - /, () => `${pick(['10.0.0.5', '2001:db8:f::1', '198.51.100.3'])} - `),
    ).map((line) => `${line} "${pick(fields)}"`);
    for (const rules of [ruleSet, rulesOf([path])]) {
      expectSame(bytesOf(relayed), office, rules);
      const seen = outcomeOf(createScanner(rules, office, SECRET), bytesOf(relayed), office).state;
      expect(seen === outcomeOf(createScanner(rules, noInventory, SECRET), bytesOf(relayed), noInventory).state).toBe(
        false,
      );
    }
  });

  it('is the same for lines in which bytes were changed, left out or put in', () => {
    const random = createRandom(11);
    const odd = '"\\ \t\r\0-[]:/.?%+&=!<>(;\'0129aZ\x7f\xff';
    const pick = (n: number) => Math.floor(random() * n);
    for (let round = 0; round < 6; round++) {
      const changed = Array.from({ length: 3000 }, () => {
        let line = lines[pick(lines.length)]!;
        for (let k = pick(4); k > 0; k--) {
          const at = pick(line.length + 1);
          const put = random() < 0.25 ? '' : odd[pick(odd.length)]!;
          line = line.slice(0, at) + put + line.slice(at + pick(2));
        }
        return line;
      });
      expectSame(bytesOf(changed));
    }
  });

  it('is the same for any times, addresses, targets and texts behind them', () => {
    const two = fc.integer({ min: 0, max: 69 }).map((n) => String(n).padStart(2, '0'));
    const time = fc
      .tuple(
        two,
        fc.constantFrom('Jan', 'Feb', 'Sep', 'Dec', 'sep', 'Foo'),
        fc.integer({ min: 1960, max: 2040 }),
        two,
        two,
        two,
      )
      .chain(([d, m, y, h, i, s]) =>
        fc
          .constantFrom('+0000', '-0430', '+1400', '+1401', '+0160', ' 0000')
          .map((z) => `${d}/${m}/${y}:${h}:${i}:${s} ${z}`),
      );
    const number = fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constantFrom('00', '01', '256', ''));
    const address = fc.oneof(
      fc.tuple(number, number, number, number).map((parts) => parts.join('.')),
      fc.ipV6(),
      fc.constantFrom(
        '::',
        '::1',
        '::ffff:10.0.0.1',
        '0:0:0:0:0:ffff:1.2.3.4',
        'fe80::1%eth0',
        '1:2:3:4:5:6:7::',
        '::2:3:4:5:6:7:8',
      ),
      fc
        .tuple(fc.constantFrom('www.example.gov', 'a:80', ':80', 'a:', 'a:b'), fc.ipV4())
        .map((words) => words.join(' ')),
    );
    const target = fc.oneof(
      fc.webPath(),
      fc.constantFrom(
        '/a.CSS',
        '/a.css?x',
        '/voter/1234',
        '/lookup?voterid=17',
        '/x?id=1&id=2',
        '/?a=%27(',
        '/a b',
        '*',
        '?',
        '/..',
      ),
      fc.integer({ min: 490, max: 530 }).map((n) => `/${'x'.repeat(n)}`),
    );
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.constantFrom('-', '', 'Googlebot/2.1', 'sqlmap/1.7', '\\', 'x'.repeat(512), 'x'.repeat(513)),
    );
    const line = fc
      .record({
        address,
        time,
        target,
        user: fc.constantFrom('-', 'alice', 'a b', '', '"', 'x'.repeat(70)),
        method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'get', ''),
        version: fc.constantFrom('HTTP/1.1', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/1', 'http/1.1'),
        status: fc.constantFrom('200', '302', '401', '404', '500', '099', '999', '20'),
        size: fc.constantFrom('0', '-', '123456789', '1234567890', ''),
        referrer: text,
        agent: text,
        behind: fc.constantFrom('', ' "-"', ' 0.01 "a" "b', '\r', ' \r', 'x'),
        isCommon: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      })
      .map((r) => {
        const head = `${r.address} - ${r.user} [${r.time}] "${r.method} ${r.target} ${r.version}" ${r.status} ${r.size}`;
        return (r.isCommon ? head : `${head} "${r.referrer}" "${r.agent}"`) + r.behind;
      });
    const scanners = [true, false].map((hasLane) => createScanner(ruleSet, noInventory, SECRET, { hasLane }));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (list) => {
        expectSame(bytesOf(list), noInventory, ruleSet, [], scanners);
      }),
      { numRuns: 150 },
    );
  });

  it('is the same for lines longer than what the lane takes at a time, and for very many short ones', () => {
    const [first, second] = [lines[0]!, lines[1]!];
    const long = second.replace(/"(GET|POST) [^ ]*/, `"GET /${'y'.repeat(200_000)}`);
    expectSame(bytesOf([first, long, second]));
    expectSame(bytesOf([...Array.from({ length: 5000 }, () => ''), first, ...Array.from({ length: 5000 }, () => 'x')]));
  });

  it('is the same under rules about hosts, users, referrers, sizes, addresses and what is not there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollwatch-rules-'));
    const rules: Record<string, string> = {
      host: 'cs-host|contains: example',
      nohost: 'cs-host: null\n    sc-status: 200',
      user: 'cs-username|contains: a',
      referrer: "cs-referer|contains: '/'",
      noquery: 'url.query: null\n    cs-method: POST',
      noagent: 'cs-user-agent: null',
      size: 'sc-bytes|gte: 5000',
      address: 'c-ip|cidr: 192.0.2.0/24',
      long: 'pollwatch.target_length|gte: 40',
    };
    try {
      for (const [i, [name, condition]] of Object.entries(rules).entries()) {
        const id = `00000000-0000-4000-8000-00000000000${i}`;
        const text = `title: ${name}\nid: ${id}\nstatus: test\ndescription: d\nlogsource: {category: webserver}\ndetection:\n  selection:\n    ${condition}\n  condition: selection\nlevel: low\n`;
        writeFileSync(join(folder, `${name}.yml`), text);
      }
      const all = Object.keys(rules).map((name) => join(folder, `${name}.yml`));
      for (const paths of [all, ...all.map((path) => [path])]) {
        const set = rulesOf(paths);
        expect(set.rules.filter((rule) => rule.origin === 'user')).toHaveLength(paths.length);
        expectSame(bytesOf(lines), noInventory, set);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the fast lane', () => {
  const ordinary = bytesOf(
    lines.filter((line) => /^\S+ - - \[.*"GET \/[a-z/]*(\.css)? HTTP.*" 200 .*Firefox/.test(line)),
  );

  it('asks the matcher about the first of the lines that look alike, and about none that it has seen before', () => {
    const { read } = countingLane();
    const count = ordinary.toString('latin1').split('\n').length - 1;
    expect(count).toBeGreaterThan(100);
    const first = read(ordinary);
    expect(first).toBeGreaterThan(0);
    expect(read(ordinary)).toBe(0);
  });

  it('forgets what it knows when the matcher numbers its verdicts anew', () => {
    const { read, startAnew } = countingLane();
    const first = read(ordinary);
    startAnew();
    // the numbers of the lines that are read when this is noticed may be of before: they teach nothing
    read(bytesOf(['198.51.100.7 - - [01/Sep/2026:00:00:00 +0000] "GET /new%20 HTTP/1.1" 200 1 "-" "-"']));
    expect(read(ordinary)).toBe(first);
    expect(read(ordinary)).toBe(0);
  });

  it('is built from its source: the same compiler makes the same bytes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollwatch-kernel-'));
    try {
      const out = join(folder, 'access-lines.wasm');
      const options = ['kernels/access-lines.ts', '--config', 'kernels/asconfig.json', '-o', out];
      const asc = join(ROOT, 'node_modules/assemblyscript/bin/asc.js');
      const run = spawnSync(process.execPath, [asc, ...options], { cwd: ROOT, encoding: 'utf8' });
      expect(run.stderr).toBe('');
      expect(readFileSync(out).equals(readFileSync(join(ROOT, 'kernels/access-lines.wasm')))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
