/**
 * Listens for syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). Senders are strangers: their number, the
 * length of a message, the time that one may take and the time of silence are bounded. When the queue is full, a TCP
 * sender is not read from; UDP datagrams are dropped and counted, as are those that the system dropped before us.
 */

import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { OperatorError } from '../model/problem.ts';
import type { WriterSetting } from './chunk-writer.ts';
import type { IngestCounts } from './ingest-counts.ts';
import { createLineIntake, type LineIntake } from './line-intake.ts';
import { lineOfMessage, OVERLONG_LINE } from './message-line.ts';
import { peerOrganizations, type SyslogOrigin, withoutMapping } from './peer-organization.ts';
import { createSyslogFraming, type SyslogFraming } from './syslog-framing.ts';
import { createDoor, type Door, NO_FRAMING, NO_PEER, type Refusal, TOO_MANY, tlsRefusal } from './turned-away.ts';

/** Bounds of a listener; tests use small ones. */
export interface ListenerBounds {
  /** connections at a time, and from one address */
  readonly connectionsMax: number;
  readonly connectionsPerPeer: number;
  /** how long one message may take from its first byte to its last, ms */
  readonly messageMs: number;
  /** how long a sender may be silent, ms */
  readonly idleMs: number;
}

const BOUNDS: ListenerBounds = {
  connectionsMax: 1024,
  connectionsPerPeer: 64,
  messageMs: 60_000,
  idleMs: 3_600_000,
};
/** What the system is asked to keep of datagrams that were not read yet; it may give less. */
const RECEIVE_BYTES = 8 * 1024 * 1024;
/** How often bounds and lost datagrams are looked at, ms. */
const LOOK_MS = 200;
/** How long a TLS handshake may take, ms. */
const HANDSHAKE_MS = 10_000;
/** The format in which a message counts that fits none: it knows messages of other programs than the kernel. */
const OTHERWISE = 'netfilter';

/** Listens until the signal comes; then commits what is in hand. Rejects with an OperatorError when it cannot listen. */
export async function listenSyslog(
  origin: SyslogOrigin,
  settings: ReadonlyMap<string, WriterSetting>,
  counts: IngestCounts,
  signal: AbortSignal,
  bounds: Partial<ListenerBounds> = {},
): Promise<void> {
  const { name, reading } = origin;
  const run = randomBytes(9).toString('base64url');
  const { organization } = reading;
  const door = createDoor(name, counts.of(organization, name), settings.get(organization)!.notices);
  const intake = createLineIntake(name, run, reading, settings, counts, OTHERWISE);
  const listener =
    origin.transport === 'udp'
      ? await listenUdp(origin, intake, door)
      : await listenStream(origin, intake, { counts, door, bounds: { ...BOUNDS, ...bounds } });
  const look = setInterval(() => listener.look(), LOOK_MS);
  // what is in the sockets when the signal comes is still put in, then committed
  const drained = new AbortController();
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= listener.close().then(() => drained.abort());
    return closing;
  };
  signal.addEventListener('abort', () => void close(), { once: true });
  if (signal.aborted) void close();
  try {
    await intake.run(drained.signal);
  } finally {
    clearInterval(look);
    await close();
  }
}

interface Listener {
  look(): void;
  close(): Promise<void>;
}

async function listenUdp(origin: SyslogOrigin, intake: LineIntake, door: Door): Promise<Listener> {
  const { host, port, reading } = origin;
  const organizationOf = peerOrganizations(origin);
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BYTES });
  socket.on('message', (bytes, peer) => {
    const organization = organizationOf(peer.address, null);
    if (organization === null) return door.turnAway(withoutMapping(peer.address), NO_PEER);
    const line = lineOfMessage(bytes.toString('latin1'), reading, OTHERWISE);
    if (!intake.put(organization, line)) intake.drop(organization, line, 1);
  });
  await bound(origin, (ready, failed) => {
    socket.once('error', failed);
    socket.bind(port, host, ready);
  });
  socket.on('error', () => undefined);
  let lost = 0;
  let isOpen = true;
  const look = (): void => {
    if (!isOpen) return;
    const now = lostDatagrams(socket);
    // whose they were is not known
    if (now > lost) intake.drop(reading.organization, null, now - lost);
    lost = Math.max(lost, now);
  };
  return {
    look,
    close: () =>
      new Promise((resolve) => {
        look();
        isOpen = false;
        socket.close(() => resolve());
      }),
  };
}

/** Datagrams for a socket that the system had no room for; 0 where it does not say. See proc(5), /proc/net/udp. */
function lostDatagrams(socket: DatagramSocket): number {
  const { port, family } = socket.address();
  let table: string;
  try {
    table = readFileSync(family === 'IPv6' ? '/proc/net/udp6' : '/proc/net/udp', 'latin1');
  } catch {
    return 0;
  }
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let lost = 0;
  for (const row of table.split('\n').slice(1)) {
    const fields = row.trim().split(/\s+/);
    if (fields[1]?.endsWith(wanted) === true) lost += Number(fields.at(-1) ?? 0);
  }
  return lost;
}

/** One sender over TCP or TLS. */
interface Connection {
  readonly socket: Socket;
  readonly framing: SyslogFraming;
  readonly organization: string;
  readonly peer: string;
  overlong: number;
  /** Unix ms since when a message is not whole; 0 = none has begun */
  insideSinceMs: number;
  /** messages that were framed and found no room yet */
  waiting: Buffer[];
}

