/**
 * The program's own rules, compiled once and kept beside the packages in node_modules/.cache/pollwatch: reading them as
 * YAML with positions takes a third of the start of a run. What is kept carries a hash of the rule files, of the code that
 * compiles them and of the engine that reads it back, and one of itself; when anything differs, or the user has rules
 * too, all is read and checked from the files.
 *   sha256 of what it was made of (32 bytes) · sha256 of the rest (32 bytes) · rule set, as V8 serialises plain values
 */
import { createHash, hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import type { CompiledRuleSet } from '../rules/rule-set.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RULES = join(ROOT, 'config/rules');
const KEPT = join(ROOT, 'node_modules/.cache/pollwatch/rules.bin');
const DIGEST_BYTES = 32;

/** The rules of a run, as `rulesOf` would load them. Throws an OperatorError with all problems. */
export async function preparedRules(userPaths: readonly string[], kept = KEPT): Promise<CompiledRuleSet> {
  const key = userPaths.length > 0 ? null : keyOf();
  const known = key === null ? null : readKept(kept, key);
  if (known !== null) return known;
  // the reader of YAML is large: only whoever compiles rules loads it
  const { rulesOf } = await import('./setting.ts');
  const rules = rulesOf(userPaths);
  if (key !== null) keep(kept, key, rules);
  return rules;
}

/** Hash of everything that a compiled rule set is made of, or null when it cannot be read. */
function keyOf(): Buffer | null {
  const digest = createHash('sha256').update(`${process.versions.v8}\n`);
  try {
    for (const [folder, ending] of [
      [RULES, /\.ya?ml$/],
      [join(ROOT, 'src/rules'), /\.ts$/],
      [join(ROOT, 'src/model'), /\.ts$/],
    ] as const) {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
        if (!ending.test(name)) continue;
        const path = join(folder, name);
        const text = readFileSync(path);
        digest.update(`${JSON.stringify(path)} ${text.length}\n`).update(text);
      }
    }
  } catch {
    // whatever is wrong is told by whoever reads the rules themselves
    return null;
  }
  return digest.digest();
}

/** A damaged, old or missing file is the same as none. */
function readKept(path: string, key: Buffer): CompiledRuleSet | null {
  try {
    const bytes = readFileSync(path);
    const content = bytes.subarray(2 * DIGEST_BYTES);
    if (!bytes.subarray(0, DIGEST_BYTES).equals(key)) return null;
    if (!bytes.subarray(DIGEST_BYTES, 2 * DIGEST_BYTES).equals(hash('sha256', content, 'buffer'))) return null;
    return deserialize(content) as CompiledRuleSet;
  } catch {
    return null;
  }
}

/** Writes beside and renames, so that a reader never sees half a file. What cannot be kept costs only time. */
function keep(path: string, key: Buffer, rules: CompiledRuleSet): void {
  const beside = `${path}.${process.pid}`;
  let isMade = false;
  try {
    // a rule that tests a column holds a function, which has no bytes: then nothing is kept
    const content = serialize(rules);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, Buffer.concat([key, hash('sha256', content, 'buffer'), content]), { flag: 'wx' });
    isMade = true;
    renameSync(beside, path);
  } catch {
    if (isMade) rmSync(beside, { force: true });
  }
}
