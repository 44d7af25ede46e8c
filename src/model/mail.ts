/**
 * Mail as the rest of the program sees it: how to reach the mail server, a finished mail, and what became of it.
 * A finished mail goes to one recipient, so that a server's answer is about that recipient and nobody else.
 */

/** How to reach the mail server. Secrets stand here as plain text and nowhere else: nothing prints this record. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** starttls: refuses to go on without it; implicit: TLS from the first byte; none: only for a server on this machine */
  readonly security: 'starttls' | 'implicit' | 'none';
  /** PEM of the certification authority, or null for the system's */
  readonly ca: string | null;
  /** name that the server's certificate must carry, or null for `host` */
  readonly serverName: string | null;
  readonly auth:
    | { readonly method: 'none' }
    | { readonly method: 'plain' | 'login'; readonly user: string; readonly password: string }
    | { readonly method: 'xoauth2'; readonly user: string; readonly accessToken: string };
  /** file that password or token come from, which are read again when it changes; null = they do not change */
  readonly secretFile: string | null;
  /** address that mails come from; its domain stands in message ids */
  readonly from: string;
}

/** How an installation mails. */
export interface MailSettings {
  readonly smtp: SmtpSettings;
  /** test mode: every mail goes to this address and says whom it was meant for; null = off */
  readonly redirectTo: string | null;
  /** page that shows an alert, for offices that name none; null = none */
  readonly detailsUrl: string | null;
}

/** Names of this machine: only there a mail may travel unencrypted. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/.test(host);
}

/** A mail that only needs to be sent: everything is escaped and folded, nothing of it changes on a retry. */
export interface RenderedMail {
  readonly from: { readonly name: string; readonly address: string };
  /** plain address */
  readonly to: string;
  readonly subject: string;
  /** 72 columns, complete */
  readonly text: string;
  /** the same content */
  readonly html: string;
  /** "<…@domain>", the same for every try */
  readonly messageId: string;
  /** first mail of the conversation, or null */
  readonly inReplyTo: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Unix milliseconds; the Date header */
  readonly dateMs: number;
}

/** What became of one try for one recipient. */
export type Delivery =
  | { readonly state: 'sent'; readonly answer: string }
  /** worth another try: the server is away (`isAway`: other mails would fare no better), busy, or greylists */
  | { readonly state: 'again'; readonly reason: string; readonly isAway: boolean }
  /** the server does not let us log in: that is about no mail, and the next one would fare no better */
  | { readonly state: 'refused'; readonly reason: string }
  /** no try will help until somebody changes something */
  | { readonly state: 'never'; readonly reason: string };
