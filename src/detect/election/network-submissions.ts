/**
 * election.bulk_register, .bulk_ballot_request and .bulk_cancel over the addresses of one network: each sends the form a few
 * times, none of them opens it, and together they reach what one may not.
 * Evidence: at least ten submissions within an hour (7 panes) from at least three addresses of one AS or one /24 (/48) that
 * never open the form nor load a file that day, each below ten in an hour, and they are at least four fifths of what this
 * network sends to the system in that time. A phone that changes its address between opening and sending is one of many who do not.
 */
import { paneStart, TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS, VISIT_WORDS, WEB } from '../../measure/entry.ts';
import { hiOf, type Ledger, loOf, spaceOf } from '../../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../../measure/lists.ts';
import { FIRST_HASHED_HOST } from '../../measure/observe.ts';
import { dayOf, HOUR, WEB_PANE } from '../../model/time.ts';
import type { Decision } from '../decision.ts';
import type { Scene } from '../detector.ts';
import { countEvents } from '../estimates.ts';
import { exhibitOf } from '../exhibit.ts';
import { inTime, type Touch } from '../touch.ts';
import { inWindows } from '../windows.ts';
import { A_HOUR, DETECTION_OF, isSubmission } from './bulk-submission.ts';
import { type Group, groupsOf, type Member } from './network-groups.ts';

const SOURCES = 3;
const BARE_SHARE = 0.8;

/** A source that sent something to a form. */
interface Sender extends Member {
  /** days on which it sent and neither opened a form nor loaded a file */
  readonly bareDays: ReadonlySet<number>;
}

/** Sources that sent something to a form. */
export interface Senders {
  readonly list: Sender[];
}

/** Nothing noted yet. */
export function createSenders(): Senders {
  return { list: [] };
}

/** Notes a source that sent something to a form. */
export function noteSender(senders: Senders, ledger: Ledger, row: number, dayStartMs: number): void {
  const n = lengthOf(ledger.touches, row);
  if (n === 0) return;
  const page = pageOf(ledger.touches, row);
  const start = startOf(ledger.touches, row);
  const bareDays = new Set<number>();
  const opened: number[] = [];
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
    const flag = page[e + 3]! >>> 24;
    if ((page[e + 1]! & TAG_MASK) !== TAG.page || (flag & WEB.telling) !== 0) continue;
    const day = dayOf(paneStart(page[e + 1]! >>> TAG_BITS, WEB_PANE), dayStartMs);
    if ((flag & WEB.post) !== 0) bareDays.add(day);
    else opened.push(day);
  }
  if (bareDays.size === 0) return;
  for (const day of [...opened, ...daysWithFiles(ledger, row)]) bareDays.delete(day);
  const organization = spaceOf(ledger, row) >>> 8;
  senders.list.push({ organization, hi: hiOf(ledger, row), lo: loOf(ledger, row), bareDays });
}

function daysWithFiles({ visits }: Ledger, row: number): number[] {
  const days: number[] = [];
  const n = lengthOf(visits, row);
  if (n === 0) return days;
  const page = pageOf(visits, row);
  const start = startOf(visits, row);
  for (let e = start; e < start + n * VISIT_WORDS; e += VISIT_WORDS)
    if ((page[e + 1]! & TAG_MASK) === TAG.asset) days.push(page[e + 1]! >>> TAG_BITS);
  return days;
}

/** Decisions about networks. `isOwn`: the address is the office's own. */
export function networkSubmissions(
  senders: Senders,
  scene: Scene,
  asOf: (hi: number, lo: number) => number,
  isOwn: (hi: number, lo: number) => boolean,
): Decision[] {
  const sources = senders.list.filter((s) => !isOwn(s.hi, s.lo));
  return groupsOf(sources, asOf).flatMap((group) => {
    if (group.members.filter((m) => m.bareDays.size > 0).length < SOURCES) return [];
    return [...sentTo(group, scene)].flatMap(([system, sent]) => decisionsOf(group, system, sent, scene));
  });
}

interface Sent {
  readonly touch: Touch;
  readonly member: Sender;
}

/** Submissions of a group, by system. */
function sentTo(group: Group<Sender>, scene: Scene): Map<number, Sent[]> {
  const systems = new Map<number, Sent[]>();
  for (const member of group.members) {
    for (const touch of scene.touchesOf(group.organization, member.hi, member.lo)) {
      const asset = scene.assets[touch.host - 1];
      if (touch.tag !== TAG.page || asset === undefined || DETECTION_OF[asset.kind] === undefined) continue;
      if (!isSubmission(touch)) continue;
      const list = systems.get(touch.host) ?? [];
      list.push({ touch, member });
      systems.set(touch.host, list);
    }
  }
  return systems;
}

function decisionsOf(
  { key, organization }: Group<Sender>,
  system: number,
  sent: readonly Sent[],
  scene: Scene,
): Decision[] {
  const asset = scene.assets[system - 1]!;
  const whose = new Map(sent.map(({ touch, member }) => [touch, member]));
  const quiet = quietTouches(sent, scene);
  const all = sent.map(({ touch }) => touch).sort(inTime);
  const hit = inWindows(all, HOUR, WEB_PANE, (w) => {
    const bare = w.filter((t) => quiet.has(t));
    const n = countEvents(bare);
    return n >= A_HOUR && new Set(bare.map((t) => whose.get(t))).size >= SOURCES && n >= BARE_SHARE * countEvents(w);
  }).filter((t) => quiet.has(t));
  const days = new Map<number, Touch[]>();
  for (const t of hit) {
    const day = dayOf(t.paneMs, scene.dayStartMs);
    days.set(day, [...(days.get(day) ?? []), t]);
  }
  return [...days].map(([day, touches]): Decision => {
    const exhibit = exhibitOf(touches, FIRST_HASHED_HOST);
    const members = [...new Set(touches.map((t) => whose.get(t)!))].map(({ hi, lo }) => ({ hi, lo }));
    return {
      detection: DETECTION_OF[asset.kind]!,
      organization,
      key,
      day,
      base: asset.kind === 'cancellation' ? 'high' : 'medium',
      steps: [],
      outcome: 'answered',
      startMs: exhibit.startMs,
      endMs: exhibit.endMs,
      exhibit,
      numbers: { requests: countEvents(touches), sources: members.length, forms_opened: 0 },
      thresholds: [`${A_HOUR} submissions in an hour by ${SOURCES} addresses of one network that never open the form`],
      noise: [],
      tailored: ['they send your form to the place where your form goes'],
      members: members.sort((a, b) => a.hi - b.hi || a.lo - b.lo),
      parts: [],
    };
  });
}

/** Submissions of days on which their sender opened nothing, and that are not told of the sender alone. */
function quietTouches(sent: readonly Sent[], scene: Scene): Set<Touch> {
  const quiet = new Set<Touch>();
  for (const [{ bareDays }, own] of Map.groupBy(sent, ({ member }) => member)) {
    const bare = own.map(({ touch }) => touch).filter((t) => bareDays.has(dayOf(t.paneMs, scene.dayStartMs)));
    const loud = new Set(inWindows(bare, HOUR, WEB_PANE, (w) => countEvents(w) >= A_HOUR, { grows: true }));
    for (const t of bare) if (!loud.has(t)) quiet.add(t);
  }
  return quiet;
}
