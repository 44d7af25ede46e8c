/**
 * `pollwatch doctor`: whether this installation is well, and what to do where it is not: the runtime, the data sets and
 * their age, the key, places to write, the inventory or the always-on installation with its servers, the rules, and the
 * formats of logs. All that it changes: the key is made if there is none yet.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { EMPTY_LOG } from '../alerts/visibility.ts';
import { loadSecret, previousKeyFile } from '../config/secret.ts';
import { createEnricher } from '../enrich/enricher.ts';
import { formatProblem, OperatorError, printable } from '../model/problem.ts';
import { inventoryOf } from '../run/office.ts';
import { type OpenLog, openLogs } from '../run/open-logs.ts';
import { rulesOf } from '../run/setting.ts';
import { staleFindings } from './doctor-stale.ts';
import { OK, OPERATOR } from './exit-status.ts';
import { surveyLog } from './init.ts';
import { isInstallation } from './is-installation.ts';
import type { Given } from './options.ts';

type State = 'ok' | 'look' | 'bad';

/** One thing that was checked. */
interface Finding {
  state: State;
  what: string;
  /** what to do, when it is not well */
  fix?: string;
}

/** Networks change hands: a data set that is older than this many days misleads about who owns what. */
const DATA_OLD_DAYS = 180;
const DAY_MS = 86_400_000;
/** Hosts without an asset that are named. */
const GAPS_SHOWN = 10;
const WORDS: Readonly<Record<State, string>> = { ok: 'ok   ', look: 'look ', bad: 'BAD  ' };

/** Runs the command; returns the exit status: 2 when something is bad, so that it can guard a job. */
export async function doctorCommand(paths: string[], given: Given): Promise<number> {
  const findings: Finding[] = [];
  const isAlwaysOn = isInstallation(given);
  const declared = isAlwaysOn ? () => installation(given) : () => inventory(given);
  for (const check of [runtime, dataSets, places, () => rules(given), declared]) {
    try {
      findings.push(...(await check()));
    } catch (fault) {
      if (!(fault instanceof OperatorError)) throw fault;
      findings.push(...fault.problems.map((p): Finding => ({ state: 'bad', what: formatProblem(p) })));
    }
  }
  findings.push(...(await logs(paths, given)));
  if (!isAlwaysOn)
    findings.push({
      state: 'ok',
      what: 'no browser, server, account or network is needed; any browser opens the report',
    });
  process.stdout.write(`pollwatch ${packageJson.version}\n${findings.map(findingText).join('')}`);
  return findings.some((f) => f.state === 'bad') ? OPERATOR : OK;
}

function findingText({ state, what, fix }: Finding): string {
  const lines = [...what.split('\n'), ...(fix === undefined ? [] : [`hint: ${fix}`])];
  return lines.map((line, i) => `${i === 0 ? WORDS[state] : '     '} ${line}\n`).join('');
}

function runtime(): Finding[] {
  const major = Number(process.versions.node.split('.', 1)[0]);
  const what = `Node.js ${process.versions.node} (${process.execPath})`;
  if (major >= 24) return [{ state: 'ok', what }];
  return [{ state: 'bad', what, fix: 'pollwatch needs Node.js 24 or newer: run `npm ci`, or install it' }];
}

function dataSets(): Finding[] {
  return createEnricher()
    .dataSets()
    .map(({ name, date }): Finding => {
      const ageDays = (Date.now() - Date.parse(date)) / DAY_MS;
      const what = `data set ${printable(name)}, ${date}`;
      if (!(ageDays > DATA_OLD_DAYS)) return { state: 'ok', what };
      return {
        state: 'look',
        what: `${what}: ${Math.floor(ageDays)} days old; networks may have changed hands since`,
        fix: 'update pollwatch, or name databases of your own in the inventory',
      };
    });
}

function places(): Finding[] {
  const folder = resolve('.');
  const isFree = isWritable(folder);
  const report: Finding = isFree
    ? { state: 'ok', what: `the report can be written here: ${printable(folder)}` }
    : {
        state: 'look',
        what: `the report cannot be written here: ${printable(folder)}`,
        fix: 'name another place with --report, or "none"',
      };
  return [report];
}

function rules(given: Given): Finding[] {
  const set = rulesOf(given.rules ?? []);
  const own = set.rules.filter((rule) => rule.origin === 'user').length;
  const found: Finding = {
    state: 'ok',
    what: `${set.rules.length - own} rules of ours${own > 0 ? `, ${own} of yours` : ''}, ${set.correlations.length} correlations`,
  };
  const left = set.skipped.map(
    ({ file, title, reason }): Finding => ({
      state: 'look',
      what: `rule left out: ${printable(title)} (${printable(file)}): ${printable(reason)}`,
    }),
  );
  return [found, ...left];
}

