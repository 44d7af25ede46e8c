/** The organisation's secret key: made once, kept private, never silently replaced. */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadSecret } from '../../src/config/secret.ts';
import { OperatorError } from '../../src/model/problem.ts';

const root = mkdtempSync(join(tmpdir(), 'pollwatch-secret-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'));
});

describe('the secret key', () => {
  it('is made on first use, 32 bytes that only its owner may read, and is the same ever after', () => {
    const first = loadSecret(null, { HOME: home });
    expect(first).toMatchObject({ file: join(home, '.local/state/pollwatch/key'), isDefault: false });
    expect(first.key).toHaveLength(32);
    expect(statSync(first.file!).mode & 0o777).toBe(0o600);
    expect(loadSecret(null, { HOME: home }).key).toEqual(first.key);
    expect(readdirSync(join(home, '.local/state/pollwatch'))).toEqual(['key']);
    const other = mkdtempSync(join(root, 'home-'));
    expect(loadSecret(null, { HOME: other }).key).not.toEqual(first.key);
  });

  it('stands in XDG_STATE_HOME where that is set', () => {
    expect(loadSecret(null, { HOME: home, XDG_STATE_HOME: join(home, 'state') }).file).toBe(
      join(home, 'state/pollwatch/key'),
    );
  });

  // in a process of its own: a loop that never returns cannot be timed out from inside
  it.runIf(existsSync('/proc/self'))(
    'that cannot be kept in a folder that takes none is the public one, at once',
    () => {
      const code = `import { loadSecret } from ${JSON.stringify(new URL('../../src/config/secret.ts', import.meta.url).href)};
console.log(loadSecret(null, { HOME: '/proc' }).isDefault);`;
      const ran = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
        encoding: 'utf8',
        timeout: 120_000,
        killSignal: 'SIGKILL',
      });
      expect(ran.stdout).toBe('true\n');
    },
  );

  it('is that of POLLWATCH_KEY_FILE, else that of the inventory', () => {
    writeFileSync(join(home, 'a'), Buffer.alloc(32, 1));
    writeFileSync(join(home, 'b'), Buffer.alloc(40, 2));
    expect(loadSecret(join(home, 'a'), { HOME: home })).toEqual({
      key: Buffer.alloc(32, 1),
      previous: null,
      file: join(home, 'a'),
      isDefault: false,
    });
    expect(loadSecret(join(home, 'a'), { HOME: home, POLLWATCH_KEY_FILE: join(home, 'b') }).key).toEqual(
      Buffer.alloc(40, 2),
    );
  });

  it('that was named but is missing, short or endless is refused, never made', () => {
    writeFileSync(join(home, 'short'), 'too short');
    writeFileSync(join(home, 'endless'), Buffer.alloc(5000));
    for (const name of ['none', 'short', 'endless']) {
      expect(() => loadSecret(join(home, name), { HOME: home })).toThrow(OperatorError);
    }
    expect(readdirSync(home).sort()).toEqual(['endless', 'short']);
  });

  it('that was made but is damaged is refused, so that values are not hidden with another key unnoticed', () => {
    mkdirSync(join(home, 'pollwatch'));
    writeFileSync(join(home, 'pollwatch/key'), 'short');
    expect(() => loadSecret(null, { HOME: home, XDG_STATE_HOME: home })).toThrow(OperatorError);
  });

  it('is the public default where nothing can be kept, and says so', () => {
    writeFileSync(join(home, 'file'), '');
    const secret = loadSecret(null, { HOME: join(home, 'file') });
    expect(secret).toMatchObject({ file: null, isDefault: true });
    expect(secret.key).toHaveLength(32);
    expect(loadSecret(null, { HOME: join(home, 'file') }).key).toEqual(secret.key);
  });

  it('is one and the same for processes that start at once', async () => {
    const module = new URL('../../src/config/secret.ts', import.meta.url).href;
    const script = `const {loadSecret} = await import(${JSON.stringify(module)}); process.stdout.write(Buffer.from(loadSecret().key).toString('hex'))`;
    const keys = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
          env: { HOME: home, PATH: process.env['PATH'] },
        });
        let out = '';
        for await (const chunk of child.stdout) out += String(chunk);
        return out;
      }),
    );
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(keys).size).toBe(1);
    expect(readFileSync(join(home, '.local/state/pollwatch/key')).toString('hex')).toBe(keys[0]);
    expect(readdirSync(join(home, '.local/state/pollwatch'))).toEqual(['key']);
  });
});
