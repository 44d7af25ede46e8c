/**
 * Reads the inventory: YAML in, an Inventory (model/inventory.ts) out. All mistakes are found at once, each with file,
 * line, column, the line itself and what to do; one mistake is enough to stop before anything starts.
 *   organization: {id: us-xx-example, name: Example County Elections, day_start: "12:00Z"} → dayStartMs 43,200,000
 */
import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { createPrefixTable, isPrefixFault, type Prefix, parsePrefix } from '../enrich/prefixes.ts';
import type { Inventory } from '../model/inventory.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import { buildInventory, type Tables, trimmed } from './build-inventory.ts';
import { type InventoryFile, inventorySchema } from './inventory-schema.ts';
import { nearest } from './nearest.ts';

/** Longer files are no inventories. */
const FILE_MAX = 4 * 1024 * 1024;

type Path = readonly PropertyKey[];

/** Reads and checks an inventory file. Throws an OperatorError with all problems. */
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
  const source = new Source(text, file);
  if (text.length > FILE_MAX) source.fail([], 'PW-CONFIG-TOO-LARGE', 'the inventory is larger than 4 MiB');
  const parsed = source.check();
  source.throwProblems();
  const content = parsed as InventoryFile;
  const tables = crossCheck(content, source, knownDetections);
  source.throwProblems();
  return buildInventory(content, file, tables);
}

/** The file with the positions of its nodes, and the problems found so far. */
class Source {
  private readonly problems: Problem[] = [];
  private readonly counter = new LineCounter();
  private readonly lines: string[];
  private readonly file: string;
  private readonly document: Document;

  constructor(text: string, file: string) {
    this.file = file;
    this.lines = text.split(/\r?\n/);
    this.document = parseDocument(text.length > FILE_MAX ? '' : text, { lineCounter: this.counter });
  }

  /** Syntax and shape; what comes back is an InventoryFile unless problems were found. */
  check(): unknown {
    for (const error of this.document.errors) {
      this.failAt(error.pos[0], 'PW-CONFIG-YAML', error.message.split('\n')[0]!.replace(/ at line \d+.*$/, ''));
    }
    if (this.document.errors.length > 0) return null;
    let content: unknown;
    try {
      content = this.document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      this.failAt(0, 'PW-CONFIG-YAML', error instanceof Error ? error.message : String(error));
      return null;
    }
    const result = inventorySchema.safeParse(content ?? {}, { reportInput: true });
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.failIssue(issue);
    return null;
  }

  fail(path: Path, code: string, message: string, hint?: string, shift = 0): void {
    this.failAt(this.offsetOf(path, false) + shift, code, message, hint);
  }

  throwProblems(): void {
    if (this.problems.length === 0) return;
    throw new OperatorError(this.problems.toSorted((a, b) => a.line! - b.line! || a.column! - b.column!));
  }

