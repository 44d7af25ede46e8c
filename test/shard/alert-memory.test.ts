/**
 * A shard that remembers what it decided tells, at every step of a log that comes in pieces, exactly what one tells that
 * decides everything anew; and it does remember.
 */
import { describe, expect, it } from 'vitest';
import { remember } from '../../src/measure/state.ts';
import { DAY } from '../../src/model/time.ts';
import { type AlertMemory, createAlertMemories, createAlertMemory } from '../../src/shard/alert-memory.ts';
import { type Tidings, tell } from '../../src/shard/documents.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { pruneShard } from '../../src/shard/pruning.ts';
import { encodeAck, encodeFacts } from '../../src/shard/record.ts';
import type { Shard } from '../../src/shard/shard.ts';
import { decodeShard, encodeShard } from '../../src/shard/snapshot-form.ts';
import type { Told } from '../../src/shard/told-alert.ts';
import { createRandom, filesOf, generate, MIDNIGHT, shuffled } from '../laws/generator.ts';
import { INVENTORIES, type InventoryName } from '../laws/small-run.ts';
import {
  chunksOf,
  commit,
  commitFacts,
  emptyShard,
  type Log,
  sample,
  scanJobs,
  settingNamed,
  tellFrom,
} from './folding.ts';
import { county, factOf, sighting } from './member-facts.ts';

/** Alerts that a memory holds, of sources alone. */
const alertsIn = ({ sources }: AlertMemory) =>
  [...sources.kept.values()].flatMap(({ made }) => made!.drafts.flatMap((draft) => draft?.alert?.alert ?? []));

/** Sources that a memory holds, and how their alerts stood when it was last looked at them. */
const looksIn = ({ sources }: AlertMemory) =>
  new Map([...sources.kept.values()].flatMap(({ made }) => (made?.isSettled ? [[made, made.standing] as const] : [])));

/** What happens to a shard between two tellings besides lines. */
function meddle(
  shard: Shard,
  told: ReadonlyMap<string, Told>,
  memory: AlertMemory,
  random: () => number,
  n: number,
): void {
  const fold = (record: Uint8Array) => foldRecord(shard, settingNamed('none'), record);
  const ids = [...told.keys()];
  const kept = [...memory.sources.kept.values()].filter(({ found }) => found.decisions.length > 0);
  if (random() < 0.3 && ids.length > 0) {
    const id = ids[Math.floor(random() * ids.length)]!;
    const status = (['ack', 'closed', 'suppressed', 'new'] as const)[Math.floor(random() * 4)]!;
    fold(encodeAck({ id, status, atMs: 1000 + n }));
  }
  if (random() < 0.4 && kept.length > 0) {
    // two counties tell of a source that has alerts here, or take that back; of few, so that both happens
    const one = kept[Math.floor(random() * Math.min(3, kept.length))]!;
    const { hi, lo } = one.found.decisions[0]!.key;
    const isBack = random() < 0.5;
    const of = (letter: string) =>
      sighting({
        member: county(letter),
        hi,
        lo,
        level: 'medium',
        startMs: MIDNIGHT - DAY,
        endMs: MIDNIGHT - DAY + 1000,
      });
    const facts = ['a', 'b'].map((letter) => {
      const id = `${letter}${hi.toString(16).padStart(15, '0')}${lo.toString(16).padStart(16, '0')}`;
      return factOf(id, n + 1, isBack ? null : of(letter), of(letter));
    });
    fold(encodeFacts(facts));
  }
}

/** Tells at random steps of a log that comes in pieces, both ways; returns how many alerts were those of the time before. */
async function compare(
  logs: readonly Log[],
  bytes: number,
  seed: number,
  name: InventoryName,
  isMeddled = false,
): Promise<{ kept: number[]; passed: number }> {
  const random = createRandom(seed);
  const setting = settingNamed(name);
  const scanned = scanJobs(
    shuffled(chunksOf(logs, bytes), random).map((chunk) => [chunk]),
    name,
  );
  let shard = emptyShard(name);
  const memory = createAlertMemory();
  let told = new Map<string, Told>();
  const kept: number[] = [];
  let passed = 0;
  for (const [i, record] of scanned.records.entries()) {
    foldRecord(shard, setting, record);
    if (random() < 0.6 && i < scanned.records.length - 1) continue;
    for (let again = 0; again < (isMeddled ? 3 : 1); again++) {
      const closedMs = random() < 0.5 ? Number.POSITIVE_INFINITY : latestMs(shard) - 600_000;
      const anew = await tellFrom(shard, scanned, name, { told, closedMs });
      const [before, looks] = [new Set(alertsIn(memory)), looksIn(memory)];
      const remembered = await tellFrom(shard, scanned, name, { told, closedMs, memory });
      expect(remembered, `${name}, seed ${seed}, after ${i + 1} chunks`).toEqual(anew);
      kept.push(alertsIn(memory).filter((alert) => before.has(alert)).length);
      passed += [...looksIn(memory)].filter(([made, standing]) => looks.get(made) === standing).length;
      commit(told, remembered);
      if (random() < 0.6) commitFacts(told, remembered);
      if (!isMeddled) continue;
      meddle(shard, told, memory, random, kept.length);
      if (random() < 0.2) pruneShard(shard, setting);
      if (random() < 0.1) {
        // another keeper of the same worker takes it over
        shard = decodeShard(setting, encodeShard(shard, setting, 'arrival'));
        told = new Map(told);
      }
    }
  }
  return { kept, passed };
}

