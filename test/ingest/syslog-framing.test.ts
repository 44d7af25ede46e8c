/** How bytes of a connection are cut into syslog messages, whatever the sender and the network make of them. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSyslogFraming, MESSAGE_BYTES_MAX, type SyslogFraming } from '../../src/ingest/syslog-framing.ts';
import { growth, LINEAR_MAX } from '../parts/growth.ts';

const push = (framing: SyslogFraming, ...parts: string[]) =>
  parts.flatMap((part) => framing.push(Buffer.from(part, 'latin1'))).map((message) => message.toString('latin1'));
const framed = (...messages: string[]) => messages.map((message) => `${message.length} ${message}`).join('');

it('messages are counted or end with line feeds, as the first bytes of a connection say', () => {
  expect(push(createSyslogFraming(), framed('<34>1 a', '<34>1 b\nc'))).toEqual(['<34>1 a', '<34>1 b\nc']);
  expect(push(createSyslogFraming(), '<34>a\n<34>b\r\n')).toEqual(['<34>a', '<34>b\r']);
  expect(push(createSyslogFraming(), '203.0.113.9 - - x\n')).toEqual(['203.0.113.9 - - x']);
  expect(push(createSyslogFraming(), '12 monkeys\n')).toEqual(['12 monkeys']);
});

it('any cut of the bytes gives the same messages', () => {
  const message = fc.string({ unit: fc.constantFrom('a', '<', '>', ' ', '1', '9', '\n'), maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.nat(400), { maxLength: 8 }),
      (texts, isCounted, cuts) => {
        const messages = texts.map((text) => `<13>${isCounted ? text : text.replaceAll('\n', '')}`);
        const bytes = isCounted ? framed(...messages) : messages.map((text) => `${text}\n`).join('');
        const at = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
        const parts = [0, ...at].map((start, i) => bytes.slice(start, at[i] ?? bytes.length));
        const framing = createSyslogFraming();
        expect(push(framing, ...parts)).toEqual(messages);
        expect([framing.isInside, framing.isBroken, framing.end()]).toEqual([false, false, null]);
      },
    ),
    { numRuns: 500, seed: 20261103 },
  );
});

it('a message that is too long is passed over, the ones around it are not', () => {
  const long = `<13>${'A'.repeat(MESSAGE_BYTES_MAX)}`;
  for (const bytes of [framed('<13>a', long, '<13>b'), `<13>a\n${long}\n<13>b\n`]) {
    for (const size of [bytes.length, 65_536, 1000]) {
      const framing = createSyslogFraming();
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.slice(i * size, (i + 1) * size),
      );
      expect(push(framing, ...parts)).toEqual(['<13>a', '<13>b']);
      expect(framing.overlong).toBe(1);
    }
  }
});

it('a last line without its end is a message, a counted one that is cut is none', () => {
  const lines = createSyslogFraming();
  expect(push(lines, '<13>a\n<13>b')).toEqual(['<13>a']);
  expect(lines.end()?.toString()).toBe('<13>b');
  const counted = createSyslogFraming();
  expect(push(counted, `${framed('<13>a')}9 <13>b`)).toEqual(['<13>a']);
  expect(counted.end()).toBeNull();
  expect(counted.isInside).toBe(true);
});

it('a sender that begins to count and then does not is broken, and nothing is guessed', () => {
  for (const wrong of ['x <13>b', '0 <13>b', '99999999 <13>', '123456789012', ' <13>']) {
    const framing = createSyslogFraming();
    expect(push(framing, `${framed('<13>a')}${wrong}`)).toEqual(['<13>a']);
    expect(framing.isBroken).toBe(true);
    expect(push(framing, framed('<13>c'))).toEqual([]);
  }
});

it('any bytes are taken without an error, and no more than a message is held', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (parts) => {
      const framing = createSyslogFraming();
      const total = parts.reduce((sum, part) => sum + part.length, 0);
      const found = parts.flatMap((part) => framing.push(Buffer.from(part)));
      expect(found.reduce((sum, message) => sum + message.length, 0)).toBeLessThanOrEqual(total);
    }),
    { numRuns: 500, seed: 20261103 },
  );
});

it('a message that comes byte by byte costs in proportion to its length', () => {
  const byte = Buffer.from('A');
  const grown = growth(128 * 1024, (length) => {
    const framing = createSyslogFraming();
    for (let i = 0; i < length; i++) framing.push(byte);
  });
  expect(grown).toBeLessThan(LINEAR_MAX);
});
