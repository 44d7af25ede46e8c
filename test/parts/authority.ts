/**
 * A certification authority of a test, made by openssl for this run, and what it signs. All PEM, valid for two days.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Signed {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** its own certificate */
  readonly ca: string;
  /** A key and a certificate; clients look at the alternative name ("DNS:mail.example.gov") and not at the name. */
  sign(name: string, altName?: string): Signed;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAYS = ['-days', '2'];

/** Another one with each call. Throws with what to do when there is no openssl. */
export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-authority-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`these tests need openssl (apt-get install openssl): ${stderr}`);
  };
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  openssl('req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.pem', ...DAYS, '-subj', '/CN=Test CA');
  return {
    ca: text('ca.pem'),
    sign(name, altName = `DNS:${name}`) {
      writeFileSync(join(folder, 'alternative'), `subjectAltName=${altName}\n`);
      openssl('req', ...KEY, '-keyout', 'its.key', '-out', 'its.csr', '-subj', `/CN=${name}`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
      openssl('x509', '-req', '-in', 'its.csr', ...by, ...DAYS, '-extfile', 'alternative', '-out', 'its.pem');
      return { cert: text('its.pem'), key: text('its.key') };
    },
  };
}
