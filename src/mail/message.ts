/**
 * The mail about one alert: subject, plain text, HTML and headers, for one recipient (ELECTIONS 5). The subject has the
 * severity first, after the TLP mark; the body answers in this order: what happened, is it serious, do this now, who to
 * call, what we do not know, why you got this. Raw lines of a log are never mailed.
 */
import {
  CAVEAT,
  CONFIDENCE_WORDS,
  isInsideSource,
  SEVERITY_WORDS,
  sourceWords,
  URGENCY_WORDS,
  VERDICT_WORDS,
} from '../alerts/caveat.ts';
import { markingWords } from '../alerts/office-words.ts';
import type { Alert } from '../model/alert.ts';
import type { Contact } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import type { RenderedMail } from '../model/mail.ts';
import { counted } from '../model/quantity-words.ts';
import { MINUTE } from '../model/time.ts';
import {
  closingOf,
  finish,
  fitSubject,
  messageIdOf,
  notesOf,
  type Recipient,
  type Sender,
  subjectMark,
} from './envelope.ts';
import { clip } from './inert-text.ts';
import type { Letter, Section } from './letter.ts';
import { type AlertState, routeFor } from './mailable.ts';
import { ours, subjectWords, whatCameOfIt, whatHappened } from './plain-words.ts';
import { ESCALATED_FROM, escalationMs } from './timing.ts';
import { clockWords, dayWords, whenWords } from './when-words.ts';

/** Paths that a mail tells everybody, and how much of each. */
const PATHS_TOLD = 3;
const PATH_MAX = 60;
/** Addresses of senders that the details name: they fit on a screen, and a SIEM has the rest. */
const SENDERS_TOLD = 20;
/** Findings of an election night that a mail lists, and steps that it asks for when there are several. */
const FINDINGS_TOLD = 20;
const STEPS_TOLD = 5;

/** Why an alert is mailed. */
export interface AlertMail {
  readonly kind: 'first' | 'update' | 'closed' | 'escalation';
  readonly alert: Alert;
  readonly revision: number;
  /** 1 for the first mail about it to this recipient */
  readonly mailNumber: number;
  /** message id of the first, or null when this is it */
  readonly root: string | null;
  /** what is new, in words; empty for a first mail */
  readonly changes: readonly string[];
  /** other alerts of the same source, said in a line each, with what is new about them */
  readonly also: readonly { readonly alert: Alert; readonly changes: readonly string[] }[];
  /** true when the recipient is told and not asked to act */
  readonly isCopy: boolean;
  /** when the first mail about it went out to anybody, for an escalation */
  readonly firstToldMs: number | null;
  /** all that was found on this system in this election night, in the order of time; empty when it is one thing */
  readonly findings: readonly AlertState[];
  readonly nowMs: number;
}

/** "PW-0123ABCD": stable, short enough to be read out on the telephone; `pollwatch ack` takes it. */
export function shortId(alertId: string): string {
  return `PW-${alertId.slice(0, 8).toUpperCase()}`;
}

/** "PW-0123ABCD" → "0123abcd", how the id of the alert begins; null for anything else. */
export function alertPrefix(shown: string): string | null {
  return /^PW-([0-9A-F]{8})$/i.exec(shown)?.[1]?.toLowerCase() ?? null;
}

/** The mail about one alert. */
export function composeAlertMail(mail: AlertMail, recipient: Recipient, sender: Sender): RenderedMail {
  const { alert, kind } = mail;
  const { inventory } = sender;
  const id = shortId(alert.id);
  const severity = SEVERITY_WORDS[alert.severity].toUpperCase();
  const state =
    kind === 'closed'
      ? ', CLOSED'
      : kind === 'escalation'
        ? ', NO REPLY'
        : mail.mailNumber > 1
          ? `, UPDATE ${mail.mailNumber}`
          : '';
  const letter: Letter = {
    title: `${SEVERITY_WORDS[alert.severity]}: ${subjectWords(alert)}`,
    marking: markingWords(inventory.mailing.tlp),
    notes: notesOf(recipient, sender),
    sections: [
      ...changesSection(mail),
      ...(kind === 'escalation' ? [escalationSection(mail, recipient.contact)] : []),
      happenedSection(mail, recipient.contact),
      ...nightSection(mail, recipient.contact),
      seriousSection(alert, kind),
      ...(kind === 'closed'
        ? []
        : [todoSection(mail, recipient.contact, inventory), callSection(mail, recipient.contact, inventory)]),
      unknownSection(alert),
      ...(recipient.contact.plainLanguage ? [] : [detailsSection(alert)]),
      whySection(mail, recipient.contact, inventory, id),
    ],
    closing: closingOf(inventory),
  };
  const start = `${subjectMark(sender)}${severity}${state}: `;
  const end = ` (${id})`;
  return finish(letter, {
    recipient,
    sender,
    subject: fitSubject(start, subjectsOf(mail), end),
    messageId: messageIdOf(`${alert.id} ${mail.revision} ${kind}`, recipient.address, sender.address),
    root: mail.root,
    nowMs: mail.nowMs,
  });
}

