/**
 * The contract of a log format: one file per format, one line in the list (index.ts), one fixture folder.
 * Any format is a plain function from a line to an event; the few that carry the load also have a byte kernel that
 * fills a batch from a block of bytes. The plain one is the oracle: the same events, checked on every fixture and by fuzz.
 */
import type { Batch } from '../model/batch.ts';
import type { Parsed } from '../model/event.ts';
import type { Tally } from '../model/tally.ts';

/** What parsing may know about the origin of a line beyond its bytes. Fixed before the first line is read. */
export interface OriginContext {
  /** origin number, as it stands in evidence references */
  readonly origin: number;
  /**
   * For formats that leave the year out: the latest instant that the origin's last line can have (from --year, a dated
   * line, the gzip header, the file's modification time or the time of receipt). A line's year is the latest that puts
   * it not after this instant.
   */
  readonly referenceMs: number;
  /** minutes to add to UTC to get the wall clock of lines that carry no zone (0 = UTC), or an IANA zone name */
  readonly timezone: string;
}

export interface Format {
  /** kebab-case name, as in --format */
  readonly name: string;
  /** other names that --format takes */
  readonly aliases: readonly string[];
  /** in words: which devices and servers write it */
  readonly title: string;
  /** page that describes it */
  readonly documentation: string;
  /** one line of the log; the conformance test parses it */
  readonly example: string;
  /** what these logs cannot carry, in words (POST bodies, virtual host …) */
  readonly limits: readonly string[];
  /** true when lines carry no year */
  readonly yearless: boolean;
  /** Cheap test whether a line looks like this format; used by detection on the first lines of an origin. */
  looksLike(line: string): boolean;
  /** One line (latin1 text, no line end) → event, skipped of a known kind, or refused with a reason. Never throws. */
  parseLine(line: string, context: OriginContext): Parsed;
  /**
   * Byte kernel: scans complete lines of `bytes[start, end)`, appends their events to `batch` (whose `bytes` is `bytes`)
   * until the block ends or the batch is full, counts into `tally`, and returns the offset behind the last line consumed.
   * `bytes[start, end)` always ends with a line feed. `baseOffset` is the origin offset of bytes[0].
   */
  fill?(
    bytes: Uint8Array,
    start: number,
    end: number,
    baseOffset: number,
    batch: Batch,
    context: OriginContext,
    tally: Tally,
  ): number;
}
