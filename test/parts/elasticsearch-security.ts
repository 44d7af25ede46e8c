/**
 * A real Elasticsearch with users, roles and TLS for the tests: its own certification authority, an administrator in a
 * file, and a small plugin for what the small distribution lacks to keep users and keys (elasticsearch-plugin/).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElasticSettings } from '../../src/model/installation.ts';
import { makeAuthority } from './authority.ts';
import {
  fetchCompiler,
  findJava,
  JAVA_MIN,
  type OwnServer,
  startElasticsearch,
  unpackDistribution,
  type Version,
} from './elasticsearch.ts';

const PASSWORD = 'only-for-tests';

export interface SecuredServer extends OwnServer {
  /** who may do everything */
  readonly administrator: ElasticSettings;
  /** a certification authority that has nothing to do with the server's, PEM */
  readonly strangeCa: string;
}

/** Starts a server with security on. Throws with what to install when its parts cannot be had. */
export async function startSecuredElasticsearch(prefix: string, version: Version): Promise<SecuredServer> {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-es-plugin-'));
  try {
    const authority = makeAuthority();
    const tls = authority.sign('elasticsearch', 'IP:127.0.0.1');
    const access = { ca: authority.ca, username: 'administrator', password: PASSWORD };
    const server = await startElasticsearch({
      version,
      heapMb: 384,
      plugin: buildPlugin(folder, version),
      access,
      settings: {
        'xpack.security.enabled': 'true',
        'xpack.security.http.ssl.enabled': 'true',
        'xpack.security.http.ssl.key': 'server.key',
        'xpack.security.http.ssl.certificate': 'server.crt',
      },
      files: { 'server.key': tls.key, 'server.crt': tls.cert },
      prepare(_home, run) {
        run('elasticsearch-users', ['useradd', access.username, '-p', access.password, '-r', 'superuser']);
      },
    });
    const administrator = { nodes: [server.url], apiKey: null, ...access, prefix };
    return { ...server, administrator, strangeCa: makeAuthority().ca };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The plugin as the server wants it: a jar and a descriptor. Its compiler is a package, so that no JDK is needed. */
function buildPlugin(folder: string, version: Version): string {
  const release = String(JAVA_MIN[version]);
  const java = join(findJava(JAVA_MIN[version]), 'bin/java');
  const classes = join(folder, 'classes');
  const plugin = join(folder, 'plugin');
  mkdirSync(plugin);
  const source = join(import.meta.dirname, 'elasticsearch-plugin/pollwatch/test/AnalysisForSecurity.java');
  const lib = join(unpackDistribution(version), 'lib');
  const jars = readdirSync(lib).filter((name) => name.endsWith('.jar'));
  const path = jars.map((name) => join(lib, name)).join(':');
  const options = ['-source', release, '-target', release, '-proc:none', '-nowarn', '-cp', path, '-d', classes];
  execFileSync(java, ['-jar', fetchCompiler(), ...options, source]);
  execFileSync('python3', ['-m', 'zipfile', '-c', join(plugin, 'pollwatch-test.jar'), join(classes, 'pollwatch')]);
  const descriptor = {
    name: 'pollwatch-test',
    description: 'analysis that users and keys need',
    version: '1',
    classname: 'pollwatch.test.AnalysisForSecurity',
    'java.version': release,
    'elasticsearch.version': version,
  };
  const lines = Object.entries(descriptor).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(plugin, 'plugin-descriptor.properties'), lines.join(''));
  return plugin;
}
