/**
 * Follows one family of files, the log and what it was rotated into, as one origin: reads what is new in each, oldest
 * first, and commits it in chunks. With every commit all is written down that is needed to go on: which files there were
 * and how far each was read.
 *
 *   access.log (renamed to access.log.1, a new access.log begun) → the rest of access.log.1, then access.log
 */
import { randomBytes } from 'node:crypto';
import type { OriginReading } from '../model/installation.ts';
import { CHUNK_MS, type ChunkReading, type ChunkWriter } from './chunk-writer.ts';
import { type FamilyPosition, readPosition } from './family-position.ts';
import { type FileMark, type MarkedFile, matchMarks, packedId } from './file-mark.ts';
import { type HeadCache, lookAt, tellUnreadable } from './found-file.ts';
import { lineBefore, type TailLines } from './line-tail.ts';
import type { LogFamily } from './log-family.ts';
import type { Notices } from './notices.ts';
import { fixReading, isStillItself, type OpenLog, openLog, readingAt } from './open-log.ts';
import { hasMore, isCut, isDone, nextLines, type Patience } from './quiet-file.ts';

/** Stand-ins of lines that were too long that wait for a line that tells the format; more are counted only. */
const STAND_INS_MAX = 16;

/** How a family is followed. */
export interface FollowSetting extends Patience {
  readonly reading: OriginReading;
  readonly notices: Notices;
}

/** "progress": more may be there at once. "waiting": the queue takes nothing now. "idle": nothing is there now. */
export type FollowAnswer = 'progress' | 'waiting' | 'idle';

export interface LogFollower {
  /** true when the files must be looked at before the next step: one was truncated or replaced */
  readonly needsLook: boolean;
  /** Takes a new look at the names and first bytes of the files. */
  look(family: LogFamily): Promise<void>;
  /** Reads at most a chunk, and commits when one is full or due. */
  step(nowMs: number): Promise<FollowAnswer>;
  /** Commits what is in hand and closes the files. */
  stop(): Promise<void>;
}

