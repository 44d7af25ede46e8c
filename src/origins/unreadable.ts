/**
 * What is not read, and what to do about it: folders, packed and binary files, files that are not there or may not be read.
 */
import type { Problem } from '../model/problem.ts';
import type { Compression } from './stream.ts';

/** Of the first bytes, more control bytes than one in this many are no text log. */
const BINARY_SHARE = 10;

/** A refusal to read something, with what to do about it. */
export class UnreadableError extends Error {
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint: string) {
    super(message);
    this.name = 'UnreadableError';
    this.code = code;
    this.hint = hint;
  }
}

/** Refuses what is packed in a way that is not read directly. */
export function refusePacked(compression: Compression, path: string): void {
  if (compression !== 'xz' && compression !== 'bzip2') return;
  const unpack = compression === 'xz' ? 'xz -dc' : 'bzip2 -dc';
  throw new UnreadableError(
    'PW-ORIGIN-COMPRESSION',
    `this is ${compression} data, which is not read directly`,
    `${unpack} ${path} | pollwatch analyze -`,
  );
}

/** The command that tests a compressed file. */
export function tester(compression: Compression): string {
  return compression === 'zstd' ? 'zstd -t' : 'gzip -t';
}

const MAGIC: readonly (readonly [readonly number[], string, string])[] = [
  [[0xff, 0xfe], 'text in UTF-16', 'convert it: iconv -f UTF-16 -t UTF-8 FILE | pollwatch analyze -'],
  [[0xfe, 0xff], 'text in UTF-16', 'convert it: iconv -f UTF-16 -t UTF-8 FILE | pollwatch analyze -'],
  [
    [0x4c, 0x50, 0x4b, 0x53, 0x48, 0x48, 0x52, 0x48],
    'a systemd journal',
    'export it: journalctl --file FILE -o json | pollwatch analyze -',
  ],
  [[0x50, 0x4b, 3, 4], 'a zip archive', 'unpack it first'],
  [[0xd4, 0xc3, 0xb2, 0xa1], 'a packet capture', 'name a log; packet captures are not read'],
  [[0x0a, 0x0d, 0x0d, 0x0a], 'a packet capture', 'name a log; packet captures are not read'],
];

/** Refuses what is no text. A few raw bytes are usual: attackers put them into requests. */
export function refuseBinary(peek: Uint8Array, path: string): void {
  const known = MAGIC.find(([magic]) => magic.every((b, i) => peek[i] === b));
  let controls = 0;
  for (const b of peek) if (b < 32 ? b < 9 || b > 13 : b === 127) controls++;
  if (known === undefined && controls * BINARY_SHARE <= peek.length) return;
  throw new UnreadableError(
    'PW-ORIGIN-BINARY',
    `this is ${known?.[1] ?? 'binary data'}, not a text log`,
    (known?.[2] ?? 'name the text log; unpack or convert the file first').replace('FILE', path),
  );
}

/** The problem behind an error of opening a file. */
export function problemOf(path: string, error: unknown): Problem {
  if (error instanceof UnreadableError) {
    return { code: error.code, message: error.message, file: path, hint: error.hint };
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const known: Record<string, [string, string, string]> = {
    ENOENT: ['PW-ORIGIN-MISSING', 'there is no such file', 'check the path and its spelling'],
    ENOTDIR: ['PW-ORIGIN-MISSING', 'there is no such file', 'check the path and its spelling'],
    EACCES: [
      'PW-ORIGIN-UNREADABLE',
      'you may not read this file',
      'run it as a user who may (often: a member of the group adm), or ask for a copy',
    ],
    EPERM: ['PW-ORIGIN-UNREADABLE', 'you may not read this file', 'run it as a user who may'],
    ELOOP: ['PW-ORIGIN-UNREADABLE', 'its symbolic links go in a circle', 'name the file itself'],
    ENAMETOOLONG: ['PW-ORIGIN-MISSING', 'the path is too long', 'check the path'],
  };
  const [problemCode, message, hint] = known[code] ?? [
    'PW-ORIGIN-UNREADABLE',
    `it cannot be read (${code === '' ? 'unknown error' : code})`,
    'check the disk and the permissions',
  ];
  return { code: problemCode, message, file: path, hint };
}