/** What happened, in one or two sentences for everybody. */
export function storyOf(alert: Alert, zone: string): string[] {
  const plain = whatHappened(alert);
  if (plain === null) return [`${whenWords(alert.startMs, alert.endMs, zone)}: ${alert.summary}`];
  const story = `${whenWords(alert.startMs, alert.endMs, zone)}, ${plain}. ${whatCameOfIt(alert)}`;
  // what to do may speak of "the files named here"; whoever reads this on the telephone needs them too
  const paths = alert.evidence['distinct_paths'] === undefined ? [] : alert.paths.slice(0, PATHS_TOLD);
  return paths.length === 0 ? [story] : [story, `It asked for: ${paths.map((path) => clip(path, PATH_MAX)).join(' ')}`];
}

/** "Medium: search for hidden pages (PW-0123ABCD)." */
export function alertLine(alert: Alert): string {
  return `${SEVERITY_WORDS[alert.severity]}: ${subjectWords(alert)} (${shortId(alert.id)}).`;
}

/** Wordings of a subject, longest first: the gravest of what is told, and how much there is beside it. */
function subjectsOf({ alert, findings }: AlertMail): string[] {
  const about = subjectWords(alert);
  const told = findings.length > 1 ? `${about} and ${findings.length - 1} more` : about;
  return [...(alert.asset === null ? [] : [`${told} on ${alert.asset.name}`]), told, about];
}

/** The same with the system and the day, for a mail that has neither around it. */
export function alertLineIn(alert: Alert, zone: string): string {
  const where = alert.asset === null ? '' : ` on ${ours(alert)}`;
  return `${SEVERITY_WORDS[alert.severity]}: ${subjectWords(alert)}${where}, ${dayWords(alert.startMs, zone)} (${shortId(alert.id)}).`;
}

/** How a reader is told of a command: the clerk has no command line. */
export function runWords({ plainLanguage }: Contact): string {
  return plainLanguage ? 'have somebody run' : 'run';
}

/** Of an election night: each thing that is new by name. */
function changesSection({ alert, kind, changes, also, findings, mailNumber }: AlertMail): Section[] {
  const newsOf = (about: Alert, news: readonly string[]) => [
    news.length === 0 && kind !== 'escalation' ? `New: ${alertLine(about)}` : [alertLine(about), ...news].join(' '),
  ];
  const isNight = findings.length > 0 && mailNumber > 1;
  const list = isNight ? [newsOf(alert, changes), ...also.map((o) => newsOf(o.alert, o.changes))].flat() : changes;
  return list.length === 0 ? [] : [{ heading: 'What is new', parts: [{ list, ordered: false }] }];
}

/** The whole story of one system in one election night. */
function nightSection({ alert, kind, findings }: AlertMail, { timezone }: Contact): Section[] {
  if (findings.length === 0) return [];
  const isOver = (status: AlertState['status']) => status === 'closed' || status === 'withdrawn';
  const lines = findings.map(({ alert: found, status }) => {
    const at = `${dayWords(found.startMs, timezone)}, ${clockWords(found.startMs, timezone)}`;
    return `${at}: ${alertLine(found)}${isOver(status) && kind !== 'closed' ? ' Closed.' : ''}`;
  });
  const more = lines.length - FINDINGS_TOLD;
  const parts: Section['parts'] = [
    `This is all that you were told about ${ours(alert)}, in the order of time. It comes as one story.`,
    // the latest stay: what came before was in the mails before
    { list: lines.slice(-FINDINGS_TOLD), ordered: false },
    ...(more > 0 ? [`And ${counted(more, 'earlier one')}.`] : []),
    ...(kind === 'closed' ? [] : ['Each is marked as handled by its own number.']),
  ];
  return [{ heading: 'Election night so far', parts }];
}

