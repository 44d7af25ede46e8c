/**
 * Stands between a client and Redis, and cuts a connection after a command went through and before its answer did; or
 * lets so many answers through and then nobody any more, as if the client had died there.
 */
import { createServer, connect as dial, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly port: number;
  /** the next answer of Redis is thrown away and its connection cut */
  cutNextAnswer(): void;
  /** how many were */
  cuts(): number;
  /** after this many more answers all connections are cut and none is taken; resolves then */
  dieAfter(answers: number): Promise<void>;
  close(): void;
}

export async function cuttingProxy(port: number): Promise<CuttingProxy> {
  let isArmed = false;
  let cuts = 0;
  let left = Number.POSITIVE_INFINITY;
  let died: () => void = () => undefined;
  const clients = new Set<Socket>();
  const server = createServer((client: Socket) => {
    if (left <= 0) {
      client.destroy();
      return;
    }
    const redis = dial(port, '127.0.0.1');
    clients.add(client);
    client.on('error', () => redis.destroy());
    redis.on('error', () => client.destroy());
    client.on('close', () => {
      clients.delete(client);
      redis.destroy();
    });
    client.pipe(redis);
    redis.on('data', (answer) => {
      left--;
      if (left <= 0) {
        for (const each of clients) each.destroy();
        died();
      } else if (isArmed) {
        isArmed = false;
        cuts++;
        client.destroy();
      } else {
        client.write(answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    port: address.port,
    cutNextAnswer: () => {
      isArmed = true;
    },
    cuts: () => cuts,
    dieAfter(answers) {
      left = answers;
      return new Promise((resolve) => {
        died = resolve;
      });
    },
    close() {
      server.close();
      for (const each of clients) each.destroy();
    },
  };
}
