/**
 * Evidence: the raw lines behind decisions, fetched by reference, redacted, with the fragment that matched.
 * Each touch carries the reference of its earliest line; an alert shows the few earliest of different touches.
 */
import type { Keep, RedactedLine } from '../alerts/hidden-spans.ts';
import { redactLine, redactPath } from '../alerts/redact.ts';
import { createTokens, type Token } from '../alerts/tokens.ts';
import type { Decision } from '../detect/decision.ts';
import type { LineReference } from '../detect/exhibit.ts';
import type { Format, OriginContext } from '../formats/format.ts';
import { lineOffset, lineOrigin } from '../measure/entry.ts';
import type { EvidenceLine } from '../model/alert.ts';
import type { LogEvent } from '../model/event.ts';
import type { Inventory } from '../model/inventory.ts';
import { type EventTexts, type Fragment, fragmentOf, textsOfRule } from '../rules/fragment.ts';
import type { CompiledRuleSet } from '../rules/rule-set.ts';

/** Lines that a grave alert shows. */
const LINES_SHOWN = 5;
/** Paths that an alert names. */
const PATHS_SHOWN = 8;

/** A log as evidence needs it. */
export interface EvidenceOrigin {
  name: string;
  format: Format;
  context: OriginContext;
  fetch(offsets: readonly number[]): Promise<(string | null)[]>;
  /** how the line at an offset is read, where that differs from place to place (the year of a rotated log) */
  readingAt?(offset: number): { format: Format; context: OriginContext } | null;
}

export interface Evidence {
  lines: EvidenceLine[];
  paths: string[];
  /** of the paths those that the server gave content of its own for */
  given: string[];
}

const originOf = ({ high }: LineReference) => lineOrigin(high);
const offsetOf = ({ low, high }: LineReference) => lineOffset(low, high);

/**
 * Evidence of each decision, in their order. Reads every origin once, in order of offset. `grave[i]` says whether
 * decision i shows LINES_SHOWN lines; of a day with thousands of alerts the others show one.
 */
export async function collectEvidence(
  decisions: readonly Decision[],
  grave: readonly boolean[],
  origins: ReadonlyMap<number, EvidenceOrigin>,
  ruleSet: CompiledRuleSet,
  inventory: Inventory,
  secret: Uint8Array,
): Promise<Evidence[]> {
  const picks = decisions.map((d, i) => (grave[i] === true ? d.exhibit.lines : d.exhibit.lines.slice(0, 1)));
  const wanted = new Map<number, Set<number>>();
  for (const line of picks.flat()) {
    const set = wanted.get(originOf(line));
    if (set === undefined) wanted.set(originOf(line), new Set([offsetOf(line)]));
    else set.add(offsetOf(line));
  }
  const texts = new Map<number, Map<number, string | null>>();
  for (const [origin, set] of wanted) {
    const offsets = [...set].sort((a, b) => a - b);
    const lines = (await origins.get(origin)?.fetch(offsets)) ?? [];
    texts.set(origin, new Map(lines.map((line, i) => [offsets[i]!, line])));
  }
  const token = createTokens(secret);
  const keep = keepOf(inventory);
  const show = lineShower(ruleSet, keep, token);
  return picks.map((lines) => evidenceOf(lines, texts, origins, show, keep, token));
}

/** Redacts a line (latin1) of an event; `rule`: number of the rule whose fragment stays readable, -1 = none. */
export type LineShower = (line: string, event: LogEvent, rule: number) => RedactedLine;

/** Shows lines as evidence: what matched stays readable, what may be anybody's data does not. */
export function lineShower(ruleSet: CompiledRuleSet, keep: Keep, token: Token): LineShower {
  const locate = createLocator(ruleSet);
  return (line, event, rule) => {
    const isRequest = event['event.category'] === 'web';
    const matched = rule >= 0 && isRequest ? matchedRanges(line, event, rule, locate) : [];
    return redactLine(line, isRequest ? 'request' : 'packet', { ...keep, host: askedHost(event), matched }, token);
  };
}

/** What the inventory says of values and paths, for everything that is redacted. */
export function keepOf({ assets }: Inventory): Keep {
  const keepers = assets.filter((asset) => asset.sensitivity === 'voter' || asset.recordKeyParams.length > 0);
  return {
    keepParams: new Set(assets.flatMap((asset) => asset.keepParams)),
    redactParams: new Set(assets.flatMap((asset) => asset.redactParams)),
    recordPaths: keepers.flatMap((asset) => asset.urlPrefixes),
    recordHosts: keepers.filter((asset) => asset.urlPrefixes.length === 0).flatMap((asset) => asset.hosts),
  };
}

