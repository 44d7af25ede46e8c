/**
 * All that is decided about one source: every detector is asked, what they found is split by day, and the days are joined
 * to chains. With it goes what the second stage notes of every source.
 */
import type { Ledger } from '../measure/ledger.ts';
import { FIRST_HASHED_HOST } from '../measure/observe.ts';
import type { Signature } from '../model/fact.ts';
import { LEVELS } from '../model/rule.ts';
import type { Decision, DecisionKey } from './decision.ts';
import type { Finding, Scene, SourceRecord } from './detector.ts';
import { type LogInFact, logInsOf } from './distributed.ts';
import { ATTACKS } from './election/form-injection.ts';
import { type Exhibit, exhibitOf, type RequestReading } from './exhibit.ts';
import { type ScanFact, scanOf } from './hot-prefix.ts';
import { detectors } from './index.ts';
import { meanwhileOf } from './meanwhile.ts';
import { reconChain } from './recon-chain.ts';
import type { Settings } from './scene.ts';
import { packetMarks, signatureOf } from './signature.ts';
import { readRecord } from './source-record.ts';
import type { Touch } from './touch.ts';
import { withOwnNames } from './web/own-names.ts';
import { requestReading } from './web/requests.ts';
import { byDay } from './windows.ts';

/** What one source adds to the decisions, and to what the second stage decides from. */
export interface SourceDecisions {
  readonly decisions: readonly Decision[];
  readonly scans: readonly ScanFact[];
  readonly logIns: LogInFact | null;
}

/** Asks every detector about the source of a row of a settled ledger. */
export function decideSource(ledger: Ledger, row: number, scene: Scene, settings: Settings): SourceDecisions {
  const record = readRecord(ledger, row, scene);
  const findings = onceTold(findingsOf(record, scene).filter((f) => !settings.off.has(f.detection)));
  const shown: Shown[] = [];
  const key: DecisionKey = { kind: 'source', hi: record.hi, lo: record.lo };
  const whose = { key, members: [key] };
  const days = findings.flatMap((f) => splitByDay(f, record, scene, whose, shown));
  for (const { decision } of days) {
    const meanwhile = meanwhileOf(decision, record, settings.dayStartMs);
    if (meanwhile !== null) decision.meanwhile = meanwhile;
  }
  const own = days.map(({ decision }) => decision);
  const chain = settings.off.has('X01') ? [] : reconChain(own);
  const decisions = [...own, ...chain];
  if (settings.signs === true) sign(decisions, record, settings);
  const scans = days.map(({ decision, touches }) => scanOf(decision, touches)).filter((scan) => scan !== null);
  return { decisions, scans, logIns: logInsOf(record) };
}

/** Gives the decisions about a source the signature of what it did on their days. */
function sign(decisions: readonly Decision[], { touches }: SourceRecord, { rules, dayStartMs }: Settings): void {
  if (decisions.length === 0) return;
  const days = new Map(byDay(touches, dayStartMs));
  const signatures = new Map<number, Signature>();
  for (const d of decisions) {
    const done = days.get(d.day) ?? [];
    d.signature = signatures.get(d.day) ?? signatureOf(done, rules, packetMarks(done));
    signatures.set(d.day, d.signature);
  }
}

function findingsOf(record: SourceRecord, scene: Scene): Finding[] {
  const findings: Finding[] = [];
  for (const detector of detectors)
    for (const f of detector.evaluate(record, scene, findings)) findings.push(withOwnNames(f, scene));
  return findings;
}

/**
 * The findings without those of attack text whose every request stands in one about a form, which says more of it; that
 * one is as grave as what it is told instead of, so that whoever declares a system hears nothing milder.
 */
function onceTold(findings: readonly Finding[]): readonly Finding[] {
  const forms = findings.filter((f) => f.detection === 'election.form_injection');
  if (forms.length === 0) return findings;
  const told = new Set(forms.flatMap((f) => f.touches));
  const same = new Set(findings.filter((f) => ATTACKS.has(f.detection) && f.touches.every((t) => told.has(t))));
  return findings.filter((f) => !same.has(f)).map((f) => (forms.includes(f) ? asGraveAs(f, same) : f));
}

function asGraveAs(form: Finding, same: ReadonlySet<Finding>): Finding {
  const own = new Set(form.touches);
  let { base, steps } = form;
  for (const f of same) {
    if (LEVELS.indexOf(f.base) <= LEVELS.indexOf(base) || !f.touches.some((t) => own.has(t))) continue;
    steps = [...form.steps, `the text that was sent is graver than its place: ${form.base} to ${f.base}`];
    base = f.base;
  }
  return { ...form, base, steps };
}

/** What is shown of one list of touches. Detectors that found the same touches of a source share it. */
interface Shown {
  touches: readonly Touch[];
  exhibit: Exhibit;
  by: Finding['numbers'];
  numbers: Record<string, number>;
}

function splitByDay(
  f: Finding,
  record: SourceRecord,
  scene: Scene,
  whose: Pick<Decision, 'key' | 'members'>,
  shown: Shown[],
): { decision: Decision; touches: readonly Touch[] }[] {
  const reading = requestReading(scene);
  return byDay(f.touches, scene.dayStartMs).map(([day, touches]) => {
    const { exhibit, numbers } = shownOf(f, touches, reading, shown);
    const decision: Decision = {
      detection: f.detection,
      rule: f.rule,
      organization: record.organization,
      key: whose.key,
      day,
      base: f.base,
      steps: f.steps,
      outcome: f.outcome,
      startMs: exhibit.startMs,
      endMs: exhibit.endMs,
      exhibit,
      numbers,
      thresholds: f.thresholds,
      noise: f.noise,
      tailored: f.tailored,
      members: whose.members,
      parts: NONE,
    };
    return { decision, touches };
  });
}

const NONE: Decision[] = [];

function shownOf(f: Finding, touches: readonly Touch[], reading: RequestReading, shown: Shown[]): Shown {
  const same = shown.filter((s) => isSame(s.touches, touches));
  const known = same.find((s) => s.by === f.numbers);
  if (known !== undefined) return known;
  const made = {
    touches,
    exhibit: same[0]?.exhibit ?? exhibitOf(touches, FIRST_HASHED_HOST, reading),
    by: f.numbers,
    numbers: f.numbers(touches),
  };
  shown.push(made);
  return made;
}

function isSame(a: readonly Touch[], b: readonly Touch[]): boolean {
  return a === b || (a.length === b.length && a.every((t, i) => t === b[i]));
}
