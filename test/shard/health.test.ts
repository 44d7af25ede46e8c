/** What is told of how well an installation works: pure functions of a status, a memory and an instant. */
import { describe, expect, it } from 'vitest';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { fieldsOf } from '../../src/elastic/templates.ts';
import type { OrganizationStatus } from '../../src/operate/status.ts';
import { type HealthMemory, healthDocuments } from '../../src/shard/health.ts';
import { HEALTH_MS, type HealthDocument } from '../../src/shard/health-document.ts';
import { pathsOf } from '../elastic/documents.ts';

const NOW = Date.UTC(2026, 10, 3, 12);
const MINUTE = 60_000;
const ELECTION = {
  id: 'gen-2026',
  name: 'general election',
  windows: [
    { phase: 'election_week' as const, fromMs: NOW - 86_400_000, toMs: NOW + 86_400_000 },
    { phase: 'results' as const, fromMs: NOW + 13 * 3_600_000, toMs: NOW + 86_400_000 },
  ],
};
const SETTING = {
  organization: { id: 'us-xx-example', name: 'Example County' },
  inventory: { ...defaultInventory(), calendar: [ELECTION] },
  indexPrefix: 'pollwatch',
  dataSets: [
    { name: 'owners', date: '2026-06-17', attribution: '' },
    { name: 'places', date: 'unknown date', attribution: '' },
  ],
};

interface Changes {
  readonly stats?: Record<string, number>;
  readonly updatedMs?: number;
  readonly closed?: boolean;
  readonly dead?: number;
  readonly mailWaitMs?: number;
  readonly waiting?: number;
  readonly eventMs?: number;
  readonly originMs?: number;
  readonly halt?: OrganizationStatus['halt'];
}

/** A status with one origin. */
function statusOf(changes: Changes = {}): OrganizationStatus {
  const { stats = {}, updatedMs = NOW, closed = false, dead = 0, waiting = 0, eventMs = NOW, originMs } = changes;
  const { mailWaitMs = 0 } = changes;
  return {
    organization: 'us-xx-example',
    name: 'Example County',
    isConfigured: true,
    depth: {
      queuedBytes: 0,
      waitingChunks: waiting,
      flyingChunks: 0,
      flyingMs: 0,
      logRecords: 0,
      snapshotBytes: 0,
      pendingDocuments: 0,
      deadLetters: dead,
      stats,
    },
    mail: { waiting: mailWaitMs > 0 ? 1 : 0, due: 0, failed: 0, oldestMs: mailWaitMs },
    drill: null,
    halt: changes.halt ?? null,
    origins: [
      {
        number: 1,
        name: '/var/log/access.log',
        seq: 3,
        applied: 3,
        offset: 0,
        position: null,
        format: 'combined',
        context: null,
        closed,
        dropped: 0,
        updatedMs,
      },
    ],
    progress: {
      decided: 3,
      isSettled: true,
      eventMs,
      alertMs: null,
      late: 0,
      alerts: 2,
      worker: 'w',
      ...(originMs === undefined ? {} : { originMs: { 1: originMs } }),
    },
    waitingFacts: 0,
    logEnd: 3,
  };
}

/** Tells of statuses, five minutes after each other; the documents of each. */
function tellAll(...statuses: OrganizationStatus[]): HealthDocument[][] {
  let memory: HealthMemory | null = null;
  return statuses.map((status, i) => {
    const told = healthDocuments(status, memory, NOW + i * HEALTH_MS, SETTING);
    memory = JSON.parse(JSON.stringify(told.memory)) as HealthMemory;
    return told.documents;
  });
}

type Body = { event: { code?: string; dataset: string }; pollwatch: { health: Record<string, unknown> } };
const healthOf = (document: HealthDocument | undefined) => (document?.body as Body | undefined)?.pollwatch.health;
const faultsIn = (documents: readonly HealthDocument[], code: string) =>
  documents.filter(({ body }) => (body as Body).event.code === code);

