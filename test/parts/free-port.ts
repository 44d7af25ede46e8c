/**
 * A port for a server of a test. It lies below those that the system gives to connections (32,768 and up), so that between
 * asking and listening, or while a server is down to be started again, no connection of another process can take it.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** The bus of a Redis cluster node stands 10,000 above its port, and below the others as well. */
const LOWEST = 12_000;
const HIGHEST = 22_000;
const BUS_ABOVE = 10_000;

/** A port of 127.0.0.1 on which nobody listens, by TCP or UDP; nor, `withBus`, on the one 10,000 above. */
export async function freePort(withBus = false): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if ((await isFree(port)) && (!withBus || (await isFree(port + BUS_ABOVE)))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return (await isFreeByTcp(port)) && (await isFreeByUdp(port));
}

function isFreeByTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function isFreeByUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
