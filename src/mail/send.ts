/**
 * Hands finished mails to the office's mail server (RFC 5321, through nodemailer) and says what became of each: sent, worth
 * another try, or never. Encrypted unless the server is on this machine: STARTTLS is required, not offered. The only file
 * that speaks to a mail server; it knows neither alerts nor the outbox.
 */
import { createTransport, type NodemailerError } from 'nodemailer';
import { type Delivery, isLoopback, type RenderedMail, type SmtpSettings } from '../model/mail.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import { inertText } from './inert-text.ts';

/** Connections at a time: a county's mail server counts them. */
const CONNECTIONS = 2;
/** Longest waits, in milliseconds. */
const CONNECT_MS = 20_000;
const GREETING_MS = 20_000;
const SILENCE_MS = 60_000;
/** One try ends here whatever the server does: a lease of the outbox lasts five minutes. */
const TRY_MS = 240_000;
const REASON_MAX = 300;

/** How a reason begins that is about our log-in, and about no mail. */
export const LOG_IN_REFUSED = /^EAUTH\b/;

export interface Mailer {
  /** One try, which the signal breaks off. Never throws for what the server or the network does. */
  send(mail: RenderedMail, signal?: AbortSignal): Promise<Delivery>;
  /** Connects, encrypts and logs in, and sends nothing. Null = all is well, else why not. */
  check(): Promise<string | null>;
  close(): void;
}

/** A mailer with a few connections of its own. Throws an OperatorError when the settings would send secrets in the clear. */
export function openMailer(settings: SmtpSettings): Mailer {
  const problems = clearTextProblems(settings);
  if (problems.length > 0) throw new OperatorError(problems);
  const { host, port, security, serverName, ca, from } = settings;
  const worded = wordsOf(settings);
  const transport = createTransport({
    pool: true,
    maxConnections: CONNECTIONS,
    host,
    port,
    secure: security === 'implicit',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { ...(ca === null ? {} : { ca }), ...(serverName === null ? {} : { servername: serverName }) },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    socketTimeout: SILENCE_MS,
    // a mail is text that we made: nothing in it may name a file or an address to fetch
    disableFileAccess: true,
    disableUrlAccess: true,
    ...authOf(settings),
  });
  return {
    async send(mail, signal) {
      try {
        const info = await transport.sendMail({
          from: { name: mail.from.name, address: mail.from.address },
          to: { name: '', address: mail.to },
          envelope: { from, to: [mail.to] },
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          messageId: mail.messageId,
          ...(mail.inReplyTo === null ? {} : { inReplyTo: mail.inReplyTo, references: [mail.inReplyTo] }),
          headers: { ...mail.headers },
          date: new Date(mail.dateMs),
          xMailer: false,
          signal:
            signal === undefined ? AbortSignal.timeout(TRY_MS) : AbortSignal.any([AbortSignal.timeout(TRY_MS), signal]),
        });
        return { state: 'sent', answer: worded(info.response ?? '') };
      } catch (fault) {
        return sortFault(fault as NodemailerError, worded);
      }
    },
    async check() {
      try {
        await transport.verify();
        return null;
      } catch (fault) {
        const { code, message } = fault as NodemailerError;
        return worded(`${code ?? 'fault'}: ${message}`);
      }
    },
    close: () => transport.close(),
  };
}

/** What a fault means for the mail: the server's answer decides, and without one there will be another try. */
function sortFault(fault: NodemailerError, worded: (text: string) => string): Delivery {
  const { code, responseCode } = fault;
  const reason = worded(`${code ?? 'fault'}: ${fault.message}`);
  // a server that would not encrypt was asked for nothing else yet
  if (code === 'ETLS') return { state: 'again', reason, isAway: true };
  if (isLogIn(fault)) return { state: 'refused', reason: worded(`EAUTH: ${fault.message}`) };
  if (responseCode !== undefined && responseCode >= 500) return { state: 'never', reason };
  if (responseCode !== undefined && responseCode >= 400)
    return { state: 'again', reason, isAway: responseCode === 421 };
  // refused without a number: an address that is none
  if (code === 'EENVELOPE') return { state: 'never', reason };
  if (code === undefined || code === 'ECONFIG' || code === 'EFILEACCESS' || code === 'EURLACCESS') throw fault;
  return { state: 'again', reason, isAway: true };
}

/** Whether a fault is about how we log in (RFC 4954 6): also where no method is known to both, or no password was set up. */
function isLogIn({ code, responseCode }: NodemailerError): boolean {
  if (responseCode !== undefined && responseCode < 500) return false;
  const isCode = code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2';
  return isCode || [530, 534, 535, 538].includes(responseCode ?? 0);
}

function authOf({ auth }: SmtpSettings): object {
  switch (auth.method) {
    case 'none':
      return {};
    case 'plain':
    case 'login':
      return { auth: { user: auth.user, pass: auth.password }, authMethod: auth.method.toUpperCase() };
    case 'xoauth2':
      return { auth: { type: 'OAuth2', user: auth.user, accessToken: auth.accessToken } };
  }
}

function clearTextProblems({ security, auth, host }: SmtpSettings): Problem[] {
  if (security !== 'none' || isLoopback(host)) return [];
  return [
    {
      code: 'PW-MAIL-CLEARTEXT',
      message: `mails ${auth.method === 'none' ? '' : 'and the password '}would cross the network to ${host} unencrypted`,
      hint: 'write security: starttls (port 587) or implicit (port 465); none is for a server on this machine',
    },
  ];
}

/** A server's words: somebody else wrote them, and some repeat what they were told. */
function wordsOf({ auth }: SmtpSettings): (text: string) => string {
  const secret = auth.method === 'none' ? '' : auth.method === 'xoauth2' ? auth.accessToken : auth.password;
  return (text) => inertText(secret === '' ? text : text.replaceAll(secret, '[secret]')).slice(0, REASON_MAX);
}
