/**
 * What both corpus generators share: the file that they write, what they say about it, and their command line.
 * A corpus is a function of its arguments: the same arguments give the same bytes.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** What a generator knows to be true of the corpus that it wrote. */
export interface Truth {
  file: string;
  lines: number;
  bytes: number;
  /** lines that are a request or a packet */
  events: number;
  /** distinct source addresses that occur */
  sources: number;
  /** share of the lines whose path (or destination and port) stands in no earlier line */
  newShare: number;
  /** share of the lines that are probing, planted scanners included */
  probingShare: number;
  /** scanners that an analysis must find, with the number of their lines */
  planted: { ip: string; what: string; lines: number }[];
}

export interface CorpusFile {
  /** Writes one line; the line end is added. One character is one byte. */
  line(text: string): void;
  /** Completes the file; returns its size in bytes. */
  close(): number;
}

const LINES_PER_WRITE = 8192;

/** Opens a corpus file for writing. */
export function createCorpusFile(path: string): CorpusFile {
  const fd = openSync(path, 'w');
  let pending: string[] = [];
  let bytes = 0;
  const flush = () => {
    if (pending.length === 0) return;
    pending.push('');
    const block = Buffer.from(pending.join('\n'), 'latin1');
    for (let done = 0; done < block.length; ) done += writeSync(fd, block, done);
    bytes += block.length;
    pending = [];
  };
  return {
    line(text) {
      pending.push(text);
      if (pending.length >= LINES_PER_WRITE) flush();
    },
    close() {
      flush();
      closeSync(fd);
      return bytes;
    },
  };
}

/** Reads `--name number` options with these defaults, and `--out FILE`. Throws on an option that does not exist. */
export function corpusArguments<K extends string>(
  argv: string[],
  defaults: Record<K, number>,
): Record<K, number> & { out: string } {
  const names = Object.keys(defaults) as K[];
  const { values } = parseArgs({
    args: argv,
    options: Object.fromEntries([...names, 'out'].map((name) => [name, { type: 'string' as const }])),
  });
  if (typeof values['out'] !== 'string') throw new Error(`--out FILE is needed; options: ${names.join(', ')}`);
  const read = { ...defaults, out: values['out'] };
  for (const name of names) {
    if (values[name] === undefined) continue;
    const number = Number(values[name]);
    if (!Number.isFinite(number) || number < 0) throw new Error(`--${name} must be a number, not "${values[name]}"`);
    Object.assign(read, { [name]: number });
  }
  return read;
}

/** Where planted scanners write: line number → the scanner and its how-manieth line; one line in four from its start. */
export function plantedLines<T extends { lines: number; from: number }>(
  scanners: readonly T[],
  corpusLines: number,
): Map<number, [T, number]> {
  const places = new Map<number, [T, number]>();
  for (const scanner of scanners) {
    let at = Math.floor(corpusLines * scanner.from);
    for (let n = 0; n < scanner.lines && at < corpusLines; n++, at += 4) {
      while (places.has(at)) at++;
      places.set(at, [scanner, n]);
    }
  }
  return places;
}
