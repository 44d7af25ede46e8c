/**
 * Alerts as NDJSON: one ECS document per line, into a file (whole or not at all) or to standard output.
 * Bytes that a terminal would obey (DEL, C1, bidirectional controls) leave as \u escapes, so that `cat` is harmless.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { writeFileAtomic } from './atomic-file.ts';

/** A document as one line of JSON, without the line end; only printable characters. */
export function documentLine(document: object): string {
  return JSON.stringify(document).replace(
    /[\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Writes the documents to `target`: a file name, or "-" for `stdout`. A reader that closes the pipe ends the writing
 * quietly. Throws OperatorError (PW-OUTPUT-WRITE) when a file cannot be written.
 */
export async function writeNdjson(
  documents: Iterable<object>,
  target: string,
  stdout: Writable = process.stdout,
): Promise<void> {
  if (target !== '-') {
    writeFileAtomic(target, lines(documents));
    return;
  }
  try {
    for (const line of lines(documents)) {
      if (stdout.destroyed || stdout.writableEnded) return;
      if (!stdout.write(line)) await once(stdout, 'drain');
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}

function* lines(documents: Iterable<object>): Generator<string> {
  for (const document of documents) yield `${documentLine(document)}\n`;
}
