/** Events in columns: what an arena holds, and that a row read back is the event that was put in. */
import { expect, it } from 'vitest';
import { appendEvent, fillLines } from '../../src/formats/append-event.ts';
import { findFormat, formats } from '../../src/formats/index.ts';
import { createBatch, FLAG, NO_SIZE } from '../../src/model/batch.ts';
import type { LogEvent } from '../../src/model/event.ts';
import { createTally } from '../../src/model/tally.ts';
import { eventOf } from './row-event.ts';
import { CONTEXT, run } from './rows.ts';

it('an event that was appended reads back as it was', () => {
  for (const format of formats) {
    const parsed = format.parseLine(format.example, CONTEXT);
    if (!('event' in parsed)) throw new Error('the example is an event');
    const {
      'host.name': _host,
      'event.action': _action,
      'observer.ingress.interface.name': _in,
      ...columns
    } = parsed.event;
    const batch = createBatch(2);
    appendEvent(batch, parsed.event, 0, 0, 17);
    expect(eventOf(batch, 0)).toEqual(columns);
    expect([batch.n, batch.lineOffset[0]]).toEqual([1, 17]);
  }
});

it('a batch that is full takes no more', () => {
  const batch = createBatch(1);
  const event: LogEvent = { '@timestamp': 0, 'event.category': 'web', 'source.ip': '192.0.2.1' };
  appendEvent(batch, event, 0, 0, 0);
  expect(() => appendEvent(batch, event, 0, 0, 0)).toThrow(RangeError);
});

it('the arena grows with what is put into it, and keeps what it holds', () => {
  const format = findFormat('combined')!;
  const line = (i: number) => format.example.replace('/a?b=1', `/${i}/${'x'.repeat(500)}?q`);
  const bytes = Buffer.from(`${Array.from({ length: 1000 }, (_, i) => line(i)).join('\n')}\n`);
  const { rows } = run(format, bytes, 'fillLines', 1000);
  expect(rows.length).toBe(1000);
  for (const [i, row] of rows.entries()) {
    expect([row['line'], String(row['target']).split('/')[1]]).toEqual([line(i), String(i)]);
  }
});

it('an emptied batch starts its arena anew and forgets the rows before', () => {
  const format = findFormat('combined')!;
  const batch = createBatch(8);
  const bytes = Buffer.from(`::1 - bob ${format.example.slice(16)}\n`);
  const fill = () => fillLines(format, bytes, 0, bytes.length, 0, batch, CONTEXT, createTally());
  fill();
  const first = { end: batch.textEnd, user: batch.userEnd[0]! - batch.userStart[0]! };
  expect(first.user).toBe(3);
  batch.n = 0;
  fill();
  expect(batch.textEnd).toBe(first.end);
  batch.n = 0;
  const packets = Buffer.from(`${findFormat('netfilter')!.example}\n`);
  fillLines(findFormat('netfilter')!, packets, 0, packets.length, 0, batch, CONTEXT, createTally());
  expect([batch.userEnd[0]! - batch.userStart[0]!, batch.status[0], batch.size[0], batch.sourceIidLo[0]]).toEqual([
    0,
    0,
    NO_SIZE,
    0,
  ]);
});

it('a kernel never writes into the block that it was given, even when the batch was an arena before', () => {
  const format = findFormat('combined')!;
  const batch = createBatch(8);
  const bytes = Buffer.from(`${format.example}\n`);
  fillLines(format, bytes, 0, bytes.length, 0, batch, CONTEXT, createTally());
  batch.n = 0;
  format.fill?.(bytes, 0, bytes.length, 0, batch, CONTEXT, createTally());
  expect(batch.bytes).toBe(bytes);
  batch.n = 0;
  fillLines(format, Buffer.from('\n'), 0, 1, 0, batch, CONTEXT, createTally());
  appendEvent(
    batch,
    { '@timestamp': 0, 'event.category': 'web', 'source.ip': '192.0.2.1', 'url.original': 'XXXX' },
    0,
    0,
    0,
  );
  expect(bytes.toString()).toBe(`${format.example}\n`);
});

it('private, loopback and IPv6 sources carry their flags', () => {
  const batch = createBatch(4);
  for (const ip of ['10.1.2.3', '::1', '2001:db8::1', '203.0.113.9']) {
    appendEvent(batch, { '@timestamp': 0, 'event.category': 'web', 'source.ip': ip }, 0, 0, 0);
  }
  const flags = [...batch.flags].map((bits) => bits & (FLAG.privateSource | FLAG.ipv6));
  expect(flags).toEqual([FLAG.privateSource, FLAG.privateSource | FLAG.ipv6, FLAG.ipv6, 0]);
  expect(eventOf(batch, 1)['source.ip']).toBe('::1');
});

it('sizes beyond 32 bits and methods that have no code are what the columns can say', () => {
  const batch = createBatch(1);
  const event: LogEvent = { '@timestamp': 0, 'event.category': 'web', 'source.ip': '192.0.2.1' };
  appendEvent(batch, { ...event, 'http.request.method': 'BREW', 'http.response.body.bytes': 2 ** 40 }, 0, 0, 0);
  const back = eventOf(batch, 0);
  expect([back['http.request.method'], back['http.response.body.bytes']]).toEqual(['other', NO_SIZE - 1]);
});
