/**
 * A JSON document of Filebeat, Logstash or Elasticsearch → one line: the raw line of the log where the document still
 * carries it (event.original, message), else the whole document in the format `ecs`.
 */
import type { OriginReading } from '../model/installation.ts';
import { lineOfMessage, type MessageLine, OVERLONG_LINE } from './message-line.ts';
import { MESSAGE_BYTES_MAX } from './syslog-framing.ts';

/** The line of a document as text; what is no JSON document is a raw line itself. */
export function lineOfText(text: string, reading: OriginReading): MessageLine {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    document = null;
  }
  if (typeof document !== 'object' || document === null)
    return bounded(lineOfMessage(bytesOf(text), reading, 'combined'));
  return lineOfDocument(document, reading);
}

/** The line of a document. */
export function lineOfDocument(document: object, reading: OriginReading): MessageLine {
  const raw = textAt(document, ['event', 'original']) ?? textAt(document, ['message']);
  // a document of a module has both: fields that were read and what they were read from
  if (raw !== null) {
    const line = lineOfMessage(bytesOf(raw), reading, '');
    if (line.format !== '') return bounded(line);
  }
  return bounded({ format: 'ecs', line: lineOfJson(document) });
}

/** Stands in for a document that cannot be written as a line; no format reads it. */
const NESTED_LINE = '(a document of too many levels stood here; it was not kept)';

/** A document that a stranger wrote may have more levels than the stack: reading it costs none, writing it does. */
function lineOfJson(document: object): string {
  try {
    return bytesOf(JSON.stringify(document));
  } catch (error) {
    if (error instanceof RangeError) return NESTED_LINE;
    throw error;
  }
}

/** Lines hold one character per byte. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function bounded(line: MessageLine): MessageLine {
  return line.line.length > MESSAGE_BYTES_MAX ? { ...line, line: OVERLONG_LINE } : line;
}

function textAt(document: object, path: readonly string[]): string | null {
  const dotted = path.join('.');
  let value: unknown = Object.hasOwn(document, dotted) ? (document as Record<string, unknown>)[dotted] : document;
  if (value === document) {
    for (const step of path) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, step)
          ? (value as Record<string, unknown>)[step]
          : undefined;
    }
  }
  return typeof value === 'string' && value !== '' ? value : null;
}
