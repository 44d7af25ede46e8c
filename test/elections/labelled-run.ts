/**
 * Writes the labelled run: seven weeks of an election office's web and firewall logs, with lawful use and with attacks
 * that are known by construction, and beside them the inventory of the office. What 40 counties log for their state is in memory.
 *   node test/elections/labelled-run.ts --out FOLDER [--seed 1] [--voters 20000] [--only-enough 1]
 * The same arguments give the same bytes. `only-enough` writes of each attack only as much as has to suffice.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusArguments, createCorpusFile } from '../../bench/corpus.ts';
import { createRandom } from '../../bench/random.ts';
import { attacks } from './attacks.ts';
import { countySweep } from './county-sweep.ts';
import { carryOut, type Label } from './label.ts';
import { createNetworks } from './networks.ts';
import { INVENTORY, type Lines, PROTECTED } from './portal.ts';
import { addRegulars } from './regulars.ts';
import { AUTHORIZED_SCANNER, authorizedScan, unauthorizedScan } from './scanners.ts';
import { addVoters } from './voters.ts';

export const RUN_DEFAULTS = { seed: 1, voters: 20_000, 'only-enough': 0 };

/** What a run holds. Paths are those of files. */
export interface LabelledRun {
  county: { logs: string[]; inventory: string; labels: Label[]; lines: number };
  /** lines of each county's log, in the order of time */
  state: { counties: Record<string, string[]>; labels: Label[]; lines: number };
  /** addresses that lawfully used the systems, by what they are */
  lawful: Record<string, string[]>;
  /** the scanner that was agreed to */
  authorized: string;
}

/** Writes the run into a folder, which is made. */
export function writeLabelledRun(args: typeof RUN_DEFAULTS & { out: string }): LabelledRun {
  const random = createRandom(args.seed);
  const networks = createNetworks(random);
  const onlyEnough = args['only-enough'] !== 0;
  const place = { web: noLines(), firewall: noLines(), random, networks };
  const lawful = { voter: addVoters(place.web, random, networks, args.voters), ...addRegulars(place) };
  authorizedScan(place);
  const labels = [...attacks(place), unauthorizedScan(place)].map((attack) => carryOut(attack, onlyEnough));
  const sweep = countySweep(args.seed, networks, onlyEnough);

  mkdirSync(args.out, { recursive: true });
  writeFileSync(join(args.out, 'owners.mmdb'), networks.owners);
  writeFileSync(join(args.out, 'countries.mmdb'), networks.countries);
  // a key of its own, so that nothing depends on the machine
  writeFileSync(join(args.out, 'key'), Buffer.alloc(32, args.seed));
  text(args.out, 'protected.txt', PROTECTED.map((key) => `${key}\n`).join(''));
  return {
    county: {
      logs: [write(args.out, 'web', place.web), write(args.out, 'firewall', place.firewall)],
      inventory: text(args.out, 'county.yaml', INVENTORY),
      labels,
      lines: place.web.seconds.length + place.firewall.seconds.length,
    },
    state: {
      counties: Object.fromEntries(sweep.logs.map(({ county, lines }) => [county, [...inOrder(lines)]])),
      labels: [sweep.label],
      lines: sweep.logs.reduce((sum, { lines }) => sum + lines.seconds.length, 0),
    },
    lawful: { ...lawful, 'county visitor': sweep.visitors },
    authorized: AUTHORIZED_SCANNER,
  };
}

const noLines = (): Lines => ({ seconds: [], texts: [] });

/** A log holds its lines in the order of time, to the second. */
function* inOrder({ seconds, texts }: Lines): Generator<string> {
  const order = Uint32Array.from(seconds, (_, i) => i).sort((a, b) => seconds[a]! - seconds[b]! || a - b);
  for (const i of order) yield texts[i]!;
}

function write(folder: string, name: string, lines: Lines): string {
  const path = join(folder, `${name}.log`);
  const file = createCorpusFile(path);
  for (const line of inOrder(lines)) file.line(line);
  file.close();
  return path;
}

function text(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

if (import.meta.main) {
  const args = corpusArguments(process.argv.slice(2), RUN_DEFAULTS);
  const { county, state, lawful } = writeLabelledRun(args);
  const counts = Object.fromEntries(Object.entries(lawful).map(([role, list]) => [role, list.length]));
  console.log(
    JSON.stringify({
      lines: county.lines,
      stateLines: state.lines,
      lawful: counts,
      labels: county.labels.map((l) => l.attack),
    }),
  );
}
