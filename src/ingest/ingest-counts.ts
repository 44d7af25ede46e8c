/**
 * What ingest counts, as plain numbers per organisation and origin: for metrics, status and tests. The numbers start at
 * 0 with the process; what must survive it (dropped lines) stands in the origin's head in Redis.
 */

/** Counts of one origin since the start. */
export interface OriginCounts {
  readonly organization: string;
  readonly origin: string;
  /** raw bytes and chunks that were committed */
  bytes: number;
  chunks: number;
  /** lines longer than 256 KiB, each replaced by a line that says so */
  overlong: number;
  /** lines that a listener lost: the queue was full, or the system's own buffer was */
  dropped: number;
  /** messages whose connection ended in the middle of them */
  cut: number;
  /** connections and datagrams of senders that a listener did not let in */
  turnedAway: number;
  /** Unix ms of the last commit, 0 = none */
  committedMs: number;
  /** Unix ms since when the origin waits for room in the queue, 0 = it does not */
  waitingSinceMs: number;
  /** bytes that stand in its files and are not committed yet (compressed size of packed ones); 0 for listeners */
  behindBytes: number;
}

/** Counts of all origins of a process. */
export interface IngestCounts {
  /** The counts of one origin; made at its first use. */
  of(organization: string, origin: string): OriginCounts;
  /** All of them, in the order of their making. */
  all(): readonly OriginCounts[];
}

/** Nothing counted yet. At most as many origins as the queue numbers, which bounds the map. */
export function createIngestCounts(): IngestCounts {
  const counts = new Map<string, OriginCounts>();
  return {
    of(organization, origin) {
      const key = `${organization} ${origin}`;
      let found = counts.get(key);
      if (found === undefined) {
        found = {
          organization,
          origin,
          bytes: 0,
          chunks: 0,
          overlong: 0,
          dropped: 0,
          cut: 0,
          turnedAway: 0,
          committedMs: 0,
          waitingSinceMs: 0,
          behindBytes: 0,
        };
        counts.set(key, found);
      }
      return found;
    },
    all: () => [...counts.values()],
  };
}
