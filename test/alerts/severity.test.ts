/**
 * Severity: whole levels, then the caps of the class, every step said in words.
 */
import { describe, expect, it } from 'vitest';
import { severityOf } from '../../src/alerts/severity.ts';
import type { Decision } from '../../src/detect/decision.ts';
import { LEVELS } from '../../src/model/rule.ts';

const decision = (parts: Partial<Decision>) =>
  ({
    detection: 'W05',
    base: 'medium',
    steps: [],
    outcome: 'refused',
    parts: [],
    ...parts,
  }) as unknown as Decision;
const levelOf = (parts: Partial<Decision>, kind: Parameters<typeof severityOf>[1], critical = false) =>
  severityOf(decision(parts), kind, { isCritical: critical }).level;

describe('severity', () => {
  it('of a port scan that the firewall denied is at most low, and says why', () => {
    const severity = severityOf(decision({ detection: 'F01', base: 'medium' }), 'scan');
    expect(severity.level).toBe('low');
    expect(severity.steps.join()).toContain('denied');
  });

  it('of web probing is at most medium while nothing answered, and critical when a file did', () => {
    expect(levelOf({ base: 'high' }, 'scan')).toBe('medium');
    expect(levelOf({ base: 'critical', outcome: 'answered' }, 'scan')).toBe('critical');
  });

  it('of an attempt without a sign of success is at most high, even on a critical system', () => {
    expect(levelOf({ detection: 'W11', base: 'high', outcome: 'tried' }, 'exploit', true)).toBe('high');
    expect(levelOf({ detection: 'W11', base: 'medium', outcome: 'tried' }, 'exploit', true)).toBe('high');
  });

  it('rises by one level on a critical system, but not for a scan and not for what is for the record', () => {
    expect(levelOf({ base: 'medium' }, 'login', true)).toBe('high');
    expect(levelOf({ base: 'low' }, 'scan', true)).toBe('low');
    expect(levelOf({ base: 'info' }, 'exploit', true)).toBe('info');
  });

  it('of enumeration is at most medium when nothing was given, at most high when records were', () => {
    expect(levelOf({ base: 'critical' }, 'enumeration')).toBe('medium');
    expect(levelOf({ base: 'critical', outcome: 'answered' }, 'enumeration')).toBe('high');
  });

  it('of enumeration is high where records of voters were given, and medium where none was', () => {
    const numbers = { records_answered: 900 };
    const of = (parts: Partial<Decision>, isOfVoters: boolean) =>
      severityOf(decision({ detection: 'election.lookup_enum', numbers, ...parts }), 'enumeration', { isOfVoters })
        .level;
    expect(of({ outcome: 'answered' }, true)).toBe('high');
    expect(of({ outcome: 'answered' }, false)).toBe('medium');
    expect(of({ outcome: 'refused', numbers: { records_answered: 0 } }, true)).toBe('medium');
    expect(of({ outcome: 'answered', numbers: { documents: 900 } }, true)).toBe('medium');
  });

  it('of look-ups by an address of the office is for the record; of anything else it is that of everybody', () => {
    const own = severityOf(decision({ base: 'medium', outcome: 'answered' }), 'enumeration', {
      isCritical: true,
      isOwn: true,
    });
    expect(own.level).toBe('info');
    expect(own.steps.join()).toContain('an address of your own');
    expect(severityOf(decision({ base: 'medium' }), 'exploit', { isOwn: true }).level).toBe('medium');
  });

  it('rises by one level while the system matters for an election, never by two, and never for a scan', () => {
    const window = 'while results are shown';
    const at = (base: Decision['base'], around: Parameters<typeof severityOf>[2]) =>
      severityOf(decision({ base }), 'login', around);
    expect(at('low', { window }).level).toBe('medium');
    expect(at('low', { window, isCritical: true }).level).toBe('medium');
    expect(at('low', { window, isCritical: true }).steps.join()).toContain('critical, while results are shown');
    expect(severityOf(decision({ base: 'low' }), 'scan', { window }).level).toBe('low');
    expect(at('info', { window }).level).toBe('info');
  });

  it('of a scan from an authorised scanner is for the record; attempts, log-ins and look-ups keep theirs', () => {
    const authorized = 'Our yearly test';
    const scan = severityOf(decision({ base: 'medium' }), 'scan', { authorized });
    expect(scan.level).toBe('info');
    expect(scan.steps.join()).toContain('that you have authorised (Our yearly test)');
    for (const kind of ['exploit', 'login', 'enumeration', 'answered', 'flood'] as const)
      expect(severityOf(decision({ base: 'medium', detection: 'W11' }), kind, { authorized }).level).toBe('medium');
    const chain = (partLevels: ('info' | 'medium')[]) =>
      severityOf(decision({ detection: 'X01' }), 'chain', { authorized, partLevels }).level;
    expect(chain(['info', 'info'])).toBe('info');
    expect(chain(['info', 'medium'])).toBe('high');
  });

  it('of a chain is one above its gravest part, at most high when nothing answered', () => {
    const chain = (levels: ('low' | 'medium' | 'high')[]) =>
      severityOf(decision({}), 'chain', { partLevels: levels }).level;
    expect(chain(['low', 'low'])).toBe('medium');
    expect(chain(['low', 'medium'])).toBe('high');
    expect(chain(['low', 'high'])).toBe('high');
  });

  it('says no step that changes nothing', () => {
    const parts: Partial<Decision> = { detection: 'election.sentinel', base: 'critical', outcome: 'answered' };
    const sentinel = severityOf(decision(parts), 'answered', { isCritical: true });
    expect(sentinel).toMatchObject({ level: 'critical', steps: [] });
    const high = severityOf(decision({ ...parts, base: 'high' }), 'answered', { isCritical: true });
    expect(high.steps).toEqual(['it touched a system that you call critical: high to critical']);
    const chain = severityOf(decision(parts), 'chain', { partLevels: ['critical'] });
    expect(chain.steps[0]).toBe('as grave as the gravest of its parts: critical');
  });

  it('has a score that sorts within 0 to 100: answered above refused, with company above alone', () => {
    const score = (parts: Partial<Decision>, company: number) =>
      severityOf(decision(parts), 'answered', { isCritical: true, corroboration: company }).score;
    expect(score({ outcome: 'answered' }, 0)).toBeGreaterThan(score({}, 0));
    expect(score({}, 2)).toBeGreaterThan(score({}, 0));
    for (const base of LEVELS) for (const n of [0, 50]) expect(score({ base }, n)).toBeLessThanOrEqual(100);
  });
});
