/**
 * A log and its rotated files are one family, and one origin: what is written to access.log today stands in access.log.1
 * tomorrow and in access.log.14.gz in two weeks. Members are told by their names; which of them holds what is told by
 * their content (file-mark.ts), because names move on.
 *
 *   access.log, access.log.1, access.log.2.gz, access.log-20260914, access-2026-09-14.log.zst → access.log
 *
 * Reference: logrotate(8), dateext, dateformat, extension
 */
import { globSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, matchesGlob, resolve } from 'node:path';

/** Most files that the patterns of one origin may name; more are told and left out. */
const FILES_MAX = 20_000;

/** A family of files. */
export interface LogFamily {
  /** absolute path of the log that is written to now, whether it exists or not */
  readonly stem: string;
  /** absolute paths of its members that exist, with the stem; `isNamed` when a pattern names it */
  readonly members: readonly { readonly path: string; readonly isNamed: boolean }[];
  /** whether the patterns name the log itself, so that what it becomes is followed */
  readonly isFollowed: boolean;
}

const PACKED = /\.(?:gz|zst|zstd|bz2|xz|Z)$/;
/** .1, -20260914, .2026-09-14, -20260914-0815, -1789372860 at the end of a name; "-1" is a second instance, no rotation */
const ROTATED = /(?:\.\d{1,5}|[.-](?:\d{8,10}(?:[-_.]?\d{2,6})?|\d{4}-\d\d-\d\d(?:[-_.T]?\d\d(?:[-_:]?\d\d){0,2})?))$/;
/** Logs of many machines are named by their addresses. */
const ADDRESS = /(?:^|[^\d.])\d{1,3}(?:\.\d{1,3}){3}$/;

/** The path of the log that a rotated file comes from; the path itself when its name is no rotated one. */
export function stemOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const folder = path.slice(0, path.length - name.length);
  const unpacked = name.replace(PACKED, '');
  if (ADDRESS.test(unpacked)) return folder + unpacked;
  const end = rotationStart(unpacked);
  if (end > 0) return folder + unpacked.slice(0, end);
  const dot = unpacked.lastIndexOf('.');
  const middle = dot > 0 ? rotationStart(unpacked.slice(0, dot)) : -1;
  return folder + (middle > 0 ? unpacked.slice(0, middle) + unpacked.slice(dot) : unpacked);
}

/** Where the mark of a rotation starts in a name, -1 = it has none. */
function rotationStart(name: string): number {
  return ADDRESS.test(name) ? -1 : (ROTATED.exec(name)?.index ?? -1);
}

/** All families that the patterns (or plain paths) name, by stem, sorted. Folders that cannot be read are left out. */
export function findFamilies(patterns: readonly string[]): LogFamily[] {
  const named = new Set<string>();
  for (const pattern of patterns) {
    for (const path of isPattern(pattern) ? globSync(pattern) : [pattern]) {
      if (named.size < FILES_MAX) named.add(resolve(path));
    }
  }
  const absolute = patterns.map((pattern) => resolve(pattern));
  const stems = new Set([...named].map(stemOf));
  const siblings = siblingsOf(stems);
  return [...stems].sort().map((stem) => {
    const members = siblings
      .get(stem)!
      .filter(isFile)
      .map((path) => ({ path, isNamed: named.has(path) }));
    return { stem, members, isFollowed: absolute.some((p) => p === stem || (isPattern(p) && matchesGlob(stem, p))) };
  });
}

/** Every file beside a stem that its rotation may have made, by stem. */
function siblingsOf(stems: ReadonlySet<string>): Map<string, string[]> {
  const found = new Map([...stems].map((stem) => [stem, [] as string[]]));
  for (const folder of new Set([...stems].map((stem) => dirname(stem)))) {
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      // without the right to list it, files are still found under their own names
      names = [];
      for (const stem of stems) if (dirname(stem) === folder) found.get(stem)!.push(stem);
    }
    for (const name of names) {
      const path = join(folder, name);
      found.get(stems.has(path) ? path : stemOf(path))?.push(path);
    }
  }
  return found;
}

function isPattern(path: string): boolean {
  return /[*?[{]/.test(path) && statSync(path, { throwIfNoEntry: false }) === undefined;
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // a link in a circle, a folder that was closed
    return false;
  }
}
