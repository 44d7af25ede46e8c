/**
 * Follows all files that an origin of the configuration names: looks for new ones, and lets every family read a chunk in
 * turn, a few at a time, so that one busy log does not hold up the others and memory stays bounded.
 */
import type { IngestOrigin } from '../model/installation.ts';
import { OperatorError } from '../model/problem.ts';
import { closeOrigin } from '../queue/origins.ts';
import { type ChunkWriter, openChunkWriter, type WriterSetting } from './chunk-writer.ts';
import type { IngestCounts } from './ingest-counts.ts';
import { findFamilies, type LogFamily } from './log-family.ts';
import { createLogFollower, type LogFollower } from './log-follower.ts';
import { pause } from './pause.ts';
import { SETTLE_MS } from './quiet-file.ts';

/** How often names and sizes are looked at, ms; more seldom when looking takes long. */
const LOOK_MS = 1000;
/** Of the time, at most one part in so many is spent looking. */
const LOOK_SHARE = 10;
/** How often an idle log is asked for more, ms. */
const POLL_MS = 100;
/** How many families of a process read at the same time; each holds up to 1.5 MiB. */
const FAMILIES_AT_ONCE = 8;

/** Lets a few pieces of work run at the same time, the others wait for their turn. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Turns that all files of a process share. */
export function createTurns(): Turns {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running >= FAMILIES_AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

export type FilesOrigin = Extract<IngestOrigin, { kind: 'files' }>;

/** How files are followed. */
export interface FileFollowing {
  /** to the end of the files as they are, then the origins are closed */
  readonly isOnce: boolean;
  readonly turns: Turns;
  /** how long a rotated file must be quiet until its last line is taken without its end, ms; default 5000 */
  readonly settleMs?: number;
}

/** Follows until the signal comes, or to the end of the files. What is in hand is committed at the end. */
export async function followFiles(
  origin: FilesOrigin,
  setting: WriterSetting,
  counts: IngestCounts,
  following: FileFollowing,
): Promise<void> {
  const { notices, signal, tenant, store } = setting;
  const { isOnce, turns } = following;
  const each = <T>(items: readonly T[], work: (item: T) => Promise<void>) =>
    Promise.all(items.map((item) => turns(() => work(item))));
  const followers = new Map<string, { follower: LogFollower; number: number }>();
  let families: LogFamily[] = [];
  let lookAtMs = 0;

  const look = async (): Promise<void> => {
    const startMs = Date.now();
    families = findFamilies(origin.paths);
    if (families.length === 0) {
      notices.begin(
        origin.name,
        'PW-INGEST-NO-FILE',
        `no file is there yet: ${origin.paths.join(', ')}`,
        'they are read as soon as they appear; check the paths',
      );
    } else notices.end(origin.name, 'PW-INGEST-NO-FILE', 'files are there now');
    await each(families, async (family) => {
      let following = followers.get(family.stem);
      if (following === undefined) {
        if (family.members.length === 0) return;
        const opened = await open(family);
        if (opened === null) return;
        following = opened;
        followers.set(family.stem, following);
      }
      await following.follower.look(family);
    });
    lookAtMs = Date.now() + Math.max(LOOK_MS, LOOK_SHARE * (Date.now() - startMs));
  };

  /** null when the organisation has as many origins as it may: that is told, and its other logs are read */
  const open = async (family: LogFamily): Promise<{ follower: LogFollower; number: number } | null> => {
    // two machines of one organisation may have the same paths: the name of the origin keeps them apart
    const name = `${origin.name} ${family.stem}`;
    // what the origin leaves open, the inventory says of each log by its path
    const declared = tenant.inventory.originFor(family.stem);
    const asset = origin.reading.asset === 0 ? (declared?.asset ?? 0) : origin.reading.asset;
    const usual = tenant.inventory.organization.timezone ?? 'UTC';
    const { timezone: given } = origin.reading;
    const timezone = given === usual ? (declared?.timezone ?? usual) : given;
    let writer: ChunkWriter;
    try {
      writer = await openChunkWriter(setting, name, asset, counts.of(tenant.id, name));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      for (const { code, message, hint } of error.problems) notices.begin(family.stem, code, message, hint ?? '');
      return null;
    }
    const follower = createLogFollower(writer, {
      reading: { ...origin.reading, timezone },
      notices,
      isOnce,
      settleMs: following.settleMs ?? SETTLE_MS,
    });
    return { follower, number: writer.head.number };
  };

  while (!signal.aborted) {
    if (Date.now() >= lookAtMs) await look();
    let isProgress = false;
    let isWaiting = false;
    await each([...followers], async ([stem, { follower }]) => {
      const family = families.find((f) => f.stem === stem);
      if (follower.needsLook && family !== undefined) await follower.look(family);
      if (signal.aborted) return;
      const answer = await follower.step(Date.now());
      isProgress ||= answer === 'progress';
      isWaiting ||= answer === 'waiting';
    });
    if (isOnce && !isProgress && !isWaiting) break;
    if (!isProgress) await pause(POLL_MS, signal);
  }
  for (const { follower, number } of followers.values()) {
    await follower.stop();
    if (isOnce && !signal.aborted) await closeOrigin(store, tenant.id, number);
  }
}
