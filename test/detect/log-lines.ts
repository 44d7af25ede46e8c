/**
 * Lines of made-up logs, for the fixtures and tests of detections. Times are seconds after 2026-09-14 08:00:00 UTC;
 * sources come from the documentation ranges, our own addresses are 203.0.113.1 and following.
 *
 *   request('198.51.100.7', 60, '/.env')     → a line of a web server (combined)
 *   packet('198.51.100.7', 60, 22)           → a line of a firewall (netfilter) that dropped a SYN
 */

/** Second 0 of all made-up logs. */
export const START_MS = Date.UTC(2026, 8, 14, 8);
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number) => String(n).padStart(2, '0');

/** A browser as people have it. */
const BROWSER = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';

export interface RequestParts {
  method?: string;
  status?: number;
  size?: number;
  referrer?: string;
  agent?: string;
  user?: string;
  /** the whole request line, where it is none */
  raw?: string;
}

/** One line of a combined log: by default a GET that was answered 404 with 153 bytes. */
export function request(source: string, second: number, target: string, parts: RequestParts = {}): string {
  const { method = 'GET', status = 404, size = 153, referrer = '-', agent = BROWSER, user = '-' } = parts;
  const d = new Date(START_MS + Math.floor(second) * 1000);
  const stamp = `${two(d.getUTCDate())}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}:${d.toISOString().slice(11, 19)}`;
  const line = parts.raw ?? `${method} ${target} HTTP/1.1`;
  return `${source} - ${user} [${stamp} +0000] "${line}" ${status} ${size} "${referrer}" "${agent}"`;
}

/** A page that exists, as a person gets it. */
export function page(source: string, second: number, target: string, parts: RequestParts = {}): string {
  return request(source, second, target, { status: 200, size: 5000 + target.length * 37, ...parts });
}

export interface PacketParts {
  to?: string;
  udp?: boolean;
  from?: number;
  /** flags as netfilter writes them */
  flags?: string;
  allowed?: boolean;
  /** as UFW writes it, which keeps about ten lines of a scan */
  ufw?: boolean;
  outbound?: boolean;
}

/** One line of a netfilter log: by default a SYN to 203.0.113.10 that was dropped. */
export function packet(source: string, second: number, port: number, parts: PacketParts = {}): string {
  const v6 = source.includes(':');
  const { udp = false, from = 40000 + (port % 20000), flags = 'SYN' } = parts;
  const to = parts.to ?? (v6 ? '2001:db8:10::10' : '203.0.113.10');
  const d = new Date(START_MS + Math.floor(second) * 1000);
  const stamp = `${MONTHS[d.getUTCMonth()]} ${String(d.getUTCDate()).padStart(2)} ${d.toISOString().slice(11, 19)}`;
  const action = parts.ufw ? `[UFW ${parts.allowed ? 'ALLOW' : 'BLOCK'}]` : parts.allowed ? 'nft-accept:' : 'nft-drop:';
  const way = parts.outbound ? 'IN= OUT=eth0' : 'IN=eth0 OUT=';
  const head = v6 ? 'LEN=60 TC=0 HOPLIMIT=57 FLOWLBL=0' : 'LEN=44 TOS=0x00 PREC=0x00 TTL=49 ID=1';
  const body = udp
    ? `PROTO=UDP SPT=${from} DPT=${port} LEN=24`
    : `PROTO=TCP SPT=${from} DPT=${port} WINDOW=1024 RES=0x00 ${flags}${flags === '' ? '' : ' '}URGP=0`;
  const uptime = `${1000 + Math.floor(second)}.${String(Math.round((second % 1) * 1e6)).padStart(6, '0')}`;
  return `${stamp} gw01 kernel: [${uptime}] ${action} ${way} MAC=1a:c9:af:59:e0:ac:4a:2c:cd:99:64:79:08:00 SRC=${source} DST=${to} ${head} ${body} `;
}

/** [f(0), f(1), … f(n − 1)] */
export function times<T>(n: number, f: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => f(i));
}

/** Seconds of an hour, a day. */
export const HOUR_S = 3600;
export const DAY_S = 86_400;

/** ports that hardly anybody is probed for, spread over the range */
export const oddPort = (i: number) => 1025 + i * 37;

/** Values with database-injection text, URL-encoded. */
export const SQL = [
  '1%27%20OR%20%271%27%3D%271',
  '1%20UNION%20SELECT%20NULL%2CNULL%2Cversion%28%29--',
  '1%27%20AND%20SLEEP%285%29--%20-',
  '1%29%3BSELECT%20pg_sleep%285%29--',
  'admin%27--',
  '2%20AND%207276%3D7276',
  '2%3BWAITFOR%20DELAY%20%270%3A0%3A5%27--',
  '1%27%20AND%201%3DCONVERT%28int%2C%40%40version%29--',
];
