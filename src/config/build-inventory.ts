/**
 * What an inventory answers: from the checked content of the file to the look-ups that the core asks (which asset, which
 * origin, is it ours). Knows nothing of YAML, so that a run without an inventory loads no parser of one.
 */
import { basename, dirname, matchesGlob, resolve } from 'node:path';
import { createPrefixTable } from '../enrich/prefix-table.ts';
import { hostName } from '../model/address.ts';
import {
  type Asset,
  type DeclaredOrigin,
  type Inventory,
  type Listing,
  type ProtectedRecord,
  sensitivityOf,
} from '../model/inventory.ts';
import { buildPeople } from './build-people.ts';
import type { InventoryFile } from './inventory-schema.ts';

export interface Tables {
  assets: ReturnType<typeof createPrefixTable>['table'];
  owned: ReturnType<typeof createPrefixTable>['table'];
  dark: ReturnType<typeof createPrefixTable>['table'];
  /** by number of the asset */
  proxies: ReadonlyMap<number, ReturnType<typeof createPrefixTable>['table']>;
  /** by number of the asset */
  clients: ReadonlyMap<number, ReturnType<typeof createPrefixTable>['table']>;
  protectedRecords: readonly ProtectedRecord[];
  /** lists of scanners, in the order of the file */
  lists: readonly { readonly listing: Listing; readonly table: ReturnType<typeof createPrefixTable>['table'] }[];
  /** in the order of authorized_scanners */
  scanners: readonly ReturnType<typeof createPrefixTable>['table'][];
}

/** The inventory of an office that has declared nothing. */
export function defaultInventory(): Inventory {
  const content: InventoryFile = { version: 1, organization: { id: 'local', name: 'your office' } };
  const none = createPrefixTable([]).table;
  return buildInventory(content, null, {
    assets: none,
    owned: none,
    dark: none,
    proxies: new Map(),
    clients: new Map(),
    protectedRecords: [],
    lists: [],
    scanners: [],
  });
}

/** The inventory of a checked file; `file` null = the default one. */
export function buildInventory(content: InventoryFile, file: string | null, tables: Tables): Inventory {
  const folder = file === null ? '.' : dirname(resolve(file));
  const absolute = (path: string) => resolve(folder, path);
  const assets = (content.assets ?? []).map(toAsset);
  const numbers = new Map(assets.map((asset) => [asset.id, asset.number]));
  const origins = (content.origins ?? []).map(
    (origin): DeclaredOrigin => ({
      path: origin.path,
      asset: numbers.get(origin.asset ?? '') ?? 0,
      zone: origin.zone ?? null,
      timezone: origin.timezone ?? null,
      organization: origin.organization ?? null,
    }),
  );
  const { organization, databases = {} } = content;
  const people = buildPeople(content);
  const [hours, minutes] = (organization.day_start ?? '00:00Z').slice(0, 5).split(':').map(Number) as [number, number];
  return {
    file,
    organization: {
      id: organization.id,
      name: organization.name,
      level: organization.level ?? null,
      parent: organization.parent ?? null,
      timezone: organization.timezone ?? null,
    },
    dayStartMs: (hours * 60 + minutes) * 60_000,
    assets,
    databases: {
      ...(databases.asn === undefined ? {} : { asn: absolute(databases.asn) }),
      ...(databases.country === undefined ? {} : { country: absolute(databases.country) }),
      ...(databases.city === undefined ? {} : { city: absolute(databases.city) }),
    },
    keyFile: content.privacy?.key_file === undefined ? null : absolute(content.privacy.key_file),
    detections: new Map(
      Object.entries(content.detections ?? {}).map(([detection, { off = false }]) => [detection, { off }]),
    ),
    entriesMax: content.memory?.entries_max ?? null,
    ...people,
    originFor: (path) => origins.find((origin) => fits(origin.path, path, folder)) ?? null,
    assetOfAddress: (w0, w1, w2, w3) => tables.assets.find(w0, w1, w2, w3),
    assetOfRequest: (host, path) => assetOfRequest(assets, host, path),
    ownedHosts: tables.owned.addressesV4,
    isOwned: (w0, w1, w2, w3) => tables.owned.find(w0, w1, w2, w3) !== 0,
    isDark: (v4) => tables.dark.find(0, 0, 0xffff, v4) !== 0,
    listedAs: (w0, w1, w2, w3) => tables.lists.find(({ table }) => table.find(w0, w1, w2, w3) !== 0)?.listing ?? null,
    authorizedScanner: (w0, w1, w2, w3, ms) =>
      people.authorizedScanners.find(
        ({ sinceMs, expiresMs, list }, i) =>
          sinceMs <= ms &&
          ms < expiresMs &&
          [tables.scanners[i], tables.lists.find(({ listing }) => listing.list === list)?.table].some(
            (table) => table !== undefined && table.find(w0, w1, w2, w3) !== 0,
          ),
      ) ?? null,
    protectedRecords: tables.protectedRecords,
    isClient: (asset, w0, w1, w2, w3) => (tables.clients.get(asset)?.find(w0, w1, w2, w3) ?? 0) !== 0,
    isTrustedProxy: (asset, w0, w1, w2, w3) => (tables.proxies.get(asset)?.find(w0, w1, w2, w3) ?? 0) !== 0,
  };
}

