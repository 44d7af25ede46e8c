/**
 * The noise of a run: what stayed below every threshold, summed up. Nobody reads it line by line: what most sources asked for
 * is named, whose networks they are in, and apart from that what visitors ran into (a broken link, a log-in).
 */
import { redactPath } from '../alerts/redact.ts';
import { createTokens } from '../alerts/tokens.ts';
import { lineOffset, lineOrigin, TAG, TAG_MASK, VISIT_WORDS } from '../measure/entry.ts';
import { type Ledger, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import type { Noise } from '../model/summary.ts';
import { askedHost, type EvidenceOrigin, keepOf } from './evidence.ts';
import type { Surroundings } from './naming.ts';
import { countNoise, type NoiseTarget } from './noise-counts.ts';

/** Targets, network owners and pages of visitors that are shown. */
const SHOWN = 8;
const OWNERS_SHOWN = 5;
const VISITED_SHOWN = 3;
/** Targets that are named before those that programs ask for on their own are left out, and pages of which it is asked whether anybody was given them. */
const CANDIDATES = 40;
/**
 * So many sources that ask for the same page that is not there, and that no rule of the scanners' lists knows, follow a
 * link: scanners ask for what many sites have, and a page that was typed wrongly is one person's.
 */
const LINK_SOURCES = 5;
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

/** A target with the name that people read: "tcp/23" or a path without what is personal in it. */
interface Named {
  readonly target: NoiseTarget;
  readonly what: string;
}

/** What stayed below every threshold: the sources that no alert is about (`alerted`: their rows), their owners and targets. */
export async function noiseOf(parts: NoiseParts, alerted: ReadonlySet<number>): Promise<Noise> {
  const { state, enricher } = parts.around;
  const { sources, events, owners, targets, listed } = countNoise(state.ledger, enricher, alerted);
  const sorted = [...targets.values()].sort(byCount);
  const isOfVisitors = (t: NoiseTarget) =>
    t.sources >= LINK_SOURCES && (t.isLogin || (t.isMissing && !listed.has(t.path)));
  const ofVisitors = sorted.filter(isOfVisitors).slice(0, CANDIDATES);
  const given = pathsGiven(state.ledger, new Set(ofVisitors.map(({ path }) => path)));
  const ranInto = ofVisitors.filter((t) => t.isLogin || !given.has(t.path));
  const others = sorted.filter((t) => !isOfVisitors(t)).slice(0, CANDIDATES);
  const whatOf = await namesOf([...ranInto, ...others], parts);
  const shown = (of: readonly NoiseTarget[], most: number): Named[] =>
    of
      .map((target) => ({ target, what: whatOf.get(target)! }))
      .filter(({ what }) => !UNBIDDEN.test(what))
      .slice(0, most);
  return {
    sources,
    events,
    owners: [...owners]
      .map(([name, n]) => ({ name, sources: n }))
      .sort((a, b) => b.sources - a.sources || (a.name < b.name ? -1 : 1))
      .slice(0, OWNERS_SHOWN),
    targets: shown(others, SHOWN).map(({ target, what }) => ({ what, sources: target.sources })),
    visited: shown(ranInto, VISITED_SHOWN).map(({ target, what }) => {
      const { sources: n, isLogin, letIn } = target;
      return { what, sources: n, isLogin, letIn };
    }),
  };
}

/** Most sources first. */
function byCount(a: NoiseTarget, b: NoiseTarget): number {
  return b.sources - a.sources || (a.name < b.name ? -1 : 1);
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

/** The names of targets; for pages the lines behind them are read again, each log once. */
async function namesOf(
  targets: readonly NoiseTarget[],
  { around, secret, fetch }: NoiseParts,
): Promise<Map<NoiseTarget, string>> {
  const token = createTokens(secret);
  const keep = keepOf(around.inventory);
  const isPage = ({ name }: NoiseTarget) => name.startsWith('#');
  const names = new Map(targets.map((t) => [t, isPage(t) ? 'a page' : t.name]));
  const offsetOf = ({ low, high }: NoiseTarget) => lineOffset(low, high);
  const pages = targets.filter(isPage).sort((a, b) => offsetOf(a) - offsetOf(b));
  for (const [number, of] of Map.groupBy(pages, ({ high }) => lineOrigin(high))) {
    const origin = fetch.get(number);
    if (origin === undefined) continue;
    const lines = await origin.fetch(of.map(offsetOf));
    of.forEach((target, i) => {
      const line = lines[i];
      if (line === null || line === undefined) return;
      const parsed = origin.format.parseLine(line, origin.context);
      if (!('event' in parsed) || parsed.event['url.path'] === undefined) return;
      names.set(target, redactPath(parsed.event['url.path'], token, { ...keep, host: askedHost(parsed.event) }));
    });
  }
  return names;
}
