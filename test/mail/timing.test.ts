/**
 * When a contact may be mailed: quiet hours, in local time and over both changes of the clock, outside and inside windows of
 * an election.
 */
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/model/time.ts';
import { alertMails, drive, INVENTORY, inShort, inventoryOf, stateOf } from './mailing.ts';

const inventory = inventoryOf();

describe('quiet hours', () => {
  const night = Date.UTC(2026, 6, 15, 3); // 22:00 in Chicago
  it('hold everything back but what is critical, until they end', () => {
    const states = [
      stateOf(1, {}, { firstMs: night }),
      stateOf(2, { severity: 'high' }, { firstMs: night }),
      stateOf(3, { severity: 'critical' }, { firstMs: night }),
    ];
    const sent = alertMails(drive(inventory).until(night, night + 9 * HOUR, states)).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(sent.map((t) => [inShort([t])[0], new Date(t.nowMs).toISOString().slice(11, 16)])).toEqual([
      ['first it 3', '03:00'],
      ['several it 2', '11:00'],
    ]);
  });

  it('let what is high pass while a window of an election is open', () => {
    const late = Date.UTC(2026, 9, 31, 3); // 22:00, five days before the election
    const states = [stateOf(1, { severity: 'high' }, { firstMs: late }), stateOf(2, {}, { firstMs: late })];
    const sent = alertMails(drive(inventory).until(late, late + 9 * HOUR, states)).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(sent.map((t) => [inShort([t])[0], (t.nowMs - late) / MINUTE])).toEqual([
      ['first it 1', 2],
      ['first it 2', 8 * 60],
    ]);
  });

  it('are those of each recipient', () => {
    const own = inventoryOf(
      INVENTORY.replace('email: [it@', 'quiet_hours: "20:00-06:00", email: [it@').replace(
        'email: [clerk@',
        'quiet_hours: "17:00-09:30", timezone: America/New_York, email: [clerk@',
      ),
    );
    const sent = alertMails(
      drive(own).until(night, night + 12 * HOUR, [stateOf(1, { severity: 'high' }, { firstMs: night })]),
    );
    expect(sent.map((t) => [t.recipient.contact.id, new Date(t.nowMs).toISOString().slice(11, 16)])).toEqual([
      ['it', '11:00'],
      // an hour after the first mail, and never quiet
      ['state', '12:00'],
      ['clerk', '13:30'],
    ]);
  });

  it('end an hour earlier or later by UTC after a change of the clock', () => {
    const endOn = (year: number, month: number, day: number) => {
      const from = Date.UTC(year, month - 1, day, 4);
      const far = inventoryOf(INVENTORY.replace(/calendar:[\s\S]*$/, ''));
      const sent = alertMails(drive(far).until(from, from + 12 * HOUR, [stateOf(1, {}, { firstMs: from })]));
      return new Date(sent[0]!.nowMs).toISOString().slice(0, 16);
    };
    expect(endOn(2026, 3, 7)).toBe('2026-03-07T12:00');
    expect(endOn(2026, 3, 8)).toBe('2026-03-08T11:00');
    expect(endOn(2026, 10, 31)).toBe('2026-10-31T11:00');
    expect(endOn(2026, 11, 1)).toBe('2026-11-01T12:00');
  });
});
