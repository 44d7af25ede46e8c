/**
 * Runs the real ./pollwatch as a person would, in a folder of its own, and says what came of it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const ROOT = join(import.meta.dirname, '../..');
export const LAUNCHER = join(ROOT, 'pollwatch');
const SAMPLES = join(ROOT, 'test/samples/generated');

/** Path of a sample log. */
export function sample(name: string): string {
  return join(SAMPLES, name);
}

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Place {
  /** the folder that the program runs in */
  folder: string;
  /** writes a file there; returns its path */
  put(name: string, content: string | Uint8Array): string;
  /** text of a file there */
  text(name: string): string;
  /** the documents of an NDJSON file there */
  documents(name: string): Record<string, unknown>[];
  /** names of the files there */
  names(): string[];
  /** runs ./pollwatch there */
  run(args: string[], options?: { input?: string | Uint8Array; env?: Record<string, string> }): Ran;
}

/** A fresh folder that is its own home (and so has its own key), removed after the test. */
export function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    put(name, content) {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
    text: (name) => readFileSync(join(folder, name), 'utf8'),
    documents(name) {
      const text = readFileSync(join(folder, name), 'utf8');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    names: () => (existsSync(folder) ? readdirSync(folder).filter((name) => name !== '.local') : []),
    run(args, options = {}) {
      const ran = spawnSync(LAUNCHER, args, {
        cwd: folder,
        encoding: 'utf8',
        input: options.input ?? '',
        maxBuffer: 2 ** 28,
        env: { PATH: process.env['PATH'], HOME: folder, TZ: 'UTC', ...options.env },
      });
      return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
    },
  };
}

/** A document's value, whether its field names are dotted or nested. */
export function field(document: Record<string, unknown>, path: string): unknown {
  if (path in document) return document[path];
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

/** Documents without what depends on when they were made. */
export function timeless(documents: Record<string, unknown>[]): string[] {
  return documents.map((document) => {
    const copy = structuredClone(document);
    delete copy['event.created'];
    const { event } = copy;
    if (typeof event === 'object' && event !== null) delete (event as Record<string, unknown>)['created'];
    return JSON.stringify(copy);
  });
}

/** One line of a combined access log. */
export function accessLine(
  target: string,
  options: { ip?: string; second?: number; status?: number; user?: string; referrer?: string; agent?: string } = {},
): string {
  const { ip = '198.51.100.7', second = 0, status = 404, user = '-', referrer = '-', agent = 'Mozilla/5.0' } = options;
  const minute = String(Math.floor(second / 60) % 60).padStart(2, '0');
  const stamp = `14/Sep/2026:10:${minute}:${String(second % 60).padStart(2, '0')} +0000`;
  return `${ip} - ${user} [${stamp}] "GET ${target} HTTP/1.1" ${status} 153 "${referrer}" "${agent}"\n`;
}

/** A log of somebody who asks for forty paths that are not there and a few files that should not be there. */
export function probingLog(): string {
  const secrets = ['/.env', '/.git/config', '/backup.sql', '/.aws/credentials', '/wp-config.php.bak', '/id_rsa'];
  const words = Array.from({ length: 40 }, (_, i) => `/thing${i}/`);
  return [...secrets, ...words].map((path, i) => accessLine(path, { second: i * 2 })).join('');
}
