/** What the tests of the origins share: all lines of a reader, and the lines of bytes split in the plainest way. */
import type { BlockReader } from '../../src/origins/block.ts';

export interface ReadLine {
  offset: number;
  /** latin1, without the line feed */
  text: string;
}

/** Reads to the end, checks that each block ends with a line feed, and splits the blocks into lines. */
export async function readAll(reader: BlockReader): Promise<ReadLine[]> {
  const lines: ReadLine[] = [];
  for (;;) {
    const block = await reader.next();
    if (block === null) break;
    if (block.end <= block.start || block.bytes[block.end - 1] !== 10)
      throw new Error('a block must end with a line feed');
    const text = Buffer.from(block.bytes.subarray(block.start, block.end)).toString('latin1');
    let offset = block.baseOffset + block.start;
    for (const line of text.slice(0, -1).split('\n')) {
      lines.push({ offset, text: line });
      offset += line.length + 1;
    }
  }
  reader.close();
  return lines;
}

/** The oracle: split at line feeds; a last line without one counts. */
export function linesOf(bytes: Uint8Array): ReadLine[] {
  const parts = Buffer.from(bytes).toString('latin1').split('\n');
  if (parts[parts.length - 1] === '') parts.pop();
  let offset = 0;
  return parts.map((text) => {
    const line = { offset, text };
    offset += text.length + 1;
    return line;
  });
}
