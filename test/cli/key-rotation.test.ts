/**
 * A new key takes the place of an old one (law 7): what was sealed before still opens, protected records are still found,
 * and a window that spans the change is counted in two parts, as SECURITY.md says.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { loadSecret } from '../../src/config/secret.ts';
import { combined } from '../../src/formats/combined.ts';
import { encodeState, mergeDelta } from '../../src/measure/delta.ts';
import { createState, type State, settleState } from '../../src/measure/state.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { createSeal, SealError } from '../../src/queue/seal.ts';
import { openStore } from '../../src/queue/store.ts';
import { decideAll } from '../../src/run/deciding.ts';
import { createScanner, measureKey } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { page, times } from '../detect/log-lines.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { place, probingLog } from './pollwatch.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const S = '198.51.100.7';
const INVENTORY = `version: 1
organization: {id: us-xx, name: Example County}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, url_prefixes: [/lookup], record_key_params: [voterid], sensitivity: voter}
`;
const inventory = parseInventory(INVENTORY, 'inventory.yaml');
const ruleSet = rulesOf([]);

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** What lines add up to under a key. */
function scanned(lines: readonly string[], secret: Uint8Array): State {
  const scanner = createScanner(ruleSet, inventory, secret);
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
  const context = { origin: 1, referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' };
  const scene = { organization: 0, origin: 1, asset: 0, dayStartMs: 0 };
  scanner.scanBlock({ bytes, start: 0, end: bytes.length, baseOffset: 0 }, combined, context, scene);
  return scanner.take().state;
}

/** Different records that were counted for a look-up enumeration over parts that were scanned under different keys. */
function countedOver(parts: readonly [readonly string[], Uint8Array][]): number {
  const whole = createState(measureKey(parts.at(-1)![1]).a);
  for (const [lines, secret] of parts) mergeDelta(whole, encodeState(scanned(lines, secret)));
  settleState(whole);
  const found = decideAll(whole, { ruleSet, inventory, asOf: () => 0 }).decisions.filter(
    (d) => d.detection === 'election.lookup_enum',
  );
  return Math.max(0, ...found.map((d) => d.numbers['distinct_keys'] ?? 0));
}

/** Look-ups of records in no order, one every two minutes. */
const lookups = (from: number, to: number, first = from) =>
  times(to - from, (i) =>
    page(S, (from + i) * 120, `/lookup?voterid=${1_000_000 + (((first + i) * 7_368_787) % 899_993)}`),
  );

describe('two keys', () => {
  it('are read from the key file and the one beside it', () => {
    const here = place();
    const file = here.put('key', NEW);
    expect(loadSecret(file, {})).toMatchObject({ key: NEW, previous: null });
    const before = here.put('key.previous', OLD);
    expect(loadSecret(file, {})).toMatchObject({ key: NEW, previous: OLD });
    writeFileSync(before, 'short');
    expect(() => loadSecret(file, {})).toThrow(/32 to 4096 bytes/);
  });

  it('open what either sealed, and the new one seals', () => {
    const sealed = createSeal(OLD).seal(Buffer.from('a line\n'), 'x');
    const both = createSeal(NEW, OLD);
    expect(both.open(sealed, 'x').toString()).toBe('a line\n');
    expect(() => createSeal(NEW).open(sealed, 'x')).toThrow(SealError);
    expect(
      createSeal(NEW)
        .open(both.seal(Buffer.from('b'), 'x'), 'x')
        .toString(),
    ).toBe('b');
    expect(() => createSeal(Buffer.alloc(32, 3), OLD).open(both.seal(Buffer.from('b'), 'x'), 'x')).toThrow(SealError);
  });
});

describe('a window that spans a change of the key', () => {
  const before = lookups(0, 120);
  const after = lookups(120, 240);

  it('is counted in two parts: 120 records before it and 120 others after it are not told as 240', () => {
    const whole = [...before, ...after];
    expect(countedOver([[whole, OLD]])).toBe(240);
    expect(
      countedOver([
        [before, OLD],
        [after, OLD],
      ]),
    ).toBe(240);
    expect(
      countedOver([
        [before, OLD],
        [after, NEW],
      ]),
    ).toBe(0);
  });

  it('is told when one part alone is enough, before the change or after it, and never counts a record twice', () => {
    const many = lookups(0, 220);
    const few = lookups(220, 320);
    expect(
      countedOver([
        [many, OLD],
        [few, NEW],
      ]),
    ).toBe(220);
    expect(
      countedOver([
        [few, OLD],
        [many, NEW],
      ]),
    ).toBe(220);
    // the same records asked for again after it
    expect(
      countedOver([
        [before, OLD],
        [lookups(120, 240, 0), NEW],
      ]),
    ).toBe(0);
  });

  it('still finds records that are listed as protected under the key before', () => {
    const here = place();
    here.put('key', OLD);
    here.put('protected.txt', '2104417\n');
    here.put('county.yaml', `${INVENTORY}protected_records: protected.txt\nprivacy: {key_file: key}\n`);
    const protect = here.run(['protect', '--config', 'county.yaml', 'protected.txt']);
    expect(protect.status, protect.stderr).toBe(0);
    if (protect.stdout.includes('hmac-sha256:')) here.put('protected.txt', protect.stdout);
    expect(here.text('protected.txt')).toMatch(/^hmac-sha256:[0-9a-f]{64}\n$/);
    here.put('access.log', times(6, (i) => `${page(S, i * 400, '/lookup?voterid=2104417')}\n`).join(''));
    const found = () => {
      here.run(['analyze', '--config', 'county.yaml', '--report', 'none', '--output', 'a.ndjson', 'access.log']);
      return here.text('a.ndjson').includes('election.protected_record');
    };
    expect(found()).toBe(true);
    renameSync(join(here.folder, 'key'), join(here.folder, 'key.previous'));
    here.put('key', NEW);
    expect(found()).toBe(true);
    expect(here.run(['doctor', '--config', 'county.yaml']).stdout).toContain('keep it for 45; until then windows');
    rmSync(join(here.folder, 'key.previous'));
    expect(found()).toBe(false);
  });
});

describe('lines that wait while the key changes', () => {
  /** An installation of one organisation whose key is the file "key". */
  function installation() {
    const here = place();
    const settings = redis.settings();
    here.put('key', OLD);
    here.put('access.log', probingLog());
    const config = here.put(
      'pollwatch.yaml',
      `version: 1\nredis: {url: "${settings.url}", prefix: ${settings.prefix}}\norganizations: [{id: us-xx, name: X, key_file: key}]\n`,
    );
    const run = (...args: string[]) => here.run(args, { env: { POLLWATCH_CONFIG: config } });
    const status = () =>
      JSON.parse(run('status', '--json').stdout) as {
        depth: { deadLetters: number; stats: { events?: number } };
        progress: { alerts: number };
      };
    return { here, settings, run, status };
  }

  it('are read as long as the key before is there, and are put aside, sealed, when it is not', () => {
    const { here, run, status } = installation();
    expect(run('ingest', '--once', 'access.log').status).toBe(0);
    renameSync(join(here.folder, 'key'), join(here.folder, 'key.previous'));
    here.put('key', NEW);
    here.put('more.log', probingLog());
    expect(run('ingest', '--once', 'more.log').status).toBe(0);
    // too early: what was sealed with it waits still
    rmSync(join(here.folder, 'key.previous'));
    expect(run('work', '--until-drained').status).toBe(0);
    expect(status().depth).toMatchObject({ deadLetters: 1, stats: { events: 46 } });
    here.put('key.previous', OLD);
    expect(run('dead', 'replay', '--all').status).toBe(0);
    expect(run('work', '--until-drained').status).toBe(0);
    expect(status().depth).toMatchObject({ deadLetters: 0, stats: { events: 92 } });
  });

  it('are touched by nobody who has another key: ingest and work end with what to do, and alerts stand', () => {
    const { here, run, status } = installation();
    expect(run('ingest', '--once', 'access.log').status).toBe(0);
    expect(run('work', '--until-drained').status).toBe(0);
    const { alerts } = status().progress;
    expect(alerts).toBeGreaterThan(0);
    expect(run('doctor', '--config', 'pollwatch.yaml').stdout).toMatch(/^ok {4}key of us-xx: \S+\/key$/m);

    here.put('more.log', probingLog());
    expect(run('ingest', '--once', 'more.log').status).toBe(0);
    here.put('key', Buffer.alloc(32, 3));
    for (const args of [
      ['ingest', '--once', 'access.log'],
      ['work', '--until-drained'],
      ['work', 'analyze'],
      ['work', 'decide'],
    ]) {
      const { status: code, stderr } = run(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(stderr, args.join(' ')).toContain('PW-KEY-OTHER  the key of us-xx (');
      expect(stderr).toContain('/key.previous');
    }
    expect(run('doctor', '--config', 'pollwatch.yaml').stdout).toContain('BAD   PW-KEY-OTHER');
    expect(status()).toMatchObject({ depth: { deadLetters: 0, stats: { events: 46 } }, progress: { alerts } });

    here.put('key', OLD);
    expect(run('work', '--until-drained').status).toBe(0);
    expect(status().depth).toMatchObject({ deadLetters: 0, stats: { events: 92 } });
  });

  it('of an installation from before keys were marked are known by whether they open', async () => {
    const { here, settings, run, status } = installation();
    expect(run('ingest', '--once', 'access.log').status).toBe(0);
    expect(run('work', '--until-drained').status).toBe(0);
    const store = openStore(settings);
    const mark = organizationKeys(store.prefix, 'us-xx').keyMark;
    expect(await store.redis.del(mark)).toBe(1);
    expect(run('doctor', '--config', 'pollwatch.yaml').stdout).toMatch(/^ok {4}key of us-xx: \S+\/key$/m);
    here.put('key', NEW);
    expect(run('work', '--until-drained').stderr).toContain('PW-KEY-OTHER');
    expect(await store.redis.get(mark)).toBeNull();
    here.put('key', OLD);
    expect(run('work', '--until-drained').status).toBe(0);
    expect(await store.redis.get(mark)).toMatch(/^[0-9a-f]{32}$/);
    await store.close();
    expect(status().depth.deadLetters).toBe(0);
  });
});
