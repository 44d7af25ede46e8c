/**
 * Law 6: quiet by default. Background noise is counted and raises nothing; the first screen has at most five things;
 * a known class is shown and hides nothing; a level moves by whole levels and stays under its caps. Each check is a
 * function that says what is wrong, and is shown a planted violation.
 */
import { describe, expect, it } from 'vitest';
import { detectionText } from '../../src/alerts/detections.ts';
import type { Alert } from '../../src/model/alert.ts';
import { LEVELS, type Level } from '../../src/model/rule.ts';
import type { RunSummary } from '../../src/model/summary.ts';
import { renderTerminal } from '../../src/sinks/terminal.ts';
import { inFolder } from './files-run.ts';
import { createRandom, filesOf, type GeneratedLine, generate } from './generator.ts';
import { inventoryNamed } from './small-run.ts';

const THINGS_MAX = 5;
const NOISE_SOURCES = 400;

/** Sources of the Internet's background: one or two common ports, or one page that is not there. */
function background(seed: number): { lines: GeneratedLine[]; sources: string[] } {
  const random = createRandom(seed);
  const ports = [23, 445, 3389, 22, 8080, 5900];
  const start = Date.UTC(2026, 8, 14, 3);
  const sources = Array.from({ length: NOISE_SOURCES }, (_, i) => `198.18.${i >> 8}.${i & 255}`);
  const lines = sources.flatMap((source, i): GeneratedLine[] => {
    const timeMs = start + Math.floor(random() * 40_000_000);
    const stamp = new Date(timeMs).toISOString();
    if (i % 4 === 0) {
      const [day, time] = [stamp.slice(8, 10), stamp.slice(11, 19)];
      const text = `vote.example.gov:443 ${source} - - [${day}/Sep/2026:${time} +0000] "GET /old-page-${i % 7} HTTP/1.1" 404 162 "-" "Mozilla/5.0"`;
      return [{ format: 'combined', timeMs, text, isJunk: false }];
    }
    return ports.slice(0, 1 + (i % 2)).map((port) => ({
      format: 'netfilter',
      isJunk: false,
      timeMs,
      text: `${stamp.slice(0, 19)}+00:00 fw kernel: [UFW BLOCK] IN=eth0 OUT= SRC=${source} DST=203.0.113.10 LEN=40 TOS=0x00 PREC=0x00 TTL=240 ID=1 PROTO=TCP SPT=${40_000 + i} DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0`,
    }));
  });
  return { lines, sources };
}

async function summaryOf(lines: readonly GeneratedLine[]): Promise<RunSummary> {
  return await inFolder(filesOf([...lines]), 'assets', (folder) => folder.analyze(1));
}

/** Noise that raised something, and noise that was not counted. */
function checkNoise(sources: readonly string[], summary: RunSummary): string[] {
  const noise = new Set(sources);
  const raised = summary.alerts
    .filter((a) => a.severity !== 'info')
    .flatMap((a) =>
      [...(a.source?.addresses ?? []), ...a.related]
        .filter((ip) => noise.has(ip))
        .map((ip) => `${a.detection} of ${ip}`),
    );
  return summary.noise.sources < sources.length
    ? [...raised, `${summary.noise.sources} of ${sources.length} noise sources were counted`]
    : raised;
}

/** Things on the first screen. */
function checkFirstScreen(text: string): string[] {
  const things = text.match(/^\d+\. /gm)?.length ?? 0;
  return things > THINGS_MAX ? [`${things} things stand on the first screen`] : [];
}

const rank = (level: Level) => LEVELS.indexOf(level);

