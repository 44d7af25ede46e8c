/**
 * Names of keys: an organisation reaches its own keys and no others.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOrganizationId, organizationKeys } from '../../src/queue/keys.ts';

describe('keys of an organisation', () => {
  it('all carry its tag, so that one script may touch them on a cluster', () => {
    const keys = organizationKeys('pollwatch', 'adams');
    const names = Object.values(keys).map((key) => (typeof key === 'string' ? key : key(3, 5)));
    expect(names.filter((name) => !name.startsWith('pollwatch:{adams}:'))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('are refused for an id that could reach other keys', () => {
    for (const id of ['', 'a:b', '{b}', 'a}', 'A', 'ä', '-a', 'a\n', ' a', '_other', 'a'.repeat(65)]) {
      expect(isOrganizationId(id)).toBe(false);
      expect(() => organizationKeys('pollwatch', id)).toThrow(RangeError);
    }
    expect(isOrganizationId('adams-county-2')).toBe(true);
  });

  it('never belong to two organisations', () => {
    const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/);
    fc.assert(
      fc.property(id, id, (a, b) => {
        fc.pre(a !== b);
        expect(organizationKeys('p', a).origin(1)).not.toBe(organizationKeys('p', b).origin(1));
      }),
    );
  });
});
