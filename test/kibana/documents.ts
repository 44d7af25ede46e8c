/**
 * Documents for the dashboards, made by the code that makes them in a run: alerts of the sample logs and of the
 * detections' firing logs, told by three organisations over the last weeks before an election, with their days in
 * numbers, lines that could not be read, and how the installation did every five minutes.
 */

import { ownerWords } from '../../src/alerts/caveat.ts';
import { alertDocument, compareAlerts } from '../../src/alerts/ecs.ts';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import type { IndexedDocument } from '../../src/elastic/bulk.ts';
import { indexOf } from '../../src/elastic/index-names.ts';
import { knownScannersDataSet } from '../../src/enrich/known-scanners.ts';
import { createState } from '../../src/measure/state.ts';
import type { Alert } from '../../src/model/alert.ts';
import type { Election } from '../../src/model/contact.ts';
import { createTally } from '../../src/model/tally.ts';
import { DAY, dayLabel, dayOf } from '../../src/model/time.ts';
import type { OrganizationStatus } from '../../src/operate/status.ts';
import { refusedDocuments, summaryDocuments } from '../../src/shard/daily.ts';
import { type HealthMemory, healthDocuments } from '../../src/shard/health.ts';
import { HEALTH_MS } from '../../src/shard/health-document.ts';
import { fixtureAlerts, sampleAlerts } from '../elastic/documents.ts';
import { sharedAlert } from '../sinks/fixtures.ts';
import type { Body } from './recount.ts';

export const ORGANIZATIONS = [
  { id: 'us-xx-adams', name: 'Adams County' },
  { id: 'us-xx-baker', name: 'Baker County' },
  { id: 'us-xx-clark', name: 'Clark County' },
] as const;
/** The end of the time that is looked at: the evening before an election day. */
export const END = Date.UTC(2026, 10, 2, 22);
const DAYS = 21;
/** What the dashboards of the tests look at. */
export const SPAN = { fromMs: END - DAYS * DAY, toMs: END, stepMs: DAY };
const HOUR = 3_600_000;

export const ELECTION: Election = {
  id: 'gen-2026',
  name: 'general election',
  windows: [
    { phase: 'early_voting', fromMs: END - 14 * DAY, toMs: END - 3 * DAY },
    { phase: 'election_week', fromMs: END - 7 * DAY, toMs: END + DAY },
    { phase: 'results', fromMs: END + 26 * HOUR, toMs: END + 4 * DAY },
  ],
};

/** A document with its parsed body. */
export interface SampleDocument extends IndexedDocument {
  readonly parsed: Body;
}

/** Detections that the sample logs have none of, and dashboards need. */
const DETECTIONS = ['election.lookup_enum', 'F16', 'W11', 'W12', 'W17', 'W28', 'X01'];
/** Alerts as they are told, once they were made. */
let told: Promise<{ alert: Alert; index: number }[]> | null = null;

/** All documents, for index names that begin with `prefix`. Made once a run: reading the sample logs takes a while. */
export async function sampleDocuments(prefix: string): Promise<SampleDocument[]> {
  told ??= Promise.all([sampleAlerts(), fixtureAlerts(DETECTIONS)]).then((lists) =>
    tellAlerts([...lists.flat(), sharedAlert()].sort(compareAlerts)),
  );
  const alerts = await told;
  return [
    ...alerts.map(({ alert, index }) => alertAsWritten(alert, index, prefix)),
    ...ORGANIZATIONS.flatMap((organization) =>
      dayDocuments(
        organization,
        alerts.map(({ alert }) => alert),
        prefix,
      ),
    ),
    ...ORGANIZATIONS.flatMap((organization, i) => healthOf(organization, i, prefix)),
  ];
}

/** Spreads alerts over organisations and days; every ninth is seen by two, and a few of each detection are enough. */
function tellAlerts(alerts: readonly Alert[]): { alert: Alert; index: number }[] {
  const perDetection = new Map<string, number>();
  const told: { alert: Alert; index: number }[] = [];
  for (const [i, alert] of alerts.entries()) {
    const seen = perDetection.get(alert.detection) ?? 0;
    perDetection.set(alert.detection, seen + 1);
    if (seen >= 40) continue;
    const offices = i % 9 === 0 ? [i % 3, (i + 1) % 3] : [i % 3];
    for (const office of offices) told.push({ alert: tellOne(alert, i, office), index: told.length });
  }
  return told;
}

function tellOne(alert: Alert, i: number, office: number): Alert {
  // the latest hour has an enumeration of records: panels about the last hour must show one
  const isLookup = alert.evidence['distinct_keys'] !== undefined;
  const agoMs = isLookup && i % 2 === 0 ? HOUR / 2 : (((i * 7919) % (DAYS * 24 * 3 - 3)) / 3) * HOUR;
  const endMs = END - agoMs;
  const organization = ORGANIZATIONS[office]!;
  return {
    ...alert,
    id: `${alert.id.slice(0, 28)}${office}${(i % 1000).toString().padStart(3, '0')}`,
    organization,
    jurisdictions:
      alert.campaign === undefined
        ? [{ id: organization.id, level: 'county', parent: 'us-xx' }]
        : (alert.jurisdictions ?? []),
    day: dayLabel(dayOf(endMs, 0), 0),
    startMs: endMs - Math.min(alert.endMs - alert.startMs, 6 * HOUR),
    endMs,
  };
}

const STATUSES = ['new', 'new', 'new', 'ack', 'closed', 'suppressed', 'withdrawn'] as const;
const SYSTEMS = [
  { id: 'lookup', name: 'Voter look-up', kind: 'voter_lookup', criticality: 'high' },
  { id: 'results', name: 'Election results', kind: 'results_enr', criticality: 'critical' },
  { id: 'site', name: 'County site', kind: 'county_site', criticality: 'low' },
  { id: 'vpn', name: 'Staff remote access', kind: 'staff_remote', criticality: 'high' },
] as const;

