/**
 * Lines of a log one by one, as its format reads them, for the commands that look at single lines (`parse`).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Parsed } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import type { OpenLog } from '../run/open-logs.ts';

/** One line of a log, as its format reads it. */
export interface ReadLine {
  /** from 1 */
  number: number;
  parsed: Parsed;
  /** latin1: one character per byte, without the line end */
  text: string;
}

/** Why a line was refused that the reader itself left out (see BLOCK_BYTES). */
const OVERLONG = 'line longer than 256 KiB';

/** Every line of a log in order. What stopped it early (a cut gzip) is the generator's return value. */
export async function* readLines(log: OpenLog): AsyncGenerator<ReadLine, Problem | null> {
  const reader = log.origin.open();
  let number = 0;
  let refused = 0;
  // lines that the reader left out because of their length still have a number
  function* overlongBefore(offset: number): Generator<ReadLine> {
    for (let line = reader.overlong[refused]; line !== undefined && line.offset < offset; ) {
      number++;
      yield { number, parsed: { refused: OVERLONG }, text: line.text };
      line = reader.overlong[++refused];
    }
  }
  try {
    for (;;) {
      // a plain file answers at once: without a turn of the event loop, nobody would hear Ctrl-C
      await nextTurn();
      const block = await reader.next();
      if (block === null) break;
      const { bytes, end } = block;
      for (let start = block.start; start < end; ) {
        const lineFeed = bytes.indexOf(10, start);
        const stop = lineFeed < 0 || lineFeed >= end ? end : lineFeed;
        const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start)
          .toString('latin1')
          .replace(/\r$/, '');
        yield* overlongBefore(block.baseOffset + start);
        number++;
        yield { number, parsed: log.format.parseLine(text, log.context), text };
        start = stop + 1;
      }
    }
    yield* overlongBefore(Number.POSITIVE_INFINITY);
    if (reader.fault === null) return null;
    return {
      file: log.origin.name,
      code: 'PW-ORIGIN-DAMAGED',
      message: reader.fault.message,
      hint: 'everything before the damage was read; copy the file again',
    };
  } finally {
    reader.close();
  }
}
