/**
 * A message that arrived by itself (syslog, a list, an index) → one line in a format that pollwatch reads. Some formats
 * take the syslog header as part of the line (packets of the kernel), of others the message is the line (access logs):
 * whatever fits first.
 *
 *   <190>Sep 14 08:01:00 web01 nginx: 203.0.113.9 - - [14/Sep/2026… → combined, "203.0.113.9 - - [14/Sep/2026…"
 */
import type { Format } from '../formats/format.ts';
import { findFormat, formats } from '../formats/index.ts';
import { unwrap } from '../formats/syslog-wrapping.ts';
import type { OriginReading } from '../model/installation.ts';

/** A line and the format to read it in. */
export interface MessageLine {
  readonly format: string;
  /** latin1, no line end in it */
  readonly line: string;
}

/** Stands in for a message that was too long to keep; every format refuses it. */
export const OVERLONG_LINE = '(a line of more than 256 KiB stood here; it was not kept)';

/** The line of a message. `otherwise` names the format in which a message counts that fits none. */
export function lineOfMessage(message: string, reading: OriginReading, otherwise: string): MessageLine {
  const line = oneLine(message);
  const declared = reading.format === 'auto' ? null : findFormat(reading.format);
  const wanted = declared === null ? formats : [declared];
  const inner = innerOf(line);
  const texts = inner === '' ? [line] : [inner, line];
  for (const isFitting of [isEvent, looksLike]) {
    for (const format of wanted) {
      const text = texts.find((candidate) => isFitting(format, candidate));
      if (text !== undefined) return { format: format.name, line: text };
    }
  }
  return { format: declared?.name ?? otherwise, line };
}

/** The time of a line does not matter here, only whether it has one: late enough for any year that is left out. */
const CONTEXT = { origin: 0, referenceMs: Date.UTC(2096, 11, 31), timezone: 'UTC' };

function isEvent(format: Format, line: string): boolean {
  return 'event' in format.parseLine(line, CONTEXT);
}

function looksLike(format: Format, line: string): boolean {
  return format.looksLike(line);
}

/** Line ends at the end go; those within are written as rsyslog writes them. */
function oneLine(message: string): string {
  const end = /[\r\n\0]*$/.exec(message.slice(-8))![0].length;
  const trimmed = end === 0 ? message : message.slice(0, -end);
  return trimmed.includes('\n') ? trimmed.replaceAll('\n', '#012') : trimmed;
}

/** What a syslog message says behind its header; '' when it has none. */
function innerOf(line: string): string {
  if (line.charCodeAt(0) === 123) return '';
  const unwrapped = unwrap(line, CONTEXT);
  return typeof unwrapped === 'string' ? '' : unwrapped.message;
}
