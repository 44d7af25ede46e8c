/**
 * `pollwatch status`: for each organisation what waits, how far its origins and the decisions are, what stands in
 * their way, what nobody could handle, and the last alert. With --json the same as one JSON object per organisation and line.
 */
import { printable } from '../model/problem.ts';
import { counted } from '../model/quantity-words.ts';
import { WEB_PANE } from '../model/time.ts';
import {
  aheadMs,
  type Drain,
  isDrained,
  lagMs,
  lateEvents,
  type OrganizationStatus,
  readStatus,
} from '../operate/status.ts';
import { haltRemedy } from '../shard/halt.ts';
import { OK } from './exit-status.ts';
import { withStore } from './installation-option.ts';
import type { Given } from './options.ts';

/** Origins that are listed of one organisation; the ones that are furthest behind come first. */
const ORIGINS_SHOWN = 20;

/** Runs the command; returns the exit status. */
export function statusCommand(given: Given): Promise<number> {
  return withStore(given, async (store, { tenants, elasticsearch, mail }) => {
    const found = await readStatus(store, tenants);
    const nowMs = Date.now();
    const use = { isIndexed: elasticsearch !== null, isMailed: mail !== undefined };
    const text = found.map((status) =>
      given.json === true
        ? `${JSON.stringify({ ...status, lagMs: lagMs(status, nowMs), isDrained: isDrained(status, use) })}\n`
        : statusText(status, nowMs, use, tenants.get(status.organization)?.secretFile ?? null),
    );
    process.stdout.write(text.join(given.json === true ? '' : '\n'));
    return OK;
  });
}

function statusText(status: OrganizationStatus, nowMs: number, use: Drain, keyFile: string | null): string {
  const { isIndexed, isMailed } = use;
  const { organization, name, isConfigured, depth, origins, progress } = status;
  const { stats } = depth;
  const count = (key: string): string => (stats[key] ?? 0).toLocaleString('en');
  const lag = lagMs(status, nowMs);
  const late = lateEvents(status);
  const leftOut = stats['dead_documents_left_out'] ?? 0;
  const behind = origins.toSorted((a, b) => b.seq - b.applied - (a.seq - a.applied) || a.number - b.number);
  const chunks = depth.waitingChunks + depth.flyingChunks;
  const waits = `${counted(chunks, 'chunk')} (${sizeText(depth.queuedBytes)}) ${chunks === 1 ? 'waits or is' : 'wait or are'} with the workers`;
  const documents = depth.pendingDocuments;
  const lines = [
    `${organization}  ${printable(name)}${isConfigured ? '' : '  (not configured here: nobody reads or decides it)'}`,
    `  lines      ${count('lines')} read: ${count('events')} events, ${count('skipped')} skipped, ${count('refused')} refused${late === 0 ? '' : `; ${counted(late, 'event')} came late`}`,
    `  queue      ${isDrained(status, { isIndexed, isMailed: false }) ? 'nothing waits' : waits}`,
    `  state      ${sizeText(depth.snapshotBytes)} in the last snapshot, ${counted(depth.logRecords, 'record')} since`,
    `  decided    ${progress === null ? 'nothing yet' : decidedText(progress, lag, nowMs)}`,
    ...haltLines(status, nowMs, keyFile),
    `  alerts     ${progress === null ? 'none yet' : alertsText(progress)}`,
    `  documents  ${count('indexed')} of alerts and past days indexed, ${documents} ${documents === 1 ? 'waits' : 'wait'} for Elasticsearch${isIndexed ? '' : ' (none is configured: they stay in Redis)'}`,
    ...(status.waitingFacts === 0
      ? []
      : [`  told on    ${counted(status.waitingFacts, 'alert')} still to be told to the organisation above`]),
    ...(progress?.factsLeftOut === undefined
      ? []
      : [
          `  told here  ${counted(progress.factsLeftOut, 'alert')} of other organisations left out: there are more than are kept`,
        ]),
    `  mail       ${mailText(status, nowMs)}${isMailed ? '' : ' (no mail server is configured: nobody is mailed)'}`,
    ...(progress?.mailsHeld === undefined ? [] : [`  held back  ${heldText(progress.mailsHeld)}`]),
    ...(isMailed ? [`  drill      ${drillText(status, nowMs)}`] : []),
    `  dead       ${counted(depth.deadLetters, 'dead letter')}${depth.deadLetters === 0 ? '' : ` (pollwatch dead list --organization ${organization})`}${leftOut === 0 ? '' : `; ${counted(leftOut, 'document')} more ${leftOut === 1 ? 'was' : 'were'} refused and not kept`}`,
    ...behind.slice(0, ORIGINS_SHOWN).map((origin) => originText(origin, aheadMs(origin, progress))),
  ];
  if (behind.length > ORIGINS_SHOWN) lines.push(`  and ${counted(behind.length - ORIGINS_SHOWN, 'more origin')}`);
  return `${lines.join('\n')}\n`;
}

