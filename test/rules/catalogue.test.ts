/**
 * What the `rules` command is told: the list, and the explanation of one rule with its numbers.
 */
import { describe, expect, it } from 'vitest';
import { explainRule, listRules, timespanWords } from '../../src/rules/catalogue.ts';
import { loadRuleSet } from '../../src/rules/rule-folder.ts';

const ruleSet = loadRuleSet({ builtinFolder: 'config/rules', userPaths: [] });

describe('the catalogue', () => {
  it('lists every rule and correlation by detection, and says how each is counted', () => {
    const { entries } = listRules(ruleSet);
    expect(entries).toHaveLength(ruleSet.rules.length + ruleSet.correlations.length);
    const detections = entries.map((e) => e.detection);
    expect(detections).toEqual([...detections].sort());
    const counting = (name: string) => entries.find((e) => e.name === name)?.counting;
    expect(counting('sensitive-files')).toBe('≥ 2 distinct paths in 24 h from one source');
    expect(counting('sensitive-file')).toBe('counted by sensitive-files');
    expect(counting('admin-consoles')).toBe('≥ 3 distinct paths answered 4xx in 24 h from one source');
    expect(counting('scanner-tool')).toBe('one match is an alert');
    expect(counting('login-page')).toBe('read by a detector in code');
  });

  it('explains a rule by name or id: what it looks for, its sources, its examples', () => {
    const found = explainRule(ruleSet, 'rce-jndi');
    if ('near' in found) throw new Error('not found');
    expect(found.looksFor[0]).toMatchObject({
      text: 'target',
      values: expect.arrayContaining([expect.stringContaining('{jndi:')]),
    });
    expect(found.references[0]).toContain('CVE-2021-44228');
    expect(found.mustMatch.length).toBeGreaterThan(2);
    expect(explainRule(ruleSet, found.id)).toEqual(found);
  });

  it('names the nearest rule when there is none of that name', () => {
    expect(explainRule(ruleSet, 'sensitive-flies')).toEqual({ near: 'sensitive-files' });
    expect(explainRule(ruleSet, 'nothing like it')).toEqual({ near: null });
  });

  it.each([
    [90_000, '90 s'],
    [600_000, '10 min'],
    [86_400_000, '24 h'],
    [30 * 86_400_000, '30 d'],
  ])('%i ms are %s', (ms, words) => {
    expect(timespanWords(ms)).toBe(words);
  });
});
