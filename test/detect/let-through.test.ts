/**
 * What the firewall let through is what somebody has to act on: the alert names the service, asks to close that one, and
 * shows the packet's line, however many denied ones stand before it.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf } from './deciding.ts';
import { oddPort, packet, page, request, times } from './log-lines.ts';

const S = '198.51.100.7';
const alertOf = async (id: string, lines: readonly string[]) =>
  (await alertsOf({ 'kern.log': lines })).find(({ detection }) => detection === id)!;

describe('a probe of services of which one is let through', () => {
  const ports = [22, 23, 445, 1433, 3306, 5432, 5900, 6379, 9200, 3389];
  const lines = ports.map((port, i) => packet(S, i * 20, port, { allowed: port === 3389 }));

  it('names it, asks to close it and shows its line', async () => {
    const alert = await alertOf('F09', lines);
    expect(alert.summary).toContain('let 1 of these packets through, to Remote Desktop (port 3389).');
    expect(alert.whatToDo[0]).toBe(
      'Close Remote Desktop (port 3389) to the Internet, or allow only addresses that you know.',
    );
    expect(alert.lines.map(({ text }) => text).join()).toContain('DPT=3389');
  });
});

describe('a connection that is allowed after a scan', () => {
  it('is told with its service', async () => {
    const scan = times(20, (i) => packet(S, i * 5, oddPort(i)));
    const alert = await alertOf('F18', [...scan, packet(S, 900, 22, { allowed: true })]);
    expect(alert.summary).toContain('1 connection to remote login (SSH, port 22) of 203.0.113.10 through');
    expect(alert.whatToDo[0]).toBe(
      'Find out what runs behind remote login (SSH, port 22) and whether strangers should reach it.',
    );
  });
});

describe('a file that a server would run, which it took', () => {
  const ID = 'election.upload_active';
  const told = async (lines: readonly string[]) => {
    const alert = (await alertsOf({ 'access.log': lines })).find(({ detection }) => detection === ID)!;
    return `${alert.severity} ${alert.evidence['fetches']}`;
  };
  const send = (target: string, method = 'PUT') => request(S, 10, target, { method, status: 201, size: 0 });

  it('was fetched only where somebody fetched it: sending it is no fetch', async () => {
    expect(await told([send('/uploads/x.aspx')])).toBe('high 0');
    expect(await told([send('/uploads/x.aspx'), page(S, 20, '/uploads/x.aspx')])).toBe('critical 1');
  });

  it('whose name stands in a query is not fetched with the form', async () => {
    expect(await told([page(S, 0, '/upload'), send('/upload?name=x.php', 'POST'), page(S, 20, '/upload')])).toBe(
      'high 0',
    );
  });
});
