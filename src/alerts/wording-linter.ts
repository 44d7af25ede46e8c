/**
 * Checks rendered text against the rules of wording: an address or a server is the subject, never a country, a
 * government, a group or a person; words that only people may use after an investigation stay theirs; likelihood and
 * confidence never share a sentence; nothing is promised that logs cannot show.
 *
 *   lintWording('Russia scanned the lookup page.') → ['"Russia" is the subject: name the address or server …']
 *
 * It reads our own prose. Paths and quoted data of a log are the sender's words: tokens that start with a slash are
 * passed over, evidence lines are not to be given to it. The caveat is the one text that is exempt.
 */
import { CAVEAT } from './caveat.ts';

interface WordingRule {
  pattern: RegExp;
  say: string;
}

/** Names of countries and territories in English (CLDR, through ICU). */
function countryNames(): string[] {
  const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const found = new Set(['America', 'Britain', 'England', 'Palestine', 'Congo', 'Burma', 'Holland', 'Czech Republic']);
  for (let a = 65; a <= 90; a++) {
    for (let b = 65; b <= 90; b++) {
      const name = names.of(String.fromCharCode(a, b));
      if (name !== undefined && !/unknown|pseudo|outlying/i.test(name)) found.add(name);
    }
  }
  return [...found].sort((x, y) => y.length - x.length);
}

const COUNTRY = countryNames()
  .map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  .join('|');

const DEMONYM =
  'Russian|Chinese|Iranian|North Korean|Korean|American|Ukrainian|Belarusian|Turkish|Israeli|Indian|Pakistani|Vietnamese|Dutch|German|French|British|Polish|Romanian|Brazilian|Syrian|Cuban|Venezuelan|Moldovan|foreign|overseas';

const DID =
  'scann|prob|attack|target|tri(?:ed|es)|sent|send|launch|hit|hack|ask|request|reach|look|interfer|meddl|prepar|spie|spy|did|mapp|search|access|visit|is|was|are|were|has|have|may|might|could|will';

const ACTORS =
  'hackers?|attackers?|actors?|spies|spy|criminals?|groups?|gangs?|governments?|military|intelligence|services?|operatives?|state|regime|army|adversar(?:y|ies)';

