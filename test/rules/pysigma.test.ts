/**
 * The built-in rules are plain Sigma: pySigma parses every one and converts it to a query. Its packages go into a folder
 * of the temporary directory on the first run (python3 and pip are needed).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const HELP = 'this test needs python3 with venv and pip: install them, or make the packages reachable (PIP_INDEX_URL)';
const PACKAGES = ['pysigma==1.5.1', 'pysigma-backend-elasticsearch==2.1.1'];
const PROGRAM = `
import json, sys
from sigma.collection import SigmaCollection
from sigma.backends.elasticsearch import LuceneBackend
rules = SigmaCollection.load_ruleset([sys.argv[1]])
backend = LuceneBackend()
plain = [r for r in rules.rules if not hasattr(r, "type")]
out = {"errors": [str(e) for e in rules.errors], "count": len(rules.rules), "plain": len(plain), "queries": 0}
for rule in plain:
    out["queries"] += 1 if all(backend.convert_rule(rule)) else 0
print(json.dumps(out))
`;

function python(): string {
  const folder = join(tmpdir(), 'pollwatch-pysigma');
  const bin = join(folder, 'bin', 'python');
  const mark = join(folder, 'installed');
  if (!existsSync(mark)) {
    try {
      execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'pipe' });
      execFileSync(bin, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...PACKAGES], { stdio: 'pipe' });
      writeFileSync(mark, PACKAGES.join(' '));
    } catch (error) {
      throw new Error(HELP, { cause: error });
    }
  }
  return bin;
}

describe('pySigma', () => {
  it('parses the built-in rules and correlations and converts each rule to a query', () => {
    const text = execFileSync(python(), ['-c', PROGRAM, 'config/rules'], { encoding: 'utf8' });
    const result = JSON.parse(text.trim().split('\n').pop()!) as Record<string, unknown>;
    expect(result.errors).toEqual([]);
    expect(result.plain).toBeGreaterThan(50);
    expect(result.count).toBeGreaterThan(result.plain as number);
    expect(result.queries).toBe(result.plain);
  });
});