/**
 * The host that a request asked, for redaction: '' where the line names none, null where it names none and was refused.
 * A page that is not there is nobody's record, and what a scanner asked for has to stay readable.
 */
export function askedHost(event: LogEvent): string | null {
  const host = event['destination.domain'] ?? '';
  const status = event['http.response.status_code'] ?? 0;
  return host === '' && status >= 400 && status < 500 ? null : host;
}

function evidenceOf(
  references: readonly LineReference[],
  texts: ReadonlyMap<number, ReadonlyMap<number, string | null>>,
  origins: ReadonlyMap<number, EvidenceOrigin>,
  show: LineShower,
  keep: Keep,
  token: Token,
): Evidence {
  const lines: EvidenceLine[] = [];
  const paths = new Set<string>();
  const given = new Set<string>();
  // lines that show what was given come before those of what was refused, and all are shown in their order
  const byWorth = [...references.filter((r) => r.given), ...references.filter((r) => !r.given)];
  for (const reference of byWorth) {
    const origin = origins.get(originOf(reference));
    const line = texts.get(originOf(reference))?.get(offsetOf(reference));
    if (origin === undefined || line === undefined || line === null) continue;
    const { format, context } = origin.readingAt?.(offsetOf(reference)) ?? origin;
    const parsed = format.parseLine(line, context);
    if (!('event' in parsed)) continue;
    const { event } = parsed;
    if (lines.length < LINES_SHOWN) {
      const redacted = show(line, event, reference.rule);
      lines.push({
        timeMs: event['@timestamp'],
        origin: origin.name,
        offset: offsetOf(reference),
        text: redacted.text,
        matched: redacted.matched,
      });
    }
    const path = event['url.path'];
    if (path === undefined || event['pollwatch.malformed'] === true || paths.size >= PATHS_SHOWN) continue;
    const shown = redactPath(path, token, { ...keep, host: askedHost(event) });
    paths.add(shown);
    if (reference.given) given.add(shown);
  }
  return {
    lines: given.size === 0 ? lines : lines.sort((a, b) => a.timeMs - b.timeMs),
    paths: [...paths],
    given: [...given],
  };
}

/** The fragment of the texts of an event that a rule matched on, or null. */
type Locator = (rule: number, texts: EventTexts) => Fragment | null;

/** Answers that are remembered; forgotten all at once when full, which costs time only. */
const FRAGMENTS_MAX = 20_000;

/** Scanners send the same texts to everybody: each is searched once for each rule. */
function createLocator(ruleSet: CompiledRuleSet): Locator {
  const reads = ruleSet.rules.map((_, rule) => textsOfRule(ruleSet, rule));
  const known = new Map<string, Fragment | null>();
  return (rule, texts) => {
    const name = `${rule} ${texts.malformed === true} ${(reads[rule] ?? []).map((text) => texts[text] ?? '').join('\n')}`;
    let fragment = known.get(name);
    if (fragment === undefined) {
      fragment = fragmentOf(ruleSet, rule, texts);
      if (known.size >= FRAGMENTS_MAX) known.clear();
      known.set(name, fragment);
    }
    return fragment;
  };
}

/** Where in a line the fragment stands that a rule matched on. */
function matchedRanges(line: string, event: LogEvent, rule: number, locate: Locator): [number, number][] {
  const fields: EventTexts = {
    target: event['url.original'] ?? '',
    user_agent: event['user_agent.original'] ?? '',
    referrer: event['http.request.referrer'] ?? '',
    host: event['destination.domain'] ?? '',
    user: event['user.name'] ?? '',
    malformed: event['pollwatch.malformed'] === true,
  };
  const fragment = locate(rule, fields);
  const field = fragment === null ? '' : (fields[fragment.field] ?? '');
  if (fragment === null || field === '') return [];
  // host and user stand before the time, the target is the first text behind it, the others come after the target
  const request = Math.max(0, line.indexOf('] "'));
  const from =
    fragment.field === 'user' || fragment.field === 'host'
      ? 0
      : fragment.field === 'target'
        ? request
        : request + (fields.target ?? '').length;
  const at = line.indexOf(field, from);
  return at < 0 ? [] : [[at + fragment.start, at + fragment.end]];
}
