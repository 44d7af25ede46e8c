/** docs/running.md names metrics and commands that there are. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createMetrics } from '../../src/operate/metrics.ts';
import { place } from '../cli/pollwatch.ts';

const text = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8');

it('docs/running.md names metrics that a process tells', async () => {
  const told = await createMetrics({
    organizations: [],
    version: '1',
    read: () => Promise.resolve([]),
    ingest: () => [],
  }).text();
  const named = [...text.matchAll(/`(pollwatch_[a-z_]+)`/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(8);
  for (const name of named) expect(told, name).toContain(`# TYPE ${name} gauge`);
});

it('docs/running.md names commands and options that there are', () => {
  const named = [...text.matchAll(/`(?:\.\/pollwatch )((?:setup )?[a-z]+)([^`]*)`/g)];
  expect(named.length).toBeGreaterThan(8);
  const here = place();
  const helpOf = new Map<string, string>();
  for (const [, command = '', rest = ''] of named) {
    const help = helpOf.get(command) ?? here.run([...command.split(' '), '--help']).stdout;
    helpOf.set(command, help);
    expect(help, command).toContain(`Usage: pollwatch ${command}`);
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(help, `${command} ${option}`).toContain(option);
  }
});