const logsOf = (files: ReturnType<typeof filesOf>) =>
  (['combined', 'netfilter'] as const).map((format) => ({ format, bytes: files[format] }));

const latestMs = (shard: ReturnType<typeof emptyShard>) =>
  Math.max(0, ...[...shard.state.spans.values()].map(([, last]) => last));

describe('a shard that remembers what it decided', () => {
  it.each(Object.keys(INVENTORIES) as InventoryName[])(
    'tells what it would tell anew, at every step of any log (inventory: %s)',
    async (name) => {
      let kept = 0;
      for (let seed = 0; seed < 6; seed++) {
        const found = await compare(logsOf(filesOf(generate(seed).lines)), 4096, seed, name);
        kept += found.kept.reduce((a, b) => a + b, 0);
      }
      expect(kept).toBeGreaterThan(100);
    },
  );

  it.each(Object.keys(INVENTORIES) as InventoryName[])(
    'tells the same whatever people say, other counties tell, days that end and keepers that change (inventory: %s)',
    async (name) => {
      let passed = 0;
      for (let seed = 0; seed < 3; seed++) {
        const lines = [0, 10].flatMap((shiftDays) => generate(seed, { shiftDays }).lines);
        passed += (await compare(logsOf(filesOf(lines)), 16_384, seed, name, true)).passed;
      }
      expect(passed).toBeGreaterThan(30);
    },
  );

  it('makes again only what is new, on the logs of a day', async () => {
    const logs = [
      { format: 'combined', bytes: sample('nginx-access.log') },
      { format: 'netfilter', bytes: sample('kern.log') },
    ];
    const { kept } = await compare(logs, 65_536, 1, 'none');
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.at(-1)).toBeGreaterThan(20);
  });

  it('asks nobody again when nothing came', async () => {
    const shard = emptyShard('none');
    const scanned = scanJobs([chunksOf([{ format: 'netfilter', bytes: sample('kern.log') }], 1 << 24)], 'none');
    for (const record of scanned.records) foldRecord(shard, settingNamed('none'), record);
    const memory = createAlertMemory();
    const telling = {
      closedMs: Number.POSITIVE_INFINITY,
      nowMs: 0,
      generation: 1,
      told: new Map(),
      evidence: new Map(),
    };
    const first = await tell(shard, settingNamed('none'), { ...telling, memory });
    const before = new Map(memory.sources.kept);
    const again = await tell(shard, settingNamed('none'), { ...telling, memory });
    expect(again).toEqual(first);
    expect(before.size).toBeGreaterThan(20);
    for (const [row, source] of before) expect(memory.sources.kept.get(row)).toBe(source);
  });

  it('sees what brings no new touch: another address of the same network that reads an ordinary page', async () => {
    const line = (address: string, path: string, status: number, second: number) =>
      `2001:db8:5:5::${address} - - [01/Sep/2026:10:00:${String(second).padStart(2, '0')} +0000] "GET ${path} HTTP/1.1" ${status} 153 "-" "Mozilla/5.0"\n`;
    const probes = Array.from({ length: 12 }, (_, i) => line('1', `/missing-${i}`, 404, i)).join('');
    const log = { format: 'combined', bytes: Buffer.from(probes + line('2', '/', 200, 30)) };
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const scanned = scanJobs(
      chunksOf([log], probes.length - 1).map((chunk) => [chunk]),
      'none',
    );
    const addresses: (readonly string[] | undefined)[] = [];
    for (const record of scanned.records) {
      foldRecord(shard, settingNamed('none'), record);
      const { alerts } = await tellFrom(shard, scanned, 'none', { memory });
      addresses.push(alerts.find(({ detection }) => detection === 'W01')?.source?.addresses);
    }
    expect(addresses).toEqual([['2001:db8:5:5::1'], ['2001:db8:5:5::1', '2001:db8:5:5::2']]);
  });

  it('makes anew what was sampled differently, and what is not among the gravest any more', async () => {
    const packets = (sources: number, each: number) =>
      Array.from({ length: sources * each }, (_, i) => packet(Math.floor(i / each), 1000 + (i % each) * 7)).join('');
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const few = scanJobs([chunksOf([{ format: 'netfilter', bytes: Buffer.from(packets(60, 120)) }], 1 << 24)], 'none');
    for (const record of few.records) foldRecord(shard, settingNamed('none'), record);
    const digests = (tidings: Tidings) =>
      tidings.documents.map(({ id, digest, more }) => [id, digest, more.f].join(' ')).sort();
    for (const level of [2, 1]) {
      shard.state.ledger.level = level;
      const remembered = digests(await tellFrom(shard, few, 'none', { memory }));
      expect(remembered).toEqual(digests(await tellFrom(shard, few, 'none')));
      expect(remembered.length).toBeGreaterThan(50);
    }

    const busy = emptyShard('none');
    const probes = Array.from({ length: 60 }, (_, i) => given(i)).join('');
    const logs = [
      { format: 'netfilter', bytes: Buffer.from(packets(1100, 12)) },
      { format: 'combined', bytes: Buffer.from(probes) },
    ];
    const many = scanJobs(
      chunksOf(logs, 1 << 26).map((chunk) => [chunk]),
      'none',
    );
    const own = createAlertMemory();
    const told = new Map<string, Told>();
    const changed: number[] = [];
    for (const record of many.records) {
      foldRecord(busy, settingNamed('none'), record);
      // the second time nothing is new, and after the third telling all is settled
      for (let again = 0; again < 3; again++) {
        const anew = await tellFrom(busy, many, 'none', { told });
        const remembered = await tellFrom(busy, many, 'none', { memory: own, told });
        expect(digests(remembered)).toEqual(digests(anew));
        expect(remembered.same).toEqual(anew.same);
        commit(told, remembered);
        changed.push(remembered.documents.length + remembered.same.length);
      }
    }
    expect(changed.map((n) => n > 0)).toEqual([true, false, false, true, false, false]);
    // 60 that are new, and as many that are not among the gravest any more
    expect(changed[3]).toBe(120);
  });

  it('takes back what an alert continues, although nothing else is new about it', async () => {
    const missing = (day: number) => Array.from({ length: 12 }, (_, i) => page(day, i, `/missing-${i}`, 404)).join('');
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const told = new Map<string, Told>();
    const changed: number[] = [];
    // what is sent to the database keeps the source one that has returned
    const sent = Array.from({ length: 3 }, (_, i) =>
      page(1, i, `/x?id=${i}%20UNION%20SELECT%20a%20FROM%20b`, 404),
    ).join('');
    const texts = [
      sent + missing(1) + missing(2),
      Array.from({ length: 30 }, (_, i) => page(1, 20 + i, `/page-${i}`, 200)).join(''),
    ];
    for (const [seq, text] of texts.entries()) {
      const [chunk] = chunksOf([{ format: 'combined', bytes: Buffer.from(text) }], 1 << 24);
      const scanned = scanJobs([[{ ...chunk!, offset: seq << 20, ref: { ...chunk!.ref, seq } }]], 'none');
      foldRecord(shard, settingNamed('none'), scanned.records[0]!);
      for (let again = 0; again < 4; again++) {
        const anew = await tellFrom(shard, scanned, 'none', { told });
        const remembered = await tellFrom(shard, scanned, 'none', { told, memory });
        expect(remembered).toEqual(anew);
        commit(told, remembered);
        changed.push(remembered.documents.length);
      }
    }
    // both days; the second again as one that continues nothing, after the first was taken back
    expect(changed).toEqual([3, 0, 0, 0, 1, 1, 0, 0]);
  });

  it('looks once more at what rested on an alert that was forgotten', async () => {
    // what another visitor reads every day moves the time on
    const reading = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => page(from + i, 5, '/', 200, '192.0.2.9')).join('');
    const missing = (day: number) => Array.from({ length: 12 }, (_, i) => page(day, i, `/missing-${i}`, 404)).join('');
    const sent = (day: number) =>
      Array.from({ length: 3 }, (_, i) => page(day, i, `/x?id=${i}%20UNION%20SELECT%20a%20FROM%20b`, 404)).join('');
    const texts = [
      sent(1) + sent(2) + reading(3, 37) + missing(37) + sent(38),
      // the missing pages are taken back
      Array.from({ length: 40 }, (_, i) => page(37, 15 + i, `/page-${i}`, 200)).join(''),
      reading(38, 41),
      reading(41, 42),
    ];
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const told = new Map<string, Told>();
    let forgotten = 0;
    for (const [seq, text] of texts.entries()) {
      const [chunk] = chunksOf([{ format: 'combined', bytes: Buffer.from(text) }], 1 << 24);
      const scanned = scanJobs([[{ ...chunk!, offset: seq << 20, ref: { ...chunk!.ref, seq } }]], 'none');
      foldRecord(shard, settingNamed('none'), scanned.records[0]!);
      if (seq >= 2) pruneShard(shard, settingNamed('none'));
      for (let again = 0; again < 4; again++) {
        const anew = await tellFrom(shard, scanned, 'none', { told });
        const remembered = await tellFrom(shard, scanned, 'none', { told, memory });
        expect(remembered, `after ${seq + 1} texts, ${again}`).toEqual(anew);
        commit(told, remembered);
        forgotten += remembered.forgotten.length;
      }
    }
    expect(forgotten).toBe(2);
  });

  it('is of no use after an exception in the middle of deciding', async () => {
    // two sweep 20 addresses of 20, and try 40 ports, so that they stay worth a look
    const sweep = (n: number) =>
      Array.from({ length: 20 }, (_, i) => packet(n, 6000 + n, `203.0.113.${i}`)).join('') +
      Array.from({ length: 40 }, (_, i) => packet(n, 7000 + i, '203.0.113.1')).join('');
    const others = Array.from({ length: 100 }, (_, i) => packet(200 + i, 40_000, `203.0.113.${100 + i}`)).join('');
    const setting = settingNamed('none');
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const told = new Map<string, Told>();
    const sweeps = ({ alerts }: Tidings) => alerts.filter(({ detection }) => detection === 'F03').length;
    for (const [seq, text] of [sweep(7) + sweep(8), others].entries()) {
      const [chunk] = chunksOf([{ format: 'netfilter', bytes: Buffer.from(text) }], 1 << 24);
      const scanned = scanJobs([[{ ...chunk!, offset: seq << 20, ref: { ...chunk!.ref, seq } }]], 'none');
      foldRecord(shard, setting, scanned.records[0]!);
      let asked = 0;
      const isDark = () => {
        if (++asked > 30) throw new Error('no room');
        return false;
      };
      const telling = {
        closedMs: Number.POSITIVE_INFINITY,
        nowMs: 0,
        generation: 1,
        told,
        evidence: new Map(),
        memory,
      };
      if (seq === 1)
        await expect(tell(shard, { ...setting, inventory: { ...setting.inventory, isDark } }, telling)).rejects.toThrow(
          'no room',
        );
      const remembered = await tellFrom(shard, scanned, 'none', { told, memory });
      expect(remembered).toEqual(await tellFrom(shard, scanned, 'none', { told }));
      // twenty of a hundred and twenty addresses are no sweep
      expect(sweeps(remembered)).toBe(seq === 0 ? 2 : 0);
      commit(told, remembered);
    }
  });

  it('says the name that a host has now', async () => {
    const line = (i: number) =>
      `vote.example.gov:443 198.51.100.7 - - [01/Sep/2026:10:00:${String(i).padStart(2, '0')} +0000] "GET /missing-${i} HTTP/1.1" 404 153 "-" "Mozilla/5.0"\n`;
    const log = { format: 'combined', bytes: Buffer.from(Array.from({ length: 12 }, (_, i) => line(i)).join('')) };
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const scanned = scanJobs([chunksOf([log], 1 << 20)], 'none');
    foldRecord(shard, settingNamed('none'), scanned.records[0]!);
    const hostsOf = ({ alerts }: Tidings) => alerts.find(({ detection }) => detection === 'W01')?.hosts;
    const told = new Map<string, Told>();
    for (let telling = 0; telling < 3; telling++) {
      const tidings = await tellFrom(shard, scanned, 'none', { memory, told });
      expect(hostsOf(tidings)).toEqual(['vote.example.gov']);
      commit(told, tidings);
    }
    expect([...looksIn(memory)]).toHaveLength(1);
    // of two names with one number the smaller stays
    for (const number of shard.state.hosts.keys()) remember(shard.state.hosts, number, 'a.example.gov');
    expect(hostsOf(await tellFrom(shard, scanned, 'none', { memory, told }))).toEqual(['a.example.gov']);
  });

  it('keeps what it knows when a packet goes to an address of ours that nobody asked for before', async () => {
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const scans = Array.from({ length: 20 * 15 }, (_, i) => packet(Math.floor(i / 15), 2000 + (i % 15))).join('');
    const others = [packet(99, 2000, '203.0.113.77'), packet(98, 2000, '2001:db8:100::77')];
    let kept: unknown[] = [];
    for (const [seq, text] of [scans, ...others].entries()) {
      const [chunk] = chunksOf([{ format: 'netfilter', bytes: Buffer.from(text) }], 1 << 24);
      const scanned = scanJobs([[{ ...chunk!, offset: seq << 20, ref: { ...chunk!.ref, seq } }]], 'none');
      foldRecord(shard, settingNamed('none'), scanned.records[0]!);
      await tellFrom(shard, scanned, 'none', { memory });
      const alerts = alertsIn(memory);
      expect(alerts.length).toBeGreaterThanOrEqual(20);
      if (seq > 0) expect(alerts.filter((alert) => kept.includes(alert))).toEqual(kept);
      kept = alerts;
    }
  });

  it('keeps no more than it may, of one organisation and of all', async () => {
    const shard = emptyShard('none');
    const memories = createAlertMemories(60);
    for (let round = 0; round < 4; round++) {
      // those that come later stand first in the order of keys
      const text = Array.from({ length: 30 * 15 }, (_, i) =>
        packet(Math.floor(i / 15), 2000 + (i % 15), '203.0.113.10', 90 - round),
      ).join('');
      const [chunk] = chunksOf([{ format: 'netfilter', bytes: Buffer.from(text) }], 1 << 24);
      const scanned = scanJobs([[{ ...chunk!, offset: round << 20, ref: { ...chunk!.ref, seq: round } }]], 'none');
      foldRecord(shard, settingNamed('none'), scanned.records[0]!);
      const memory = memories.of('us-xx-laws');
      const { alerts } = await tellFrom(shard, scanned, 'none', { memory });
      expect(alerts.length).toBeGreaterThanOrEqual(30 * (round + 1));
      expect(memory.sources.weight).toBeLessThanOrEqual(60);
      const decisions = [...memory.sources.kept.values()].flatMap(({ found }) => found.decisions);
      expect(memory.sources.kept.size + decisions.length).toBe(memory.sources.weight);
      expect(alertsIn(memory)).toHaveLength(decisions.length);
      memories.told('us-xx-laws');
      expect(memories.of('us-xx-laws')).toBe(memory);
    }
    const full = memories.of('us-xx-laws');
    const other = memories.of('us-xx-other');
    await tellFrom(shard, { evidence: new Map() }, 'none', { memory: other });
    memories.told('us-xx-other');
    expect(memories.of('us-xx-other')).toBe(other);
    expect(memories.of('us-xx-laws')).not.toBe(full);
  });
});

