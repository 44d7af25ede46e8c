/**
 * W21 spread over the sources of one network: at least 10 of one network (AS) or /24 (/48) fail to log in within two adjacent
 * hours and none of them gets in, and they are at least four fifths of that network's sources that tried (CrowdSec: 10 per AS).
 * Where all sources of a network stand in one block, the block is told.
 */
import { FIRST_HASHED_HOST } from '../measure/observe.ts';
import { prefixOf } from '../model/address.ts';
import { dayOf, HOUR } from '../model/time.ts';
import type { Decision, DecisionKey } from './decision.ts';
import type { Scene } from './detector.ts';
import { distinctOf } from './distinct.ts';
import type { LogInFact } from './distributed.ts';
import { countEvents } from './estimates.ts';
import { exhibitOf } from './exhibit.ts';
import { networkDecision } from './network-decision.ts';
import type { Settings } from './scene.ts';
import { inOrder, type Touch } from './touch.ts';
import { PER_SUCCESS } from './web/credential-guessing.ts';

const SPRAY_SOURCES = 10;
const SPRAY_SHARE = 0.8;

/** Whether a source got in on one of the days that an instant (Unix ms) and another stand in. */
function gotIn({ failed, succeeded, unclear }: LogInFact, fromMs: number, toMs: number, dayStartMs: number): boolean {
  const [first, last] = [dayOf(fromMs, dayStartMs), dayOf(toMs, dayStartMs)];
  const inDays = (t: Touch) => dayOf(t.paneMs, dayStartMs) >= first && dayOf(t.paneMs, dayStartMs) <= last;
  if (succeeded.some(inDays)) return true;
  // a server that refuses with 401 gives a page to those who get in, as it does to programs
  return unclear.filter(inDays).length * PER_SUCCESS >= failed.filter(inDays).length;
}

/** Decisions about networks whose sources fail to log in, each a little. */
export function networkLogIns(logIns: readonly LogInFact[], scene: Scene, settings: Settings): Decision[] {
  const groups = new Map<string, { key: DecisionKey; organization: number; sources: LogInFact[] }>();
  const add = (name: string, key: DecisionKey, source: LogInFact) => {
    const group = groups.get(name) ?? { key, organization: source.organization, sources: [] };
    group.sources.push(source);
    groups.set(name, group);
  };
  for (const s of logIns) {
    if (s.failed.length === 0) continue;
    const p = prefixOf(s.hi, s.lo);
    add(`${s.organization}/p${p.hi}:${p.lo}`, { kind: 'prefix', ...p }, s);
    const as = settings.asOf(s.hi, s.lo);
    if (as > 0) add(`${s.organization}/a${as}`, { kind: 'as', hi: 0, lo: as }, s);
  }
  const out: Decision[] = [];
  for (const { key, organization, sources } of groups.values()) {
    if (key.kind === 'as' && isOneBlock(sources)) continue;
    const days = new Map<number, Set<Touch>>();
    const hours = new Map<number, Set<LogInFact>>();
    for (const s of sources)
      for (const hour of distinctOf(s.failed, (t) => Math.floor(t.firstMs / HOUR)))
        hours.set(hour, (hours.get(hour) ?? new Set()).add(s));
    for (const hour of hours.keys()) {
      const [from, to] = [hour * HOUR, (hour + 2) * HOUR];
      const inSpan = (t: Touch) => t.firstMs >= from && t.firstMs < to;
      const tried = [...new Set([...hours.get(hour)!, ...(hours.get(hour + 1) ?? [])])];
      if (tried.length < SPRAY_SOURCES) continue;
      const without = tried.filter((s) => !gotIn(s, from, to - 1, scene.dayStartMs));
      if (without.length < SPRAY_SOURCES || without.length < SPRAY_SHARE * tried.length) continue;
      for (const t of without.flatMap((s) => s.failed.filter(inSpan))) {
        const day = dayOf(t.paneMs, scene.dayStartMs);
        days.set(day, (days.get(day) ?? new Set()).add(t));
      }
    }
    for (const [day, set] of days) {
      const touches = inOrder([...set]);
      const members = sources.filter((s) => s.failed.some((t) => set.has(t))).map(({ hi, lo }) => ({ hi, lo }));
      out.push(
        networkDecision({
          detection: 'W21',
          organization,
          key,
          day,
          base: 'medium',
          exhibit: exhibitOf(touches, FIRST_HASHED_HOST),
          members,
          numbers: { requests: countEvents(touches), sources: members.length },
          thresholds: [
            `${SPRAY_SOURCES} addresses of one network that failed to log in within two hours, none that got in`,
          ],
          tailored: ['the log-in page that they work on exists on your site'],
        }),
      );
    }
  }
  return out;
}

/** Whether all sources of a network stand in one block of it: then the block is told, and nothing twice. */
function isOneBlock(sources: readonly { hi: number; lo: number }[]): boolean {
  const blocks = new Set(sources.map(({ hi, lo }) => prefixOf(hi, lo)).map((p) => `${p.hi}:${p.lo}`));
  return blocks.size === 1;
}
