/**
 * How grave each decision is, with what raises it: the system that it is about, the election window, what else the same
 * source did, and who was authorised to do it.
 */
import { PHASE_WORDS, type Severity, severityOf } from '../alerts/severity.ts';
import type { Decision } from '../detect/decision.ts';
import { sourceWords } from '../model/address.ts';
import { electionWindow, type WindowOfAlert } from '../model/election-window.ts';
import type { Asset, Inventory } from '../model/inventory.ts';
import { LEVELS } from '../model/rule.ts';
import { textOf } from './detection-of.ts';

/** Alerts that show several raw lines; the others of a very busy day show one. */
const GRAVE_ALERTS = 1000;

/**
 * Severity of each decision, in their order; those that are built on others are graded after their parts. `before`: what
 * decisions about single sources were graded the last time; one that is the same stands beside the same others of its source.
 */
export function gradeAll(
  decisions: readonly Decision[],
  inventory: Inventory,
  before: (decision: Decision) => Severity | undefined = () => undefined,
): Severity[] {
  const graded = new Map<Decision, Severity>();
  for (const d of decisions) {
    const known = d.key.kind === 'source' ? before(d) : undefined;
    if (known !== undefined) graded.set(d, known);
  }
  const fresh = graded.size === 0 ? decisions : decisions.filter((d) => !graded.has(d));
  const perSource = new Map<string, Set<string>>();
  const setOf = fresh.map((d) => {
    const name = nameOfKey(d);
    const known = perSource.get(name) ?? new Set();
    perSource.set(name, known);
    return known.add(d.detection);
  });
  const order = [...fresh.keys()].sort((a, b) => fresh[a]!.parts.length - fresh[b]!.parts.length);
  for (const i of order) {
    const d = fresh[i]!;
    const asset = assetOf(d, inventory);
    const window = windowOf(d, inventory);
    graded.set(
      d,
      severityOf(d, textOf(d).class, {
        isCritical: asset?.criticality === 'critical',
        isOfVoters: asset?.sensitivity === 'voter',
        window: window?.matters === true ? PHASE_WORDS[window.phase] : null,
        partLevels: d.parts.map((p) => graded.get(p)?.level ?? p.base),
        corroboration: setOf[i]!.size - 1,
        isOwn: d.key.kind === 'source' && inventory.isOwned(...sourceWords(d.key)),
        authorized: authorizedFor(d, inventory),
      }),
    );
  }
  return decisions.map((d) => graded.get(d)!);
}

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

/** Which decisions are among the GRAVE_ALERTS gravest: by level, score, and then their own order. */
export function gravest(severities: readonly Severity[]): boolean[] {
  const order = [...severities.keys()].sort(
    (a, b) =>
      LEVELS.indexOf(severities[b]!.level) - LEVELS.indexOf(severities[a]!.level) ||
      severities[b]!.score - severities[a]!.score ||
      a - b,
  );
  const grave = new Array<boolean>(severities.length).fill(false);
  for (const i of order.slice(0, GRAVE_ALERTS)) grave[i] = true;
  return grave;
}