/** Levels that moved without a reason in words, and those above their caps (ELECTIONS part 5). */
function checkLevels(alerts: readonly Alert[], critical: ReadonlySet<string>): string[] {
  return alerts.flatMap((a) => {
    const name = `${a.detection} of ${a.key.text}`;
    const wrong: string[] = [];
    const moved = Math.abs(rank(a.severity) - rank(a.severityBase));
    if (moved > a.severitySteps.length)
      wrong.push(`${name}: moved by ${moved} levels for ${a.severitySteps.length} reasons`);
    const kind = detectionText(a.detection)?.class;
    const blocked = a.outcome !== 'answered';
    if (kind === 'scan' && a.detection.startsWith('F') && blocked && rank(a.severity) > rank('low'))
      wrong.push(`${name}: a denied scan of one source is ${a.severity}`);
    if (kind === 'exploit' && blocked && rank(a.severity) > rank('high'))
      wrong.push(`${name}: an attempt without a sign of success is ${a.severity}`);
    // traffic to a network that must never be reached, and service loss, are critical by themselves (ELECTIONS 5)
    const isCriticalAlone = a.detection === 'election.sentinel' || a.detection === 'election.results_flood';
    const isOnCritical = a.asset !== null && critical.has(a.asset.id);
    if (a.severity === 'critical' && blocked && !isCriticalAlone && !isOnCritical)
      wrong.push(`${name}: critical, and nothing answered`);
    return wrong;
  });
}

const CRITICAL = new Set(
  inventoryNamed('assets')
    .assets.filter((a) => a.criticality === 'critical')
    .map((a) => a.id),
);
const SCREEN = { columns: 80, colour: false };

describe('quiet by default', () => {
  it('background noise raises nothing and is counted, alone and among those who mean it', async () => {
    const noise = background(1);
    const alone = await summaryOf(noise.lines);
    expect(checkNoise(noise.sources, alone)).toEqual([]);
    expect(alone.alerts.filter((a) => a.severity !== 'info')).toEqual([]);
    for (const seed of [2, 5, 11]) {
      const summary = await summaryOf([...noise.lines, ...generate(seed).lines]);
      expect(summary.alerts.length).toBeGreaterThan(0);
      expect(checkNoise(noise.sources, summary), `seed ${seed}`).toEqual([]);
    }
  });

  it('the first screen has at most five things, and levels keep their caps, whatever was seen', async () => {
    for (const seed of [0, 7, 19, 33]) {
      const several = [seed, seed + 100, seed + 200].flatMap((s) => generate(s).lines);
      const summary = await summaryOf(several);
      expect(checkFirstScreen(renderTerminal(summary, SCREEN)), `seed ${seed}`).toEqual([]);
      expect(checkLevels(summary.alerts, CRITICAL), `seed ${seed}`).toEqual([]);
    }
  });
});

describe('the checks of quiet notice', () => {
  it('an alert for noise, and noise that nobody counted', async () => {
    const noise = background(3);
    const summary = await summaryOf([...noise.lines, ...generate(2).lines]);
    const loud = summary.alerts.find((a) => a.source !== null && a.severity !== 'info')!;
    const planted = { ...loud, source: { ...loud.source!, addresses: [noise.sources[0]!] } };
    expect(checkNoise(noise.sources, { ...summary, alerts: [...summary.alerts, planted] })).toHaveLength(1);
    expect(checkNoise(noise.sources, { ...summary, noise: { ...summary.noise, sources: 3 } })).toHaveLength(1);
  });

  it('a sixth thing on the first screen', async () => {
    const text = renderTerminal(await summaryOf(generate(0).lines), SCREEN);
    expect(checkFirstScreen(`${text}\n1. a\n2. b\n3. c\n4. d\n5. e\n6. f\n`)).toHaveLength(1);
  });

  it('a denied scan that is called high, and a level that moved without a reason', async () => {
    const { alerts } = await summaryOf(generate(4, { actors: ['verticalScans'] }).lines);
    const denied = alerts.find((a) => a.detection === 'F01' && a.outcome !== 'answered')!;
    expect(checkLevels([denied], CRITICAL)).toEqual([]);
    expect(checkLevels([{ ...denied, severity: 'high', severitySteps: ['x', 'y', 'z'] }], CRITICAL)).toHaveLength(1);
    expect(
      checkLevels([{ ...denied, severity: 'info', severityBase: 'medium', severitySteps: [] }], CRITICAL),
    ).toHaveLength(1);
    const worst = { ...denied, asset: null, severity: 'critical' as const, severitySteps: ['x', 'y', 'z'] };
    expect(checkLevels([worst], CRITICAL)).toHaveLength(2);
  });
});
