/**
 * Which paths are documents about voters: a PDF, a spreadsheet, a list, an archive or a directory listing whose path
 * names votes, voters, registration, ballots or elections (DETECTIONS election.doc_harvest).
 *   /files/voter-registration/2026/ward-12.pdf → true     /style/print.pdf → false
 */
import { textOf } from './request-systems.ts';

/** Paths that are remembered; forgotten all at once when full, which costs time only. */
const PATHS_MAX = 50_000;
const TEXT_MAX = 512;
const DOCUMENT = /(?:\.(?:pdf|csv|tsv|xlsx?|ods|docx?|odt|rtf|txt|zip|gz|7z|tar|mdb|accdb|dbf)|\/)$/i;
const ABOUT_VOTERS = /vot(?:e|ing)|regist|elect|ballot|absentee|precinct|poll/i;

export interface DocumentPaths {
  /** Whether bytes[start, query) is such a path; `pathHash` names it. */
  isDocument(bytes: Uint8Array, start: number, query: number, pathHash: number): boolean;
}

/** A memory of paths that were asked about. */
export function createDocumentPaths(): DocumentPaths {
  const known = new Map<number, boolean>();
  return {
    isDocument(bytes, start, query, pathHash) {
      // the front page is a directory, but none that lists anything
      if (query - start < 5) return false;
      let is = known.get(pathHash);
      if (is === undefined) {
        const path = textOf(bytes, Math.max(start, query - TEXT_MAX), query);
        is = DOCUMENT.test(path) && ABOUT_VOTERS.test(path);
        if (known.size >= PATHS_MAX) known.clear();
        known.set(pathHash, is);
      }
      return is;
    },
  };
}
