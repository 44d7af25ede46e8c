/**
 * Documents for the dashboards, made by the code that makes them in a run: what three offices and their state told of the
 * weeks before an election (office-logs.ts, told-offices.ts), and how the installation did every five minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory } from '../../src/config/inventory.ts';
import type { IndexedDocument } from '../../src/elastic/bulk.ts';
import { knownScannersDataSet } from '../../src/enrich/known-scanners.ts';
import type { Election } from '../../src/model/contact.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { DAY } from '../../src/model/time.ts';
import type { OrganizationStatus } from '../../src/operate/status.ts';
import { type HealthMemory, healthDocuments } from '../../src/shard/health.ts';
import { HEALTH_MS } from '../../src/shard/health-document.ts';
import { officeLogs } from './office-logs.ts';
import type { Body } from './recount.ts';
import { toldByOffices } from './told-offices.ts';

const OFFICES = [
  { id: 'us-xx-adams', name: 'Adams County' },
  { id: 'us-xx-baker', name: 'Baker County' },
  { id: 'us-xx-clark', name: 'Clark County' },
] as const;
const STATE = { id: 'us-xx', name: 'Example State' } as const;
export const ORGANIZATIONS = [...OFFICES, STATE] as const;
/** The end of the time that is looked at: the evening before an election day. */
export const END = Date.UTC(2026, 10, 2, 22);
/** What the dashboards look at when they are opened, and what they are previewed and measured with. */
const DAYS = 30;
export const SPAN = { fromMs: END - DAYS * DAY, toMs: END, stepMs: DAY };
const HOUR = 3_600_000;

/** A document with its parsed body. */
export interface SampleDocument extends IndexedDocument {
  readonly parsed: Body;
}

/** What the offices told, under index names that begin with "pollwatch", once it was made. */
let told: ReturnType<typeof tellAll> | null = null;

/** All documents, for index names that begin with `prefix`. What the offices tell is made once: it takes a while. */
export async function sampleDocuments(prefix: string): Promise<SampleDocument[]> {
  told ??= tellAll();
  const { documents, inventory } = await told;
  return [
    ...documents.map(({ id, index, body, version }) => ({
      id,
      index: index.replace(/^pollwatch/, prefix),
      version,
      body,
      parsed: JSON.parse(body) as Body,
    })),
    ...OFFICES.flatMap((organization, i) => healthOf(organization, i, inventory, prefix)),
  ];
}

/** The elections of the offices' calendar. */
export async function sampleElections(): Promise<readonly Election[]> {
  told ??= tellAll();
  return (await told).inventory.calendar;
}

async function tellAll(): Promise<{ documents: IndexedDocument[]; inventory: Inventory }> {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-test-'));
  try {
    const offices = OFFICES.map((office, n) => ({
      office,
      logs: officeLogs(office, n, SPAN, join(folder, office.id)),
    }));
    const documents = await toldByOffices(offices, STATE, { toMs: END, prefix: 'pollwatch' });
    return { documents, inventory: loadInventory(offices[0]!.logs.inventory) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The last day, every five minutes; one log of the third office falls silent, another one has a wrong clock. */
function healthOf(
  organization: (typeof OFFICES)[number],
  office: number,
  inventory: Inventory,
  prefix: string,
): SampleDocument[] {
  const setting = {
    organization,
    inventory,
    indexPrefix: prefix,
    dataSets: [
      { name: 'RouteViews and DB-IP network owners', date: '2026-06-17', attribution: '' },
      { name: 'geo-whois-asn-country', date: '2026-03-02', attribution: '' },
      knownScannersDataSet(),
    ],
  };
  let memory: HealthMemory | null = null;
  const documents: SampleDocument[] = [];
  for (let atMs = END - DAY + HEALTH_MS; atMs <= END; atMs += HEALTH_MS) {
    const told = healthDocuments(statusAt(atMs, office), memory, atMs, setting);
    memory = told.memory;
    documents.push(...told.documents.map(({ id, index, body, version }) => asWritten(id, index, body, version)));
  }
  return latestOf(documents);
}

function statusAt(atMs: number, office: number): OrganizationStatus {
  const since = (atMs - (END - DAY)) / HEALTH_MS;
  const lines = since * (600 + office * 150);
  const isSilent = office === 2 && atMs > END - 4 * HOUR;
  const wave = Math.max(0, Math.sin(since / 20 + office)) * 40;
  const origin = {
    seq: since,
    applied: since,
    offset: 0,
    position: null,
    context: null,
    closed: false,
    dropped: office === 0 ? Math.round(since) : 0,
  };
  const eventMs = atMs - (30 + wave * (office === 1 ? 60 : 2)) * 1000;
  return {
    organization: OFFICES[office]!.id,
    name: OFFICES[office]!.name,
    isConfigured: true,
    waitingFacts: 0,
    depth: {
      queuedBytes: wave * 1e5,
      waitingChunks: Math.round(wave),
      flyingChunks: Math.round(wave / 4),
      flyingMs: wave * 10,
      logRecords: 2,
      snapshotBytes: 4e6,
      pendingDocuments: Math.round(wave * 3),
      deadLetters: office === 1 && atMs > END - 2 * HOUR ? 2 : 0,
      stats: {
        lines,
        events: Math.round(lines * 0.999),
        refused: Math.round(lines * 0.0005),
        bytes: lines * 180,
        alerts: Math.round(since / 6),
        mails: Math.round(since / 48),
        mails_sent: Math.round(since / 48),
        mails_failed: Math.round(since / 140),
      },
    },
    origins: [
      {
        ...origin,
        number: 1,
        name: '/var/log/nginx/access.log',
        format: 'combined',
        updatedMs: isSilent ? END - 4 * HOUR : atMs,
      },
      { ...origin, number: 2, name: '/var/log/kern.log', format: 'netfilter', updatedMs: atMs },
    ],
    mail: { waiting: 0, due: 0, failed: 0, oldestMs: 0 },
    drill: null,
    halt: null,
    progress: {
      decided: 1,
      isSettled: true,
      eventMs,
      originMs: { 1: isSilent ? END - 4 * HOUR : eventMs, 2: office === 0 ? atMs + 5 * HOUR : eventMs },
      alertMs: null,
      late: Math.round(since / 10),
      alerts: 40,
      worker: 'w',
    },
    logEnd: 1,
  };
}

function asWritten(id: string, index: string, body: Body, version = 1): SampleDocument {
  const written = JSON.stringify(body);
  return { id, index, version: 2 ** 32 + version, body: written, parsed: JSON.parse(written) as Body };
}

/** Of several versions of a document the last. */
function latestOf(documents: readonly SampleDocument[]): SampleDocument[] {
  return [...new Map(documents.map((document) => [document.id, document])).values()];
}
