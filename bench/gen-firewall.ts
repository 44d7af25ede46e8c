/**
 * Writes a firewall log (netfilter LOG lines under syslog): Internet background noise on popular ports, and planted
 * scanners that an analysis must find. Prints what is true of it as JSON.
 *
 *   node bench/gen-firewall.ts --out kern.log --lines 1000000 [--seed 2] [--sources 200000] [--zipf 1.02]
 *                              [--probing 0.1] [--ipv6 0.08]
 *
 * The firewall owns 203.0.113.0/24. `probing` is the share of lines of sources that try many ports or hosts; the rest
 * is noise: a source that tries one popular port here and there. One second holds 60 lines. Lines carry no year (2026).
 */
import { corpusArguments, createCorpusFile, plantedLines, type Truth } from './corpus.ts';
import { createRandom, createZipf, distinct, dotted, madeUpIpv4, madeUpIpv6, sourceKey } from './random.ts';

export const FIREWALL_DEFAULTS = {
  lines: 1_000_000,
  seed: 2,
  sources: 200_000,
  zipf: 1.02,
  probing: 0.1,
  ipv6: 0.08,
};

export type FirewallArguments = typeof FIREWALL_DEFAULTS & { out: string };

const MEAN_GAP_MS = 1000 / 60;
const NOISE_PER_PROBER = 100;
const START_MS = Date.UTC(2026, 5, 1);
const POPULAR_PORTS = [23, 22, 80, 443, 445, 3389, 8080, 5060, 6379, 3306, 1433, 5900, 8443, 2323, 81, 9200, 25, 21];
const PREFIXES = ['[UFW BLOCK] ', 'iptables-drop: ', 'nft-drop: '];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

interface Packet {
  /** last octet of 203.0.113.x */
  host: number;
  port: number;
  /** flags as netfilter writes them */
  flags: string;
}

interface Planted {
  ip: string;
  what: string;
  lines: number;
  from: number;
  packet(n: number): Packet;
}

const PLANTED: Planted[] = [
  {
    ip: '198.51.100.31',
    what: 'vertical scan: 400 ports of one host',
    lines: 400,
    from: 0.2,
    packet: (n) => ({ host: 10, port: 1 + n, flags: 'SYN' }),
  },
  {
    ip: '198.51.100.32',
    what: 'sweep: one rare port on 200 hosts',
    lines: 200,
    from: 0.4,
    packet: (n) => ({ host: 1 + n, port: 8291, flags: 'SYN' }),
  },
  {
    ip: '198.51.100.33',
    what: 'packets without any flag',
    lines: 40,
    from: 0.6,
    packet: (n) => ({ host: 20, port: 100 + n, flags: '' }),
  },
];

