/**
 * A configuration file in YAML, checked against a schema: all mistakes are found at once, each with file, line, column,
 * the line itself and what to do. Knows nothing of what the file is about.
 *   orgnization: {…} → county.yaml:2:1  PW-CONFIG-UNKNOWN-FIELD  unknown field "orgnization" … did you mean "organization"?
 */
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { OperatorError, type Problem } from '../model/problem.ts';
import { nearest } from './nearest.ts';
import { placeInFile, type Remains, whatIsLeft } from './what-is-left.ts';

/** Longer files are no configuration. */
const FILE_MAX = 4 * 1024 * 1024;

/** Where a value stands: ["assets", 0, "kind"]. */
export type Path = readonly PropertyKey[];

/** How a file is called in messages. */
export interface FileWords {
  /** "the inventory" */
  readonly name: string;
  /** a file that shows every field */
  readonly example: string;
}

/** A field whose value must never be printed, not even where somebody wrote it by mistake; names of files may be. */
const SECRET_FIELD =
  /(?:^|[\s{,"'-])(?![\w-]*_file\b)[\w-]*(?:pass(?:word|wd|phrase)|secret|token|api_?key)[\w-]*["']?\s*:/i;
/** user:password@ in an address */
const SECRET_ADDRESS = /:\/\/[^\s/@]*@/;

/** The file with the positions of its nodes, and the problems found so far. */
export class CheckedYaml {
  private readonly problems: Problem[] = [];
  private readonly counter = new LineCounter();
  private readonly lines: string[];
  private readonly file: string;
  private readonly document: Document;
  private readonly schema: z.ZodType;
  private readonly words: FileWords;
  /** as it stands in the file; null = that is no YAML */
  private raw: unknown = null;
  private places: Remains['places'] = new Map();
  private muted: ReadonlySet<string> = new Set();

  /** `file` is named in problems. */
  constructor(text: string, file: string, schema: z.ZodType, words: FileWords) {
    this.file = file;
    this.schema = schema;
    this.words = words;
    this.lines = text.split(/\r?\n/);
    this.document = parseDocument(text.length > FILE_MAX ? '' : text, { lineCounter: this.counter });
    if (text.length > FILE_MAX) this.fail([], 'PW-CONFIG-TOO-LARGE', `${words.name} is larger than 4 MiB`);
  }

  /** Syntax and shape; what comes back has the shape of the schema unless problems were found. */
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
    this.raw = content ?? {};
    const result = this.schema.safeParse(this.raw, { reportInput: true });
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.failIssue(issue);
    return null;
  }

  /**
   * After `check` returned null: what is left when all that is wrong is taken out, so that it can be checked further; null
   * when nothing is. Paths into it are told at their places in the file; problems of the codes `muted` are not told from
   * here on, for they may come of what was taken out.
   */
  rest(muted: readonly string[]): unknown {
    const remains = this.raw === null ? null : whatIsLeft(this.schema, this.raw);
    if (remains === null) return null;
    this.places = remains.places;
    this.mute(muted);
    return remains.content;
  }

  /** Problems of these codes are not told from here on. */
  mute(codes: readonly string[]): void {
    this.muted = new Set(codes);
  }

  /** Names that a section of the file declares, also where something is wrong with them: keys, or ids or names of a list. */
  names(section: string): string[] {
    const found = (this.raw as Record<string, unknown> | null)?.[section];
    if (typeof found !== 'object' || found === null) return [];
    if (!Array.isArray(found)) return Object.keys(found);
    const named = found.map((item: { id?: unknown; name?: unknown } | null) => item?.id ?? item?.name);
    return named.filter((name) => typeof name === 'string');
  }

  /** How many items a list of the file has, whatever is wrong with them. */
  count(section: string): number {
    const found = (this.raw as Record<string, unknown> | null)?.[section];
    return Array.isArray(found) ? found.length : 0;
  }

  /** Adds a problem at a value; `shift` moves it so many characters to the right. */
  fail(path: Path, code: string, message: string, hint?: string, shift = 0): void {
    if (this.muted.has(code)) return;
    this.failAt(this.offsetOf(placeInFile(path, this.places), false) + shift, code, message, hint);
  }

  /** What was found so far, in order of the file. */
  found(): Problem[] {
    return this.problems.toSorted((a, b) => a.line! - b.line! || a.column! - b.column!);
  }

  /** Throws an OperatorError when anything was found. */
  throwProblems(): void {
    if (this.problems.length > 0) throw new OperatorError(this.found());
  }

  private failAt(offset: number, code: string, message: string, hint?: string): void {
    const { line, col } = this.counter.linePos(offset);
    const excerpt = this.lines[Math.max(1, line) - 1] ?? '';
    this.problems.push({
      code,
      message,
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      ...(isSecret(excerpt) ? {} : { excerpt }),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** A mistake of shape in words. */
  private failIssue(issue: z.core.$ZodIssue): void {
    const { path } = issue;
    const name = fieldName(path, this.words.name);
    switch (issue.code) {
      case 'unrecognized_keys':
        for (const key of issue.keys) {
          const known = fieldsAt(this.schema, path);
          const near = known.includes(`${key}_file`) ? `${key}_file` : nearest(key, known);
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
      `missing field "${String(path[path.length - 1] ?? '')}"${parent.length === 0 ? '' : ` in ${fieldName(parent, this.words.name)}`}`,
      `${this.words.example} shows every field`,
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

/** Whether a line of the file may hold a secret: then it is not shown. */
function isSecret(line: string): boolean {
  return SECRET_ADDRESS.test(line) || SECRET_FIELD.test(line);
}

function start(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

/** ["assets", 0, "kind"] → "assets[1].kind" */
function fieldName(path: Path, whole: string): string {
  let name = '';
  for (const step of path)
    name += typeof step === 'number' ? `[${step + 1}]` : `${name === '' ? '' : '.'}${String(step)}`;
  return name === '' ? whole : name;
}

/** The fields that the schema knows at a place. */
function fieldsAt(whole: z.ZodType, path: Path): string[] {
  let schema: unknown = whole;
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
