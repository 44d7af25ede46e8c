/**
 * A Sigma correlation: what is counted over the matches of rules.
 *   correlation: {type: value_count, rules: [sensitive-file], group-by: [source.ip], timespan: 24h,
 *                 condition: {field: cs-uri-stem, gte: 2}}
 * One YAML document in, one correlation out whose rules are still names. Our own `pollwatch: {status: [4]}` counts only
 * matches that were answered with a status of these classes.
 * https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html
 */
import { isMap, isScalar, isSeq, type Node as YamlNode } from 'yaml';
import type { Problem } from '../model/problem.ts';
import type { Correlation, Item } from '../model/rule.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../model/time.ts';
import { isSourceField, itemOf } from './fields.ts';
import { type Head, readHead } from './sigma.ts';
import { at, textAt, textsAt, type YamlSource } from './yaml-source.ts';

/** A correlation whose rules are names or ids. */
export interface CorrelationDraft {
  head: Head;
  type: Correlation['type'];
  rules: { name: string; node: YamlNode }[];
  item: Item;
  timespanMs: number;
  threshold: number;
  statusClasses: number[];
  /** Sigma's `generate: true`: the rules keep alerts of their own */
  generate: boolean;
  source: YamlSource;
  position: YamlNode;
}

const TYPES = ['event_count', 'value_count', 'temporal', 'temporal_ordered'] as const;
const UNITS: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY, M: 30 * DAY, y: 365 * DAY };

/** Longest timespan: what is kept of a source is 30 days (DETECTIONS 1.2), and a margin. */
const TIMESPAN_MAX = 45 * DAY;

/** Reads a correlation document; null when it is broken (then `problems` grew). */
export function readCorrelation(
  source: YamlSource,
  map: YamlNode,
  fallbackName: string,
  problems: Problem[],
): CorrelationDraft | null {
  const before = problems.length;
  const fail = (message: string, where: unknown, hint?: string) =>
    problems.push(source.problem('PW-RULES-CORRELATION', message, where, hint));
  const head = readHead(source, map, fallbackName, problems);
  const body = at(map, 'correlation')!;
  const written = textAt(body, 'type');
  const type = TYPES.find((t) => t === written);
  if (type === undefined) {
    fail(`correlation type "${written}" is not supported`, at(body, 'type') ?? body, `supported: ${TYPES.join(', ')}`);
  }
  const list = at(body, 'rules');
  const names = isSeq(list) ? (list.items as YamlNode[]) : list === undefined ? [] : [list];
  const rules = names.flatMap((node) => (isScalar(node) ? [{ name: String(node.value), node: node as YamlNode }] : []));
  if (rules.length === 0) fail(`correlation "${head.title}" names no rules`, list ?? body);
  const groups = textsAt(body, 'group-by');
  const foreign = groups.find((name) => !isSourceField(name));
  if (foreign !== undefined || groups.length !== 1) {
    const what = foreign === undefined ? 'a correlation groups by exactly one field' : `cannot group by "${foreign}"`;
    fail(what, at(body, 'group-by') ?? body, 'correlations group by the remote address: source.ip (or c-ip, src_ip)');
  }
  if (at(body, 'aliases') !== undefined) fail('aliases are not supported', at(body, 'aliases'));
  const timespanMs = readTimespan(textAt(body, 'timespan'));
  if (timespanMs === null || timespanMs > TIMESPAN_MAX) {
    const hint = 'a number and a unit, at most 45 days: 90s, 10m, 1h, 24h, 30d';
    fail(`"${textAt(body, 'timespan')}" is no timespan`, at(body, 'timespan') ?? body, hint);
  }
  const { threshold, item } = readThreshold(body, type, fail);
  const statusClasses = textsAt(at(map, 'pollwatch'), 'status').map(Number);
  if (statusClasses.some((n) => !(Number.isInteger(n) && n >= 1 && n <= 5))) {
    fail('status classes are numbers from 1 to 5', at(at(map, 'pollwatch'), 'status'), 'e.g. status: [4]');
  }
  if (problems.length > before || type === undefined || timespanMs === null) return null;
  const generate = textAt(body, 'generate') === 'true' || textAt(map, 'generate') === 'true';
  return { head, type, rules, item, timespanMs, threshold, statusClasses, generate, source, position: map };
}

function readTimespan(text: string): number | null {
  const match = /^(\d{1,6})([smhdwMy])$/.exec(text.trim());
  const ms = match === null ? 0 : Number(match[1]) * UNITS[match[2]!]!;
  return ms > 0 ? ms : null;
}

function readThreshold(
  body: YamlNode,
  type: Correlation['type'] | undefined,
  fail: (message: string, where: unknown, hint?: string) => void,
): { threshold: number; item: Item } {
  const condition = at(body, 'condition');
  if (type === 'temporal' || type === 'temporal_ordered') {
    if (condition !== undefined) {
      fail(
        'a condition over the rules of a temporal correlation is not supported',
        condition,
        'leave the condition out',
      );
    }
    return { threshold: 1, item: 'none' };
  }
  let threshold = 0;
  let item: Item = 'none';
  if (!isMap(condition)) {
    fail('a correlation needs a condition', condition ?? body, 'e.g. condition: {gte: 5}');
    return { threshold, item };
  }
  for (const pair of condition.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    const value = isScalar(pair.value) ? pair.value.value : null;
    if (key === 'field') {
      const found = itemOf(String(value));
      if (found === null) {
        const hint = 'counted are cs-uri-stem, cs-uri, cs-user-agent, dst_port and dst_ip';
        fail(`distinct values of "${String(value)}" cannot be counted`, pair.value, hint);
      } else item = found;
    } else if (key === 'gte' || key === 'gt') {
      threshold = Number(value) + (key === 'gt' ? 1 : 0);
      if (!Number.isInteger(threshold) || threshold < 1 || threshold > 1_000_000) {
        fail(`"${String(value)}" is no threshold`, pair.value, 'a whole number from 1 to 1000000');
      }
    } else {
      const hint = 'conditions that can become false again are decided by detectors in code; use gte or gt';
      fail(`"${key}" is not supported in the condition of a correlation`, pair.key, hint);
    }
  }
  if (threshold === 0) fail('the condition has no gte', condition);
  if (type === 'value_count' && item === 'none')
    fail('a value_count needs a field', condition, 'e.g. field: cs-uri-stem');
  if (type === 'event_count') item = 'none';
  return { threshold, item };
}
