/**
 * What a text must hold for a regular expression to match it: `(?:sleep|benchmark)\(\s*\d` → one of "sleep" and
 * "benchmark", and "(". Looking for words costs a hundredth of running the expression, and most texts lack one.
 * Read from the source as RE2 takes it; what is not understood asks for nothing, so nothing is ever missed.
 */

/** A list of choices: a match holds, in small letters, at least one word of each choice. */
export type RequiredWords = readonly (readonly string[])[];

/** The words that every match must hold; an empty list when none is seen. */
export function requiredWords(source: string): RequiredWords {
  const reader: Reader = { source, at: 0, isUnclear: false };
  const choices = readAlternatives(reader);
  return reader.isUnclear || reader.at < source.length ? [] : choices;
}

/** Whether a text, in small letters, holds what is required. */
export function holdsRequired(words: RequiredWords, text: string): boolean {
  return words.every((choice) => choice.some((word) => text.includes(word)));
}

interface Reader {
  readonly source: string;
  at: number;
  isUnclear: boolean;
}

/** `a|b|c` up to the end or a closing bracket. */
function readAlternatives(reader: Reader): string[][] {
  const alternatives = [readSequence(reader)];
  while (reader.source[reader.at] === '|') {
    reader.at++;
    alternatives.push(readSequence(reader));
  }
  if (alternatives.length === 1) return alternatives[0]!;
  // of each alternative the choice with the longest words; without one in each, nothing is required
  const best = alternatives.map((choices) => choices.toSorted((x, y) => shortest(y) - shortest(x))[0]);
  return best.every((choice) => choice !== undefined) ? [best.flat()] : [];
}

const shortest = (choice: readonly string[]) => Math.min(...choice.map((word) => word.length));

/** Items one after the other: the choices of each that must be there. */
function readSequence(reader: Reader): string[][] {
  const { source } = reader;
  const choices: string[][] = [];
  let run = '';
  const flush = () => {
    if (run !== '') choices.push([run]);
    run = '';
  };
  while (reader.at < source.length && source[reader.at] !== '|' && source[reader.at] !== ')') {
    const c = source[reader.at]!;
    let letter = '';
    let inner: string[][] = [];
    if (c === '(') inner = readGroup(reader);
    else if (c === '[') inner = readClass(reader);
    else if (c === '\\') letter = readEscape(reader);
    else {
      reader.at++;
      if (c !== '.' && c !== '^' && c !== '$') letter = c;
    }
    if (letter > '~') reader.isUnclear = true;
    const [least, most] = readQuantifier(reader);
    if (letter === '' || least !== 1 || most !== 1) {
      if (letter !== '' && least > 0) run += letter.toLowerCase();
      flush();
      if (least > 0) choices.push(...inner);
    } else run += letter.toLowerCase();
  }
  flush();
  return choices;
}

/** `(…)`, `(?:…)` or `(?P<name>…)`; flags and whatever else is unclear. */
function readGroup(reader: Reader): string[][] {
  const opening = /^\((?:\?:|\?P?<\w+>|(?!\?))/.exec(reader.source.slice(reader.at, reader.at + 80));
  if (opening === null) {
    reader.isUnclear = true;
    reader.at = reader.source.length;
    return [];
  }
  reader.at += opening[0].length;
  const choices = readAlternatives(reader);
  if (reader.source[reader.at] !== ')') reader.isUnclear = true;
  reader.at++;
  return choices;
}

/** `['"(]` is a choice of single characters; ranges, escapes and what is left out ask for nothing. */
function readClass(reader: Reader): string[][] {
  const { source } = reader;
  const open = reader.at;
  let i = open + 1;
  if (source[i] === '^') i++;
  if (source[i] === ']') i++;
  while (i < source.length && source[i] !== ']') i += source[i] === '\\' ? 2 : 1;
  if (i >= source.length) reader.isUnclear = true;
  reader.at = i + 1;
  const inside = source.slice(open + 1, i);
  if (/^\^|^\]|[\\[-]|[^ -~]/.test(inside) || inside === '') return [];
  return [[...inside.toLowerCase()]];
}

/** A character that an escape stands for, or nothing for a class or a border. */
function readEscape(reader: Reader): string {
  const next = reader.source[reader.at + 1] ?? '';
  reader.at += 2;
  if (/[a-zA-Z0-9]/.test(next) || next === '') {
    // classes, borders and control characters; all others have arguments or mean something of their own
    if (!/[sSdDwWbBntrfv]/.test(next)) reader.isUnclear = true;
    return '';
  }
  return next;
}

/** How often the item before may stand. */
function readQuantifier(reader: Reader): [number, number] {
  const { source } = reader;
  const c = source[reader.at];
  let range: [number, number] = [1, 1];
  if (c === '?') range = [0, 1];
  else if (c === '*') range = [0, Number.POSITIVE_INFINITY];
  else if (c === '+') range = [1, Number.POSITIVE_INFINITY];
  else if (c === '{') {
    const count = /^\{(\d+)(,?)(\d*)\}/.exec(source.slice(reader.at, reader.at + 16));
    if (count === null) {
      reader.isUnclear = true;
      return [0, 1];
    }
    range = [Number(count[1]), count[2] === '' ? Number(count[1]) : Number.POSITIVE_INFINITY];
    reader.at += count[0].length - 1;
  } else return range;
  reader.at++;
  if (source[reader.at] === '?') reader.at++;
  return range;
}
