/**
 * Mails about alerts while there is no storm: one for each story as long as there is a place, what is urgent first. The last
 * place takes all that is left together, so that nothing is dropped.
 */
import { type MailTask, severalMail, storyMail } from './mail-task.ts';
import { nightOf } from './night.ts';
import { type Pending, storiesOf, storyName } from './pending.ts';
import { noteMailed, placesFor, readyIn, type Turn } from './turn.ts';

/** Plans what is ready in a turn. */
export function ordinaryMails(turn: Turn): MailTask[] {
  const stories = withWaiting(storiesOf(readyIn(turn)), turn);
  const isUrgent = (story: readonly Pending[]) => story.some((item) => item.isUrgent);
  const urgent = stories.filter(isUrgent);
  const places = placesFor(turn);
  if (urgent.length > places.urgent) return inLastPlace(stories, places.urgent, places.urgentOpensMs, turn);
  const alone = noteMailed(
    urgent.map((story) => storyMail(story, turn.recipient, turn.look)),
    turn,
  );
  return [
    ...alone,
    ...inPlacesLeft(
      stories.filter((story) => !isUrgent(story)),
      turn,
    ),
  ];
}

/** Not enough places for what is urgent: all in one mail, or as soon as there is a place. */
function inLastPlace(stories: readonly Pending[][], places: number, opensMs: number, turn: Turn): MailTask[] {
  const { look, recipient } = turn;
  if (places > 0) return noteMailed([severalMail(stories.flat(), recipient, look, false)], turn);
  look.wakeAt(opensMs);
  return [];
}

/** What is not urgent, in the places that are left: one story each, in the last one all that find none. */
function inPlacesLeft(stories: readonly Pending[][], turn: Turn): MailTask[] {
  if (stories.length === 0) return [];
  const { look, recipient } = turn;
  const { ordinary: places, ordinaryOpensMs } = placesFor(turn);
  if (places === 0) {
    look.wakeAt(ordinaryOpensMs);
    return [];
  }
  const alone = stories.length <= places ? stories : stories.slice(0, places - 1);
  const joined = stories.slice(alone.length).flat();
  const mails = alone.map((story) => storyMail(story, recipient, look));
  if (joined.length > 0) mails.push(severalMail(joined, recipient, look, false));
  return noteMailed(mails, turn);
}

/** What else is new of a source, or of an election night, that is mailed about anyway goes along, though it could still wait. */
function withWaiting(stories: readonly Pending[][], { look, recipient, pending }: Turn): Pending[][] {
  const ready = new Set(stories.flat());
  const waiting = pending.filter(
    (item) =>
      (item.kind === 'first' || (item.kind !== 'escalation' && nightOf(item.state.alert) !== null)) &&
      !ready.has(item) &&
      look.freeAt(recipient.contact, item.level) <= look.nowMs,
  );
  return stories.map((story) => [...story, ...waiting.filter((item) => storyName(item) === storyName(story[0]!))]);
}
