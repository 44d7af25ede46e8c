/**
 * Law 7: voters' data stays out. Marked values are planted wherever a line can carry them, the real program runs over
 * the log, and everything that it wrote is searched: terminal, NDJSON, report, and whatever else lies in the folder.
 * The search is shown to notice a value in each of the ways in which it could be written.
 */
import { describe, expect, it } from 'vitest';
import { accessLine, type Place, place, probingLog } from '../cli/pollwatch.ts';

/** People who do not exist: what a look-up page is asked with. */
const NAMES = ['Zebulonsen', 'Quixwright', 'Marigoldova'];
const BIRTHS = ['1957-03-29', '03/29/1957', '19570329'];
const LICENCES = ['D4471-8820-1193', 'QX99817263'];
const MAILS = ['zebulonsen@voter.example'];
const MARKED = [...NAMES, ...BIRTHS, ...LICENCES, ...MAILS];

/** A value as it could stand in an output: as it is, escaped for a URL, HTML or JSON, as base64 or hex. */
function writings(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [
    value,
    encodeURIComponent(value),
    encodeURIComponent(encodeURIComponent(value)),
    value.replaceAll('/', '\\/'),
    value.replaceAll('@', '&#64;'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
  ];
}

/** Which marked values stand in which output. */
function leaks(values: readonly string[], outputs: Readonly<Record<string, string>>): string[] {
  return Object.entries(outputs).flatMap(([name, text]) => {
    const lowered = text.toLowerCase();
    return values
      .filter((value) => writings(value).some((w) => lowered.includes(w.toLowerCase())))
      .map((value) => `${name}: ${value}`);
  });
}

/** Lines that carry the values: look-ups that are ordinary, that fail, that are attacked, that nobody can read. */
function plantedLog(): string {
  const probing = probingLog();
  const lookups = MARKED.flatMap((value, i) => {
    const v = encodeURIComponent(value);
    const at = 200 + i * 20;
    return [
      accessLine(`/lookup?lastname=${v}&county=12`, { second: at, status: 200, ip: '192.0.2.10' }),
      accessLine(`/lookup;name=${v}/result?dob=${v}`, { second: at + 1, ip: '198.51.100.7' }),
      accessLine(`/lookup?lastname=${v}'%20OR%201=1--&dob=${v}`, { second: at + 2, ip: '198.51.100.7' }),
      accessLine(`/lookup?q=../../../../etc/passwd&dl=${v}`, { second: at + 3, ip: '198.51.100.7' }),
      accessLine('/.env', { second: at + 4, referrer: `https://vote.example.gov/s?name=${v}`, ip: '198.51.100.7' }),
      accessLine('/admin/login.php', { second: at + 5, user: value.replaceAll(' ', ''), status: 401 }),
      `192.0.2.11 - - [14/Sep/2026:10:59:01 +0000] "GET /lookup?lastname=${v} HTTP/1.1 broken ${v}\n`,
      `not a line of any log, but ${value} stands in it\n`,
    ];
  });
  // one source that walks through records: enumeration is told from the values and shows none of them
  const walk = Array.from({ length: 120 }, (_, i) =>
    accessLine(`/lookup?voterid=${880_000_417 + i}&lastname=${NAMES[i % NAMES.length]!}`, {
      second: 600 + i,
      status: 200,
      ip: '198.51.100.44',
    }),
  );
  return probing + lookups.join('') + walk.join('');
}

/** Everything that a run left behind, by name. */
function outputsOf(at: Place, ran: { stdout: string; stderr: string }): Record<string, string> {
  const files = at.names().filter((name) => name !== 'access.log' && name !== 'county.yaml');
  return { stdout: ran.stdout, stderr: ran.stderr, ...Object.fromEntries(files.map((name) => [name, at.text(name)])) };
}

const ARGUMENTS = ['analyze', '--report', 'report.html', '--output', 'alerts.ndjson'];

describe('what a voter typed', () => {
  it('stands in no output without an inventory', () => {
    const at = place();
    at.put('access.log', plantedLog());
    const outputs = outputsOf(at, at.run([...ARGUMENTS, 'access.log']));
    expect(Object.keys(outputs).sort()).toEqual(['alerts.ndjson', 'report.html', 'stderr', 'stdout']);
    // the run saw the lines and shows them: the values are hidden, not the findings
    expect(outputs['alerts.ndjson']).toContain('lastname=');
    expect(outputs['report.html']).toContain('etc/passwd');
    const found = at.documents('alerts.ndjson').map((d) => JSON.stringify(d));
    expect(found.some((text) => text.includes('election.lookup_enum'))).toBe(true);
    expect(leaks([...MARKED, '880000417', '880000536'], outputs)).toEqual([]);
  });

  it('stands in no output when the inventory names the fields, nor in what doctor and rules print', () => {
    const at = place();
    at.put('access.log', plantedLog());
    at.put(
      'county.yaml',
      `version: 1
organization: {id: us-xx-example, name: Example County}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, url_prefixes: [/lookup],
     record_key_params: [voterid, lastname+dob], redact_params: [dob, dl], keep_params: [county]}
`,
    );
    const ran = at.run([...ARGUMENTS, '--config', 'county.yaml', 'access.log']);
    const doctor = at.run(['doctor', '--config', 'county.yaml', 'access.log']);
    const outputs: Record<string, string> = { ...outputsOf(at, ran), doctor: doctor.stdout + doctor.stderr };
    expect(outputs['alerts.ndjson']).toContain('election.lookup_enum');
    expect(leaks(MARKED, outputs)).toEqual([]);
  });
});

describe('the search for what a voter typed notices', () => {
  it('a value in any output, however it is written there', () => {
    for (const value of MARKED) {
      for (const written of writings(value)) {
        expect(leaks([value], { report: `<td>${written}</td>` }), written).toEqual([`report: ${value}`]);
        expect(leaks([value], { report: `<td>${written.toUpperCase()}</td>` }), written).not.toEqual([]);
      }
    }
  });

  it('a program that shows lines as they stand in the log', () => {
    const at = place();
    at.put('access.log', plantedLog());
    // `parse` prints what the log says, and says so: the same search finds every value in it
    const shown = leaks(MARKED, { parse: at.run(['parse', 'access.log']).stdout });
    expect(shown.sort()).toEqual(MARKED.map((value) => `parse: ${value}`).sort());
  });
});
