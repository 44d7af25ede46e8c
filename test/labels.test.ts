/**
 * The sample logs against their labels: every source that is easy or medium to see is alerted with a right ATT&CK id and
 * inside its own time, and nobody who only used the site or strayed by is. What is informational counts as no alert.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../src/model/alert.ts';
import { analyze } from '../src/run/pipeline.ts';

interface Labels {
  activities: Record<string, { mitre: string[] }>;
  sources: Record<
    string,
    {
      verdict: 'malicious' | 'benign' | 'ambiguous' | 'noise';
      activities: string[];
      tier: 'easy' | 'medium' | 'hard';
      logs: Record<string, { lines: number; first: string; last: string; status: Record<string, number> }>;
    }
  >;
}

const FOLDER = 'test/samples/generated';
const labels = JSON.parse(readFileSync(`${FOLDER}/labels.json`, 'utf8')) as Labels;
/** what a source did must show in at least so many lines of the log to be asked for */
const LINES_MIN = 3;
/** times in the labels are those of the packets, to a second or so */
const SLACK_MS = 5000;

async function alertsOf(log: string): Promise<Alert[]> {
  const paths = [`${FOLDER}/${log}`];
  const { alerts } = await analyze({ paths, format: 'auto', year: 2026, threads: 1, progress: false });
  return alerts.filter((a) => a.severity !== 'info');
}

const isOf = (ip: string) => (a: Alert) => a.key.kind === 'source' && a.source!.addresses.includes(ip);

describe.each(['nginx-access.log', 'apache-access.log', 'kern.log'])('%s', (log) => {
  const inLog = Object.entries(labels.sources).filter(([, s]) => log in s.logs);
  /** sources whose only trace in a firewall log is that the web server was reached show in that server's log */
  const isShown = (s: Labels['sources'][string]) =>
    s.logs[log]!.lines >= LINES_MIN && (s.logs[log]!.status['accept'] ?? 0) < s.logs[log]!.lines;
  const wanted = inLog.filter(([, s]) => s.verdict === 'malicious' && s.tier !== 'hard' && isShown(s));

  it('every easy and medium source is alerted, with a right ATT&CK id, inside its own time', async () => {
    const alerts = await alertsOf(log);
    expect(wanted.length).toBeGreaterThan(3);
    for (const [ip, source] of wanted) {
      const own = alerts.filter(isOf(ip));
      expect(own, ip).not.toEqual([]);
      const { first, last } = source.logs[log]!;
      const ids = source.activities.flatMap((id) => labels.activities[id]!.mitre);
      for (const alert of own) {
        expect(alert.startMs, `${ip} ${alert.detection}`).toBeGreaterThanOrEqual(Date.parse(first) - SLACK_MS);
        expect(alert.endMs, `${ip} ${alert.detection}`).toBeLessThanOrEqual(Date.parse(last) + SLACK_MS);
        expect(
          alert.techniques.some((t) => ids.includes(t.id) || ids.includes(t.id.split('.')[0]!)),
          `${ip} ${alert.detection}`,
        ).toBe(true);
      }
    }
  });

  it('nobody who only used the site or strayed by is alerted', async () => {
    const alerts = await alertsOf(log);
    const quiet = inLog.filter(([, s]) => s.verdict === 'benign' || s.verdict === 'noise');
    expect(quiet.length).toBeGreaterThan(50);
    expect(quiet.filter(([ip]) => alerts.some(isOf(ip)))).toEqual([]);
  });
});

describe.each(['benign-only-nginx-access.log', 'benign-only-apache-access.log', 'benign-only-kern.log'])(
  '%s',
  (log) => {
    it('raises nothing', async () => {
      expect((await alertsOf(log)).map((a) => a.summary)).toEqual([]);
    });
  },
);
