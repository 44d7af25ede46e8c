/**
 * Reads the inventory: YAML in, an Inventory (model/inventory.ts) out. All mistakes are found at once, each with file,
 * line, column, the line itself and what to do; one mistake is enough to stop before anything starts.
 *   organization: {id: us-xx-example, name: Example County Elections, day_start: "12:00Z"} → dayStartMs 43,200,000
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createPrefixTable } from '../enrich/prefix-table.ts';
import { isPrefixFault, type Prefix, parsePrefix } from '../enrich/prefixes.ts';
import type { Inventory, ProtectedRecord } from '../model/inventory.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import { buildInventory, type Tables, trimmed } from './build-inventory.ts';
import { CheckedYaml, type FileWords, type Path } from './checked-yaml.ts';
import { checkPeople, checkTrusted, type Fail, staleParts } from './inventory-checks.ts';
import { isFileFault, readNetworks, readProtectedRecords } from './inventory-files.ts';
import { type InventoryFile, inventorySchema } from './inventory-schema.ts';
import { nearest } from './nearest.ts';

const WORDS: FileWords = { name: 'the inventory', example: 'config/inventory.example.yaml' };

/** Said of what lacks something, which may be what is wrong with the shape of the file and was told already. */
const OF_WHAT_IS_MISSING = [
  ...['PW-CONFIG-MISSING-FIELD', 'PW-CONFIG-NO-CONTACT', 'PW-CONFIG-SENTINEL', 'PW-CONFIG-ROUTE'],
  ...['PW-CONFIG-SCANNER', 'PW-CONFIG-PROTECTED-KEYS'],
];

/** What is wrong with an inventory, and what can be known of it all the same. */
export class InventoryError extends OperatorError {
  /** organisation, assets and origins that nothing is wrong with; null = not even that */
  readonly inventory: Inventory | null;
  /** nothing of these is missing: the mistakes are in what one part says of another */
  readonly isWhole: boolean;

  constructor(problems: Problem[], inventory: Inventory | null, isWhole: boolean) {
    super(problems);
    this.inventory = inventory;
    this.isWhole = isWhole;
  }
}

type AssetFile = NonNullable<InventoryFile['assets']>[number];

/** A network and where it stands. */
interface Network {
  prefix: Prefix;
  number: number;
  path: Path;
}

