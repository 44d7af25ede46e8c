/**
 * W21 against one system from everywhere: a list of stolen passwords, one or two of them from each of many addresses, so that
 * neither an address nor a network stands out. The key is the system whose log-in page they work on.
 * Evidence, on one day: at least 20 addresses of at least 10 networks (AS, or /24 where nobody knows it; at most half of the
 * addresses in one, whose own alert it is otherwise) fail to log in at one system and do not get in; they are at least four
 * fifths of all addresses that failed there; and four fifths of them did nothing else: no file of a page was loaded, no page
 * given but the one that the form stands on (20: twice what one network may; the rest are proposals of ours).
 * People who mistype get in at last, and on a day on which all passwords were changed they ask for new ones: they are given
 * pages and load files. Many volunteers behind one address are one address.
 * Failed is what was refused (401, 403). A form that answers a wrong password with the page again (200) is one only where at
 * least 5 addresses were seen to be given that page and then the redirect of those who get in.
 * An attacker walks around it with a browser that loads all of the page, and it misses forms that redirect everybody. Programs
 * of one's own that try an old password, each once or twice a day from many networks, look like it.
 */
import { paneStart, TAG } from '../measure/entry.ts';
import { findRow, type Ledger, SPACE } from '../measure/ledger.ts';
import { FIRST_HASHED_HOST } from '../measure/observe.ts';
import { extent } from '../model/long-lists.ts';
import { dayOf, dayStart, WEB_PANE } from '../model/time.ts';
import type { Decision, DecisionKey } from './decision.ts';
import type { Scene } from './detector.ts';
import type { LogInFact } from './distributed.ts';
import { networkOf } from './election/network-groups.ts';
import { countEvents, estimateEvents } from './estimates.ts';
import { exhibitOf } from './exhibit.ts';
import { networkDecision } from './network-decision.ts';
import type { Settings } from './scene.ts';
import { inOrder, type Touch } from './touch.ts';
import { readVisits } from './visit.ts';
import { byDay } from './windows.ts';

const SOURCES = 20;
const NETWORKS = 10;
const NETWORK_MOST = 0.5;
const SHARE = 0.8;
const BARE_SHARE = 0.8;
/** addresses that were given the form again and then let in, from which a form given again is a log-in that failed */
const FORM_AGAIN = 5;

/** What a source did at the log-in of one system on one day. */
interface Try {
  readonly of: LogInFact;
  readonly failed: readonly Touch[];
  readonly isIn: boolean;
  /** pages that it was given, where it did nothing else, at most: that of the form, and the answer to what was sent */
  readonly pagesMost: number;
}

/** Decisions about systems whose log-in many sources of many networks try in vain. `sources`: the settled ledger. */
export function systemLogIns(
  logIns: readonly LogInFact[],
  sources: Ledger,
  scene: Scene,
  { asOf }: Pick<Settings, 'asOf'>,
): Decision[] {
  const out: Decision[] = [];
  for (const [organization, facts] of Map.groupBy(logIns, (fact) => fact.organization)) {
    if (facts.length < SOURCES) continue;
    for (const [host, there] of byHost(facts)) {
      if (there.length < SOURCES) continue;
      for (const [day, tries] of triesOf(host, there, scene.dayStartMs)) {
        const vain = tries.filter(({ isIn }) => !isIn);
        if (vain.length < SOURCES || vain.length < SHARE * tries.length) continue;
        const networks = Map.groupBy(vain, ({ of }) => nameOf(networkOf(of, asOf)));
        const { most } = extent([...networks.values()], (list) => list.length);
        if (networks.size < NETWORKS || most > NETWORK_MOST * vain.length) continue;
        const bare = vain.filter((one) => isBare(one, day, sources, scene.dayStartMs));
        if (bare.length < BARE_SHARE * vain.length) continue;
        out.push(decisionOf({ organization, host, day }, vain, networks.size, scene));
      }
    }
  }
  return out;
}

const nameOf = ({ kind, hi, lo }: DecisionKey) => `${kind} ${hi}:${lo}`;

/** The sources of an organisation by the systems at which they failed, or may have. */
function byHost(facts: readonly LogInFact[]): Map<number, LogInFact[]> {
  const hosts = new Map<number, LogInFact[]>();
  for (const fact of facts)
    for (const host of new Set([...fact.failed, ...fact.unclear].map((t) => t.host))) {
      const list = hosts.get(host);
      if (list === undefined) hosts.set(host, [fact]);
      else list.push(fact);
    }
  return hosts;
}

/** What sources tried at a system, by day. */
function triesOf(host: number, facts: readonly LogInFact[], dayStartMs: number): Map<number, Try[]> {
  const at = (list: readonly Touch[]) => list.filter((t) => t.host === host);
  const wasLetIn = ({ unclear, succeeded }: LogInFact) => at(unclear).length > 0 && at(succeeded).length > 0;
  const isFormAgain = facts.filter(wasLetIn).length >= FORM_AGAIN;
  const days = new Map<number, Try[]>();
  for (const of of facts) {
    const failed = isFormAgain ? inOrder([...at(of.failed), ...at(of.unclear)]) : at(of.failed);
    for (const [day, touches] of byDay(failed, dayStartMs)) {
      const onDay = (t: Touch) => dayOf(t.paneMs, dayStartMs) === day;
      // a page for who sends a form may be that of who gets in, where it is not known to be the form again
      const isIn = of.succeeded.some(onDay) || (!isFormAgain && of.unclear.some(onDay));
      const list = days.get(day) ?? [];
      list.push({ of, failed: touches, isIn, pagesMost: isFormAgain ? 2 : 1 });
      days.set(day, list);
    }
  }
  return days;
}

/** Whether a source did nothing on a day but try to log in: it was given no page but that of the form, and no file. */
function isBare({ of, pagesMost }: Try, day: number, sources: Ledger, dayStartMs: number): boolean {
  const { organization, hi, lo } = of;
  const row = findRow(sources, (organization << 8) | SPACE.source, hi, lo);
  const pages = new Set<number>();
  for (const v of row < 0 ? [] : readVisits(sources, row)) {
    if (v.tag === TAG.asset && v.pane === day) return false;
    if (v.tag === TAG.path && dayOf(paneStart(v.pane, WEB_PANE), dayStartMs) === day) pages.add(v.item);
  }
  return pages.size <= pagesMost;
}

function decisionOf(
  { organization, host, day }: { organization: number; host: number; day: number },
  vain: readonly Try[],
  networks: number,
  scene: Scene,
): Decision {
  const touches = inOrder(vain.flatMap(({ failed }) => failed));
  return networkDecision({
    detection: 'W21',
    organization,
    key: { kind: 'system', hi: 0, lo: host },
    day,
    base: 'medium',
    exhibit: exhibitOf(touches, FIRST_HASHED_HOST),
    members: vain.map(({ of }) => of),
    numbers: {
      requests: estimateEvents(touches),
      refused: estimateEvents(touches.filter((t) => t.sub === 401 || t.sub === 403)),
      sources: vain.length,
      networks,
      most_of_one_address: extent(vain, ({ failed }) => countEvents(failed)).most,
    },
    thresholds: [
      `${SOURCES} addresses of ${NETWORKS} networks that failed to log in at one system on a day and did hardly anything else, four fifths of all that failed there`,
    ],
    tailored: ['the log-in page that they work on exists on your site'],
    settlesMs: dayStart(day + 1, scene.dayStartMs),
  });
}
