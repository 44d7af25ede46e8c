/**
 * A real SMTP server in this process, on a real socket with real TLS, that keeps what it is given and can be told to refuse.
 */
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerAuthentication, type SMTPServerOptions } from 'smtp-server';
import type { SmtpSettings } from '../../src/model/mail.ts';
import { makeAuthority, type Signed } from '../parts/authority.ts';
import { freePort } from '../parts/free-port.ts';
import { FROM } from './mailing.ts';

export interface Certificates extends Signed {
  readonly ca: string;
}

/** A CA and a server certificate for mail.example.gov. */
export function makeCertificates(): Certificates {
  const { ca, sign } = makeAuthority();
  return { ca, ...sign('mail.example.gov') };
}

export interface Received {
  from: string;
  to: string[];
  raw: string;
  mail: ParsedMail;
}

/** What the server answers: a number and words refuse. */
export interface Answers {
  /** before anything, by recipient; null accepts */
  recipient?: (address: string) => { code: number; message: string } | null;
  /** after the mail; null accepts */
  data?: (raw: string) => { code: number; message: string } | null;
  auth?: (auth: SMTPServerAuthentication) => boolean;
}

export interface TestServer {
  port: number;
  received: Received[];
  answers: Answers;
  /** methods that were used to log in */
  methods: string[];
  close(): Promise<void>;
}

/** Starts a server on a free port of this machine, or on one that was used before. */
export async function startServer(
  options: SMTPServerOptions,
  answers: Answers = {},
  usedBefore?: number,
): Promise<TestServer> {
  const port = usedBefore ?? (await freePort());
  const received: Received[] = [];
  const methods: string[] = [];
  const started: TestServer = { port, received, answers, methods, close };
  const fault = ({ code, message }: { code: number; message: string }) =>
    Object.assign(new Error(message), { responseCode: code });
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    // idle connections of a client are not waited for
    closeTimeout: 200,
    logger: false,
    onAuth(auth, _session, done) {
      methods.push(auth.method);
      if (started.answers.auth?.(auth) ?? false) done(null, { user: auth.username ?? 'user' });
      else done(fault({ code: 535, message: 'Authentication failed for hunter2' }));
    },
    onRcptTo({ address }, _session, done) {
      const refused = started.answers.recipient?.(address) ?? null;
      done(refused === null ? null : fault(refused));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('latin1');
        const refused = started.answers.data?.(raw) ?? null;
        if (refused !== null) {
          done(fault(refused));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        void simpleParser(Buffer.concat(chunks)).then((mail) => {
          received.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map((r) => r.address),
            raw,
            mail,
          });
          done();
        }, done);
      });
    },
    ...options,
  });
  // a client that distrusts us or goes away is the business of the client's test
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return started;

  function close(): Promise<void> {
    return new Promise((resolve) => {
      server.close(resolve);
    });
  }
}

/** Settings for a server that `startServer` started. */
export function settingsFor(server: Pick<TestServer, 'port'>, over: Partial<SmtpSettings> = {}): SmtpSettings {
  return {
    host: '127.0.0.1',
    port: server.port,
    security: 'none',
    ca: null,
    serverName: 'mail.example.gov',
    auth: { method: 'none' },
    secretFile: null,
    from: FROM,
    ...over,
  };
}
