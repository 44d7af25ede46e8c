/**
 * Seedable randomness of the corpus generators: the same seed gives the same numbers on every machine.
 * The generator is sfc32 (PractRand, public domain); zipf is drawn from the inverse of its cumulative table.
 */

export interface Random {
  /** unsigned 32-bit integer */
  u32(): number;
  /** [0, 1) */
  unit(): number;
  /** 0 … n-1 */
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
  /** exponentially distributed with this mean: the gaps between independent arrivals */
  gap(mean: number): number;
}

/** A generator of random numbers from a seed. */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = seed >>> 0 || 1;
  const u32 = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i++) u32();
  const unit = () => u32() / 2 ** 32;
  const below = (n: number) => Math.floor(unit() * n);
  return {
    u32,
    unit,
    below,
    pick: (list) => list[below(list.length)]!,
    gap: (mean) => -mean * Math.log(1 - unit()),
  };
}

/** Draws ranks 0 … n-1, rank r with a probability proportional to 1/(r+1)^exponent. Exponent 0 = all alike. */
export function createZipf(n: number, exponent: number, random: Random): () => number {
  const cumulative = new Float64Array(n);
  let total = 0;
  for (let i = 0; i < n; i++) {
    total += (i + 1) ** -exponent;
    cumulative[i] = total;
  }
  return () => {
    const target = random.unit() * total;
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! < target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** IPv4 addresses that a bench may make up: any global unicast /8 but the reserved ones, as an unsigned integer. */
export function madeUpIpv4(random: Random): number {
  for (;;) {
    const a = 1 + random.below(222);
    // 10, 127, 169 (link-local), 172 and 192 (private parts), 100 (carrier), 198 (benchmarks), 203 (documentation)
    if ([10, 100, 127, 169, 172, 192, 198, 203].includes(a)) continue;
    return a * 2 ** 24 + random.below(2 ** 24);
  }
}

/** `count` different values of `draw`. */
export function distinct<T>(count: number, draw: () => T, keyOf: (drawn: T) => unknown = (drawn) => drawn): T[] {
  const drawn = new Map<unknown, T>();
  while (drawn.size < count) {
    const one = draw();
    const key = keyOf(one);
    if (!drawn.has(key)) drawn.set(key, one);
  }
  return [...drawn.values()];
}

/** What an analysis calls one source: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function sourceKey(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

/** Unsigned integer → dotted quad. */
export function dotted(address: number): string {
  return `${Math.floor(address / 2 ** 24)}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** An IPv6 address under 2001:db8::/32 as eight groups; `kernel` writes it as netfilter does (all zeros kept). */
export function madeUpIpv6(random: Random, kernel: boolean): string {
  const group = (n: number) => (kernel ? n.toString(16).padStart(4, '0') : n.toString(16));
  const groups = [0x2001, 0xdb8, ...Array.from({ length: 6 }, () => 1 + random.below(65535))];
  return groups.map(group).join(':');
}
