/** The log of workers: one JSON object a line, in ECS names, and never a secret in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadInstallation } from '../../src/config/installation.ts';
import { createLog, secretsOf } from '../../src/operate/log.ts';

function logOf(secrets: string[] = [], level: 'debug' | 'info' | 'silent' = 'info') {
  const lines: string[] = [];
  const { log } = createLog({ level, secrets, stream: { write: (line: string) => void lines.push(line) } });
  return { log, text: () => lines.join(''), documents: () => lines.map((line) => JSON.parse(line)) };
}

describe('a line of the log', () => {
  it('is one JSON object in ECS names', () => {
    const { log, documents } = logOf();
    log('warn', 'chunk refused', { organization: 'us-xx-a', chunk: '3:17', tries: 2 });
    expect(documents()).toEqual([
      {
        '@timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        'log.level': 'warn',
        'process.pid': process.pid,
        'service.name': 'pollwatch',
        message: 'chunk refused',
        'organization.id': 'us-xx-a',
        chunk: '3:17',
        tries: 2,
      },
    ]);
  });

  it('says of an error what it says, with its cause', () => {
    const { log, documents } = logOf();
    log('error', 'commit failed', { error: new Error('write EPIPE', { cause: new Error('socket hang up') }) });
    expect(documents()[0].error).toMatchObject({ type: 'Error', message: 'write EPIPE', cause: 'socket hang up' });
  });

  it('below the level is not written', () => {
    const { log, text } = logOf();
    log('debug', 'x');
    expect(text()).toBe('');
    const silent = logOf([], 'silent');
    silent.log('error', 'x');
    expect(silent.text()).toBe('');
  });

  it('stays one line whatever stands in a field', () => {
    const { log, text } = logOf();
    log('info', 'x', { name: 'a\nb\u2028c\u001b[31m' });
    expect(text().split('\n')).toHaveLength(2);
    expect(text()).not.toContain('\u001b');
  });
});

describe('a secret', () => {
  it('of the installation is replaced wherever it stands: in text, in an address, in an error', () => {
    const { log, text } = logOf(['hunter2 "quoted"']);
    log('info', 'connect redis://pollwatch:hunter2%20%22quoted%22@10.0.0.1', { note: 'with hunter2 "quoted" in it' });
    log('error', 'failed', { error: new Error('bad password hunter2 "quoted"') });
    expect(text()).not.toContain('hunter2');
    expect(text().match(/\[secret\]/g)!.length).toBeGreaterThanOrEqual(3);
  });

  it('in a field that is called like one is left out', () => {
    const { log, documents } = logOf();
    log('info', 'x', { password: 'unknown-to-the-log', apiKey: 'QUJD' });
    expect(documents()[0]).toMatchObject({ password: '[secret]', apiKey: '[secret]' });
  });

  it('that a client hung onto its error is not written', () => {
    const { log, text } = logOf();
    const reply = Object.assign(new Error('WRONGPASS invalid username-password pair'), {
      command: { name: 'auth', args: ['pollwatch', 'unknown-to-the-log'] },
      meta: { headers: { authorization: 'ApiKey unknown-to-the-log' } },
    });
    log('error', 'cannot connect', { error: reply });
    expect(text()).toContain('WRONGPASS');
    expect(text()).not.toContain('unknown-to-the-log');
  });

  it('of each place in an installation is known to the log', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollwatch-log-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const installation = loadInstallation(
      null,
      { formats: [], detections: [] },
      {
        HOME: folder,
        POLLWATCH_REDIS_PASSWORD: 'redis-secret',
        POLLWATCH_ELASTICSEARCH_URL: 'https://127.0.0.1:9200',
        POLLWATCH_ELASTICSEARCH_API_KEY: 'elastic-key',
        POLLWATCH_ELASTICSEARCH_PASSWORD: 'elastic-secret',
      },
    );
    const secret = Buffer.from(installation.tenants.get('local')!.secret);
    expect(secretsOf(installation)).toEqual(
      expect.arrayContaining(['redis-secret', 'elastic-key', 'elastic-secret', secret.toString('hex')]),
    );
  });
});
