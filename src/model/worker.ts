/**
 * What a worker tells while it runs, and nothing else of how it is run: lines for the log, counts for the metrics, and
 * whether it is ready. Whoever starts a worker gives these; without them it works in silence.
 */

/** How much a line of the log matters; "silent" writes none. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = Exclude<(typeof LOG_LEVELS)[number], 'silent'>;

/** Fields of a line of the log: never a line of a log that is read, never a secret. `organization` is an id. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | Error>>;

/** What workers count, each per organisation. */
export type WorkerCount =
  | 'lines'
  | 'events'
  | 'skipped'
  | 'refused'
  | 'bytes'
  | 'chunks'
  | 'dropped'
  | 'late'
  | 'folds'
  | 'decisions'
  | 'documents'
  | 'indexed'
  | 'index_retries'
  | 'dead_letters'
  | 'mails_planned'
  | 'mails_sent'
  | 'mails_failed'
  | 'mail_retries';

/** Given to a worker by whoever starts it. */
export interface WorkerHooks {
  /** A line of the log: a short message that is always the same, what differs as fields. */
  readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  /** Adds to a count of this process. */
  readonly count: (what: WorkerCount, organization: string, by?: number) => void;
  /** A part of the worker can do its work, or cannot and why ("Redis cannot be reached"). */
  readonly ready: (part: string, isReady: boolean, why?: string) => void;
}

/** Hooks of a worker that nobody listens to. */
export const SILENT_HOOKS: WorkerHooks = {
  log: () => undefined,
  count: () => undefined,
  ready: () => undefined,
};
