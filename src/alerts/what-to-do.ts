/**
 * What a person is asked to do about an alert: the steps of the catalogue, as they fit what was seen. Something that was
 * given is named, what was let through meanwhile is to be looked at, and who was authorised is not asked about again.
 */
import type { Decision } from '../detect/decision.ts';
import type { Alert, AlertSource } from '../model/alert.ts';
import { listed } from '../model/quantity-words.ts';
import { ASK_TESTER, type DetectionText, GIVEN } from './detections.ts';
import { serviceWords } from './service-words.ts';
import type { Severity } from './severity.ts';

/** How a list of steps begins that asks for none. */
const NOTHING = /^Nothing\b/;

/** Whether an alert asks for anything but to keep the logs. */
export function asksForSomething({ whatToDo }: Pick<Alert, 'whatToDo'>): boolean {
  return whatToDo[0] !== undefined && !NOTHING.test(whatToDo[0]);
}

/** The steps for a decision, the most urgent first. `paths`: redacted, those that the server gave content for. */
export function stepsFor(
  d: Decision,
  text: DetectionText,
  { level }: Severity,
  source: AlertSource | null,
  paths: readonly string[],
): string[] {
  const given = paths.length > 0 ? paths : d.exhibit.allowedPorts.map(serviceWords);
  const agreed = source?.authorized;
  if (agreed !== undefined && level === 'info') return [`Nothing: you have agreed to this scan (${agreed}).`];
  const steps = ((d.outcome === 'answered' ? text.todoAnswered : undefined) ?? text.todo).map((step) =>
    step.replace(GIVEN, given.length === 0 ? 'what was given' : listed(given)),
  );
  if (agreed !== undefined)
    return [
      `Ask ${agreed} whether this was theirs: what you have agreed to is a scan, and this is more.`,
      ...steps.filter((step) => step !== ASK_TESTER),
    ];
  return [...meanwhileSteps(d), ...steps.filter((step) => d.meanwhile === undefined || !NOTHING.test(step))];
}

/** What is left to look at where not all that the source tried was refused. */
function meanwhileSteps({ meanwhile }: Decision): string[] {
  if (meanwhile === undefined) return [];
  return meanwhile.packets > 0
    ? ['Look in the firewall log what else this address was let through to on this day: should strangers reach it?']
    : [
        'Look in the web log for the pages that this address was given (status 200): is something public that should not be?',
      ];
}