/** A page that a visitor asks for on a day, by its number from the first of September on. */
function page(day: number, second: number, path: string, status: number, ip = '198.51.100.7'): string {
  const [month, of] = day <= 30 ? ['Sep', day] : ['Oct', day - 30];
  const at = `${String(of).padStart(2, '0')}/${month}/2026:10:00:${String(second).padStart(2, '0')} +0000`;
  return `${ip} - - [${at}] "GET ${path} HTTP/1.1" ${status} 153 "-" "Mozilla/5.0"\n`;
}

/** A denied packet of the n-th source. */
function packet(n: number, port: number, to = '203.0.113.10', network = 100): string {
  const from = to.includes(':') ? `2001:db8:${n}::9` : `${network}.${1 + (n >> 8)}.${n & 255}.7`;
  return `2026-09-01T10:00:00.000000+00:00 gw01 kernel: [netfilter DROP] IN=eth0 OUT= SRC=${from} DST=${to} LEN=44 PROTO=TCP SPT=4000 DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0 \n`;
}

/** A file of settings that was given to one of the sources of packets, and database text of another. */
function given(n: number): string {
  const request = (ip: string, target: string) =>
    `${ip} - - [01/Sep/2026:10:00:00 +0000] "GET ${target} HTTP/1.1" 200 5153 "-" "curl/8"\n`;
  return (
    request(`100.1.${n}.7`, '/.env') + request(`101.2.${n}.8`, '/x?id=1%20UNION%20SELECT%20password%20FROM%20users')
  );
}
