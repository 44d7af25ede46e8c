/**
 * What a shard tells and when: at once what later lines can only add to, the rest when its window is past; revisions only
 * of what changed; what no longer holds is taken back; acknowledgements stay; what was dropped is not taken back.
 */
import { describe, expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { readVisits } from '../../src/detect/visit.ts';
import { encodeState, mergeDelta } from '../../src/measure/delta.ts';
import { TAG } from '../../src/measure/entry.ts';
import { createScanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import type { TellingSetting } from '../../src/shard/alert-document.ts';
import { type Chunk, scanChunks } from '../../src/shard/chunk.ts';
import { tell } from '../../src/shard/documents.ts';
import { renumberRules } from '../../src/shard/entries.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { lookBackDays, OPEN_DAYS, pruneShard } from '../../src/shard/pruning.ts';
import { decodeRecord, encodeAck, encodeDelta, encodeRules, RecordError, rulesDigest } from '../../src/shard/record.ts';
import { ruleNames } from '../../src/shard/rule-numbers.ts';
import { createShard, type Shard } from '../../src/shard/shard.ts';
import { decodeShard, encodeShard } from '../../src/shard/snapshot-form.ts';
import type { Told } from '../../src/shard/told-alert.ts';
import { emptyState } from '../laws/small-run.ts';
import {
  chunksOf,
  commit,
  commitFacts,
  emptyShard,
  RULES,
  type Scanned,
  scanJobs,
  settingNamed,
  tellFrom,
} from './folding.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 8, 1, 10);
const setting = settingNamed('none');
const FLOODED = `version: 1
organization: {id: us-xx-laws, name: Law County}
assets: [{id: results, name: Results, kind: results_enr, url_prefixes: [/results]}]
`;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A request at an instant. */
function request(ms: number, path: string, status: number, ip = '198.51.100.7'): string {
  const d = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${two(d.getUTCDate())}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}`;
  const time = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  return `${ip} - - [${day}:${time} +0000] "GET ${path} HTTP/1.1" ${status} 153 "-" "Mozilla/5.0"\n`;
}

/** A denied packet at an instant. */
function packet(ms: number, port: number, ip = '198.51.100.9'): string {
  const time = new Date(ms).toISOString().slice(0, -1);
  return `${time}000+00:00 gw01 kernel: [netfilter DROP] IN=eth0 OUT= SRC=${ip} DST=203.0.113.10 LEN=44 PROTO=TCP SPT=4000 DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0 \n`;
}

const missing = (from: number, n: number, status = 404) =>
  Array.from({ length: n }, (_, i) => request(from + i * 1000, `/missing-${i}`, status));
const scan = (from: number, n: number) => Array.from({ length: n }, (_, i) => packet(from + i * 1000, 2000 + i));

/** A shard that gets lines piece by piece. */
function live(): {
  shard: Shard;
  told: Map<string, Told>;
  add(...lines: string[]): void;
  tell(closedMs: number): Promise<{ told: string[]; waiting: number; withdrawn: string[] }>;
} {
  const shard = emptyShard('none');
  const kept: Scanned = { records: [], evidence: new Map(), lines: 0 };
  const told = new Map<string, Told>();
  const written = [0, 0];
  const cut = [0, 0];
  return {
    shard,
    told,
    add(...lines) {
      for (const [i, format] of (['combined', 'netfilter'] as const).entries()) {
        const own = lines.filter((l) => l.includes('kernel:') === (format === 'netfilter')).join('');
        if (own === '') continue;
        const [{ ref, ...chunk }] = chunksOf([{ format, bytes: Buffer.from(own) }], 1 << 20) as [Chunk];
        const here = { ...chunk, offset: written[i]!, ref: { ...ref, origin: i + 1, seq: cut[i]! } };
        written[i]! += own.length;
        cut[i]!++;
        const scanned = scanJobs([[here]], 'none');
        for (const [name, lines] of scanned.evidence) kept.evidence.set(name, lines);
        foldRecord(shard, setting, scanned.records[0]!);
      }
    },
    async tell(closedMs) {
      const tidings = await tellFrom(shard, kept, 'none', { closedMs, told });
      commit(told, tidings);
      const name = (d: (typeof tidings.documents)[number]) => d.more.brief.detection;
      return {
        told: tidings.documents
          .filter((d) => d.more.status !== 'withdrawn')
          .map(name)
          .sort(),
        withdrawn: tidings.documents
          .filter((d) => d.more.status === 'withdrawn')
          .map(name)
          .sort(),
        waiting: tidings.waiting,
      };
    },
  };
}

describe('an alert', () => {
  it('that only grows is told at once, one that may be taken back when its window is past', async () => {
    const office = live();
    office.add(...scan(START, 15), ...missing(START, 12));
    expect(await office.tell(START + MINUTE)).toMatchObject({ told: ['F01'] });
    expect(await office.tell(START + 20 * MINUTE - 1)).toMatchObject({ told: [] });
    expect((await office.tell(START + 20 * MINUTE)).told).toContain('W01');
  });

  it('is not told again when nothing in it changed, and is with the next version when it did', async () => {
    const office = live();
    office.add(...scan(START, 15));
    const end = Number.POSITIVE_INFINITY;
    await office.tell(end);
    const [first] = [...office.told.values()];
    expect(first!.v).toBe(2 ** 32 + 1);
    expect(await office.tell(end)).toMatchObject({ told: [], withdrawn: [], waiting: 0 });
    office.add(request(START, '/', 200, '192.0.2.200'));
    expect(await office.tell(end)).toMatchObject({ told: [], withdrawn: [] });
    office.add(packet(START + MINUTE, 9000));
    expect((await office.tell(end)).told).toContain('F01');
    const f01 = [...office.told.values()].find((t) => t.brief.detection === 'F01');
    expect(f01!.v).toBe(2 ** 32 + 2);
  });

  it('that was taken back is taken back from the parent too, also when a worker died before it had said so', async () => {
    const office = live();
    const told = office.told;
    const next = () =>
      tell(
        office.shard,
        { ...setting, parent: 'us-xx' },
        { closedMs: START + DAY, nowMs: 0, generation: 1, told, evidence: new Map() },
      );
    office.add(...missing(START, 12));
    const first = await next();
    commit(told, first);
    const fact = first.facts.find(({ fact }) => told.get(fact.id)?.brief.detection === 'W01')!;
    commitFacts(told, first);
    office.add(...Array.from({ length: 30 }, (_, i) => request(START + i * 1000, `/page-${i}`, 200)));
    // the document is committed, the fact is not
    commit(told, await next());
    const again = await next();
    expect(again.documents).toEqual([]);
    expect(again.facts).toMatchObject([{ fact: { id: fact.fact.id, sighting: null }, to: 'us-xx' }]);
    commitFacts(told, again);
    expect((await next()).facts).toEqual([]);
  });

  it('of a flood is told at the end of a day on which nothing else says what is usual', async () => {
    const flooded: TellingSetting = { ...setting, inventory: parseInventory(FLOODED, 'inventory.yaml') };
    const slices = (from: number, spans: number, n: number, status: number) =>
      Array.from({ length: spans * n }, (_, i) =>
        request(from + Math.floor(i / n) * 2 * MINUTE + (i % n) * 500, '/results', status, `198.51.100.${1 + (i % n)}`),
      );
    const log = [...slices(START, 10, 5, 200), ...slices(START + 20 * MINUTE, 3, 150, 503)].join('');
    const scanner = createScanner(rulesOf([]), flooded.inventory, flooded.secret);
    const chunks = chunksOf([{ format: 'combined', bytes: Buffer.from(log) }], 1 << 20);
    const shard = createShard(flooded);
    foldRecord(shard, flooded, scanChunks(scanner, 0, RULES, chunks).record);
    const toldAt = async (closedMs: number) =>
      (await tell(shard, flooded, { closedMs, nowMs: 0, generation: 1, told: new Map(), evidence: new Map() })).alerts
        .map(({ detection }) => detection)
        .filter((detection) => detection === 'election.results_flood');
    expect(await toldAt(START + 13 * HOUR)).toEqual([]);
    expect(await toldAt(START + 14 * HOUR)).toEqual(['election.results_flood']);
  });

  it('that no longer holds is taken back by a revision, and told again when it holds again', async () => {
    const office = live();
    office.add(...missing(START, 12));
    const early = await office.tell(START + HOUR);
    expect(early.told).toContain('W01');
    // a visitor who was given most pages that he asked for
    office.add(...Array.from({ length: 30 }, (_, i) => request(START + i * 1000, `/page-${i}`, 200)));
    expect((await office.tell(START + 2 * HOUR)).withdrawn).toContain('W01');
    expect((await office.tell(START + 2 * HOUR)).withdrawn).toEqual([]);
    office.add(...missing(START + 40_000, 40).map((line) => line.replace('/missing-', '/other-')));
    expect((await office.tell(START + 2 * HOUR)).told).toContain('W01');
  });

  it('keeps the time at which it was told first, and continues that of the day before', async () => {
    const office = live();
    office.add(...scan(START, 15));
    await office.tell(Number.POSITIVE_INFINITY);
    office.add(...scan(START + DAY, 15));
    await office.tell(Number.POSITIVE_INFINITY);
    const f01 = [...office.told].filter(([, t]) => t.brief.detection === 'F01').sort((a, b) => a[1].day - b[1].day);
    expect(f01).toHaveLength(2);
    expect(f01[1]![1].continues).toBe(f01[0]![0]);
    expect(f01[0]![1].continues).toBeNull();
  });

  it('that was acknowledged says so and goes on saying so as it grows; of two statuses the later one counts', async () => {
    const office = live();
    office.add(...scan(START, 15));
    await office.tell(Number.POSITIVE_INFINITY);
    const id = [...office.told].find(([, t]) => t.brief.detection === 'F01')![0];
    foldRecord(office.shard, setting, encodeAck({ id, status: 'closed', atMs: 9 }));
    foldRecord(office.shard, setting, encodeAck({ id, status: 'ack', atMs: 8 }));
    expect((await office.tell(Number.POSITIVE_INFINITY)).told).toEqual(['F01']);
    expect(office.told.get(id)!.status).toBe('closed');
    office.add(packet(START + MINUTE, 9000));
    await office.tell(Number.POSITIVE_INFINITY);
    expect(office.told.get(id)).toMatchObject({ status: 'closed', v: 2 ** 32 + 3 });
    const again = decodeShard(setting, encodeShard(office.shard, setting));
    expect(again.acks.get(id)!.status).toBe('closed');
  });
});

describe('a source that has returned', () => {
  const end = Number.POSITIVE_INFINITY;
  const later = lookBackDays(setting.ruleSet) + 4;
  const returning = (office: ReturnType<typeof live>, label: string) =>
    [...office.told.values()]
      .filter((t) => t.brief.detection === 'F01' && t.brief.label === label)
      .map((t) => t.returning);

  it('stays one when its first alert is forgotten: nothing in the later alert changes, and no revision is made', async () => {
    const office = live();
    office.add(...scan(START, 15));
    await office.tell(end);
    office.add(...scan(START + later * DAY, 15));
    await office.tell(end);
    const label = new Date(START + later * DAY).toISOString().slice(0, 10);
    expect(returning(office, label)).toEqual([true]);
    office.add(packet(START + (later + 6) * DAY, 22, '192.0.2.9'));
    expect(pruneShard(office.shard, setting)).toBe(true);
    await office.tell(end);
    expect(returning(office, '2026-09-01')).toEqual([]);
    expect(await office.tell(end)).toMatchObject({ told: [], withdrawn: [] });
    expect(returning(office, label)).toEqual([true]);
  });

  it('is none when what it was told for is taken back', async () => {
    const office = live();
    office.add(...missing(START, 12));
    await office.tell(START + HOUR);
    office.add(...scan(START + DAY, 15).map((line) => line.replace('198.51.100.9', '198.51.100.7')));
    await office.tell(START + DAY + HOUR);
    expect(returning(office, '2026-09-02')).toEqual([true]);
    office.add(...Array.from({ length: 30 }, (_, i) => request(START + i * 1000, `/page-${i}`, 200)));
    expect((await office.tell(START + 2 * DAY)).withdrawn).toContain('W01');
    await office.tell(START + 2 * DAY);
    expect(returning(office, '2026-09-02')).toEqual([false]);
  });
});

describe('the mark of an office', () => {
  it('stands in its documents, and a new one in a revision of those that are open', async () => {
    const office = live();
    office.add(...scan(START, 15));
    const told = office.told;
    const marked = async (tlp: 'TLP:AMBER' | 'TLP:AMBER+STRICT') => {
      const inventory = { ...setting.inventory, mailing: { ...setting.inventory.mailing, tlp } };
      const telling = { closedMs: Number.POSITIVE_INFINITY, nowMs: 0, generation: 1, told, evidence: new Map() };
      const tidings = await tell(office.shard, { ...setting, inventory }, telling);
      commit(told, tidings);
      return tidings.documents.map(({ body, version }) => {
        const { pollwatch } = JSON.parse(body) as { pollwatch: { tlp: string } };
        return [pollwatch.tlp, version - 2 ** 32];
      });
    };
    expect(await marked('TLP:AMBER')).toEqual([['TLP:AMBER', 1]]);
    expect(await marked('TLP:AMBER')).toEqual([]);
    expect(await marked('TLP:AMBER+STRICT')).toEqual([['TLP:AMBER+STRICT', 2]]);
  });
});

describe('lines that are too old', () => {
  it('of a look-up go no later than the files that show a browser: people do not become scripts with time', () => {
    const office = live();
    office.add(request(START, '/style.css', 200), request(START, '/lookup?voterid=4417', 200));
    const ofLookUps = () =>
      new Set(
        [...Array(office.shard.state.ledger.rows).keys()]
          .flatMap((row) => readVisits(office.shard.state.ledger, row).map(({ tag }) => tag))
          .filter((tag) => tag === TAG.asset || tag === TAG.key),
      );
    expect(ofLookUps()).toEqual(new Set([TAG.asset, TAG.key]));
    for (const days of [11, 13, 14]) {
      office.add(request(START + days * DAY, '/about', 200, '192.0.2.9'));
      pruneShard(office.shard, setting);
      expect(ofLookUps(), `after ${days} days`).toEqual(new Set([TAG.asset, TAG.key]));
    }
    office.add(request(START + 20 * DAY, '/about', 200, '192.0.2.9'));
    pruneShard(office.shard, setting);
    expect(ofLookUps()).toEqual(new Set());
  });

  const end = Number.POSITIVE_INFINITY;

  it('are dropped, and what was told of them stands: it is neither changed nor taken back, and forgotten in the end', async () => {
    const office = live();
    office.add(...scan(START, 15), ...missing(START, 12), ...missing(START + 3 * DAY, 12));
    await office.tell(end);
    expect(pruneShard(office.shard, setting)).toBe(false);
    const detections = () => [...office.told.values()].map((t) => `${t.brief.detection} ${t.brief.label}`);
    const before = detections();
    expect(before).toContain('W01 2026-09-01');
    // 12 days later pages that were given are dropped, the missing ones are not
    office.add(...missing(START + 12 * DAY, 40));
    await office.tell(end);
    expect(pruneShard(office.shard, setting)).toBe(true);
    expect(office.shard.open).toEqual({ packetsMs: 0, requestsMs: START - 10 * HOUR + (12 - OPEN_DAYS) * DAY });
    const again = await office.tell(end);
    expect(again).toMatchObject({ told: [], withdrawn: [] });
    expect(detections()).toEqual(expect.arrayContaining(before));
    // what requests missed is kept for as long as correlations look back
    expect(office.shard.state.ledger.touches.entries).toBeGreaterThan(60);
    office.add(...scan(START + (OPEN_DAYS + 32) * DAY, 16), ...missing(START + (OPEN_DAYS + 32) * DAY, 40));
    await office.tell(end);
    expect(pruneShard(office.shard, setting)).toBe(true);
    expect(await office.tell(end)).toMatchObject({ told: [], withdrawn: [] });
    expect(detections()).not.toContain('W01 2026-09-01');
    expect(detections()).toContain('W01 2026-09-13');
    expect(detections()).toContain('F01 2026-10-11');
  });

  it('that come after they were dropped are counted and change nothing', async () => {
    const office = live();
    office.add(...scan(START + 50 * DAY, 15));
    office.add(...scan(START, 1));
    expect(pruneShard(office.shard, setting)).toBe(true);
    const entries = () => office.shard.state.ledger.touches.entries;
    expect(entries()).toBe(15);
    const old = chunksOf([{ format: 'netfilter', bytes: Buffer.from(scan(START, 15).join('')) }], 1 << 20);
    const { records } = scanJobs([old.map((c) => ({ ...c, ref: { ...c.ref, seq: 7 } }))], 'none');
    const { late } = foldRecord(office.shard, setting, records[0]!, START + DAY);
    expect([late, office.shard.late, entries()]).toEqual([15, 15, 15]);
    await office.tell(end);
    expect([...office.told.values()].filter((t) => t.brief.label === '2026-09-01')).toEqual([]);
  });

  it('relax the memory bound when a flood is past, a step at a time', () => {
    const office = live();
    office.add(...scan(START, 15));
    office.shard.state.ledger.level = 3;
    office.add(...scan(START + 50 * DAY, 16));
    expect(pruneShard(office.shard, setting)).toBe(true);
    expect(office.shard.state.ledger.level).toBe(2);
  });
});

describe('a delta of a worker with other rules', () => {
  const names = ruleNames(rulesOf([]));
  const { records } = scanJobs(
    [
      chunksOf(
        [
          {
            format: 'combined',
            bytes: Buffer.from([request(START, '/.env', 404), request(START, '/.git/config', 404)].join('')),
          },
        ],
        1 << 20,
      ),
    ],
    'none',
  );
  const delta = decodeRecord(records[0]!);
  if (delta.kind !== 'delta') throw new Error('no delta');

  /** the same delta, as somebody writes it who has our rules in another order and one more */
  function foreign(): { list: Uint8Array; record: Uint8Array } {
    const theirs = ['a-rule-of-tomorrow', ...[...names].reverse()];
    const state = emptyState('none');
    mergeDelta(state, (delta as { state: Uint8Array }).state);
    const renumbered = renumberRules(
      state,
      names.map((name) => theirs.indexOf(name)),
      () => undefined,
    );
    const origins = (delta as { origins: Parameters<typeof encodeDelta>[0]['origins'] }).origins;
    return {
      list: encodeRules(theirs),
      record: encodeDelta({ rules: rulesDigest(theirs), origins, state: encodeState(renumbered) }),
    };
  }

  it('is read with their list, which comes before it', async () => {
    const { list, record } = foreign();
    const own = emptyShard('none');
    foldRecord(own, setting, records[0]!);
    const other = emptyShard('none');
    expect(() => foldRecord(other, setting, record)).toThrow(RecordError);
    foldRecord(other, setting, list);
    foldRecord(other, setting, record);
    expect(Buffer.from(encodeState(other.state)).equals(Buffer.from(encodeState(own.state)))).toBe(true);
    expect(
      (await tellFrom(other, { evidence: new Map() }, 'none')).documents.map((d) => d.more.brief.detection),
    ).toContain('W05');
  });

  it('loses the matches of rules that are unknown here, and says how many', () => {
    const state = emptyState('none');
    mergeDelta(state, (delta as { state: Uint8Array }).state);
    const shard = emptyShard('none');
    const theirs = names.map((name) => `${name}-of-tomorrow`);
    foldRecord(shard, setting, encodeRules(theirs));
    const { origins } = delta as { origins: Parameters<typeof encodeDelta>[0]['origins'] };
    foldRecord(shard, setting, encodeDelta({ rules: rulesDigest(theirs), origins, state: encodeState(state) }));
    expect(shard.unknownMatches).toBeGreaterThan(1);
    expect(TAG.rule).toBe(64);
  });
});
