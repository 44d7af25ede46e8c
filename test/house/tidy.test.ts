/**
 * The invariants of the house, held over its source: which room may know which, what is pure, what never stands in a
 * file. Each check is a function from text to what is wrong with it, and is shown to catch a planted violation.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { parseInventory } from '../../src/config/inventory.ts';
import { formats } from '../../src/formats/index.ts';
import { organizationKeys } from '../../src/queue/keys.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Who may import whom, besides itself and the model. Commands and workers/ wire rooms together and may see all of them;
 * a contract (format.ts, block.ts) may be seen as a type from anywhere.
 */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  model: [],
  formats: [],
  origins: [],
  enrich: [],
  config: ['enrich'],
  rules: [],
  measure: [],
  detect: ['measure'],
  alerts: ['detect'],
  sinks: ['alerts'],
  queue: [],
  elastic: [],
  ingest: ['queue', 'elastic', 'origins', 'formats'],
  operate: ['queue', 'elastic'],
  mail: ['alerts', 'sinks'],
  kibana: ['alerts', 'elastic'],
  run: ['origins', 'formats', 'rules', 'measure', 'detect', 'alerts', 'enrich', 'config'],
  shard: [
    ...['run', 'origins', 'formats', 'rules', 'measure', 'detect', 'alerts', 'enrich'],
    ...['queue', 'elastic', 'mail', 'operate'],
  ],
};
/** packages that speak to servers or to those who watch, and the only places that may know them */
const ONLY_AT: Readonly<Record<string, RegExp>> = {
  '@elastic/elasticsearch': /^src\/elastic\/client\.ts$/,
  ioredis: /^src\/queue\//,
  bullmq: /^src\/queue\//,
  pino: /^src\/operate\/log\.ts$/,
  'prom-client': /^src\/operate\/metrics\.ts$/,
  nodemailer: /^src\/mail\/send\.ts$/,
};
const CONTRACTS = ['src/formats/format.ts', 'src/origins/block.ts'];
/** rooms without files, network, timers, clocks and chance */
const PURE = ['model', 'formats', 'rules', 'measure', 'detect', 'alerts', 'mail'];
/** files of rooms that are pure but for them: they speak to a server */
const SPEAKS = ['src/mail/send.ts'];
/** files of pure rooms whose business it is to read files */
const READS_FILES = ['src/rules/rule-folder.ts'];
/** words that say nothing about what is in a file */
const EMPTY_NAMES = /^(utils?|helpers?|common|misc|manager|service|base|impl|types|shared)$/;

const tracked = spawnSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
  .stdout.split('\0')
  .filter(Boolean);
const sources = tracked.filter(
  (path) => /^(src|workers|bench|test)\/.*\.ts$/.test(path) && existsSync(join(ROOT, path)),
);
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Code without comments and without what stands in plain strings, so that prose does not trip a check. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

