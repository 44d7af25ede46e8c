import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MALFORMED_MAX, TEXT_MAX } from '../../src/alerts/hidden-spans.ts';
import { redactLine, redactPath } from '../../src/alerts/redact.ts';
import { createTokens } from '../../src/alerts/tokens.ts';
import { parseInventory } from '../../src/config/inventory.ts';
import type { LogEvent } from '../../src/model/event.ts';
import { askedHost, keepOf } from '../../src/run/evidence.ts';
import { growth, LINEAR_MAX } from '../parts/growth.ts';

const token = createTokens('a secret of the organisation');
const TIME = '[14/Sep/2026:08:00:33 +0000]';
const line = (request: string, { user = '-', referrer = '-', agent = 'curl/8.5.0', tail = '' } = {}) =>
  `192.0.2.7 - ${user} ${TIME} "${request}" 200 89 "${referrer}" "${agent}"${tail}`;
const redacted = (text: string) => redactLine(text, 'request', {}, token).text;

describe('a line of an access log', () => {
  it('keeps names of parameters and hides their values, equal values as equal tokens', () => {
    const text = redacted(line('GET /lookup?last=SMITH&dob=1970-01-31&other=SMITH HTTP/1.1'));
    expect(text).toBe(
      line(`GET /lookup?last=${token('SMITH')}&dob=${token('1970-01-31')}&other=${token('SMITH')} HTTP/1.1`),
    );
    expect(token('SMITH')).toMatch(/^~[0-9a-f]{8}$/);
  });

  it('has other tokens for another secret', () => {
    expect(createTokens('another')('SMITH')).not.toBe(token('SMITH'));
  });

  it('stays byte for byte the same when nothing in it is personal', () => {
    for (const request of [
      'GET / HTTP/1.1',
      'GET /js/jquery-3.6.0.min.js HTTP/2.0',
      'HEAD /news/2026/09/14/ HTTP/1.1',
      'OPTIONS * HTTP/1.1',
      'GET /..%2f..%2fetc/passwd HTTP/1.1',
      '-',
    ]) {
      expect(redacted(line(request, { agent: 'Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/115.0' }))).toBe(
        line(request, { agent: 'Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/115.0' }),
      );
    }
  });

  it('hides user names, also those with spaces and with brackets', () => {
    for (const user of ['jsmith', 'John Smith', 'x [y] Smith'])
      expect(redacted(line('GET / HTTP/1.1', { user }))).not.toMatch(/smith/i);
    expect(redacted(`www.example.gov:443 ${line('GET / HTTP/1.1', { user: 'jsmith' })}`)).toMatch(
      /^www\.example\.gov:443 192\.0\.2\.7 - ~[0-9a-f]{8} \[/,
    );
  });

  it('keeps the address of an IPv6 client and of a vhost line', () => {
    expect(redacted(line('GET / HTTP/1.1').replace('192.0.2.7', '2001:db8::7'))).toContain('2001:db8::7 - - [');
  });

  it('keeps the fragment that matched an attack, and only that', () => {
    const text = line("GET /p.php?id=17' UNION SELECT 1,2--&name=SMITH HTTP/1.1");
    const fragment = "' UNION SELECT 1,2--";
    const start = text.indexOf(fragment);
    const result = redactLine(text, 'request', { matched: [[start, start + fragment.length]] }, token);
    expect(result.matched).toBe(fragment);
    expect(result.text).toContain(`id=${token('17')}${fragment}&name=${token('SMITH')} HTTP/1.1`);
  });

  it('follows the inventory: kept parameters are shown, declared ones hidden even as path segments', () => {
    const keep = { keepParams: ['Page', 'dob'], redactParams: ['dob'] };
    const { text } = redactLine(line('GET /page/dob/jan/x?page=3&dob=12&q=z HTTP/1.1'), 'request', keep, token);
    expect(text).toContain(`GET /page/dob/${token('jan')}/x?page=3&dob=${token('12')}&q=${token('z')} HTTP/1.1`);
  });

  it('hides every word below a system that keeps records, but those of the site and what matched', () => {
    const keep = { recordPaths: ['/lookup', '/voterview'] };
    const paths = (path: string) => redactPath(path, token, keep);
    for (const path of ['/lookup/Smith/', '/lookup/smith', '/VoterView/api/Marigoldova', '/lookup;x=1/Smith']) {
      expect(paths(path)).toMatch(/~[0-9a-f]{8}/);
      expect(paths(path)).not.toMatch(/smith|marigoldova/i);
    }
    for (const path of [
      '/lookup',
      '/lookup/results',
      '/VoterView/RegistrantSearch.do',
      '/lookups/Smith',
      '/news/Smith',
    ])
      expect(paths(path)).toBe(path);
    const text = line('GET /lookup/Smith/.git/config HTTP/1.1');
    const at = text.indexOf('.git/config');
    expect(redactLine(text, 'request', { ...keep, matched: [[at, at + 11]] }, token).text).toMatch(
      /"GET \/lookup\/~[0-9a-f]{8}\/.git\/config HTTP/,
    );
  });

  it('hides every word on a host that is declared to keep records, and on one that nobody names', () => {
    const inventory = parseInventory(
      `version: 1
organization: {id: us-xx-example, name: Example County}
assets:
  - {id: voters, name: Look-up, kind: voter_lookup, hosts: [Vote.Example.gov], sensitivity: voter}
`,
      'inventory.yaml',
    );
    const keep = keepOf(inventory);
    const shown = (path: string, host: string) => redactPath(path, token, { ...keep, host });
    for (const host of ['vote.example.gov', 'VOTE.example.gov.:443', '', '-', '192.0.2.1'])
      expect(shown('/Smith/results', host)).toBe(`/${token('Smith')}/results`);
    expect(shown('/Smith/results', 'www.example.gov')).toBe('/Smith/results');
    // where the log names no host, what was refused stays readable
    const asked = (status: number, host?: string) =>
      askedHost({
        '@timestamp': 0,
        'event.category': 'web',
        'http.response.status_code': status,
        ...(host !== undefined && { 'destination.domain': host }),
      } as LogEvent);
    expect([asked(200), asked(404), asked(404, 'vote.example.gov')]).toEqual(['', null, 'vote.example.gov']);
    expect(redactPath('/Smith/phpmyadmin', token, { ...keep, host: null })).toBe('/Smith/phpmyadmin');
    const text = line('GET /Smith/.git/config HTTP/1.1');
    const at = text.indexOf('.git/config');
    const request = redactLine(
      text.replace('"-"', '"https://vote.example.gov/Marigoldova/search"'),
      'request',
      { ...keep, host: 'vote.example.gov', matched: [[at, at + 11]] },
      token,
    );
    expect(request.text).toContain(`GET /${token('Smith')}/.git/config HTTP`);
    expect(request.text).not.toContain('Marigoldova');
    expect(request.matched).toBe('.git/config');
  });

  it('escapes a request that is none, and shows at most its first bytes', () => {
    const { text } = redactLine(
      line(`\u0016\u0003\u0001\u00ff mail joe@example.org 123456789 ${'z'.repeat(500)}`),
      'request',
      {},
      token,
    );
    expect(text).toContain('\\x16\\x03\\x01\\xff');
    expect(text).not.toMatch(/joe|example\.org|123456789/);
    expect(text.match(/z+/)![0].length).toBeLessThan(MALFORMED_MAX);
  });

  it('shows a matched fragment that stands far behind in a request that is none', () => {
    const raw = line(`${'z'.repeat(400)}\${jndi:ldap://198.51.100.9/a}`);
    const start = raw.indexOf('${jndi');
    const result = redactLine(raw, 'request', { matched: [[start, start + 7]] }, token);
    expect(result.matched).toBe('${jndi:');
    expect(result.text).toContain('${jndi:');
  });

  it('decodes UTF-8 and never grows past its bound', () => {
    const latin1 = Buffer.from(line('GET /straße HTTP/1.1'), 'utf8').toString('latin1');
    expect(redacted(latin1)).toContain('/straße');
    const long = line(`GET /${'a/'.repeat(60_000)}x<script HTTP/1.1`);
    const at = long.indexOf('<script');
    const result = redactLine(long, 'request', { matched: [[at, at + 7]] }, token);
    expect(result.text.length).toBeLessThanOrEqual(TEXT_MAX);
    expect(result.text).toContain('<script');
  });

  it('keeps forwarded addresses and times behind the user agent, hides cookies', () => {
    const text = redacted(line('GET / HTTP/1.1', { tail: ' "10.0.0.1, 198.51.100.2" 0.003 "session=SMITH" SMITH' }));
    expect(text).toContain('"10.0.0.1, 198.51.100.2" 0.003');
    expect(text).not.toContain('SMITH');
  });
});

describe('a line of a firewall', () => {
  it('loses its link-layer addresses and nothing else', () => {
    const text =
      'Sep 14 08:00:29 web01 kernel: [1.2] nft-drop: IN=eth0 OUT= MAC=1a:c9:af:59:e0:ac:08:00 SRC=192.0.2.9 DST=203.0.113.10 ID=60053 SPT=53 DPT=52698';
    expect(redactLine(text, 'packet', {}, token).text).toBe(
      text.replace('1a:c9:af:59:e0:ac:08:00', token('1a:c9:af:59:e0:ac:08:00')),
    );
  });
});

describe('a path shown alone', () => {
  it.each([
    ['/wp-login.php', '/wp-login.php'],
    ['/.git/config', '/.git/config'],
    ['/lookup?last=SMITH#x', '/lookup'],
    ['/lookup;sid=SMITH/x', '/lookup;sid=~/x'],
    ['/lookup/voter/Quackenbush/1980-01-31', '/lookup/voter/~/~'],
    ['/voter/quackenbush', '/voter/~'],
    ['/Mary-Ann/123456789/status', '/~/~/status'],
    ['/voter/search', '/voter/search'],
    ['/news/quackenbush', '/news/quackenbush'],
    ['/voter/123456789', '/voter/~'],
    ['/ballot-19700131.pdf', '/~.pdf'],
    ['/u/joe@example.org', '/u/~'],
    ['/u/joe%40example.org', '/u/~'],
    ['/u/John%20Smith', '/u/~'],
    ['/born/1970/01/31/x', '/born/~/~/~/x'],
    ['/name=Smith/x', '/name=~/x'],
    ['/a%3Fname%3DSmith', '/a~'],
    ['/%31%32%33%34%35%36%37', '/~'],
    ['http://joe:pw@example.org/x', 'http://~@example.org/x'],
  ])('%s is %s', (path, shown) => {
    expect(redactPath(path)).toBe(shown);
  });

  it('is cut at 200 characters', () => {
    expect(redactPath(`/${'a'.repeat(5000)}`).length).toBe(200);
  });
});

describe('voters’ data', () => {
  const name = fc
    .constantFrom('Qwertysmith', "O'Zzbrien", 'Zoë-Xenia', 'MARTÍNEZQ')
    .map((n) => Buffer.from(n, 'utf8').toString('latin1'));
  const birth = fc
    .tuple(fc.integer({ min: 1920, max: 2008 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 10, max: 28 }))
    .chain(([y, m, d]) => {
      const mm = String(m).padStart(2, '0');
      return fc.constantFrom(
        `${y}-${mm}-${d}`,
        `${mm}/${d}/${y}`,
        `${mm}-${d}-${y}`,
        `${y}${mm}${d}`,
        `${mm}%2F${d}%2F${y}`,
        `${d}.${mm}.${y}`,
      );
    });
  const licence = fc
    .tuple(fc.constantFrom('S', 'DL', ''), fc.integer({ min: 1_000_000, max: 99_999_999 }))
    .map(([p, n]) => `${p}${n}`);
  const mail = fc.constantFrom('qwerty.smith@mailhost.example', 'zz+voter@mailhost.example', 'qq%40mailhost.example');
  const anything = fc.oneof(name, birth, licence, mail);
  const encode = (value: string, how: number) =>
    how === 0
      ? value
      : how === 1
        ? encodeURIComponent(value)
        : value.replace(/[a-z]/gi, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const survives = (text: string, value: string, how: number) => {
    const shown = redactLine(text, 'request', {}, token).text;
    return shown.includes(Buffer.from(value, 'latin1').toString('utf8')) || shown.includes(encode(value, how));
  };

  it('never survives in a value, matrix parameter, user, referrer query, fragment or cookie', () => {
    const places: ((v: string) => string)[] = [
      (v) => line(`GET /lookup?a=1&last=${v}&z=2 HTTP/1.1`),
      (v) => line(`GET /lookup?${v} HTTP/1.1`),
      (v) => line(`GET /lookup?x[name]=a;b=${v} HTTP/1.1`),
      (v) => line(`POST /lookup;last=${v}/next?x HTTP/1.1`),
      (v) => line(`GET /lookup#${v} HTTP/1.1`),
      (v) => line(`GET /lookup?last=${v}`),
      (v) => line(`GET http://h.example/lookup?last=${v} HTTP/1.0`),
      (v) => line('GET / HTTP/1.1', { user: v }),
      (v) => line('GET / HTTP/1.1', { user: `${v} Jr` }),
      (v) => line('GET / HTTP/1.1', { referrer: `https://www.example.gov/lookup?last=${v}&x=1` }),
      (v) => line('GET / HTTP/1.1', { referrer: `https://www.example.gov/lookup#${v}` }),
      (v) => line('GET / HTTP/1.1', { referrer: v }),
      (v) => line('GET / HTTP/1.1', { agent: `App/1.0 (x?last=${v})` }),
      (v) => line('GET / HTTP/1.1', { tail: ` "${v}"` }),
    ];
    fc.assert(
      fc.property(anything, fc.constantFrom(...places), fc.constantFrom(0, 1, 2), (value, place, how) => {
        fc.pre(!(how === 0 && value.includes('/') && place(value).includes('#')));
        const text = place(encode(value, how));
        return !survives(text, value, how);
      }),
      { numRuns: 1500, seed: 7 },
    );
  });

  it('never survives as a path segment that looks like it', () => {
    fc.assert(
      fc.property(
        fc.oneof(birth, licence, mail),
        fc.constantFrom(0, 1),
        fc.constantFrom('/voter/', '/v/x-', '/'),
        (value, how, prefix) => {
          const text = line(`GET ${prefix}${encode(value, how)}/card HTTP/1.1`);
          return !survives(text, value, how) && !redactPath(`${prefix}${encode(value, how)}`).includes(value);
        },
      ),
      { numRuns: 800, seed: 7 },
    );
  });

  it('is never reached by throwing: any bytes, any ranges give a text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: -5, max: 400 }),
        fc.integer({ min: -5, max: 400 }),
        fc.boolean(),
        (noise, from, to, framed) => {
          const bytes = Buffer.from(noise, 'latin1').toString('latin1');
          const text = framed ? line(bytes) : bytes;
          const result = redactLine(text, 'request', { matched: [[from, to]] }, token);
          expect(result.text.length).toBeLessThanOrEqual(TEXT_MAX);
        },
      ),
      { numRuns: 1000, seed: 7 },
    );
  });

  it('costs linear time on a hostile line of 256 KiB', () => {
    for (const unit of ['/a', '1-', '@', '%25', 'a=&', ';', '?', 'http://', 'jan ', '\\"', '1970/01/', ' [']) {
      const grown = growth(262_144, (length) => {
        redacted(line(`GET /${unit.repeat(length / unit.length)} HTTP/1.1`));
        redacted(unit.repeat(length / unit.length));
      });
      expect(grown, unit).toBeLessThan(LINEAR_MAX);
    }
  });
});
