/**
 * What the shape of the inventory cannot say of people and trust: names that lead nowhere, routes that reach nobody, public
 * systems that nobody answers for, proxies that would trust the whole Internet, agreements without an end, dates that
 * contradict each other (ELECTIONS 2b); and, apart from mistakes, what has grown old.
 */
import { createPrefixTable, type PrefixTable } from '../enrich/prefix-table.ts';
import { isPrefixFault, type Prefix, parsePrefix } from '../enrich/prefixes.ts';
import type { Inventory } from '../model/inventory.ts';
import { LEVELS } from '../model/rule.ts';
import { DAY } from '../model/time.ts';
import type { Path } from './checked-yaml.ts';
import type { InventoryFile } from './inventory-schema.ts';
import { parseDate, parseSeverity } from './inventory-texts.ts';
import { nearest } from './nearest.ts';

type AssetFile = NonNullable<InventoryFile['assets']>[number];

/** Notes a problem. */
export type Fail = (path: Path, code: string, message: string, hint: string) => void;

/** A contact that nobody has looked at for this long is asked for again (ELECTIONS 1d). */
const CONTACT_OLD_DAYS = 180;
/** Lists of scanners age faster than contacts (ELECTIONS 7: a quarter of them moves within a week). */
const LIST_OLD_DAYS = 90;
/** An agreement that ends within this time is said beforehand. */
const EXPIRY_NOTICE_DAYS = 30;
/** Wider networks are no set of proxies or scanners: whoever trusts a sixteenth of the Internet trusts anybody. */
const TRUSTED_BITS_V4 = 8;
const TRUSTED_BITS_V6 = 19;

/** Contacts, routes, escalation, owners and the calendar. `names` are those that the file declares. */
export function checkPeople(
  content: InventoryFile,
  { contacts, assets }: { readonly contacts: readonly string[]; readonly assets: readonly string[] },
  fail: Fail,
  knownDetections: readonly string[] | null,
): void {
  const known = (id: string, list: readonly string[], path: Path, what: 'contact' | 'asset'): void => {
    if (list.includes(id)) return;
    const near = nearest(id, list);
    fail(
      path,
      what === 'contact' ? 'PW-CONFIG-UNKNOWN-CONTACT' : 'PW-CONFIG-UNKNOWN-ASSET',
      `there is no ${what} "${id}"`,
      near === null ? `declare it under ${what}s` : `did you mean "${near}"?`,
    );
  };
  const allKnown = (
    ids: readonly string[] | undefined,
    list: readonly string[],
    path: Path,
    what: 'contact' | 'asset',
  ) => {
    for (const [n, id] of (ids ?? []).entries()) known(id, list, [...path, n], what);
  };

  content.assets?.forEach((asset, i) => {
    if (asset.owner !== undefined) known(asset.owner, contacts, ['assets', i, 'owner'], 'contact');
    const isSentinel = asset.sentinel ?? asset.kind === 'ems_airgapped';
    if (asset.sentinel === true && asset.cidrs === undefined && asset.hosts === undefined) {
      fail(
        ['assets', i, 'sentinel'],
        'PW-CONFIG-SENTINEL',
        `asset "${asset.id}" must never be reached, but nothing tells what would reach it`,
        'name its networks under cidrs',
      );
    }
    if (contacts.length > 0 && !isSentinel && !isTold(asset, content)) {
      fail(
        ['assets', i],
        'PW-CONFIG-NO-CONTACT',
        `nobody would be told about asset "${asset.id}"`,
        'name its owner (a contact), or a route that fits it and is mailed',
      );
    }
  });

  content.routing?.forEach(({ match = {}, to, cc, mode = 'mail' }, i) => {
    const at = ['routing', i];
    allKnown(to, contacts, [...at, 'to'], 'contact');
    allKnown(cc, contacts, [...at, 'cc'], 'contact');
    allKnown(match.asset, assets, [...at, 'match', 'asset'], 'asset');
    match.detection?.forEach((id, n) => {
      const fits = (one: string) => (id.endsWith('*') ? one.startsWith(id.slice(0, -1)) : one === id);
      if (knownDetections === null || knownDetections.some(fits)) return;
      const near = nearest(id, knownDetections);
      fail(
        [...at, 'match', 'detection', n],
        'PW-CONFIG-UNKNOWN-DETECTION',
        `there is no detection "${id}"`,
        near === null ? 'pollwatch rules lists them' : `did you mean "${near}"?`,
      );
    });
    if (mode !== 'none' && (to ?? []).length === 0) {
      fail(at, 'PW-CONFIG-ROUTE', 'this route tells nobody', 'name contacts under to, or write mode: none');
    }
    const levels = match.severity === undefined ? LEVELS : parseSeverity(match.severity)!;
    if (mode === 'mail' && levels.every((level) => level === 'low' || level === 'info')) {
      fail(
        [...at, 'match', 'severity'],
        'PW-CONFIG-ROUTE',
        'what is low or for the record is never mailed one by one',
        'write mode: digest',
      );
    }
  });

  let before = 0;
  content.escalation?.forEach(({ after_minutes, to }, i) => {
    allKnown(to, contacts, ['escalation', i, 'to'], 'contact');
    if (after_minutes <= before) {
      fail(
        ['escalation', i, 'after_minutes'],
        'PW-CONFIG-ORDER',
        `this step comes ${after_minutes} minutes after the first mail, the one before it after ${before}`,
        'order the steps by time',
      );
    }
    before = after_minutes;
  });
  checkCalendar(content, fail);
}

