/**
 * What the rest of the program knows of a compiled Sigma rule set: metadata by rule number, and the correlations that
 * count their matches. The rules room makes it from YAML; measure and detect read it.
 */

export const LEVELS = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

/** What a match of a rule is counted by when a correlation asks for distinct values (`value_count`). */
const ITEMS = ['path', 'target', 'user_agent', 'destination_port', 'destination_ip', 'none'] as const;
export type Item = (typeof ITEMS)[number];

/** Metadata of a rule: everything but its condition. */
export interface Rule {
  /** position in the rule set; stands in the measures */
  readonly number: number;
  /** Sigma id (UUID) */
  readonly id: string;
  /** Sigma name: how correlations refer to it; the file name without ending when the rule has none */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly level: Level;
  readonly category: 'web' | 'network';
  /** ATT&CK ids from the tags, in capitals, e.g. ["T1595.003"] */
  readonly techniques: readonly string[];
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  /** file that it came from, as the user named it */
  readonly file: string;
  /** 'builtin' for ours, 'user' for rules that the operator dropped in */
  readonly origin: 'builtin' | 'user';
  /** catalogue id of DETECTIONS that a built-in rule belongs to (W05 …), or null */
  readonly detection: string | null;
  /** distinct values that correlations count for this rule; the entry's item. 'none' = no correlation counts values */
  readonly item: Item;
  /** true when each match alone is an alert: no correlation uses it, or `generate: true` */
  readonly standalone: boolean;
}

/** A Sigma correlation over rules, or ours with the extra keys under `pollwatch:`. */
export interface Correlation {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly level: Level;
  readonly techniques: readonly string[];
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  readonly file: string;
  readonly origin: 'builtin' | 'user';
  readonly detection: string | null;
  readonly type: 'event_count' | 'value_count' | 'temporal' | 'temporal_ordered';
  /** numbers of the rules that it reads */
  readonly rules: readonly number[];
  readonly timespanMs: number;
  /** `gte` threshold (`gt: n` becomes n + 1); 1 for temporal */
  readonly threshold: number;
  /** only statuses of these classes count (4 = 4xx …); empty = all. Ours, under `pollwatch: {status: [4]}` */
  readonly statusClasses: readonly number[];
}

/** A compiled rule set; `matcher` is the business of the rules room. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly correlations: readonly Correlation[];
}

/** Matches of one batch, in row order: `rule[i]` matched in row `row[i]`. A row may stand several times. */
export interface Matches {
  n: number;
  row: Uint32Array;
  rule: Uint16Array;
}

/** Stable hashes (organisation key) of the texts of each row of a batch, made while matching; see model/hash.ts. */
export interface Digests {
  /** path without query */
  path: Uint32Array;
  /** path and query; the raw request when malformed */
  target: Uint32Array;
  userAgent: Uint32Array;
  /** 1 when the path ends in the extension of a static asset (css, js, png, woff2 …) and has no query */
  isStatic: Uint8Array;
  /** bits of LABEL_BIT: labels of rows that no rule was asked about again, because all of it was known */
  labels: Uint8Array;
  /** 1 = the target holds no record key; who finds that out sets it */
  keyless: Uint8Array;
  /** ORDINARY of rows that are known to be nothing more: no rule, no label, no failure, no record key */
  ordinary: Uint8Array;
}

/** What an ordinary request asked for; `unknown`: it wants a closer look. */
export const ORDINARY = { unknown: 0, page: 1, asset: 2 } as const;

/** Labels that built-in rules give to a request, as bits. */
export const LABEL_BIT = { crawler: 1, monitor: 2, login: 4 } as const;
