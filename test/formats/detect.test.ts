/** Which format the first lines of an origin are taken for. */
import { expect, it } from 'vitest';
import { detectFormat } from '../../src/formats/detect.ts';
import { formats } from '../../src/formats/index.ts';

const [combined, netfilter] = formats;
const name = (lines: string[]) => detectFormat(Buffer.from(lines.join('\n'), 'latin1'))?.name ?? null;

it('a format is recognised among binary, empty and foreign lines', () => {
  for (const format of formats) {
    expect(name(['\x7fELF\x00\x01', '', '   ', '# comment', 'hello', '\xff\xfe\xfd', format.example, ''])).toBe(
      format.name,
    );
  }
});

it('the format that fits more lines wins', () => {
  const [web, packet] = [combined!.example, netfilter!.example];
  expect(name([web, packet, packet])).toBe('netfilter');
  expect(name([web, packet, web])).toBe('combined');
});

it('a log in no known format is no format, and so is a single line of one among many of another', () => {
  expect(name([])).toBeNull();
  expect(name(['{"level":"info"}', 'key=value', '2026-09-14 08:01:00 something happened'])).toBeNull();
  expect(name([...Array<string>(60).fill('GET / 200'), combined!.example])).toBeNull();
});

it('a log with host names instead of addresses is recognised, so that its refusal can say why', () => {
  const line = combined!.example.replace('203.0.113.9', 'pc7.isp.example.net');
  expect(name([line])).toBe('combined');
});

it('a kernel log whose first packets come late is recognised by its kernel lines', () => {
  const lines = Array.from({ length: 300 }, (_, i) => `Sep 14 08:01:00 gw01 kernel: [${i}.000000] usb 1-1: new device`);
  expect(name(lines)).toBe('netfilter');
});

it('a syslog of other programs only is no packet log', () => {
  expect(name(Array<string>(50).fill('Sep 14 08:01:00 gw01 sshd[7]: Accepted publickey for root'))).toBeNull();
});

it('a sample that ends in the middle of a line, or has no line end at all, is enough', () => {
  expect(name([combined!.example, combined!.example.slice(0, 20)])).toBe('combined');
  expect(detectFormat(new Uint8Array(70_000).fill(65))).toBeNull();
});

it('only the first 200 lines count', () => {
  expect(name([...Array<string>(200).fill('junk'), ...Array<string>(500).fill(combined!.example)])).toBeNull();
});
