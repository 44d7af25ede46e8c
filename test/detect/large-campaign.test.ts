/** A campaign of more parts than a call takes arguments: decided, and in a time that grows with them and not with their square. */
import { expect, it } from 'vitest';
import type { Decision } from '../../src/detect/decision.ts';
import { campaignsOf } from '../../src/detect/election/campaigns.ts';

const HOUR = 3_600_000;
const SCANS = 150_000;

const decision = (detection: string, base: Decision['base'], startMs: number): Decision => ({
  detection,
  organization: 0,
  key: { kind: 'source', hi: 0, lo: 0xc6336407 },
  day: 0,
  base,
  steps: [],
  outcome: 'tried',
  startMs,
  endMs: startMs,
  exhibit: {
    ...{
      startMs,
      endMs: startMs,
      lines: [],
      ports: [],
      allowedPorts: [],
      destinations: [],
      destinationsV6: [],
      hosts: [],
    },
    ...{ asset: 1, otherAssets: [], isOutside: false, statusCounts: [], rateLimited: false, udpOnly: false },
  },
  numbers: {},
  thresholds: [],
  noise: [],
  tailored: [],
  members: [],
  parts: [],
});

it('many scans and an attack are one campaign', () => {
  const scans = Array.from({ length: SCANS }, (_, i) => decision('W01', 'low', i));
  const [campaign, ...more] = campaignsOf([...scans, decision('W11', 'high', 2 * HOUR)]);
  expect(more).toEqual([]);
  expect(campaign).toMatchObject({ detection: 'campaign.scan_to_exploit', startMs: 0, endMs: 2 * HOUR });
  expect(campaign!.parts).toHaveLength(SCANS + 1);
});
