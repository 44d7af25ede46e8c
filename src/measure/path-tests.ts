/**
 * What a path of a declared system is: a document about voters, or a page that only those use who publish results. Asked
 * once for each path (DETECTIONS election.doc_harvest, election.results_probe).
 *   /files/voter-registration/2026/ward-12.pdf → a document   /admin/upload → backstage   /style/print.pdf → neither
 */
import { type HashKey, hashRange, lane } from '../model/hash.ts';
import { textOf } from './request-systems.ts';

/** Paths that are remembered; forgotten all at once when full, which costs time only. */
const PATHS_MAX = 50_000;
const TEXT_MAX = 512;
const DOCUMENT = /(?:\.(?:pdf|csv|tsv|xlsx?|ods|docx?|odt|rtf|txt|zip|gz|7z|tar|mdb|accdb|dbf)|[^/]\/)$/i;
const DOCUMENT_FILE = /\.(?:pdf|csv|tsv|xlsx?|ods|docx?|odt|rtf|zip|gz|7z|tar|mdb|accdb|dbf)$/i;
const ABOUT_VOTERS = /vot(?:e|ing)|regist|elect|ballot|absentee|precinct|poll/i;
const BACKSTAGE =
  /(?:^|[/_.-])(?:admin|administrator|manage[mr]?|console|cms|editor|edit|publish|upload|import|login|logon|signin|auth|api|graphql|swagger|actuator|config|settings|setup|install|backup|debug|ws)(?:[/_.-]|$)/i;

/** A document or a directory listing whose path names votes, voters, registration, ballots or elections. */
export function isVoterDocument(path: string): boolean {
  return DOCUMENT.test(path) && ABOUT_VOTERS.test(path);
}

/** A document whatever its path names: where the address itself says that it is about voters. */
export function isDocument(path: string): boolean {
  return DOCUMENT_FILE.test(path);
}

/** Whether the name of a host names votes, voters, registration, ballots or elections. */
export function isVotersHost(name: string): boolean {
  return ABOUT_VOTERS.test(name);
}

/** A page for administration, publishing or programs. */
export function isBackstage(path: string): boolean {
  return BACKSTAGE.test(path);
}

export interface PathTest {
  /** Whether the path bytes[start, query) is what is asked. `view` is over the same bytes. */
  fits(bytes: Uint8Array, view: DataView, start: number, query: number): boolean;
}

/** Remembers what a question answered for each path. */
export function createPathTest(key: HashKey, question: (path: string) => boolean): PathTest {
  // by 53 bits: of 100,000 paths two share 32, and the first that came would answer for both
  const known = new Map<number, boolean>();
  return {
    fits(bytes, view, start, query) {
      const name = hashRange(bytes, view, start, query, key) + (lane.b & 0x1fffff) * 4294967296;
      let is = known.get(name);
      if (is === undefined) {
        is = question(textOf(bytes, Math.max(start, query - TEXT_MAX), query));
        if (known.size >= PATHS_MAX) known.clear();
        known.set(name, is);
      }
      return is;
    },
  };
}