async function logs(paths: string[], given: Given): Promise<Finding[]> {
  if (paths.length === 0) return [];
  const {
    logs: open,
    problems,
    empty,
  } = await openLogs(paths, { format: 'auto', year: undefined, timezone: undefined });
  return [
    ...open.map(({ origin, format, yearNote }): Finding => {
      const year = yearNote === null ? '' : `; ${yearNote}`;
      return { state: 'ok', what: `${printable(origin.name)}: ${format.name}, ${format.title}${year}` };
    }),
    ...empty.map(
      ({ name }): Finding => ({ state: 'look', what: `${printable(name)}: ${EMPTY_LOG.message}`, fix: EMPTY_LOG.hint }),
    ),
    ...problems.map((problem): Finding => ({ state: 'bad', what: formatProblem(problem) })),
    ...(given.config === undefined ? [] : await gapFindings(open, given.config)),
  ];
}

/** Systems that are declared and never seen in these logs, hosts that nobody claims, proxies that name no visitor. */
async function gapFindings(open: readonly OpenLog[], configFile: string): Promise<Finding[]> {
  const { createSurvey } = await import('../config/survey.ts');
  const { inventoryGaps } = await import('../config/inventory-gaps.ts');
  const survey = createSurvey();
  for (const log of open) await surveyLog(log, survey, []);
  const inventory = await inventoryOf(configFile);
  const { unseen, unclaimed } = inventoryGaps(survey, inventory);
  const { proxyFindings } = await import('./doctor-proxies.ts');
  return [
    ...(await proxyFindings(open, inventory)),
    ...unseen.map(
      ({ id, name }): Finding => ({
        state: 'look',
        what: `asset "${id}" (${printable(name)}) never appears in these logs`,
        fix: 'name its log as well, or check its hosts, url_prefixes and cidrs',
      }),
    ),
    ...unclaimed.slice(0, GAPS_SHOWN).map(
      ({ host, answered }): Finding => ({
        state: 'look',
        what: `host ${printable(host)} answered ${answered} requests, and no asset claims it`,
        fix: 'add it to an asset in the inventory',
      }),
    ),
  ];
}

/** An always-on installation; loaded when there is one, with the clients of its servers. */
async function installation(given: Given): Promise<Finding[]> {
  const { installationFindings } = await import('./doctor-installation.ts');
  return installationFindings(given);
}

/** The inventory that was named, and the key that it (or the environment) names. */
async function inventory(given: Given): Promise<Finding[]> {
  const declared = given.config === undefined ? null : await inventoryOf(given.config);
  const found: Finding =
    declared === null
      ? { state: 'ok', what: 'no inventory: everything works without one; --config FILE checks yours' }
      : {
          state: 'ok',
          what: `inventory ${printable(given.config ?? '')}: ${printable(declared.organization.name)}, ${declared.assets.length} ${declared.assets.length === 1 ? 'asset' : 'assets'}`,
        };
  return [found, ...(given.config === undefined ? [] : staleFindings(given.config)), ...key(declared?.keyFile ?? null)];
}

/** Detections look back as far at most. */
const COUNTING_DAYS = 45;

function key(keyFile: string | null): Finding[] {
  const { file, isDefault } = loadSecret(keyFile);
  if (isDefault || file === null) {
    return [
      {
        state: 'look',
        what: 'no secret key can be kept here: hashed values are hidden with a key that everybody knows',
        fix: 'make a key file and name it: POLLWATCH_KEY_FILE=FILE, or privacy.key_file in the inventory',
      },
    ];
  }
  const mode = statSync(file).mode & 0o077;
  const what = `secret key ${printable(file)}`;
  const found: Finding =
    mode === 0
      ? { state: 'ok', what }
      : { state: 'look', what: `${what} can be read by others than its owner`, fix: `chmod 600 ${printable(file)}` };
  return [found, ...previousKey(file)];
}

/** The key before it: needed as long as anything stands that was made with it. */
function previousKey(file: string): Finding[] {
  const before = previousKeyFile(file);
  if (!existsSync(before)) return [];
  // renaming a file does not change when it was written, but when its entry was changed
  const days = Math.floor((Date.now() - statSync(before).ctimeMs) / 86_400_000);
  const what = `previous secret key ${printable(before)}, put aside ${days} days ago`;
  return days < COUNTING_DAYS
    ? [
        {
          state: 'ok',
          what: `${what}: keep it for ${COUNTING_DAYS}; until then windows that reach back before the change are counted in two parts`,
        },
      ]
    : [{ state: 'look', what, fix: `nothing that counts is older: delete it (rm ${printable(before)})` }];
}

/** Whether files can be made in a folder, or it could be made itself. */
function isWritable(folder: string): boolean {
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return statSync(nearest).isDirectory();
  } catch {
    return false;
  }
}
