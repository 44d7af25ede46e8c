/**
 * What stands first: one thing for each source, its days taken together, in the order in which they matter; what asks for
 * nothing stands further down, and an authorised scan in a line of its own.
 */
import { describe, expect, it } from 'vitest';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import type { Alert } from '../../src/model/alert.ts';
import { renderReport } from '../../src/sinks/report/page.ts';
import { renderTerminal } from '../../src/sinks/terminal.ts';
import { agreedScans, firstThings } from '../../src/sinks/things.ts';
import { alert, ordinarySummary } from './fixtures.ts';

const DAY = 86_400_000;
const T0 = Date.UTC(2026, 9, 5, 5);
const noise: Alert['verdict'] = { term: 'noise', basis: ['scanners send this to every web server'] };
const from = (n: number) => ({ kind: 'source' as const, text: `192.0.2.${n}` });
const onDay = (i: number, over: Partial<Alert> = {}) =>
  alert({
    detection: 'W04',
    name: 'Web probing over hours or days',
    severity: 'medium',
    outcome: 'refused',
    verdict: noise,
    day: `2026-10-0${5 + i}`,
    startMs: T0 + i * DAY,
    endMs: T0 + i * DAY + DAY / 2,
    evidence: { requests: 7 + i },
    ...over,
  });
const terminal = (alerts: Alert[]) =>
  renderTerminal(ordinarySummary({ alerts }), { columns: 110, colour: false }).replace(/\s+/g, ' ');

describe('a thing', () => {
  const alerts = [
    onDay(0),
    onDay(1),
    onDay(2),
    onDay(1, { detection: 'W05', name: 'Probe for sensitive files', severity: 'low' }),
    onDay(2, { detection: 'W05', name: 'Probe for sensitive files', severity: 'low' }),
  ];

  it('is one source on all of its days, with the sum of what may be added', () => {
    const { first } = firstThings(alerts);
    expect(first).toHaveLength(1);
    expect(first[0]).toMatchObject({ startMs: T0, endMs: T0 + 2.5 * DAY, verdict: 'noise', outcome: 'refused' });
    expect(first[0]!.days).toBe('Seen on 3 days, with 24 such requests in all.');
    expect(firstThings([onDay(0), onDay(1, { detection: 'W05' })]).first[0]!.days).toBe('Seen on 2 days.');
    expect(firstThings([onDay(0)]).first[0]!.days).toBeNull();
  });

  it('is told by the day that shows most', () => {
    const ofWeek = [500, 900, 1500].map((n, i) => onDay(i, { evidence: { requests: 400 - i, distinct_keys: n } }));
    expect(firstThings(ofWeek).first[0]!.lead).toBe(ofWeek[2]);
    expect(firstThings([onDay(0), onDay(1, { evidence: { requests: 3 } })]).first[0]!.lead.evidence['requests']).toBe(
      7,
    );
  });

  it('names what else it did once, and never its own title again', () => {
    expect(firstThings(alerts).first[0]!.also).toEqual(['Probe for sensitive files']);
    for (const text of [terminal(alerts), renderReport(ordinarySummary({ alerts }))]) {
      expect(text).toContain('Seen on 3 days, with 24 such requests in all.');
      expect(text).not.toMatch(/Also[^.]*Web probing over hours or days/);
    }
    expect(lintWording(terminal(alerts))).toEqual([]);
  });

  it('is aimed at us when one of its parts is, and answered when one of them was', () => {
    const tailored = onDay(2, { severity: 'low', verdict: { term: 'tailored', basis: ['x'] } });
    const given = onDay(1, { severity: 'low', detection: 'W28', outcome: 'answered' });
    expect(firstThings([onDay(0), tailored, given]).first[0]).toMatchObject({
      verdict: 'tailored',
      outcome: 'answered',
    });
    expect(firstThings([onDay(0), onDay(1, { verdict: { term: 'cannot_tell', basis: [] } })]).first[0]!.verdict).toBe(
      'cannot_tell',
    );
  });
});

describe('what stands first', () => {
  it('is what was answered, then what is aimed at us, then what these logs cannot tell, before noise', () => {
    const term = (name: 'tailored' | 'cannot_tell'): Alert['verdict'] => ({ term: name, basis: [] });
    const alerts = [
      onDay(0, { key: from(1), score: 99 }),
      onDay(0, { key: from(2), score: 50, verdict: term('cannot_tell') }),
      onDay(0, { key: from(3), score: 40, verdict: term('tailored') }),
      onDay(0, { key: from(4), score: 30, verdict: term('tailored'), outcome: 'answered' }),
      onDay(0, { key: from(5), score: 1, severity: 'high' }),
    ];
    const order = firstThings(alerts).first.map(({ lead }) => lead.key.text);
    expect(order).toEqual([5, 4, 3, 2, 1].map((n) => from(n).text));
  });

  it('is nothing that asks for nothing to be done: the list is not filled up with it', () => {
    const idle = { severity: 'low', whatToDo: ['Nothing, if you do not run this software.'] } as const;
    const alerts = [onDay(0, { key: from(1) }), onDay(0, { ...idle, key: from(2), whatToDo: [...idle.whatToDo] })];
    const { first, lower } = firstThings(alerts);
    expect(first.map(({ lead }) => lead.key.text)).toEqual([from(1).text]);
    expect(lower).toBe(1);
    expect(renderReport(ordinarySummary({ alerts }))).toContain('One thing deserves your attention.');
    const only = terminal(alerts.slice(1));
    expect(only).toContain('all of it was refused; none of it asks for anything to be done.');
    expect(only).not.toContain('WHAT MATTERS FIRST');
  });

  it('does not hold an authorised scan, which is said in a line of its own', () => {
    const source = { ...alert().source!, authorized: 'Example Testers' };
    const agreed = [0, 0].map(() => onDay(0, { severity: 'info', source }));
    const line = 'Example Testers scanned you from 192.0.2.17 as agreed, 5 Oct 2026: 2 alerts, kept for the record.';
    expect(agreedScans([...agreed, onDay(0)])).toEqual([line]);
    for (const text of [
      terminal([...agreed, onDay(0, { key: from(1) })]),
      renderReport(ordinarySummary({ alerts: agreed })),
    ])
      expect(text).toContain(line);
    expect(agreedScans([onDay(0, { source })])).toEqual([]);
  });
});
