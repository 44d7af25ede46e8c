/**
 * Writes tiny MMDB files for the tests (MaxMind DB file format 2.0, record size 24): networks with a record each, so that
 * no third-party database has to stand in the repository.
 */
import { parseAddress } from '../../src/model/address.ts';

/** Values of a record. */
export type MmdbValue = string | number | boolean | MmdbValue[] | { [key: string]: MmdbValue };

interface Node {
  children: [Node | null, Node | null];
  /** offset in the data section, or -1 */
  data: number;
}

/** An MMDB file: `networks` maps "192.0.2.0/24" to a record. IPv4 networks lie in ::/96 of an IPv6 tree. */
export function writeMmdb(
  databaseType: string,
  networks: Record<string, MmdbValue>,
  options: { ipVersion?: 4 | 6; buildEpoch?: number } = {},
): Buffer {
  const ipVersion = options.ipVersion ?? 6;
  const root: Node = { children: [null, null], data: -1 };
  const data: Buffer[] = [];
  let dataLength = 0;
  for (const [cidr, value] of Object.entries(networks)) {
    const [text, length] = cidr.split('/') as [string, string];
    const bits = bitsOf(text, ipVersion);
    const depth = Number(length) + (bits.length === 128 && !text.includes(':') ? 96 : 0);
    let node = root;
    for (let i = 0; i < depth; i++) {
      node.children[bits[i]!] ??= { children: [null, null], data: -1 };
      node = node.children[bits[i]!]!;
    }
    node.data = dataLength;
    const encoded = encode(value);
    data.push(encoded);
    dataLength += encoded.length;
  }
  const nodes: Node[] = [];
  number(root, nodes);
  const index = new Map(nodes.map((node, i) => [node, i]));
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach((node, i) => {
    node.children.forEach((child, side) => {
      const target =
        child === null ? nodes.length : child.data >= 0 ? nodes.length + 16 + child.data : index.get(child)!;
      tree.writeUIntBE(target, i * 6 + side * 3, 3);
    });
  });
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: options.buildEpoch ?? 1_780_000_000,
    database_type: databaseType,
    description: { en: 'made by a test' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 24,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata]);
}

function number(node: Node, nodes: Node[]): void {
  if (node.data >= 0) return;
  nodes.push(node);
  for (const child of node.children) if (child !== null) number(child, nodes);
}

function bitsOf(text: string, ipVersion: 4 | 6): (0 | 1)[] {
  const address = parseAddress(text);
  if (address === null) throw new Error(`no address: ${text}`);
  const words = 'v4' in address ? (ipVersion === 4 ? [address.v4] : [0, 0, 0, address.v4]) : address.v6;
  return words.flatMap((word) => Array.from({ length: 32 }, (_, i) => ((word >>> (31 - i)) & 1) as 0 | 1));
}

/** Control byte (type, size) and payload; sizes below 285 are enough for tests. */
function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    return Buffer.concat([control(2, bytes.length), bytes]);
  }
  if (typeof value === 'boolean') return control(14, value ? 1 : 0);
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return Buffer.concat([control(6, 4), bytes]);
    }
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([key, v]) => [encode(key), encode(v)])]);
}

function control(type: number, size: number): Buffer {
  const [low, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return Buffer.from(type > 7 ? [low, type - 7, ...more] : [(type << 5) | low, ...more]);
}
