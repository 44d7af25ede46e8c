/**
 * A rule file as YAML with positions: documents, and problems that point at a line and column of it.
 * One text in → its documents, and what is wrong with it.
 */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Problem } from '../model/problem.ts';

/** One rule file: its text, and where it came from. */
export interface RuleFile {
  /** as the user named it */
  file: string;
  text: string;
  origin: 'builtin' | 'user';
  /** true when the user named this very file (or it is ours): then nothing in it is skipped quietly */
  named: boolean;
}

/** Longest rule file that is read. */
export const RULE_FILE_BYTES_MAX = 4 * 1024 * 1024;

export interface YamlSource {
  readonly file: RuleFile;
  readonly documents: readonly YAMLMap[];
  /** a problem at a node (or at the start of the file) */
  problem(code: string, message: string, at?: unknown, hint?: string, shift?: number): Problem;
}

/** Parses a file; what is wrong with its YAML is pushed into `problems`. */
export function openYaml(file: RuleFile, problems: Problem[]): YamlSource {
  const lineCounter = new LineCounter();
  const lines = file.text.split('\n');
  const place = (offset: number, problem: Problem): Problem => {
    const { line, col } = lineCounter.linePos(offset);
    const excerpt = lines[line - 1]?.replace(/\r$/, '').slice(0, 200);
    return { ...problem, file: file.file, line, column: col, ...(excerpt === undefined ? {} : { excerpt }) };
  };
  const problem: YamlSource['problem'] = (code, message, at, hint, shift = 0) => {
    const plain: Problem = { code, message, file: file.file, ...(hint === undefined ? {} : { hint }) };
    const range = (at as Node | undefined)?.range;
    return range ? place(range[0] + shift, plain) : plain;
  };
  if (file.text.length > RULE_FILE_BYTES_MAX) {
    problems.push(problem('PW-RULES-TOO-LARGE', `the rule file is larger than ${RULE_FILE_BYTES_MAX} bytes`));
    return { file, documents: [], problem };
  }
  const documents: YAMLMap[] = [];
  let parsed: Document.Parsed[] = [];
  try {
    const result = parseAllDocuments(file.text, { lineCounter, uniqueKeys: true, strict: true, logLevel: 'silent' });
    parsed = 'empty' in result ? [] : result;
  } catch (error) {
    problems.push(
      problem('PW-RULES-YAML', `the file is no YAML: ${error instanceof Error ? error.message : 'unknown'}`),
    );
  }
  for (const document of parsed) {
    for (const error of document.errors) {
      problems.push(
        place(error.pos[0], {
          code: 'PW-RULES-YAML',
          message: `the file is no valid YAML: ${error.message.split(' at line ')[0]!.split('\n')[0]!}`,
        }),
      );
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    // what reads rules looks at nodes as they are written: values behind an alias would be none, and match nothing
    visit(document, {
      Alias(_, alias) {
        problems.push(
          problem('PW-RULES-ALIAS', `the alias *${alias.source} is not followed`, alias, 'write the values out here'),
        );
      },
    });
    if (isMap(document.contents)) documents.push(document.contents as YAMLMap);
    else {
      problems.push(
        problem(
          'PW-RULES-NOT-A-RULE',
          'a rule is a map of keys, this document is not',
          document.contents,
          'see config/rules',
        ),
      );
    }
  }
  return { file, documents, problem };
}

/** The node under a key, or undefined. */
export function at(map: unknown, key: string): Node | undefined {
  if (!isMap(map)) return undefined;
  const node = map.get(key, true);
  return (node as Node | undefined) ?? undefined;
}

/** Text of a scalar under a key; '' when there is none. Dates and numbers as they are written. */
export function textAt(map: unknown, key: string): string {
  const node = at(map, key);
  return scalarText(node) ?? '';
}

/** Texts of a list (or of one scalar) under a key. */
export function textsAt(map: unknown, key: string): string[] {
  const node = at(map, key);
  if (node === undefined) return [];
  const items = isSeq(node) ? node.items : [node];
  return items.map(scalarText).filter((text) => text !== null);
}

/** A scalar as it is written (numbers and dates keep their form); null for null and for anything else. */
export function scalarText(node: unknown): string | null {
  if (!isScalar(node) || node.value === null || node.value === undefined) return null;
  return typeof node.value === 'string' ? node.value : (node.source ?? JSON.stringify(node.value));
}
