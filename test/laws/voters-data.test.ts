/**
 * Law 7: voters' data stays out. Marked values are planted wherever a line can carry them, the real program runs over
 * the log, and everything that it wrote is searched: terminal, NDJSON, report, and whatever else lies in the folder.
 * The search is shown to notice a value in each of the ways in which it could be written.
 */
import { describe, expect, it } from 'vitest';
import { type Place, place } from '../cli/pollwatch.ts';
import { bareNamesLog, leaks, MARKED, plantedFirewallLog, plantedLog, WALKED, writings } from './planted-log.ts';

/** Everything that a run left behind, by name. */
function outputsOf(at: Place, ran: { stdout: string; stderr: string }): Record<string, string> {
  const files = at.names().filter((name) => !name.endsWith('.log') && name !== 'county.yaml');
  return { stdout: ran.stdout, stderr: ran.stderr, ...Object.fromEntries(files.map((name) => [name, at.text(name)])) };
}

const ARGUMENTS = ['analyze', '--report', 'report.html', '--output', 'alerts.ndjson'];

describe('what a voter typed', () => {
  it('stands in no output without an inventory', () => {
    const at = place();
    at.put('access.log', plantedLog());
    at.put('kern.log', plantedFirewallLog());
    const outputs = outputsOf(at, at.run([...ARGUMENTS, '--year', '2026', 'access.log', 'kern.log']));
    expect(Object.keys(outputs).sort()).toEqual(['alerts.ndjson', 'report.html', 'stderr', 'stdout']);
    // the run saw the lines and shows them: the values are hidden, not the findings
    expect(outputs['alerts.ndjson']).toContain('lastname=');
    expect(outputs['report.html']).toContain('etc/passwd');
    const found = at.documents('alerts.ndjson').map((d) => JSON.stringify(d));
    expect(found.some((text) => text.includes('election.lookup_enum'))).toBe(true);
    expect(leaks([...MARKED, ...WALKED], outputs)).toEqual([]);
  });

  it('stands in no output when the inventory names the fields, nor in what doctor and rules print', () => {
    const at = place();
    at.put('access.log', plantedLog() + bareNamesLog());
    at.put(
      'county.yaml',
      `version: 1
organization: {id: us-xx-example, name: Example County}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, url_prefixes: [/lookup],
     record_key_params: [voterid, lastname+dob], redact_params: [dob, dl], keep_params: [county]}
`,
    );
    at.put('kern.log', plantedFirewallLog());
    const ran = at.run([...ARGUMENTS, '--year', '2026', '--config', 'county.yaml', 'access.log', 'kern.log']);
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