function escalationSection({ firstToldMs, alert, nowMs }: AlertMail, contact: Contact): Section {
  const minutes = firstToldMs === null ? 0 : Math.max(1, Math.round((nowMs - firstToldMs) / MINUTE));
  return {
    heading: 'Why you get this now',
    parts: [
      `The first mail about this went out ${counted(minutes, 'minute')} ago, at ${clockWords(firstToldMs ?? nowMs, contact.timezone)}. Nobody has marked it as handled. Please make sure that somebody looks at it, or do so yourself. It is about ${ours(alert)}.`,
    ],
  };
}

function happenedSection({ alert, also, findings }: AlertMail, contact: Contact): Section {
  const parts: Section['parts'] = [
    ...storyOf(alert, contact.timezone),
    ...(also.length === 0 || findings.length > 0
      ? []
      : [
          'The same source also set off:',
          {
            list: also.map(({ alert: other, changes }) => [alertLine(other), ...changes].join(' ')),
            ordered: false,
          },
        ]),
  ];
  return { heading: 'What happened', parts };
}

function seriousSection(alert: Alert, kind: AlertMail['kind']): Section {
  const urgency = kind === 'closed' ? 'It is closed: nothing more is asked of you' : URGENCY_WORDS[alert.severity];
  const given = alert.evidence['records_answered'] ?? 0;
  return {
    heading: 'Is it serious',
    parts: [
      `${SEVERITY_WORDS[alert.severity]}. ${urgency}. ${alert.why}`,
      ...(given > 0
        ? ['What the page shows may have been copied. These logs show no sign of a change to any record.']
        : []),
      verdictWords(alert),
      `This mail is about ${ours(alert)} only. Pollwatch does not see systems that count votes.`,
    ],
  };
}

function verdictWords(alert: Alert): string {
  switch (alert.verdict.term) {
    case 'noise':
      return `It looks like ${VERDICT_WORDS.noise}, which reaches everybody.`;
    case 'tailored':
      return `It looks ${VERDICT_WORDS.tailored}.`;
    case 'cannot_tell':
      return `Whether it was ${VERDICT_WORDS.tailored}, ${VERDICT_WORDS.cannot_tell}.`;
  }
}

function todoSection(
  { alert, also, findings, isCopy, nowMs }: AlertMail,
  contact: Contact,
  inventory: Inventory,
): Section {
  const others = findings.length === 0 ? [] : also.flatMap((other) => other.alert.whatToDo);
  const steps = [...new Set([...alert.whatToDo, ...others])].slice(0, Math.max(STEPS_TOLD, alert.whatToDo.length));
  if (alert.key.kind === 'source') steps.push('Do not open or visit the address in this mail.');
  const list = { list: steps, ordered: true };
  if (!isCopy) return { heading: 'Do this now', parts: [list] };
  // who is asked next anyway has this mail already: it says when to step in, and no second one comes
  const next = inventory.escalation.find(({ to }) => to.includes(contact.id));
  const isNext = next !== undefined && ESCALATED_FROM.includes(alert.severity);
  return {
    heading: 'What others were asked to do',
    parts: [
      list,
      ...(isNext
        ? [
            `If you hear nothing from them by ${clockWords(nowMs + escalationMs(next, inventory.calendar, nowMs), contact.timezone)}, please call them.`,
          ]
        : []),
    ],
  };
}

function callSection({ alert, nowMs }: AlertMail, reader: Contact, inventory: Inventory): Section {
  const { contacts, escalation, calendar } = inventory;
  const owner = inventory.assets.find((asset) => asset.id === alert.asset?.id)?.owner ?? null;
  const asked = routeFor(alert, inventory)?.to ?? [];
  const first = [...(owner === null ? [] : [owner]), ...asked]
    .map((id) => contacts.get(id))
    .find((contact) => contact !== undefined && contact.phone !== null && contact.id !== reader.id);
  const next = escalation
    .flatMap((step) => step.to.map((id) => ({ step, contact: contacts.get(id) })))
    .find(({ contact }) => contact?.phone != null && contact !== first && contact.id !== reader.id);
  const lines = first === undefined ? [] : [`${first.name}: ${first.phone}.`];
  if (next?.contact !== undefined) {
    const { name, phone } = next.contact;
    const minutes = Math.max(1, Math.round(escalationMs(next.step, calendar, nowMs) / MINUTE));
    lines.push(
      first === undefined
        ? `${name}: ${phone}.`
        : `If you cannot reach them in ${counted(minutes, 'minute')}: ${name}, ${phone}.`,
    );
  }
  return {
    heading: 'Who to call',
    parts: lines.length > 0 ? lines : ['No other contact with a telephone number is listed for your office.'],
  };
}