/** Writes the corpus and returns what is true of it. */
export function generateFirewall(args: FirewallArguments): Truth {
  const random = createRandom(args.seed);
  const address = () => (random.unit() < args.ipv6 ? madeUpIpv6(random, true) : dotted(madeUpIpv4(random)));
  const proberCount = Math.max(10, Math.round(args.sources / NOISE_PER_PROBER));
  const addresses = distinct(args.sources + proberCount, address, sourceKey);
  const noiseRank = createZipf(args.sources, args.zipf, random);
  const proberRank = createZipf(proberCount, 0.9, random);
  const portRank = createZipf(POPULAR_PORTS.length, 1, random);

  const sent = new Uint32Array(addresses.length);
  const seenTargets = new Set<number>();
  const queue = plantedLines(PLANTED, args.lines);
  const file = createCorpusFile(args.out);
  let fresh = 0;
  let probing = 0;
  let clock = START_MS;
  let second = -1;
  let stamp = '';
  for (let i = 0; i < args.lines; i++) {
    clock += random.gap(MEAN_GAP_MS);
    if (Math.floor(clock / 1000) !== second) {
      second = Math.floor(clock / 1000);
      stamp = syslogTime(second * 1000);
    }
    const planted = queue.get(i);
    let source: string;
    let packet: Packet;
    let transport = 'TCP';
    if (planted !== undefined) {
      source = planted[0].ip;
      packet = planted[0].packet(planted[1]);
      probing++;
    } else if (random.unit() < args.probing) {
      const rank = args.sources + proberRank();
      const n = sent[rank]!++;
      source = addresses[rank]!;
      // every second one scans the ports of a host, every other sweeps hosts for a port
      packet =
        rank % 2 === 0
          ? { host: 1 + (rank % 254), port: 1 + ((rank * 31 + n * 7) % 65535), flags: 'SYN' }
          : { host: 1 + ((rank + n) % 254), port: 1024 + (rank % 20_000), flags: 'SYN' };
      probing++;
    } else {
      const rank = noiseRank();
      sent[rank]!++;
      source = addresses[rank]!;
      packet = { host: 1 + random.below(254), port: POPULAR_PORTS[portRank()]!, flags: 'SYN' };
      const dice = random.unit();
      transport = dice < 0.8 ? 'TCP' : dice < 0.96 ? 'UDP' : 'ICMP';
    }
    const key = packet.host * 65536 + packet.port;
    if (!seenTargets.has(key)) {
      seenTargets.add(key);
      fresh++;
    }
    file.line(packetLine(stamp, i, source, packet, transport, random.u32()));
  }
  const bytes = file.close();
  const used = sent.reduce((sum, n) => sum + (n > 0 ? 1 : 0), 0);
  return {
    file: args.out,
    lines: args.lines,
    bytes,
    events: args.lines,
    sources: used + new Set([...queue.values()].map(([scanner]) => scanner.ip)).size,
    newShare: fresh / args.lines,
    probingShare: probing / args.lines,
    planted: PLANTED.map(({ ip, what, lines }) => ({ ip, what, lines })),
  };
}

function packetLine(
  stamp: string,
  i: number,
  source: string,
  packet: Packet,
  transport: string,
  noise: number,
): string {
  const isV6 = source.includes(':');
  const destination = isV6
    ? `2001:0db8:0000:0000:0000:0000:0000:${packet.host.toString(16).padStart(4, '0')}`
    : `203.0.113.${packet.host}`;
  const id = noise & 0xffff;
  const sourcePort = 1024 + ((noise >>> 16) % 64_000);
  const network = isV6
    ? `LEN=60 TC=0 HOPLIMIT=${40 + (noise & 127)} FLOWLBL=${id} `
    : `LEN=44 TOS=0x00 PREC=0x00 TTL=${40 + (noise & 127)} ID=${id} `;
  const transportPart =
    transport === 'TCP'
      ? `PROTO=TCP SPT=${sourcePort} DPT=${packet.port} WINDOW=1024 RES=0x00 ${packet.flags}${packet.flags === '' ? '' : ' '}URGP=0 `
      : transport === 'UDP'
        ? `PROTO=UDP SPT=${sourcePort} DPT=${packet.port} LEN=24 `
        : `PROTO=${isV6 ? 'ICMPv6 TYPE=128' : 'ICMP TYPE=8'} CODE=0 ID=${id} SEQ=${i & 0xffff} `;
  const uptime = `${90_000 + Math.floor(i / 60)}.${String(noise % 1_000_000).padStart(6, '0')}`;
  const mac = `52:54:00:12:34:56:00:1b:21:3c:9d:f8:${isV6 ? '86:dd' : '08:00'}`;
  return `${stamp} gw1 kernel: [${uptime}] ${PREFIXES[i % PREFIXES.length]}IN=eth0 OUT= MAC=${mac} SRC=${source} DST=${destination} ${network}${transportPart}`;
}

function syslogTime(ms: number): string {
  const d = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${MONTHS[d.getUTCMonth()]} ${String(d.getUTCDate()).padStart(2, ' ')} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

if (import.meta.main) {
  console.log(JSON.stringify(generateFirewall(corpusArguments(process.argv.slice(2), FIREWALL_DEFAULTS))));
}
