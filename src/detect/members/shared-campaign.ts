/**
 * X03 Campaign: at least 3 sources that share a signature (a tool's mark, a sketch of what they probed,
 * or a network block or network owner with one kind of system) within 24 hours, at one organisation or at several, and agree in a
 * second thing: network or block (60 % of them), a mark, 60 % of what they probed, or that they shared the organisations
 * out between them (half of all, overlap at most 20 %; Gates). Keyed by the signature, never joined from one to the next.
 * What proves it: the members' own alerts. High where a member found it aimed at itself, else medium. Countries are never
 * asked (one campaign of 2016 used three). Around it: a fresh tool and network for each source. Missed: lists of pages,
 * whose hashes differ from office to office; a list alone would not count anyway, since many use the same.
 */
import { formatPrefix, prefixOf } from '../../model/address.ts';
import type { Sighting } from '../../model/fact.ts';
import { hashWords, mix32 } from '../../model/hash.ts';
import type { Decision } from '../decision.ts';
import { likeness } from '../signature.ts';
import {
  groupedBy,
  isAimed,
  type MemberDetector,
  type MemberScene,
  membersOf,
  sharedDecision,
  sourceOf,
  togetherByDay,
} from './member-detector.ts';

const SOURCES_MIN = 3;
const MEMBERS_MIN = 2;
const AGREE = 0.6;
const COVERAGE = 0.5;
const OVERLAP = 0.2;
/** Fewer organisations are shared out by chance: a source that is at one of them is only at one. */
const SHARED_OUT_MIN = 5;
/** A set of fewer probes is shared by chance. */
const PROBES_MIN = 5;
/** Of so many smallest hashes the name of a probe set is made: sets that share them are nearly the same. */
const NAMED_BY = 8;
/** Sources that are compared with each other. */
const COMPARED_MAX = 64;

const SORTS = ['mark', 'probes', 'network'] as const;
type Sort = (typeof SORTS)[number];

export const sharedCampaign: MemberDetector = {
  ids: ['X03'],
  evaluate: (all, scene) => campaignsOf(all, scene, MEMBERS_MIN),
};

/** Campaigns of sightings at `membersMin` organisations or more. */
export function campaignsOf(all: readonly Sighting[], scene: MemberScene, membersMin: number): Decision[] {
  const members = membersOf(all).length;
  const groups = new Map<string, { sort: Sort; sightings: Sighting[] }>();
  for (const s of all) {
    for (const { sort, text } of signaturesOf(s, scene)) {
      const group = groups.get(text) ?? { sort, sightings: [] };
      group.sightings.push(s);
      groups.set(text, group);
    }
  }
  const isEnough = (sightings: readonly Sighting[]) =>
    new Set(sightings.map(sourceOf)).size >= SOURCES_MIN && membersOf(sightings).length >= membersMin;
  const found = [...groups]
    .filter(([, { sightings }]) => isEnough(sightings))
    .sort(byKind)
    .flatMap(([text, { sort, sightings }]) => campaigns(text, sort, sightings, isEnough, members, scene));
  // sources that have several signatures in common are told once, under the one that says most
  const told = new Set<string>();
  return found.filter((d) => {
    const name = JSON.stringify([d.day, d.members]);
    return !told.has(name) && told.add(name);
  });
}

/** Marks before sets of probes before networks, blocks before their owners, then by name. */
function byKind(
  [a, { sort: x }]: readonly [string, { sort: Sort }],
  [b, { sort: y }]: readonly [string, { sort: Sort }],
): number {
  const rank = (sort: Sort, text: string) => SORTS.indexOf(sort) * 2 + (text.startsWith('AS') ? 1 : 0);
  return rank(x, a) - rank(y, b) || (a < b ? -1 : 1);
}

