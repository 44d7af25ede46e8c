/**
 * What a source has in common with others of its kind, whatever their addresses: the marks of its tool, and a sketch of
 * what it probed. Elements are ports and rules, whose hashes are not keyed, so that two organisations can compare them;
 * paths are not among them, because their hashes differ from office to office, and must.
 *
 *   touches → { marks: ['zmap_ip_id'], probes: the 32 smallest hashes of { port 9301, port 9308, rule sensitive_file … } }
 *
 * A tool that takes other ports or pages each time shares no sketch; marks can be copied or left out.
 */
import { TAG } from '../measure/entry.ts';
import type { Signature } from '../model/fact.ts';
import { mix32 } from '../model/hash.ts';
import type { Rule } from '../model/rule.ts';
import { BACKGROUND_PORTS } from './firewall/packets.ts';
import type { Touch } from './touch.ts';

/** Hashes that a sketch keeps: the share that two sets have in common is known to about 9 % (one standard error). */
const SKETCH = 32;
/** Detections whose rules name a tool. */
const TOOL_RULES: ReadonlySet<string> = new Set(['W09', 'W10']);
/** DETECTIONS F14: the IP-ID of ZMap in at least 3 packets, and in 90 % of all. */
const MARKED_MIN = 3;
const MARKED_SHARE = 0.9;
const ZMAP = 'zmap_ip_id';
const PORT_SEED = 0x70_6f_72_74;
const RULE_SEED = 0x72_75_6c_65;

/** The signature of touches. `marks`: those that are known of the source besides. */
export function signatureOf(
  touches: readonly Touch[],
  rules: readonly Rule[],
  marks: readonly string[] = [],
): Signature {
  const tools = new Set(marks);
  const elements = new Set<number>();
  for (const { tag, sub } of touches) {
    if (tag === TAG.packet || tag === TAG.illegalFlags) {
      if (!BACKGROUND_PORTS.has(sub)) elements.add(mix32(PORT_SEED ^ sub));
      continue;
    }
    const rule = rules[tag - TAG.rule];
    if (rule === undefined) continue;
    elements.add(hashOfName(rule.name));
    if (rule.detection !== null && TOOL_RULES.has(rule.detection)) tools.add(rule.name);
  }
  return { marks: [...tools].sort(), probes: [...elements].sort((a, b) => a - b).slice(0, SKETCH) };
}

/** Marks that the packets of a source carry. */
export function packetMarks(touches: readonly Touch[]): string[] {
  let packets = 0;
  let marked = 0;
  for (const { tag, count } of touches) {
    if (tag === TAG.packet) packets += count;
    else if (tag === TAG.toolMark) marked += count;
  }
  return marked >= MARKED_MIN && marked >= MARKED_SHARE * packets ? [ZMAP] : [];
}

/** Share of two probe sets that is in both (Jaccard), from their sketches; 0 when one is empty. */
export function likeness(a: readonly number[], b: readonly number[]): number {
  const both = new Set(b);
  const union = [...new Set([...a, ...b])].sort((x, y) => x - y).slice(0, SKETCH);
  if (a.length === 0 || b.length === 0) return 0;
  const inA = new Set(a);
  return union.filter((element) => inA.has(element) && both.has(element)).length / union.length;
}

const hashes = new Map<string, number>();

/** FNV-1a of a rule's name; there are at most as many as rules. */
function hashOfName(name: string): number {
  let hash = hashes.get(name);
  if (hash === undefined) {
    hash = RULE_SEED;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01_00_01_93);
    hash = mix32(hash);
    hashes.set(name, hash);
  }
  return hash;
}
