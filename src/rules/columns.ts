/**
 * Conditions on what is no text: method, status, size, version, addresses, ports, action, transport.
 *   `sc-status: '4*'` → the set of all statuses from 400 to 499; `src_ip|cidr: 192.0.2.0/24` → a test per row
 */
import type { Node as YamlNode } from 'yaml';
import { parseAddress } from '../model/address.ts';
import { ACTION, type Batch, FLAG, METHODS, NO_SIZE, TRANSPORTS } from '../model/batch.ts';
import type { Column } from './fields.ts';
import { type Node, VERSION_NAMES } from './predicate.ts';
import { type Context, type Modifier, NEVER, scalarOf, wantsFalse, wordTest } from './values.ts';

const ALLOWED = ['allow', 'allowed', 'accept', 'accepted', 'permit', 'permitted', 'pass', 'passed', 'forward', 'built'];
const DENIED = ['deny', 'denied', 'drop', 'dropped', 'block', 'blocked', 'reject', 'rejected'];
const PROTOCOLS: Record<string, string> = {
  '6': 'tcp',
  '17': 'udp',
  '1': 'icmp',
  '58': 'ipv6-icmp',
  icmpv6: 'ipv6-icmp',
};

/** Whether a column holds anything. */
export function columnExists(name: Column): Node {
  switch (name) {
    case 'method':
      return { op: 'method', mask: ~1 & ((1 << METHODS.length) - 1) };
    case 'status':
      return { op: 'status', set: statusSet(() => true) };
    case 'version':
      return { op: 'version', set: Uint8Array.from(VERSION_NAMES, (_, i) => (i > 0 ? 1 : 0)) };
    case 'size':
      return { op: 'row', test: (b, r) => b.size[r] !== NO_SIZE };
    case 'source_port':
      return { op: 'row', test: (b, r) => b.sourcePort[r] !== 0 };
    case 'destination_port':
      return { op: 'row', test: (b, r) => b.destinationPort[r] !== 0 };
    case 'destination_ip':
      return { op: 'row', test: (b, r) => b.destination2[r] !== 0 || b.destination0[r] !== 0 };
    case 'action':
    case 'blocked':
      return { op: 'row', test: (b, r) => b.action[r] !== ACTION.none };
    case 'transport':
      return { op: 'row', test: (b, r) => b.transport[r] !== 0 };
    case 'source_ip':
    case 'malformed':
    case 'outbound':
      return { op: 'always', value: true };
  }
}

/** A column against one value: those that a verdict is remembered by as sets, the others as a test per row. */
export function columnNode(
  c: Context,
  name: Column,
  modifiers: readonly Modifier[],
  value: YamlNode,
  at: YamlNode,
): Node {
  switch (name) {
    case 'method': {
      const test = wordTest(c, modifiers, value);
      let mask = 0;
      for (const [code, method] of METHODS.entries()) if (test(code === 0 ? '' : method)) mask |= 1 << code;
      const written = scalarOf(value);
      if (mask === 0 && written !== null) {
        c.cannot.push(`the method "${written}" is not told apart from other unusual ones (use "other")`);
      }
      return { op: 'method', mask };
    }
    case 'status': {
      const test = wordTest(c, modifiers, value);
      return { op: 'status', set: statusSet((n) => test(String(n))) };
    }
    case 'version': {
      const test = wordTest(c, modifiers, value);
      const set = Uint8Array.from(VERSION_NAMES, (version, i) =>
        test(version) || (i > 0 && test(`HTTP/${version}`)) || (version.endsWith('.0') && test(version.slice(0, 1)))
          ? 1
          : 0,
      );
      return { op: 'version', set };
    }
    case 'malformed':
      return wantsFalse(value) ? { op: 'not', node: { op: 'malformed' } } : { op: 'malformed' };
    case 'outbound': {
      const want = !wantsFalse(value);
      return { op: 'row', test: (b, r) => ((b.flags[r]! & FLAG.outbound) !== 0) === want };
    }
    case 'size':
      return numberNode(c, modifiers, value, (b, r) => b.size[r]!, NO_SIZE);
    case 'source_port':
      return numberNode(c, modifiers, value, (b, r) => b.sourcePort[r]!, 0);
    case 'destination_port':
      return numberNode(c, modifiers, value, (b, r) => b.destinationPort[r]!, 0);
    case 'action':
    case 'blocked': {
      const test = wordTest(c, modifiers, value);
      const allow = name === 'action' ? ALLOWED.some(test) : test('false') || test('0') || test('no');
      const deny = name === 'action' ? DENIED.some(test) : test('true') || test('1') || test('yes');
      return {
        op: 'row',
        test: (b, r) => (allow && b.action[r] === ACTION.allow) || (deny && b.action[r] === ACTION.deny),
      };
    }
    case 'transport': {
      const test = wordTest(c, modifiers, value);
      const set = Uint8Array.from(TRANSPORTS, (transport, code) =>
        code > 0 && (test(transport) || Object.entries(PROTOCOLS).some(([n, t]) => t === transport && test(n))) ? 1 : 0,
      );
      return { op: 'row', test: (b, r) => set[b.transport[r]!] === 1 };
    }
    case 'source_ip':
    case 'destination_ip':
      return addressNode(c, name, modifiers, value, at);
  }
}

