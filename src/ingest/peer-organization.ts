/**
 * Whose lines those of a sender are: told by the network that it sends from, or by the name in its certificate. The first
 * declared peer that fits holds; without one, the listener's own organisation, or nobody's.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { IngestOrigin } from '../model/installation.ts';

export type SyslogOrigin = Extract<IngestOrigin, { kind: 'syslog' }>;

/**
 * The organisation of an address and, over TLS, of the subject CN of the client's certificate; null: only peers may send, and
 * this is none.
 */
export function peerOrganizations(
  origin: Pick<SyslogOrigin, 'peers' | 'reading' | 'isPeersOnly'>,
): (address: string, commonName: string | null) => string | null {
  const others = origin.isPeersOnly === true ? null : origin.reading.organization;
  const peers = origin.peers.map((peer) => ({ ...peer, network: peer.cidr === null ? null : networkOf(peer.cidr) }));
  return (address, commonName) => {
    const plain = withoutMapping(address);
    const fitting = peers.find(
      (peer) =>
        (peer.network === null || peer.network.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')) &&
        (peer.commonName === null || peer.commonName === commonName) &&
        (peer.network !== null || peer.commonName !== null),
    );
    return fitting?.organization ?? others;
  };
}

/** ::ffff:192.0.2.1 → 192.0.2.1, and no zone. */
export function withoutMapping(address: string): string {
  const plain = address.replace(/%.*$/, '');
  return /^::ffff:\d/i.test(plain) ? plain.slice(7) : plain;
}

function networkOf(cidr: string): BlockList {
  const [address = '', bits] = cidr.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  return list;
}
