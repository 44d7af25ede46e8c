/**
 * The built-in rules: every example line of every rule, and what must stay silent.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hashKey } from '../../src/model/hash.ts';
import { testRules } from '../../src/rules/catalogue.ts';
import { loadRuleSet } from '../../src/rules/rule-folder.ts';
import { batchOf } from './log-batch.ts';

const ruleSet = loadRuleSet({ builtinFolder: 'config/rules', userPaths: [] });
const key = hashKey('test', 'rules');

describe('the built-in rules', () => {
  const lines = ruleSet.examples.flatMap(({ mustMatch, mustNotMatch }) => [...mustMatch, ...mustNotMatch]);
  const hits = testRules(ruleSet, batchOf(lines), key);
  const matched = new Set(hits.map((hit) => `${hit.rule.number} ${lines[hit.row]}`));

  it.each(ruleSet.rules.map((rule) => [rule.name, rule] as const))(
    '%s matches its examples and no look-alike',
    (_, rule) => {
      const { mustMatch, mustNotMatch } = ruleSet.examples[rule.number]!;
      expect(mustMatch.length).toBeGreaterThan(0);
      expect(mustNotMatch.length).toBeGreaterThan(0);
      const has = (line: string) => matched.has(`${rule.number} ${line}`);
      expect(mustMatch.filter((line) => !has(line))).toEqual([]);
      expect(mustNotMatch.filter(has)).toEqual([]);
    },
  );

  it('name the fragment that they matched inside the raw text', () => {
    for (const { fragment, matched: text, rule } of hits) {
      if (fragment === null) continue;
      expect(fragment.end, rule.name).toBeGreaterThan(fragment.start);
      expect(text!.length).toBe(fragment.end - fragment.start);
    }
    const passwd = hits.find(
      (h) => h.rule.name === 'file-inclusion' && lines[h.row]!.includes('..%252f..%252fetc%252fpasswd'),
    );
    expect(passwd?.matched).toBe('etc%252fpasswd');
  });

  it('belong to a detection each, carry an ATT&CK technique, and have a name that is their file name', () => {
    for (const rule of [...ruleSet.rules, ...ruleSet.correlations]) {
      expect(rule.techniques.length, rule.name).toBeGreaterThan(0);
      expect(rule.detection, rule.name).toMatch(/^(?:[WX]\d\d|election\.[a-z_]+)$/);
      expect(rule.file.replace(/^.*\//, '').replace(/(\.correlation)?\.yml$/, '')).toBe(rule.name);
    }
  });

  it('stay silent on ordinary visits, crawlers and monitors', () => {
    const quiet = ['login-page', 'crawler-agent', 'monitor-agent', 'research-scanner'];
    const requests = [
      '/',
      '/favicon.ico',
      '/apple-touch-icon-120x120-precomposed.png',
      '/robots.txt',
      '/.well-known/apple-app-site-association',
      '/ballot/2026-genral.html?utm_source=mail',
      '/search?q=na%C3%AFve+r%C3%A9sum%C3%A9',
      '/search?q=100%25+off%3F+no+-+50%2F50+turnout',
      '/search?q=etc%2F+election+task+committee',
      '/search?q=%E9%81%B8%E6%8C%99',
      '/register?next=/account/&lang=en',
    ].map(
      (path) =>
        `203.0.113.7 - - [14/Sep/2026:10:00:00 +0000] "GET ${path} HTTP/1.1" 404 9 "https://www.example.gov/search?q=union+hall" "Mozilla/5.0 (iPhone)"`,
    );
    expect(testRules(ruleSet, batchOf(requests), key).filter((h) => !quiet.includes(h.rule.name))).toEqual([]);
  });

  it('match nothing of the benign sample logs', () => {
    for (const name of ['benign-only-nginx-access.log', 'benign-only-apache-access.log']) {
      const log = readFileSync(`test/samples/generated/${name}`, 'latin1')
        .split('\n')
        .filter((line) => line !== '');
      expect(log.length).toBeGreaterThan(1000);
      const found = testRules(ruleSet, batchOf(log), key).map((hit) => hit.rule.name);
      expect([...new Set(found)].filter((n) => !['login-page', 'crawler-agent', 'monitor-agent'].includes(n))).toEqual(
        [],
      );
    }
  });
});