/** A follower of the family whose origin is written by `writer`. */
export function createLogFollower(writer: ChunkWriter, setting: FollowSetting): LogFollower {
  const { reading, notices, isOnce, settleMs } = setting;
  const by = randomBytes(6).toString('base64url');
  const cache: HeadCache = new Map();
  const opened = new Map<FileMark, OpenLog>();
  /** files whose first lines fit no format, and packed ones that end too early: looked at again at this size or time */
  const postponed = new Map<FileMark, { sizeBytes: number; untilMs: number }>();
  let marks: FileMark[] = [];
  /** the file that the last committed chunk came from */
  let lastMark: FileMark | null = null;
  let files: MarkedFile[] = [];
  /** where the lines in hand come from, and the place behind them */
  let hand: { log: OpenLog; place: number; reading: ChunkReading } | null = null;
  let isWaiting = false;
  let needsLook = true;

  const startOver = (): void => {
    writer.discard();
    hand = null;
    isWaiting = false;
    for (const log of opened.values()) log.tail.close();
    opened.clear();
    postponed.clear();
    const position = readPosition(writer.head.position);
    marks = position.files.map((mark) => ({ ...mark }));
    lastMark = marks[position.at] ?? null;
    files = [];
    needsLook = true;
  };
  startOver();

  /** The log itself is the newest of its family: what it was rotated into is not written any more. */
  const isNewest = ({ marked }: OpenLog) => files.at(-1)?.mark === marked.mark;

  const close = (log: OpenLog): void => {
    log.tail.close();
    opened.delete(log.marked.mark);
  };

  const flush = async (): Promise<FollowAnswer> => {
    if (hand === null) return 'idle';
    const { log, place } = hand;
    const { mark, file } = log.marked;
    const packed = log.isOver && file.isPacked ? packedId(file) : mark.packed;
    const position: FamilyPosition = {
      files: marks.map((m) => (m === mark ? { ...m, place, packed } : m)),
      at: marks.indexOf(mark),
      by,
    };
    const answer = await writer.flush(hand.reading, position);
    isWaiting = answer === 'full' || answer === 'stopped';
    if (answer === 'full') {
      notices.begin(
        writer.name,
        'PW-INGEST-FULL',
        'as much waits in the queue as may; reading waits too',
        'start more `pollwatch work analyze`, or raise the bound of queued bytes',
      );
    } else if (answer === 'committed') {
      notices.end(writer.name, 'PW-INGEST-FULL', 'the queue has room again');
      mark.place = place;
      mark.packed = packed;
      lastMark = mark;
      hand = null;
    } else if (answer === 'moved') {
      notices.begin(
        writer.name,
        'PW-INGEST-MOVED',
        'another process reads into the same origin',
        'end one of them, or give the origin another name; lines of files that both read count once',
      );
      startOver();
    }
    return isWaiting ? 'waiting' : 'progress';
  };

  /** Writes down which files there were at the start: what they become is followed, also by the next process. */
  const begin = async (): Promise<void> => {
    const context = { origin: writer.head.number, referenceMs: Date.now(), timezone: reading.timezone };
    const position: FamilyPosition = { files: marks, at: -1, by };
    if ((await writer.flush({ format: reading.format, context }, position)) === 'moved') startOver();
  };

  const open = async (marked: MarkedFile): Promise<OpenLog | null> => {
    try {
      const log = await openLog(marked);
      if (log === null) needsLook = true;
      else opened.set(marked.mark, log);
      return log;
    } catch (error) {
      tellUnreadable(marked.file.path, (error as NodeJS.ErrnoException).code, notices);
      return null;
    }
  };

  const isUnread = ({ file, mark }: MarkedFile, nowMs: number): boolean => {
    const later = postponed.get(mark);
    if (later !== undefined && file.sizeBytes < later.sizeBytes && nowMs < later.untilMs) return false;
    return file.isPacked ? mark.packed !== packedId(file) : file.sizeBytes > mark.place;
  };

  /** The log itself is always held open, so that it can be read to its end when it is deleted. */
  const isWanted = (marked: MarkedFile, nowMs: number): boolean =>
    isUnread(marked, nowMs) ||
    (!isOnce && marked === files.at(-1) && !marked.file.isPacked && !postponed.has(marked.mark));

  /** Puts a file off until it has so many bytes, or until an instant. */
  const postpone = (log: OpenLog, sizeBytes: number, untilMs: number): void => {
    postponed.set(log.marked.mark, { sizeBytes, untilMs });
    close(log);
  };

  /** Puts lines of a file into the chunk; true when the chunk is full. */
  const fill = async (log: OpenLog, nowMs: number): Promise<boolean> => {
    for (;;) {
      if (log.rest.length === 0 || log.reading === null) {
        const lines = await nextLines(log, isNewest(log), setting, nowMs, notices);
        if (lines === null) return false;
        if (lines === 'unfinished') {
          const { sizeBytes, modifiedMs } = log.marked.file;
          postpone(log, sizeBytes + 1, modifiedMs + settleMs);
          return false;
        }
        if (!isStillItself(log)) {
          needsLook = true;
          close(log);
          return false;
        }
        if (lines.isOverlong) writer.counts.overlong++;
        // a line that was not kept tells no format; the stand-ins of the first ones wait for one that does
        const isTelling = !lines.isOverlong || log.reading !== null;
        if (isTelling && !isFixed(log, lines)) return false;
        if (isTelling || log.rest.length < STAND_INS_MAX) log.rest.push({ lines, at: lines.start });
        if (!isTelling) continue;
      }
      const rest = log.rest[0]!;
      const { lines } = rest;
      const taken = writer.take(lines.bytes, rest.at, lines.end, nowMs);
      rest.at += taken;
      if (taken > 0) {
        const place = rest.at === lines.end ? lines.place : lines.place - (lines.end - rest.at);
        hand = { log, place, reading: readingAt(log, place, lineBefore(lines.bytes, rest.at - 1)) };
      }
      if (rest.at < lines.end) return true;
      log.rest.shift();
    }
  };

  /** Whether it is known how a file is read; if not, it is put off until it has twice as many bytes. */
  const isFixed = (log: OpenLog, first: TailLines): boolean => {
    if (log.reading !== null) return true;
    const { file, mark } = log.marked;
    const { number, format, context } = writer.head;
    const known = mark === lastMark && format !== null && context !== null ? { format, context } : null;
    if (fixReading(log, first, reading, number, known, format)) {
      notices.end(file.path, 'PW-FORMAT-UNKNOWN', `it is read as ${log.reading!.format}`);
      return true;
    }
    notices.begin(
      file.path,
      'PW-FORMAT-UNKNOWN',
      'no known log format fits its first lines; it is not read yet',
      '`pollwatch formats` lists what is read; say which with --format, or as the format of the origin',
    );
    postpone(log, 2 * Math.max(file.sizeBytes, log.tail.readTo), Number.POSITIVE_INFINITY);
    return false;
  };

  return {
    get needsLook() {
      return needsLook;
    },
    async look(family) {
      needsLook = false;
      files = matchMarks(await lookAt(family, cache, notices), marks, family.stem, family.isFollowed);
      const found = new Map(files.map((marked) => [marked.mark, marked]));
      for (const [mark, log] of opened) {
        const marked = found.get(mark);
        const id = log.plain?.stat().id;
        if (marked !== undefined && (id === undefined ? marked.file.isPacked : marked.file.id === id))
          log.marked = marked;
        // truncated, or read on in a copy; what was deleted or may not be opened any more is read as long as it is open
        else if (id === undefined || marked !== undefined || mark.id !== id) close(log);
      }
      for (const mark of postponed.keys()) if (!found.has(mark)) postponed.delete(mark);
      if (writer.head.position === null && marks.length > 0) await begin();
      writer.counts.behindBytes = files.reduce((sum, marked) => sum + unreadBytes(marked), 0);
    },
    async step(nowMs) {
      if (isWaiting) return flush();
      const nameless = [...opened.values()].filter((log) => !files.some(({ mark }) => mark === log.marked.mark));
      for (const marked of [...nameless.map((log) => log.marked), ...files]) {
        let log = opened.get(marked.mark) ?? null;
        if (log === null && isWanted(marked, nowMs)) {
          // the lines in hand may be of the same file under another name: its place moves with them
          if (hand !== null) return flush();
          log = await open(marked);
        }
        if (log === null) continue;
        if (!log.isOver && log.rest.length === 0 && isCut(log)) needsLook = true;
        if (hasMore(log, isNewest(log), setting, nowMs)) {
          if (hand !== null && hand.log !== log) return flush();
          if (await fill(log, nowMs)) return flush();
        }
        if (isDone(log, isNewest(log), setting, nowMs) && hand?.log !== log) {
          if (log.isOver && log.plain === null) marked.mark.packed = packedId(marked.file);
          close(log);
        }
      }
      const isDue = hand !== null && (isOnce || nowMs - writer.pendingSinceMs >= CHUNK_MS);
      return isDue ? flush() : 'idle';
    },
    async stop() {
      await flush();
      for (const log of opened.values()) close(log);
    },
  };
}

function unreadBytes({ file, mark }: MarkedFile): number {
  if (file.isPacked) return mark.packed === packedId(file) ? 0 : file.sizeBytes;
  return Math.max(0, file.sizeBytes - mark.place);
}
