/**
 * Law 7 in an always-on installation: what voters typed stands in no key of Redis (chunks, the log, snapshots, evidence,
 * dead letters, waiting documents and mails), no document of Elasticsearch, no mail, and no log of ingest and workers at
 * any level. Real servers, the real commands, and a search that is shown to notice what is not hidden.
 */
import { spawn } from 'node:child_process';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectElasticsearch } from '../../src/elastic/client.ts';
import { loadChunks, refOf } from '../../src/queue/chunk-store.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { decodeRecord } from '../../src/shard/record.ts';
import { unsealed } from '../../src/shard/sealed.ts';
import { LAUNCHER, place } from '../cli/pollwatch.ts';
import { removeAll } from '../elastic/documents.ts';
import { startServer, type TestServer } from '../mail/smtp.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { type RedisServer, startOwn } from '../parts/redis.ts';
import { bareNamesLog, leaks, MARKED, plantedFirewallLog, plantedLog, WALKED } from './planted-log.ts';

const ORG = 'us-xx-example';
const VALUES = [...MARKED, ...WALKED];
const KEY = Buffer.alloc(32, 9);
const INVENTORY = `version: 1
organization: {id: ${ORG}, name: Example County}
contacts:
  it: {name: County IT, email: [it@county.example.gov], verified: 2026-09-15, quiet_hours: none}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, url_prefixes: [/lookup], record_key_params: [voterid, lastname+dob], redact_params: [dob, dl], keep_params: [county], sensitivity: voter, criticality: high, owner: it}
routing:
  - {match: {severity: ">=low"}, to: [it]}
`;

/** A file that should not be there is given, to a request that carries a name: critical, so that a mail goes out at once. */
const ANSWERED = `198.51.100.7 - - [14/Sep/2026:10:40:00 +0000] "GET /lookup/.git/config?name=${MARKED[0]!} HTTP/1.1" 200 2871 "https://vote.example.gov/s?q=${MARKED[0]!}" "Mozilla/5.0"\n`;

let redis: RedisServer;
let smtp: TestServer;
const prefix = ownPrefix('voters');

beforeAll(async () => {
  redis = await startOwn();
  smtp = await startServer({ disabledCommands: ['STARTTLS', 'AUTH'] });
});
afterAll(async () => {
  await redis.stop();
  await smtp.close();
});

/** Bytes as text, and what stands packed in them. */
function readable(bytes: Buffer): string {
  const at = bytes.indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
  let packed = '';
  try {
    if (at >= 0) packed = zstdDecompressSync(bytes.subarray(at)).toString('latin1');
  } catch {
    // four bytes of something else that look like the mark of a frame
  }
  return `${bytes.toString('latin1')}\n${packed}`;
}

/** Everything that stands in Redis: each key with all that it holds. */
async function redisDump({ redis: client }: QueueStore): Promise<Record<string, string>> {
  const dump: Record<string, string> = {};
  for (const key of await client.keys('*')) {
    const parts: Buffer[] = [];
    switch (await client.type(key)) {
      case 'string':
        parts.push((await client.getBuffer(key)) ?? Buffer.alloc(0));
        break;
      case 'hash':
        for (const [field, value] of Object.entries(await client.hgetallBuffer(key)))
          parts.push(Buffer.from(field), value as Buffer);
        break;
      case 'list':
        parts.push(...(await client.lrangeBuffer(key, 0, -1)));
        break;
      case 'set':
        parts.push(...(await client.smembersBuffer(key)));
        break;
      case 'zset':
        parts.push(...(await client.zrangeBuffer(key, '0', '-1')));
        break;
      case 'stream':
        parts.push(Buffer.from(JSON.stringify(await client.call('XRANGE', key, '-', '+'))));
        break;
      default:
        throw new Error(`${key} is of a kind that nobody looks into`);
    }
    dump[key] = [key, ...parts.map(readable)].join('\n');
  }
  return dump;
}

