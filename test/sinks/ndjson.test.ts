import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/model/problem.ts';
import { writeFileAtomic } from '../../src/sinks/atomic-file.ts';
import { documentLine, writeNdjson } from '../../src/sinks/ndjson.ts';
import { HOSTILE, obeyed } from './fixtures.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pollwatch-ndjson-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('NDJSON', () => {
  it('is one line per document that reads back as it was, with nothing that a terminal obeys', () => {
    for (const text of HOSTILE) {
      const line = documentLine({ text });
      expect(JSON.parse(line)).toEqual({ text });
      expect(obeyed(line) || line.includes('\n')).toBe(false);
    }
  });

  it('replaces a file as a whole and leaves nothing beside it', async () => {
    const file = join(folder, 'alerts.ndjson');
    writeFileSync(file, 'old');
    await writeNdjson([{ a: 1 }, { b: 'é' }], file);
    expect(readFileSync(file, 'utf8')).toBe('{"a":1}\n{"b":"é"}\n');
    expect(readdirSync(folder)).toEqual(['alerts.ndjson']);
  });

  it('leaves the old file when making the new one fails half-way', () => {
    const file = join(folder, 'report.html');
    writeFileSync(file, 'old');
    function* half() {
      yield 'x'.repeat(100_000);
      throw new RangeError('half-way');
    }
    expect(() => writeFileAtomic(file, half())).toThrow(RangeError);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['report.html']);
  });

  it('writes through a symbolic link and keeps it', async () => {
    writeFileSync(join(folder, 'real'), '');
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    await writeNdjson([{ a: 1 }], join(folder, 'link'));
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('{"a":1}\n');
  });

  it('says what to do when the folder is missing', async () => {
    const failed = await writeNdjson([], join(folder, 'none', 'alerts.ndjson')).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(OperatorError);
    expect((failed as OperatorError).problems[0]).toMatchObject({
      code: 'PW-OUTPUT-WRITE',
      hint: expect.stringContaining('folder'),
    });
  });

  it('goes to standard output for "-", no faster than the reader takes it', async () => {
    let text = '';
    const slow = new Writable({
      highWaterMark: 10,
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString('utf8');
        setImmediate(done);
      },
    });
    await writeNdjson(
      Array.from({ length: 50 }, (_, i) => ({ i })),
      '-',
      slow,
    );
    await new Promise((resolve) => slow.end(resolve));
    expect(text.trim().split('\n')).toHaveLength(50);
  });

  it('stops quietly when the reader has gone', async () => {
    const gone = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    });
    await expect(writeNdjson([{ a: 1 }, { b: 2 }], '-', gone)).resolves.toBeUndefined();
  });
});
