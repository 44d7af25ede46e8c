/**
 * Memory of large buffers. It lies outside of what the engine collects, and the engine makes up for that by collecting
 * everything whenever some tens of megabytes were taken: a reader that commits a chunk every few milliseconds spends a
 * sixth of its time on that. Whoever knows that nobody reads a buffer any more hands it back instead.
 */
import { Buffer } from 'node:buffer';

/**
 * Hands back at once the memory that bytes lie in; neither they nor others in the same memory may be read again. Small
 * ones, which share a pool, are left to the collection.
 */
export function handBack({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