/** From where it came, in a sentence; none where nothing is known. */
export function fromWords(alert: Alert): string[] {
  if (alert.source !== null && alert.key.kind === 'source')
    return [`${trafficWord(alert)} came from ${sourceWords(alert.source)}.`];
  if (alert.related.length === 0) return [];
  const network = alert.network === null ? '' : ` of the network ${alert.network}`;
  return [`${trafficWord(alert)} came from ${counted(alert.related.length, 'address', 'addresses')}${network}.`];
}

function unknownSection(alert: Alert): Section {
  // nobody rents an address inside a private network
  const isInside = alert.source !== null && alert.key.kind === 'source' && isInsideSource(alert.source);
  return {
    heading: 'What we do not know',
    parts: [{ list: alert.notKnown, ordered: false }, ...fromWords(alert), ...(isInside ? [] : [CAVEAT])],
  };
}

function trafficWord(alert: Alert): string {
  if (!alert.categories.includes('web')) return 'The packets';
  return alert.categories.includes('network') ? 'The traffic' : 'The requests';
}

/** For those who run the systems: the alert in its own words, with every number behind it. */
function detailsSection(alert: Alert): Section {
  const numbers = Object.entries(alert.evidence).map(
    ([name, value]) => `${name.replaceAll('_', ' ')} ${value.toLocaleString('en-US')}`,
  );
  const rows: [string, string][] = [
    ['Seen', alert.summary],
    ['Numbers', numbers.join(', ')],
    [
      'Answers by status',
      alert.statusCounts.map(([status, n]) => `${status}: ${n.toLocaleString('en-US')}`).join(', '),
    ],
    ['Time (UTC)', [...new Set([alert.startMs, alert.endMs].map(isoMinute))].join(' to ')],
    ['Their addresses', firstOf(alert.related, SENDERS_TOLD, alert.evidence['sources'])],
    ['Our addresses', firstOf(alert.destinations, 5)],
    ['Ports', firstOf(alert.ports, 20)],
    ['Paths', alert.paths.slice(0, 5).join(' ')],
    ['Verdict', `${VERDICT_WORDS[alert.verdict.term]} (${alert.verdict.basis.join('; ')})`],
    ['Severity', alert.severitySteps.join('; ')],
    ['Evidence', `confidence ${CONFIDENCE_WORDS[alert.confidence.level]} (${alert.confidence.basis.join('; ')})`],
    ['ATT&CK', alert.techniques.map(({ id, name }) => `${id} ${name}`).join(', ')],
  ];
  return {
    heading: 'Details for whoever runs the system',
    parts: [
      {
        list: rows.filter(([, text]) => text !== '').map(([name, text]) => `${name}: ${text}`),
        ordered: false,
      },
    ],
  };
}

/** "a, b and 3 more", or "a, b and more" where the alert itself names only some of what it counted. */
function firstOf(list: readonly (string | number)[], most: number, all = 0): string {
  if (list.length <= most && all <= list.length) return list.join(', ');
  const more = all > list.length ? ` ${(all - Math.min(most, list.length)).toLocaleString('en-US')}` : '';
  return `${list.slice(0, most).join(', ')} and${more} more`;
}

function isoMinute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

function whySection(mail: AlertMail, contact: Contact, inventory: Inventory, id: string): Section {
  const { alert } = mail;
  const { detailsUrl } = inventory.mailing;
  const rule = `Rule ${alert.detection} (${alert.name}): ${alert.thresholds.join('; ')}.`;
  return {
    heading: 'Why you got this',
    parts: [
      rule,
      mail.isCopy
        ? `You are told because ${inventory.organization.name} lists “${contact.name}” for a copy.`
        : `${inventory.organization.name} lists “${contact.name}” for alerts like this.`,
      ...(detailsUrl === null ? [] : [{ link: detailsUrl + alert.id, words: 'Details of this alert' }]),
      ...(mail.kind === 'closed' ? [] : [`When it is handled, ${runWords(contact)}: pollwatch ack ${id}`]),
    ],
  };
}
