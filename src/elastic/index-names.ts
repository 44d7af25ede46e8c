/**
 * The names of indices and aliases: (family, organisation, day) → index. Plain indices per organisation and year, so
 * that a document's index follows from its day alone, that a late revision finds the first one, and that an
 * organisation's readers can be given theirs and no others without a paid licence.
 *
 *   pollwatch-alerts-us-xx-example-2026    read as pollwatch-alerts-us-xx-example and, with all others, pollwatch-alerts
 */
import type { Problem } from '../model/problem.ts';

/** What kinds of documents there are; one index template each. */
export const FAMILIES = ['alerts', 'sources', 'summaries', 'refused', 'health'] as const;
export type Family = (typeof FAMILIES)[number];

/** Index of a document of a day. `day` is the day's label, "2026-11-03". */
export function indexOf(prefix: string, family: Family, organization: string, day: string): string {
  return `${prefix}-${family}-${organization}-${day.slice(0, 4)}`;
}

/** Alias under which all years of an organisation are read; without an organisation, those of all. */
export function aliasOf(prefix: string, family: Family, organization?: string): string {
  return organization === undefined ? `${prefix}-${family}` : `${prefix}-${family}-${organization}`;
}

/** Year of an index of a family and organisation, or null for any other name. */
export function yearOfIndex(index: string, prefix: string, family: Family, organization: string): number | null {
  const alias = aliasOf(prefix, family, organization);
  const rest = index.startsWith(`${alias}-`) ? index.slice(alias.length + 1) : '';
  return /^\d{4}$/.test(rest) ? Number(rest) : null;
}

/**
 * What is wrong with names: characters that Elasticsearch refuses, and an organisation whose alias would be another
 * one's index ("us-xx" has the index us-xx-2026, so "us-xx-2026" cannot be an organisation beside it).
 */
export function nameProblems(prefix: string, organizations: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(prefix)) {
    problems.push({
      code: 'PW-ELASTIC-PREFIX',
      message: `"${prefix}" cannot begin the name of an index`,
      hint: 'use small letters, digits and hyphens, at most 63, for example pollwatch',
    });
  }
  const all = new Set(organizations);
  for (const organization of all) {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(organization)) {
      problems.push({
        code: 'PW-ELASTIC-ORGANIZATION',
        message: `"${organization}" cannot stand in the name of an index`,
        hint: 'an id has small letters, digits and hyphens, at most 63',
      });
    }
    const shorter = /^(.+)-\d{4}$/.exec(organization)?.[1];
    if (shorter !== undefined && all.has(shorter)) {
      problems.push({
        code: 'PW-ELASTIC-ORGANIZATION',
        message: `the indices of "${shorter}" would have the name that "${organization}" is read by`,
        hint: `give "${organization}" an id that does not end in a year`,
      });
    }
  }
  return problems;
}
