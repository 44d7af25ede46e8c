/**
 * Networks of the configuration: "198.51.100.0/24", "2001:db8:1::/48" or a single address, read strictly (ip-num). Loaded
 * only by a run that has a configuration to read; the table to search them in is prefix-table.ts.
 */
import { IPv4CidrRange, IPv6CidrRange } from 'ip-num';
import { parseIpv4 } from '../model/address.ts';

/** A network; both ends belong to it. IPv4 networks lie in ::ffff:0:0/96, as the destination columns of a batch do. */
export interface Prefix {
  text: string;
  isIpv6: boolean;
  length: number;
  first: bigint;
  last: bigint;
}

/** Why a text is no network, and what to write. */
export interface PrefixFault {
  message: string;
  hint: string;
}

const MAPPED = 0xffff00000000n;

/** Strict: no host bits, no short forms, no zones. Every network of the whole Internet (a length of 0) is refused. */
export function parsePrefix(text: string): Prefix | PrefixFault {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const isIpv6 = address.includes(':');
  const width = isIpv6 ? 128 : 32;
  const bits = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width || (bits.length > 1 && bits.startsWith('0'))) {
    return {
      message: `"${bits}" is no prefix length`,
      hint: `a prefix length is a number from 1 to ${width}`,
    };
  }
  const length = Number(bits);
  if (length === 0) {
    return { message: `"${text}" is the whole Internet`, hint: 'name the networks that are yours' };
  }
  const wrong: PrefixFault = {
    message: `"${address}" is no IP address`,
    hint: 'networks are written like 198.51.100.0/24 or 2001:db8:1::/48',
  };
  if (isIpv6 ? address.includes('%') || address.length > 45 : parseIpv4(address) < 0) return wrong;
  try {
    const range = isIpv6
      ? IPv6CidrRange.fromCidr(`${address}/${length}`)
      : IPv4CidrRange.fromCidr(`${address}/${length}`);
    const offset = isIpv6 ? 0n : MAPPED;
    const first = range.getFirst().getValue() + offset;
    const last = range.getLast().getValue() + offset;
    const written = (isIpv6 ? IPv6CidrRange.fromCidr(`${address}/128`) : IPv4CidrRange.fromCidr(`${address}/32`))
      .getFirst()
      .getValue();
    if (written + offset !== first) {
      return {
        message: `"${text}" has bits set behind its prefix length`,
        hint: `did you mean "${range.getFirst().toString()}/${length}" or the single address "${address}"?`,
      };
    }
    return { text, isIpv6, length, first, last };
  } catch {
    return wrong;
  }
}

/** True when parsing failed. */
export function isPrefixFault(result: Prefix | PrefixFault): result is PrefixFault {
  return 'message' in result;
}
