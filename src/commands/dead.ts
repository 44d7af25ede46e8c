/**
 * `pollwatch dead`: chunks of lines that no worker could handle, documents that Elasticsearch refuses and mails that the mail
 * server will not take, each with its reason. They wait until a person has them tried again (after an upgrade, a new mapping) or gives them up.
 */
import { OperatorError, type Problem, printable } from '../model/problem.ts';
import { type DeadLetter, deadLetters, dropDead, replayDead } from '../queue/dead-letters.ts';
import { dropState, readHalt } from '../queue/halt.ts';
import { openQueues, type Queues } from '../queue/queues.ts';
import { organizations, type QueueStore } from '../queue/store.ts';
import { OK, OPERATOR } from './exit-status.ts';
import { organizationOption, withStore } from './installation-option.ts';
import { type Given, stopOn } from './options.ts';

/** `dead list`; returns the exit status. */
export function listDead(given: Given): Promise<number> {
  return withStore(given, async (store) => {
    const known = await organizations(store);
    const wanted = given.organization === undefined ? known : [organizationOption(given, known)];
    let listed = 0;
    for (const organization of wanted) {
      for (const letter of [...(await deadLetters(store, organization)), ...(await deadState(store, organization))]) {
        process.stdout.write(
          given.json === true ? `${JSON.stringify({ organization, ...letter })}\n` : letterText(organization, letter),
        );
        listed++;
      }
    }
    if (listed === 0) process.stderr.write('there are no dead letters\n');
    return OK;
  });
}

/** `dead show ID`: everything that is known of one; returns the exit status. */
export function showDead(id: string, given: Given): Promise<number> {
  return withStore(given, async (store) => {
    const organization = organizationOption(given, await organizations(store));
    const letter = (await deadLetters(store, organization)).find((each) => each.id === id);
    if (letter === undefined) throw new OperatorError([unknown(id, organization)]);
    process.stdout.write(`${JSON.stringify({ organization, ...letter }, null, 2)}\n`);
    return OK;
  });
}

/** `dead replay ID...` or `--all`; returns the exit status: 2 when one could not be tried again. */
export function replayDeadLetters(ids: string[], given: Given): Promise<number> {
  return settle(ids, given, async (store, queues, organization, id) => {
    const answer = await replayDead(store, queues, organization, id);
    if (answer === 'unknown') return unknown(id, organization);
    if (answer !== 'gone') return null;
    return {
      code: 'PW-DEAD-GONE',
      message: `the lines of ${id} are not in Redis any more`,
      hint: `it can only be dropped: pollwatch dead drop --organization ${organization} ${id}`,
    };
  });
}

/**
 * `dead drop ID...` or `--all`: gives them up; they are counted as dropped. A state that cannot be read is named, never one of
 * all. Returns the exit status.
 */
export function dropDeadLetters(ids: string[], given: Given): Promise<number> {
  return settle(ids, given, async (store, _queues, organization, id) => {
    const drop = id === STATE ? dropState(store, organization) : dropDead(store, organization, id);
    return (await drop) === 'unknown' ? unknown(id, organization) : null;
  });
}

/** What a state that cannot be read is called among the dead letters. */
const STATE = 'state';

/** The state of an organisation that cannot be read, as it is listed; it is tried again all the time and never put aside. */
async function deadState(store: QueueStore, organization: string): Promise<DeadLetter[]> {
  const halt = await readHalt(store, organization);
  if (halt?.kind !== 'state') return [];
  const { reason, sinceMs } = halt;
  return [{ id: STATE, kind: STATE, reason, at: sinceMs, index: null, version: null, to: null }];
}

async function settle(
  ids: string[],
  given: Given,
  each: (store: QueueStore, queues: Queues, organization: string, id: string) => Promise<Problem | null>,
): Promise<number> {
  if ((ids.length === 0) !== (given.all === true)) {
    const hint = 'name ids as `pollwatch dead list` prints them, or write --all';
    stopOn([{ code: 'PW-CLI-DEAD', message: 'which dead letters?', hint }]);
  }
  return withStore(given, async (store, { redis }) => {
    const organization = organizationOption(given, await organizations(store));
    const wanted = given.all === true ? (await deadLetters(store, organization)).map((letter) => letter.id) : ids;
    const queues = openQueues(redis);
    try {
      const problems: Problem[] = [];
      for (const id of wanted) {
        const problem = await each(store, queues, organization, id);
        if (problem !== null) problems.push(problem);
      }
      process.stdout.write(`${wanted.length - problems.length} of ${wanted.length} done\n`);
      stopOn(problems);
      return problems.length === 0 ? OK : OPERATOR;
    } finally {
      await queues.close();
    }
  });
}

function letterText(organization: string, { id, at, reason, index, to }: DeadLetter): string {
  const when = new Date(at).toISOString();
  const end = index ?? to;
  const into = end === null ? '' : ` (for ${printable(end)})`;
  return `${organization}  ${printable(id)}  ${when}${into}\n    ${printable(reason)}\n`;
}

function unknown(id: string, organization: string): Problem {
  return {
    code: 'PW-DEAD-UNKNOWN',
    message: `there is no dead letter "${id}" of ${organization}`,
    hint: '`pollwatch dead list` lists them',
  };
}
