/** The ECS document of one event, as `pollwatch parse` prints it. */
import { expect, it } from 'vitest';
import { findFormat } from '../../src/formats/index.ts';
import { eventDocument } from '../../src/sinks/event-document.ts';
import { CONTEXT } from '../formats/rows.ts';

function documentOf(format: string, line: string): object {
  const parsed = findFormat(format)!.parseLine(line, CONTEXT);
  if (!('event' in parsed)) throw new Error(JSON.stringify(parsed));
  return eventDocument(parsed.event, { name: '/var/log/a.log', line: 7 });
}

it('a request is a nested document with the fields of ECS', () => {
  expect(documentOf('combined', findFormat('combined')!.example)).toEqual({
    '@timestamp': '2026-09-14T06:01:00.000Z',
    ecs: { version: '9.4.0' },
    event: { kind: 'event', category: ['web'], type: ['access'], outcome: 'failure' },
    log: { file: { path: '/var/log/a.log', line: 7 } },
    source: { ip: '203.0.113.9' },
    http: { request: { method: 'GET' }, version: '1.1', response: { status_code: 404, body: { bytes: 153 } } },
    url: { original: '/a?b=1', path: '/a', query: 'b=1' },
    user_agent: { original: 'curl/8.5.0' },
  });
});

it('a packet says what became of it, and keeps what ECS has no field for under pollwatch', () => {
  const line = findFormat('netfilter')!
    .example.replace('PROTO=UDP', 'PROTO=TCP')
    .replace('DPT=1900', 'DPT=0 RES=0x00 SYN');
  expect(documentOf('netfilter', line)).toMatchObject({
    event: { category: ['network'], type: ['connection', 'denied'], action: '[fw DROP]' },
    network: { transport: 'tcp' },
    destination: { ip: '198.51.100.1', port: 0 },
    host: { name: 'gw01' },
    observer: { ingress: { interface: { name: 'eth0' } } },
    log: { file: { line: 7 } },
    pollwatch: { tcp_flags: ['SYN'], ip_id: 1 },
  });
});

it('bytes of the log are UTF-8 where they can be, and U+FFFD where they cannot', () => {
  const line = findFormat('combined')!.example.replace('curl', Buffer.from('Größe \xff', 'utf8').toString('latin1'));
  expect(documentOf('combined', line)).toMatchObject({ user_agent: { original: 'Größe ÿ/8.5.0' } });
  const invalid = findFormat('combined')!.example.replace('curl', 'caf\xe9 \xf0\x9f');
  expect(documentOf('combined', invalid)).toMatchObject({ user_agent: { original: 'caf\ufffd \ufffd/8.5.0' } });
});

it('a line of the log cannot add fields or break out of its own', () => {
  const line = findFormat('combined')!.example.replace('curl', '{"a":1}\x1b[31m</script>__proto__');
  const text = JSON.stringify(documentOf('combined', line));
  expect(text.split('\n').length).toBe(1);
  expect(text).not.toContain('\x1b');
  expect(JSON.parse(text)).toMatchObject({ user_agent: { original: '{"a":1}\x1b[31m</script>__proto__/8.5.0' } });
});
