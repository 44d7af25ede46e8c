/** What Prometheus reads: the numbers of the store, this process's own, and a set of labels that nothing can blow up. */
import { describe, expect, it } from 'vitest';
import { createMetrics, type OrganizationNumbers } from '../../src/operate/metrics.ts';

function numbersOf(organization: string, value: number): OrganizationNumbers {
  const gauges = {
    queued_bytes: value,
    waiting_chunks: value,
    flying_chunks: value,
    flying_seconds: value,
    log_records: value,
    state_bytes: value,
    pending_documents: value,
    waiting_facts: value,
    dead_letters: value,
    mails_waiting: 0,
    mails_oldest_seconds: 0,
    mails_failed: 0,
    alerts_held: 0,
    drill_passed_seconds: null,
    alerts_standing: value,
    halted_seconds: 0,
    lag_seconds: null,
  };
  return { organization, gauges, counts: { lines: value, refused: 1 } };
}
const metricsOf = (organizations: string[], read: () => Promise<OrganizationNumbers[]>) =>
  createMetrics({ organizations, version: '1.2.3', read });

describe('the metrics', () => {
  it('tell what the store says of each organisation, and leave out what is not known', async () => {
    const text = await metricsOf(['us-xx-a', 'us-xx-b'], async () => [
      numbersOf('us-xx-a', 10),
      numbersOf('us-xx-b', 4),
    ]).text();
    expect(text).toContain('pollwatch_queued_bytes{organization="us-xx-a"} 10');
    expect(text).toContain('pollwatch_lines_total{organization="us-xx-b"} 4');
    expect(text).toContain('pollwatch_store_up 1');
    expect(text).toContain('pollwatch_info{version="1.2.3"} 1');
    expect(text).not.toContain('pollwatch_lag_seconds{');
  });

  it('sum organisations that are not configured up as "other", their ages by the worst', async () => {
    const text = await metricsOf(['us-xx-a'], async () => [
      numbersOf('us-xx-a', 1),
      numbersOf('left-1', 10),
      numbersOf('left-2', 30),
    ]).text();
    expect(text).toContain('pollwatch_queued_bytes{organization="other"} 40');
    expect(text).toContain('pollwatch_flying_seconds{organization="other"} 30');
    expect(text).not.toContain('left-');
  });

  it('have at most a thousand organisations with a label of their own', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `org-${i}`);
    const metrics = metricsOf(names, async () => names.map((name) => numbersOf(name, 1)));
    const text = await metrics.text();
    expect(text.match(/^pollwatch_queued_bytes\{/gm)).toHaveLength(1001);
    expect(text).toContain('pollwatch_queued_bytes{organization="other"} 2000');
  });

  it('say so when the store does not answer, and still tell what this process did', async () => {
    const metrics = metricsOf(['us-xx-a'], () => Promise.reject(new Error('ECONNREFUSED')));
    metrics.count('index_retries', 'us-xx-a', 3);
    metrics.count('index_retries', 'unknown');
    const text = await metrics.text();
    expect(text).toContain('pollwatch_store_up 0');
    expect(text).toContain('pollwatch_worker_total{what="index_retries",organization="us-xx-a"} 3');
    expect(text).toContain('pollwatch_worker_total{what="index_retries",organization="other"} 1');
  });

  it('tell what this process ingests, origins of an organisation summed up', async () => {
    const one = {
      ingest_bytes: 5,
      ingest_chunks: 1,
      ingest_overlong: 0,
      ingest_cut: 0,
      ingest_turned_away: 0,
      ingest_dropped: 2,
    };
    const each = { ...one, ingest_behind_bytes: 7, ingest_waiting: 1, organization: 'us-xx-a' };
    const read = () => Promise.resolve([]);
    const ingest = () => [each, each];
    const text = await createMetrics({ organizations: ['us-xx-a'], version: '1.2.3', read, ingest }).text();
    expect(text).toContain('pollwatch_worker_ingest_behind_bytes{organization="us-xx-a"} 14');
    expect(text).toContain('pollwatch_worker_ingest_waiting{organization="us-xx-a"} 2');
  });

  it('read the store once for scrapers that come at once', async () => {
    let reads = 0;
    const metrics = metricsOf([], async () => {
      reads++;
      return [];
    });
    await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
    expect(reads).toBe(1);
  });
});