  private failAt(offset: number, code: string, message: string, hint?: string): void {
    const { line, col } = this.counter.linePos(offset);
    this.problems.push({
      code,
      message,
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      excerpt: this.lines[Math.max(1, line) - 1] ?? '',
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** A mistake of shape in words. */
  private failIssue(issue: z.core.$ZodIssue): void {
    const { path } = issue;
    const name = fieldName(path);
    switch (issue.code) {
      case 'unrecognized_keys':
        for (const key of issue.keys) {
          const known = fieldsAt(path);
          const near = nearest(key, known);
          this.failAt(
            this.offsetOf([...path, key], true),
            'PW-CONFIG-UNKNOWN-FIELD',
            `unknown field "${key}"${path.length === 0 ? '' : ` in ${name}`}`,
            near === null ? `known fields here: ${known.join(', ')}` : `did you mean "${near}"?`,
          );
        }
        return;
      case 'invalid_value': {
        const values = issue.values.map(String);
        if (issue.input === undefined) break;
        const input = typeof issue.input === 'string' ? issue.input : JSON.stringify(issue.input);
        const near = nearest(input, values);
        this.fail(
          path,
          'PW-CONFIG-VALUE',
          `${name} cannot be "${input}"`,
          near === null ? `it is one of: ${values.join(', ')}` : `did you mean "${near}"?`,
        );
        return;
      }
      case 'invalid_type':
        if (issue.input === undefined) break;
        this.fail(path, 'PW-CONFIG-TYPE', `${name} must be ${article(issue.expected)}`, typeHint(issue.expected));
        return;
      default: {
        const { code, hint } = issue.code === 'custom' ? (issue.params ?? {}) : {};
        if (typeof code === 'string' && typeof hint === 'string') {
          this.fail(path, code, issue.message, hint);
          return;
        }
        const isZone = issue.message === 'this is no time zone';
        const near = isZone ? nearest(String(issue.input), Intl.supportedValuesOf('timeZone')) : null;
        this.fail(
          path,
          isZone ? 'PW-CONFIG-TIMEZONE' : 'PW-CONFIG-VALUE',
          `${name}: ${issue.message}`,
          isZone
            ? near === null
              ? 'time zones are written like America/Chicago'
              : `did you mean "${near}"?`
            : undefined,
        );
        return;
      }
    }
    const parent = path.slice(0, -1);
    this.fail(
      parent,
      'PW-CONFIG-MISSING-FIELD',
      `missing field "${String(path[path.length - 1] ?? '')}"${parent.length === 0 ? '' : ` in ${fieldName(parent)}`}`,
      'config/inventory.example.yaml shows every field',
    );
  }

  /** Offset of a value, or of the key that leads to it; of the nearest node above when there is none. */
  private offsetOf(path: Path, isKey: boolean): number {
    let node: unknown = this.document.contents;
    let offset = start(node) ?? 0;
    path.forEach((step, i) => {
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
        );
        node = pair?.value;
        const key = start(pair?.key);
        offset = (isKey && i === path.length - 1 ? key : (start(node) ?? key)) ?? offset;
      } else if (isNode(node) && 'items' in node) {
        node = (node.items as unknown[])[Number(step)];
        offset = start(node) ?? offset;
      } else node = undefined;
    });
    return offset;
  }
}

function start(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

/** ["assets", 0, "kind"] → "assets[1].kind" */
function fieldName(path: Path): string {
  let name = '';
  for (const step of path)
    name += typeof step === 'number' ? `[${step + 1}]` : `${name === '' ? '' : '.'}${String(step)}`;
  return name === '' ? 'the inventory' : name;
}

/** The fields that the schema knows at a place. */
function fieldsAt(path: Path): string[] {
  let schema: unknown = inventorySchema;
  for (const step of [...path, null]) {
    while (defOf(schema)['innerType'] !== undefined) schema = defOf(schema)['innerType'];
    if (step === null) break;
    const def = defOf(schema);
    const shape = def['shape'] as Record<string, unknown> | undefined;
    schema = shape?.[String(step)] ?? def['element'] ?? def['valueType'];
  }
  return Object.keys((defOf(schema)['shape'] as Record<string, unknown> | undefined) ?? {});
}

function defOf(schema: unknown): Record<string, unknown> {
  return (schema as { def?: Record<string, unknown> } | undefined)?.def ?? {};
}

function article(expected: string): string {
  const words: Record<string, string> = {
    array: 'a list',
    object: 'a group of fields',
    record: 'a group of fields',
    string: 'text',
    int: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
  };
  return words[expected] ?? expected;
}

function typeHint(expected: string): string | undefined {
  if (expected === 'array') return 'write it in brackets, or as lines that start with "- "';
  if (expected === 'string') return 'put it in quotes';
  return undefined;
}

/** What the shape cannot say: references, overlaps, networks. */
function crossCheck(content: InventoryFile, source: Source, knownDetections: readonly string[] | null): Tables {
  const assets = content.assets ?? [];
  const ids = new Map<string, number>();
  const claims = new Map<string, string>();
  const networks: { prefix: Prefix; number: number; path: Path }[] = [];
  const read = (texts: readonly string[] | undefined, path: Path, number: number, into: typeof networks): void => {
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
    if (origin.asset === undefined || ids.has(origin.asset)) return;
    const near = nearest(origin.asset, [...ids.keys()]);
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

  const owned: typeof networks = [];
  const dark: typeof networks = [];
  read(content.owned?.cidrs, ['owned', 'cidrs'], 1, owned);
  read(content.owned?.dark_cidrs, ['owned', 'dark_cidrs'], 1, dark);
  const claimed = createPrefixTable(networks);
  for (const { first, second } of claimed.overlaps) {
    const [a, b] = [networks[first]!, networks[second]!];
    const names = [assets[a.number - 1]!.id, assets[b.number - 1]!.id];
    source.fail(
      b.path,
      'PW-CONFIG-OVERLAP',
      `${b.prefix.text} of asset "${names[1]}" lies in ${a.prefix.text} of asset "${names[0]}"`,
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
  };
}
