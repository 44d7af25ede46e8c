/**
 * Verdict: noise needs a reason and nothing that speaks for us, tailored needs behaviour against this site, and the rest
 * is said to be unknown.
 */
import { expect, it } from 'vitest';
import { verdictOf } from '../../src/alerts/verdict.ts';
import type { Decision } from '../../src/detect/decision.ts';

const decision = (parts: Partial<Decision>) =>
  ({ detection: 'W05', outcome: 'refused', noise: [], tailored: [], parts: [], ...parts }) as unknown as Decision;

it('is noise when everybody is asked this', () => {
  expect(verdictOf(decision({ noise: ['everybody is asked this'] }))).toEqual({
    term: 'noise',
    basis: ['everybody is asked this'],
  });
});

it('is not noise once something answered', () => {
  const verdict = verdictOf(decision({ noise: ['everybody is asked this'], outcome: 'answered' }));
  expect(verdict.term).toBe('cannot_tell');
  expect(verdict.basis[0]).toBe('everybody is asked this');
});

it('is aimed at us when one thing says so, whatever speaks for noise', () => {
  expect(verdictOf(decision({ noise: ['n'], tailored: ['t', 't'] }))).toEqual({ term: 'tailored', basis: ['t'] });
});

it('of a chain is that of its web parts', () => {
  const web = decision({ detection: 'W11', tailored: ['a page of yours'] });
  expect(verdictOf(decision({ detection: 'X01', parts: [web] })).term).toBe('tailored');
  expect(verdictOf(decision({ detection: 'X01', parts: [decision({ detection: 'F01' })] })).term).toBe('cannot_tell');
});

it('cannot be told otherwise, and says which log falls short', () => {
  expect(verdictOf(decision({ detection: 'F01' })).basis[0]).toContain('denied packets');
  expect(verdictOf(decision({ detection: 'F18', outcome: 'answered' })).basis[0]).toContain('let through');
  expect(verdictOf(decision({})).basis[0]).toContain('general tool');
});
