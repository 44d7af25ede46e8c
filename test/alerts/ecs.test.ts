import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { compareAlerts } from '../../src/alerts/alert-order.ts';
import { alertDocument, type DocumentContext } from '../../src/alerts/ecs.ts';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import { canonicalAlert } from '../laws/canonical-alert.ts';
import { alert, hostileSummary, ordinaryAlerts, sharedAlert } from '../sinks/fixtures.ts';

const CONTEXT: DocumentContext = {
  createdMs: Date.UTC(2026, 8, 15),
  revision: 1,
  generation: 0,
  version: '0.1.0',
  status: 'new',
  tlp: 'TLP:AMBER',
  continues: null,
};

const schema = JSON.parse(
  readFileSync(new URL('../../config/schema/alert.schema.json', import.meta.url), 'utf8'),
) as object;
const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, formats: { 'date-time': true } });
const validate = ajv.compile(schema);
const problems = (document: unknown) => (validate(document) ? [] : validate.errors);

const aggregate = alert({
  detection: 'F15',
  name: 'Hot prefix',
  key: { kind: 'prefix', text: '198.51.100.0/24' },
  network: '198.51.100.0/24',
  source: null,
  related: ['198.51.100.1', '198.51.100.2', '198.51.100.3'],
});

describe('the ECS document of an alert', () => {
  it('holds to the published schema, for every kind of key', () => {
    const kinds = [
      ...ordinaryAlerts(),
      aggregate,
      sharedAlert(),
      alert({ key: { kind: 'as', text: 'AS64500 EXAMPLE-HOSTING' }, source: null, related: ['192.0.2.1'] }),
    ];
    for (const one of kinds) expect(problems(alertDocument(one, CONTEXT)), one.name).toEqual([]);
  });

  it('names each organisation that was touched, and what their alerts have in common', () => {
    expect(alertDocument(sharedAlert(), CONTEXT)).toMatchObject({
      pollwatch: {
        jurisdiction: { id: ['us-xx-adams', 'us-xx-baker'], level: ['county'], parent: ['us-xx'], count: 2 },
        campaign: { id: 'a'.repeat(16), members: 3, first_seen: '2026-09-14T10:00:00.000Z' },
      },
    });
  });

  it('of a campaign names its senders apart from our addresses, and the blocks that they are in', () => {
    const related = ['192.0.2.9', '198.51.100.1', '198.51.100.2', '2001:db8:1:2::3'];
    const campaign = { key: { kind: 'campaign', text: 'probe set 1f' }, source: null, related } as const;
    const document = alertDocument(
      alert({ ...campaign, related: [...related], destinations: ['203.0.113.10'] }),
      CONTEXT,
    );
    expect(problems(document)).toEqual([]);
    expect(document).toMatchObject({
      related: { ip: [...related, '203.0.113.10'] },
      pollwatch: {
        source: {
          addresses: related,
          network: ['192.0.2.0/24', '198.51.100.0/24', '2001:db8:1::/48'],
          count: 4,
        },
      },
    });
    expect(document).not.toHaveProperty('source');
    expect(alertDocument(alert(), CONTEXT)).not.toHaveProperty('pollwatch.source.network');
  });

  it('carries the mark of the office: who may read it on', () => {
    for (const tlp of ['TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN'] as const) {
      const document = alertDocument(alert(), { ...CONTEXT, tlp });
      expect(document).toMatchObject({ pollwatch: { tlp } });
      expect(problems(document)).toEqual([]);
    }
    const document = alertDocument(alert(), CONTEXT) as { pollwatch: object };
    expect(problems({ ...document, pollwatch: { ...document.pollwatch, tlp: 'AMBER' } })).not.toEqual([]);
  });

  it('is refused by the schema as soon as a field is unknown or a number is text', () => {
    const document = alertDocument(alert(), CONTEXT);
    expect(problems({ ...document, surprise: 1 })).not.toEqual([]);
    expect(problems({ ...document, event: { ...(document['event'] as object), severity: '99' } })).not.toEqual([]);
  });

  it('says when, how grave and what in ECS names', () => {
    expect(alertDocument(alert(), CONTEXT)).toMatchObject({
      '@timestamp': '2026-09-14T10:43:00.000Z',
      message: expect.stringMatching(/^Sensitive files asked for: 42 requests/),
      event: {
        kind: 'alert',
        category: ['intrusion_detection', 'web'],
        action: 'sensitive-files-asked-for',
        code: 'W05',
        outcome: 'success',
        start: '2026-09-14T10:21:00.000Z',
        end: '2026-09-14T10:43:00.000Z',
        duration: 22 * 60 * 1_000_000_000,
        severity: 99,
        risk_score: 91,
      },
      threat: {
        tactic: { id: ['TA0043', 'TA0006'] },
        technique: {
          id: ['T1595', 'T1552'],
          name: ['Active Scanning', 'Unsecured Credentials'],
          subtechnique: { id: ['T1595.003', 'T1552.001'] },
        },
      },
      source: {
        ip: '192.0.2.17',
        address: '192.0.2.17',
        as: { number: 64500, organization: { name: 'EXAMPLE-HOSTING' } },
        geo: { country_iso_code: 'NL' },
      },
      destination: { domain: 'voterlookup.example.gov' },
      pollwatch: {
        evidence: { requests: 42, distinct_paths: 31, status_counts: { '200': 1, '404': 41 } },
        explanation: { caveat_id: 'attr.caveat.v1' },
      },
    });
  });

  it('names no source for an aggregate, but its network and its members', () => {
    const document = alertDocument(aggregate, CONTEXT);
    expect(document).not.toHaveProperty('source');
    expect(document).toMatchObject({
      related: { ip: ['198.51.100.1', '198.51.100.2', '198.51.100.3'] },
      pollwatch: { source: { network: '198.51.100.0/24', count: 3 } },
    });
  });

  it('names the /64 of an IPv6 source beside the address that was seen', () => {
    const v6 = ordinaryAlerts().find((one) => one.key.text.includes(':'))!;
    expect(alertDocument(v6, CONTEXT)).toMatchObject({
      source: { ip: '2001:db8:7:1::9' },
      pollwatch: { source: { network: '2001:db8:7:1::/64' } },
    });
  });

  it('is made for any text that a log can hold', () => {
    for (const one of hostileSummary().alerts) {
      const document = alertDocument(one, CONTEXT);
      expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    }
  });

  it('keeps to the wording rules', () => {
    for (const one of [...ordinaryAlerts(), aggregate]) {
      const { message, pollwatch } = alertDocument(one, CONTEXT) as {
        message: string;
        pollwatch: { explanation: object };
      };
      expect(lintWording(message)).toEqual([]);
      expect(lintWording(Object.values(pollwatch.explanation).flat().join('\n'))).toEqual([]);
    }
  });
});

