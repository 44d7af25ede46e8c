/**
 * The noise of a run: what stayed below every threshold, summed up. Nobody reads it line by line, and most of the sources
 * of a busy log are in it, so that it is counted from the packed entries.
 */
import { redactPath } from '../alerts/redact.ts';
import { createTokens } from '../alerts/tokens.ts';
import { LOGIN, lineOffset, lineOrigin, TAG, TAG_MASK, TOUCH_WORDS, VISIT_WORDS, WEB } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { ACTION } from '../model/batch.ts';
import type { Noise } from '../model/summary.ts';
import { askedHost, type EvidenceOrigin, keepOf } from './evidence.ts';
import type { Surroundings } from './naming.ts';

/** Sources whose owner is looked up for the noise table. */
const NOISE_OWNERS_MAX = 200_000;

/** Targets that are told apart; what comes later is counted among events only. */
const TARGETS_MAX = 200_000;
/** Targets and network owners that are shown. */
const SHOWN = 8;
const OWNERS_SHOWN = 5;
const VISITED_SHOWN = 3;
/** Pages of which it is asked whether anybody was given them, and that are named before those that programs ask for are left out. */
const CANDIDATES = 40;
/**
 * What browsers, phones, mail programs and crawlers ask every site for on their own (RFC 8615 and the habits of vendors): no
 * link leads there, and no visitor misses it.
 */
const UNBIDDEN =
  /^\/(?:\.well-known\/|autodiscover\/|favicon|apple-(?:touch-icon|app-site-association)|(?:[\w-]+\.)?webmanifest$|(?:manifest\.json|browserconfig\.xml|crossdomain\.xml|robots\.txt|sitemap[\w-]*\.xml|(?:app-)?ads\.txt|humans\.txt|llms\.txt|security\.txt|wpad\.dat)$)/i;

/** What the noise is told from. */
export interface NoiseParts {
  readonly around: Surroundings;
  readonly secret: Uint8Array;
  readonly fetch: ReadonlyMap<number, EvidenceOrigin>;
}

/** A port or a page, how many sources asked for it, and the reference of the earliest line that did. */
interface Target {
  sources: number;
  /** hash of its path, or 0 for a port */
  path: number;
  /** log-ins that were refused */
  isLogin: boolean;
  /** of log-ins: sources that got in somewhere */
  letIn: number;
  /** a page that is not there */
  isMissing: boolean;
  what: string;
  low: number;
  high: number;
}

/**
 * So many sources that ask for the same page that is not there, and that no rule of the scanners' lists knows, follow a
 * link: scanners ask for what many sites have, and a page that was typed wrongly is one person's.
 */
const LINK_SOURCES = 5;
/** Status of a log-in that was refused; it is told apart from a page that is not there. */
const NOT_LOGGED_IN = 401;
/** Status of a page that is not there, or no longer. */
const MISSING: ReadonlySet<number> = new Set([404, 410]);
/** Above all path hashes: the same path as a log-in, and where it is not there. */
const AS_LOGIN = 4_294_967_296;
const NOT_THERE = 2 * AS_LOGIN;

/** Ports as targets, below the path hashes: small whole numbers, which a Map finds in a third of the time. */
const TCP = -65_536;
const UDP = -131_072;

