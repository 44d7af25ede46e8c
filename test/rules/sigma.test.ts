/**
 * Sigma rules as people write them: fields, modifiers, conditions, correlations, and what is said when they are wrong.
 */
import { describe, expect, it } from 'vitest';
import { hashKey } from '../../src/model/hash.ts';
import { formatProblem, OperatorError } from '../../src/model/problem.ts';
import { testRules } from '../../src/rules/catalogue.ts';
import { fragmentOf } from '../../src/rules/fragment.ts';
import { type CompiledRuleSet, compileRuleSet } from '../../src/rules/rule-set.ts';
import { batchOf, requestLine } from './log-batch.ts';

const key = hashKey('test', 'rules');
const ID = '6f1d2c1e-8d7b-4a55-9a3e-6c1c5d0e7f2';

function rule(detection: string, extra = '', digit = '1', logsource = 'category: webserver'): string {
  return `title: T${digit}\nid: ${ID}${digit}\nname: rule-${digit}\nlevel: low\nlogsource:\n  ${logsource}\ndetection:\n${detection}${extra}\n`;
}

function compile(text: string, named = true): CompiledRuleSet {
  return compileRuleSet([{ file: 'my/rule.yml', text, origin: 'user', named }]);
}

function problems(text: string, named = true): string[] {
  try {
    compile(text, named);
  } catch (error) {
    if (error instanceof OperatorError) return error.problems.map(formatProblem);
    throw error;
  }
  return [];
}

/** Which of the lines the (only) rule matches. */
function matching(detection: string, lines: readonly string[]): number[] {
  const set = compile(rule(detection));
  return testRules(set, batchOf(lines), key).map((hit) => hit.row);
}

const targets = (paths: readonly string[]) => paths.map((path) => requestLine(`GET ${path} HTTP/1.1`));
const select = (item: string) => `  sel:\n    ${item}\n  condition: sel`;

