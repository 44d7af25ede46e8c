/**
 * What was decided and made of a shard's state the last time: a decision about which nothing is new is the same object as
 * then (detect/decided-sources.ts), and so is the alert that was made of it. A cache of what can be made again from
 * snapshot and log, never stored: whoever takes the shard over starts with an empty one.
 */

import type { Severity } from '../alerts/severity.ts';
import { createDecidedSources, type DecidedSources } from '../detect/decided-sources.ts';
import type { Decision } from '../detect/decision.ts';
import type { State } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';

/** What is made of a decision. */
export interface MadeAlert {
  /** without its lines */
  readonly alert: Alert;
  /** id of the alert of the same thing on the day before, whether there is one or not */
  readonly dayBefore: string;
  /** digest of all that its document is made from */
  readonly fingerprint: string;
}

/** Of one shard under one setting. */
export interface AlertMemory {
  readonly sources: DecidedSources;
  made: ReadonlyMap<Decision, Remembered>;
  /** names of the state that alerts were made with */
  names: string;
}

interface Remembered {
  readonly severity: Severity;
  readonly grave: boolean;
  /** null: the decision is no alert */
  readonly made: MadeAlert | null;
}

/** Nothing was made yet. */
export function createAlertMemory(): AlertMemory {
  return { sources: createDecidedSources(), made: new Map(), names: '' };
}

/**
 * Makes the alerts of one telling: those of decisions that stand as they did, as grave as they were, are taken from the
 * memory, which afterwards holds those of this telling.
 */
export function rememberingMaker(
  memory: AlertMemory,
  state: State,
  make: (decision: Decision, severity: Severity, grave: boolean) => MadeAlert | null,
): (decision: Decision, severity: Severity, grave: boolean) => MadeAlert | null {
  const names = namesOf(state);
  const before = names === memory.names ? memory.made : new Map<Decision, Remembered>();
  const now = new Map<Decision, Remembered>();
  memory.made = now;
  memory.names = names;
  return (decision, severity, grave) => {
    const known = before.get(decision);
    const remembered =
      known !== undefined && known.grave === grave && isSame(known.severity, severity)
        ? known
        : { severity, grave, made: make(decision, severity, grave) };
    now.set(decision, remembered);
    return remembered.made;
  };
}

/** What alerts say that stands in the state and not in the entries of their sources. */
function namesOf({ hosts, destinations, ledger }: State): string {
  return JSON.stringify([[...hosts].sort(byNumber), [...destinations].sort(byNumber), ledger.level > 0]);
}

const byNumber = ([a]: [number, string], [b]: [number, string]) => a - b;

function isSame(a: Severity, b: Severity): boolean {
  if (a === b) return true;
  return (
    a.level === b.level &&
    a.score === b.score &&
    a.steps.length === b.steps.length &&
    a.steps.every((step, i) => step === b.steps[i])
  );
}
