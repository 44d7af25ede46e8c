/**
 * Syslog over real sockets: what a sender sends stands in Redis under its organisation, hostile senders are bounded, and
 * what is lost is counted.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { createIngestCounts } from '../../src/ingest/ingest-counts.ts';
import { createNotices } from '../../src/ingest/notices.ts';
import type { SyslogOrigin } from '../../src/ingest/peer-organization.ts';
import { type ListenerBounds, listenSyslog } from '../../src/ingest/syslog-listener.ts';
import { readOrigins } from '../../src/queue/origins.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { makeAuthority } from '../parts/authority.ts';
import { freePort } from '../parts/free-port.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLine, accessLines, type Office, openOffice, READING, type Running, text } from './office.ts';

let server: RedisServer;
let office: Office;
let running: Running | null = null;
const sockets: Socket[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  office = openOffice(server.settings());
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await running?.stop();
  running = null;
  await office.close();
});

const PACKET =
  'Sep 14 08:01:17 gw01 kernel: [1.5] [fw DROP] IN=eth0 OUT= SRC=203.0.113.9 DST=198.51.100.1 PROTO=TCP SPT=1 DPT=2';
const nginx = (n: number) => `<190>Sep 14 08:01:00 web01 nginx: ${accessLine(n)}`;

async function listener(more: Partial<SyslogOrigin> = {}): Promise<SyslogOrigin> {
  const port = await freePort();
  return {
    kind: 'syslog',
    name: 'syslog',
    transport: 'tcp',
    host: '127.0.0.1',
    port,
    tls: null,
    peers: [],
    reading: READING,
    ...more,
  };
}

/** Connects as soon as the listener listens. */
async function dial(port: number): Promise<Socket> {
  let socket: Socket | null = null;
  await until('the listener', async () => {
    const attempt = connect(port, '127.0.0.1');
    try {
      await once(attempt, 'connect');
      socket = attempt;
      return true;
    } catch {
      return false;
    }
  });
  sockets.push(socket!);
  socket!.on('error', () => undefined);
  return socket!;
}

const turnedAway = (counts: Running['counts']) => counts.all().reduce((sum, of) => sum + of.turnedAway, 0);
const arrived = (count: number, org = 'adams') =>
  until(`${count} lines of ${org}`, async () => (await office.lines(org)).length >= count);

it('over TCP, counted or by lines, gives each line to its format, without a header that the format does not know', async () => {
  const origin = await listener();
  running = office.start([origin]);
  const counted = await dial(origin.port);
  const messages = [nginx(0), `<4>${PACKET}`, `<4>1 2026-09-14T08:01:00Z web01 nginx 7 - - ${accessLine(1)}\n`];
  counted.write(messages.map((message) => `${message.length} ${message}`).join(''));
  const lines = await dial(origin.port);
  lines.write(`${nginx(2)}\r\n<30>Sep 14 08:01:00 web01 sshd[7]: hello\n${accessLine(3)}`);
  await arrived(5);
  lines.end();
  await arrived(6);
  const origins = await office.ingested();
  expect(origins.map(({ name, format }) => [name, format])).toEqual(
    expect.arrayContaining([
      ['syslog combined', 'combined'],
      ['syslog netfilter', 'netfilter'],
    ]),
  );
  const of = (format: string) => [...origins.find((origin) => origin.format === format)!.lines].sort();
  expect(of('combined')).toEqual(accessLines(0, 4));
  expect(of('netfilter')).toEqual(['<30>Sep 14 08:01:00 web01 sshd[7]: hello', `<4>${PACKET}`]);
});

it('over UDP gives a line per datagram, to the organisation whose network it came from', async () => {
  const peers = [{ cidr: '127.0.0.0/8', commonName: null, organization: 'brown' }];
  const origin = await listener({ transport: 'udp', peers });
  running = office.start([origin]);
  const socket = createSocket('udp4');
  await until('a datagram that arrives', async () => {
    socket.send(nginx(0), origin.port, '127.0.0.1');
    return (await office.lines('brown')).length > 0;
  });
  const before = (await office.lines('brown')).length;
  for (let n = 1; n < 200; n++) socket.send(`${nginx(n)}\n`, origin.port, '127.0.0.1');
  await until('all datagrams', async () => new Set(await office.lines('brown')).size === 200);
  socket.close();
  expect(before).toBeGreaterThan(0);
  expect(await office.lines('adams')).toEqual([]);
  expect([...new Set(await office.lines('brown'))].sort()).toEqual(accessLines(0, 200).sort());
});

