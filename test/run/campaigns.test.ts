/**
 * Campaigns within one run: an office's own show the lines of their members; where the inventory's origins name several
 * organisations, what these have in common is decided as well, in any order of the logs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { analyze } from '../../src/run/pipeline.ts';
import { oddPort, packet, request, times } from '../detect/log-lines.ts';
import { canonicalAlert } from '../laws/canonical-alert.ts';

const scan = (source: string, from: number) => times(20, (i) => packet(source, from + i * 3, oddPort(i)));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pollwatch-campaigns-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Alerts of logs of organisations, by the organisation's id, under an inventory that names them. */
async function alertsOf(logs: Readonly<Record<string, readonly string[]>>, more = ''): Promise<Alert[]> {
  const paths = Object.entries(logs).map(([id, lines]) => {
    const path = join(folder, `${id}.log`);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return path;
  });
  const origins = Object.keys(logs).map((id) => `  - {path: ${join(folder, `${id}.log`)}, organization: ${id}}`);
  const configFile = join(folder, 'state.yaml');
  const own = 'organization: {id: us-xx, name: Example State, level: state}';
  writeFileSync(configFile, `version: 1\n${own}\norigins:\n${origins.join('\n')}\n${more}`);
  const run = { paths, format: 'auto', year: 2026, timezone: 'UTC', threads: 1, progress: false, configFile };
  return (await analyze(run)).alerts;
}

const brief = (alerts: readonly Alert[]) =>
  alerts.map(({ detection, organization, key }) => `${detection} ${organization.id} ${key.kind}`).sort();

describe('what several organisations of one run have in common', () => {
  const logs = {
    'us-xx-adams': scan('198.51.100.7', 0),
    'us-xx-baker': scan('198.51.100.7', 7200),
    'us-xx-clay': [...scan('198.51.100.7', 14_400), ...scan('192.0.2.9', 20_000)],
  };

  it('is decided for the one whose inventory names them, beside their own alerts', async () => {
    const alerts = await alertsOf(logs);
    expect(brief(alerts)).toEqual([
      'F01 us-xx-adams source',
      'F01 us-xx-baker source',
      'F01 us-xx-clay source',
      'F01 us-xx-clay source',
      'X06 us-xx source',
    ]);
    const shared = alerts.find((a) => a.detection === 'X06')!;
    expect(shared.jurisdictions?.map(({ id }) => id)).toEqual(Object.keys(logs));
    expect([shared.lines, shared.destinations, shared.paths]).toEqual([[], [], []]);
  });

  it('is not hidden where the address says at one of them that it is a crawler', async () => {
    const agent = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
    const probe = (from: number, parts = {}) =>
      times(40, (i) => request('198.51.100.7', from + i * 3, `/missing-${i}`, parts));
    const probes = {
      'us-xx-adams': probe(0),
      'us-xx-baker': probe(7200),
      'us-xx-clay': [...probe(14_400), request('198.51.100.7', 14_800, '/', { status: 200, agent })],
    };
    const alerts = await alertsOf(probes);
    expect(alerts.some(({ source }) => source?.class === 'says that it is a crawler')).toBe(true);
    expect(brief(alerts)).toContain('X06 us-xx source');
  });

  it('is the same whatever the order of the logs', async () => {
    const alerts = (await alertsOf(logs)).map(canonicalAlert).sort();
    const reversed = Object.fromEntries(Object.entries(logs).reverse());
    expect((await alertsOf(reversed)).map(canonicalAlert).sort()).toEqual(alerts);
  });

  it('can be switched off', async () => {
    expect(brief(await alertsOf(logs, 'detections: {X06: {off: true}}\n'))).not.toContain('X06 us-xx source');
  });
});

describe('a campaign', () => {
  const three = times(3, (k) => scan(`198.51.100.${20 + k}`, k * 900)).flat();

  it('of one office shows lines of its members, and what it is called in the summaries', async () => {
    const [campaign] = (await alertsOf({ 'us-xx': three })).filter((a) => a.detection === 'X03');
    expect(campaign).toMatchObject({
      key: { kind: 'campaign' },
      organization: { id: 'us-xx' },
      related: ['198.51.100.20', '198.51.100.21', '198.51.100.22'],
      campaign: { members: 3 },
      evidence: { alerts: 3, sources: 3 },
    });
    expect(campaign!.evidence).not.toHaveProperty('jurisdictions');
    expect(campaign!.lines.length).toBeGreaterThan(0);
  });

  it('is none where the office agreed to the scans', async () => {
    const period = 'since: 2026-09-01, expires: 2026-10-01';
    const scanners = `authorized_scanners: [{name: A test, cidrs: [198.51.100.0/24], ${period}}]\n`;
    const alerts = brief(await alertsOf({ 'us-xx': three }, scanners));
    expect(alerts).toContain('F01 us-xx source');
    expect(alerts).not.toContain('X03 us-xx campaign');
  });

  it('of two offices, and of each of them, is told of each', async () => {
    const alerts = await alertsOf({ 'us-xx-adams': three, 'us-xx-baker': three });
    expect(brief(alerts).filter((text) => text.startsWith('X03'))).toEqual([
      'X03 us-xx campaign',
      'X03 us-xx-adams campaign',
      'X03 us-xx-baker campaign',
    ]);
  });

  it('of the organisation that decides and of another one is told once', async () => {
    const alerts = (await alertsOf({ 'us-xx': three, 'us-xx-baker': three })).filter((a) => a.detection === 'X03');
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(alerts.length);
    const own = alerts.filter(({ organization }) => organization.id === 'us-xx');
    expect(own.map(({ jurisdictions }) => jurisdictions?.map(({ id }) => id))).toEqual([['us-xx', 'us-xx-baker']]);
  });
});