function toAsset(asset: NonNullable<InventoryFile['assets']>[number], index: number): Asset {
  const sentinel = asset.sentinel ?? asset.kind === 'ems_airgapped';
  return {
    number: index + 1,
    id: asset.id,
    name: asset.name,
    kind: asset.kind,
    hosts: (asset.hosts ?? []).map((host) => host.toLowerCase()),
    cidrs: asset.cidrs ?? [],
    ports: asset.ports ?? [],
    urlPrefixes: (asset.url_prefixes ?? []).map(trimmed),
    recordKeyParams: (asset.record_key_params ?? []).map((names) => names.split('+').filter((name) => name !== '')),
    redactParams: asset.redact_params ?? [],
    keepParams: asset.keep_params ?? [],
    sensitivity: asset.sensitivity ?? sensitivityOf(asset.kind),
    // what must never be reached matters most of all
    criticality: asset.criticality ?? (sentinel ? 'critical' : 'medium'),
    clients: asset.clients ?? [],
    uocava: asset.uocava ?? false,
    owner: asset.owner ?? null,
    clientIp:
      asset.client_ip === undefined
        ? null
        : { header: asset.client_ip.header, trustedProxies: asset.client_ip.trusted_proxies },
    sentinel,
  };
}

/** Prefixes compare without case (many of these servers do not tell it apart) and without a closing slash. */
export function trimmed(prefix: string): string {
  return prefix.toLowerCase().replace(/\/$/, '');
}

/** A pattern without a slash fits file names; others fit the path as named or made absolute. */
function fits(pattern: string, path: string, folder: string): boolean {
  if (!pattern.includes('/')) return matchesGlob(basename(path), pattern);
  return matchesGlob(path, pattern) || matchesGlob(resolve(path), resolve(folder, pattern));
}

/**
 * The asset with the longest fitting URL prefix. An asset with hosts fits only those, except in a log without hosts,
 * where the prefix decides alone; when two assets fit equally well there, none does.
 */
function assetOfRequest(assets: readonly Asset[], host: string, path: string): number {
  const name = hostName(host);
  const lower = path.toLowerCase();
  let best = 0;
  let bestLength = -1;
  for (const asset of assets) {
    const hasHosts = asset.hosts.length > 0;
    if (name !== '' && hasHosts && !asset.hosts.includes(name)) continue;
    let length = -1;
    for (const prefix of asset.urlPrefixes)
      if (prefix.length > length && isUnder(lower, prefix)) length = prefix.length;
    if (asset.urlPrefixes.length === 0) length = hasHosts && name !== '' ? 0 : -1;
    if (length < 0) continue;
    // a named host weighs more than the longest prefix
    if (hasHosts && name !== '') length += 1000;
    if (length > bestLength) {
      best = asset.number;
      bestLength = length;
    } else if (length === bestLength) best = 0;
  }
  return best;
}

/** "/lookup" holds "/lookup", "/lookup/x" and "/lookup?x", not "/lookups". */
function isUnder(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return next === undefined || next === '/' || next === '?' || next === ';' || next === '#';
}
