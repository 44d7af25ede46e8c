/** Documents in ECS: what `pollwatch parse` prints of any log reads back as the same events. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { combined } from '../../src/formats/combined.ts';
import { ecs } from '../../src/formats/ecs.ts';
import { netfilter } from '../../src/formats/netfilter.ts';
import { eventDocument } from '../../src/sinks/event-document.ts';
import { CONTEXT, linesOf } from './rows.ts';

it('what is printed of the events of every other format reads back as the same events', () => {
  let events = 0;
  for (const format of [combined, netfilter]) {
    const folder = join(import.meta.dirname, format.name);
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.log'))) {
      linesOf(readFileSync(join(folder, name))).forEach((line, i) => {
        const parsed = format.parseLine(line, CONTEXT);
        // bytes that are no UTF-8 are printed as U+FFFD and cannot come back
        if (!('event' in parsed) || Buffer.from(line, 'latin1').toString('utf8').includes('\ufffd')) return;
        const document = JSON.stringify(eventDocument(parsed.event, { name, line: i + 1 }));
        const again = ecs.parseLine(Buffer.from(document, 'utf8').toString('latin1'), CONTEXT);
        expect(again, `${name}:${i + 1}`).toEqual(parsed);
        events++;
      });
    }
  }
  expect(events).toBeGreaterThan(300);
});

it('a field with a name of the language itself is read from the document and from nowhere else', () => {
  const polluted = '{"@timestamp":0,"source":{"ip":"203.0.113.9"},"url":{"path":"/","__proto__":{"original":"/x"}}}';
  expect(ecs.parseLine(polluted, CONTEXT)).toMatchObject({ event: { 'url.original': '/' } });
  expect(ecs.parseLine('{"@timestamp":0,"constructor":{"name":"url.original"}}', CONTEXT)).toHaveProperty('skipped');
});
