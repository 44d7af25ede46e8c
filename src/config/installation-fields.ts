/**
 * What all sections of an installation file share: paths that are relative to the file, files that hold secrets, how to
 * reach Redis and Elasticsearch, and where a mistake stands.
 */
import { dirname, resolve } from 'node:path';
import type { ElasticSettings, RedisSettings } from '../model/installation.ts';
import type { Problem } from '../model/problem.ts';
import type { CheckedYaml, Path } from './checked-yaml.ts';
import type { InstallationFile } from './installation-schema.ts';
import { readSecretFile, type SecretFileKind } from './secret-file.ts';

const DEFAULT_REDIS = 'redis://127.0.0.1:6379/0';

export type RedisFields = Omit<NonNullable<InstallationFile['redis']>, 'prefix'>;
export type ElasticFields = Omit<NonNullable<InstallationFile['elasticsearch']>, 'prefix'>;

/** Reads the fields of one file (or of none); what is wrong is added to the problems, with its place where it has one. */
export class InstallationFields {
  private readonly folder: string;
  private readonly source: CheckedYaml | null;
  private readonly problems: Problem[];
  private readonly coming: string | null;

  /** `file` null: there is only the environment. `coming`: a file that is about to be made, and is not missed. */
  constructor(file: string | null, source: CheckedYaml | null, problems: Problem[], coming: string | null = null) {
    this.coming = coming;
    this.folder = file === null ? '.' : dirname(resolve(file));
    this.source = source;
    this.problems = problems;
  }

  /** A path of the file is relative to its folder. */
  absolute(path: string): string {
    return resolve(this.folder, path);
  }

  /** How to reach Redis, besides the first part of its keys. */
  redis(fields: RedisFields, path: Path): Omit<RedisSettings, 'prefix'> {
    return {
      url: fields.url ?? DEFAULT_REDIS,
      username: fields.username ?? null,
      password: this.content(fields.password_file, [...path, 'password_file']),
      ca: this.content(fields.ca_file, [...path, 'ca_file'], 'certificate'),
      client: this.clientCertificate(fields, path),
      cluster: fields.cluster ?? false,
    };
  }

  private clientCertificate(
    { cert_file, key_file }: RedisFields,
    path: Path,
  ): (RedisSettings['client'] & object) | null {
    if ((cert_file === undefined) !== (key_file === undefined)) {
      const hint = 'write cert_file and key_file, or neither';
      this.fail(path, 'PW-CONFIG-MISSING-FIELD', 'a certificate and its key belong together', hint);
    }
    const cert = this.content(cert_file, [...path, 'cert_file'], 'certificate');
    const key = this.content(key_file, [...path, 'key_file'], 'key');
    return cert === null || key === null ? null : { cert, key };
  }

  /** How to reach Elasticsearch, besides the first part of index names. */
  elasticsearch(fields: ElasticFields, path: Path): Omit<ElasticSettings, 'prefix'> {
    return {
      nodes: fields.nodes ?? [],
      apiKey: this.content(fields.api_key_file, [...path, 'api_key_file']),
      username: fields.username ?? null,
      password: this.content(fields.password_file, [...path, 'password_file']),
      ca: this.content(fields.ca_file, [...path, 'ca_file'], 'certificate'),
    };
  }

  /** Content of a file that a field names; null when none is named or it cannot serve (which is then a problem). */
  content(file: string | undefined, path: Path, kind: SecretFileKind = 'secret'): string | null {
    if (file === undefined || this.absolute(file) === this.coming) return null;
    const { text, fault } = readSecretFile(this.absolute(file), kind);
    if (fault !== null) this.fail(path, 'PW-CONFIG-FILE', `${file}: ${fault.message}`, fault.hint);
    return text;
  }

  /** The same for a file that a variable names; undefined when none is. */
  named(file: string | undefined, variable: string, kind: SecretFileKind = 'secret'): string | undefined {
    if (file === undefined || resolve(file) === this.coming) return undefined;
    const { text, fault } = readSecretFile(resolve(file), kind);
    if (fault !== null) {
      this.problems.push({ code: 'PW-CONFIG-FILE', message: `${variable}: ${fault.message}`, file, hint: fault.hint });
    }
    return text ?? '';
  }

  /** Adds a problem at a place of the file. */
  fail(path: Path, code: string, message: string, hint: string): void {
    if (this.source === null) this.problems.push({ code, message, hint });
    else this.source.fail(path, code, message, hint);
  }
}
