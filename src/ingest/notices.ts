/**
 * What a person should know about an origin while it is read: a file that cannot be opened, a queue that is full, lines
 * that a listener dropped. Each is said once when it begins and once when it is over, however often it is met between.
 */

/** One thing to know, with what to do about it. Holds names of origins, files and peers, never a line of a log. */
export interface Notice {
  readonly organization: string;
  /** name of the origin, or the path of a file */
  readonly origin: string;
  /** PW-INGEST-…, stable */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** true when a trouble that was told before is over */
  readonly isOver: boolean;
}

/** Troubles of one organisation that last. */
export interface Notices {
  /** Tells a trouble unless it is known already. */
  begin(origin: string, code: string, message: string, hint: string): void;
  /** Tells that it is over, if it was known. */
  end(origin: string, code: string, message: string): void;
}

/** Most troubles that are remembered at a time; beyond, none is told (law 4: names of files may come from a stranger). */
const TROUBLES_MAX = 4096;

/** Notices of an organisation, told through `tell`. */
export function createNotices(organization: string, tell: (notice: Notice) => void): Notices {
  const known = new Set<string>();
  return {
    begin(origin, code, message, hint) {
      const key = `${code} ${origin}`;
      if (known.has(key) || known.size >= TROUBLES_MAX) return;
      known.add(key);
      tell({ organization, origin, code, message, hint, isOver: false });
    },
    end(origin, code, message) {
      if (known.delete(`${code} ${origin}`)) {
        tell({ organization, origin, code, message, hint: null, isOver: true });
      }
    },
  };
}
