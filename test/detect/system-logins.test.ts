/**
 * W21 against one system from everywhere: whose alert it is, and what makes those who fail people.
 */
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf } from './deciding.ts';
import { DAY_S, page, request, times } from './log-lines.ts';

const far = (i: number) => `198.18.${20 + i}.9`;
const send = (source: string, second: number, status: number, size = 512) =>
  request(source, second, '/portal/login', { method: 'POST', status, size });
/** `n` addresses of as many networks, one refused log-in each */
const stolen = (n: number, address = far, from = 0) => times(n, (i) => send(address(i), from + i * 300, 401));
const systems = (alerts: readonly Alert[]) =>
  alerts.filter(({ detection, key }) => detection === 'W21' && key.kind === 'target');
const told = async (lines: readonly string[], inventory?: string) =>
  systems(await alertsOf({ 'access.log': lines }, inventory === undefined ? {} : { inventory })).map(
    ({ key, severity, day }) => `${key.text} ${severity} ${day}`,
  );

const PORTAL = `version: 1
organization: {id: us-xx, name: Example County}
assets:
  - {id: portal, name: Staff portal, kind: staff_remote, url_prefixes: [/portal], criticality: CRITICALITY}
`;

describe('passwords that are tried from forty networks, one from each', () => {
  it('are one alert about the web server, which names the addresses and where they tried', async () => {
    const alerts = await alertsOf({ 'access.log': stolen(40) });
    expect(alerts).toHaveLength(1);
    const [alert] = alerts;
    expect(alert).toMatchObject({
      key: { kind: 'target', text: 'web server' },
      severity: 'medium',
      outcome: 'refused',
    });
    expect(alert!.related).toHaveLength(40);
    expect(alert!.paths).toEqual(['/portal/login']);
    expect(alert!.evidence).toMatchObject({ sources: 40, networks: 40, requests: 40, most_of_one_address: 1 });
    expect(alert!.summary).toMatch(
      /^40 addresses of 40 networks made 40 log-in attempts on .*\(\/portal\/login\), no more than 1 each/,
    );
    expect(alert!.whatToDo[0]).toMatch(/one of these addresses/);
  });

  it('are about the system that the inventory declares, and graver where it is critical', async () => {
    expect(await told(stolen(40), PORTAL.replace('CRITICALITY', 'medium'))).toEqual(['portal medium 2026-09-14']);
    expect(await told(stolen(40), PORTAL.replace('CRITICALITY', 'critical'))).toEqual(['portal high 2026-09-14']);
  });

  it('are told though two of them get in', async () => {
    expect(await told([...stolen(40), ...[3, 9].map((i) => send(far(i), 20_000 + i, 302, 0))])).toHaveLength(1);
  });

  it('are not added up over days', async () => {
    expect(await told([...stolen(15), ...stolen(15, (i) => far(100 + i), DAY_S)])).toEqual([]);
  });

  it('are told of their network where most are in one', async () => {
    const block = (i: number) => (i < 26 ? `198.51.100.${10 + i}` : far(i));
    const alerts = await alertsOf({ 'access.log': stolen(40, block) });
    expect(systems(alerts)).toEqual([]);
    expect(alerts.map(({ key }) => key.text)).toEqual(['198.51.100.0/24']);
  });
});

describe('people who fail to log in from forty networks', () => {
  const tries = (more: (source: string, second: number, i: number) => readonly string[]) =>
    times(40, (i) => [send(far(i), i * 300, 401), ...more(far(i), i * 300 + 30, i)]).flat();

  it('and get in at last are none, where a third of them does', async () => {
    expect(await told(tries((source, second, i) => (i % 3 === 0 ? [send(source, second, 302, 0)] : [])))).toEqual([]);
  });

  it('and ask for a new password, which comes by post, are none', async () => {
    const reset = (source: string, second: number) => [
      page(source, second - 40, '/portal/login'),
      page(source, second, '/portal/new-password'),
    ];
    expect(await told(tries(reset))).toEqual([]);
  });

  it('in browsers that load what belongs to the page are none', async () => {
    const files = (source: string, second: number) => [
      page(source, second - 40, '/portal/login'),
      page(source, second - 39, '/portal/assets/a.css'),
    ];
    expect(await told(tries(files))).toEqual([]);
  });

  it('are some where they only opened the form', async () => {
    expect(await told(tries((source, second) => [page(source, second - 40, '/portal/login')]))).toHaveLength(1);
  });
});

describe('a form that answers a wrong password with the page again', () => {
  const again = times(40, (i) => send(far(i), i * 300, 200, 2412));
  const mistyped = (n: number) =>
    times(n, (i) => [send(far(100 + i), i * 400, 200, 2412), send(far(100 + i), i * 400 + 20, 302, 0)]).flat();

  it('is known by five who then got in', async () => {
    expect(await told([...again, ...mistyped(5)])).toHaveLength(1);
    expect(await told([...again, ...mistyped(4)])).toEqual([]);
  });
});
