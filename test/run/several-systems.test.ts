/**
 * An alert about several systems of the inventory names all of them: in words, in its document, in the report.
 */
import { describe, expect, it } from 'vitest';
import { alertDocument } from '../../src/alerts/ecs.ts';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf } from '../detect/deciding.ts';
import { oddPort, packet, request, times } from '../detect/log-lines.ts';

const inventory = (n: number) => `version: 1
organization: {id: us-xx, name: Example County}
assets:
${times(n, (i) => `  - {id: system-${i}, name: System ${i}, kind: voter_lookup, url_prefixes: [/area${i}], cidrs: [203.0.113.${10 + i}/32]}`).join('\n')}
`;
const scan = (source: string, system: number, from: number) =>
  times(20, (i) => packet(source, from + i * 3, oddPort(i), { to: `203.0.113.${10 + system}` }));
const decide = (lines: readonly string[], n: number) => alertsOf({ 'kern.log': lines }, { inventory: inventory(n) });
const documentOf = (alert: Alert) =>
  alertDocument(alert, {
    createdMs: 0,
    revision: 1,
    generation: 0,
    version: '0',
    status: 'new',
    tlp: 'TLP:AMBER',
    continues: null,
  }) as {
    pollwatch: { target: { asset?: { id: string[]; name: string[] } }; asset?: { id: string } };
  };
const campaignOf = (alerts: readonly Alert[]) => alerts.find(({ detection }) => detection === 'X03')!;

describe('a campaign', () => {
  const over = (systems: number) =>
    times(3, (s) => times(systems, (k) => scan(`198.51.100.${7 + s}`, k, k * 900 + s * 90)).flat()).flat();

  it('over two systems names both', async () => {
    const campaign = campaignOf(await decide(over(2), 2));
    expect(campaign.summary).toContain('for System 0 and System 1 (firewall log)');
    expect(campaign.systems?.map(({ id }) => id).sort()).toEqual(['system-0', 'system-1']);
    const { target, asset } = documentOf(campaign).pollwatch;
    expect(target.asset?.id[0]).toBe(asset?.id);
    expect(target.asset?.id.toSorted()).toEqual(['system-0', 'system-1']);
    expect(target.asset?.name.toSorted()).toEqual(['System 0', 'System 1']);
  });

  it('over one system names it, and no list of one', async () => {
    const campaign = campaignOf(await decide(over(1), 2));
    expect(campaign.summary).toContain('for System 0 (');
    expect([campaign.systems, documentOf(campaign).pollwatch.target.asset]).toEqual([undefined, undefined]);
  });

  it('over thirty systems names five in a sentence and twenty in the document', async () => {
    const campaign = campaignOf(await decide(over(30), 30));
    expect(campaign.summary).toMatch(/for System \d+(?:, System \d+){4} and more \(/);
    expect(documentOf(campaign).pollwatch.target.asset?.id).toHaveLength(20);
  });
});

describe('an alert about requests', () => {
  const probes = (n: number, area: (i: number) => string) =>
    times(n, (i) => request('198.51.100.7', i * 20, `${area(i)}/x${i}`));
  const summaryOf = async (lines: readonly string[]) =>
    (await alertsOf({ 'access.log': lines }, { inventory: inventory(2) })).find(({ detection }) => detection === 'W01')!
      .summary;

  it('to two systems names both, and says where it was more', async () => {
    expect(await summaryOf(probes(24, (i) => `/area${i % 2}`))).toContain('sent System 0 and System 1 24 requests');
    expect(await summaryOf(probes(36, (i) => ['/area0', '/area1', ''][i % 3]!))).toContain(
      'sent your web server (in part System 0 and System 1) 36 requests',
    );
  });
});
