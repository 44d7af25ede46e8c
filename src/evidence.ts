/**
 * Evidence: the raw lines behind decisions, fetched by reference, redacted, with the fragment that matched.
 * Each touch carries the reference of its earliest line; an alert shows the few earliest of different touches.
 */
import { createTokens, type Keep, redactLine, redactPath, type Token } from './alerts/redact.ts';
import type { Decision } from './detect/decide.ts';
import type { Touch } from './detect/record.ts';
import type { Format, OriginContext } from './formats/format.ts';
import { TAG } from './measure/entry.ts';
import type { EvidenceLine } from './model/alert.ts';
import type { Inventory } from './model/inventory.ts';
import { type EventTexts, fragmentOf } from './rules/fragment.ts';
import type { CompiledRuleSet } from './rules/rule-set.ts';

/** Lines that an alert shows, and lines that are looked at for its paths. */
export const LINES_SHOWN = 5;
const LINES_READ = 12;
/** Paths that an alert names. */
const PATHS_SHOWN = 8;

/** A log as evidence needs it. */
export interface EvidenceOrigin {
  name: string;
  format: Format;
  context: OriginContext;
  fetch(offsets: readonly number[]): Promise<(string | null)[]>;
}

export interface Evidence {
  lines: EvidenceLine[];
  paths: string[];
}

const originOf = (t: Touch) => t.lineHigh >>> 20;
const offsetOf = (t: Touch) => (t.lineHigh & 0xfffff) * 4294967296 + t.lineLow;

/** The touches whose lines are read: the earliest of different items first, then further ones. Equal lines once. */
function chosen(touches: readonly Touch[]): Touch[] {
  const seen = new Set<string>();
  const items = new Set<string>();
  const fresh: Touch[] = [];
  const again: Touch[] = [];
  for (const t of touches) {
    const line = `${t.firstMs} ${t.lineHash}`;
    if (seen.has(line)) continue;
    seen.add(line);
    const item = `${t.item} ${t.sub}`;
    if (items.has(item)) again.push(t);
    else fresh.push(t);
    items.add(item);
    if (fresh.length >= LINES_READ) break;
  }
  return [...fresh, ...again].slice(0, LINES_READ).sort((a, b) => a.firstMs - b.firstMs || a.lineHash - b.lineHash);
}

/** Evidence of each decision, in their order. Reads every origin once, in order of offset. */
export async function collectEvidence(
  decisions: readonly Decision[],
  origins: ReadonlyMap<number, EvidenceOrigin>,
  ruleSet: CompiledRuleSet,
  inventory: Inventory,
  secret: Uint8Array,
): Promise<Evidence[]> {
  const picks = decisions.map((d) => chosen(d.touches));
  const wanted = new Map<number, number[]>();
  for (const t of picks.flat()) {
    const list = wanted.get(originOf(t));
    if (list === undefined) wanted.set(originOf(t), [offsetOf(t)]);
    else list.push(offsetOf(t));
  }
  const texts = new Map<string, string | null>();
  for (const [origin, offsets] of wanted) {
    const lines = (await origins.get(origin)?.fetch(offsets)) ?? [];
    for (const [i, line] of lines.entries()) texts.set(`${origin}:${offsets[i]}`, line);
  }
  const token = createTokens(secret);
  const keep: Keep = {
    keepParams: inventory.assets.flatMap((a) => a.keepParams),
    redactParams: inventory.assets.flatMap((a) => a.redactParams),
  };
  return picks.map((touches) => evidenceOf(touches, texts, origins, ruleSet, keep, token));
}

function evidenceOf(
  touches: readonly Touch[],
  texts: ReadonlyMap<string, string | null>,
  origins: ReadonlyMap<number, EvidenceOrigin>,
  ruleSet: CompiledRuleSet,
  keep: Keep,
  token: Token,
): Evidence {
  const lines: EvidenceLine[] = [];
  const paths = new Set<string>();
  for (const t of touches) {
    const origin = origins.get(originOf(t));
    const line = texts.get(`${originOf(t)}:${offsetOf(t)}`);
    if (origin === undefined || line === undefined || line === null) continue;
    const parsed = origin.format.parseLine(line, origin.context);
    if (!('event' in parsed)) continue;
    const { event } = parsed;
    const isRequest = event['event.category'] === 'web';
    const ranges: [number, number][] = [];
    if (t.tag >= TAG.rule && isRequest) {
      const fields: EventTexts = {
        target: event['url.original'] ?? '',
        user_agent: event['user_agent.original'] ?? '',
        referrer: event['http.request.referrer'] ?? '',
        host: event['destination.domain'] ?? '',
        user: event['user.name'] ?? '',
        malformed: event['pollwatch.malformed'] === true,
      };
      const fragment = fragmentOf(ruleSet, t.tag - TAG.rule, fields);
      const field = fragment === null ? '' : (fields[fragment.field] ?? '');
      // the target is the first text behind the time, the others stand behind it
      const from =
        fragment === null || fragment.field === 'target'
          ? Math.max(0, line.indexOf('] "'))
          : Math.max(0, line.indexOf('] "') + (fields.target ?? '').length);
      const at =
        fragment === null || field === ''
          ? -1
          : line.indexOf(field, fragment.field === 'user' || fragment.field === 'host' ? 0 : from);
      if (fragment !== null && at >= 0) ranges.push([at + fragment.start, at + fragment.end]);
    }
    const redacted = redactLine(line, isRequest ? 'request' : 'packet', { ...keep, matched: ranges }, token);
    if (lines.length < LINES_SHOWN)
      lines.push({
        timeMs: event['@timestamp'],
        origin: origin.name,
        offset: offsetOf(t),
        text: redacted.text,
        matched: redacted.matched,
      });
    const path = event['url.path'];
    if (path !== undefined && event['pollwatch.malformed'] !== true && paths.size < PATHS_SHOWN)
      paths.add(redactPath(path, token, keep));
  }
  return { lines, paths: [...paths] };
}
