/**
 * Who is mailed: those whom the inventory names, each address once.
 */
import { expect, it } from 'vitest';
import { recipientsOf } from '../../src/mail/recipients.ts';
import { INVENTORY, inventoryOf } from './mailing.ts';

const addresses = (text: string) =>
  recipientsOf(inventoryOf(text)).map(({ address, contact }) => `${contact.id} ${address}`);

it('names who stands in a route, in a step of escalation, or owns a system', () => {
  const unnamed = INVENTORY.replace(
    '\nrouting:',
    '\n  press: {name: Press, email: [press@county.example.gov]}\nrouting:',
  );
  expect(addresses(unnamed)).toEqual([
    'it it@county.example.gov',
    'clerk clerk@county.example.gov',
    'state soc@state.example.gov',
  ]);
  const owned = unnamed.replace('owner: it', 'owner: press');
  expect(addresses(owned)).toContain('press press@county.example.gov');
});

it('gives an address that two contacts share, however it is written, to the first', () => {
  const shared = INVENTORY.replace('[clerk@county.example.gov]', '[IT@county.example.gov, clerk@county.example.gov]');
  expect(addresses(shared)).toEqual([
    'it it@county.example.gov',
    'clerk clerk@county.example.gov',
    'state soc@state.example.gov',
  ]);
});
