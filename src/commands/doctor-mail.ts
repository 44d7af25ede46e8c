/**
 * What `pollwatch doctor` says of mail: that the server can be reached, encrypts and lets us log in (nothing is sent), that
 * somebody would be told, that nothing waits for too long, and that a drill came through not long ago.
 */
import { openMailer } from '../mail/send.ts';
import type { Installation } from '../model/installation.ts';
import type { MailSettings } from '../model/mail.ts';
import { STALE_MS } from '../model/outbox.ts';
import { OperatorError, printable } from '../model/problem.ts';
import { DAY, MINUTE } from '../model/time.ts';
import type { ServerFinding } from '../operate/redis-findings.ts';
import { readDrill } from '../queue/drill.ts';
import { mailDepth } from '../queue/mail-outbox.ts';
import type { QueueStore } from '../queue/store.ts';
import { senderOf } from '../shard/mail.ts';

/** A drill that is older says little of today. */
const DRILL_DAYS = 30;
/** Organisations that are named in a finding. */
const NAMED_MAX = 5;

/** Everything about mail; without a store (Redis is away) what can be said without it. `nowMs`: the machine's clock. */
export async function mailFindings(
  installation: Installation,
  store: QueueStore | null,
  nowMs: number,
): Promise<ServerFinding[]> {
  const { mail, tenants } = installation;
  if (mail === undefined) {
    const named = [...tenants.values()].filter(({ inventory }) => inventory.contacts.size > 0);
    if (named.length === 0)
      return [{ state: 'look', what: 'nobody is mailed: no mail server is configured', fix: HOW }];
    const what = `${some(named.map(({ id }) => id))} ${named.length === 1 ? 'names' : 'name'} contacts, and no mail server is configured: nobody is mailed`;
    return [{ state: 'look', what, fix: HOW }];
  }
  const told = [...tenants.values()].filter((tenant) => senderOf(installation, tenant) !== null).map(({ id }) => id);
  const untold = [...tenants.keys()].filter((id) => !told.includes(id));
  return [
    await serverFinding(mail),
    ...(mail.redirectTo === null
      ? []
      : [
          {
            state: 'look',
            what: `test mode: every mail goes to ${printable(mail.redirectTo)} and to nobody else`,
            fix: 'take test_recipient out when people are to be told',
          } as const,
        ]),
    ...(untold.length === 0
      ? []
      : [
          {
            state: 'look',
            what: `nobody is mailed about ${some(untold)}: its inventory names no contact in a route`,
            fix: 'add contacts and routing; config/inventory.example.yaml shows how',
          } as const,
        ]),
    ...(store === null ? [] : await Promise.all(told.map((org) => outboxFindings(store, org, nowMs)))).flat(),
  ];
}

const HOW =
  'add mail: {server: smtp.example.gov, from: pollwatch@example.gov}; config/pollwatch.example.yaml shows the rest';

async function serverFinding({ smtp }: MailSettings): Promise<ServerFinding> {
  const { host, port, security, auth } = smtp;
  const how = `${security === 'none' ? 'not encrypted' : security === 'implicit' ? 'TLS' : 'STARTTLS'}, ${auth.method === 'none' ? 'no log-in' : `log-in with ${auth.method.toUpperCase()}`}`;
  const where = `mail server ${host}:${port} (${how})`;
  let reason: string | null;
  try {
    const mailer = openMailer(smtp);
    try {
      reason = await mailer.check();
    } finally {
      mailer.close();
    }
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    return { state: 'bad', what: cause.problems[0]!.message, fix: cause.problems[0]!.hint ?? HOW };
  }
  if (reason === null)
    return { state: 'ok', what: `${where} answers${auth.method === 'none' ? '' : ' and lets us log in'}` };
  return { state: 'bad', what: `${where}: ${printable(reason)}`, fix: remedyFor(reason) };
}

function remedyFor(reason: string): string {
  if (/^(EAUTH|ENOAUTH|EOAUTH2)/.test(reason))
    return 'check mail.username and password_file or token_file, and which log-ins the server allows';
  if (/certificate|self.signed|altname|unable to (?:verify|get)/i.test(reason))
    return 'name the authority of its certificate in mail.ca_file, and the name in it in mail.server_name';
  if (/^ETLS|STARTTLS|wrong version number/i.test(reason))
    return 'security: starttls is for port 587, implicit for port 465';
  return 'check mail.server, mail.port and the firewall between; the server must take mail from this machine';
}

async function outboxFindings(store: QueueStore, org: string, nowMs: number): Promise<ServerFinding[]> {
  const { waiting, failed, oldestMs } = await mailDepth(store, org, nowMs);
  const drill = await readDrill(store, org);
  const found: ServerFinding[] = [];
  if (oldestMs > STALE_MS) {
    const what = `${org}: ${waiting} mails wait, the oldest for ${Math.round(oldestMs / MINUTE)} minutes: people are not told`;
    found.push({
      state: 'bad',
      what,
      fix: 'is `pollwatch work mail` running? its log says why the server does not take them',
    });
  }
  if (failed > 0) {
    const what = `${org}: ${failed} mails were refused by the mail server`;
    found.push({ state: 'look', what, fix: `pollwatch dead list --organization ${org} says why` });
  }
  const agoMs = drill?.passedMs == null ? null : nowMs - drill.passedMs;
  const fix = `pollwatch drill --organization ${org}`;
  if (agoMs === null)
    found.push({ state: 'look', what: `${org}: no drill from log to mailbox has come through yet`, fix });
  else if (agoMs > DRILL_DAYS * DAY) {
    found.push({ state: 'look', what: `${org}: the last drill came through ${Math.floor(agoMs / DAY)} days ago`, fix });
  } else {
    const days = Math.floor(agoMs / DAY);
    found.push({
      state: 'ok',
      what: `${org}: a drill came through ${days === 0 ? 'within a day' : `${days} days ago`}`,
    });
  }
  return found;
}

function some(ids: readonly string[]): string {
  const more = ids.length - NAMED_MAX;
  return `${ids.slice(0, NAMED_MAX).map(printable).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