/** True when what is critical on an asset is mailed to somebody: by the first route that fits, else to its owner. */
function isTold(asset: AssetFile, content: InventoryFile): boolean {
  if (content.routing === undefined) return true;
  const first = content.routing.find(
    ({ match = {} }) =>
      (match.asset?.includes(asset.id) ?? true) &&
      match.detection === undefined &&
      (match.severity === undefined || parseSeverity(match.severity)!.includes('critical')),
  );
  return first === undefined ? asset.owner !== undefined : (first.mode ?? 'mail') === 'mail';
}

function checkCalendar(content: InventoryFile, fail: Fail): void {
  const { calendar = [], organization } = content;
  if (calendar.length > 0 && organization.timezone === undefined) {
    fail(
      ['calendar'],
      'PW-CONFIG-MISSING-FIELD',
      'dates of elections need organization.timezone',
      'write the zone of your office under organization, e.g. timezone: America/Chicago',
    );
  }
  const ids = new Set<string>();
  calendar.forEach((election, i) => {
    const at = ['calendar', i];
    if (ids.has(election.id)) {
      fail([...at, 'id'], 'PW-CONFIG-DUPLICATE', `there are two elections "${election.id}"`, 'give each its own id');
    }
    ids.add(election.id);
    const {
      election_day: day,
      registration_deadline: deadline,
      early_voting: early,
      enr,
      certify_by: certify,
    } = election;
    const order = (path: Path, isWrong: boolean, message: string): void => {
      if (isWrong) fail([...at, ...path], 'PW-CONFIG-ORDER', message, 'check the dates');
    };
    // days are written so that their order is that of their texts
    order(
      ['registration_deadline'],
      deadline !== undefined && deadline > day,
      'the last day to register lies after the election',
    );
    if (early !== undefined) {
      order(['early_voting'], early[0] > early[1], 'early voting ends before it begins');
      order(['early_voting', 1], early[1] > day, 'early voting ends after the election');
    }
    if (enr !== undefined) {
      order(['enr'], enr[0] >= enr[1], 'results end before they begin');
      order(['enr', 0], enr[0].slice(0, 10) < day, 'results begin before election day');
    }
    order(['certify_by'], certify !== undefined && certify < day, 'certification lies before the election');
    order(
      ['certify_by'],
      certify !== undefined && enr !== undefined && certify < enr[1].slice(0, 10),
      'certification lies before the end of results',
    );
  });
}

