/**
 * What happened, for somebody without technical training: for each detection a few words for the subject and the rest of
 * a sentence that begins "one computer …". Doors stand for ports. A detection that is not listed (a rule of the user's own)
 * is told with its name and the alert's own sentence.
 */
import { type Alert, systemsOf } from '../model/alert.ts';
import { counted, listed } from '../model/quantity-words.ts';

interface PlainWords {
  /** at most 34 characters: a subject has no more room */
  readonly subject: string;
  /** follows "one computer" or "N computers"; null = the alert's own sentence is told */
  readonly did: ((alert: Alert) => string) | null;
}

const number = (alert: Alert, name: string) => alert.evidence[name] ?? 0;

/** What of ours was touched, as the office calls it. */
export function ours(alert: Alert): string {
  const names = systemsOf(alert).map(({ name }) => `“${name}”`);
  if (names.length > 0) return listed(names);
  return alert.categories.includes('web') ? 'your website' : 'your network';
}

const doors = (alert: Alert) => {
  const hosts = number(alert, 'hosts');
  const where = hosts > 1 ? `of ${counted(hosts, 'machine')} of yours` : `of ${ours(alert)}`;
  return `tried ${counted(number(alert, 'ports'), 'door')} (ports) ${where}`;
};

const asked = (what: string) => (alert: Alert) =>
  `asked ${ours(alert)} ${counted(number(alert, 'requests'), 'time')} ${what}`;

const atOffices = (alert: Alert) => {
  const alerts = counted(number(alert, 'alerts'), 'alert');
  const offices = number(alert, 'jurisdictions');
  return offices === 0 ? `set off ${alerts} here` : `set off ${alerts} at ${counted(offices, 'office')}`;
};

const submitted = (what: string) => (alert: Alert) =>
  `sent ${ours(alert)} ${counted(number(alert, 'requests'), what)} and hardly ever opened the form`;

const WORDS: Readonly<Record<string, PlainWords>> = {
  F01: { subject: 'doors of your network tried', did: doors },
  F02: { subject: 'doors of your network tried', did: doors },
  F03: { subject: 'your machines tried one by one', did: doors },
  F04: { subject: 'doors of your machines tried', did: doors },
  F06: { subject: 'doors tried slowly', did: doors },
  F09: {
    subject: 'services tried that face inward',
    did: (a) => `tried ${counted(number(a, 'ports'), 'service')} that should not face the Internet`,
  },
  F13: { subject: 'doors tried with odd packets', did: doors },
  F15: { subject: 'many scanners in one network', did: null },
  F16: {
    subject: 'scan by many computers',
    did: (a) => `shared out a search for open doors of ${ours(a)} among them, each trying only a few`,
  },
  F18: {
    subject: 'traffic let in after a scan',
    did: (a) =>
      `tried the doors of ${ours(a)}, and the firewall then let ${counted(number(a, 'packets_allowed'), 'connection')} from it through`,
  },
  W01: { subject: 'search for hidden pages', did: asked('for pages that are not there') },
  W02: { subject: 'search for hidden pages', did: asked('for pages that are not there') },
  W03: { subject: 'search with a list of page names', did: asked('for pages, working through a list of names') },
  W04: { subject: 'slow search for hidden pages', did: asked('for pages that search tools look for') },
  W05: { subject: 'search for private files', did: asked('for files that should not be public') },
  W06: { subject: 'search for admin pages', did: asked('for admin pages') },
  W07: { subject: 'search for site software', did: asked('for parts of common website software') },
  W08: { subject: 'test for known weak spots', did: asked('in a way that tests for a known weak spot') },
  W09: { subject: 'a scanning tool gave its name', did: asked('under the name of a scanning tool') },
  W10: { subject: 'a weak-spot scanner at work', did: asked('with the test text of a weak-spot scanner') },
  W11: { subject: 'database commands in requests', did: asked('with text that is meant for the database behind it') },
  W12: {
    subject: 'odd values tried in a form',
    did: (a) => `tried ${counted(number(a, 'distinct_values'), 'odd value')} in a field of ${ours(a)}`,
  },
  W13: { subject: 'script text in requests', did: asked('with script text meant for other visitors') },
  W14: { subject: 'tries to read server files', did: asked('for files outside the website') },
  W15: { subject: 'commands sent to the server', did: asked('with commands for the server in the request') },
  W16: { subject: 'search for back doors', did: asked('for back doors that others may have left') },
  W17: { subject: 'test for an open relay', did: asked('to pass traffic on to strangers') },
  W18: { subject: 'requests no browser sends', did: asked('in ways that no browser does') },
  W19: { subject: 'odd traffic on the web port', did: asked('in a language that is not that of the web') },
  W21: {
    subject: 'log-ins tried again and again',
    did: (a) => `tried ${counted(number(a, 'requests'), 'time')} to log in to ${ours(a)}`,
  },
  W28: {
    subject: 'a probed page gave an answer',
    did: (a) => `searched ${ours(a)} for hidden pages and was then given one`,
  },
  X01: {
    subject: 'firewall and website probed',
    did: () => 'first tried the doors of your firewall and then searched your website',
  },
  X02: {
    subject: 'it went on after it was blocked',
    did: (a) =>
      `tried to break in to ${ours(a)}, was blocked, and still tried ${counted(number(a, 'packets'), 'time')}`,
  },
  X03: { subject: 'computers that work alike', did: atOffices },
  X06: { subject: 'one computer at several offices', did: atOffices },
  'campaign.jurisdiction_sweep': { subject: 'offices tried one after the other', did: atOffices },
  'election.lookup_enum': {
    subject: 'records asked for one by one',
    did: (a) => {
      const keys = number(a, 'distinct_keys');
      const blocks = number(a, 'blocks_of_64');
      const inOrder = blocks > 0 && blocks * 4 <= keys ? ', nearly in number order' : '';
      return `asked ${ours(a)} for ${counted(keys, 'different record')}${inOrder}`;
    },
  },
  'election.form_injection': {
    subject: 'attack text put into a form',
    did: (a) =>
      `put text that is meant to misuse it into a form of ${ours(a)}, ${counted(number(a, 'requests'), 'time')}`,
  },
  'election.status_hammer': {
    subject: 'one page asked for without a pause',
    did: (a) => `asked ${ours(a)} for one page ${counted(number(a, 'requests'), 'time')} without a pause`,
  },
  'election.results_probe': {
    subject: 'results page tested for weak spots',
    did: asked('for things that nobody who reads results asks for'),
  },
  'election.pollbook_probe': {
    subject: 'stranger at the poll book server',
    did: (a) => `that may not be one of your poll books asked ${ours(a)} ${counted(number(a, 'requests'), 'time')}`,
  },
  'election.sentinel': {
    subject: 'traffic to a closed-off network',
    did: (a) => `sent traffic to ${ours(a)}, which nothing should be able to reach`,
  },
  'election.bulk_register': { subject: 'registrations sent by a script', did: submitted('registration') },
  'election.bulk_ballot_request': { subject: 'ballot requests sent by a script', did: submitted('ballot request') },
  'election.bulk_cancel': { subject: 'cancellations sent by a script', did: submitted('cancellation') },
  'election.protected_record': {
    subject: 'a protected record was looked up',
    did: (a) =>
      `asked ${ours(a)} ${counted(number(a, 'requests'), 'time')} for records that you have marked as protected`,
  },
  'election.upload_active': {
    subject: 'a program sent as a picture',
    did: (a) => `sent ${ours(a)} ${counted(number(a, 'requests'), 'file')} that the server might run as a program`,
  },
  'election.doc_harvest': {
    subject: 'documents taken one by one',
    did: (a) => `took ${counted(number(a, 'documents'), 'document')} about voters and elections from ${ours(a)}`,
  },
  'election.lookup_slow': {
    subject: 'records asked for slowly',
    did: (a) => {
      const records = counted(number(a, 'distinct_keys'), 'different record');
      return `of one network asked ${ours(a)} for ${records}, so slowly that none of them stands out`;
    },
  },
  'election.results_flood': { subject: 'flood of a public page', did: null },
  'campaign.scan_to_exploit': {
    subject: 'first searched, then misused',
    did: (a) => `first searched ${ours(a)} for weak spots and later tried to misuse it`,
  },
  'campaign.smokescreen': {
    subject: 'quiet attack beside a flood',
    // the alert's own sentence names both systems
    did: null,
  },
};

