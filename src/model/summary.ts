/**
 * What a run read and could not see: the honest half of every report.
 */

import type { Alert } from './alert.ts';
import type { ElectionPhase, Mailing } from './contact.ts';
import type { Asset, AssetKind } from './inventory.ts';
import type { Problem } from './problem.ts';
import type { RefusedLine } from './tally.ts';

export interface OriginSummary {
  name: string;
  /** format name, or null when no format was recognised */
  format: string | null;
  lines: number;
  events: number;
  bytes: number;
  skipped: { kind: string; count: number }[];
  /** samples show the shape of their line only: nobody knows where in it personal data stand */
  refused: { reason: string; count: number; samples: RefusedLine[] }[];
  firstMs: number | null;
  lastMs: number | null;
  /** "year 2026, from the file's modification time", when the format leaves the year out */
  yearNote: string | null;
  /** why it could not be read, wholly or in part */
  problem: Problem | null;
  limits: string[];
}

/** Whether a detection could work on what was read. */
export interface Visibility {
  detection: string;
  name: string;
  state: 'works' | 'partly' | 'cannot';
  because: string;
  /** how to fix it; empty when it works */
  fix: string;
}

/** A group of sources that stayed below every threshold. */
export interface Noise {
  sources: number;
  events: number;
  /** busiest network owners among them, at most 5 */
  owners: { name: string; sources: number }[];
  /** what they tried most: "tcp/23" or "/wp-login.php", at most 8 */
  targets: { what: string; sources: number }[];
  /**
   * what visitors ran into, at most 3: a page that is not there and that no scanner's list has, or a log-in that refused,
   * with how many of them got in
   */
  visited: { what: string; sources: number; isLogin: boolean; letIn: number }[];
}

/** What the firewall let through to a service that should not face the Internet, from addresses without an alert. */
export interface LetThrough {
  port: number;
  sources: number;
  packets: number;
}

export interface OwnerRow {
  as: number | null;
  name: string;
  country: string | null;
  sources: number;
  alerts: number;
  /** events of alerted sources */
  events: number;
}

/** What the inventory says of the office. */
export interface OfficeSummary {
  /** in file order */
  systems: {
    id: string;
    name: string;
    kind: AssetKind;
    criticality: Asset['criticality'];
    /** who answers for it, or null */
    call: { name: string; phone: string | null } | null;
  }[];
  /** whom to call about what belongs to no system, or null */
  call: { name: string; phone: string | null } | null;
  /** spans around elections that the logs reach into, with their first and last local day (YYYY-MM-DD) */
  windows: { election: string; phase: ElectionPhase; firstDay: string; lastDay: string }[];
}

export interface RunSummary {
  version: string;
  organization: { id: string; name: string };
  /** null without an inventory */
  office: OfficeSummary | null;
  /** TLP 2.0 label of what is written */
  tlp: Mailing['tlp'];
  origins: OriginSummary[];
  lines: number;
  events: number;
  skipped: number;
  refused: number;
  bytes: number;
  /** distinct source keys seen */
  sources: number;
  firstMs: number | null;
  lastMs: number | null;
  /** seconds of the run, for the terminal only; never in a canonical output */
  seconds: number;
  visibility: Visibility[];
  noise: Noise;
  /** services with most addresses first, at most 3 */
  letThrough: LetThrough[];
  owners: OwnerRow[];
  /** events per pane for the time line: all, failed or refused, of alerted sources */
  timeline: { startMs: number; paneMs: number; all: number[]; refused: number[]; alerted: number[] };
  dataSets: { name: string; date: string; attribution: string }[];
  /** true when values were hidden with the public key, because there was no place for one of the office's own */
  publicKey: boolean;
  /** set when the memory bound was reached: what was reduced, in words */
  bound: string | null;
  alerts: Alert[];
}