describe('values and modifiers', () => {
  it.each([
    ["cs-uri-stem: '/a'", ['/a', '/A', '/a?x', '/ab', '/b/a'], [0, 1, 2]],
    ["cs-uri-stem|cased: '/a'", ['/a', '/A'], [0]],
    ["cs-uri|contains: 'bc'", ['/abcd', '/?x=BC', '/b'], [0, 1]],
    ["cs-uri-stem|startswith: '/wp-'", ['/wp-x', '/a/wp-x'], [0]],
    ["cs-uri-stem|endswith: '.bak'", ['/x.bak', '/x.bak?y', '/x.bak/y'], [0, 1]],
    ["cs-uri-stem: '/a*z'", ['/az', '/a/b/z', '/ab'], [0, 1]],
    ["cs-uri-stem: '/a?z'", ['/abz', '/az', '/abbz'], [0]],
    ["cs-uri: '/a\\?b=\\*'", ['/a?b=*', '/axb=1'], [0]],
    ["cs-uri|contains|all: ['b', 'c']", ['/bc', '/cb', '/b'], [0, 1]],
    ["url.query|contains: 'x'", ['/x', '/a?x'], [1]],
    ["cs-uri-query: 'a=1'", ['/p?a=1', '/a=1', '/p?ba=1'], [0]],
    ["cs-uri-query|contains: '/p'", ['/p?a=1', '/q'], [0]],
    ["cs-uri|re: '^/[a-c]+$'", ['/abc', '/ABC', '/abcd'], [0]],
    ["cs-uri|re|i: '^/[a-c]+$'", ['/abc', '/ABC', '/abcd'], [0, 1]],
    ["cs-uri|base64offset|contains: 'evil'", ['/?a=ZXZpbA==', '/?a=eGV2aWw', '/?a=eHhldmls', '/?a=evil'], [0, 1, 2]],
    ['url.query: null', ['/a', '/a?b'], [0]],
    ['url.query|exists: true', ['/a', '/a?b'], [1]],
    ["cs-uri-stem|neq: '/a'", ['/a', '/b'], [1]],
    ["c-uri-extension: 'php'", ['/a.php', '/a.php5', '/php', '/a.php/x.html'], [0]],
    ['pollwatch.target_length|gte: 10', ['/123456789', '/12345678'], [0]],
    ['pollwatch.path_escapes: true', ['/../x', '/a/../x', '/a?b=/../../../'], [0]],
  ] as const)('%s', (item, paths, expected) => {
    expect(matching(select(item), targets(paths))).toEqual(expected);
  });

  it('reads method, status, size, version, address, referrer, user agent and user', () => {
    const lines = [
      requestLine('POST /a HTTP/1.0', {
        status: 200,
        size: 5000,
        referrer: 'https://x.example/',
        userAgent: 'Tool/1',
        user: 'alice',
      }),
      requestLine('GET /a HTTP/1.1', { status: 404, size: 10, source: '2001:db8::7' }),
    ];
    const is = (item: string) => matching(select(item), lines);
    expect(is('cs-method: [POST, PUT]')).toEqual([0]);
    expect(is("cs-method|re: '^G'")).toEqual([1]);
    expect(is('sc-status: 404')).toEqual([1]);
    expect(is("sc-status: '4*'")).toEqual([1]);
    expect(is('sc-status|lt: 300')).toEqual([0]);
    expect(is('sc-bytes|gt: 100')).toEqual([0]);
    expect(is("cs-version: 'HTTP/1.0'")).toEqual([0]);
    expect(is('http.version: 1.1')).toEqual([1]);
    expect(is("c-ip|cidr: '203.0.113.0/24'")).toEqual([0]);
    expect(is("source.ip|cidr: '2001:db8::/32'")).toEqual([1]);
    expect(is("src_ip: '203.0.*'")).toEqual([0]);
    expect(is('cs-referer: null')).toEqual([1]);
    expect(is("cs-referer: '-'")).toEqual([1]);
    expect(is("cs-user-agent|startswith: 'tool/'")).toEqual([0]);
    expect(is("cs-username: 'alice'")).toEqual([0]);
  });

  it('looks for keywords in every text, the method and the status', () => {
    const lines = [
      requestLine('GET /needle HTTP/1.1'),
      requestLine('GET / HTTP/1.1', { userAgent: 'a Needle b' }),
      requestLine('GET / HTTP/1.1', { referrer: 'http://needle.example/' }),
      requestLine('POST /x HTTP/1.1', { status: 200 }),
    ];
    expect(matching("  keywords: ['needle']\n  condition: keywords", lines)).toEqual([0, 1, 2]);
    expect(matching("  keywords:\n    '|all': ['POST', 200, '/x']\n  condition: keywords", lines)).toEqual([3]);
  });

  it('reads packets', () => {
    const line = (port: number, action: string, protocol: string) =>
      `Sep 14 08:00:29 gw kernel: [1.0] ${action} IN=eth0 OUT= SRC=198.51.100.9 DST=203.0.113.10 LEN=40 PROTO=${protocol} SPT=4242 DPT=${port} WINDOW=1024 SYN`;
    const lines = [line(23, '[UFW BLOCK]', 'TCP'), line(53, '[UFW BLOCK]', 'UDP'), line(23, '[UFW ALLOW]', 'TCP')];
    const is = (item: string) => {
      const set = compile(rule(select(item), '', '1', 'category: firewall'));
      return testRules(set, batchOf(lines, 'netfilter'), key).map((hit) => hit.row);
    };
    expect(is('dst_port: [23, 2323]')).toEqual([0, 2]);
    expect(is("action: ['drop', 'blocked']")).toEqual([0, 1]);
    expect(is("blocked: 'false'")).toEqual([2]);
    expect(is('protocol: 17')).toEqual([1]);
    expect(is("dst_ip|cidr: '203.0.113.0/28'")).toEqual([0, 1, 2]);
    expect(is("src_ip: '198.51.100.8'")).toEqual([]);
  });
});

