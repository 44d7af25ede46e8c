/**
 * Geography never scores: an alert about a system of overseas voters is as grave from one country as from any other, and
 * country and network owner change nothing but what is told of the sender.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEnricher } from '../../src/enrich/enricher.ts';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf } from '../detect/deciding.ts';

const FOLDER = join(import.meta.dirname, '../detect');
const UOCAVA = `version: 1
organization: {id: us-xx, name: Example County, timezone: America/Chicago}
assets:
  - {id: overseas, name: Overseas voters, kind: uocava, url_prefixes: [/register], sensitivity: voter, criticality: high, uocava: true}
calendar:
  - {id: gen-2026, election_day: 2026-11-03}
`;
/** A log of the fixtures, from another address. */
const linesFrom = (name: string, address: string) =>
  readFileSync(join(FOLDER, name), 'latin1')
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replaceAll('198.51.100.7 ', `${address} `));
const enricher = createEnricher();
const graded = ({ detection, severity, severitySteps, score, confidence, verdict }: Alert) => ({
  detection,
  severity,
  severitySteps,
  score,
  confidence,
  verdict,
});

describe('an alert about a system of overseas voters', () => {
  it.each([
    'election.form_injection/fires-walk.log',
    'election.bulk_register/fires.log',
    'election.status_hammer/fires.log',
  ])('is as grave from one country as from another (%s)', async (name) => {
    const places: string[] = [];
    const grades: object[] = [];
    for (const address of ['8.8.8.8', '5.255.255.70', '203.0.113.77']) {
      const alerts = await alertsOf({ 'access.log': linesFrom(name, address) }, { inventory: UOCAVA, enricher });
      places.push(alerts[0]!.source!.country?.isoCode ?? 'unknown');
      grades.push(alerts.map(graded));
    }
    expect(new Set(places).size).toBe(3);
    expect(grades[0]).not.toEqual([]);
    expect(grades[1]).toEqual(grades[0]);
    expect(grades[2]).toEqual(grades[0]);
  });
});
