/**
 * The nine rules of wording over everything that people read: terminal, report, every kind of mail to every kind of
 * reader, and the documents of NDJSON and Elasticsearch, each made from an alert of every detection by the real core.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { CAVEAT } from '../../src/alerts/caveat.ts';
import { alertDocument, type DocumentContext } from '../../src/alerts/ecs.ts';
import { lintNumbers, lintPage, lintWording } from '../../src/alerts/wording-linter.ts';
import { composeMail } from '../../src/mail/compose.ts';
import type { Alert } from '../../src/model/alert.ts';
import type { RunSummary } from '../../src/model/summary.ts';
import { DAY } from '../../src/model/time.ts';
import { renderReport } from '../../src/sinks/report/page.ts';
import { renderTerminal } from '../../src/sinks/terminal.ts';
import { drive, idOf, inventoryOf, NOON, senderOf } from '../mail/mailing.ts';
import { alertsOfEveryDetection } from '../mail/sample-alerts.ts';
import { ordinarySummary } from '../sinks/fixtures.ts';
import { wordsOfPage } from '../sinks/report/words.ts';

let everything: Alert[] = [];
beforeAll(async () => {
  everything = [...(await alertsOfEveryDetection()).values()].flat();
});

const COLUMNS = { columns: 80, colour: false };
/** summaries that show every alert: a few at a time, so that each stands among the first things once */
function summaries(): RunSummary[] {
  const few: RunSummary[] = [];
  for (let at = 0; at < everything.length; at += 4) {
    const alerts = everything.slice(at, at + 4);
    const placed = alerts.map((a) =>
      // a private address is in no data set
      a.source === null || a.source.database === ''
        ? a
        : { ...a, source: { ...a.source, country: { isoCode: 'NL', name: 'Netherlands' } } },
    );
    few.push(ordinarySummary({ alerts: placed }), ordinarySummary({ alerts, office: null }));
  }
  return few;
}

const CONTEXT: DocumentContext = {
  createdMs: NOON,
  revision: 1,
  generation: 1,
  version: '0.1.0',
  status: 'new',
  tlp: 'TLP:AMBER',
  continues: null,
};

describe('the nine rules of wording hold', () => {
  it('for the sentence of every alert: it counts, and says of which log', () => {
    expect(everything.flatMap((alert) => lintNumbers(alert))).toEqual([]);
  });

  it('in the terminal', () => {
    for (const summary of summaries()) expect(lintPage(renderTerminal(summary, COLUMNS))).toEqual([]);
  });

  it('in the report', () => {
    for (const summary of summaries()) {
      const page = wordsOfPage(renderReport(summary));
      expect(lintPage(page)).toEqual([]);
      expect(page).toContain(CAVEAT);
    }
  });

  it('in the documents of NDJSON and Elasticsearch, which carry the caveat', () => {
    for (const alert of everything) {
      const document = alertDocument(alert, CONTEXT);
      const { message, event, rule, pollwatch } = document as Record<string, Record<string, unknown>>;
      const { explanation, verdict, confidence, severity, threshold } = pollwatch as Record<string, object>;
      const words = [explanation, verdict, confidence, severity, threshold ?? []].flatMap(textsOf);
      const texts = [message, event!['reason'], rule!['description'], ...words].map(String);
      expect(lintPage(texts.join('\n')), alert.detection).toEqual([]);
      expect(texts.join('\n')).toContain(CAVEAT);
    }
  });

  it('in documents that name a sender or a target: an address, a system, or a network', () => {
    const nameless = everything.filter((alert) => {
      const document = alertDocument(alert, CONTEXT);
      const { source, destination, pollwatch } = document as Record<string, Record<string, Record<string, unknown>>>;
      return [
        source?.['ip'],
        destination?.['address'],
        pollwatch!['asset']?.['id'],
        pollwatch!['source']?.['network'],
      ].every((name) => name === undefined);
    });
    expect(nameless.map((alert) => alert.detection)).toEqual([]);
  });

  it('in every kind of mail to every kind of reader', () => {
    const inventory = inventoryOf();
    const states = everything.map((alert, i) => ({
      alert: { ...alert, id: idOf(i + 1), severity: i % 3 === 0 ? ('high' as const) : alert.severity },
      revision: 1,
      status: 'new' as const,
      continues: null,
      firstMs: NOON + i * 3 * 3_600_000,
    }));
    const quiet = drive(inventory).until(NOON, NOON + 9 * DAY, []);
    const tasks = [...drive(inventory).until(NOON, NOON + 9 * DAY, states), ...quiet];
    expect(new Set(tasks.map((task) => task.kind))).toEqual(new Set(['alert', 'several', 'digest', 'heartbeat']));
    for (const task of tasks) {
      const coverage = { lines: 120_000, logs: 2, missing: [], drillMs: null };
      const { subject, text } = composeMail(task, senderOf(inventory), coverage);
      expect([...lintWording(subject), ...lintPage(text)], subject).toEqual([]);
      expect(text.startsWith('TLP:AMBER - ')).toBe(true);
      expect(subject.startsWith('[TLP:AMBER] ')).toBe(true);
    }
  });
});

/** All texts in a value, as sentences of their own. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [/[.!?]$/.test(value) ? value : `${value}.`];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
