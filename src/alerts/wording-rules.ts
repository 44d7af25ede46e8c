/**
 * The nine rules of wording (ELECTIONS part 3) as patterns that must not occur in our prose: an address or a server is the
 * subject, never a country, a government, a group or a person; words that only people may use after an investigation
 * stay theirs; nothing is promised that logs cannot show. wording-linter.ts applies them.
 *   'Russia scanned the lookup page.' → rule 1
 */

/** One of the nine rules of wording (ELECTIONS part 3), as a pattern that must not occur in our prose. */
export interface WordingRule {
  pattern: RegExp;
  /** 1 the subject is an address · 2 the form in which one is introduced · 3 the caveat · 4 likelihood and confidence ·
   * 5 words reserved for people · 6 numbers · 7 what is never said · 8 no flags · 9 marks of TLP 2.0 */
  rule: number;
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

/** Patterns of all rules but those that need the whole page or the numbers of an alert. */
export const WORDING_RULES: readonly WordingRule[] = [
  {
    pattern: /\battribut(?:ed|able|ion to)\b/i,
    rule: 5,
    say: 'reserved for people: these logs do not show who sent it',
  },
  { pattern: /\battacks?(?:ed)? by\b/i, rule: 5, say: 'reserved for people: say which address sent what' },
  { pattern: /\bbreach(?:ed|es)?\b/i, rule: 5, say: 'reserved for people: say what was answered' },
  { pattern: /\bcompromised?\b/i, rule: 5, say: 'reserved for people: say what was seen' },
  { pattern: /\bhack(?:ed|ers?|ing)?\b/i, rule: 5, say: 'reserved for people: say what was seen' },
  {
    pattern: /\b(?:nation|state)[- ](?:state|sponsored|backed)\b/i,
    rule: 5,
    say: 'reserved for people: no actor is named',
  },
  { pattern: /\bAPT(?:[- ]?[A-Z]?\d+)?\b/, rule: 5, say: 'an intrusion-set name: no actor is named' },
  {
    pattern:
      /\b(?:UNC\d{3,5}|FIN\d{1,2}|TA\d{3}|DEV-\d{4}|Storm-\d{4})\b|\b[A-Z][a-z]+ (?:Bear|Panda|Kitten|Spider|Chollima|Typhoon|Blizzard|Sandstorm|Sleet|Tempest|Flax)\b|\b(?:Sandworm|Lazarus|Turla|Sofacy|Kimsuky|Gamaredon|Sednit|Strontium|Nobelium|Pawn Storm)\b/,
    rule: 5,
    say: 'an intrusion-set name: no actor is named',
  },
  {
    pattern: /\b(?:GRU|FSB|SVR|IRGC|MSS|Kremlin|Tehran|Beijing|Moscow|Pyongyang)\b/,
    rule: 1,
    say: 'names a government: no actor is named',
  },
  {
    pattern:
      /\b(?:the|these|those|this|an unknown|unknown) (?:threat )?(?:attackers?|actors?|adversar(?:y|ies)|criminals?|intruders?)\b/i,
    rule: 1,
    say: 'a person is the subject: name the address or server',
  },
  { pattern: /\bthreat actors?\b/i, rule: 1, say: 'a person is the subject: name the address or server' },
  {
    pattern: new RegExp(`\\b(?:${DEMONYM})(?:[- ]backed|[- ]based)? (?:${ACTORS})\\b`, 'i'),
    rule: 1,
    say: 'names a country as the actor',
  },
  {
    pattern: new RegExp(`\\b(?:${ACTORS}) (?:from|in|of) (?:the )?(?:${COUNTRY})\\b`),
    rule: 1,
    say: 'names a country as the actor',
  },
  {
    pattern: new RegExp(`\\b(?:by|behind it is|work of) (?:the )?(?:${COUNTRY}|Russians|Chinese|Iranians)\\b`),
    rule: 1,
    say: 'names a country as the actor',
  },
  {
    pattern: new RegExp(`(?:^|[.;:!?] |, )(?:The )?(?:${COUNTRY})(?:'s government| government)? (?:${DID})\\w*`, ''),
    rule: 1,
    say: 'a country is the subject: name the address or server',
  },
  {
    pattern: /\bgovernments? (?:is|was|did|has|sent|scann|prob|attack)/i,
    rule: 1,
    say: 'a government is the subject: name the address or server',
  },
  {
    pattern: new RegExp(`\\b(?:came|come|comes|coming|sent|originat\\w+) from (?:the )?(?:${COUNTRY})\\b`),
    rule: 2,
    say: 'a country is the origin: say "placed in … by <database, date>"',
  },
  { pattern: /\bsafe(?:ly)?\b/i, rule: 7, say: 'never promised: say what these logs show' },
  {
    pattern: /\bno impact\b|\bno effect\b|\bnot affected\b|\bunaffected\b/i,
    rule: 7,
    say: 'not known from logs: say "these logs show no sign of …"',
  },
  {
    pattern:
      /\b(?:votes?|vote counts?|ballots?|tall(?:y|ies)|counts?|eligibility|outcome of the election)\b[^.]{0,40}\b(?:affected|changed|altered|tampered|manipulated|stolen|flipped|intact)\b/i,
    rule: 7,
    say: 'says something about votes: these logs cannot',
  },
  {
    pattern: /\brigg(?:ed|ing)\b|\bstolen election\b|\b(?:Democrat|Republican)(?:s|ic)?\b|\bGOP\b|\bpartisan\b/i,
    rule: 7,
    say: 'partisan or loaded',
  },
  { pattern: /\boperators?\b/i, rule: 7, say: 'people take it for themselves: say "network owner"' },
  {
    pattern: /\b(?:blocked|refused|denied)\b[^.]{0,60}\bincidents?\b/i,
    rule: 7,
    say: 'a blocked scan is not an incident',
  },
  {
    pattern: /\b(?:confirmed|proven|verified|genuine|really is)\b[^.]{0,40}\b(?:crawler|scanner|bot|researcher)s?\b/i,
    rule: 7,
    say: 'a label proves no identity: say "claims to be" or "listed as"',
  },
  {
    pattern: /\b(?:remote chance|(?:highly )?improbabl[ey]|(?:highly )?probabl[ey]|nearly certain)\b/i,
    rule: 4,
    say: 'a term of the other row of the scale: use likely, very likely, almost certain …',
  },
  {
    pattern: /\b(?:definitely|certainly|undoubtedly|without doubt|guaranteed)\b/i,
    rule: 4,
    say: 'more certain than logs can be',
  },
  {
    pattern: /[\u{1f1e6}-\u{1f1ff}\u{1f3f4}\u{1f3f3}\u{1f6a9}\u{1f38c}\u{2691}\u{2690}]/u,
    rule: 8,
    say: 'a flag: attribution by design',
  },
  {
    pattern:
      /\b(?:almost certain\w*|(?:very )?(?:un)?likely|roughly even)\b[^.!?]{0,80}\b(?:sent by|the sender|behind (?:it|this)|responsible|a person|a group)\b/i,
    rule: 4,
    say: 'likelihood is about behaviour, never about who did it',
  },
  {
    pattern: /\bconfiden(?:ce|t)\b[^.!?]{0,80}\b(?:who sent|behind (?:it|this)|responsible|a group)\b/i,
    rule: 4,
    say: 'confidence is about our evidence, never about who did it',
  },
  {
    pattern:
      /\b(?:came|come|comes|sent) from (?:the address )?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?:\/\d+)?)(?![0-9a-f:/])(?!, an (?:address|IPv6 network of one customer) (?:announced by AS\d|whose network owner is unknown|inside a private network))/i,
    rule: 2,
    say: 'an address is introduced with its network owner, with "whose network owner is unknown", or with "inside a private network"',
  },
  {
    pattern: /\bnetwork owner: ?(?:[.,;)]|$)|\bannounced by (?!AS\d)/im,
    rule: 2,
    say: 'a missing network owner reads "network owner unknown", never blank',
  },
  {
    pattern:
      /\bTLP:(?!(?:RED|AMBER\+STRICT|AMBER|GREEN|CLEAR)\b)\S*|\bTLP[ -](?:RED|AMBER|GREEN|CLEAR|WHITE)\b|\bTLP:AMBER[ -]STRICT\b|\btlp:\w+/,
    rule: 9,
    say: 'a mark of TLP 2.0 is written TLP:AMBER: capitals, no space, RED, AMBER+STRICT, AMBER, GREEN or CLEAR',
  },
];
