/**
 * Two scanners that do the same to the office of the labelled run: one that it has agreed to and declared, and one that
 * nobody asked. Both must be shown; only the declared one is no cause for concern.
 */
import { times } from '../detect/log-lines.ts';
import type { Attack } from './label.ts';
import { at, type Place, SITE, sendPacket, visit } from './portal.ts';

const PATHS = ['/.env', '/.git/config', '/backup.sql', '/phpmyadmin/index.php', '/wp-login.php', '/server-status'];
/** port scan and word list of a vulnerability scanner, half an hour long */
const PORTS = 300;
const WORDS = 900;

/** The address that is declared in the inventory. */
export const AUTHORIZED_SCANNER = '192.0.2.70';

/** Scan of one address of the office, and of its web site. */
function scan({ web, firewall }: Place, source: string, from: number): Attack['lines'] {
  const words = [...PATHS, ...times(WORDS, (i) => `/old/page-${i}/`)];
  return [
    ...times(PORTS, (i) => ({
      second: from + i,
      write: (second: number) => sendPacket(firewall, second, source, 1 + i * 7, { to: '203.0.113.20' }),
    })),
    ...words.map((target, i) => ({
      second: from + PORTS + i,
      write: (second: number) =>
        visit(web, second, { host: SITE, source, target, status: 404, size: 153, agent: 'Mozilla/5.0 (Nikto/2.5.0)' }),
    })),
  ];
}

/** The scan that was agreed to: shown, and never above low. */
export function authorizedScan(place: Place): void {
  for (const { second, write } of scan(place, AUTHORIZED_SCANNER, at(9, 23, 2))) write(second);
}

/** The same scan from an address that nobody knows. */
export function unauthorizedScan(place: Place): Attack {
  return {
    attack: 'unauthorized-scan',
    says: 'An address that nobody asked scans ports and pages, as a vulnerability scanner does.',
    detections: ['X01', 'F01', 'W03'],
    sources: [place.networks.rented(700)],
    asset: null,
    lines: scan(place, place.networks.rented(700), at(9, 23, 9)),
    enough: 400,
    within: '300 ports and 100 pages',
  };
}