async function listenStream(
  origin: SyslogOrigin,
  intake: LineIntake,
  { counts, door, bounds }: { counts: IngestCounts; door: Door; bounds: ListenerBounds },
): Promise<Listener> {
  const { host, port, reading, tls, name } = origin;
  const organizationOf = peerOrganizations(origin);
  const connections = new Set<Connection>();
  const sockets = new Set<Socket>();
  const perPeer = new Map<string, number>();

  const countOf = (organization: string) => counts.of(organization, name);
  const drain = (connection: Connection): void => {
    const { organization, waiting } = connection;
    let taken = 0;
    for (const message of waiting) {
      const line = lineOfMessage(message.toString('latin1'), reading, OTHERWISE);
      // an empty line between messages is no message
      if (line.line !== '' && !intake.put(organization, line)) break;
      taken++;
    }
    waiting.splice(0, taken);
    if (waiting.length > 0) connection.socket.pause();
    else if (connection.socket.isPaused()) connection.socket.resume();
  };
  const take = (connection: Connection, messages: readonly Buffer[]): void => {
    const { framing } = connection;
    connection.waiting.push(...messages);
    for (; connection.overlong < framing.overlong; connection.overlong++) {
      countOf(connection.organization).overlong++;
      connection.waiting.push(Buffer.from(OVERLONG_LINE));
    }
    if (!framing.isInside) connection.insideSinceMs = 0;
    else if (connection.insideSinceMs === 0 || messages.length > 0) connection.insideSinceMs = Date.now();
    drain(connection);
  };
  const end = (connection: Connection): void => {
    if (!connections.delete(connection)) return;
    const last = connection.framing.end();
    if (last !== null) take(connection, [last]);
    else if (connection.framing.isInside || connection.framing.isBroken) countOf(connection.organization).cut++;
    // what found no room before the sender left is lost, and said
    if (connection.waiting.length > 0) intake.drop(connection.organization, null, connection.waiting.length);
  };
  const turnAway = (socket: Socket, refusal: Refusal): void => {
    door.turnAway(addressOf(socket), refusal);
    socket.destroy();
  };
  const accept = (socket: Socket): void => {
    const peer = withoutMapping(socket.remoteAddress ?? '');
    const commonName = socket instanceof TLSSocket ? commonNameOf(socket) : null;
    const organization = organizationOf(peer, commonName);
    if (organization === null) {
      turnAway(socket, NO_PEER);
      return;
    }
    door.letIn(peer);
    const connection: Connection = {
      socket,
      framing: createSyslogFraming(),
      organization,
      peer,
      overlong: 0,
      insideSinceMs: 0,
      waiting: [],
    };
    connections.add(connection);
    // a sender that breaks off is no error of ours; its connection closes
    socket.on('error', () => undefined);
    socket.setTimeout(bounds.idleMs, () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      take(connection, connection.framing.push(bytes));
      if (connection.framing.isBroken) turnAway(socket, NO_FRAMING);
    });
    socket.on('close', () => end(connection));
  };

  const admit = (socket: Socket): void => {
    socket.on('error', () => undefined);
    const peer = withoutMapping(socket.remoteAddress ?? '');
    const others = perPeer.get(peer) ?? 0;
    if (sockets.size >= bounds.connectionsMax || others >= bounds.connectionsPerPeer) {
      turnAway(socket, TOO_MANY);
      return;
    }
    sockets.add(socket);
    perPeer.set(peer, others + 1);
    socket.on('close', () => {
      sockets.delete(socket);
      const left = (perPeer.get(peer) ?? 1) - 1;
      if (left === 0) perPeer.delete(peer);
      else perPeer.set(peer, left);
    });
  };
  let server: Server;
  if (tls === null) {
    server = createServer((socket) => {
      admit(socket);
      if (!socket.destroyed) accept(socket);
    });
  } else {
    const { cert, key, clientCa } = tls;
    const client = clientCa === null ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
    const secure = createTlsServer({ cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS, ...client });
    secure.on('connection', admit);
    secure.on('secureConnection', accept);
    secure.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // a code, whatever its type says
      const check = socket.authorizationError as unknown;
      const refusal = tlsRefusal(error.code ?? error.name, typeof check === 'string' ? check : null);
      if (refusal === null) socket.destroy();
      else turnAway(socket, refusal);
    });
    server = secure;
  }
  await bound(origin, (ready, failed) => {
    server.once('error', failed);
    server.listen(port, host, ready);
  });
  server.on('error', () => undefined);

  return {
    look() {
      const nowMs = Date.now();
      for (const connection of connections) {
        if (connection.waiting.length > 0) {
          drain(connection);
          // it is we who do not read
          if (connection.insideSinceMs > 0) connection.insideSinceMs = nowMs;
        } else if (connection.insideSinceMs > 0 && nowMs - connection.insideSinceMs > bounds.messageMs) {
          connection.socket.destroy();
        }
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) end(connection);
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A socket that Node has destroyed, for its certificate is not the right one, knows no address; the one below it does. */
function addressOf(socket: Socket): string {
  const below = (socket as { _parent?: Socket })._parent;
  return withoutMapping(socket.remoteAddress ?? below?.remoteAddress ?? 'of an unknown address');
}

function commonNameOf(socket: TLSSocket): string | null {
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : null;
}

/** Waits until a listener is bound; a failure is the operator's to mend. */
async function bound(
  { name, transport, host, port }: SyslogOrigin,
  listen: (ready: () => void, failed: (error: Error) => void) => void,
): Promise<void> {
  try {
    await new Promise<void>(listen);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OperatorError(
      [
        {
          code: 'PW-INGEST-LISTEN',
          message: `the listener ${name} cannot listen on ${transport} ${host}:${port} (${code})`,
          hint:
            code === 'EADDRINUSE'
              ? 'another program listens there: end it, or take another port'
              : code === 'EACCES'
                ? 'ports below 1024 need a right that this process lacks: take a higher one'
                : 'check the address and the certificate of the listener',
        },
      ],
      { cause },
    );
  }
}