describe('what a voter typed', () => {
  it(
    'stands in no store, document, dead letter, log or mail of an always-on installation',
    async () => {
      const url = await SERVERS[0]!.url();
      const here = place();
      here.put('key', KEY);
      here.put('county.yaml', `${INVENTORY}privacy: {key_file: key}\n`);
      here.put('access.log', plantedLog() + bareNamesLog() + ANSWERED);
      here.put('kern.log', plantedFirewallLog());
      const config = here.put(
        'pollwatch.yaml',
        `version: 1
redis: {url: "${redis.url}"}
elasticsearch: {nodes: ["${url}"], prefix: ${prefix}}
mail: {server: 127.0.0.1, port: ${smtp.port}, security: none, from: pollwatch@county.example.gov}
organizations: [{inventory: county.yaml}]
`,
      );
      const env = { POLLWATCH_CONFIG: config, POLLWATCH_LOG_LEVEL: 'debug' };
      const told: Record<string, string> = {};
      // not spawnSync: the mail server answers in this process
      const run = async (name: string, args: string[]) => {
        const child = spawn(LAUNCHER, args, {
          cwd: here.folder,
          env: { PATH: process.env['PATH'], HOME: here.folder, TZ: 'UTC', ...env },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        told[name] = '';
        for (const stream of [child.stdout, child.stderr])
          stream.setEncoding('utf8').on('data', (text: string) => {
            told[name] += text;
          });
        const status = await new Promise((resolve) => child.once('close', resolve));
        expect(status, told[name]).toBe(0);
      };
      const store = openStore(redis.settings('pollwatch'));
      const client = connectElasticsearch(settingsFor(url, prefix));
      const keys = organizationKeys('pollwatch', ORG);
      try {
        await run('setup', ['setup', 'elasticsearch']);
        await run('ingest', ['ingest', '--once', 'access.log', 'kern.log']);
        // the lines wait, sealed: who has the key reads every value in them, nobody else any
        const waiting = [
          ...(await store.redis.lrange(keys.outbox, 0, -1)),
          ...(await store.redis.zrange(keys.flying, 0, '-1')),
        ];
        const chunks = await loadChunks(
          store,
          waiting.map((text) => refOf(ORG, text)),
          createSeal(KEY),
        );
        const opened = chunks.map((chunk) => Buffer.from(chunk.bytes).toString('latin1')).join('');
        expect(leaks(MARKED, { opened }).length).toBe(MARKED.length);
        expect(leaks(VALUES, await redisDump(store))).toEqual([]);

        await run('work', ['work', 'analyze', 'decide', '--until-drained']);
        const decided = await redisDump(store);
        // what lines became is sealed as well: addresses, hosts, and hashes of what people asked for
        const records = (await store.redis.lrangeBuffer(keys.log, 0, -1)).filter(({ length }) => length > 0);
        const kindsOf = (open: (bytes: Buffer) => Uint8Array) =>
          records.map((bytes) => {
            try {
              return decodeRecord(open(bytes)).kind;
            } catch {
              return 'sealed';
            }
          });
        expect(new Set(kindsOf((bytes) => bytes))).toEqual(new Set(['rules', 'sealed']));
        expect(new Set(kindsOf((bytes) => unsealed(bytes, createSeal(KEY), ORG, 'record')))).toEqual(
          new Set(['rules', 'delta']),
        );
        const held = Object.keys(decided).map((key) => key.replace(/^.*\}:/, '').replace(/:.*$/, ''));
        expect(held).toEqual(
          expect.arrayContaining(['snapshot', 'revisions', 'pending', 'evidence', 'mails', 'stats']),
        );
        expect(decided[keys.pending]).toContain('election.lookup_enum');
        expect(decided[keys.mails]).toContain('Voter lookup');
        expect(leaks(VALUES, decided)).toEqual([]);

        // a chunk that was given up keeps its bytes
        await run('ingest again', ['ingest', '--once', 'access.log']);
        const again = (await store.redis.lpop(keys.outbox))!;
        await store.redis.hset(keys.dead, `chunk:${again}`, JSON.stringify({ reason: 'x', at: 1 }));
        await run('dead', ['dead', 'show', `chunk:${again}`]);
        await run('status', ['status', '--json']);
        await run('work on', ['work', '--until-drained']);
        expect(leaks(VALUES, await redisDump(store))).toEqual([]);

        await client.indices.refresh({ index: `${prefix}-*` });
        const { hits } = await client.search({ index: `${prefix}-*`, size: 5000 });
        const documents = JSON.stringify(hits.hits);
        expect(documents).toContain('election.lookup_enum');
        expect(documents).toContain('etc/passwd');
        const mails = smtp.received
          .map(({ raw, mail }) => `${raw}\n${mail.text ?? ''}\n${String(mail.html)}`)
          .join('\n');
        expect(mails).toContain('Voter lookup');
        expect(leaks(VALUES, { documents, mails, ...told })).toEqual([]);
        expect(told['work']).toContain('chunks were analysed');
      } finally {
        await removeAll(client, prefix);
        await client.close();
        await store.close();
      }
    },
    START_MS,
  );

  it('would be noticed in Redis, also where it is packed', async () => {
    const store = openStore(redis.settings('control'));
    try {
      await store.redis.hset('control', 'field', Buffer.from(`x ${MARKED[0]!} y`));
      expect(leaks([MARKED[0]!], await redisDump(store))).toEqual([`control: ${MARKED[0]!}`]);
    } finally {
      await store.redis.del('control');
      await store.close();
    }
  });
});
