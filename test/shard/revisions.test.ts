/** Revisions of very many alerts are forgotten at once. */
import { expect, it } from 'vitest';
import type { Tidings } from '../../src/shard/documents.ts';
import { forgetDays, noteAlerts, sortRevisions } from '../../src/shard/revisions.ts';

it('revisions of very many alerts can be forgotten at once', () => {
  const ids = Array.from({ length: 200_000 }, (_, i) => String(i));
  const revisions = sortRevisions(new Map());
  noteAlerts(revisions, { documents: [], forgotten: ids } as Partial<Tidings> as Tidings);
  forgetDays(revisions, ids);
  expect(revisions.useless).toHaveLength(400_000);
});