/** Proxies and scanners: networks that are believed, so each must be one, and not the Internet. */
export function checkTrusted(
  content: InventoryFile,
  fail: Fail,
): { proxies: Map<number, PrefixTable>; scanners: PrefixTable[] } {
  const tableOf = (texts: readonly string[], path: Path, what: string): PrefixTable => {
    const prefixes = texts.flatMap((text, i) => {
      const prefix = trustedPrefix(text, what);
      if (!isPrefixFault(prefix)) return [{ prefix, number: 1 }];
      fail([...path, i], 'PW-CONFIG-CIDR', prefix.message, prefix.hint);
      return [];
    });
    return createPrefixTable(prefixes).table;
  };
  const proxies = new Map<number, PrefixTable>();
  content.assets?.forEach(({ client_ip }, i) => {
    if (client_ip === undefined) return;
    const path = ['assets', i, 'client_ip', 'trusted_proxies'];
    proxies.set(i + 1, tableOf(client_ip.trusted_proxies, path, 'proxies'));
  });
  const scanners = (content.authorized_scanners ?? []).map((scanner, i) => {
    const at = ['authorized_scanners', i];
    if (scanner.cidrs === undefined && scanner.source === undefined) {
      fail(
        at,
        'PW-CONFIG-SCANNER',
        `nothing tells from where "${scanner.name}" scans`,
        'name its networks under cidrs, or a published list under source',
      );
    }
    const list = scanner.source?.slice('list:'.length);
    if (scanner.source !== undefined && scanner.enrolled !== true) {
      fail(
        [...at, 'source'],
        'PW-CONFIG-SCANNER',
        'a list tells who somebody claims to be, not that you agreed',
        'write enrolled: true when you signed up for these scans',
      );
    } else if (
      list !== undefined &&
      !(content.scanner_lists ?? []).some(({ name }) => name === list) &&
      scanner.cidrs === undefined
    ) {
      fail(
        [...at, 'source'],
        'PW-CONFIG-SCANNER',
        `there is no list "${list}"`,
        'keep the published list as a file and name it under scanner_lists, with the day on which you fetched it',
      );
    }
    if (scanner.expires < scanner.since) {
      fail([...at, 'expires'], 'PW-CONFIG-ORDER', 'it expires before it begins', 'check the dates');
    }
    return tableOf(scanner.cidrs ?? [], [...at, 'cidrs'], 'scanners');
  });
  return { proxies, scanners };
}

function trustedPrefix(text: string, what: string): Prefix | { message: string; hint: string } {
  const hint = `list the networks of the ${what} alone, as whoever runs them publishes them`;
  if (/\/0+$/.test(text)) return { message: `"${text}" is the whole Internet: everybody would be trusted`, hint };
  const prefix = parsePrefix(text);
  if (isPrefixFault(prefix)) return prefix;
  if (prefix.length >= (prefix.isIpv6 ? TRUSTED_BITS_V6 : TRUSTED_BITS_V4)) return prefix;
  return { message: `"${text}" is too large a part of the Internet to be trusted`, hint };
}

/** What has grown old at `nowMs`. */
export function staleParts(inventory: Inventory, content: InventoryFile, nowMs: number, warn: Fail): void {
  for (const { id, verified } of inventory.contacts.values()) {
    const path = ['contacts', id, 'verified'];
    if (verified === null) {
      warn(
        ['contacts', id],
        'PW-CONFIG-CONTACT-OLD',
        `nobody has said when contact "${id}" was last checked`,
        'call or write to it, then add verified: with the day',
      );
      continue;
    }
    const days = Math.floor((nowMs - Date.UTC(...utcDay(verified))) / DAY);
    // a day ahead may be a matter of time zones
    if (days < -1) {
      warn(
        path,
        'PW-CONFIG-CONTACT-OLD',
        `contact "${id}" was checked on a day to come`,
        'write the day of the last check',
      );
    } else if (days > CONTACT_OLD_DAYS) {
      warn(
        path,
        'PW-CONFIG-CONTACT-OLD',
        `contact "${id}" was last checked ${days} days ago`,
        'call or write to it, then renew the day',
      );
    }
  }
  if (inventory.contacts.size === 0) {
    warn([], 'PW-CONFIG-NO-CONTACT', 'there are no contacts: nobody would be mailed', 'add contacts and routing');
  }
  inventory.authorizedScanners.forEach(({ name, expiresMs }, i) => {
    const left = Math.ceil((expiresMs - nowMs) / DAY);
    if (left > EXPIRY_NOTICE_DAYS) return;
    warn(
      ['authorized_scanners', i, 'expires'],
      'PW-CONFIG-SCANNER-EXPIRED',
      left > 0 ? `the agreement with "${name}" ends in ${left} days` : `the agreement with "${name}" is over`,
      'renew it and write the new day, or take it out',
    );
  });
  content.scanner_lists?.forEach(({ name, date }, i) => {
    const days = Math.floor((nowMs - Date.UTC(...utcDay(date))) / DAY);
    if (days <= LIST_OLD_DAYS) return;
    warn(
      ['scanner_lists', i, 'date'],
      'PW-CONFIG-LIST-OLD',
      `list "${name}" was fetched ${days} days ago; such networks change hands`,
      'fetch it anew and write the day',
    );
  });
  const { calendar } = inventory;
  if (calendar.length > 0 && calendar.every(({ windows }) => windows.every((window) => window.toMs <= nowMs))) {
    warn(['calendar'], 'PW-CONFIG-CALENDAR-OLD', 'all elections of the calendar are over', 'add the next one');
  }
}

function utcDay(date: string): [number, number, number] {
  const [year, month, day] = parseDate(date)!;
  return [year, month - 1, day];
}
