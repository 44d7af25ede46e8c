/**
 * `pollwatch ingest`: reads logs into the queue. Without files: all origins of the installation, until it is stopped; with
 * files or "-": those. With --once everything to its end, and then the origins are closed, so that decisions are final.
 */
import { existsSync, globSync } from 'node:fs';
import { runIngest } from '../../workers/ingest.ts';
import { REDIS_AWAY } from '../ingest/chunk-writer.ts';
import { createIngestCounts, type IngestCounts } from '../ingest/ingest-counts.ts';
import type { Notice } from '../ingest/notices.ts';
import type { IngestOrigin, Installation, OriginReading, Tenant } from '../model/installation.ts';
import { formatProblem, OperatorError, type Problem } from '../model/problem.ts';
import { counted } from '../model/quantity-words.ts';
import type { WorkerHooks } from '../model/worker.ts';
import type { IngestNumbers } from '../operate/metrics.ts';
import { runAlwaysOn } from './always-on.ts';
import { OK, OPERATOR } from './exit-status.ts';
import { installationOf, organizationOption } from './installation-option.ts';
import { type Given, readingOptions, stopOn } from './options.ts';

/** First part of the names of origins that are named on the command line. */
const NAME = 'command-line';

/** Runs the command; returns the exit status: 2 when a log could not be read. */
export async function ingestCommand(paths: string[], given: Given): Promise<number> {
  const configured = installationOf(given);
  const origins = paths.length === 0 ? configured.origins : originsOf(paths, given, configured);
  if (origins.length === 0) {
    throw new OperatorError([
      {
        code: 'PW-INGEST-NOTHING',
        message: 'there is nothing to read',
        hint: 'name log files, or "-" for standard input, or declare origins in the installation file',
      },
    ]);
  }
  const installation: Installation = { ...configured, origins };
  // standard input alone has an end of its own
  const isOnce = given.once === true || origins.every(({ kind }) => kind === 'stdin');
  const missing = isOnce ? paths.flatMap(missingProblem) : [];
  const counts = createIngestCounts();
  const troubles = new Map<string, Notice>();
  const part = {
    name: 'ingest',
    run: (set: Installation, signal: AbortSignal, hooks: WorkerHooks) =>
      runIngest(set, signal, {
        once: isOnce,
        counts,
        tell(notice) {
          const key = `${notice.code} ${notice.organization} ${notice.origin}`;
          if (notice.isOver) troubles.delete(key);
          else troubles.set(key, notice);
          if (!isOnce) tellLog(hooks, notice);
        },
      }),
  };
  const status = await runAlwaysOn(installation, { ...given, once: isOnce }, [part], {
    ingest: () => numbersOf(counts),
    sealing: tenantsOf(installation),
  });
  if (!isOnce) return status;
  process.stdout.write(summaryText(counts));
  const told = [...troubles.values()].map(
    ({ origin, code, message, hint }): Problem => ({ code, message, file: origin, ...(hint === null ? {} : { hint }) }),
  );
  const problems = [...missing, ...told];
  if (problems.length > 0) process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`);
  return status === OK && problems.length > 0 ? OPERATOR : status;
}

/** Organisations that lines of these origins can belong to. */
function tenantsOf({ origins, tenants }: Installation): Tenant[] {
  const ids = origins.flatMap((origin) => [
    origin.reading.organization,
    ...(origin.kind === 'syslog' ? origin.peers.map(({ organization }) => organization) : []),
  ]);
  return [...new Set(ids)].map((id) => tenants.get(id)!);
}

function tellLog(hooks: WorkerHooks, notice: Notice): void {
  const { organization, origin, code, message, hint, isOver } = notice;
  // of a Redis that is away the process says it once, not for each of its origins
  const level = code === REDIS_AWAY ? 'debug' : isOver ? 'info' : 'warn';
  hooks.log(level, message, { organization, origin, 'event.code': code, hint });
}

/** A log that was named and is not there: the others are read. */
function missingProblem(path: string): Problem[] {
  if (path === '-' || existsSync(path)) return [];
  if (!/[*?[{]/.test(path)) {
    const hint = 'check the path and its spelling';
    return [{ code: 'PW-ORIGIN-MISSING', message: 'there is no such file', file: path, hint }];
  }
  if (globSync(path).length > 0) return [];
  const hint = 'check the path and its spelling, and whether you may read the folder';
  return [{ code: 'PW-ORIGIN-NO-MATCH', message: 'no file matches', file: path, hint }];
}

/** Origins of what the command line names: files that are read alike are one, "-" is standard input. */
function originsOf(paths: readonly string[], given: Given, { tenants }: Installation): IngestOrigin[] {
  const problems: Parameters<typeof readingOptions>[1] = [];
  const { format, year, timezone } = readingOptions(given, problems);
  stopOn(problems);
  const organization = organizationOption(given, [...tenants.keys()]);
  const inventory = tenants.get(organization)!.inventory;
  const readingOf = (path: string): OriginReading => {
    const declared = inventory.originFor(path);
    return {
      organization,
      format,
      timezone: declared?.timezone ?? timezone ?? inventory.organization.timezone ?? 'UTC',
      asset: declared?.asset ?? 0,
      ...(year === undefined ? {} : { year }),
    };
  };
  const alike = new Map<string, { reading: OriginReading; paths: string[] }>();
  for (const path of paths.filter((each) => each !== '-')) {
    const reading = readingOf(path);
    const key = JSON.stringify(reading);
    const found = alike.get(key) ?? { reading, paths: [] };
    found.paths.push(path);
    alike.set(key, found);
  }
  const files = [...alike.values()].map((each): IngestOrigin => ({ kind: 'files', name: NAME, ...each }));
  return paths.includes('-') ? [...files, { kind: 'stdin', name: NAME, reading: readingOf('-') }] : files;
}

function numbersOf(counts: IngestCounts): IngestNumbers[] {
  return counts.all().map((of) => ({
    organization: of.organization,
    ingest_bytes: of.bytes,
    ingest_chunks: of.chunks,
    ingest_overlong: of.overlong,
    ingest_cut: of.cut,
    ingest_turned_away: of.turnedAway,
    ingest_dropped: of.dropped,
    ingest_behind_bytes: of.behindBytes,
    ingest_waiting: of.waitingSinceMs > 0 ? 1 : 0,
  }));
}

function summaryText(counts: IngestCounts): string {
  const all = counts.all();
  const sum = (of: (each: (typeof all)[number]) => number): number => all.reduce((total, each) => total + of(each), 0);
  const bytes = counted(
    sum((each) => each.bytes),
    'byte',
  );
  const chunks = counted(
    sum((each) => each.chunks),
    'chunk',
  );
  return `put into the queue: ${bytes} of ${counted(all.length, 'log')}, in ${chunks}\n`;
}
