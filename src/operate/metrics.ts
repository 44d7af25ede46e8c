/**
 * What Prometheus reads. Two kinds of numbers: those of the installation (queue, state, alerts) are read from the store
 * when they are asked for, so every process tells the same ones (take max, not sum); those called pollwatch_worker_… are
 * this process's own (sum them). The only label that grows is the organisation, and only those that are configured have
 * one of their own: nothing in a log makes a label.
 *   pollwatch_queued_bytes{organization="us-xx-a"} 1048576
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { WorkerHooks } from '../model/worker.ts';

/** Organisations with a label of their own; the others are summed up as "other". */
const LABELS_MAX = 1000;
const OTHER = 'other';
/** Numbers of the store are not read again within this time, ms: several scrapers cost as much as one. */
const READ_AGAIN_MS = 1000;

/** What the store says of one organisation at one moment. */
export interface OrganizationNumbers {
  readonly organization: string;
  /** value by name of a gauge; null = not known */
  readonly gauges: Readonly<Record<GaugeName, number | null>>;
  /** counts since the installation began, by name */
  readonly counts: Readonly<Record<string, number>>;
}

const GAUGES = {
  queued_bytes: 'sealed bytes of lines that wait in Redis',
  waiting_chunks: 'chunks that wait for room in the window of their organization',
  flying_chunks: 'chunks that are with the workers',
  flying_seconds: 'how long the oldest chunk has been with the workers',
  log_records: 'records that wait to be folded into a snapshot',
  state_bytes: 'bytes of the last snapshot of the state',
  pending_documents: 'documents that wait for Elasticsearch',
  waiting_facts: 'alerts that are still to be told to the organisation above',
  dead_letters: 'chunks, records, documents and mails that nobody could handle',
  mails_waiting: 'mails that are not sent yet',
  mails_oldest_seconds: 'how long the oldest of them has waited; more than ten minutes and people are not told',
  mails_failed: 'mails that the mail server will not take',
  alerts_held: 'alerts whose mail is due and finds no place among the most mails of an hour and a day',
  drill_passed_seconds: 'how long ago a drill last came through from log to mail server',
  alerts_standing: 'alerts that stand (not withdrawn)',
  halted_seconds: 'how long nothing can be decided of an organization (`pollwatch status` says why); 0 = it can',
  lag_seconds: 'now minus the latest time of an event that was applied',
} as const;
/** Name of a number that goes up and down. */
export type GaugeName = keyof typeof GAUGES;

const COUNTS = {
  lines: 'lines that were read',
  events: 'lines that became events',
  skipped: 'lines of a known kind that are no event',
  refused: 'lines that could not be read; samples of them are kept',
  late: 'lines that came later than the lateness allows',
  dropped: 'lines that a listener had no room for',
  facts_left_out: 'alerts of other organizations that were left out, for there are more than are kept',
  bytes: 'bytes of lines',
  chunks: 'chunks that were applied',
  alerts: 'revisions of alerts that were made',
  mails: 'mails that were decided',
  mails_sent: 'mails that were handed to the mail server',
} as const;

const INGEST = {
  ingest_bytes: 'bytes of lines that this process committed',
  ingest_chunks: 'chunks that this process committed',
  ingest_overlong: 'lines that were longer than 256 KiB',
  ingest_dropped: 'lines that a listener of this process had no room for',
  ingest_cut: 'messages of listeners whose connection ended in the middle of them',
  ingest_turned_away: 'senders that a listener of this process did not let in',
  ingest_behind_bytes: 'bytes that stand in files and are not committed yet',
  ingest_waiting: 'origins that wait for room in the queue',
} as const;
/** What ingest tells of one organisation since its process started. */
export type IngestNumbers = Readonly<Record<keyof typeof INGEST, number>> & { readonly organization: string };

/** The metrics of a process. */
export interface Metrics {
  readonly contentType: string;
  /** For WorkerHooks.count. */
  readonly count: WorkerHooks['count'];
  /** The text that Prometheus reads. A store that does not answer is told as pollwatch_store_up 0. */
  text(): Promise<string>;
}

