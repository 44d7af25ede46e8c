/**
 * Packets that the Linux kernel logs: `iptables -j LOG`, nftables `log`, UFW, firewalld, Shorewall.
 *   Sep 14 08:01:17 gw01 kernel: [1234.5] [fw DROP] IN=eth0 OUT= SRC=203.0.113.9 DST=198.51.100.1 … PROTO=UDP SPT=5353 DPT=1900 LEN=31
 *   → denied, 203.0.113.9 port 5353 → 198.51.100.1 port 1900, udp
 * Whether the packet was let through stands only in the prefix that the administrator chose; a prefix without such a
 * word says nothing. The headers in brackets of an ICMP error are the packet that it answers, not the packet.
 * https://www.netfilter.org/documentation/ · kernel: net/netfilter/nf_log_syslog.c
 */
import type { Format } from './format.ts';
import { fillNetfilter } from './netfilter-kernel.ts';
import { looksLikePacketLog, parsePacketLine } from './netfilter-packet.ts';

export const netfilter: Format = {
  name: 'netfilter',
  aliases: ['iptables', 'ip6tables', 'nftables', 'ufw', 'firewalld', 'kern', 'kernel', 'dmesg', 'journald'],
  title: 'Packets logged by the Linux kernel (iptables, nftables, UFW), in syslog, journald JSON or dmesg -T',
  documentation: 'https://www.netfilter.org/documentation/HOWTO/packet-filtering-HOWTO-7.html',
  example:
    'Sep 14 08:01:17 gw01 kernel: [1234.567890] [fw DROP] IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=198.51.100.1 LEN=51 TOS=0x00 PREC=0x00 TTL=109 ID=1 PROTO=UDP SPT=5353 DPT=1900 LEN=31 ',
  limits: [
    'only what a logging rule matched: connections that no rule logs cannot be seen, nor what was sent in them',
    'UFW and most rule sets log a few lines per minute: of a scan of a thousand ports about ten lines remain',
    'a prefix without a word such as DROP or ACCEPT does not say what became of the packet',
  ],
  yearless: true,
  looksLike: looksLikePacketLog,
  parseLine: parsePacketLine,
  fill: fillNetfilter,
};
