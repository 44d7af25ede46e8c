/**
 * The position of a family of files, which is committed with every chunk: which files there were, how far each was read, and
 * which one the chunk came from. All that a reader needs to go on, whoever read before it.
 */
import type { FileMark } from './file-mark.ts';

export interface FamilyPosition {
  readonly files: readonly FileMark[];
  /** index of the file that the last chunk came from; -1 = none yet */
  readonly at: number;
  /** the reader that committed it, so that a reader knows its own commits from those of another one */
  readonly by: string;
}

/** A position as it was committed; anything else is the start. */
export function readPosition(position: unknown): Pick<FamilyPosition, 'files' | 'at'> {
  const { files, at } = (position ?? {}) as Partial<FamilyPosition>;
  return Array.isArray(files) ? { files, at: at ?? -1 } : { files: [], at: -1 };
}
