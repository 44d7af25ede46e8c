/**
 * The mail about several alerts: those that found no place of their own, or all of a storm. The gravest are told in full, the
 * others in a line each; what to do stands once.
 */
import { compareAlerts } from '../alerts/alert-order.ts';
import { CAVEAT, SEVERITY_WORDS } from '../alerts/caveat.ts';
import type { RenderedMail } from '../model/mail.ts';
import { countsBySeverity, LINES_MAX, STORIES_MAX } from './alert-list.ts';
import { finish, fitSubject, letterOf, type Sender, subjectMark } from './envelope.ts';
import type { Section } from './letter.ts';
import type { MailTask } from './mail-task.ts';
import { alertLine, fromWords, runWords, shortId, storyOf } from './message.ts';
import type { Item } from './pending.ts';
import { ours, subjectWords } from './plain-words.ts';

/** The mail of a task about several alerts. */
export function composeSeveral(task: MailTask & { kind: 'several' }, sender: Sender): RenderedMail {
  const { recipient, isStorm } = task;
  const { timezone } = recipient.contact;
  const items = [...task.items].sort((a, b) => compareAlerts(a.state.alert, b.state.alert));
  const gravest = items[0]!.state.alert;
  const told = items.slice(0, STORIES_MAX);
  const rest = items.slice(STORIES_MAX);
  const calls = [...new Set(told.flatMap(({ state }) => state.alert.whatToDo))].slice(0, STORIES_MAX);
  const letter = letterOf(
    `${items.length} alerts, the gravest is ${SEVERITY_WORDS[gravest.severity]}`,
    [
      {
        heading: 'Why this is one mail',
        parts: [
          isStorm
            ? 'Many alerts came within a few minutes. You get one mail about all of them, and another only when there is news.'
            : 'More alerts were waiting than should fill your mailbox. Here they are together.',
        ],
      },
      {
        heading: 'In numbers',
        parts: [{ list: [...countsBySeverity(items.map(({ state }) => state)), ...whereWords(items)], ordered: false }],
      },
      ...told.map(
        (item): Section => ({
          heading: `${SEVERITY_WORDS[item.state.alert.severity]}: ${subjectWords(item.state.alert)} (${shortId(item.state.alert.id)})`,
          parts: [
            ...stateWords(item),
            ...item.changes,
            ...storyOf(item.state.alert, timezone),
            // what to do speaks of the address
            ...fromWords(item.state.alert),
          ],
        }),
      ),
      ...(rest.length === 0
        ? []
        : [
            {
              heading: 'And these',
              parts: [
                {
                  list: rest
                    .slice(0, LINES_MAX)
                    .map((item) =>
                      [alertLine(item.state.alert), ...sourceOf(item), ...stateWords(item), ...item.changes].join(' '),
                    ),
                  ordered: false,
                },
                ...(rest.length > LINES_MAX
                  ? [
                      `And ${(rest.length - LINES_MAX).toLocaleString('en-US')} more, counted above. They stand in the next digest as well.`,
                    ]
                  : []),
              ],
            },
          ]),
      ...(calls.length === 0 ? [] : [{ heading: 'Do this now', parts: [{ list: calls, ordered: true }] }]),
      { heading: 'What we do not know', parts: ['Who sent any of it.', CAVEAT] },
      {
        heading: 'Why you got this',
        parts: [
          `${sender.inventory.organization.name} lists “${recipient.contact.name}” for alerts like these.`,
          `When one is handled, ${runWords(recipient.contact)}: pollwatch ack, with its number.`,
        ],
      },
    ],
    recipient,
    sender,
  );
  const severity = SEVERITY_WORDS[gravest.severity].toUpperCase();
  return finish(letter, {
    recipient,
    sender,
    subject: fitSubject(
      `${subjectMark(sender)}${severity}: `,
      [`${items.length} alerts at once`, 'several alerts'],
      '',
    ),
    messageId: task.messageId,
    root: null,
    nowMs: task.nowMs,
  });
}

/** What of ours was touched most, and from how many sources: a storm is one story. */
function whereWords(items: readonly Item[]): string[] {
  const touched = new Map<string, number>();
  for (const { state } of items) touched.set(ours(state.alert), (touched.get(ours(state.alert)) ?? 0) + 1);
  const most = [...touched].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3);
  const sources = new Set(items.map(({ state }) => `${state.alert.key.kind} ${state.alert.key.text}`)).size;
  return [
    `About: ${most.map(([name, n]) => `${name} (${n.toLocaleString('en-US')})`).join(', ')}`,
    `Different sources: ${sources.toLocaleString('en-US')}`,
  ];
}

/** "From 198.51.100.7.", in a line of its own alert. */
function sourceOf({ state: { alert } }: Item): string[] {
  return alert.source !== null && alert.key.kind === 'source' ? [`From ${alert.key.text}.`] : [];
}

function stateWords({ kind }: Item): string[] {
  if (kind === 'escalation') return ['Nobody has marked this one as handled yet.'];
  return [];
}
