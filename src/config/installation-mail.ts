/**
 * The section `mail` of an installation file, and what the environment says in its place: which server relays, how to log
 * in, whom mails come from. A mistake is told at its place; nothing would be sent in the clear across a network.
 *   mail: {server: smtp.example.gov, username: pollwatch, password_file: pw, from: pollwatch@example.gov}  →  MailSettings
 */

import { resolve } from 'node:path';
import { isLoopback, type MailSettings, type SmtpSettings } from '../model/mail.ts';
import type { InstallationFields } from './installation-fields.ts';
import type { InstallationFile } from './installation-schema.ts';
import type { InstallationVariables } from './installation-variables.ts';

type MailFields = NonNullable<InstallationFile['mail']>;
type MailVariables = InstallationVariables['mail'];

/** Ports that mail servers listen on for those who log in (RFC 8314), and for neighbours. */
const PORTS = { starttls: 587, implicit: 465, none: 25 } as const;

/** How people are mailed; null when neither file nor environment name a server. */
export function mailOf(
  fields: InstallationFields,
  content: MailFields | undefined,
  given: MailVariables,
): MailSettings | null {
  const server = given.server ?? content?.server;
  const from = given.from ?? content?.from;
  if (content === undefined && server === undefined) return null;
  const missing = (field: string, variable: string, hint: string) =>
    fields.fail(
      ['mail'],
      'PW-CONFIG-MISSING-FIELD',
      `missing field "${field}" in mail`,
      `${hint}, here or in ${variable}`,
    );
  if (server === undefined) missing('server', 'POLLWATCH_MAIL_SERVER', 'name your mail server');
  if (from === undefined) missing('from', 'POLLWATCH_MAIL_FROM', 'write the address that mails come from');
  if (server === undefined || from === undefined) return null;
  const security = (given.security as SmtpSettings['security'] | undefined) ?? content?.security ?? 'starttls';
  if (security === 'none' && !isLoopback(server)) {
    fields.fail(
      ['mail', 'security'],
      'PW-MAIL-CLEARTEXT',
      `mails would cross the network to ${server} unencrypted`,
      'write security: starttls (port 587) or implicit (port 465); none is for a server on this machine',
    );
  }
  const { auth, secretFile } = logInOf(fields, content ?? {}, given);
  return {
    smtp: {
      host: server,
      port: given.port ?? content?.port ?? PORTS[security],
      security,
      ca:
        fields.named(given.caFile, 'POLLWATCH_MAIL_CA_FILE', 'certificate') ??
        fields.content(content?.ca_file, ['mail', 'ca_file'], 'certificate'),
      serverName: content?.server_name ?? null,
      auth,
      secretFile,
      from,
    },
    redirectTo: given.testRecipient ?? content?.test_recipient ?? null,
    detailsUrl: content?.details_url ?? null,
  };
}

function logInOf(
  fields: InstallationFields,
  content: MailFields,
  given: MailVariables,
): Pick<SmtpSettings, 'auth' | 'secretFile'> {
  const user = given.username ?? content.username;
  const token =
    given.token ??
    fields.named(given.tokenFile, 'POLLWATCH_MAIL_TOKEN_FILE') ??
    fields.content(content.token_file, ['mail', 'token_file']);
  const password =
    given.password ??
    fields.named(given.passwordFile, 'POLLWATCH_MAIL_PASSWORD_FILE') ??
    fields.content(content.password_file, ['mail', 'password_file']);
  const method = content.auth ?? (token !== null ? 'xoauth2' : user !== undefined ? 'plain' : 'none');
  const isNamed = {
    token: (given.token ?? given.tokenFile ?? content.token_file) !== undefined,
    password: (given.password ?? given.passwordFile ?? content.password_file) !== undefined,
  };
  const unusable = (message: string, hint: string) => {
    // a file that is named and cannot be read was told already
    const isTold = (isNamed.token && token === null) || (isNamed.password && password === null);
    if (!isTold) fields.fail(['mail', 'auth'], 'PW-MAIL-AUTH', message, hint);
    return { auth: { method: 'none' }, secretFile: null } as const;
  };
  const file = (own: string | undefined, named: string | undefined) =>
    named !== undefined ? resolve(named) : own === undefined ? null : fields.absolute(own);
  switch (method) {
    case 'none':
      if (user === undefined && password === null) return { auth: { method }, secretFile: null };
      return unusable(
        'there is a user name or a password, and auth: none',
        'leave auth out, or leave both of them out',
      );
    case 'plain':
    case 'login': {
      if (user === undefined || password === null) {
        return unusable(`a log-in with ${method} needs a user name and a password`, 'write username and password_file');
      }
      const secretFile = given.password !== undefined ? null : file(content.password_file, given.passwordFile);
      return { auth: { method, user, password }, secretFile };
    }
    case 'xoauth2': {
      if (user === undefined || token === null) {
        return unusable('a log-in with xoauth2 needs a user name and a token', 'write username and token_file');
      }
      const secretFile = given.token !== undefined ? null : file(content.token_file, given.tokenFile);
      return { auth: { method, user, accessToken: token }, secretFile };
    }
  }
}