describe('conditions', () => {
  const parts =
    "  sel_a:\n    cs-uri|contains: 'a'\n  sel_b:\n    cs-uri|contains: 'b'\n  other:\n    cs-uri|contains: 'c'\n  _not:\n    cs-uri|contains: 'd'\n";
  it.each([
    ['sel_a and sel_b', [2, 3]],
    ['sel_a or sel_b and other', [0, 2, 3]],
    ['(sel_a or sel_b) and not other', [0, 1, 2]],
    ['1 of sel_*', [0, 1, 2, 3]],
    ['all of sel_*', [2, 3]],
    ['all of them', [3]],
    ['1 of them and not 1 of other*', [0, 1, 2]],
    ['not sel_a', [1, 4]],
  ])('%s', (condition, expected) => {
    expect(matching(`${parts}  condition: ${condition}`, targets(['/a', '/b', '/ab', '/abc', '/d']))).toEqual(expected);
  });

  it('take a list of maps as alternatives', () => {
    const detection =
      "  sel:\n    - cs-uri|contains: 'a'\n      sc-status: 404\n    - cs-uri|contains: 'b'\n  condition: sel";
    expect(
      matching(detection, [
        requestLine('GET /a HTTP/1.1'),
        requestLine('GET /a HTTP/1.1', { status: 200 }),
        ...targets(['/b']),
      ]),
    ).toEqual([0, 2]);
  });
});

describe('the forms of a text', () => {
  it.each([
    ['/x?f=../etc', true],
    ['/x?f=%2e%2e%2fetc', true],
    ['/x?f=%252e%252e%252fetc', true],
    ['/x?f=%25252e%25252e%25252fetc', false],
    ['/x?f=..%c0%afetc', true],
    ['/x?f=%u002e%u002e/etc', true],
    ['/x?f=.%2e/etc', true],
  ])('%s holds "../etc": %s', (path, expected) => {
    expect(matching(select("cs-uri|contains: '../etc'"), targets([path]))).toEqual(expected ? [0] : []);
  });

  it('count one at a time: a rule must match within one form', () => {
    // "%41" is only in the raw form, "B" only in the decoded one
    expect(matching(select("cs-uri|contains|all: ['%41', 'xB']"), targets(['/%41?x%42', '/%41?xB']))).toEqual([1]);
  });

  it('undo what servers do to quotes in their logs', () => {
    expect(
      matching(select("cs-user-agent|contains: 'a\"b'"), [
        requestLine('GET / HTTP/1.1', { userAgent: 'a\\x22b' }),
        requestLine('GET / HTTP/1.1', { userAgent: 'a\\"b' }),
      ]),
    ).toEqual([0, 1]);
  });

  it('give the raw range of what only shows decoded', () => {
    const set = compile(rule(select("cs-uri|contains: '/etc/passwd'")));
    const target = '/x?f=..%252f..%252fetc%2fpasswd&z=1';
    const fragment = fragmentOf(set, 0, { target });
    expect(fragment).not.toBeNull();
    expect(target.slice(fragment!.start, fragment!.end)).toBe('%252fetc%2fpasswd');
    expect(fragmentOf(set, 0, { target: '/x' })).toBeNull();
  });
});

describe('what is wrong with a rule', () => {
  it('is said with file, line, column and a hint', () => {
    expect(problems(rule(select("cs-uri-stm: 'x'")))).toEqual([
      [
        'my/rule.yml:9:5  PW-RULES-UNKNOWN-FIELD  unknown field "cs-uri-stm" in rule "T1"',
        "   9 |     cs-uri-stm: 'x'",
        '     |     ^',
        '  hint: did you mean "cs-uri-stem"?',
      ].join('\n'),
    ]);
  });

  it.each([
    [select("cs-uri|containss: 'x'"), 'modifier "containss" is not supported'],
    [select("cs-uri|re: '(?=x)'"), 'does not compile'],
    ['  sel:\n    cs-uri: x\n  condition: sell', 'did you mean "sel"?'],
    ['  sel:\n    cs-uri: x\n  condition: sel | count() > 5', 'correlation'],
    ['  sel:\n    cs-uri: x\n  condition: (sel', 'missing ")"'],
    ['  sel:\n    cs-uri: x', 'no condition'],
    [select("c-ip|cidr: '1.2.3.4/40'"), 'no address'],
    ['  sel:\n    cs-uri: [x\n  condition: sel', 'no valid YAML'],
    ['  sel:\n    cs-uri: &a [x]\n  or:\n    cs-referer: *a\n  condition: 1 of them', 'the alias *a is not followed'],
  ])('is named in words, case %#', (detection, expected) => {
    expect(problems(rule(detection)).join('\n')).toContain(expected);
  });

  it('is said all at once', () => {
    const text = `${rule(select("nope: 'x'"))}---\n${rule(select("cs-uri|bad: 'x'"), '', '2')}---\n${rule(select("cs-uri: 'x'"), '', '2')}`;
    expect(problems(text)).toHaveLength(2);
  });

  it('lists in a folder what cannot run, and refuses it when it is named', () => {
    const foreign = rule(select('Image: x'), '', '1', 'category: process_creation');
    const cookie = rule(select('cs-cookie: x'), '', '2');
    const unknown = rule(select('weird: x'), '', '3');
    const set = compile(`${foreign}---\n${cookie}---\n${unknown}---\n${rule(select('cs-uri: x'), '', '4')}`, false);
    expect(set.rules.map((r) => r.name)).toEqual(['rule-4']);
    expect(set.skipped.map((s) => [s.kind, s.reason])).toEqual([
      ['foreign', 'for category "process_creation"'],
      ['cannot', 'access logs do not carry cookies ("cs-cookie")'],
      ['cannot', 'unknown field "weird" in rule "T3"'],
    ]);
    expect(problems(foreign)).toHaveLength(1);
    expect(problems(unknown)).toHaveLength(1);
  });

  it('refuses more rules than there are numbers', () => {
    const id = (n: number) => `6f1d2c1e-8d7b-4a55-9a3e-${String(n).padStart(12, '0')}`;
    const text = Array.from({ length: 901 }, (_, n) =>
      rule(select("cs-uri: 'x'"))
        .replace(/id: .*/, `id: ${id(n)}`)
        .replace('name: rule-1', `name: r${n}`),
    ).join('---\n');
    expect(problems(text).join()).toContain('more than 900');
  });
});

