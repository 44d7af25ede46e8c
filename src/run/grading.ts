/**
 * How grave each decision is, with what raises it: the system that it is about, the election window, what else the same
 * source did, and who was authorised to do it.
 */
import { PHASE_WORDS, type Severity, severityOf } from '../alerts/severity.ts';
import { byIdentity, type Decision } from '../detect/decision.ts';
import { sourceWords } from '../model/address.ts';
import { electionWindow, type WindowOfAlert } from '../model/election-window.ts';
import type { Asset, Inventory } from '../model/inventory.ts';
import { LEVELS } from '../model/rule.ts';
import { textOf } from './detection-of.ts';

/** Alerts that show several raw lines; the others of a very busy day show one. */
const GRAVE_ALERTS = 1000;

/**
 * Severity of each decision, in their order; those that are built on others are graded after their parts. `parts`: how grave
 * decisions are that stand elsewhere.
 */
export function gradeAll(
  decisions: readonly Decision[],
  inventory: Inventory,
  parts: ReadonlyMap<Decision, Severity> = NOWHERE,
): Severity[] {
  const graded = new Map<Decision, Severity>();
  const perSource = new Map<string, Set<string>>();
  const setOf = decisions.map((d) => {
    const name = nameOfKey(d);
    const known = perSource.get(name) ?? new Set();
    perSource.set(name, known);
    return known.add(d.detection);
  });
  const order = [...decisions.keys()].sort((a, b) => decisions[a]!.parts.length - decisions[b]!.parts.length);
  for (const i of order) {
    const d = decisions[i]!;
    const asset = assetOf(d, inventory);
    const window = windowOf(d, inventory);
    graded.set(
      d,
      severityOf(d, textOf(d).class, {
        isCritical: asset?.criticality === 'critical',
        isOfVoters: asset?.sensitivity === 'voter',
        window: window?.matters === true ? PHASE_WORDS[window.phase] : null,
        partLevels: d.parts.map((p) => (graded.get(p) ?? parts.get(p))?.level ?? p.base),
        corroboration: setOf[i]!.size - 1,
        isOwn: d.key.kind === 'source' && inventory.isOwned(...sourceWords(d.key)),
        authorized: authorizedFor(d, inventory),
      }),
    );
  }
  return decisions.map((d) => graded.get(d)!);
}

const NOWHERE: ReadonlyMap<Decision, Severity> = new Map();

/** Organisation and key of a decision, as one word. */
export const nameOfKey = (d: Decision) => `${d.organization} ${d.key.kind} ${d.key.hi} ${d.key.lo}`;

/** The system that a decision is about, or null. */
export function assetOf(d: Decision, { assets }: Inventory): Asset | null {
  return assets[(d.key.kind === 'system' ? d.key.lo : d.exhibit.asset) - 1] ?? null;
}

/** The election window that a decision falls into, or null. */
export function windowOf(d: Decision, inventory: Inventory): WindowOfAlert | null {
  const { calendar } = inventory;
  return calendar.length === 0
    ? null
    : electionWindow(calendar, assetOf(d, inventory)?.kind ?? null, d.startMs, d.endMs);
}

/** Name of the scanner that was authorised for all that a decision rests on, from its first to its last line, or null. */
export function authorizedFor(d: Decision, inventory: Inventory): string | null {
  if (inventory.authorizedScanners.length === 0 || d.key.kind === 'system' || d.shared !== undefined) return null;
  const sources = d.key.kind === 'source' ? [d.key] : d.members;
  const names = new Set(
    sources.flatMap((source) =>
      [d.startMs, d.endMs].map((ms) => inventory.authorizedScanner(...sourceWords(source), ms)?.name ?? null),
    ),
  );
  return names.size === 1 ? [...names][0]! : null;
}

/** Place of a severity among all, by level and score: a whole number below RANKS. */
export const rankOf = ({ level, score }: Severity) => LEVELS.indexOf(level) * SCORES + score;

/** Scores are 0 to 100. */
const SCORES = 101;
const RANKS = LEVELS.length * SCORES;

/** Which decisions are among the GRAVE_ALERTS gravest: by the ranks of their severities, and then by identity. */
export function gravest(decisions: readonly Decision[], ranks: readonly number[]): boolean[] {
  if (ranks.length <= GRAVE_ALERTS) return ranks.map(() => true);
  const having = new Uint32Array(RANKS);
  for (const rank of ranks) having[rank]!++;
  let least = RANKS;
  let room = GRAVE_ALERTS;
  while (having[least - 1]! <= room) room -= having[--least]!;
  const grave = ranks.map((rank) => rank >= least);
  if (room === 0) return grave;
  const equal = [...ranks.keys()].filter((i) => ranks[i] === least - 1);
  equal.sort((a, b) => byIdentity(decisions[a]!, decisions[b]!));
  for (const i of equal.slice(0, room)) grave[i] = true;
  return grave;
}
