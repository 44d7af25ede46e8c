/**
 * A first inventory, drafted from what the logs show (survey.ts): an office gets a file to correct instead of an empty page.
 * Every guess is marked as one; the file is accepted as it stands. What kind of system a path is, is guessed from names that
 * public election sites use (ELECTIONS 2a).
 */
import { basename } from 'node:path';
import { type AssetKind, VOTER_KINDS } from '../model/inventory.ts';
import { type Destination, type Survey, VISITORS_MIN, type Visited } from './survey.ts';

/** Systems and addresses that are listed; an office can add what is missing. */
const ASSETS_MAX = 40;
const ADDRESSES_MAX = 64;

/** Names that tell the kind, in the order in which they are tried. */
const SIGNS: readonly (readonly [AssetKind, RegExp])[] = [
  ['cancellation', /cancel(?!led)/i],
  ['uocava', /uocava|fvap|overseas|military/i],
  ['ballot_tracking', /ballot-?track|track-?(?:my-?)?ballot|ballot-?status/i],
  ['ballot_request', /absentee|ballot-?(?:request|application)|mail-?ballot|vote-?by-?mail/i],
  [
    'voter_lookup',
    /voter-?(?:look-?up|search|view|info|status)|lookup|registrantsearch|polling-?place|pplkup|\/mvp\b|\/vic\b/i,
  ],
  ['registration', /regist(?:er|ration)|\bovr\b/i],
  ['results_enr', /results|\benr\b|current_ver\.txt|electionsettings\.json|detailxml/i],
  ['pollbook_sync', /poll-?book|e-?poll\b/i],
  ['candidate_filing', /candidate|filing/i],
  ['campaign_finance', /campaign-?finance|disclosure/i],
  ['gis_precinct', /arcgis|\bgis\b|precinct/i],
  ['staff_remote', /\bvpn\b|webmail|\bowa\b|\bsso\b|adfs|remote/i],
];

/** Criticality of a kind (ELECTIONS 2a); medium where it is not named. */
const CRITICALITY: Readonly<Partial<Record<AssetKind, string>>> = {
  voter_lookup: 'high',
  registration: 'critical',
  cancellation: 'critical',
  ballot_request: 'critical',
  ballot_tracking: 'critical',
  uocava: 'critical',
  results_enr: 'critical',
  pollbook_sync: 'critical',
  staff_remote: 'high',
  campaign_finance: 'high',
};

const KEY_PARAMETER =
  /^(?:voter_?id|vuid|voter_?num(?:ber)?|reg(?:istration)?_?(?:id|no|num|number)|record_?id|affidavit(?:_?no)?)$/i;
const PRIVATE_PARAMETER =
  /^(?:ssn\d?|last4_?ssn|ssn_?last_?4|dob|birth.*|dl|dln|dl_?number|licen[cs]e.*|e-?mail|phone.*|(?:first|last|full)_?name|[fl]name|surname|address.*|zip.*|house_?(?:no|number))$/i;

interface Drafted {
  id: string;
  name: string;
  kind: AssetKind;
  visited: Visited;
}