it('over TLS takes clients of its authority only, and knows them by the name in their certificate', async () => {
  const { ca, sign } = makeAuthority();
  const itself = sign('localhost');
  const clients = {
    'brown-gateway': sign('brown-gateway'),
    other: sign('other'),
    stranger: makeAuthority().sign('brown-gateway'),
  };
  const origin = await listener({
    transport: 'tls',
    tls: { ...itself, clientCa: ca },
    peers: [{ cidr: '127.0.0.0/8', commonName: 'brown-gateway', organization: 'brown' }],
  });
  running = office.start([origin]);
  (await dial(origin.port)).destroy();
  const send = async (client: keyof typeof clients | null, line: string) => {
    const own = client === null ? {} : clients[client];
    const socket = connectTls({
      port: origin.port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      ...own,
    });
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.end(`${line.length} ${line}`);
    // who is turned away gets an error, then the close
    await new Promise((resolve) => socket.once('close', resolve));
  };
  await send('brown-gateway', nginx(0));
  await send('other', nginx(1));
  await send('stranger', nginx(2));
  const { notices, counts } = running;
  const told = () => notices.filter(({ code }) => code === 'PW-INGEST-PEER').map(({ message }) => message);
  await until('the stranger is told', () => told().length === 1);
  expect(told()[0]).toMatch(
    /^a sender was turned away: 127\.0\.0\.1 shows a certificate of another authority \(UNABLE_/,
  );
  await send(null, nginx(3));
  // it is counted, and the same address told once until it comes in
  await until('nobody is counted twice', () => turnedAway(counts) === 2);
  await send('other', nginx(4));
  await until('it comes in', () => told().length === 2);
  expect(told()[1]).toBe('127.0.0.1 is let in');
  await send(null, nginx(3));
  await until('it is told again', () => told().length === 3);
  expect(told()[2]).toContain('127.0.0.1 shows no certificate');
  await send('other', nginx(5));
  (await dial(origin.port)).end('<13>no TLS at all, and long enough to be looked at\n');
  await until('plain text is told', () => told().at(-1)!.includes('does not speak TLS'));
  await arrived(1, 'brown');
  await arrived(1, 'adams');
  await running.stop();
  running = null;
  expect(await office.lines('brown')).toEqual([accessLine(0)]);
  expect((await office.lines('adams')).sort()).toEqual([1, 4, 5].map((n) => accessLine(n)));
});

it('of peers only turns everybody else away, over UDP as over TCP, and says whom', async () => {
  const peers = [{ cidr: '192.0.2.0/24', commonName: null, organization: 'brown' }];
  const only = { peers, isPeersOnly: true };
  const udp = await listener({ ...only, name: 'datagrams', transport: 'udp' });
  const tcp = await listener({ ...only, name: 'stream' });
  running = office.start([udp, tcp]);
  const { notices, counts } = running;
  const stranger = await dial(tcp.port);
  stranger.write(`${nginx(0)}\n`);
  if (!stranger.closed) await once(stranger, 'close');
  const socket = createSocket('udp4');
  await until('a datagram is counted', () => {
    socket.send(nginx(1), udp.port, '127.0.0.1');
    return counts.all().some(({ origin, turnedAway: n }) => origin === 'datagrams' && n > 3);
  });
  socket.close();
  const told = notices.map(({ origin, message }) => `${origin}: ${message}`);
  expect(told.sort()).toEqual(
    ['datagrams', 'stream'].map(
      (name) => `${name} 127.0.0.1: a sender was turned away: 127.0.0.1 fits none of the peers`,
    ),
  );
  await running.stop();
  running = null;
  expect([await office.lines('adams'), await office.lines('brown')]).toEqual([[], []]);
});

it('stops reading a TCP sender when the queue is full, and loses nothing of it', async () => {
  const origin = await listener();
  const sent = 150_000;
  running = office.start([origin], {}, 40_000);
  const socket = await dial(origin.port);
  socket.end(
    `${Array.from({ length: sent }, (_, n) => `<190>Sep 14 08:01:00 web01 nginx: ${accessLine(n)}`).join('\n')}\n`,
  );
  const { notices } = running;
  await until('the notice', () => notices.some(({ code }) => code === 'PW-INGEST-FULL'));
  const bytes = text(accessLines(0, sent)).length;
  await until('all bytes', async () => {
    // as if a worker took what waits away
    await office.store.redis.set(`${office.store.prefix}:{adams}:queued`, 0);
    return (await readOrigins(office.store, 'adams'))[0]!.offset >= bytes;
  });
  const lines = await office.lines();
  expect([lines.length, new Set(lines).size]).toEqual([sent, sent]);
  expect(notices.filter(({ code }) => code === 'PW-INGEST-FULL').map(({ isOver }) => isOver)).toContain(true);
});

it('of a burst of datagrams those that the system had no room for are counted: the numbers add up', async () => {
  const origin = await listener({ transport: 'udp' });
  running = office.start([origin]);
  const socket = createSocket('udp4');
  let sent = 0;
  await until('a datagram that arrives', async () => {
    socket.send(nginx(sent), origin.port, '127.0.0.1', () => sent++);
    return (await office.lines()).length > 0;
  });
  const filler = 'x'.repeat(8000);
  await Promise.all(
    Array.from(
      { length: 4000 },
      (_, n) =>
        new Promise<void>((resolve) => {
          socket.send(
            `<190>Sep 14 08:01:00 web01 nginx: ${accessLine(n, filler)}`,
            origin.port,
            '127.0.0.1',
            (error) => {
              if (error === null) sent++;
              resolve();
            },
          );
        }),
    ),
  );
  socket.close();
  let dropped = 0;
  await until('all to be accounted for', async () => {
    const heads = await office.ingested();
    dropped = heads.reduce((sum, head) => sum + head.dropped, 0);
    return heads.reduce((sum, head) => sum + head.lines.length, 0) + dropped === sent;
  });
  expect(dropped).toBeGreaterThan(0);
});

it('what a UDP listener has no room for is dropped and counted, here and in the head of the origin', async () => {
  const origin = await listener({ transport: 'udp' });
  running = office.start([origin], {}, 1);
  const socket = createSocket('udp4');
  const filler = 'x'.repeat(8000);
  let sent = 0;
  const { counts } = running;
  const dropped = () => counts.all().reduce((sum, of) => sum + of.dropped, 0);
  await until('dropped lines', () => {
    for (let i = 0; i < 50; i++)
      socket.send(`<190>Sep 14 08:01:00 web01 nginx: ${accessLine(sent++, filler)}`, origin.port, '127.0.0.1');
    return dropped() > 0;
  });
  socket.close();
  await office.store.redis.set(`${office.store.prefix}:{adams}:queued`, 0);
  const heads = async () => (await office.ingested()).reduce((sum, head) => sum + head.dropped, 0);
  await until('the head to know', async () => {
    await office.store.redis.set(`${office.store.prefix}:{adams}:queued`, 0);
    return dropped() > 0 && (await heads()) === dropped();
  });
  expect(await heads()).toBeGreaterThan(0);
});

it('a sender that is slow, silent, one of too many, or broken is cut off; the others go on', async () => {
  const origin = await listener();
  const stop = new AbortController();
  const counts = createIngestCounts();
  const { store } = office;
  const tenant = office.installation([]).tenants.get('adams')!;
  const setting = {
    store,
    tenant,
    seal: createSeal(tenant.secret),
    queuedBytesMax: 1e9,
    notices: createNotices('adams', () => undefined),
    signal: stop.signal,
  };
  const bounds: Partial<ListenerBounds> = { connectionsPerPeer: 4, messageMs: 500, idleMs: 5000 };
  const ended = listenSyslog(origin, new Map([['adams', setting]]), counts, stop.signal, bounds);
  try {
    const slow = await dial(origin.port);
    slow.write('<13>a message that never');
    const broken = await dial(origin.port);
    broken.write('5 <13>ax');
    const closed = [once(slow, 'close'), once(broken, 'close')];
    await Promise.all(closed);
    const good = await dial(origin.port);
    const beat = setInterval(() => good.write(`${nginx(0)}\n`), 100);
    onTestFinished(() => clearInterval(beat));
    const silent = await dial(origin.port);
    const silenced = once(silent, 'close');
    const others = [await dial(origin.port), await dial(origin.port)];
    const fifth = await dial(origin.port);
    await once(fifth, 'close');
    await silenced;
    expect(others.length).toBe(2);
    expect(good.destroyed).toBe(false);
    await arrived(5);
    expect(await office.lines()).toContain('<13>a message that never');
    expect(counts.of('adams', 'syslog').cut).toBe(1);
    // the broken one, and the fifth
    expect(counts.of('adams', 'syslog').turnedAway).toBe(2);
  } finally {
    stop.abort();
    await ended;
  }
});

it('an address that is taken is told with what to do, and nothing runs', async () => {
  const origin = await listener();
  const other = createServer().listen(origin.port, '127.0.0.1');
  await once(other, 'listening');
  try {
    running = office.start([origin]);
    await expect(running.stop()).rejects.toThrow(/PW-INGEST-LISTEN .*EADDRINUSE/);
  } finally {
    running = null;
    other.close();
  }
});
