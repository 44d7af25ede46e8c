/**
 * Room in memory for lines that arrive by themselves: shared by organisations, and bounded.
 */
import { expect, it } from 'vitest';
import { createIngestCounts } from '../../src/ingest/ingest-counts.ts';
import { createLineIntake } from '../../src/ingest/line-intake.ts';
import { READING } from './office.ts';

const MIB = 1024 * 1024;

it('an organisation that floods a listener leaves room for others, and all together keep under one bound', () => {
  const intake = createLineIntake('syslog', 'run', READING, new Map(), createIngestCounts(), 'combined');
  const line = { format: 'combined', line: 'x'.repeat(65_535) };
  const flood = (organization: string): number => {
    let lines = 0;
    while (lines < 1000 && intake.put(organization, line)) lines++;
    return (lines * 65_536) / MIB;
  };
  const held = [flood('adams'), flood('brown'), flood('clark')];
  expect(held).toEqual([8, 4, 2]);
  expect(intake.put('davis', line)).toBe(true);
  expect(flood('adams')).toBe(0);
});
