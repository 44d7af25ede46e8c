/** Identity of alerts: what an id depends on, and the link from a day to the day before. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertId, idOfDayBefore } from '../../src/alerts/identity.ts';

const key = { kind: 'source', text: '192.0.2.9' } as const;
const organization = { id: 'x', name: 'X' };

describe('the id of the day before', () => {
  it('is that of the same detection and key, also over the end of a month and of a year', () => {
    const idOn = (day: string) => alertId('x', 'W01', 'source', '192.0.2.9', day);
    const previous = (day: string) => idOfDayBefore({ organization, detection: 'W01', key, day });
    expect(previous('2026-09-15')).toBe(idOn('2026-09-14'));
    expect(previous('2024-03-01')).toBe(idOn('2024-02-29'));
    expect(previous('2026-01-01')).toBe(idOn('2025-12-31'));
    expect(previous('2026-09-15')).not.toBe(idOn('2026-09-15'));
  });

  it('stands in the document of an alert that goes on, and only there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollwatch-test-'));
    const lines = [14, 15, 17].flatMap((day) =>
      Array.from(
        { length: 15 },
        (_, i) =>
          `192.0.2.9 - - [${day}/Sep/2026:09:00:${10 + i} +0000] "GET /none/page-${i} HTTP/1.1" 404 9 "-" "a"\n`,
      ),
    );
    writeFileSync(join(folder, 'access.log'), lines.join(''));
    const output = join(folder, 'alerts.ndjson');
    execFileSync('./pollwatch', ['analyze', '--report', 'none', '--output', output, join(folder, 'access.log')]);
    const documents = readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l) as { event: { id: string }; rule: { id: string }; pollwatch: Document });
    const probing = new Map(documents.filter((d) => d.rule.id === 'W01').map((d) => [d.pollwatch.day, d]));
    expect([...probing.keys()].sort()).toEqual(['2026-09-14', '2026-09-15', '2026-09-17']);
    expect(probing.get('2026-09-15')!.pollwatch.alert.continues).toBe(probing.get('2026-09-14')!.event.id);
    expect(probing.get('2026-09-14')!.pollwatch.alert.continues).toBeUndefined();
    expect(probing.get('2026-09-17')!.pollwatch.alert.continues).toBeUndefined();
  });
});

interface Document {
  day: string;
  alert: { continues?: string };
}