describe('correlations', () => {
  const base = rule(select("cs-uri|contains: 'x'"));
  const correlation = (body: string, digit = '8') =>
    `---\ntitle: C${digit}\nid: ${ID}${digit}\nname: corr-${digit}\nlevel: medium\ntags: [attack.t1595.003]\ncorrelation:\n${body}`;
  const count = (condition: string, span = '24h') =>
    `  type: value_count\n  rules: [rule-1]\n  group-by: [source.ip]\n  timespan: ${span}\n  condition: ${condition}\n`;

  it('count distinct paths of a rule, which then has no alert of its own', () => {
    const set = compile(
      base + correlation(`${count('{field: cs-uri-stem, gte: 2}')}pollwatch: {detection: W05, status: [4]}\n`),
    );
    expect(set.rules[0]).toMatchObject({ item: 'path', standalone: false });
    expect(set.correlations[0]).toMatchObject({
      type: 'value_count',
      rules: [0],
      timespanMs: 86_400_000,
      threshold: 2,
      statusClasses: [4],
      detection: 'W05',
      techniques: ['T1595.003'],
    });
  });

  it('turn gt into gte, and keep the rule with generate', () => {
    const set = compile(base + correlation(`${count('{field: cs-user-agent, gt: 2}', '90s')}  generate: true\n`));
    expect(set.correlations[0]).toMatchObject({ threshold: 3, timespanMs: 90_000 });
    expect(set.rules[0]).toMatchObject({ item: 'user_agent', standalone: true });
  });

  it.each([
    [count('{field: cs-uri, lt: 2}'), '"lt" is not supported'],
    [count('{field: cs-cookie, gte: 2}'), 'cannot be counted'],
    [count('{field: cs-uri, gte: 2}', 'long'), 'no timespan'],
    [count('{gte: 2}'), 'needs a field'],
    [count('{field: cs-uri, gte: 2}').replace('rule-1', 'rule-2'), 'did you mean "rule-1"?'],
    [count('{field: cs-uri, gte: 2}').replace('source.ip', 'cs-host'), 'cannot group by "cs-host"'],
    [count('{field: cs-uri, gte: 2}').replace('value_count', 'value_sum'), 'not supported'],
  ])('that cannot be run are refused with a reason, case %#', (body, expected) => {
    expect(problems(base + correlation(body)).join('\n')).toContain(expected);
  });

  it('cannot count two fields of one rule', () => {
    const text =
      base + correlation(count('{field: cs-uri, gte: 2}')) + correlation(count('{field: cs-uri-stem, gte: 2}'), '9');
    expect(problems(text).join('\n')).toContain('counts another field');
  });
});
