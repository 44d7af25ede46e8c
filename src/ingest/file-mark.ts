/**
 * Which file is which: a file is known by its inode and by a hash of its first bytes, so that it is found again when it
 * was renamed, copied and truncated, or compressed while nobody looked. What was read of each stands in its mark; the
 * marks of a family are the position that is committed with every chunk.
 *
 *   renamed: same inode, same head → same mark · truncated: same inode, smaller or another head → a new file
 *   compressed or copied: another inode, same head → same mark, read on from its place
 */
import { createHash } from 'node:crypto';

/** How many first bytes tell a file, uncompressed. */
export const HEAD_BYTES = 4096;
/** Marks of files that are gone: they may come back compressed, or when a disk is mounted again. */
const GONE_MAX = 32;

/** How far a file was read. */
export interface FileMark {
  /** device and inode; '' when that inode holds something else by now */
  id: string;
  /** hash of the first `headBytes` bytes, uncompressed */
  head: string;
  headBytes: number;
  /** offset of the next byte, uncompressed */
  place: number;
  /** modification time at the last look, Unix ms */
  modifiedMs: number;
  /** device, inode and stored size of the compressed file that was read to its end; '' = none was */
  packed: string;
}

/** A file as it was found. */
export interface FoundFile {
  readonly path: string;
  readonly isNamed: boolean;
  readonly id: string;
  /** as stored */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isPacked: boolean;
  /** time in its gzip header, Unix ms */
  readonly gzipMs: number | null;
  /** its first bytes, uncompressed, at most HEAD_BYTES */
  readonly head: Uint8Array;
}

/** A file and its mark. */
export interface MarkedFile {
  readonly file: FoundFile;
  readonly mark: FileMark;
}

/** Hash of a head, short enough to stand in every position. */
export function hashOfHead(head: Uint8Array): string {
  return createHash('sha256').update(head).digest('base64url').slice(0, 22);
}

/**
 * Finds the mark of every file. `marks` is changed: a truncated inode loses its claim, new files get a mark, marks of
 * files that are gone are kept up to a bound. Returned are the files to read, oldest first, the log itself last; a copy of
 * a file that is there itself is left out. `isFollowed` lets files be read that no pattern names but that the log became
 * after it was last looked at.
 */
export function matchMarks(
  files: readonly FoundFile[],
  marks: FileMark[],
  stem: string,
  isFollowed: boolean,
): MarkedFile[] {
  const claimed = new Map<FileMark, FoundFile>();
  const markOf = new Map<FoundFile, FileMark>();
  const isFirst = marks.length === 0;
  const latestMs = Math.max(0, ...marks.map((mark) => mark.modifiedMs));
  const startsLike = headComparison();

  for (const file of files) {
    if (file.isPacked) continue;
    const mark = marks.find((m) => m.id === file.id);
    if (mark === undefined) continue;
    if (file.sizeBytes < mark.place || !startsLike(file, mark)) mark.id = '';
    else claim(file, mark);
  }
  for (const file of files) {
    if (markOf.has(file) || file.head.length === 0) continue;
    const candidates = marks.filter((mark) => startsLike(file, mark));
    const free = candidates.find((mark) => !claimed.has(mark));
    if (free !== undefined) {
      claim(file, free);
      if (!file.isPacked) free.id = file.id;
      continue;
    }
    // the log under its own name is never a copy; all else that starts like a file that is there is one
    if (candidates.length > 0 && file.path !== stem) continue;
    const isNewSibling = isFollowed && !isFirst && file.modifiedMs > latestMs;
    if (!file.isNamed && !isNewSibling) continue;
    const mark = { id: file.isPacked ? '' : file.id, head: '', headBytes: 0, place: 0, modifiedMs: 0, packed: '' };
    marks.push(mark);
    claim(file, mark);
  }

  function claim(file: FoundFile, mark: FileMark): void {
    claimed.set(mark, file);
    markOf.set(file, mark);
    mark.modifiedMs = file.modifiedMs;
    if (file.head.length > mark.headBytes) {
      mark.head = hashOfHead(file.head);
      mark.headBytes = file.head.length;
    }
  }

  forgetGone(marks, claimed);
  return [...markOf]
    .map(([file, mark]) => ({ file, mark }))
    .sort(
      (a, b) =>
        Number(a.file.path === stem) - Number(b.file.path === stem) ||
        a.file.modifiedMs - b.file.modifiedMs ||
        (a.file.path < b.file.path ? 1 : -1),
    );
}

/** Packed id as it stands in a mark. */
export function packedId(file: FoundFile): string {
  return `${file.id}:${file.sizeBytes}`;
}

/** Compares heads; the hash of a file's first n bytes is made once for all marks. */
function headComparison(): (file: FoundFile, mark: FileMark) => boolean {
  const hashes = new Map<FoundFile, Map<number, string>>();
  return (file, mark) => {
    if (file.head.length < mark.headBytes) return false;
    let known = hashes.get(file);
    if (known === undefined) {
      known = new Map();
      hashes.set(file, known);
    }
    let hash = known.get(mark.headBytes);
    if (hash === undefined) {
      hash = hashOfHead(file.head.subarray(0, mark.headBytes));
      known.set(mark.headBytes, hash);
    }
    return hash === mark.head;
  };
}

function forgetGone(marks: FileMark[], claimed: ReadonlyMap<FileMark, FoundFile>): void {
  const gone = marks.filter((mark) => !claimed.has(mark)).sort((a, b) => b.modifiedMs - a.modifiedMs);
  const forgotten = new Set(gone.slice(GONE_MAX));
  if (forgotten.size === 0) return;
  const kept = marks.filter((mark) => !forgotten.has(mark));
  marks.splice(0, marks.length, ...kept);
}
