/**
 * Words that a match must hold: nothing that an expression matches is without them, for every expression of the built-in
 * rules and for any that can be written.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsRequired, requiredWords } from '../../src/rules/required-words.ts';
import { compileRegex } from '../../src/rules/sigma-string.ts';
import { rulesOf } from '../../src/run/setting.ts';

const sources = rulesOf([]).predicates.flatMap((p) =>
  p.patterns.flatMap((q) => (q.kind === 'regex' ? [q.source] : [])),
);

describe('the words that a match must hold', () => {
  it.each([
    ['(?:sleep|pg_sleep|benchmark)\\(\\s*\\d+', [['sleep', 'pg_sleep', 'benchmark'], ['(']]],
    ['waitfor\\s+delay\\s*[\'"]', [['waitfor'], ['delay'], ["'", '"']]],
    ['ab?c+d', [['a'], ['c'], ['d']]],
    ['UNION(?:\\s|/\\*)+select', [['union'], ['select']]],
    ['a|b+c', [['a', 'b']]],
    ['(?:x|\\d)y', [['y']]],
    ['a{2,3}b', [['a'], ['b']]],
    ['a{0,3}b', [['b']]],
    ['(?:ab)*c', [['c']]],
    ['[^a][a-c]d', [['d']]],
    ['(?i)a', []],
    ['\\x41b', []],
    ['a(b', []],
    ['\\d+', []],
    ['é', []],
  ])('of %s are %j', (source, words) => {
    expect(requiredWords(source)).toEqual(words);
  });

  it('are found for every expression of the built-in rules', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.filter((source) => requiredWords(source).length === 0)).toEqual([]);
  });

  it('stand in whatever an expression of the built-in rules matches', () => {
    for (const source of sources) {
      const words = requiredWords(source);
      fc.assert(
        fc.property(fc.stringMatching(new RegExp(source.replaceAll('\\b', ''))), (text) => {
          expect([source, text, holdsRequired(words, text.toLowerCase())]).toEqual([source, text, true]);
        }),
        { numRuns: 60 },
      );
    }
  });

  it('stand in whatever any small expression matches', () => {
    const atom = fc.constantFrom('a', 'B', '\\(', '\\.', '.', '[ab]', '[^a]', '[a-c]', '\\d', '\\s', '\\x41');
    const quantified = fc
      .tuple(atom, fc.constantFrom('', '', '', '?', '*', '+', '{2}', '{0,2}', '{1,}', '+?'))
      .map((p) => p.join(''));
    const { source } = fc.letrec<{ source: string; item: string }>((tie) => ({
      item: fc.oneof(
        { maxDepth: 3 },
        quantified,
        fc.constantFrom('\\b', '^', '$'),
        fc
          .tuple(fc.constantFrom('(', '(?:'), tie('source'), fc.constantFrom(')', ')?', ')+', '){0,1}'))
          .map((p) => p.join('')),
      ),
      source: fc
        .array(
          fc.array(tie('item'), { minLength: 1, maxLength: 3 }).map((items) => items.join('')),
          { minLength: 1, maxLength: 3 },
        )
        .map((parts) => parts.join('|')),
    }));
    fc.assert(
      fc.property(
        source,
        fc.array(fc.constantFrom(...'abcABC(.17 -'), { maxLength: 12 }).map((c) => c.join('')),
        (expression, text) => {
          // asked of the engine that the rules use: one that goes back would need days for `((a*)+)+b`
          if (!compileRegex(expression, 'i').matcher(text).find()) return;
          expect([expression, text, holdsRequired(requiredWords(expression), text.toLowerCase())]).toEqual([
            expression,
            text,
            true,
          ]);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
