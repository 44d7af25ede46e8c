/** The outbox of facts against a real Redis, alone and as a cluster. */
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/model/fact.ts';
import { commitFacts, countFacts, type NewFact, settleFacts, takeFacts } from '../../src/queue/facts.ts';
import { createSeal, type Seal } from '../../src/queue/seal.ts';
import { acquireLease, readLog, readShard } from '../../src/queue/shard-store.ts';
import { organizations } from '../../src/queue/store.ts';
import { moveFacts } from '../../src/shard/facts.ts';
import { decodeRecord } from '../../src/shard/record.ts';
import { unsealed } from '../../src/shard/sealed.ts';
import type { Installed } from './county.ts';
import { freshly, SERVERS } from './installed.ts';

const ORG = 'adams';
const STATE = 'us-xx';

/** Each organisation has a key of its own. */
const SEALS: Readonly<Record<string, Seal>> = {
  [STATE]: createSeal(new Uint8Array(32).fill(1)),
  'us-yy': createSeal(new Uint8Array(32).fill(2)),
};
const sealOf = (org: string) => SEALS[org] ?? null;

const waiting = (id: string, version: number, to = STATE): NewFact => ({
  id,
  to,
  text: JSON.stringify({ id, version, key: [0, 1], endMs: 1, sighting: null } satisfies Fact),
  revision: { v: version, d: 'digest' },
});

describe.each(SERVERS)('with $kind', ({ cluster }) => {
  let pw: Installed;
  const open = freshly(cluster, (opened) => {
    pw = opened;
  });
  const fresh = (work: (fence: number) => Promise<void>) =>
    open(async () => work((await acquireLease(pw.store, ORG, 'w', 60_000))!));
  const factsIn = async (org: string) => {
    const { records } = await readLog(pw.store, org, 0, 1e6);
    return records.flatMap((bytes) => {
      const record = decodeRecord(unsealed(bytes, SEALS[org]!, org, 'record'));
      return record.kind === 'facts' ? record.facts.map(({ id, version }) => `${id} ${version}`) : [];
    });
  };

  it('facts stand with the revisions of their alerts, and only who holds the lease writes them', () =>
    fresh(async (fence) => {
      const facts = [waiting('a', 1), waiting('b', 1)];
      expect(await commitFacts(pw.store, ORG, { fence: fence - 1, worker: 'w' }, facts)).toBe('fenced');
      expect(await commitFacts(pw.store, ORG, { fence, worker: 'other' }, facts)).toBe('fenced');
      expect([await countFacts(pw.store, ORG), (await readShard(pw.store, ORG)).revisions.size]).toEqual([0, 0]);
      expect(await commitFacts(pw.store, ORG, { fence, worker: 'w' }, facts)).toBe('committed');
      expect([...(await readShard(pw.store, ORG)).revisions.keys()].sort()).toEqual(['a', 'b']);
      const found = await takeFacts(pw.store, ORG, 10);
      expect(found.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(facts.map(({ id, to, text }) => ({ id, to, text })));
    }));

  it('a fact that was replaced while an older one was moved stays', () =>
    fresh(async (fence) => {
      const lease = { fence, worker: 'w' };
      await commitFacts(pw.store, ORG, lease, [waiting('a', 1), waiting('b', 1)]);
      const moved = await takeFacts(pw.store, ORG, 10);
      await commitFacts(pw.store, ORG, lease, [waiting('a', 2)]);
      await settleFacts(pw.store, ORG, moved);
      expect((await takeFacts(pw.store, ORG, 10)).map(({ text }) => (JSON.parse(text) as Fact).version)).toEqual([2]);
      await settleFacts(pw.store, ORG, moved);
      expect(await countFacts(pw.store, ORG)).toBe(1);
    }));

  it('moves facts to the logs that they are for, however many there are, and leaves none', () =>
    fresh(async (fence) => {
      const many = Array.from({ length: 1700 }, (_, i) => waiting(`alert-${i}`, 1, i % 2 === 0 ? STATE : 'us-yy'));
      await commitFacts(pw.store, ORG, { fence, worker: 'w' }, many);
      expect(await moveFacts(pw.store, ORG, sealOf)).toBe(1700);
      expect(await moveFacts(pw.store, ORG, sealOf)).toBe(0);
      expect((await factsIn(STATE)).length + (await factsIn('us-yy')).length).toBe(1700);
      expect(new Set([...(await factsIn(STATE)), ...(await factsIn('us-yy'))]).size).toBe(1700);
      expect(await organizations(pw.store)).toEqual([STATE, 'us-yy']);
      // nobody reads them without the key of whose log it is, not even with that of another organisation
      const { records } = await readLog(pw.store, STATE, 0, 1e6);
      for (const bytes of records) {
        expect(() => decodeRecord(bytes)).toThrow(/newer|version/);
        expect(() => unsealed(bytes, SEALS['us-yy']!, STATE, 'record')).toThrow(/does not open/);
      }
    }));

  it('facts for an organisation whose key this worker does not have wait for one that does', () =>
    fresh(async (fence) => {
      await commitFacts(pw.store, ORG, { fence, worker: 'w' }, [waiting('a', 1), waiting('b', 1, 'us-zz')]);
      expect(await moveFacts(pw.store, ORG, sealOf)).toBe(1);
      expect((await takeFacts(pw.store, ORG, 10)).map(({ id }) => id)).toEqual(['b']);
      expect(await factsIn(STATE)).toEqual(['a 1']);
    }));
});
