/**
 * The rules that a run is set up with: those that come with the program and the user's, read and checked from their files.
 * Who only runs the program's own takes them from prepared-rules.ts, which knows them from the last time.
 */
import { fileURLToPath } from 'node:url';
import { loadRuleSet } from '../rules/rule-folder.ts';
import type { CompiledRuleSet } from '../rules/rule-set.ts';

/** Folder of the rules that come with the program. */
const BUILTIN_RULES = fileURLToPath(new URL('../../config/rules', import.meta.url));

/** Rules of the program and of the user. Throws an OperatorError with all problems. */
export function rulesOf(userPaths: readonly string[]): CompiledRuleSet {
  return loadRuleSet({ builtinFolder: BUILTIN_RULES, userPaths });
}
