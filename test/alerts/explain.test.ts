/**
 * Summaries as a county officer reads them: who, how many, of what, in which time, from which log, what came of it.
 */
import { expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf } from '../detect/deciding.ts';
import { packet, page, request, times } from '../detect/log-lines.ts';

const S = '198.51.100.7';
const WHO = `${S}, an address whose network owner is unknown,`;
const first = async (detection: string, logs: Record<string, string[]>): Promise<Alert> =>
  (await alertsOf(logs)).find((a) => a.detection === detection)!;

it('one address of ours is named, several are counted', async () => {
  const one = await first('F01', { 'kern.log': times(20, (i) => packet(S, i * 20, 1025 + i * 37)) });
  expect(one.summary).toBe(
    `${WHO} tried 20 ports of your address 203.0.113.10 in 6 minutes (firewall log, 20 packets). All were denied or got no answer.`,
  );
  const many = await first('F03', { 'kern.log': times(9, (i) => packet(S, i, 8291, { to: `203.0.113.${10 + i}` })) });
  expect(many.summary).toContain('tried 1 port of 9 addresses of yours in 8 seconds');
});

it('requests are said by what they were for', async () => {
  const alert = await first('W01', { 'access.log': times(20, (i) => request(S, i * 60, `/area${i}/`)) });
  expect(alert.summary).toBe(
    `${WHO} sent your web server 20 requests for pages that are not there in 19 minutes, among them /area0/, /area1/, /area2/ (web log). All were refused or not found.`,
  );
});

it('a server that failed is not called one that refused', async () => {
  const inject = (n: number, failed: number) =>
    times(n, (i) => request(S, i, `/search?q=${i}%27%20OR%201=1--`, { status: i < failed ? 500 : 403 }));
  const said = async (lines: string[]) => (await first('W11', { 'access.log': lines })).summary;
  expect(await said(inject(9, 9))).toContain('The server failed on all of them.');
  expect(await said(inject(9, 4))).toContain('The server failed on 4 of them; the others were refused or not found.');
  expect(await said(inject(9, 0))).toContain('All were refused or not found.');
});

it('what happened once has no time span', async () => {
  const lines = [...times(5, (i) => request('192.0.2.4', i, `/gone${i}`)), page(S, 60, '/.env', { size: 1287 })];
  expect((await first('W05', { 'access.log': lines })).summary).toBe(
    `${WHO} sent your web server 1 request for files that should not be public: /.env (web log). The server gave content.`,
  );
});

it('a log-in that got in is said beside those that did not', async () => {
  const lines = times(40, (i) =>
    request(S, i, '/portal/login', { method: 'POST', status: i === 39 ? 302 : 401, size: 9 }),
  );
  const alert = await first('W21', { 'access.log': lines });
  expect(alert.summary).toContain('made 39 log-in attempts on your web server in 39 seconds (web log). 1 further');
  expect(alert).toMatchObject({ severity: 'high', outcome: 'answered' });
});

it('a network of one IPv6 customer is not called an address', async () => {
  const alert = await first('W01', { 'access.log': times(20, (i) => request(`2001:db8:1:2::${i + 1}`, i, `/a${i}/`)) });
  expect(alert.summary).toMatch(/^2001:db8:1:2::\/64, an IPv6 network of one customer/);
});

it('every alert says who is not known', async () => {
  const alerts = await alertsOf({ 'access.log': times(20, (i) => request(S, i, `/area${i}/`)) });
  for (const a of alerts) expect(a.notKnown[0]).toBe('Who sent it. The network owner is not the sender.');
});