/** The file, as YAML text that `parseInventory` accepts. `lines` is how many were read. */
export function draftInventory(survey: Survey, lines: number): string {
  const assets = draftAssets(survey);
  const addresses = [...survey.destinations.values()]
    .filter(({ allowed, visitors }) => allowed.size > 0 || visitors.size >= VISITORS_MIN)
    .sort((a, b) => b.packets - a.packets || (a.address < b.address ? -1 : 1));
  const span =
    survey.firstMs === null || survey.lastMs === null
      ? ''
      : `, ${new Date(survey.firstMs).toISOString().slice(0, 10)} to ${new Date(survey.lastMs).toISOString().slice(0, 10)}`;
  return `${[
    '# A draft of an inventory, made by `pollwatch init` from what your logs show.',
    `# Read: ${lines} lines of ${survey.origins.size} logs, ${survey.events} events${span}.`,
    '# Lines marked GUESS were guessed: correct them, and take the mark away. Names and paths that fewer than',
    `# ${VISITORS_MIN} visitors were given pages of are left out. config/inventory.example.yaml shows every field.`,
    'version: 1',
    '',
    'organization:',
    '  id: my-office                # GUESS: e.g. us-xx-county; stands in alert ids, choose it once',
    '  name: My election office     # GUESS',
    '  # timezone: America/Chicago',
    '  # day_start: "12:00Z"        # keeps an American election night on one day',
    '',
    ...originLines(survey, assets),
    ...assetLines(assets),
    ...ownedLines(addresses),
    '# Whom to tell. Nobody is mailed without contacts.',
    '# contacts:',
    '#   it_oncall: {name: County IT on call, email: [it@county.example.gov], phone: "+1-555-0100", verified: 2026-09-15}',
    '# routing:',
    '#   - {match: {severity: ">=medium"}, to: [it_oncall]}',
  ].join('\n')}\n`;
}

function draftAssets(survey: Survey): Drafted[] {
  const seen = [...survey.visited.values()].filter(({ visitors }) => visitors.size >= VISITORS_MIN);
  seen.sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.prefix < b.prefix ? -1 : 1));
  const ids = new Set<string>();
  const drafted: Drafted[] = [];
  for (const visited of seen) {
    const { host, prefix } = visited;
    // a log without hosts has no host as a whole to declare
    if (host === '' && prefix === '') continue;
    const kind = kindOf(visited);
    if (prefix !== '' && kind === null) continue;
    const words = prefix === '' ? host.split('.')[0]! : prefix.slice(1);
    const base =
      words
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 50) || 'system';
    let id = base;
    for (let n = 2; ids.has(id); n++) id = `${base}-${n}`;
    ids.add(id);
    drafted.push({ id, name: prefix === '' ? host : `${host}${prefix}`, kind: kind ?? 'county_site', visited });
  }
  return drafted
    .toSorted((a, b) => b.visited.answered - a.visited.answered || (a.id < b.id ? -1 : 1))
    .slice(0, ASSETS_MAX);
}

/** The kind that a host's name, a path's first part or most of its pages tell; null when nothing does. */
function kindOf({ host, prefix, samples }: Visited): AssetKind | null {
  const name = prefix === '' ? host.split('.').slice(0, -2).join('.') : prefix;
  const byName = SIGNS.find(([, sign]) => sign.test(name));
  if (byName !== undefined) return byName[0];
  if (prefix === '') return null;
  // what serves many things (/api) is not the first of them
  const isOfMost = (sign: RegExp) => [...samples].filter((page) => sign.test(page)).length * 2 > samples.size;
  return SIGNS.find(([, sign]) => isOfMost(sign))?.[0] ?? null;
}

function originLines({ origins }: Survey, assets: readonly Drafted[]): string[] {
  if (origins.size === 0) return [];
  const only = assets.length === 1 ? assets[0]!.id : null;
  const patterns = new Map<string, boolean>();
  for (const [name, { web }] of origins) {
    if (name === '-') continue;
    // rotated and compressed copies are the same log
    const pattern = `${basename(name).replace(/(?:[.-]\d{1,8})?(?:\.(?:gz|zst))?$/, '')}*`;
    patterns.set(pattern, (patterns.get(pattern) ?? false) || web > 0);
  }
  if (patterns.size === 0) return [];
  return [
    '# What is known of a log by its name. The first entry that fits holds.',
    'origins:',
    ...[...patterns].map(([pattern, isWeb]) => {
      const asset = isWeb && only !== null ? `, asset: ${only}` : '';
      return `  - {path: ${quoted(pattern)}${asset}}`;
    }),
    '',
  ];
}

function assetLines(assets: readonly Drafted[]): string[] {
  if (assets.length === 0) {
    return [
      '# No system could be told from these logs: they name no hosts, or no path that several visitors were given.',
      '# assets:',
      '#   - {id: lookup, name: Voter lookup, kind: voter_lookup, hosts: [voterlookup.example.gov], url_prefixes: [/lookup]}',
      '',
    ];
  }
  return [
    '# The systems that you defend. Kinds: config/inventory.example.yaml.',
    'assets:',
    ...assets.flatMap(({ id, name, kind, visited }) => {
      const { host, prefix, answered, parameters } = visited;
      const names = [...parameters.keys()].sort();
      const keys = names.filter((parameter) => KEY_PARAMETER.test(parameter));
      const hidden = names.filter((parameter) => PRIVATE_PARAMETER.test(parameter));
      return [
        `  - id: ${quoted(id)}`,
        `    name: ${quoted(name)}   # GUESS: as people say it`,
        `    kind: ${kind}   # GUESS, from its name; ${answered} requests were answered`,
        ...(host === '' ? [] : [`    hosts: [${quoted(host)}]`]),
        ...(prefix === '' ? [] : [`    url_prefixes: [${quoted(prefix)}]`]),
        ...(keys.length === 0
          ? []
          : [`    record_key_params: [${keys.map(quoted).join(', ')}]   # GUESS: what names a record`]),
        ...(hidden.length === 0 ? [] : [`    redact_params: [${hidden.map(quoted).join(', ')}]   # GUESS`]),
        ...(VOTER_KINDS.some((each) => each === kind) ? ['    sensitivity: voter   # GUESS'] : []),
        `    criticality: ${CRITICALITY[kind] ?? 'medium'}   # GUESS`,
      ];
    }),
    '',
  ];
}

function ownedLines(addresses: readonly Destination[]): string[] {
  if (addresses.length === 0) return [];
  const more = addresses.length - ADDRESSES_MAX;
  return [
    '# Addresses that packets from outside were sent to. Write your whole networks instead, and those that nobody uses as dark_cidrs.',
    'owned:',
    '  cidrs:   # GUESS',
    ...addresses.slice(0, ADDRESSES_MAX).map(({ address, packets, allowed }) => {
      const ports = [...allowed].sort((a, b) => a - b).slice(0, 12);
      const open = ports.length === 0 ? 'nothing was let through' : `let through: ports ${ports.join(', ')}`;
      return `    - ${quoted(address)}   # ${packets} packets; ${open}`;
    }),
    ...(more > 0 ? [`  # and ${more} more addresses`] : []),
    '',
  ];
}

/** JSON's quotes are YAML's; what stands in them was checked before. */
function quoted(text: string): string {
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, '?'));
}