const RULES: readonly WordingRule[] = [
  { pattern: /\battribut(?:ed|able|ion to)\b/i, say: 'reserved for people: these logs do not show who sent it' },
  { pattern: /\battacks?(?:ed)? by\b/i, say: 'reserved for people: say which address sent what' },
  { pattern: /\bbreach(?:ed|es)?\b/i, say: 'reserved for people: say what was answered' },
  { pattern: /\bcompromised?\b/i, say: 'reserved for people: say what was seen' },
  { pattern: /\bhack(?:ed|ers?|ing)?\b/i, say: 'reserved for people: say what was seen' },
  { pattern: /\b(?:nation|state)[- ](?:state|sponsored|backed)\b/i, say: 'reserved for people: no actor is named' },
  { pattern: /\bAPT(?:[- ]?[A-Z]?\d+)?\b/, say: 'an intrusion-set name: no actor is named' },
  {
    pattern:
      /\b(?:UNC\d{3,5}|FIN\d{1,2}|TA\d{3}|DEV-\d{4}|Storm-\d{4})\b|\b[A-Z][a-z]+ (?:Bear|Panda|Kitten|Spider|Chollima|Typhoon|Blizzard|Sandstorm|Sleet|Tempest|Flax)\b|\b(?:Sandworm|Lazarus|Turla|Sofacy|Kimsuky|Gamaredon|Sednit|Strontium|Nobelium|Pawn Storm)\b/,
    say: 'an intrusion-set name: no actor is named',
  },
  {
    pattern: /\b(?:GRU|FSB|SVR|IRGC|MSS|Kremlin|Tehran|Beijing|Moscow|Pyongyang)\b/,
    say: 'names a government: no actor is named',
  },
  {
    pattern:
      /\b(?:the|these|those|this|an unknown|unknown) (?:threat )?(?:attackers?|actors?|adversar(?:y|ies)|criminals?|intruders?)\b/i,
    say: 'a person is the subject: name the address or server',
  },
  { pattern: /\bthreat actors?\b/i, say: 'a person is the subject: name the address or server' },
  {
    pattern: new RegExp(`\\b(?:${DEMONYM})(?:[- ]backed|[- ]based)? (?:${ACTORS})\\b`, 'i'),
    say: 'names a country as the actor',
  },
  {
    pattern: new RegExp(`\\b(?:${ACTORS}) (?:from|in|of) (?:the )?(?:${COUNTRY})\\b`),
    say: 'names a country as the actor',
  },
  {
    pattern: new RegExp(`\\b(?:by|behind it is|work of) (?:the )?(?:${COUNTRY}|Russians|Chinese|Iranians)\\b`),
    say: 'names a country as the actor',
  },
  {
    pattern: new RegExp(`(?:^|[.;:!?] |, )(?:The )?(?:${COUNTRY})(?:'s government| government)? (?:${DID})\\w*`, ''),
    say: 'a country is the subject: name the address or server',
  },
  {
    pattern: /\bgovernments? (?:is|was|did|has|sent|scann|prob|attack)/i,
    say: 'a government is the subject: name the address or server',
  },
  {
    pattern: new RegExp(`\\b(?:came|come|comes|coming|sent|originat\\w+) from (?:the )?(?:${COUNTRY})\\b`),
    say: 'a country is the origin: say "placed in … by <database, date>"',
  },
  { pattern: /\bsafe(?:ly)?\b/i, say: 'never promised: say what these logs show' },
  {
    pattern: /\bno impact\b|\bno effect\b|\bnot affected\b|\bunaffected\b/i,
    say: 'not known from logs: say "these logs show no sign of …"',
  },
  {
    pattern:
      /\b(?:votes?|vote counts?|ballots?|tall(?:y|ies)|counts?|eligibility|outcome of the election)\b[^.]{0,40}\b(?:affected|changed|altered|tampered|manipulated|stolen|flipped|intact)\b/i,
    say: 'says something about votes: these logs cannot',
  },
  {
    pattern: /\brigg(?:ed|ing)\b|\bstolen election\b|\b(?:Democrat|Republican)(?:s|ic)?\b|\bGOP\b|\bpartisan\b/i,
    say: 'partisan or loaded',
  },
  { pattern: /\boperators?\b/i, say: 'people take it for themselves: say "network owner"' },
  { pattern: /\b(?:blocked|refused|denied)\b[^.]{0,60}\bincidents?\b/i, say: 'a blocked scan is not an incident' },
  {
    pattern: /\b(?:confirmed|proven|verified|genuine|really is)\b[^.]{0,40}\b(?:crawler|scanner|bot|researcher)s?\b/i,
    say: 'a label proves no identity: say "claims to be" or "listed as"',
  },
  {
    pattern: /\b(?:remote chance|(?:highly )?improbabl[ey]|(?:highly )?probabl[ey]|nearly certain)\b/i,
    say: 'a term of the other row of the scale: use likely, very likely, almost certain …',
  },
  {
    pattern: /\b(?:definitely|certainly|undoubtedly|without doubt|guaranteed)\b/i,
    say: 'more certain than logs can be',
  },
  {
    pattern: /[\u{1f1e6}-\u{1f1ff}\u{1f3f4}\u{1f3f3}\u{1f6a9}\u{1f38c}\u{2691}\u{2690}]/u,
    say: 'a flag: attribution by design',
  },
];

const LIKELIHOOD = /\b(?:almost (?:no chance|certain|certainly)|(?:very )?(?:un)?likely|roughly even)\b/i;
const CONFIDENCE = /\bconfiden(?:ce|t)\b/i;

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
  for (const rule of RULES) {
    const found = rule.pattern.exec(prose);
    if (found !== null) problems.push(`"${found[0].replace(/^[.;:!?,] /, '').trim()}": ${rule.say}`);
  }
  for (const sentence of prose.split(/(?<=[.!?])\s|\n/)) {
    if (LIKELIHOOD.test(sentence) && CONFIDENCE.test(sentence)) {
      problems.push(`"${sentence.trim().slice(0, 80)}": likelihood and confidence in one sentence`);
    }
  }
  return problems;
}
