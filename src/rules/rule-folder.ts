/**
 * Rule files from folders: the one file of this room that reads the disk. Built-in rules come first, then what the user
 * named, each folder in the order of its paths, so that the same folders give the same numbers.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError, type Problem } from '../model/problem.ts';
import { type CompiledRuleSet, compileRuleSet } from './rule-set.ts';
import { RULE_FILE_BYTES_MAX, type RuleFile } from './yaml-source.ts';

/** Most files that are read of one folder of rules. */
const FILES_MAX = 20_000;

/**
 * Loads and compiles the built-in rules and the user's files and folders. Throws an OperatorError with every problem:
 * unreadable paths, broken YAML, rules that cannot run though they were named.
 */
export function loadRuleSet(options: { builtinFolder: string; userPaths: readonly string[] }): CompiledRuleSet {
  const problems: Problem[] = [];
  const files: RuleFile[] = [];
  collect(options.builtinFolder, 'builtin', true, files, problems);
  for (const path of options.userPaths) collect(path, 'user', false, files, problems);
  try {
    const set = compileRuleSet(files);
    if (problems.length === 0) return set;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError([...problems, ...error.problems], { cause: error });
  }
  throw new OperatorError(problems);
}

function collect(
  path: string,
  origin: RuleFile['origin'],
  named: boolean,
  files: RuleFile[],
  problems: Problem[],
): void {
  const read = (file: string, isNamed: boolean) => {
    if (statSync(file).size > RULE_FILE_BYTES_MAX) throw new Error(`larger than ${RULE_FILE_BYTES_MAX} bytes`);
    files.push({ file, text: readFileSync(file, 'utf8'), origin, named: isNamed });
  };
  try {
    if (!statSync(path).isDirectory()) {
      read(path, true);
      return;
    }
    const found = readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
    if (found.length > FILES_MAX) throw new Error(`more than ${FILES_MAX} rule files`);
    if (found.length === 0) throw new Error('no .yml file in it');
    for (const name of found) read(join(path, name), named);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    problems.push({
      code: 'PW-RULES-UNREADABLE',
      message: `cannot read rules from "${path}": ${why}`,
      file: path,
      hint: 'give a rule file, or a folder with .yml files',
    });
  }
}
