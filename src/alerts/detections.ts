/**
 * The catalogue as people read it: for each detection its name, ATT&CK ids, what class of behaviour it is (which caps
 * its severity), what the logs must carry for it to work, where its numbers come from, and what to say and do.
 * ATT&CK v17 ids. One entry per detection; the detector itself stands in detect/.
 */
import { DAY, HOUR, PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { ELECTION_DETECTIONS } from './election-detections.ts';
import { MEMBER_DETECTIONS } from './member-detections.ts';

/** Class of behaviour; decides the caps of severity (ELECTIONS part 5). */
export type DetectionClass = 'scan' | 'exploit' | 'enumeration' | 'login' | 'answered' | 'chain' | 'campaign' | 'flood';

/** What a log must carry. */
export type Need =
  | 'firewall'
  | 'denied'
  | 'allowed'
  | 'flags'
  | 'web'
  | 'sizes'
  | 'query'
  | 'host'
  | 'user_agent'
  | 'post_status'
  | 'form_systems'
  | 'registration_systems'
  | 'ballot_systems'
  | 'cancellation_systems'
  | 'public_systems'
  | 'protected_records'
  | 'upload_bodies'
  | 'results_systems'
  | 'pollbook_systems'
  | 'sentinels'
  | 'systems'
  | 'members';

export interface DetectionText {
  readonly id: string;
  readonly name: string;
  readonly class: DetectionClass;
  readonly categories: readonly ('network' | 'web')[];
  readonly techniques: readonly string[];
  readonly needs: readonly Need[];
  /**
   * How long after its first line later lines can still take back what it says, in milliseconds of event time: an
   * always-on run waits for that before it tells. Left out where later lines only add.
   */
  readonly closesMs?: number;
  /** where the numbers come from */
  readonly source: string;
  readonly why: string;
  readonly todo: readonly string[];
  /** what to do instead when something was answered */
  readonly todoAnswered?: readonly string[];
  /** what is said instead where sources of a network did it together */
  readonly together?: Pick<DetectionText, 'why' | 'todo'>;
}

/** Two panes of requests, and of packets: the window in which a ratio or an answer is judged. */
const WEB_WINDOW = 2 * WEB_PANE;
const PACKET_WINDOW = 2 * PACKET_PANE;

const BLOCK = 'Nothing, while the firewall keeps denying this.';
const KEEP = 'Keep the logs of this day.';
/** Left out where the office has authorised the sender: it is known who they are. */
export const ASK_TESTER = 'If you asked someone to test your systems, ask whether this is they.';
/** In a step: the paths that the server gave content for, or the services that the firewall let packets through to. */
export const GIVEN = '{given}';
const SECOND_FACTOR = 'Turn on a second factor and a lock after some failures.';
const NO_BLOCK =
  'Name the network owner when you report; do not block a whole block of a phone or cloud company without asking.';
const PATCH = 'Ask who runs the web server whether the software named here is in use, and whether it is up to date.';

export const DETECTIONS: readonly DetectionText[] = [
  {
    id: 'F01',
    name: 'Vertical port scan',
    class: 'scan',
    categories: ['network'],
    techniques: ['T1595.001', 'T1046'],
    needs: ['denied'],
    source: 'Zeek 15 ports in 5 min, Snort 15 in 90 s, CrowdSec 16; 8 where the log is rate-limited',
    why: 'Trying many ports of one address shows which services run there. It is a first step, and most of it leads to nothing.',
    todo: [BLOCK, KEEP],
  },
  {
    id: 'F02',
    name: 'Burst port scan',
    class: 'scan',
    categories: ['network'],
    techniques: ['T1595.001', 'T1046'],
    needs: ['denied'],
    closesMs: PACKET_WINDOW,
    source: 'scanlogd and xt_psd: weights 3 and 1, sum 21',
    why: 'Many ports within seconds are the work of a scanning tool.',
    todo: [BLOCK, KEEP],
  },
  {
    id: 'F03',
    name: 'Horizontal sweep of addresses',
    class: 'scan',
    categories: ['network'],
    techniques: ['T1595.001', 'T1018'],
    needs: ['denied'],
    closesMs: PACKET_WINDOW,
    source: 'Zeek 25 hosts, scan-NG 3 to 12, at least half of your addresses',
    why: 'Trying one port on many addresses finds every machine that offers a service.',
    todo: [BLOCK, KEEP],
  },
  {
    id: 'F04',
    name: 'Port scan over several addresses',
    class: 'scan',
    categories: ['network'],
    techniques: ['T1595.001', 'T1046'],
    needs: ['denied'],
    source: 'Zeek simple-scan: 25 pairs of address and port, 10 with unused addresses',
    why: 'Several ports on several addresses give a picture of the whole network.',
    todo: [BLOCK, KEEP],
  },
  {
    id: 'F06',
    name: 'Slow port scan',
    class: 'scan',
    categories: ['network'],
    techniques: ['T1595.001', 'T1046'],
    needs: ['denied'],
    closesMs: DAY,
    source: 'Sigma 10 in 24 h; pauses above the 15 min of Zeek simple-scan',
    why: 'A scan of few ports, or one that takes hours, stays below the alarms of most firewalls.',
    todo: [BLOCK, 'If there are web server logs of these days, look for the same address there.', KEEP],
  },
  {
    id: 'F09',
    name: 'Probe of services that should not face the Internet',
    class: 'scan',
    categories: ['network'],
    techniques: ['T1595.001', 'T1133'],
    needs: ['denied'],
    source: 'Elastic: 5 of 13 ports in a minute',
    why: 'Remote desktop, file sharing and databases are what break-ins start with when they can be reached.',
    todo: ['Check that none of these services can be reached from the Internet.', KEEP],
    todoAnswered: [
      `Close ${GIVEN} to the Internet, or allow only addresses that you know.`,
      "Look in that machine's own log at this time.",
      KEEP,
    ],
  },
  {
    id: 'F13',
    name: 'Port scan with illegal TCP flags',
    class: 'scan',
    categories: ['network'],
    techniques: ['T1595.001', 'T1046'],
    needs: ['flags'],
    source: 'psad signatures 100066 to 100070',
    why: 'No program opens a connection with such packets; scanning tools send them to slip past simple filters.',
    todo: [BLOCK, KEEP],
  },
  {
    id: 'F15',
    name: 'Many scanning addresses in one network block',
    class: 'campaign',
    categories: ['network'],
    techniques: ['T1595.001'],
    needs: ['denied'],
    closesMs: 2 * HOUR,
    source: 'CrowdSec 6 in a minute, scan-NG 10',
    why: 'Several scanners side by side usually belong together, or to one hosting company that rents to them.',
    todo: [NO_BLOCK, KEEP],
  },
  {
    id: 'F16',
    name: 'Distributed port scan of one address',
    class: 'campaign',
    categories: ['network'],
    techniques: ['T1595.001', 'T1046'],
    needs: ['denied'],
    closesMs: DAY,
    source: 'Gates (coverage and overlap), Snort distributed scan 15, Yegneswaran 5 sources',
    why: 'The ports of one address were shared out between many senders, so that none of them stands out. That takes planning.',
    todo: [
      'Tell your state contact: others may see the same addresses.',
      'Check which services the scanned address offers.',
      KEEP,
    ],
  },
  {
    id: 'F18',
    name: 'Connection allowed after a port scan',
    class: 'answered',
    categories: ['network'],
    techniques: ['T1595', 'T1133', 'T1190'],
    needs: ['denied', 'allowed'],
    source: 'Snort open-port tag',
    why: 'The scan found something open, and the firewall let a connection to it through.',
    todo: [
      `Find out what runs behind ${GIVEN} and whether strangers should reach it.`,
      "Look in that machine's own log at this time.",
      KEEP,
    ],
  },
  {
    id: 'W01',
    name: 'Web probing for missing pages',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.003', 'T1595'],
    needs: ['web'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec http-probing: 11 distinct pages',
    why: 'Asking for page after page that is not there is how hidden pages are looked for.',
    todo: ['Nothing, while all of it was refused.', KEEP],
    together: {
      why: 'The addresses of one network block went through one list of pages together, each so little of it that none stands out alone.',
      todo: [
        'Look at the names that they asked for: would a stranger know them? Does one of them exist?',
        NO_BLOCK,
        KEEP,
      ],
    },
  },
  {
    id: 'W02',
    name: 'Web probing with hardly a hit',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.003', 'T1595'],
    needs: ['web'],
    closesMs: WEB_WINDOW,
    source: '404-ratio exercise; BOTSv1',
    why: 'Visitors follow links that work. Here most pages that were asked for do not exist.',
    todo: ['Look at the names that it asked for: would a stranger know them? Does one of them exist?', KEEP],
  },
  {
    id: 'W03',
    name: 'Web directory enumeration with a wordlist',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.003', 'T1083'],
    needs: ['web'],
    closesMs: HOUR + WEB_PANE,
    source: 'Elastic: 500 failing requests for 250 pages in 10 min; BOTSv1 1,870 pages in an hour',
    why: 'A tool works through a list of file and folder names to find what is not linked.',
    todo: [
      'Look at the names that it asked for: would a stranger know them? Does one of them exist?',
      'Limit the rate of requests per address if the server is slow.',
      KEEP,
    ],
  },
  {
    id: 'W04',
    name: 'Web probing over hours or days',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.003'],
    needs: ['web'],
    source: 'CrowdSec lists; SSCI',
    why: 'Probing that is spread over hours or days stays below alarms that count by the minute.',
    todo: ['Check that none of the names here exists on the server.', KEEP],
  },
  {
    id: 'W05',
    name: 'Probe for sensitive files',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.003', 'T1552.001', 'T1595'],
    needs: ['web', 'sizes'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec 5, CRS list of 624 files; 2 here',
    why: 'Settings, backups and version-control folders can hold passwords.',
    todo: ['Check that the files named here do not exist on the server.', KEEP],
    todoAnswered: [
      `Remove ${GIVEN} from the web server now, or close it to the Internet.`,
      'Treat every password and key that stands in it as known to strangers, and change them all today.',
      'Look in the web log for other addresses that were given it.',
      KEEP,
    ],
  },
  {
    id: 'W06',
    name: 'Probe for admin and database consoles',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.003', 'T1595'],
    needs: ['web'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec 3',
    why: 'A console that faces the Internet needs only one weak password.',
    todo: ['Check that admin pages are reachable from the office network only.', KEEP],
    todoAnswered: [
      `Close ${GIVEN} to the Internet today: let only the office network reach it.`,
      'Look in the log of this console for log-ins from this time on.',
      KEEP,
    ],
  },
  {
    id: 'W07',
    name: 'Hunt for content management software',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.002', 'T1595'],
    needs: ['web'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec 4',
    why: 'Tools look for software with known holes on every server, whether it is there or not.',
    todo: ['Nothing, if you do not run this software.', PATCH],
  },
  {
    id: 'W08',
    name: 'Probe for a known hole (CVE)',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1595.002', 'T1190', 'T1595'],
    needs: ['web', 'sizes'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec single-hit lists; AA20-283A',
    why: 'The request fits a published hole in one product. It matters only if you run that product.',
    todo: [PATCH, KEEP],
  },
  {
    id: 'W09',
    name: 'Scanner user agent',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.002', 'T1595', 'T1595.003', 'T1190', 'T1110'],
    needs: ['user_agent'],
    source: 'CrowdSec 2, CRS 78 names, Elastic 22',
    why: 'The tool names itself. Anyone can write any name there, so this alone shows little.',
    todo: ['Look at the other alerts of this address.', ASK_TESTER],
  },
  {
    id: 'W10',
    name: 'Scanner artefact in a request',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1595.002', 'T1595'],
    needs: ['web'],
    source: 'FBI Flash T-LD1004-TT; AA20-304A; BOTSv1',
    why: 'The request holds test text that a vulnerability scanner leaves, whatever name the tool gives itself.',
    todo: [ASK_TESTER, KEEP],
  },
  {
    id: 'W11',
    name: 'SQL injection attempts',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1190', 'T1595.002'],
    needs: ['query'],
    source: 'Wazuh 8 in 120 s, CrowdSec 11, SSCI State 10: 6 to 7 tries, Illinois 19 days',
    why: 'The text tries to make the database behind a page answer questions that the page never asks. In 2016 low counts on one field were enough.',
    todo: [
      'Ask who built the page whether it uses prepared statements.',
      'Look in the database log at these times.',
      'Ask for the address to be blocked on this page.',
      KEEP,
    ],
  },
  {
    id: 'W12',
    name: 'Parameter fuzzing',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1595.002', 'T1190'],
    needs: ['query'],
    source: 'State 10: all fields of a form; 30 values of which half hold query characters',
    why: 'One field is fed many odd values to see which of them the page trips over.',
    todo: ['Look at the requests that the server failed on (5xx).', KEEP],
  },
  {
    id: 'W13',
    name: 'Cross-site scripting (XSS) attempts',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1595.002', 'T1190'],
    needs: ['query'],
    source: 'CrowdSec 6, Wazuh 10; 3 here',
    why: 'The text tries to make the page carry a script of the sender to other visitors.',
    todo: ['Ask who built the page whether it escapes what visitors type.', KEEP],
  },
  {
    id: 'W14',
    name: 'Path traversal and file inclusion attempts',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1190', 'T1083', 'T1595.002'],
    needs: ['query'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec 4, Elastic',
    why: 'The request tries to read files outside the web folder, such as the list of accounts.',
    todo: ['Look whether any answer is longer than the usual error page.', KEEP],
    todoAnswered: [
      `Look at once what the server gives for ${GIVEN}: where that is a file of the server, take the page off the network until it is mended.`,
      'Change every password and key that stands in files which the web server may read.',
      KEEP,
    ],
  },
  {
    id: 'W15',
    name: 'Remote code execution attempt',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1190', 'T1595.002', 'T1595'],
    needs: ['query'],
    source: 'CrowdSec and Sigma single-event rules',
    why: 'The request carries commands for the server. One is enough where the hole exists.',
    todo: [PATCH, 'Look for connections from the server to the addresses named in the request.', KEEP],
  },
  {
    id: 'W16',
    name: 'Search for web shells',
    class: 'exploit',
    categories: ['web'],
    techniques: ['T1505.003', 'T1595.002', 'T1595'],
    needs: ['web', 'sizes'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec 2',
    why: 'It asks for back doors that others may have left on the server.',
    todo: ['Check that none of the files named here exists on the server.', KEEP],
    todoAnswered: [
      `Call whoever runs the web server now: ${GIVEN} answered, and such a file lets strangers run commands.`,
      'Do not delete it before somebody has looked at it.',
      KEEP,
    ],
  },
  {
    id: 'W17',
    name: 'Open proxy probe',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595', 'T1090'],
    needs: ['web'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec http-open-proxy',
    why: 'It tests whether your server forwards traffic for strangers.',
    todo: ['Nothing, while the answers were refusals.'],
    todoAnswered: ['Have the web server answer for your own names only, and pass nothing on for strangers.', KEEP],
  },
  {
    id: 'W18',
    name: 'Unusual methods and malformed requests',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.002', 'T1595'],
    needs: ['web'],
    source: 'CrowdSec, Wazuh (URL of 7,900 bytes)',
    why: 'Methods and versions that no browser sends show what the server tolerates.',
    todo: ['Nothing, while the answers were refusals.'],
  },
  {
    id: 'W19',
    name: 'Malformed non-HTTP requests on a web port',
    class: 'scan',
    categories: ['web'],
    techniques: ['T1595.001', 'T1595'],
    needs: ['web'],
    source: 'common log evidence',
    why: 'Another protocol was spoken to the web server to see what answers.',
    todo: ['Nothing: the server does not speak it.'],
  },
  {
    id: 'W21',
    name: 'Credential guessing (brute force)',
    class: 'login',
    categories: ['web'],
    techniques: ['T1110', 'T1110.001', 'T1110.003', 'T1110.004'],
    needs: ['post_status'],
    closesMs: WEB_WINDOW,
    source: 'CrowdSec http-generic-bf 6 in 60 s, magento-ccs-by-as 10, ssh-slow-bf',
    why: 'Someone or something tries to log in again and again.',
    todo: ['Check whether any account was used from this address afterwards.', SECOND_FACTOR, KEEP],
    together: {
      why: 'Many addresses try to log in, each so rarely that none is locked out or stands out alone.',
      todo: ['Check whether any account was used from one of these addresses afterwards.', SECOND_FACTOR, KEEP],
    },
    todoAnswered: [
      "Find out now whose account was let in, from the log of the log-in page's own program, and lock it or change its password.",
      'End all sessions of that account, and look what was done with it since.',
      SECOND_FACTOR,
      KEEP,
    ],
  },
  {
    id: 'W28',
    name: 'Answered after probing',
    class: 'answered',
    categories: ['web'],
    techniques: ['T1190', 'T1595.003', 'T1595'],
    needs: ['web', 'sizes'],
    closesMs: WEB_WINDOW,
    source: 'Wazuh 31106, Snort',
    why: 'After probing, the server gave this address a page of its own size for a path that strangers should not get.',
    todo: [
      'Open the paths named here yourself: what do they show?',
      'Remove them, or close them to the Internet, now.',
      'Treat every password and key that stands in them as known to strangers, and change them all today.',
      KEEP,
    ],
  },
  {
    id: 'X01',
    name: 'Recon chain: firewall scan and web probing',
    class: 'chain',
    categories: ['network', 'web'],
    techniques: ['T1595', 'T1595.001', 'T1595.002', 'T1595.003'],
    needs: ['denied', 'web'],
    source: 'Sigma temporal correlation',
    why: 'The same address looked at the firewall and at the web server within a day.',
    todo: [
      'Read its other alerts together.',
      'Tell your state contact if the web part was more than missing pages.',
      KEEP,
    ],
  },
  {
    id: 'X02',
    name: 'Continued after it was blocked',
    class: 'exploit',
    categories: ['network'],
    techniques: ['T1595', 'T1595.002', 'T1190'],
    needs: ['denied', 'web'],
    closesMs: PACKET_WINDOW,
    source: 'Illinois 2016: five times a second, for weeks after the block; Arizona 2025: a week',
    why: 'Most tools move on when they are turned away. One that keeps coming wants in here.',
    todo: [
      'Leave the block in place, and check that it covers all of your systems.',
      'Look for the same requests from other addresses: a sender that is blocked often changes its address.',
      'Tell your state contact: others may see the same address.',
      KEEP,
    ],
  },
  ...MEMBER_DETECTIONS,
  ...ELECTION_DETECTIONS,
];

const BY_ID = new Map(DETECTIONS.map((d) => [d.id, d]));

/** The text of a detection, or null for a rule of the user's own. */
export function detectionText(id: string): DetectionText | null {
  return BY_ID.get(id) ?? null;
}
