/**
 * F16, a distributed scan of one address: what makes it one (many senders, each below a scan of its own, hardly
 * overlapping, beyond the background, with something in common), and what does not. Also the spread form of W21.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf, only } from './deciding.ts';
import { DAY_S, HOUR_S, packet, request, times } from './log-lines.ts';

const near = (i: number) => `198.51.100.${10 + i}`;
/** addresses that share no network block (the benchmarking range, RFC 2544) */
const far = (i: number) => `198.18.${20 + i}.9`;
/** `n` senders with `each` ports, all within two hours */
const scan = (n: number, each: number, portOf: (i: number, k: number) => number, sender = near, from = 0) =>
  times(n, (i) => times(each, (k) => packet(sender(i), from + i * 50 + k * 1100, portOf(i, k)))).flat();
const own = (each: number) => (i: number, k: number) => 2100 + i * each + k;

describe('a distributed scan of one address', () => {
  it('is one alert with its members: 20 addresses of one block, five ports each, none with a scan of its own', async () => {
    const alerts = await alertsOf({ 'kern.log': scan(20, 5, own(5)) });
    expect(only(alerts, 'F16')).toEqual(['F16 203.0.113.10 high']);
    expect(alerts).toHaveLength(1);
    const [alert] = alerts;
    expect(alert!.related).toEqual(times(20, near));
    expect(alert!.evidence).toMatchObject({ sources: 20, ports: 100, overlap_percent: 0 });
    expect(alert!.source).toBeNull();
    expect(alert!.summary).toContain('20 addresses');
  });

  it('is none when the same addresses all try the same ports', async () => {
    expect(only(await alertsOf({ 'kern.log': scan(20, 5, (_, k) => 2100 + k * 3) }), 'F16')).toEqual([]);
  });

  it('is none when a third of what they try overlaps', async () => {
    const overlapping = scan(20, 5, (i, k) => (k < 2 ? 3000 + ((i * 2 + k) % 8) : 2100 + i * 5 + k));
    expect(only(await alertsOf({ 'kern.log': overlapping }), 'F16')).toEqual([]);
  });

  it('is none on ports that everybody is probed for', async () => {
    const background = [21, 22, 23, 25, 80, 110, 143, 443, 445, 1433, 3306, 3389, 5060, 5432, 5900, 6379, 8080, 8443];
    expect(only(await alertsOf({ 'kern.log': scan(20, 3, (i, k) => background[(i + k * 6) % 18]!) }), 'F16')).toEqual(
      [],
    );
  });

  it('is none when the senders share neither a network nor a range of ports', async () => {
    const scattered = scan(20, 5, (i, k) => 1100 + (((i * 5 + k) * 613) % 60_000), far);
    expect(only(await alertsOf({ 'kern.log': scattered }), 'F16')).toEqual([]);
  });

  it('is one when senders all over the Internet cover a range of ports without gaps', async () => {
    expect(only(await alertsOf({ 'kern.log': scan(20, 5, own(5), far) }), 'F16')).toEqual(['F16 203.0.113.10 high']);
  });

  it('leaves out the members that scan alone: they have alerts of their own', async () => {
    const alone = times(40, (i) => packet('198.51.100.200', i * 20, 9000 + i * 3));
    const alerts = await alertsOf({ 'kern.log': [...scan(20, 5, own(5)), ...alone] });
    expect(alerts.find((a) => a.detection === 'F16')!.related).not.toContain('198.51.100.200');
    expect(only(alerts, 'F01')).toEqual(['F01 198.51.100.200 low']);
  });

  it('is found when it goes on over midnight, on the day that has enough of it', async () => {
    const midnight = 16 * HOUR_S;
    const over = [
      ...scan(20, 1, (i) => 2100 + i, near, midnight - 1100),
      ...scan(20, 5, (i, k) => 2200 + i * 5 + k, near, midnight + 60),
    ];
    const alerts = (await alertsOf({ 'kern.log': over })).filter((a) => a.detection === 'F16');
    expect(alerts.map((a) => a.day)).toContain('2026-09-15');
  });

  it('is found on the one of two addresses that it works on', async () => {
    const other = times(20, (i) => packet(near(i), 50 + i * 40, 2100, { to: '203.0.113.11' }));
    expect(only(await alertsOf({ 'kern.log': [...scan(20, 5, own(5)), ...other] }), 'F16')).toEqual([
      'F16 203.0.113.10 high',
    ]);
  });

  it('of IPv6 senders counts customers (/64), not their addresses', async () => {
    const v6 = times(40, (i) =>
      packet(`2001:0db8:0001:0002:0000:0000:0000:${(0x1000 + i).toString(16)}`, i * 90, 2100 + (i % 14), {
        to: '2001:0db8:0010:0000:0000:0000:0000:0010',
      }),
    );
    expect(only(await alertsOf({ 'kern.log': v6 }), 'F16')).toEqual([]);
  });
});

describe('log-ins that fail from many addresses', () => {
  const post = (source: string, second: number, status: number) =>
    request(source, second, '/portal/login', { method: 'POST', status, size: 300 });

  it('of one network are one alert with its members, and none for the single addresses', async () => {
    const alerts = await alertsOf({ 'access.log': times(60, (i) => post(near(i % 30), i * 30, 401)) });
    expect(only(alerts, 'W21')).toEqual(['W21 198.51.100.0/24 medium']);
    expect(alerts[0]!.related).toHaveLength(30);
    expect(alerts[0]!.evidence).toMatchObject({ sources: 30, requests: 60 });
  });

  it('of strangers from everywhere are none: people mistype', async () => {
    const alerts = await alertsOf({ 'access.log': times(12, (i) => post(far(i), i * 30, 401)) });
    expect(only(alerts, 'W21').filter((text) => text.includes('/24'))).toEqual([]);
  });

  it("are none when the network's customers mostly get in", async () => {
    const lines = times(40, (i) => [
      ...(i < 11 ? [post(near(i), i * 50, 401)] : []),
      post(near(i), i * 50 + 20, 302),
    ]).flat();
    expect(only(await alertsOf({ 'access.log': lines }), 'W21')).toEqual([]);
  });

  it('are none when each is refused once and then given what it asked for: programs that renew their session', async () => {
    const api = (i: number, status: number) =>
      request(near(i), i * 50 + (status === 200 ? 20 : 0), '/api/session', { method: 'POST', status, size: 300 });
    const lines = times(40, (i) => [api(i, 401), api(i, 200)]).flat();
    expect(only(await alertsOf({ 'access.log': lines }), 'W21')).toEqual([]);
  });

  it('are none when they are spread over days', async () => {
    expect(only(await alertsOf({ 'access.log': times(12, (i) => post(near(i), i * DAY_S, 401)) }), 'W21')).toEqual([]);
  });
});