/** Why nothing is decided, since when, and what to do. */
function haltLines({ organization, halt }: OrganizationStatus, nowMs: number, keyFile: string | null): string[] {
  if (halt === null) return [];
  const since = `${timeText(halt.sinceMs)}, ${ageText(Math.max(0, nowMs - halt.sinceMs))}`;
  return [
    `  HALTED     nothing is decided since ${since}: ${printable(halt.reason)}`,
    `             hint: ${haltRemedy(halt.kind, organization, keyFile)}`,
  ];
}

function mailText({ mail, depth }: OrganizationStatus, nowMs: number): string {
  const { waiting, oldestMs, failed } = mail;
  const sent = depth.stats['mails_sent'] ?? 0;
  const last = depth.stats['mail_sent_ms'];
  const ago = last === undefined ? '' : `, the last ${ageText(Math.max(0, nowMs - last))} ago`;
  const wait = waiting === 0 ? 'none waits' : `${waiting} wait, the oldest for ${ageText(oldestMs)}`;
  return `${wait}; ${sent.toLocaleString('en')} sent${ago}${failed === 0 ? '' : `; ${failed} the server will not take`}`;
}

/** "2 alerts (the gravest critical) wait for a place: …": nothing of it stands in the outbox yet. */
function heldText({ alerts, worst, opensMs }: NonNullable<NonNullable<OrganizationStatus['progress']>['mailsHeld']>) {
  const wait = `${counted(alerts, 'alert')} (the gravest ${worst}) ${alerts === 1 ? 'waits' : 'wait'}`;
  return `${wait} for a place among the most mails of an hour and a day, until ${timeText(opensMs)}`;
}

function drillText({ drill }: OrganizationStatus, nowMs: number): string {
  if (drill?.passedMs == null) return 'none has come through yet (pollwatch drill)';
  return `came through ${ageText(Math.max(0, nowMs - drill.passedMs))} ago, ${timeText(drill.passedMs)}`;
}

/** Event time is known to a pane of ten minutes: its end may lie a little ahead of the clock. */
function decidedText(progress: NonNullable<OrganizationStatus['progress']>, lag: number | null, nowMs: number): string {
  if (progress.eventMs === null || lag === null) return 'no event yet';
  const aheadMs = progress.eventMs - nowMs;
  if (aheadMs > WEB_PANE)
    return `events until ${timeText(progress.eventMs)}, ${ageText(aheadMs)} ahead of this machine's clock`;
  return aheadMs >= 0
    ? 'events of the last ten minutes'
    : `events until ${timeText(progress.eventMs)}, ${ageText(lag)} ago`;
}

/** The same alerts as `analyze` counts: one for each detection, key and day. */
function alertsText({ alerts, alertMs, isSettled }: NonNullable<OrganizationStatus['progress']>): string {
  const last = alertMs === null ? 'none' : `${counted(alerts, 'alert')}, the last ${timeText(alertMs)}`;
  return `${last}${isSettled ? '' : '; some may wait for their windows to close'}`;
}

function originText(origin: OrganizationStatus['origins'][number], ahead: number): string {
  const { name, seq, applied, offset, closed, dropped, updatedMs, format } = origin;
  const state = closed ? 'ended' : 'followed';
  const read = `${sizeText(offset)} read, ${applied} of ${counted(seq, 'chunk')} applied`;
  const lost = dropped === 0 ? '' : `, ${counted(dropped, 'line')} dropped`;
  const at = updatedMs === 0 ? '' : `, last ${timeText(updatedMs)}`;
  const fault =
    ahead === 0
      ? ''
      : `; its times lie ${ageText(ahead)} or more ahead of when its lines came: is its time zone or its clock wrong?`;
  return `  origin     ${printable(name)}: ${format ?? 'no format yet'}, ${state}, ${read}${lost}${at}${fault}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** 90,000 → "1 min"; one unit is enough to know whether to worry. */
function ageText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
