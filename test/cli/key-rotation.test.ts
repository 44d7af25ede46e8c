/**
 * A new key takes the place of an old one (law 7): what was sealed before still opens, protected records are still found,
 * and a window that spans the change is counted in two parts, as SECURITY.md says.
 */
import { spawn } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { loadSecret } from '../../src/config/secret.ts';
import { combined } from '../../src/formats/combined.ts';
import { encodeState, mergeDelta } from '../../src/measure/delta.ts';
import { createState, type State, settleState } from '../../src/measure/state.ts';
import { createSeal, SealError } from '../../src/queue/seal.ts';
import { decideAll } from '../../src/run/pipeline.ts';
import { createScanner, measureKey } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { page, times } from '../detect/log-lines.ts';
import { type RedisServer, startRedis, until } from '../parts/redis.ts';
import { LAUNCHER, place, probingLog } from './pollwatch.ts';

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
  const found = decideAll(whole, ruleSet, inventory, () => 0).filter((d) => d.detection === 'election.lookup_enum');
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
  it('are read as long as the key before is there, and are put aside, sealed, when it is not', async () => {
    const here = place();
    here.put('key', OLD);
    here.put('access.log', probingLog());
    const config = here.put(
      'pollwatch.yaml',
      `version: 1\nredis: {url: "${redis.url}", prefix: ${redis.settings().prefix}}\norganizations: [{id: us-xx, name: X, key_file: key}]\n`,
    );
    const run = (...args: string[]) => here.run(args, { env: { POLLWATCH_CONFIG: config } });
    const status = () =>
      JSON.parse(run('status', '--json').stdout) as { depth: { deadLetters: number; stats: { events?: number } } };
    expect(run('ingest', '--once', 'access.log').status).toBe(0);
    renameSync(join(here.folder, 'key'), join(here.folder, 'key.previous'));
    here.put('key', NEW);
    expect(run('work', '--until-drained').status).toBe(0);
    expect(status().depth).toMatchObject({ deadLetters: 0, stats: { events: 46 } });

    here.put('more.log', probingLog());
    expect(run('ingest', '--once', 'more.log').status).toBe(0);
    rmSync(join(here.folder, 'key.previous'));
    here.put('key', Buffer.alloc(32, 3));
    // what was counted before does not open either: nothing is decided without it, and that is said
    const worker = spawn(LAUNCHER, ['work', '--until-drained'], {
      cwd: here.folder,
      env: { PATH: process.env['PATH'], HOME: here.folder, TZ: 'UTC', POLLWATCH_CONFIG: config },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [worker.stdout, worker.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const ended = new Promise((resolve) => worker.once('close', resolve));
    try {
      await until('it is said', () => said.includes('a snapshot does not open: another secret'), 60_000);
      await until('the lines are put aside', () => status().depth.deadLetters === 1, 60_000);
    } finally {
      worker.kill('SIGTERM');
      await ended;
    }
    expect(status().depth).toMatchObject({ deadLetters: 1, stats: { events: 46 } });
  }, 180_000);
});
