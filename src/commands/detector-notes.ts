/**
 * What counts for a detection in code: the words that stand above its detector, which say the behaviour, the evidence with
 * our own numbers and where they come from, how somebody walks around it, and what it misses.
 *   notesOf('F01') → ['F01 Vertical port scan: one source tries many ports of one address of ours.', 'Evidence: …', …]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../detect');

/** The paragraphs about a detection, each in one line; none for one that is a Sigma correlation. */
export function notesOf(id: string): string[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.sort().flatMap((name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    return [...text.matchAll(/\/\*\*\n((?: *\*.*\n)+?) *\*\/|\/\*\* (.*) \*\//g)].flatMap((block) =>
      aboutIn(
        (block[1] ?? block[2]!).split('\n').map((line) => line.replace(/^ *\* ?/, '')),
        id,
      ),
    );
  });
}

/** Of the lines of a comment those about a detection: from the line that begins with its id to that of the next one. */
function aboutIn(lines: readonly string[], id: string): string[] {
  const begins = (line: string) =>
    /^ *((?:[FWX]\d\d|(?:election|campaign)\.\w+|\.\w+)(?:(?:, | and )[.\w]+)*)[: ]/.exec(line);
  const from = lines.findIndex((line) =>
    begins(line)?.[1]
      ?.split(/, | and /)
      .includes(id),
  );
  if (from < 0) return [];
  const rest = lines.slice(from + 1);
  // in a list of several the next line that is not indented is no longer about it
  const isListed = lines[from]!.startsWith(' ');
  const to = rest.findIndex(
    (line) => line.trim() === '' || begins(line) !== null || (isListed && !line.startsWith(' ')),
  );
  const own = [lines[from]!, ...(to < 0 ? rest : rest.slice(0, to))].map((line) => line.trim()).join(' ');
  return own.split(/ (?=(?:Evidence|What proves it|Assumed|Around it|An attacker|Misses|Needs)\b[^.]*)/);
}
