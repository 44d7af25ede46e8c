/**
 * What is hidden of a request's target or of a URL: user and host in front, segments of the path that may name a person,
 * values of parameters, the fragment.
 */
import { hostName } from '../model/address.ts';
import type { Spans } from './hidden-spans.ts';
import { couldBeName, isPersonal, isPlainName, LOOSE_TEST, PERSON_WORD } from './personal-text.ts';

/** Path, matrix parameters, query and fragment of a target or URL. */
export function hideTarget(spans: Spans, start: number, end: number): void {
  const { line } = spans;
  let pathEnd = start;
  while (pathEnd < end && line[pathEnd] !== '?' && line[pathEnd] !== '#') pathEnd++;
  hidePath(spans, start, pathEnd);
  if (pathEnd === end) return;
  let i = pathEnd + 1;
  if (line[pathEnd] === '?') {
    let queryEnd = i;
    while (queryEnd < end && line[queryEnd] !== '#') queryEnd++;
    hideParameters(spans, i, queryEnd);
    i = queryEnd + 1;
  }
  if (i < end) spans.hide(i, end - i);
}

/** `a=1&b=2;c`: values; items without "=" are values as well; names that are no plain names. */
function hideParameters(spans: Spans, start: number, end: number): void {
  const { line } = spans;
  for (let i = start; i < end; ) {
    let itemEnd = i;
    while (itemEnd < end && line[itemEnd] !== '&' && line[itemEnd] !== ';') itemEnd++;
    let equals = i;
    while (equals < itemEnd && line[equals] !== '=') equals++;
    const name = line.slice(i, equals).toLowerCase();
    if (equals === itemEnd) {
      if (!spans.keepParams.has(name) || spans.redactParams.has(name)) spans.hide(i, itemEnd - i);
    } else {
      if (!isPlainName(name)) spans.hide(i, equals - i);
      if (!spans.keepParams.has(name) || spans.redactParams.has(name)) spans.hide(equals + 1, itemEnd - equals - 1);
    }
    i = itemEnd + 1;
  }
}

/** Segments and matrix parameters of a path; in absolute form also who is named in front of the host. */
export function hidePath(spans: Spans, start: number, end: number): void {
  const { line } = spans;
  const path = line.slice(start, end);
  let i = start;
  let { host } = spans;
  // absolute form (proxy probes, referrers): scheme://user:password@host/…
  const authority = /^[A-Za-z][A-Za-z0-9+.-]{0,15}:\/\/([^/]*)/.exec(path);
  if (authority !== null) {
    const at = authority[1]!.lastIndexOf('@');
    host = authority[1]!.slice(at + 1);
    const hostStart = start + authority[0].length - authority[1]!.length;
    if (at > 0) spans.hide(hostStart, at);
    else if (LOOSE_TEST.test(authority[1]!) && !/^[\d.]+(?::\d+)?$/.test(authority[1]!))
      spans.hide(hostStart, authority[1]!.length);
    i = start + authority[0].length;
  } else if (path.includes('@') && !path.startsWith('/')) {
    spans.hide(start, path.lastIndexOf('@'));
    i = start + path.lastIndexOf('@') + 1;
  }
  hideBirthDates(spans, path, start);
  // where one segment is a person's datum, a name may stand beside it
  const besidePerson = path.split('/').some((segment) => isPersonal(segment.split(';', 1)[0]!));
  const below = i + recordsBegin(spans, line.slice(i, end), host);
  let previous = '';
  while (i < end) {
    if (line[i] === '/') {
      i++;
      continue;
    }
    let segmentEnd = i;
    while (segmentEnd < end && line[segmentEnd] !== '/') segmentEnd++;
    let nameEnd = i;
    while (nameEnd < segmentEnd && line[nameEnd] !== ';') nameEnd++;
    const segment = line.slice(i, nameEnd);
    const mayName = (besidePerson || i > below || PERSON_WORD.test(previous)) && couldBeName(segment);
    hideSegment(spans, i, nameEnd, mayName || spans.redactParams.has(previous));
    if (nameEnd < segmentEnd) hideParameters(spans, nameEnd + 1, segmentEnd);
    previous = line.slice(i, nameEnd).toLowerCase();
    i = segmentEnd;
  }
}

/** Where in a path of a system that keeps records what may name a person begins; Infinity for others. */
function recordsBegin({ recordPaths, recordHosts }: Spans, path: string, host: string | null): number {
  if (recordHosts.length > 0 && host !== null) {
    const name = hostName(host);
    if (name === '' || recordHosts.includes(name)) return 0;
  }
  if (recordPaths.length === 0) return Number.POSITIVE_INFINITY;
  const lower = path.toLowerCase();
  const fitting = recordPaths.filter(
    (prefix) => lower.startsWith(prefix) && [undefined, '/', ';'].includes(lower[prefix.length]),
  );
  return fitting.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...fitting.map((prefix) => prefix.length));
}

/** One path segment: all of it when it looks like personal data (its short ending stays), else the value behind "=". */
function hideSegment(spans: Spans, start: number, end: number, declared: boolean): void {
  const segment = spans.line.slice(start, end);
  const equals = segment.search(/=|%(?:25)*3d/i);
  const encodedQuery = segment.search(/%(?:25)*(?:3f|26|23|3b)/i);
  if (equals >= 0 && (encodedQuery < 0 || equals < encodedQuery)) {
    const name = segment.slice(0, equals);
    const sign = /^(?:=|%(?:25)*3d)/i.exec(segment.slice(equals))![0].length;
    if (!isPlainName(name)) spans.hide(start, equals);
    if (!isPlainName(name) || !spans.keepParams.has(name.toLowerCase())) {
      spans.hide(start + equals + sign, segment.length - equals - sign);
    }
    return;
  }
  if (encodedQuery >= 0 && !isPersonal(segment.slice(0, encodedQuery))) {
    spans.hide(start + encodedQuery, segment.length - encodedQuery);
    return;
  }
  if (!declared && !isPersonal(segment)) return;
  const ending = /\.[A-Za-z][A-Za-z0-9]{0,4}$/.exec(segment);
  const shown = ending !== null && !declared && !segment.includes('@') && !/%40/.test(segment) ? ending[0].length : 0;
  spans.hide(start, segment.length - shown);
}

/** /1970/01/31 and /01/31/1970: a year that a voter can be born in, over three segments. */
function hideBirthDates(spans: Spans, path: string, start: number): void {
  for (const m of path.matchAll(
    /(?<!\d)(?:(?:19\d\d|200\d)\/\d{1,2}\/\d{1,2}|\d{1,2}\/\d{1,2}\/(?:19\d\d|20\d\d))(?!\d)/g,
  )) {
    let at = start + m.index;
    for (const part of m[0].split('/')) {
      spans.hide(at, part.length);
      at += part.length + 1;
    }
  }
}
