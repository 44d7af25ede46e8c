/**
 * `pollwatch work [kinds…]`: runs workers until they are stopped, or with --until-drained until everything that was
 * ingested is decided, indexed and mailed. One process runs each kind once; more processes, on any machines, share the work.
 *   analyze   lines → what they add up to       as many as there are processors
 *   decide    what they add up to → alerts      two, so that one takes over from the other
 *   index     alerts → Elasticsearch            one or two
 *   mail      mails about alerts → mail server  one or two
 */
import type { Installation } from '../model/installation.ts';
import { OperatorError } from '../model/problem.ts';
import { preparedRules } from '../run/prepared-rules.ts';
import { type AlwaysOnOptions, type Part, runAlwaysOn } from './always-on.ts';
import { installationOf } from './installation-option.ts';
import type { Given } from './options.ts';
import { elasticsearchOf } from './setup.ts';

/** Kinds of workers, in the order in which a line meets them. */
export const WORK_KINDS = ['analyze', 'decide', 'index', 'mail'] as const;
type WorkKind = (typeof WORK_KINDS)[number];

/** Loads a kind of worker when it is asked for. */
const LOAD: Readonly<Record<WorkKind, (installation: Installation) => Promise<Part['run']>>> = {
  analyze: async () => (await import('../../workers/analyze.ts')).runAnalyze,
  async decide({ elasticsearch }) {
    const { runDecide } = await import('../../workers/decide.ts');
    if (elasticsearch === null) return runDecide;
    const { highestVersion } = await import('../elastic/index-state.ts');
    return (installation, signal, hooks) =>
      runDecide(installation, signal, hooks, { highestVersion: (org) => highestVersion(elasticsearch, org) });
  },
  index: async () => (await import('../../workers/index-alerts.ts')).runIndex,
  mail: async () => (await import('../../workers/mail.ts')).runMail,
};

/** Runs the command; returns the exit status. */
export async function workCommand(kinds: string[], given: Given): Promise<number> {
  const installation = installationOf(given);
  const wanted = kindsOf(kinds, installation);
  if (wanted.includes('index')) elasticsearchOf(installation);
  if (wanted.includes('mail')) mailServerOf(installation);
  // every process of an installation reads the same rules; a broken one stops before anything starts
  await preparedRules(installation.rulesPaths);
  const parts = await Promise.all(
    wanted.map(async (name): Promise<Part> => ({ name, run: await LOAD[name](installation) })),
  );
  // whoever decides has the time and the memory for it
  if (wanted.includes('decide') && installation.elasticsearch !== null)
    parts.push({ name: 'health', run: (await import('../../workers/health.ts')).runHealth });
  const options: AlwaysOnOptions = {
    sealing: wanted.includes('analyze') || wanted.includes('decide') ? [...installation.tenants.values()] : [],
    ...(wanted.includes('index') ? { checks: await elasticsearchCheck(installation) } : {}),
    ...(given.untilDrained === true
      ? { untilDrained: { isIndexed: wanted.includes('index'), isMailed: wanted.includes('mail') } }
      : {}),
  };
  return runAlwaysOn(installation, given, parts, options);
}

/** All kinds that this installation has a use for, or those that were named. */
function kindsOf(kinds: readonly string[], { elasticsearch, mail }: Installation): WorkKind[] {
  const unknown = kinds.filter((kind) => !(WORK_KINDS as readonly string[]).includes(kind));
  if (unknown.length > 0) {
    throw new OperatorError(
      unknown.map((kind) => ({
        code: 'PW-CLI-KIND',
        message: `there is no kind of worker "${kind}"`,
        hint: `kinds are: ${WORK_KINDS.join(', ')}; without one all of them run`,
      })),
    );
  }
  if (kinds.length > 0) return WORK_KINDS.filter((kind) => kinds.includes(kind));
  const isOfUse = { analyze: true, decide: true, index: elasticsearch !== null, mail: mail !== undefined };
  return WORK_KINDS.filter((kind) => isOfUse[kind]);
}

/** Throws an OperatorError when there is no mail server. */
function mailServerOf({ mail }: Installation): void {
  if (mail !== undefined) return;
  const hint = 'add mail: {server: smtp.example.gov, from: pollwatch@example.gov}, or set POLLWATCH_MAIL_SERVER';
  const message = 'this installation has no mail server';
  throw new OperatorError([{ code: 'PW-CONFIG-MAIL', message, hint }]);
}

async function elasticsearchCheck({ elasticsearch }: Installation): Promise<NonNullable<AlwaysOnOptions['checks']>> {
  if (elasticsearch === null) return {};
  const { connectElasticsearch } = await import('../elastic/client.ts');
  const { aliasOf } = await import('../elastic/index-names.ts');
  const client = connectElasticsearch(elasticsearch);
  // asks for something that the workers' own key may ask for
  const index = aliasOf(elasticsearch.prefix, 'alerts');
  return { elasticsearch: async () => void (await client.indices.exists({ index })) };
}