describe('the canonical alert', () => {
  it('does not change with file names, offsets, key order or the order of lines', () => {
    const one = alert();
    const moved = Object.fromEntries(Object.entries(one).reverse()) as typeof one;
    moved.lines = [...one.lines]
      .reverse()
      .map((line) => ({ ...line, origin: 'other.log.1', offset: line.offset + 17 }));
    expect(canonicalAlert(moved)).toBe(canonicalAlert(one));
  });

  it('changes with anything that the log said', () => {
    const one = alert();
    const before = canonicalAlert(one);
    expect(canonicalAlert({ ...one, endMs: one.endMs + 1 })).not.toBe(before);
    expect(canonicalAlert({ ...one, evidence: { ...one.evidence, requests: 43 } })).not.toBe(before);
    expect(canonicalAlert({ ...one, lines: one.lines.slice(1) })).not.toBe(before);
  });
});

describe('the reading order', () => {
  it('is severity, score, start, id, whatever the order given', () => {
    const order = (list: ReturnType<typeof ordinaryAlerts>) => [...list].sort(compareAlerts).map((one) => one.severity);
    expect(order(ordinaryAlerts())).toEqual(['critical', 'high', 'medium', 'medium', 'medium', 'low', 'info']);
    expect([...ordinaryAlerts()].reverse().sort(compareAlerts)).toEqual([...ordinaryAlerts()].sort(compareAlerts));
  });
});