/** Words for the subject, at most 34 characters long for our own detections. */
export function subjectWords(alert: Alert): string {
  const known = WORDS[alert.detection];
  if (known !== undefined) return known.subject;
  return alert.name.charAt(0).toLowerCase() + alert.name.slice(1);
}

/**
 * "one computer asked “Voter lookup” 42 times for files that should not be public", or null where only the alert's own
 * sentence says it.
 */
export function whatHappened(alert: Alert): string | null {
  const did = WORDS[alert.detection]?.did ?? null;
  if (did === null) return null;
  const many = alert.source === null ? Math.max(number(alert, 'sources'), alert.related.length) : 1;
  const who =
    alert.key.kind === 'source' ? 'one computer' : many > 1 ? counted(many, 'computer') : 'computers of one network';
  return `${who} ${did(alert)}`;
}

/** What the server or the firewall made of it, in one sentence. */
export function whatCameOfIt(alert: Alert): string {
  const records = number(alert, 'distinct_keys');
  if (records > 0) {
    const given = number(alert, 'records_answered');
    if (given === 0) return 'None of the records was given.';
    return given >= records ? 'All of them were given.' : `The page gave ${given.toLocaleString('en-US')} of them.`;
  }
  const failed = number(alert, 'server_errors');
  const isFirewall = !alert.categories.includes('web');
  const isBoth = alert.categories.includes('network') && alert.categories.includes('web');
  if (alert.outcome === 'answered') {
    if (isBoth) return 'Some of it was let in or given an answer.';
    return isFirewall ? 'Some of it was let through the firewall.' : 'The server gave an answer to some of it.';
  }
  if (failed > 0) return `The server failed on ${counted(failed, 'of the requests', 'of the requests')}.`;
  if (alert.outcome === 'refused') {
    if (isBoth) return 'All of it was turned away.';
    return isFirewall ? 'The firewall let none of it in.' : 'The server had no such page or said no each time.';
  }
  return 'The server replied. That alone does not show if it worked.';
}
