/**
 * Files that hold what must not stand in a configuration: a password or an API key (its first line), a certificate or a
 * private key (the whole PEM text).
 */
import { readFileSync } from 'node:fs';

/** Longer files hold no password, key or certificates. */
const SECRET_FILE_MAX = 1024 * 1024;

/** What a file is named for. */
export type SecretFileKind = 'secret' | 'certificate' | 'key';

/** A password is the first line of its file; certificates and keys are the whole of theirs. */
export function readSecretFile(
  path: string,
  kind: SecretFileKind,
): { text: string; fault: null } | { text: null; fault: { message: string; hint: string } } {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const hint = 'paths are relative to the file that names them; the user that runs pollwatch must be able to read it';
    return { text: null, fault: { message: `it cannot be read (${reason})`, hint } };
  }
  if (content.length > SECRET_FILE_MAX) {
    return { text: null, fault: { message: 'it is larger than 1 MiB', hint: 'name the right file' } };
  }
  if (kind === 'secret') {
    const text = content.split(/\r?\n/, 1)[0]!.trim();
    if (text !== '') return { text, fault: null };
    return { text: null, fault: { message: 'its first line is empty', hint: 'write the secret into its first line' } };
  }
  const mark = kind === 'certificate' ? '-----BEGIN CERTIFICATE-----' : 'PRIVATE KEY-----';
  if (content.includes(mark)) return { text: content, fault: null };
  return { text: null, fault: { message: `it holds no ${kind} in PEM`, hint: `it needs a line "${mark}"` } };
}