/** Relative imports of a file as paths from the root. */
function importsOf(path: string, text: string): { target: string; isType: boolean }[] {
  const found = text.matchAll(/^(import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']*)'|import\('(\.[^']*)'\)/gm);
  return [...found].map((m) => ({
    target: relative('.', join(dirname(path), m[3] ?? m[4] ?? '')),
    isType: m[2] !== undefined,
  }));
}

function roomOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function forbiddenImports(path: string, text: string): string[] {
  const room = roomOf(path);
  if (room === null || room === 'commands') return [];
  const allowed = EDGES[room];
  if (allowed === undefined) return [`${path}: the room "${room}" is not in the list of rooms`];
  return importsOf(path, text)
    .filter(({ target, isType }) => {
      const other = roomOf(target);
      if (other === null) return target.startsWith('src/') || target.startsWith('workers/');
      return other !== room && other !== 'model' && !allowed.includes(other) && !(isType && CONTRACTS.includes(target));
    })
    .map(({ target }) => `${path} imports ${target}`);
}

function foreignPackages(path: string, text: string): string[] {
  if (!/^(src|workers)\//.test(path)) return [];
  const named = [...text.matchAll(/(?:from\s+|import\()'([^'.][^']*)'/g)].map((m) => m[1]!);
  return named.filter((name) => ONLY_AT[name]?.test(path) === false).map((name) => `${path} imports ${name}`);
}

function impurities(path: string, text: string): string[] {
  const code = codeOf(text);
  const found: string[] = [];
  const wrong: [RegExp, string][] = [
    [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bhrtime\b/, 'reads the clock'],
    [/\bMath\.random\b/, 'uses chance'],
    [/\bconsole\./, 'prints'],
    [/\b(setTimeout|setInterval|setImmediate)\(/, 'has a timer'],
    [/\bprocess\./, 'looks at the process'],
    [/\bfetch\(/, 'uses the network'],
  ];
  for (const [pattern, what] of wrong) if (pattern.test(code)) found.push(`${path} ${what}`);
  const modules = [...text.matchAll(/from '(node:[^']+)'/g)].map((m) => m[1]!);
  const forbidden = modules.filter((m) => /^node:(fs|net|http|https|dgram|dns|child_process|timers|os)\b/.test(m));
  if (!READS_FILES.includes(path)) found.push(...forbidden.map((m) => `${path} uses ${m}`));
  return found;
}

function badShapes(path: string, text: string): string[] {
  const code = codeOf(text);
  const found: string[] = [];
  if (/^export default\b/m.test(code) && !path.endsWith('.config.ts')) found.push(`${path} has a default export`);
  if (/^\s*(export\s+)?(const\s+)?enum\s/m.test(code)) found.push(`${path} has an enum`);
  if (/^\s*(export\s+)?namespace\s/m.test(code)) found.push(`${path} has a namespace`);
  if (/constructor\([^)]*\b(public|private|protected|readonly)\s/.test(code)) {
    found.push(`${path} has a parameter property`);
  }
  return found;
}

/** A file opens with what it is: a block comment of at least two lines of prose. */
function lacksHeader(text: string): boolean {
  const header = /^(?:#!.*\n)?\/\*\*\n((?: \*.*\n)+?) \*\/\n/.exec(text);
  return header === null || header[1]!.split('\n').filter((line) => line.length > 3).length < 1;
}

/** Whether a text reads a clock that only runs, which has no other use in a test. */
function measuresSeconds(text: string): boolean {
  return /\bperformance\.now\(|\bhrtime\b|\bprocess\.cpuUsage\(/.test(codeOf(text));
}

// written in two halves, so that this file does not hold what it looks for
const REGISTRY_HOSTS = new RegExp(
  [
    'registry\\.npm' + 'js',
    'registry\\.yarn' + 'pkg',
    'pypi\\.' + 'org',
    'deb\\.deb' + 'ian',
    'jsdel' + 'ivr',
    'un' + 'pkg\\.com',
  ].join('|'),
  'i',
);
const MACHINE_PATHS = new RegExp(
  ['(^|[\\s"\'`(=:])/wo' + 'rk/', '/ro' + 'ot/', '/home/[a-z]', '/Users/[A-Za-z]'].join('|'),
);

function leaks(path: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, i) => (REGISTRY_HOSTS.test(line) || MACHINE_PATHS.test(line) ? [`${path}:${i + 1}`] : []));
}

describe('the rooms', () => {
  it('know only the rooms that they may know', () => {
    expect(sources.flatMap((path) => forbiddenImports(path, read(path)))).toEqual([]);
  });

  it('that speak to servers are the only ones that know how', () => {
    expect(sources.flatMap((path) => foreignPackages(path, read(path)))).toEqual([]);
  });

  it('of Kibana has one file that speaks to it', () => {
    const speaks = (path: string) => /from 'node:https?'|\bfetch\(/.test(read(path));
    expect(sources.filter((path) => roomOf(path) === 'kibana' && speaks(path))).toEqual(['src/kibana/client.ts']);
  });

  it('that decide are pure: no file, no network, no timer, no clock, no chance', () => {
    const pure = sources.filter((path) => PURE.includes(roomOf(path) ?? '') && !SPEAKS.includes(path));
    expect(pure.length).toBeGreaterThan(10);
    expect(pure.flatMap((path) => impurities(path, read(path)))).toEqual([]);
  });

  it('have names that say what is in them, and no files named after nothing', () => {
    const names = sources.flatMap((path) => path.split('/').map((part) => part.replace(/\.ts$/, '')));
    expect(names.filter((name) => EMPTY_NAMES.test(name))).toEqual([]);
  });
});

describe('every source file', () => {
  it('opens with a comment that says what it is', () => {
    const ours = sources.filter((path) => !path.startsWith('test/'));
    expect(ours.filter((path) => lacksHeader(read(path)))).toEqual([]);
  });

  it('runs when its types are stripped, and exports by name', () => {
    expect(sources.flatMap((path) => badShapes(path, read(path)))).toEqual([]);
  });
});

describe('every test', () => {
  it('waits and measures by what test/parts has for it, and not by seconds that a busy machine does not keep', () => {
    const tests = sources.filter((path) => path.startsWith('test/') && !path.startsWith('test/parts/'));
    expect(tests.filter((path) => measuresSeconds(read(path)))).toEqual([]);
  });
});

describe('every tracked file', () => {
  it('holds neither the address of a package registry nor a path of somebody’s machine', () => {
    const texts = tracked.filter((path) => existsSync(join(ROOT, path)) && !/\.(png|gz|zst|wasm)$/.test(path));
    expect(texts.flatMap((path) => leaks(path, read(path)))).toEqual([]);
  });

  it('of the lock file names no download address', () => {
    expect(/"resolved":\s*"https?:/.test(read('package-lock.json'))).toBe(false);
  });
});

describe('the lock file', () => {
  it('names every package for every system, also those that the registry of whoever made it lacks (else `npm ci` stops)', () => {
    interface Locked {
      version?: string;
      optionalDependencies?: Record<string, string>;
    }
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
    const named = Object.entries(packages).flatMap(([at, locked]) =>
      Object.keys(locked.optionalDependencies ?? {}).map((name) => ({ at, name })),
    );
    const missing = named.filter(
      ({ at, name }) => !(`${at}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});

describe('lists and files agree', () => {
  it('every format has a folder of fixtures with a log in it', () => {
    const without = formats.filter((format) => {
      const folder = join(ROOT, 'test/formats', format.name);
      return !existsSync(folder) || !readdirSync(folder).some((name) => /\.(log|ndjson)(\.gz)?$/.test(name));
    });
    expect(without.map((format) => format.name)).toEqual([]);
  });

  it('every format name and alias is given once', () => {
    const names = formats.flatMap((format) => [format.name, ...format.aliases]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe('the documents', () => {
  it('name only npm scripts that exist', () => {
    const scripts = new Set([...Object.keys(packageJson.scripts), 'ci']);
    const pages = tracked
      .filter((path) => /^[A-Z]+\.md$/.test(path))
      .map(read)
      .join('\n');
    const named = [...pages.matchAll(/(?:^|`|&& )npm (?:run )?([a-z][a-z:-]*)/gm)].map((m) => m[1]!);
    expect(named).toContain('demo');
    expect(named).toContain('test');
    expect(named.filter((name) => !scripts.has(name))).toEqual([]);
  });

  it('show an inventory that pollwatch accepts', () => {
    const shown = /```yaml\n(version: 1\n[\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
    expect(parseInventory(shown, 'README.md').assets.map((asset) => asset.id)).toEqual(['lookup']);
  });

  it('name only files that are there', () => {
    const pages = tracked.filter((path) => /^[A-Z]+\.md$|^docs\/.*\.md$/.test(path));
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/`((?:src|workers|kernels|config|test|bench|docs)\/[^`\s*<>]*)`/g)].map((m) => m[1]!),
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('say of every key in Redis what it is', () => {
    const page = read('ARCHITECTURE.md');
    const keys = organizationKeys('P', 'org');
    const names = Object.values(keys)
      .map((key: string | ((...numbers: number[]) => string)) => (typeof key === 'string' ? key : key(1, 2)))
      .map((key) => key.replace('P:{org}:', '').replace(/(?::\d)+$/, ''));
    expect(names).toContain('outbox');
    const isTold = (name: string) => new RegExp(`(?:\\{org\\}:|\x60)${name}(?::[a-z:]+)?\x60`).test(page);
    expect(names.filter((name) => !isTold(name))).toEqual([]);
  });

  it('link only to files that are there', () => {
    const pages = tracked.filter((path) => /^[A-Z]+\.md$|^docs\/.*\.md$/.test(path));
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map((m) => m[1]!)
        .filter((link) => !existsSync(join(ROOT, dirname(page), link)))
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('give a reason for every dependency that runs', () => {
    const page = read('ARCHITECTURE.md');
    const runtime = [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.optionalDependencies)];
    const without = runtime.filter((name) => {
      const line = page.split('\n').find((l) => l.includes(`\`${name}\``));
      return line === undefined || line.replace(`\`${name}\``, '').trim().length < 30;
    });
    expect(without).toEqual([]);
  });

  it('say of dependencies which exact version', () => {
    const all = { ...packageJson.dependencies, ...packageJson.devDependencies, ...packageJson.optionalDependencies };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe('the checks themselves catch', () => {
  const header = '/**\n * A file.\n */\n';

  it.each([
    ['a format that imports a detector', "import { f01 } from '../detect/f01.ts';"],
    ['a format that imports a sink for its type', "import type { Page } from '../sinks/page.ts';"],
    ['a format that imports the pipeline', "import { analyze } from '../pipeline.ts';"],
    ['a room that loads another later', "const m = await import('../sinks/page.ts');"],
  ])('%s', (_, text) => {
    expect(forbiddenImports('src/formats/x.ts', text)).toHaveLength(1);
  });

  it.each([
    ['a command that speaks to Redis by itself', "import { Redis } from 'ioredis';"],
    ['a command that speaks to Elasticsearch by itself', "const m = await import('@elastic/elasticsearch');"],
    ['a logger anywhere', "import { pino } from 'pino';"],
  ])('%s', (_, text) => {
    expect(foreignPackages('src/commands/x.ts', text)).toHaveLength(1);
    expect(foreignPackages('src/queue/store.ts', "import { Redis } from 'ioredis';")).toEqual([]);
  });

  it('no import of a contract as a type', () => {
    expect(forbiddenImports('src/rules/x.ts', "import type { Format } from '../formats/format.ts';")).toEqual([]);
  });

  it.each([
    ['a clock', 'const t = Date.now();'],
    ['today', 'const d = new Date();'],
    ['chance', 'const x = Math.random();'],
    ['a file', "import { readFileSync } from 'node:fs';"],
    ['a timer', 'setTimeout(f, 1);'],
    ['a logger', 'console.log(x);'],
  ])('%s in a detector', (_, text) => {
    expect(impurities('src/detect/x.ts', text)).toHaveLength(1);
  });

  it('nothing in prose or in a text about them', () => {
    expect(
      impurities('src/detect/x.ts', "/** never Date.now() */\n// no Math.random()\nconst s = 'console.log';"),
    ).toEqual([]);
  });

  it.each([
    ['a default export', 'export default 1;'],
    ['an enum', 'export enum A { b }'],
    ['a namespace', 'namespace A {}'],
    ['a parameter property', 'class A { constructor(private a: number) {} }'],
  ])('%s', (_, text) => {
    expect(badShapes('src/x.ts', header + text)).toHaveLength(1);
  });

  it('a file without a header, and none with one', () => {
    expect(lacksHeader('const a = 1;\n')).toBe(true);
    expect(lacksHeader(`${header}const a = 1;\n`)).toBe(false);
  });

  it('a test that measures seconds', () => {
    expect(measuresSeconds('const started = performance.now();')).toBe(true);
    expect(measuresSeconds('/** never performance.now() */')).toBe(false);
  });

  it('a registry and a path of a machine', () => {
    expect(leaks('x', `see https://registry.npm${'js'}.org/a\nfine\ncat /wo${'rk'}/main/x`)).toEqual(['x:1', 'x:3']);
  });
});
