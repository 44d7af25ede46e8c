/**
 * The condition line of a Sigma rule: `selection and not 1 of filter_*` → a tree over the names of the detection.
 * Precedence: not, and, or. `them` leaves out names that begin with an underscore.
 */

export type Condition =
  | { op: 'and' | 'or'; nodes: Condition[] }
  | { op: 'not'; node: Condition }
  | { op: 'name'; name: string };

/** What is wrong, and at which character of the condition. */
export interface ConditionFault {
  message: string;
  at: number;
  hint?: string;
}

interface Token {
  text: string;
  at: number;
}

/** How deep parentheses and `not` may nest. */
const DEPTH_MAX = 100;

/** Parses a condition over the given names. Returns the tree or the first fault; never throws. */
export function parseCondition(source: string, names: readonly string[]): Condition | { fault: ConditionFault } {
  const tokens = [...source.matchAll(/[()|]|[^\s()|]+/g)].map((m): Token => ({ text: m[0], at: m.index }));
  const pipe = tokens.find((t) => t.text === '|');
  if (pipe !== undefined) {
    return {
      fault: {
        message: 'aggregations ("| count() …") were removed from Sigma',
        at: pipe.at,
        hint: 'write a Sigma correlation that counts the matches of this rule',
      },
    };
  }
  const parser = { tokens, position: 0, names, end: source.length };
  const result = parseOr(parser, 0);
  if ('fault' in result) return result;
  const rest = tokens[parser.position];
  if (rest !== undefined) return { fault: { message: `unexpected "${rest.text}" in the condition`, at: rest.at } };
  return result;
}

interface Parser {
  tokens: readonly Token[];
  position: number;
  names: readonly string[];
  end: number;
}

type Result = Condition | { fault: ConditionFault };

function parseOr(p: Parser, depth: number): Result {
  return parseChain(p, depth, 'or', (d) => parseChain(p, d, 'and', (e) => parseNot(p, e)));
}

function parseChain(p: Parser, depth: number, op: 'and' | 'or', operand: (depth: number) => Result): Result {
  const nodes: Condition[] = [];
  for (;;) {
    const node = operand(depth);
    if ('fault' in node) return node;
    nodes.push(node);
    if (p.tokens[p.position]?.text.toLowerCase() !== op) return nodes.length === 1 ? node : { op, nodes };
    p.position++;
  }
}

function parseNot(p: Parser, depth: number): Result {
  const token = p.tokens[p.position];
  if (token === undefined) return { fault: { message: 'the condition ends too early', at: p.end } };
  if (depth > DEPTH_MAX) return { fault: { message: 'the condition nests too deep', at: token.at } };
  p.position++;
  const word = token.text.toLowerCase();
  if (word === 'not') {
    const node = parseNot(p, depth + 1);
    return 'fault' in node ? node : { op: 'not', node };
  }
  if (word === '(') {
    const node = parseOr(p, depth + 1);
    if ('fault' in node) return node;
    if (p.tokens[p.position]?.text !== ')') {
      return { fault: { message: 'missing ")" in the condition', at: p.tokens[p.position]?.at ?? p.end } };
    }
    p.position++;
    return node;
  }
  if (p.tokens[p.position]?.text.toLowerCase() === 'of') return parseQuantifier(p, token, word);
  if (word === 'and' || word === 'or' || word === 'of' || word === ')' || word === 'them') {
    return { fault: { message: `unexpected "${token.text}" in the condition`, at: token.at } };
  }
  if (!p.names.includes(token.text)) {
    return {
      fault: { message: `the condition names "${token.text}", which the detection does not have`, at: token.at },
    };
  }
  return { op: 'name', name: token.text };
}

function parseQuantifier(p: Parser, first: Token, word: string): Result {
  if (word !== '1' && word !== 'all' && word !== 'any') {
    return { fault: { message: `"${first.text} of" is not supported`, at: first.at, hint: 'use "1 of" or "all of"' } };
  }
  p.position++;
  const token = p.tokens[p.position++];
  if (token === undefined) return { fault: { message: 'the condition ends after "of"', at: p.end } };
  const chosen = p.names.filter((name) =>
    token.text.toLowerCase() === 'them' ? !name.startsWith('_') : globMatches(token.text, name),
  );
  if (chosen.length === 0) {
    return { fault: { message: `no part of the detection is called "${token.text}"`, at: token.at } };
  }
  const nodes = chosen.map((name): Condition => ({ op: 'name', name }));
  return nodes.length === 1 ? nodes[0]! : { op: word === 'all' ? 'and' : 'or', nodes };
}

/** `sel*_x` against a name; the pieces between the stars are looked for from left to right. */
function globMatches(glob: string, name: string): boolean {
  const pieces = glob.split('*');
  if (pieces.length === 1) return glob === name;
  const last = pieces.pop()!;
  const first = pieces.shift()!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  const limit = name.length - last.length;
  for (const piece of pieces) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > limit) return false;
    at = found + piece.length;
  }
  return true;
}