/** Reads and checks an inventory file. Throws an OperatorError with all problems, an InventoryError where it can be read. */
export function loadInventory(path: string, knownDetections: readonly string[] | null = null): Inventory {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const problem: Problem = {
      code: 'PW-CONFIG-UNREADABLE',
      message: `the inventory cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      file: path,
      hint: 'check the path after --config; config/inventory.example.yaml shows what an inventory looks like',
    };
    throw new OperatorError([problem], { cause });
  }
  return parseInventory(text, path, knownDetections);
}

/**
 * The same from text; `file` is named in problems, and paths in the inventory are relative to its folder.
 * `knownDetections` are the ids that `detections` may name; null = not checked.
 */
export function parseInventory(
  text: string,
  file: string,
  knownDetections: readonly string[] | null = null,
): Inventory {
  return readSource(text, file, knownDetections).inventory;
}

/**
 * The same, and what is not wrong but wants somebody's eye at `nowMs` (Unix milliseconds): contacts that nobody has
 * checked for 180 days, scanners whose time is over, a calendar without a coming election. Each with its position.
 */
export function inspectInventory(
  text: string,
  file: string,
  nowMs: number,
  knownDetections: readonly string[] | null = null,
): { inventory: Inventory; warnings: Problem[] } {
  const { inventory, content, source, isOpen } = readSource(text, file, knownDetections);
  if (isOpen)
    source.fail(
      ['protected_records'],
      'PW-CONFIG-PROTECTED-OPEN',
      'the file of protected records holds plain keys and can be read by others than its owner',
      'chmod 600 it, or keep hashes in it: pollwatch protect',
    );
  staleParts(inventory, content, nowMs, (path, code, message, hint) => source.fail(path, code, message, hint));
  return { inventory, warnings: source.found() };
}

function readSource(
  text: string,
  file: string,
  knownDetections: readonly string[] | null,
): { inventory: Inventory; content: InventoryFile; source: CheckedYaml; isOpen: boolean } {
  const source = new CheckedYaml(text, file, inventorySchema, WORDS);
  const parsed = source.check();
  // the rest is checked as well, so that all mistakes are told at once
  const content = (parsed ?? source.rest(OF_WHAT_IS_MISSING)) as InventoryFile | null;
  if (content === null) throw new InventoryError(source.found(), null, false);
  const { protectedRecords, isOpen } = protectedOf(content, file, source);
  const lists = listsOf(content, file, source);
  const tables = { ...crossCheck(content, source, knownDetections), protectedRecords, lists };
  const problems = source.found();
  if (problems.length === 0) return { inventory: buildInventory(content, file, tables), content, source, isOpen };
  const { version, organization, assets, origins } = content;
  const known: InventoryFile = { version, organization, ...(assets && { assets }), ...(origins && { origins }) };
  throw new InventoryError(problems, buildInventory(known, file, tables), parsed !== null);
}

function protectedOf(content: InventoryFile, file: string, source: CheckedYaml) {
  const none: { protectedRecords: readonly ProtectedRecord[]; isOpen: boolean } = {
    protectedRecords: [],
    isOpen: false,
  };
  if (content.protected_records === undefined) return none;
  const at = ['protected_records'];
  if (!(content.assets ?? []).some((asset) => (asset.record_key_params ?? []).length > 0))
    source.fail(
      at,
      'PW-CONFIG-PROTECTED-KEYS',
      'no asset says which parameters name a record, so none can be recognised',
      'declare record_key_params where records are looked up',
    );
  const read = readProtectedRecords(resolve(dirname(resolve(file)), content.protected_records));
  if (!isFileFault(read)) return { protectedRecords: read.records, isOpen: read.isOpen };
  source.fail(at, 'PW-CONFIG-PROTECTED', read.message, read.hint);
  return none;
}

function listsOf(content: InventoryFile, file: string, source: CheckedYaml): Tables['lists'] {
  const names = new Set<string>();
  return (content.scanner_lists ?? []).flatMap(({ name, title, file: path, date }, i) => {
    const at = ['scanner_lists', i];
    if (names.has(name))
      source.fail([...at, 'name'], 'PW-CONFIG-DUPLICATE', `there are two lists "${name}"`, 'give each its own name');
    names.add(name);
    const table = readNetworks(resolve(dirname(resolve(file)), path));
    if (!isFileFault(table)) return [{ listing: { name: title ?? name, list: name, date }, table }];
    source.fail([...at, 'file'], 'PW-CONFIG-LIST', table.message, table.hint);
    return [];
  });
}

/** What the shape cannot say: references, overlaps, networks. */
function crossCheck(
  content: InventoryFile,
  source: CheckedYaml,
  knownDetections: readonly string[] | null,
): Omit<Tables, 'protectedRecords' | 'lists'> {
  const assets = content.assets ?? [];
  const ids = new Map<string, number>();
  const claims = new Map<string, string>();
  const networks: Network[] = [];
  const read = (texts: readonly string[] | undefined, path: Path, number: number, into: Network[]): void => {
    texts?.forEach((text, i) => {
      const prefix = parsePrefix(text);
      if (!isPrefixFault(prefix)) into.push({ prefix, number, path: [...path, i] });
    });
  };

  assets.forEach((asset, i) => {
    if (ids.has(asset.id)) {
      source.fail(
        ['assets', i, 'id'],
        'PW-CONFIG-DUPLICATE',
        `there are two assets "${asset.id}"`,
        'give each its own id',
      );
    } else ids.set(asset.id, i + 1);
    read(asset.cidrs, ['assets', i, 'cidrs'], i + 1, networks);
    const hosts = asset.hosts ?? [];
    const prefixes = asset.url_prefixes ?? [];
    for (const [h, host] of (hosts.length === 0 ? [''] : hosts).entries()) {
      for (const [p, prefix] of (prefixes.length === 0 ? [''] : prefixes).entries()) {
        if (host === '' && prefix === '') continue;
        const claim = `${host.toLowerCase()} ${trimmed(prefix)}`;
        const other = claims.get(claim);
        claims.set(claim, asset.id);
        if (other === undefined || other === asset.id) continue;
        source.fail(
          prefix === '' ? ['assets', i, 'hosts', h] : ['assets', i, 'url_prefixes', p],
          'PW-CONFIG-OVERLAP',
          `assets "${other}" and "${asset.id}" both claim ${host}${prefix}`,
          'give one of them a url_prefix of its own',
        );
      }
    }
  });
  content.origins?.forEach((origin, i) => {
    const names = source.names('assets');
    if (origin.asset === undefined || names.includes(origin.asset)) return;
    const near = nearest(origin.asset, names);
    source.fail(
      ['origins', i, 'asset'],
      'PW-CONFIG-UNKNOWN-ASSET',
      `there is no asset "${origin.asset}"`,
      near === null ? 'declare it under assets' : `did you mean "${near}"?`,
    );
  });
  if (knownDetections !== null) {
    for (const detection of Object.keys(content.detections ?? {})) {
      if (knownDetections.includes(detection)) continue;
      const near = nearest(detection, knownDetections);
      source.fail(
        ['detections', detection],
        'PW-CONFIG-UNKNOWN-DETECTION',
        `there is no detection "${detection}"`,
        near === null ? 'pollwatch rules lists them' : `did you mean "${near}"?`,
      );
    }
  }

  const fail: Fail = (path, code, message, hint) => source.fail(path, code, message, hint);
  const names = { contacts: source.names('contacts'), assets: source.names('assets') };
  checkPeople(content, names, fail, knownDetections);

  const owned: Network[] = [];
  const dark: Network[] = [];
  read(content.owned?.cidrs, ['owned', 'cidrs'], 1, owned);
  read(content.owned?.dark_cidrs, ['owned', 'dark_cidrs'], 1, dark);
  const claimed = createPrefixTable(networks);
  for (const { first, second } of claimed.overlaps) {
    const [a, b] = [networks[first]!, networks[second]!];
    const names = [assets[a.number - 1]!.id, assets[b.number - 1]!.id];
    source.fail(
      b.path,
      'PW-CONFIG-OVERLAP',
      `${b.prefix.text} of asset "${names[1]}" lies in ${a.prefix.text} of asset "${names[0]}"${otherOwner(assets[a.number - 1]!, assets[b.number - 1]!)}`,
      'an address belongs to one asset; make the larger network smaller',
    );
  }
  for (const unused of dark) {
    const used = networks.find((n) => n.prefix.first <= unused.prefix.last && unused.prefix.first <= n.prefix.last);
    if (used === undefined) continue;
    source.fail(
      unused.path,
      'PW-CONFIG-OVERLAP',
      `${unused.prefix.text} cannot be dark: asset "${assets[used.number - 1]!.id}" uses ${used.prefix.text}`,
      'list only networks that nobody uses',
    );
  }
  return {
    assets: claimed.table,
    // what an asset uses or nobody uses is the office's own as well
    owned: createPrefixTable([...owned, ...dark, ...networks].map(({ prefix }) => ({ prefix, number: 1 }))).table,
    dark: createPrefixTable(dark).table,
    clients: new Map(
      assets.flatMap(({ clients = [] }, i) => {
        const own: Network[] = [];
        read(clients, ['assets', i, 'clients'], 1, own);
        return own.length === 0 ? [] : [[i + 1, createPrefixTable(own).table] as const];
      }),
    ),
    ...checkTrusted(content, fail),
  };
}

/** Whoever mends an overlap wants to know whom to ask. */
function otherOwner(a: AssetFile, b: AssetFile): string {
  if (a.owner === b.owner) return '';
  return `, which another contact answers for ("${a.owner ?? 'nobody'}", "${b.owner ?? 'nobody'}")`;
}
