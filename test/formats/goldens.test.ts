/**
 * Goldens: line N of test/formats/<name>/<case>.log against line N of <case>.expected.ndjson.
 * UPDATE_GOLDENS=1 writes the expectations anew; read the difference as a reviewer would.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formats } from '../../src/formats/index.ts';
import type { Parsed } from '../../src/model/event.ts';
import { CONTEXT, linesOf } from './rows.ts';

/** What a line became, with sorted keys and the time as text. */
function expectation(parsed: Parsed): string {
  if (!('event' in parsed)) return JSON.stringify(parsed);
  const time = new Date(parsed.event['@timestamp']).toISOString();
  const entries = Object.entries({ ...parsed.event, '@timestamp': time });
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

for (const format of formats) {
  const folder = join(import.meta.dirname, format.name);
  describe(format.name, () => {
    const cases = readdirSync(folder).filter((name) => name.endsWith('.log'));
    it('has fixtures', () => expect(cases.length).toBeGreaterThan(1));
    it.each(cases)('%s', (name) => {
      const lines = linesOf(readFileSync(join(folder, name)));
      const got = lines.map((line) => expectation(format.parseLine(line, CONTEXT)));
      const file = join(folder, name.replace(/\.log$/, '.expected.ndjson'));
      if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(file, `${got.join('\n')}\n`);
      expect(existsSync(file)).toBe(true);
      expect(got).toEqual(readFileSync(file, 'utf8').trimEnd().split('\n'));
    });
  });
}
