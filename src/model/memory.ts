/**
 * Memory of large buffers. It lies outside of what the engine collects, and the engine makes up for that by collecting
 * everything whenever some tens of megabytes were taken: a reader that commits a chunk every few milliseconds spends a
 * sixth of its time on that. Whoever knows that nobody reads a buffer any more hands it back instead.
 */
import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Hands back at once the memory that bytes lie in; neither they nor others in the same memory may be read again. Small
 * ones, which share a pool, are left to the collection.
 */
export function handBack({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}

/**
 * Collects at once what nobody needs any more. The engine would wait until the heap has grown by half: who is about to
 * make much that stays, and has just dropped as much, says so.
 */
export function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
