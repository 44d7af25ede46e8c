/**
 * The election pack as people read it: entries of the catalogue (detections.ts) for declared systems of election offices.
 * The numbers are start values of the plan, each with what they trace to.
 */
import { WEB_PANE } from '../model/time.ts';
import type { DetectionText } from './detections.ts';

/** Two panes of requests: the window in which a ratio or an answer is judged. */
const WEB_WINDOW = 2 * WEB_PANE;

const KEEP = 'Keep the logs of this day.';
const SLOW_DOWN = 'Ask for the address to be slowed down or blocked on this page.';

export const ELECTION_DETECTIONS: readonly DetectionText[] = [
  {
    id: 'election.lookup_enum',
    name: 'Record enumeration',
    class: 'enumeration',
    categories: ['web'],
    techniques: ['T1595.003', 'T1119', 'T1213'],
    needs: ['query'],
    closesMs: WEB_WINDOW,
    source: 'AA20-304A; 30 keys in 10 min nearly in order, or 200 in 24 h',
    why: 'Records were asked for one after another, as a script does that copies them.',
    todo: [
      'Limit look-ups per address, or ask for a captcha after a few.',
      'Ask for the address to be slowed down or blocked on this page.',
      "Find out which records were answered, from the application's log.",
      KEEP,
    ],
  },
  {
    id: 'election.form_injection',
    name: 'Attack text in a form field',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1190', 'T1595.002'],
    needs: ['systems', 'query'],
    source: 'Illinois 2016; SSCI State 10: six to seven tries on one field; one request where voter data are',
    why: 'The text tries to make the database or the page behind a form do what the form never asks for. In 2016 a few tries on one field were enough.',
    todo: [
      'Ask who built the form whether it uses prepared statements and escapes what visitors type.',
      'Look in the database log at these times.',
      SLOW_DOWN,
      KEEP,
    ],
  },
  {
    id: 'election.status_hammer',
    name: 'One page asked for without a pause',
    class: 'enumeration',
    categories: ['web'],
    techniques: ['T1190', 'T1595'],
    needs: ['form_systems'],
    closesMs: WEB_WINDOW,
    source: 'Illinois 2016: five requests a second, day and night, for weeks; 60 in each of ten minutes here',
    why: 'A script holds on to one page of a form. In 2016 this was how one was worked on, and it went on after it was blocked.',
    todo: [
      'Look at what the requests send: the same, or another value each time?',
      SLOW_DOWN,
      'Look whether the server or its database is slow.',
      KEEP,
    ],
  },
  {
    id: 'election.results_probe',
    name: 'Probing of the results system',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.002', 'T1491.002'],
    needs: ['results_systems'],
    closesMs: WEB_WINDOW,
    source: 'SSCI State 6; Arizona 2025; one while results are shown, five in 24 hours otherwise',
    why: 'Results pages are read, not written to. Whoever looks for admin pages or tries to write there is not reading results.',
    todo: [
      'Check that pages which publish results can be reached from the office network only.',
      'Compare what the results page shows with your own numbers.',
      KEEP,
    ],
    todoAnswered: [
      'Open the paths named here yourself: what do they show?',
      'Compare what the results page shows with your own numbers.',
      'Close these paths to the Internet.',
      KEEP,
    ],
  },
  {
    id: 'election.pollbook_probe',
    name: 'Stranger at the poll book server',
    class: 'login',
    categories: ['web'],
    techniques: ['T1595', 'T1110'],
    needs: ['pollbook_systems'],
    closesMs: WEB_WINDOW,
    source: 'a proposal: one request from outside the enrolled networks, or five refused log-ins in five minutes',
    why: 'Only enrolled poll books have business with this server.',
    todo: [
      'Check that the server can be reached from enrolled networks only.',
      'If this is a polling place of yours, add its network to the inventory.',
      KEEP,
    ],
    todoAnswered: [
      'Find out from the log of the application what this computer was given.',
      'Close the server to all but enrolled networks.',
      'Tell the vendor of the poll books.',
      KEEP,
    ],
  },
  {
    id: 'election.sentinel',
    name: 'Traffic to a network that must never be reached',
    class: 'answered',
    categories: ['network', 'web'],
    techniques: ['T1046', 'T1595.001'],
    needs: ['sentinels'],
    source: 'separation of election management systems from every other network: one packet',
    why: 'This network stands apart from all others. Traffic to it means that a cable, a route or a rule is not as it should be, or that somebody looks for it.',
    todo: [
      'Find the machine that sent this, and how it could send there.',
      'Check today that nothing connects this network to any other.',
      'Do not switch anything off before somebody has looked at it.',
      KEEP,
    ],
  },
];
