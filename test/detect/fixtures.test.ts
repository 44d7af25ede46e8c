/**
 * Every detection over its fixture folder: it fires on the behaviour with the right words and numbers, stays silent on
 * the innocent look-alike, is silent one below its threshold and fires exactly at it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DETECTIONS } from '../../src/alerts/detections.ts';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf, inShort, settingFor } from './deciding.ts';
import { fixtureFiles, readme } from './make-fixtures.ts';

const FOLDER = import.meta.dirname;
const ids = DETECTIONS.map((d) => d.id);

/** cases of a folder: the logs that belong together, by name */
function casesOf(id: string): Map<string, Record<string, string[]>> {
  const cases = new Map<string, Record<string, string[]>>();
  for (const name of readdirSync(join(FOLDER, id)).filter((n) => n.endsWith('.log'))) {
    const lines = readFileSync(join(FOLDER, id, name), 'latin1')
      .split('\n')
      .slice(0, -1);
    const one = name.split('.')[0]!;
    cases.set(one, { ...cases.get(one), [name]: lines });
  }
  return cases;
}

const named = (prefix: string) =>
  ids.flatMap((id) =>
    existsSync(join(FOLDER, id))
      ? [...casesOf(id).keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ id, name }))
      : [],
  );

const memory = new Map<string, Promise<Alert[]>>();
/** alerts of a case; made once */
function alertsOfCase(id: string, name: string): Promise<Alert[]> {
  const key = `${id}/${name}`;
  const known = memory.get(key) ?? alertsOf(casesOf(id).get(name)!, settingFor(id));
  memory.set(key, known);
  return known;
}

const columns = (a: Alert) => ({
  detection: a.detection,
  key: `${a.key.kind} ${a.key.text}`,
  day: a.day,
  severity: a.severity,
  outcome: a.outcome,
  verdict: a.verdict.term,
  numbers: a.evidence,
});

describe('the fixtures', () => {
  it.each(ids)('of %s are there: it fires, is quiet, one below and exactly at', (id) => {
    const names = existsSync(join(FOLDER, id)) ? [...casesOf(id).keys()] : [];
    expect(names).toEqual(expect.arrayContaining(['fires', 'quiet', 'below', 'at']));
  });

  it('are what their maker writes', () => {
    const files = fixtureFiles();
    expect(readFileSync(join(FOLDER, 'README.md'), 'utf8')).toBe(readme());
    for (const [name, text] of files) expect(readFileSync(join(FOLDER, name), 'latin1') === text, name).toBe(true);
    const there = readdirSync(FOLDER, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.log'));
    expect(there.sort()).toEqual([...files.keys()].sort());
  });
});

describe('a detection', () => {
  it.each(named('fires'))('$id fires on $id/$name, with the columns that are expected', async ({ id, name }) => {
    const alerts = await alertsOfCase(id, name);
    expect(alerts.map((a) => a.detection)).toContain(id);
    const text = alerts.map((a) => `${JSON.stringify(columns(a))}\n`).join('');
    await expect(text).toMatchFileSnapshot(join(FOLDER, id, `${name}.expected.ndjson`));
  });

  it.each(named('quiet'))('$id is silent on $id/$name, and nothing else is alerted', async ({ id, name }) => {
    const alerts = await alertsOfCase(id, name);
    expect(inShort(alerts.filter((a) => a.detection === id || a.severity !== 'info'))).toEqual([]);
  });

  it.each(named('below'))('$id is silent on $id/$name', async ({ id, name }) => {
    const alerts = await alertsOfCase(id, name);
    expect(alerts.map((a) => a.detection)).not.toContain(id);
  });

  it.each(named('at'))('$id fires on $id/$name', async ({ id, name }) => {
    const alerts = await alertsOfCase(id, name);
    expect(alerts.map((a) => a.detection)).toContain(id);
  });
});

describe('the words of every alert', () => {
  it.each(named('fires'))('of $id/$name keep the rules of wording', async ({ id, name }) => {
    const alerts = await alertsOfCase(id, name);
    for (const a of alerts) {
      const texts = [a.name, a.summary, a.why, ...a.whatToDo, ...a.notKnown, ...a.severitySteps, ...a.verdict.basis];
      for (const text of [...texts, ...a.confidence.basis, ...a.thresholds]) {
        expect(lintWording(text), text).toEqual([]);
        expect(text, a.detection).not.toMatch(/undefined|NaN|null|\s{2}|\b1 addresses\b|\b0 ports\b|^$/);
      }
    }
  });
});
