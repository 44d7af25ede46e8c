import { describe, expect, it } from 'vitest';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import type { Alert } from '../../src/model/alert.ts';
import { renderTerminal } from '../../src/sinks/terminal.ts';
import { FIRST_THINGS_MAX } from '../../src/sinks/things.ts';
import {
  alert,
  hostileSummary,
  manyAlertsSummary,
  obeyed,
  ordinarySummary,
  quietSummary,
  unreadableSummary,
} from './fixtures.ts';

const plain = { columns: 80, colour: false, report: 'report.html' };

describe('the summary in the terminal', () => {
  it('answers in its first sentence and puts the gravest first', () => {
    const text = renderTerminal(ordinarySummary(), plain);
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/^TLP:AMBER - share/);
    expect(lines[3]).toMatch(/^4 addresses and 1 group of addresses scanned or probed your systems/);
    expect(text).toMatch(/1\. CRITICAL Sensitive files asked for/);
    expect(text).toContain('Do now: Ask your web person');
    expect(text).toContain('Report: report.html');
  });

  it('sends the reader to the first one that was answered, which need not stand first', () => {
    const refused = alert({ severity: 'critical', outcome: 'refused', key: { kind: 'source', text: '192.0.2.1' } });
    const answered = alert({ severity: 'medium', outcome: 'answered', key: { kind: 'source', text: '192.0.2.2' } });
    const said = (...alerts: Alert[]) =>
      renderTerminal(ordinarySummary({ alerts }), { ...plain, columns: 110 }).replace(/\s+/g, ' ');
    expect(said(answered)).toContain('something to 1 of them: start with the first one below.');
    expect(said(refused, answered)).toContain('something to 1 of them: start with the second one below.');
  });

  it('says "refused" only where all of it was, and never that nothing came of what these logs do not show', () => {
    const of = (...outcomes: Alert['outcome'][]) => {
      const alerts = outcomes.map((outcome, i) => alert({ outcome, key: { kind: 'source', text: `192.0.2.${i}` } }));
      return renderTerminal(ordinarySummary({ alerts }), { ...plain, columns: 110 }).replace(/\s+/g, ' ');
    };
    expect(of('refused', 'refused')).toContain('As far as these logs show, all of it was refused;');
    expect(of('refused', 'tried')).toContain(
      'To 1 of them your systems may have given something: these logs do not show',
    );
    expect(of('tried')).toContain('To it your systems may have given something');
    expect(of('tried', 'tried')).not.toMatch(/refused;|no sign/);
  });

  it('does not pass over what a firewall let through to services that should not face the Internet', () => {
    const s = { ...quietSummary(), letThrough: [{ port: 22, sources: 1, packets: 800 }] };
    const text = renderTerminal(s, { ...plain, columns: 110 }).replace(/\s+/g, ' ');
    expect(text).not.toContain('Nothing needs your attention');
    expect(text).toContain('but the firewall let 1 address through to remote login (SSH): see below.');
    expect(text).toContain('1 address reached remote login (SSH, port 22) with 800 packets.');
  });

  it('says of an empty log that it is empty, and what to do', () => {
    const s = unreadableSummary();
    const origin = { ...s.origins[0]!, problem: null, format: null, lines: 0, bytes: 0, refused: [] };
    const text = renderTerminal({ ...s, origins: [{ ...origin, name: 'access.log' }] }, { ...plain, columns: 110 });
    expect(text).toContain('These logs answer nothing: they are empty.');
    expect(text).toContain('access.log: this log is empty; where it was just rotated');
  });

  it('says which lines it refused and why, also when nothing else was found', () => {
    const [origin] = quietSummary().origins;
    const refused = [
      { reason: 'no time', count: 60, samples: [{ offset: 1690, text: 'x' }] },
      { reason: 'too long', count: 2, samples: [] },
    ];
    const s = { ...quietSummary(), refused: 62, origins: [{ ...origin!, name: 'mixed.log', refused }] };
    const text = renderTerminal(s, { ...plain, columns: 110 });
    expect(text.replace(/\s+/g, ' ')).toMatch(/62 of [\d,]+ lines could not be read: see below why/);
    expect(text).toContain('mixed.log: 60 lines refused: no time (first at byte 1,690); 2 for other reasons');
  });

  it('does not count a log that it could not read among those that it read', () => {
    expect(renderTerminal(quietSummary(), plain)).toContain('   2 logs, ');
    const unread = { ...quietSummary().origins[0]!, lines: 0, problem: { code: 'PW-X', message: 'missing' } };
    const s = quietSummary();
    expect(renderTerminal({ ...s, origins: [...s.origins, unread] }, plain)).toContain('   2 of 3 logs, ');
  });

  it('treats the alerts of one address as one thing', () => {
    const text = renderTerminal(ordinarySummary(), plain);
    expect(text.match(/Who: 198\.51\.100\.23/g)).toHaveLength(1);
    expect(text).toContain('Also: Scanner user agent.');
  });

  it('shows at most five things, and counts the others', () => {
    const text = renderTerminal(manyAlertsSummary(700), plain);
    expect(text.match(/^\d+\. /gm)).toHaveLength(FIRST_THINGS_MAX);
    expect(text).toContain('595 lower ones and 100 for the record only in the report.');
  });

  it('says numbers that add up, and what could not be read', () => {
    const s = ordinarySummary();
    const text = renderTerminal(s, plain);
    expect(s.events + s.skipped + s.refused).toBe(s.lines);
    expect(text).toContain('14,332 lines = 14,040 events + 288 skipped + 4 refused.');
    expect(text).toContain('PROBLEM old.log.gz: the compressed file ends too early');
    expect(text).toContain('Cannot: Wrong host names');
  });

  it('never says that nothing was found without what could not be seen', () => {
    const text = renderTerminal(quietSummary(), plain);
    expect(text).toContain('Nothing needs your attention');
    expect(text).toContain('2 of 6 detections could work fully');
    expect(text).toContain('WHAT THESE LOGS CANNOT SHOW');
  });

  it('does not call it quiet when nothing could be read', () => {
    const text = renderTerminal(unreadableSummary(), plain);
    expect(text).toContain('These logs answer nothing');
    expect(text).not.toContain('Nothing needs');
  });

  it('fits any width from 40 columns, whatever the log holds', () => {
    for (const columns of [40, 80, 100, 300]) {
      for (const s of [ordinarySummary(), quietSummary(), hostileSummary()]) {
        const longest = Math.max(
          ...renderTerminal(s, { ...plain, columns })
            .split('\n')
            .map((line) => line.length),
        );
        expect(longest).toBeLessThanOrEqual(Math.min(columns, 110));
      }
    }
  });

  it('lets no control byte of a log through, and none at all without colour', () => {
    expect(obeyed(renderTerminal(hostileSummary(), plain))).toBe(false);
    const coloured = renderTerminal(hostileSummary(), { ...plain, colour: true });
    const sgr = ['1', '1;35', '1;31', '1;33', '1;36', '2', '0'].map((code) => `\u001b[${code}m`);
    expect(coloured).toContain(`${sgr[1]!}CRITICAL${sgr[6]!}`);
    expect(obeyed(sgr.reduce((text, code) => text.replaceAll(code, ''), coloured))).toBe(false);
  });

  it('keeps to the wording rules', () => {
    for (const s of [ordinarySummary(), quietSummary(), unreadableSummary()]) {
      expect(lintWording(renderTerminal(s, plain).replace(/\s+/g, ' '))).toEqual([]);
    }
  });
});