function alertAsWritten(alert: Alert, i: number, prefix: string): SampleDocument {
  const status = STATUSES[i % STATUSES.length]!;
  const createdMs = alert.endMs + 240_000 + ((i * 31) % 600) * 1000;
  const document = alertDocument(alert, {
    createdMs,
    revision: 1,
    generation: 1,
    version: '0.1.0',
    status,
    tlp: 'TLP:AMBER',
    continues: null,
    ...(alert.source === null ? {} : { returning: i % 4 === 0 }),
    handledMs: status === 'new' || status === 'withdrawn' ? null : createdMs + 600_000 + ((i * 57) % 7200) * 1000,
  });
  return asWritten(alert.id, indexOf(prefix, 'alerts', alert.organization.id, alert.day), filled(document, alert, i));
}

/**
 * What the logs of the samples do not give, because no inventory and no list belongs to them: the system, the window of
 * the election, the class of the source, whether it was seen before, times to detect and to handle.
 */
function filled(document: Body, alert: Alert, i: number): Body {
  const own = document['pollwatch'] as Record<string, unknown>;
  const own2 = (name: string) => (own[name] as Record<string, unknown> | undefined) ?? {};
  const inWindow = ELECTION.windows.find(({ fromMs, toMs }) => fromMs <= alert.endMs && alert.endMs < toMs);
  const isWeb = alert.categories.includes('web');
  return {
    ...document,
    ...(alert.source === null ? {} : { source: placed(document, alert.source.key) }),
    pollwatch: {
      ...own,
      asset: SYSTEMS[isWeb ? i % 3 : 3],
      ...(inWindow === undefined ? {} : { window: { election_id: ELECTION.id, phase: inWindow.phase } }),
      source: {
        ...own2('source'),
        ...(alert.source === null ? {} : { owner: ownerWords(ownerFor(alert.source.key)) }),
        class: i % 11 === 0 ? 'benign_scanner' : i % 13 === 0 ? 'authorized' : i % 3 === 0 ? 'hosting' : 'unknown',
        ...(i % 11 === 0 ? { listed_as: 'Example Survey', claimed_as: 'says that it is ExampleSurvey/1.0' } : {}),
        ...(i % 13 === 0 ? { authorized_as: 'Example cyber hygiene scans' } : {}),
      },
      // of the samples no attack in a parameter was answered
      ...(isWeb && alert.outcome === 'answered'
        ? { evidence: { ...own2('evidence'), fields_tried: ['lastname', 'zip'] } }
        : {}),
    },
  };
}

const OWNERS = [
  'EXAMPLE-HOSTING',
  'EXAMPLE-CLOUD',
  'EXAMPLE-VPN',
  'EXAMPLE-TELECOM',
  'EXAMPLE-UNIVERSITY',
  'EXAMPLE-CABLE',
];
const PLACES = [
  ['US', 'United States'],
  ['NL', 'Netherlands'],
  ['CA', 'Canada'],
  ['SE', 'Sweden'],
] as const;
const numberFor = (key: string) => [...key].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) >>> 0, 7);
const ownerFor = (key: string) => ({
  number: 64496 + (numberFor(key) % OWNERS.length),
  name: OWNERS[numberFor(key) % OWNERS.length]!,
});

/** Owners and places that nobody has: pictures of dashboards name no company and no customer of one. */
function placed(document: Body, key: string): Body {
  const { number, name } = ownerFor(key);
  const [isoCode, country] = PLACES[numberFor(key) % PLACES.length]!;
  return {
    ...(document['source'] as Body),
    as: { number, organization: { name } },
    geo: { country_iso_code: isoCode, country_name: country },
  };
}

function dayDocuments(
  organization: (typeof ORGANIZATIONS)[number],
  alerts: readonly Alert[],
  prefix: string,
): SampleDocument[] {
  const inventory = {
    ...defaultInventory(),
    organization: { ...defaultInventory().organization, level: 'county', parent: 'us-xx' },
  };
  return Array.from({ length: DAYS }, (_, i) => dayOf(END, 0) - i).flatMap((day, i) => {
    const setting = { day, organization, inventory, indexPrefix: prefix, generation: 1, revision: 1 };
    const refused = new Map([
      ['no request', { count: 3 + (i % 5), samples: [] }],
      ['no time', { count: 1 + (i % 2), samples: [] }],
    ]);
    const lines = 180_000 + ((day * 7919) % 90_000);
    const tally = { ...createTally(), lines, refused, bytes: lines * 180 };
    const origins = [{ name: '/var/log/nginx/access.log', format: 'combined', tally }];
    const state = createState(0);
    state.timeline.set(Math.floor((day * DAY) / 600_000), [lines - 12, 0]);
    const read = { origins, late: 2, sources: { sources: 9000, matched: 120 + (i % 40) } };
    return [...summaryDocuments(state, [...alerts], read, setting), ...refusedDocuments(origins, setting)].map(
      ({ id, index, body }) => asWritten(id, index, body),
    );
  });
}

/** The last day, every five minutes; one log of the third office falls silent, another one has a wrong clock. */
function healthOf(organization: (typeof ORGANIZATIONS)[number], office: number, prefix: string): SampleDocument[] {
  const setting = {
    organization,
    inventory: { ...defaultInventory(), calendar: [ELECTION] },
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
    organization: ORGANIZATIONS[office]!.id,
    name: ORGANIZATIONS[office]!.name,
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
