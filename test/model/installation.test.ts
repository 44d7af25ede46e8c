/** Which organisation another one tells what others should know. */
import { describe, expect, it } from 'vitest';
import { parentFindings } from '../../src/commands/doctor-installation.ts';
import { parseInventory } from '../../src/config/inventory.ts';
import { parentOf, type Tenant } from '../../src/model/installation.ts';

const tenantsOf = (...organizations: string[]) =>
  new Map(
    organizations.map((text) => {
      const inventory = parseInventory(`version: 1\norganization: {${text}, name: Somewhere}\n`, 'inventory.yaml');
      return [inventory.organization.id, { id: inventory.organization.id, inventory }] as const;
    }),
  );
const parents = (...organizations: string[]) => {
  const tenants = tenantsOf(...organizations);
  return [...tenants.values()].map((tenant) => parentOf(tenant, tenants));
};

describe('the organisation above another one', () => {
  it('is the one that its inventory names', () => {
    expect(parents('id: us-xx, level: state', 'id: us-xx-adams, parent: us-xx', 'id: us-yy, level: state')).toEqual([
      null,
      'us-xx',
      null,
    ]);
  });

  it('is none where none is named, also beside the only state of the installation', () => {
    expect(parents('id: us-xx, level: state', 'id: us-xx-adams, level: county')).toEqual([null, null]);
  });

  it('is none where the one that is named is not of the installation, or itself', () => {
    expect(parents('id: us-xx, level: state', 'id: adams, parent: us-yy', 'id: baker, parent: baker')).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('is missed by doctor where it is named and not there', () => {
    const found = (...organizations: string[]) =>
      parentFindings({ tenants: tenantsOf(...organizations) as unknown as ReadonlyMap<string, Tenant> });
    expect(found('id: us-xx, level: state', 'id: adams, parent: us-xx', 'id: baker')).toEqual([]);
    const [one, ...others] = found('id: us-xx, level: state', 'id: adams, parent: us-yy');
    expect(one).toMatchObject({ state: 'look', what: expect.stringContaining('adams names us-yy as its parent') });
    expect(others).toEqual([]);
  });
});
