/**
 * What these logs could not show: per detection works, partly or cannot, because of what, and how to mend it.
 */
import { describe, expect, it } from 'vitest';
import { DETECTIONS } from '../../src/alerts/detections.ts';
import { visibilityOf } from '../../src/alerts/visibility.ts';
import { lintWording } from '../../src/alerts/wording-linter.ts';

const COUNTS = {
  requests: 1000,
  packets: 1000,
  denied: 900,
  allowed: 100,
  with_tcp_flags: 800,
  rate_limited: 0,
  with_host: 1000,
  with_query: 300,
  with_size: 1000,
  with_user_agent: 1000,
  posts: 0,
  outbound: 0,
};
const see = (counts: Partial<typeof COUNTS>, id: string, off: string[] = []) =>
  visibilityOf({ ...COUNTS, ...counts }, new Set(off)).find((v) => v.detection === id)!;

describe('a detection', () => {
  it('works when the logs hold what it needs', () => {
    expect(see({}, 'F01')).toMatchObject({ state: 'works', fix: '' });
    expect(see({}, 'W01').state).toBe('works');
  });

  it.each([
    ['F01', { packets: 0, denied: 0, allowed: 0 }, 'cannot', 'no firewall log'],
    ['F01', { denied: 0 }, 'cannot', 'no denied packets'],
    ['F01', { rate_limited: 20 }, 'partly', 'rate-limited'],
    ['F13', { with_tcp_flags: 0 }, 'cannot', 'no TCP flags'],
    ['F18', { allowed: 0 }, 'cannot', 'no allowed connections'],
    ['W01', { requests: 0 }, 'cannot', 'no web server log'],
    ['W28', { with_size: 0 }, 'partly', 'no response sizes'],
    ['W09', { with_user_agent: 0 }, 'cannot', 'no user agents'],
    ['W11', { posts: 5 }, 'partly', 'POST'],
    ['election.lookup_enum', { with_query: 0 }, 'partly', 'no request in the web log has a query'],
    ['X01', { requests: 0 }, 'cannot', 'no web server log'],
  ])('%s with %j %s be seen, because of %s', (id, counts, state, because) => {
    const seen = see(counts as Partial<typeof COUNTS>, id);
    expect(seen.state).toBe(state);
    expect(seen.because).toContain(because);
    expect(seen.fix.length).toBeGreaterThan(10);
  });

  it('that is switched off cannot be seen, and it is said', () => {
    expect(see({}, 'F13', ['F13'])).toMatchObject({ state: 'cannot', because: 'switched off in the configuration' });
  });
});

it('names each header in which declared proxies name their clients, where systems stand behind different ones', () => {
  const clientIp = (header: string) => ({ header, trustedProxies: ['10.0.0.5/32'] });
  const system = { kind: 'voter_lookup', sentinel: false, clients: [] } as const;
  const systems = ['X-Forwarded-For', 'CF-Connecting-IP', 'x-forwarded-for'].map((h) => ({
    ...system,
    clientIp: clientIp(h),
  }));
  const counts = { ...COUNTS, to_systems: 100, from_proxies: 100, posts_to_systems: 0 };
  const rows = visibilityOf(counts, new Set(), { systems, hasProtectedRecords: false });
  const seen = rows.find((v) => v.because.includes('nearly all requests come from your own proxy'))!;
  expect(seen.fix.match(/\$http_[a-z_]+_(?:for|ip)/g)).toEqual(['$http_x_forwarded_for', '$http_cf_connecting_ip']);
});

it('there is one row for every detection that needs no other organisation, in words that keep the rules', () => {
  const nothing = Object.fromEntries(Object.keys(COUNTS).map((name) => [name, 0]));
  const rows = visibilityOf(nothing, new Set());
  expect(rows.map((r) => r.detection)).toEqual(DETECTIONS.filter((d) => !d.needs.includes('members')).map((d) => d.id));
  for (const r of rows) expect([...lintWording(r.because), ...lintWording(r.fix)]).toEqual([]);
});
