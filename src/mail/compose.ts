/**
 * From a task of the planner to a finished mail: one alert (message.ts), several at once (several-mail.ts), the digest and the
 * sign of life (digest-mail.ts). Pure; the same task gives the same mail.
 */
import type { RenderedMail } from '../model/mail.ts';
import { type Coverage, composeDigest, composeHeartbeat } from './digest-mail.ts';
import type { Sender } from './envelope.ts';
import type { MailTask } from './mail-task.ts';
import { composeAlertMail } from './message.ts';
import { composeSeveral } from './several-mail.ts';

/** The mail of a task. `coverage` is what was read since the last digest; only digests and signs of life say it. */
export function composeMail(task: MailTask, sender: Sender, coverage: Coverage): RenderedMail {
  switch (task.kind) {
    case 'alert': {
      const { lead, also, mailNumber, root, firstToldMs, findings, nowMs, recipient } = task;
      const { state, kind, changes, isCopy } = lead;
      return composeAlertMail(
        {
          kind,
          alert: state.alert,
          revision: state.revision,
          mailNumber,
          root,
          changes,
          also: also.map((item) => ({ alert: item.state.alert, changes: item.changes })),
          isCopy,
          firstToldMs,
          findings,
          nowMs,
        },
        recipient,
        sender,
      );
    }
    case 'several':
      return composeSeveral(task, sender);
    case 'digest':
      return composeDigest(task, sender, coverage);
    case 'heartbeat':
      return composeHeartbeat(task, sender, coverage);
  }
}
