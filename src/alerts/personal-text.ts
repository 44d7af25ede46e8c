/**
 * What looks like a person's data in a path or a parameter: long numbers, dates, e-mail addresses, and words that stand
 * where names stand. Pure judgement of texts; `redact.ts` says what becomes of them.
 */

/** Segments behind which a person is named: /voter/Smith. */
export const PERSON_WORD =
  /^(?:voters?|registrants?|electors?|persons?|people|members?|names?|(?:last|first|full|sur)-?_?names?|by-?_?names?)$/i;
/** Words that sites name their pages by; everything else beside personal data may be a name. */
const PAGE_WORD =
  /^(?:api|v\d{1,2}|rest|services?|app|public|en|es|voters?|electors?|look-?up|search|find|query|results?|status|records?|register|registration|registrants?|ballots?|absentee|users?|ids?|details?|view|edit|show|list|new|get|pdf|docs?|documents?|downloads?|files?|persons?|people|members?|names?|accounts?|profiles?|polling|polling-?places?|places?|precincts?|candidates?|elections?|county|state|check|verify|confirm|cancel|update|index|home|static|assets|images?|css|js|admin|login|logout|news|archive|dob|birth-?date)$/i;

/** A segment of letters (also percent-encoded ones), blanks, hyphens and apostrophes that is no word of a site. */
export function couldBeName(segment: string): boolean {
  return (
    segment.length >= 3 &&
    /^(?:[A-Za-z\u0080-\u00ff]|%[0-9A-Fa-f]{2}|['\u2019+._-])+$/.test(segment) &&
    !/\.[A-Za-z0-9]{2,5}$/.test(segment) &&
    !PAGE_WORD.test(segment)
  );
}

/** A parameter's name that no person typed: short, of name characters (also `v[$x]`), without long numbers. */
export function isPlainName(name: string): boolean {
  return name.length <= 40 && /^(?:[\w.$:[\]-]|%5b|%5d|%24)*$/i.test(name) && !isPersonal(name);
}

/** A date with its year in front or behind, as people write their day of birth. */
export const WRITTEN_DATE = /(?:19|20)\d\d[-._/]\d{1,2}[-._/]\d{1,2}|\d{1,2}[-._/]\d{1,2}[-._/](?:19|20)\d\d/g;
/** In text of no known shape: six digits or more (also grouped), dates, e-mail addresses. */
export const LOOSE_PERSONAL = new RegExp(
  [
    /(?<!\\x[0-9A-Fa-f]?)(?:[A-Za-z]{1,3}-?)?\d(?:[-._ ]?\d){5,}/,
    WRITTEN_DATE,
    /\d{1,2}[-/]\d{1,2}[-/]\d\d/,
    /[\w.%+-]{1,64}(?:@|%40)[\w.-]{1,255}/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
/** The same, asked once of a whole text. */
export const LOOSE_TEST = new RegExp(LOOSE_PERSONAL.source);
const MONTH_DATE =
  /\d{1,2}[-_. ]?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[-_. ,]{0,2}\d{2,4}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[-_. ]?\d{1,2}[-_. ,]{1,2}\d{4}/i;

/** Judgements that are remembered; forgotten all at once when full, which costs time only. */
const JUDGED_MAX = 20_000;
const JUDGED_LENGTH_MAX = 200;
const judged = new Map<string, boolean>();

/** Whether a segment, as logged or decoded once or twice, looks like a person's data. */
export function isPersonal(segment: string): boolean {
  if (segment.length > JUDGED_LENGTH_MAX) return looksPersonal(segment);
  let personal = judged.get(segment);
  if (personal === undefined) {
    personal = looksPersonal(segment);
    if (judged.size >= JUDGED_MAX) judged.clear();
    // a copy of its own: a part of a text keeps the whole text
    judged.set(Buffer.from(segment, 'utf16le').toString('utf16le'), personal);
  }
  return personal;
}

function looksPersonal(segment: string): boolean {
  let text = segment;
  for (let round = 0; ; round++) {
    if (LOOSE_TEST.test(text) || MONTH_DATE.test(text) || /[A-Za-z]{2}[ +][A-Za-z]/.test(text)) return true;
    if (round === 2 || !text.includes('%')) return false;
    text = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}