/** What the metrics are made of. */
export interface MetricsSettings {
  /** organisations that are configured */
  readonly organizations: readonly string[];
  readonly version: string;
  /** reads the numbers of the store; throws when it cannot */
  readonly read: () => Promise<readonly OrganizationNumbers[]>;
  /** what this process ingests, where it does; may have several entries of an organisation */
  readonly ingest?: () => readonly IngestNumbers[];
}

/** Makes the metrics; `text` reads the store at most once a second. */
export function createMetrics({ organizations, version, read, ingest }: MetricsSettings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const labelled = new Set(organizations.slice(0, LABELS_MAX));
  const labelOf = (organization: string): string => (labelled.has(organization) ? organization : OTHER);
  collectDefaultMetrics({ register: registry });
  const about = { name: 'pollwatch_info', help: 'version of the program', labelNames: ['version'], registers };
  new Gauge(about).set({ version }, 1);
  const up = new Gauge({ name: 'pollwatch_store_up', help: '1 when the store answered', registers });
  const labelNames = ['organization'];
  const gauges = Object.entries(GAUGES).map(
    ([name, help]) => [name, new Gauge({ name: `pollwatch_${name}`, help, labelNames, registers })] as const,
  );
  const counts = Object.entries(COUNTS).map(
    ([name, help]) => [name, new Counter({ name: `pollwatch_${name}_total`, help, labelNames, registers })] as const,
  );
  const own = new Counter({
    name: 'pollwatch_worker_total',
    help: 'what this process did since it started',
    labelNames: ['what', 'organization'],
    registers,
  });

  const show = (numbers: readonly OrganizationNumbers[]): void => {
    for (const [name, gauge] of gauges) {
      gauge.reset();
      // ages do not add up: of several organisations under one label the worst is told
      const together = name.endsWith('_seconds') ? Math.max : (a: number, b: number) => a + b;
      for (const [organization, value] of byLabel(numbers, (n) => n.gauges[name as GaugeName], together))
        gauge.set({ organization }, value);
    }
    for (const [name, counter] of counts) {
      counter.reset();
      for (const [organization, value] of byLabel(
        numbers,
        (n) => n.counts[name] ?? 0,
        (a, b) => a + b,
      ))
        counter.inc({ organization }, Math.max(0, value));
    }
  };
  const byLabel = (
    numbers: readonly OrganizationNumbers[],
    valueIn: (numbers: OrganizationNumbers) => number | null,
    together: (a: number, b: number) => number,
  ): Map<string, number> => {
    const values = new Map<string, number>();
    for (const each of numbers) {
      const value = valueIn(each);
      if (value === null) continue;
      const label = labelOf(each.organization);
      const before = values.get(label);
      values.set(label, before === undefined ? value : together(before, value));
    }
    return values;
  };

  const ingested =
    ingest === undefined
      ? []
      : Object.entries(INGEST).map(
          ([name, help]) =>
            [name, new Gauge({ name: `pollwatch_worker_${name}`, help, labelNames, registers })] as const,
        );
  const showIngest = (numbers: readonly IngestNumbers[]): void => {
    for (const [name, gauge] of ingested) {
      gauge.reset();
      for (const each of numbers)
        gauge.inc({ organization: labelOf(each.organization) }, each[name as keyof typeof INGEST]);
    }
  };

  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  const refresh = async (): Promise<void> => {
    try {
      show(await read());
      up.set(1);
    } catch {
      // told as store_up; who reads this can do nothing else about it
      up.set(0);
    } finally {
      readAt = performance.now();
      reading = null;
    }
  };
  return {
    contentType: registry.contentType,
    count: (what, organization, by = 1) => own.inc({ what, organization: labelOf(organization) }, by),
    async text() {
      if (performance.now() - readAt > READ_AGAIN_MS) reading ??= refresh();
      await reading;
      if (ingest !== undefined) showIngest(ingest());
      return registry.metrics();
    },
  };
}