/** What stayed below every threshold: the sources that no alert is about (`alerted`: their rows), their owners and targets. */
export async function noiseOf(parts: NoiseParts, alerted: ReadonlySet<number>): Promise<Noise> {
  const { state, enricher } = parts.around;
  const { ledger } = state;
  let sources = 0;
  let events = 0;
  const owners = new Map<string, number>();
  const targets = new Map<number, Target>();
  const own = new Set<number>();
  /** paths that a rule knows */
  const listed = new Set<number>();
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    const n = lengthOf(ledger.touches, row);
    if (n === 0) continue;
    const isAlerted = alerted.has(row);
    const page = pageOf(ledger.touches, row);
    const start = startOf(ledger.touches, row);
    // an emptied set is a new one inside
    if (own.size > 0) own.clear();
    let logins: Logins | null = null;
    for (let i = 0; i < n; i++) {
      const e = start + i * TOUCH_WORDS;
      const tag = page[e + 1]! & TAG_MASK;
      if (tag >= TAG.rule && listed.size < TARGETS_MAX) listed.add(page[e]!);
      if (isAlerted || (tag !== TAG.fail && tag !== TAG.packet)) continue;
      const flags = page[e + 3]! >>> 24;
      if (tag === TAG.packet ? (flags & 3) === ACTION.allow : (flags & WEB.static) !== 0) continue;
      events += page[e + 3]! & 0xffffff;
      const isUdp = ((page[e + 3]! >>> 26) & 7) === 2;
      const port = page[e + 2]! >>> 16;
      const isTurnedAway = tag === TAG.fail && port === NOT_LOGGED_IN;
      if (isTurnedAway) logins ??= loginsOf(page, start, n);
      const isLogin = isTurnedAway && logins?.tried === true;
      const isMissing = tag === TAG.fail && MISSING.has(port);
      const target =
        tag === TAG.packet ? (isUdp ? UDP : TCP) + port : page[e]! + (isLogin ? AS_LOGIN : isMissing ? NOT_THERE : 0);
      if (own.has(target)) continue;
      own.add(target);
      const known = targets.get(target);
      if (known !== undefined) {
        known.sources++;
        if (isLogin && logins?.letIn === true) known.letIn++;
        // of all sources' first lines the smallest reference stands for the path
        if (page[e + 6]! < known.high || (page[e + 6]! === known.high && page[e + 5]! < known.low)) {
          known.low = page[e + 5]!;
          known.high = page[e + 6]!;
        }
      } else if (targets.size < TARGETS_MAX) {
        const what = tag === TAG.packet ? `${isUdp ? 'udp' : 'tcp'}/${port}` : `#${page[e]}`;
        const path = tag === TAG.packet ? 0 : page[e]!;
        const letIn = isLogin && logins?.letIn === true ? 1 : 0;
        targets.set(target, {
          sources: 1,
          path,
          isLogin,
          letIn,
          isMissing,
          what,
          low: page[e + 5]!,
          high: page[e + 6]!,
        });
      }
    }
    if (own.size === 0) continue;
    sources++;
    if (sources > NOISE_OWNERS_MAX) continue;
    const owner = enricher.owner(hiOf(ledger, row), loOf(ledger, row));
    const name = owner === null ? 'network owner unknown' : `AS${owner.number} ${owner.name}`.trim();
    owners.set(name, (owners.get(name) ?? 0) + 1);
  }
  const byCount = (a: Target, b: Target) => b.sources - a.sources || (a.what < b.what ? -1 : 1);
  const isOfVisitors = (t: Target) => t.sources >= LINK_SOURCES && (t.isLogin || (t.isMissing && !listed.has(t.path)));
  const all = [...targets.values()].sort(byCount);
  const candidates = all.filter(isOfVisitors).slice(0, CANDIDATES);
  const given = pathsGiven(ledger, new Set(candidates.map(({ path }) => path)));
  const asked = candidates.filter((t) => t.isLogin || !given.has(t.path));
  const others = all.filter((t) => !isOfVisitors(t)).slice(0, CANDIDATES);
  await namePaths([...asked, ...others], parts);
  const visited = asked.filter(({ what }) => !UNBIDDEN.test(what)).slice(0, VISITED_SHOWN);
  const top = others.filter(({ what }) => !UNBIDDEN.test(what)).slice(0, SHOWN);
  return {
    sources,
    events,
    owners: [...owners]
      .map(([name, n]) => ({ name, sources: n }))
      .sort((a, b) => b.sources - a.sources || (a.name < b.name ? -1 : 1))
      .slice(0, OWNERS_SHOWN),
    targets: top.map(({ what, sources: n }) => ({ what, sources: n })),
    visited: visited.map(({ what, sources: n, isLogin, letIn }) => ({ what, sources: n, isLogin, letIn })),
  };
}

/** What a source's log-ins came to. */
interface Logins {
  /** a form was sent, or a name: a page that only asked for one is no attempt */
  tried: boolean;
  /** one was answered with a page or a redirect */
  letIn: boolean;
}

function loginsOf(page: Uint32Array, start: number, n: number): Logins {
  const logins = { tried: false, letIn: false };
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
    if ((page[e + 1]! & TAG_MASK) !== TAG.login) continue;
    const flags = page[e + 3]! >>> 24;
    logins.tried ||= (flags & LOGIN.nameless) === 0;
    logins.letIn ||= (flags & WEB.statusMask) === 2 || (flags & WEB.statusMask) === 3;
  }
  return logins;
}

/** Which of these paths somebody was given: a page that says 404 of a record that is not there is there itself. */
function pathsGiven(ledger: Ledger, paths: ReadonlySet<number>): Set<number> {
  const given = new Set<number>();
  if (paths.size === 0) return given;
  for (let row = 0; row < ledger.rows; row++) {
    const n = lengthOf(ledger.visits, row);
    if (n === 0 || (spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    const page = pageOf(ledger.visits, row);
    const start = startOf(ledger.visits, row);
    for (let e = start; e < start + n * VISIT_WORDS; e += VISIT_WORDS)
      if ((page[e + 1]! & TAG_MASK) === TAG.path && paths.has(page[e]!)) given.add(page[e]!);
  }
  return given;
}

/** Reads the lines behind targets that are pages again, each log once, and puts their redacted paths in. */
async function namePaths(targets: readonly Target[], { around, secret, fetch }: NoiseParts): Promise<void> {
  const token = createTokens(secret);
  const keep = keepOf(around.inventory);
  const offsetOf = ({ low, high }: Target) => lineOffset(low, high);
  const pages = targets.filter(({ what }) => what.startsWith('#')).sort((a, b) => offsetOf(a) - offsetOf(b));
  for (const [number, of] of Map.groupBy(pages, ({ high }) => lineOrigin(high))) {
    const origin = fetch.get(number);
    const lines = (await origin?.fetch(of.map(offsetOf))) ?? [];
    of.forEach((t, i) => {
      const line = lines[i];
      const parsed =
        line === null || line === undefined || origin === undefined
          ? null
          : origin.format.parseLine(line, origin.context);
      t.what =
        parsed !== null && 'event' in parsed && parsed.event['url.path'] !== undefined
          ? redactPath(parsed.event['url.path'], token, { ...keep, host: askedHost(parsed.event) })
          : 'a page';
    });
  }
}
