/**
 * X01: the same source in the firewall's log and in the web server's within 24 hours, whichever came first.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf, only } from './deciding.ts';
import { HOUR_S, packet, request, times } from './log-lines.ts';

const S = '198.51.100.7';
const scan = (from: number, source = S) => times(20, (i) => packet(source, from + i * 15, 1025 + i * 37));
const probing = (from: number, source = S) => times(20, (i) => request(source, from + i * 5, `/area${i}/`));
const chain = async (firewall: string[], web: string[]) =>
  (await alertsOf({ 'kern.log': firewall, 'access.log': web })).filter((a) => a.detection === 'X01');

describe('a port scan and web probing of one source', () => {
  it('are a chain, one level above the gravest of its parts', async () => {
    const alerts = await alertsOf({ 'kern.log': scan(0), 'access.log': probing(3 * HOUR_S) });
    expect(only(alerts, 'W02')).toEqual([`W02 ${S} medium`]);
    expect(only(alerts, 'X01')).toEqual([`X01 ${S} high`]);
  });

  it('are a chain when the web server came first', async () => {
    expect(await chain(scan(3 * HOUR_S), probing(0))).toHaveLength(1);
  });

  it('are a chain across midnight, on the later day', async () => {
    const [alert, ...more] = await chain(scan(15 * HOUR_S), probing(17 * HOUR_S));
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ day: '2026-09-15', key: { text: S } });
    expect(alert!.startMs).toBeLessThan(alert!.endMs);
  });

  it('are none 25 hours apart, in either order', async () => {
    expect(await chain(scan(0), probing(25.5 * HOUR_S))).toEqual([]);
    expect(await chain(scan(25.5 * HOUR_S), probing(0))).toEqual([]);
  });

  it('are none when they are of two sources', async () => {
    expect(await chain(scan(0), probing(600, '192.0.2.44'))).toEqual([]);
  });

  it('are none when one part is for the record only', async () => {
    const background = [23, 445, 3389].map((port, i) => packet(S, i * 60, port));
    const greeting = [request(S, 600, '', { raw: '\\x16\\x03\\x01\\x02\\x00\\x01', status: 400 })];
    expect(await chain(background, probing(600))).toEqual([]);
    expect(await chain(scan(0), greeting)).toEqual([]);
  });

  it('count the requests of two findings over the same requests once', async () => {
    const [alert] = await chain(scan(0), probing(600));
    expect(alert!.evidence).toMatchObject({ packets: 20, ports: 20, requests: 20 });
  });

  it('of an IPv6 customer are a chain though its address changed', async () => {
    const v6 = (n: number) => `2001:db8:1:2::${n.toString(16)}`;
    const long = (n: number) => `2001:0db8:0001:0002:0000:0000:0000:${n.toString(16).padStart(4, '0')}`;
    expect(await chain(scan(0, long(7)), probing(600, v6(0x99)))).toHaveLength(1);
  });
});
