/** `pollwatch init` and what `pollwatch doctor` says of the inventory that came of it. */
import { describe, expect, it } from 'vitest';
import { accessLine, place, sample } from './pollwatch.ts';

describe('init', () => {
  it('drafts an inventory that doctor accepts', () => {
    const here = place();
    const drafted = here.run([
      'init',
      '--year',
      '2026',
      '--output',
      'county.yaml',
      sample('nginx-access.log'),
      sample('kern.log'),
    ]);
    expect(drafted).toMatchObject({ status: 0, stdout: '' });
    const checked = here.run(['doctor', '--config', 'county.yaml', sample('nginx-access.log'), sample('kern.log')]);
    expect(checked.status).toBe(0);
    expect(checked.stdout).toContain('there are no contacts: nobody would be mailed');
    expect(checked.stdout).not.toContain('never appears in these logs');
  });

  it('calls what serves many things none of them', () => {
    const here = place();
    const pages = (prefix: string, names: readonly string[]) =>
      Array.from({ length: 60 }, (_, i) =>
        accessLine(`/${prefix}/${names[i % names.length]}`, { second: i, ip: `198.51.100.${1 + i}`, status: 200 }),
      );
    here.put(
      'access.log',
      [...pages('api', ['results', 'weather', 'news']), ...pages('board', ['results', 'results/7'])].join(''),
    );
    const { stdout } = here.run(['init', 'access.log']);
    expect(stdout).toContain('url_prefixes: ["/board"]');
    expect(stdout).toContain('kind: results_enr');
    expect(stdout).not.toContain('/api');
  });

  it('shows the draft where no file is named, and never replaces one', () => {
    const here = place();
    expect(here.run(['init', sample('nginx-access.log')]).stdout).toContain('\nversion: 1\n');
    here.put('county.yaml', 'mine');
    const refused = here.run(['init', '--output', 'county.yaml', sample('nginx-access.log')]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('PW-CLI-OUTPUT');
    expect(here.text('county.yaml')).toBe('mine');
  });
});

describe('doctor', () => {
  it('names systems that never appear, and contacts that nobody has checked', () => {
    const here = place();
    here.put(
      'county.yaml',
      `version: 1
organization: {id: x, name: X}
contacts: {it: {email: [it@example.gov], verified: 2020-01-01}}
assets: [{id: gone, name: Gone, kind: other, url_prefixes: [/gone]}]
`,
    );
    here.put('access.log', accessLine('/', { second: 1 }));
    const { stdout, status } = here.run(['doctor', '--config', 'county.yaml', 'access.log']);
    expect(status).toBe(0);
    expect(stdout).toContain('asset "gone" (Gone) never appears in these logs');
    expect(stdout).toMatch(
      /look {2}county\.yaml:3:\d+ {2}PW-CONFIG-CONTACT-OLD {2}contact "it" was last checked \d+ days ago/,
    );
    // the same of an installation whose organisation it is, whose Redis need not be there for it
    here.put(
      'pollwatch.yaml',
      'version: 1\nredis: {url: redis://127.0.0.1:9}\norganizations: [{inventory: county.yaml}]\n',
    );
    expect(here.run(['doctor', '--config', 'pollwatch.yaml']).stdout).toMatch(
      /look {2}.*county\.yaml:3:\d+ {2}PW-CONFIG-CONTACT-OLD {2}contact "it" was last checked/,
    );
  });
});