function numberNode(
  c: Context,
  modifiers: readonly Modifier[],
  value: YamlNode,
  read: (b: Batch, r: number) => number,
  none: number,
): Node {
  const written = scalarOf(value);
  if (modifiers.every((m) => m === 'all' || m === 'neq') && typeof written === 'string' && /^\d{1,10}$/.test(written)) {
    const wanted = Number(written);
    return { op: 'row', test: (b, r) => read(b, r) === wanted };
  }
  const test = wordTest(c, modifiers, value);
  return {
    op: 'row',
    test: (b, r) => {
      const n = read(b, r);
      return test(n === none ? '' : String(n));
    },
  };
}

/** An address or a network as four words and a prefix length over 128 bits (IPv4 as ::ffff:a.b.c.d). */
function addressNode(c: Context, name: Column, modifiers: readonly Modifier[], value: YamlNode, at: YamlNode): Node {
  const written = scalarOf(value);
  const fail = (message: string): Node => {
    c.problems.push(
      c.source.problem('PW-RULES-ADDRESS', message, value ?? at, 'an address, a network (|cidr), or a.b.*'),
    );
    return NEVER;
  };
  if (written === null || typeof written === 'boolean') return fail(`"${name}" needs an address`);
  const strange = modifiers.find(
    (m) => m !== 'cidr' && m !== 'all' && m !== 'startswith' && m !== 'neq' && m !== 'cased',
  );
  if (strange !== undefined) return fail(`"${strange}" does not apply to an address`);
  const network = toNetwork(modifiers.includes('startswith') ? `${written}*` : written);
  if (network === null) return fail(`"${written}" is no address and no network`);
  const { words, masks } = network;
  const match = (w0: number, w1: number, w2: number, w3: number): boolean =>
    (w0 & masks[0]!) === words[0]! &&
    (w1 & masks[1]!) === words[1]! &&
    (w2 & masks[2]!) === words[2]! &&
    (w3 & masks[3]!) === words[3]!;
  if (name === 'destination_ip') {
    return {
      op: 'row',
      test: (b, r) => match(b.destination0[r]!, b.destination1[r]!, b.destination2[r]!, b.destination3[r]!),
    };
  }
  return {
    op: 'row',
    test: (b, r) => {
      if ((b.flags[r]! & FLAG.ipv6) === 0) return match(0, 0, 0xffff, b.sourceLo[r]!);
      const hi = b.sourceHi[r]!;
      return match(hi === 0xffffffff ? 0 : hi, b.sourceLo[r]!, b.sourceIidHi[r]!, b.sourceIidLo[r]!);
    },
  };
}

function toNetwork(written: string): { words: Int32Array; masks: Int32Array } | null {
  let text = written.trim();
  let bits = -1;
  const octets = /^((?:\d{1,3}\.){1,3})\*$/.exec(text)?.[1];
  if (octets !== undefined) {
    const n = octets.split('.').length - 1;
    text = octets + Array.from({ length: 4 - n }, () => '0').join('.');
    bits = 8 * n;
  }
  const slash = text.indexOf('/');
  if (slash >= 0) {
    if (!/^\d{1,3}$/.test(text.slice(slash + 1))) return null;
    bits = Number(text.slice(slash + 1));
    text = text.slice(0, slash);
  }
  const address = parseAddress(text);
  if (address === null) return null;
  const v4 = 'v4' in address;
  if (bits > (v4 ? 32 : 128)) return null;
  const width = bits < 0 ? 128 : v4 ? 96 + bits : bits;
  const full = v4 ? [0, 0, 0xffff, address.v4] : address.v6;
  const masks = Int32Array.from({ length: 4 }, (_, i) => {
    const n = Math.min(32, Math.max(0, width - 32 * i));
    return n === 0 ? 0 : -1 << (32 - n);
  });
  return { words: Int32Array.from(full, (w, i) => w & masks[i]!), masks };
}

/** A set of statuses; 0, which stands for none, is never in it. */
export function statusSet(test: (status: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 1000 }, (_, n) => (n > 0 && test(n) ? 1 : 0));
}