function signaturesOf(
  { marks, probes, assetKind, hi, lo }: Sighting,
  { asOf }: MemberScene,
): { sort: Sort; text: string }[] {
  const found: { sort: Sort; text: string }[] = marks.map((mark) => ({
    sort: 'mark',
    text: `mark of a tool: ${mark}`,
  }));
  if (probes.length >= PROBES_MIN) {
    const name = probes.slice(0, NAMED_BY).reduce((hash, probe) => hashWords(1, hash, probe), 0);
    found.push({ sort: 'probes', text: `probe set ${name.toString(16).padStart(8, '0')}` });
  }
  if (assetKind === null) return found;
  const prefix = prefixOf(hi, lo);
  found.push({ sort: 'network', text: `${formatPrefix(prefix.hi, prefix.lo)} on ${assetKind}` });
  const as = asOf(hi, lo);
  if (as > 0) found.push({ sort: 'network', text: `AS${as} on ${assetKind}` });
  return found;
}

function campaigns(
  text: string,
  sort: Sort,
  sightings: readonly Sighting[],
  isEnough: (sightings: readonly Sighting[]) => boolean,
  members: number,
  scene: MemberScene,
): Decision[] {
  return togetherByDay(sightings, scene.dayStartMs, isEnough).flatMap(([day, together]) => {
    const reasons = agreements(sort, together, members, scene);
    if (reasons.length === 0) return [];
    return sharedDecision({
      detection: 'X03',
      key: { kind: 'campaign', hi: mix32(hashOf(text)), lo: hashOf(text), text },
      day,
      base: isAimed(together) ? 'high' : 'medium',
      sightings: together,
      numbers: {},
      thresholds: [
        `${SOURCES_MIN} addresses that share a signature and agree in a second thing, within 24 hours`,
        ...reasons,
      ],
      tailored: [],
    });
  });
}

/** What the sources of a signature have in common besides it, in words. */
function agreements(sort: Sort, sightings: readonly Sighting[], members: number, { asOf }: MemberScene): string[] {
  const sources = [...groupedBy(sightings, sourceOf).values()];
  const share = (nameOf: (s: Sighting) => string | null) =>
    Math.max(
      0,
      ...[
        ...groupedBy(
          sources.map((some) => some[0]!),
          nameOf,
        ).values(),
      ].map((some) => some.length),
    ) / sources.length;
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  const found: string[] = [];
  if (sort !== 'network') {
    const block = share((s) => sourceOf(prefixOf(s.hi, s.lo)));
    const owner = share((s) => (asOf(s.hi, s.lo) === 0 ? null : String(asOf(s.hi, s.lo))));
    if (block >= AGREE) found.push(`${percent(block)} of the addresses are in one network block`);
    if (owner >= AGREE) found.push(`${percent(owner)} of the addresses are in one network`);
  }
  const marks = groupedBy(sources.flatMap(marksOf), (mark) => mark);
  const marked = Math.max(0, ...[...marks.values()].map((some) => some.length)) / sources.length;
  if (sort !== 'mark' && marked >= AGREE) found.push(`${percent(marked)} of the addresses carry the mark of one tool`);
  if (sort !== 'probes' && sameProbes(sources) >= AGREE) found.push('the addresses probed for the same things');
  const reached = sources.map((some) => membersOf(some).length);
  const union = membersOf(sightings).length;
  const overlap = 1 - union / reached.reduce((sum, n) => sum + n, 0);
  if (union >= SHARED_OUT_MIN && union >= COVERAGE * members && overlap <= OVERLAP)
    found.push('the addresses shared the organisations out between them');
  return found;
}

/** Marks of one source, each once. */
const marksOf = (sightings: readonly Sighting[]) => [...new Set(sightings.flatMap((s) => s.marks))];

/** The share of sources whose probes are mostly those of one of them. */
function sameProbes(sources: readonly (readonly Sighting[])[]): number {
  const sets = sources
    .slice(0, COMPARED_MAX)
    .map((some) => [...new Set(some.flatMap((s) => s.probes))].sort((a, b) => a - b));
  const alike = sets.map((one) =>
    one.length < PROBES_MIN ? 0 : sets.filter((other) => likeness(one, other) >= AGREE).length,
  );
  return Math.max(0, ...alike) / sets.length;
}

/** FNV-1a of a signature. */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93);
  return mix32(hash);
}
