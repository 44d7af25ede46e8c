/** Chunks into records: what is counted, what evidence is kept, what is said of lines that nobody can read. */
import { describe, expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { mergeDelta } from '../../src/measure/delta.ts';
import { findRow } from '../../src/measure/ledger.ts';
import { createState } from '../../src/measure/state.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { createScanner, measureKey } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { type Chunk, ChunkError, scanChunks } from '../../src/shard/chunk.ts';
import { EvidenceError, openEvidence } from '../../src/shard/chunk-evidence.ts';
import { decodeRecord, encodeAck, RecordError } from '../../src/shard/record.ts';
import { filesOf, generate } from '../laws/generator.ts';
import { SECRET } from '../laws/small-run.ts';
import { chunksOf, ORG, RULES, settingNamed } from './folding.ts';

const { inventory } = settingNamed('none');
const newScanner = () => createScanner(rulesOf([]), inventory, SECRET);

function chunkOf(text: string, more: Partial<Chunk> = {}): Chunk {
  return {
    ref: { org: ORG, origin: 3, seq: 0 },
    offset: 1000,
    bytes: Buffer.from(text, 'latin1'),
    format: 'combined',
    context: { origin: 3, referenceMs: 0, timezone: 'UTC' },
    asset: 0,
    ...more,
  };
}

const line = (path: string, status: number) =>
  `192.0.2.1 - - [14/Sep/2026:10:00:00 +0000] "GET ${path} HTTP/1.1" ${status} 12 "-" "Mozilla/5.0"\n`;

describe('chunks', () => {
  it('make the same bytes on every scanner and in whatever order they are given', () => {
    const files = filesOf(generate(3).lines);
    const chunks = chunksOf(
      [
        { format: 'combined', bytes: files.combined },
        { format: 'netfilter', bytes: files.netfilter },
      ],
      7000,
    );
    const scanner = newScanner();
    const first = scanChunks(scanner, 0, RULES, chunks);
    const again = scanChunks(scanner, 0, RULES, [...chunks].reverse());
    const other = scanChunks(newScanner(), 0, RULES, chunks);
    for (const same of [again, other]) {
      expect(Buffer.from(same.record).equals(Buffer.from(first.record))).toBe(true);
      expect(same.evidence.map((e) => Buffer.from(e.lines))).toEqual(first.evidence.map((e) => Buffer.from(e.lines)));
    }
    expect(first.evidence.length).toBeGreaterThan(3);
  });

  it('add up: lines are events, skipped and refused', () => {
    const { stats, record } = scanChunks(newScanner(), 0, RULES, [
      chunkOf(`${line('/', 200)}nonsense of Zebulonsen, 555-0199\n\n${line('/.env', 404)}`),
    ]);
    expect(stats).toMatchObject({ lines: 4, events: 2, refused: 1, skipped: 1, chunks: 1 });
    const decoded = decodeRecord(record);
    expect(decoded.kind).toBe('delta');
    if (decoded.kind !== 'delta') return;
    const [kind] = [...decoded.origins[0]!.tally.refused.values()];
    expect(kind!.samples.map((s) => s.text)).toEqual(['xxxxxxxx xx xxxxxxxxxx, 999-9999']);
    expect(Buffer.from(record).includes('Zebulonsen')).toBe(false);
  });

  it('keep the lines that something was noted of, by their offset, and no others', () => {
    const text = line('/', 200) + line('/.env', 404) + line('/about', 200);
    const { evidence } = scanChunks(newScanner(), 0, RULES, [chunkOf(text)]);
    const lines = openEvidence(evidence[0]!.lines);
    expect(lines.head).toMatchObject({ format: 'combined', offset: 1000, end: 1000 + text.length });
    expect(lines.lineAt(1000 + line('/', 200).length)).toBe(line('/.env', 404).trimEnd());
    expect(lines.lineAt(1000)).toBeNull();
    expect(lines.lineAt(1000 + text.length - line('/about', 200).length)).toBeNull();
    expect(scanChunks(newScanner(), 0, RULES, [chunkOf(line('/', 200))]).evidence).toEqual([]);
  });

  it('refuse a line of more than 256 KiB as a whole, as a file does, and read what stands around it', () => {
    const long = `${line('/a', 404)}${'x'.repeat(256 * 1024 + 1)}\n${line('/b', 404)}`;
    const { stats, record } = scanChunks(newScanner(), 0, RULES, [chunkOf(long)]);
    expect(stats).toMatchObject({ lines: 3, events: 2, refused: 1 });
    const decoded = decodeRecord(record);
    if (decoded.kind !== 'delta') throw new Error('no delta');
    expect([...decoded.origins[0]!.tally.refused.keys()]).toEqual(['line longer than 256 KiB']);
    const exactly = `${'x'.repeat(256 * 1024)}\n`;
    const fits = decodeRecord(scanChunks(newScanner(), 0, RULES, [chunkOf(exactly)]).record);
    if (fits.kind !== 'delta') throw new Error('no delta');
    expect([...fits.origins[0]!.tally.refused.keys()]).not.toContain('line longer than 256 KiB');
  });

  it('behind a declared proxy are of the client that it names, and of a stranger never', () => {
    const behind = parseInventory(
      'version: 1\norganization: {id: us-xx-a, name: A}\ncontacts: {it: {email: [it@example.gov]}}\nassets:\n' +
        '  - {id: a, name: A, kind: other, owner: it, client_ip: {header: X-Forwarded-For, trusted_proxies: [10.0.0.5/32]}}\n',
      'inventory.yaml',
    );
    const isSource = (office: Inventory, first: string, last: string) => {
      const text = ['/', '/.env', '/wp-login.php', '/about']
        .map((path) => line(path, 404).replace('192.0.2.1', first).replace('\n', ` "${last}"\n`))
        .join('');
      const { record } = scanChunks(createScanner(rulesOf([]), office, SECRET), 0, RULES, [chunkOf(text)]);
      const decoded = decodeRecord(record);
      if (decoded.kind !== 'delta') throw new Error('no delta');
      const state = createState(measureKey(SECRET).a);
      mergeDelta(state, decoded.state);
      const has = (v4: number) => findRow(state.ledger, 0, 0, v4) >= 0;
      return { client: has(0xc6336407), proxy: has(0x0a000005) };
    };
    const client = { client: true, proxy: false };
    const [visitor, proxy] = ['198.51.100.7', '10.0.0.5'];
    expect(isSource(behind, proxy, visitor)).toEqual(client);
    expect(isSource(behind, visitor, proxy)).toEqual(client);
    expect(isSource(inventory, proxy, visitor)).toEqual({ client: false, proxy: true });
  });

  it('of a format that is not known are not scanned at all', () => {
    const scanner = newScanner();
    expect(() =>
      scanChunks(scanner, 0, RULES, [chunkOf(line('/', 404)), chunkOf('x\n', { format: 'of-tomorrow' })]),
    ).toThrow(ChunkError);
    expect(scanner.tallies.size).toBe(0);
  });
});

describe('a record', () => {
  it('that is cut, damaged or none is refused; one of a newer version says so', () => {
    const { record } = scanChunks(newScanner(), 0, RULES, [chunkOf(line('/.env', 404))]);
    const damaged = Uint8Array.from(record);
    damaged.fill(0, 20, 40);
    const newer = Uint8Array.from(record);
    newer[4] = 99;
    const faultOf = (bytes: Uint8Array): RecordError => {
      try {
        decodeRecord(bytes);
      } catch (error) {
        if (error instanceof RecordError) return error;
        throw error;
      }
      throw new Error('it was read');
    };
    for (const bytes of [new Uint8Array(0), record.slice(0, 6), record.slice(0, -5), damaged, record.slice(4)])
      expect(faultOf(bytes).isNewer).toBe(false);
    expect(faultOf(newer).isNewer).toBe(true);
  });

  it('of an acknowledgement says what was said', () => {
    const ack = { id: 'a'.repeat(32), status: 'ack', atMs: 5 } as const;
    expect(decodeRecord(encodeAck(ack))).toEqual({ kind: 'ack', ...ack });
  });
});

describe('packed lines', () => {
  it('that are cut or of another kind are refused', () => {
    const { evidence } = scanChunks(newScanner(), 0, RULES, [chunkOf(line('/.env', 404))]);
    const bytes = evidence[0]!.lines;
    for (const wrong of [new Uint8Array(0), bytes.slice(1), bytes.slice(0, -1), bytes.slice(0, 12)])
      expect(() => openEvidence(wrong)).toThrow(EvidenceError);
    expect(openEvidence(bytes).lineAt(1000)).toContain('/.env');
  });
});
