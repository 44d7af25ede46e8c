/**
 * What one source does to several systems of the inventory on one day is one alert of a detection, which names them.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf } from './deciding.ts';
import { request, SQL, times } from './log-lines.ts';

const INVENTORY = `version: 1
organization: {id: us-xx, name: Example County}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, url_prefixes: [/lookup], sensitivity: voter}
  - {id: candidates, name: Candidate filing, kind: candidate_filing, url_prefixes: [/candidates]}
`;
const tries = (path: string, from: number) =>
  SQL.map((text, i) => request('198.51.100.7', from + i * 5, `${path}=${text}`, { status: 200, size: 5000 }));

describe('attack text in the forms of two systems', () => {
  it('is one alert, as grave as the graver, with all requests and both systems', async () => {
    const lines = [...tries('/lookup/find?last', 0), ...tries('/candidates/search?q', 300)];
    const alerts = await alertsOf({ 'access.log': lines }, { inventory: INVENTORY });
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(alerts.length);
    const [form, ...others] = alerts.filter(({ detection }) => detection === 'election.form_injection');
    expect(others).toEqual([]);
    expect(form).toMatchObject({ severity: 'high', evidence: { requests: 16, fields: 2 } });
    expect(form!.systems?.map(({ id }) => id).sort()).toEqual(['candidates', 'lookup']);
    expect(form!.summary).toContain('Voter lookup and Candidate filing');
  });

  it('is two alerts on two days', async () => {
    const lines = [...tries('/lookup/find?last', 0), ...tries('/candidates/search?q', 90_000)];
    const alerts = await alertsOf({ 'access.log': lines }, { inventory: INVENTORY });
    expect(alerts.filter(({ detection }) => detection === 'election.form_injection').map((a) => a.systems)).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('documents that a script takes from a system', () => {
  const system = (host: string) => `version: 1
organization: {id: us-xx, name: Example County}
assets:
  - {id: site, name: Site, kind: county_site, hosts: [${host}]}
`;
  const told = async (host: string, path: (i: number) => string, n = 120) => {
    const lines = times(n, (i) => request('198.51.100.7', i * 20, path(i), { status: 200, size: 90_000 + i }));
    const alerts = await alertsOf({ 'access.log': lines }, { inventory: system(host), asset: 1 });
    return alerts.filter(({ detection }) => detection === 'election.doc_harvest').length;
  };

  it('are told where the path or the host names voters, whatever else the path says', async () => {
    expect(await told('www.example.gov', (i) => `/files/voter-lists/${i}.pdf`)).toBe(1);
    expect(await told('vote.example.gov', (i) => `/files/2026/ward-${i}.pdf`)).toBe(1);
    expect(await told('vote.example.gov', (i) => `/files/2026/ward-${i}.pdf`, 99)).toBe(0);
  });

  it('are none where neither does, and pages and listings are no documents', async () => {
    expect(await told('www.example.gov', (i) => `/minutes/2026/${i}.pdf`)).toBe(0);
    expect(await told('vote.example.gov', (i) => `/wards/${i}/`)).toBe(0);
    expect(await told('vote.example.gov', (i) => `/wards/${i}`)).toBe(0);
  });
});
