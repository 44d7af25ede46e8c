/**
 * Checks rendered text against the nine rules of wording (ELECTIONS part 3; the patterns stand in wording-rules.ts).
 *
 *   lintWording('Russia scanned the lookup page.') → ['rule 1: "Russia scanned": a country is the subject: name …']
 *
 * `lintWording` reads any prose, `lintPage` a whole output (does the caveat stand where a network owner is named, is the
 * data set named that places an address), `lintNumbers` the sentence of an alert against its evidence. They read our own
 * prose: paths and quoted data of a log are the sender's words, so tokens that start with a slash are passed over, and
 * evidence lines are not to be given to them. The caveat is the one text that is exempt.
 */
import { CAVEAT, PLACES_NOTE } from './caveat.ts';
import { WORDING_RULES } from './wording-rules.ts';

const LIKELIHOOD = /\b(?:almost (?:no chance|certain|certainly)|(?:very )?(?:un)?likely|roughly even)\b/i;
const CONFIDENCE = /\bconfiden(?:ce|t)\b/i;
/** a network owner is named: "AS64500 EXAMPLE-HOSTING", "announced by AS64500" */
const OWNER = /\bAS\d{1,10}\b/;
const PLACED = /\bplaced in (?!… by)/gi;
const PLACED_FULLY = /^placed in .{1,60}? by [^.;]{1,80}?, \d{4}(?:-\d\d){0,2}\b/i;

/**
 * Problems of a text, one short sentence each with the offending words first; empty = it may be shown.
 * Linear in the text except for bounded look-ahead; never throws.
 */
export function lintWording(text: string): string[] {
  const problems: string[] = [];
  const prose = text
    .replaceAll(CAVEAT, ' ')
    .replace(/(^|[\s("'“])\/[^\s"'”)]*/g, '$1…')
    .replace(/[ \t]+/g, ' ');
  for (const { pattern, rule, say } of WORDING_RULES) {
    const found = pattern.exec(prose);
    if (found !== null) problems.push(`rule ${rule}: "${found[0].replace(/^[.;:!?,] /, '').trim()}": ${say}`);
  }
  for (const sentence of prose.split(/(?<=[.!?])\s|\n/)) {
    if (LIKELIHOOD.test(sentence) && CONFIDENCE.test(sentence)) {
      problems.push(`rule 4: "${sentence.trim().slice(0, 80)}": likelihood and confidence in one sentence`);
    }
  }
  return problems;
}

/**
 * Problems of a whole output, its text in one piece: those of its prose, a network owner without the caveat on the page,
 * a place without the data set and date that it comes from, a TLP mark that stands below the content.
 */
export function lintPage(text: string): string[] {
  const page = text.replace(/\s+/g, ' ').trim();
  const problems = lintWording(page);
  if (OWNER.test(page) && !page.includes(CAVEAT)) {
    problems.push(`rule 3: "${OWNER.exec(page)![0]}": a network owner is named, and the caveat is not on the page`);
  }
  if (!page.includes(PLACES_NOTE)) {
    const bare = [...page.matchAll(PLACED)].find(({ index }) => !PLACED_FULLY.test(page.slice(index, index + 160)));
    if (bare !== undefined) {
      problems.push(`rule 2: "${page.slice(bare.index, bare.index + 40)}": a place is named without data set and date`);
    }
  }
  const mark = page.search(/\bTLP:[A-Z]/);
  if (mark > 400) problems.push(`rule 9: "${page.slice(mark, mark + 12)}": the mark stands at the top, before content`);
  return problems;
}

/** numbers that count nothing that was sent: addresses, networks, how long it took */
const NO_COUNTS = /\b\d{1,3}(?:\.\d{1,3}){3}(?:\/\d+)?|\b[0-9a-f]{1,4}:[0-9a-f:/]+|\bAS\d+|\bin \d+ [a-z]+/gi;

/** What `lintNumbers` needs of an alert. */
export interface Counted {
  readonly summary: string;
  readonly evidence: Readonly<Record<string, number>>;
}

/**
 * Problems of the sentence that an alert is told with: it counts something, says of which log, and speaks of records that
 * were given only where the evidence counts them.
 */
export function lintNumbers({ summary, evidence }: Counted): string[] {
  const problems: string[] = [];
  const counts = summary.replace(NO_COUNTS, ' ');
  if (!/\b(?:\d[\d,]*|one|an answer) [a-z]/i.test(counts)) problems.push(`rule 6: "${summary}": it counts nothing`);
  // what several organisations saw is counted from what they reported
  if (!/\((?:web|firewall) log\b|\bas \d[\d,]* organisations reported\b/.test(summary))
    problems.push(`rule 6: "${summary}": it does not say which log`);
  const given = /\b(?:records?|of them (?:was|were)) (?:returned|given|answered)\b/i.exec(summary);
  if (given !== null && evidence['records_answered'] === undefined) {
    problems.push(`rule 6: "${given[0]}": without evidence of answers say "records requested"`);
  }
  return problems;
}
