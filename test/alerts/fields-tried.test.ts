import { describe, expect, it } from 'vitest';
import { fieldsTried } from '../../src/alerts/fields-tried.ts';

const request = (target: string, matched: string | null, referrer = '-') => ({
  text: `192.0.2.1 - - [14/Sep/2026:08:00:00 +0000] "GET ${target} HTTP/1.1" 200 5 "${referrer}" "x"`,
  matched,
});

describe('the fields that an attack was put into', () => {
  it('are the parameters that hold what matched, each once', () => {
    const lines = [
      request('/lookup?zip=~1a2b3c4d&voterid=~98102905UNION+SELECT', 'UNION+SELECT'),
      request('/lookup?voterid=1%27+OR+1=1', '+OR+1=1'),
      request('/lookup?name[]=%3Cscript%3E&x=1', '%3Cscript%3E'),
    ];
    expect(fieldsTried(lines)).toEqual(['name[]', 'voterid']);
    expect(fieldsTried([request('/lookup?q=<svg onload=1>', '<svg onload')])).toEqual(['q']);
  });

  it('are none where nothing matched, or not in a parameter of the request', () => {
    expect(fieldsTried([request('/lookup?voterid=1', null)])).toEqual([]);
    expect(fieldsTried([request('/.git/config?a=b', '.git/config')])).toEqual([]);
    expect(fieldsTried([request('/x?a=b', 'jndi:ldap', 'jndi:ldap')])).toEqual([]);
  });

  it('do not hold what is no name', () => {
    const names = ['', '1', 'a b', '<b>', '\u001b[31m', 'a'.repeat(41), "x'--"];
    for (const name of names)
      expect(fieldsTried([request(`/l?${name}=UNION+SELECT`, 'UNION+SELECT')]), name).toEqual([]);
  });

  it('are twenty at most', () => {
    const lines = Array.from({ length: 30 }, (_, i) => request(`/l?field${i}=UNION+SELECT`, 'UNION+SELECT'));
    expect(fieldsTried(lines)).toHaveLength(20);
  });
});