describe('the health of an installation', () => {
  it('counts what came since the last look, and all of it at the first', () => {
    const [first, second] = tellAll(
      statusOf({ stats: { lines: 100, refused: 1 } }),
      statusOf({ stats: { lines: 250, refused: 1 } }),
    );
    expect(healthOf(first![0])).toMatchObject({ lines: 100, refused: 1, interval_s: 0, state: 'ok' });
    expect(healthOf(second![0])).toMatchObject({ lines: 150, refused: 0, interval_s: 300 });
  });

  it('is faulty with dead letters, where nothing can be decided, with mails that wait for more than ten minutes, and where more than a tenth of a thousand lines could not be read', () => {
    const stateAfter = (changes: Changes) => healthOf(tellAll(statusOf(changes))[0]![0])!['state'];
    expect(stateAfter({ dead: 1 })).toBe('faulty');
    expect(stateAfter({ halt: { kind: 'state', reason: 'x', sinceMs: NOW, worker: 'w' } })).toBe('faulty');
    expect(stateAfter({ mailWaitMs: 600_000 })).toBe('ok');
    expect(stateAfter({ mailWaitMs: 600_001 })).toBe('faulty');
    expect(stateAfter({ stats: { lines: 1000, refused: 101 } })).toBe('faulty');
    expect(stateAfter({ stats: { lines: 1000, refused: 100 } })).toBe('ok');
    expect(stateAfter({ stats: { lines: 999, refused: 999 } })).toBe('ok');
  });

  it('is late only while lines wait: a replay of an old log is not', () => {
    const old = NOW - 2 * 3_600_000;
    expect(healthOf(tellAll(statusOf({ eventMs: old, waiting: 1 }))[0]![0])).toMatchObject({
      state: 'late',
      lag_s: 7200,
    });
    expect(healthOf(tellAll(statusOf({ eventMs: old }))[0]![0])).toMatchObject({ state: 'ok', lag_s: 7200 });
  });

  it('says once that an origin fell silent, again while it lasts under the same id, and that it is over', () => {
    const quiet = (minutes: number) => statusOf({ updatedMs: NOW + minutes * MINUTE });
    const told = tellAll(quiet(0), ...Array.from({ length: 7 }, () => quiet(0)), quiet(39), quiet(44));
    // thirty minutes are not more than thirty minutes
    expect(told.map((documents) => faultsIn(documents, 'X08').length)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
    const [begin, end] = [faultsIn(told[7]!, 'X08')[0]!, faultsIn(told[8]!, 'X08')[0]!];
    expect(end.id).toBe(begin.id);
    expect(end.version).toBeGreaterThan(begin.version);
    expect(healthOf(begin)).toMatchObject({ state: 'faulty', silent_s: 35 * 60 });
    expect(healthOf(end)).toMatchObject({ state: 'over', silent_s: 39 * 60 });
    expect(healthOf(told[7]![0])).toMatchObject({ state: 'faulty', silent_origins: 1 });
  });

  it('gives an origin that pauses for long three times its longest pause', () => {
    // it paused for 20 minutes before
    const told = tellAll(
      statusOf({ updatedMs: NOW }),
      statusOf({ updatedMs: NOW + 20 * MINUTE }),
      ...Array.from({ length: 16 }, () => statusOf({ updatedMs: NOW + 20 * MINUTE })),
    );
    const silentAt = told.findIndex((documents) => faultsIn(documents, 'X08').length > 0);
    // 20 + 60 minutes are not more than three times as long
    expect(silentAt * 5).toBe(85);
  });

  it('calls no origin silent that has ended', () => {
    const told = tellAll(...Array.from({ length: 30 }, () => statusOf({ closed: true })));
    expect(told.flatMap((documents) => faultsIn(documents, 'X08'))).toEqual([]);
    expect(healthOf(told.at(-1)![0])).toMatchObject({ open_origins: 0, silent_origins: 0 });
  });

  it('says that a clock is wrong when lines are younger than their receipt, or older by most of an hour', () => {
    const faults = (originMs: number) =>
      faultsIn(tellAll(statusOf({ originMs }))[0]!, 'X09').map((d) => healthOf(d)!['ahead_s']);
    // the latest event is known to ten minutes
    expect(faults(NOW + 9 * MINUTE)).toEqual([]);
    expect(faults(NOW + 15 * MINUTE)).toEqual([]);
    expect(faults(NOW + 3 * 3_600_000)).toEqual([3 * 3600 - 600]);
    expect(faults(NOW - 44 * MINUTE)).toEqual([]);
    expect(faults(NOW - 5 * 3_600_000)).toEqual([-5 * 3600]);
  });

  it('tells the age of each data set once a day, and which of them are too old to rely on', () => {
    const [first, second] = tellAll(statusOf(), statusOf());
    const sets = first!.filter(({ body }) => (body as Body).event.dataset === 'pollwatch.health.data_set');
    expect(sets.map((d) => d.body['message'])).toEqual(['owners: 139 days old', 'places: of an unknown date']);
    expect(sets.map((d) => healthOf(d)!['state'])).toEqual(['ok', 'faulty']);
    expect(second!.length).toBe(1);
  });

  it('says which window of an election is open, and how many days it is until polls close', () => {
    const windowAt = (nowMs: number) =>
      (
        healthDocuments(statusOf(), null, nowMs, SETTING).documents[0]!.body as unknown as {
          pollwatch: { window: object };
        }
      ).pollwatch.window;
    expect(windowAt(NOW)).toEqual({ phase: 'election_week', election_id: 'gen-2026', days_to_election: 0 });
    expect(windowAt(NOW - 30 * 86_400_000)).toEqual({ phase: 'none', days_to_election: 30 });
    expect(windowAt(NOW + 14 * 3_600_000)).toEqual({ phase: 'results', election_id: 'gen-2026' });
    expect(windowAt(NOW + 30 * 86_400_000)).toEqual({ phase: 'none' });
  });

  it('says only what the index has fields for, and has no field that nothing says', () => {
    const late = statusOf({ originMs: NOW + 3_600_000 });
    const written = tellAll(late, ...Array.from({ length: 8 }, () => late)).flat();
    const paths = new Set(written.flatMap(({ body }) => [...pathsOf(body, () => false)]));
    const fields = [...fieldsOf('health').keys()];
    expect([...paths].filter((path) => !fields.includes(path))).toEqual([]);
    // added when a document is written
    const elsewhere = ['event.ingested', 'event.created', 'event.category', 'event.type'];
    expect(fields.filter((field) => !paths.has(field) && !elsewhere.includes(field))).toEqual([]);
  });
});
