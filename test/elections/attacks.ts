/**
 * The attacks of the labelled run on one county, as scripts: each does what was done to an election office, at the pace
 * and in the numbers that were made public (ELECTIONS part 1a), and says after how much of it an office has to know.
 */
import { DAY_S, HOUR_S, times } from '../detect/log-lines.ts';
import type { Attack } from './label.ts';
import {
  at,
  CALENDAR,
  document,
  FILING,
  FIRST_VOTER,
  type Lines,
  type Place,
  POLLBOOK,
  PROTECTED,
  RESULTS,
  SITE,
  SURNAMES,
  sendPacket,
  type Visit,
  VOTE,
  VOTERS_ON_ROLL,
  visit,
} from './portal.ts';

/** A browser of long ago, as one tool of 2020 called itself. */
const TOOL_BROWSER =
  'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.21 (KHTML, like Gecko) Chrome/41.0.2228.0 Safari/537.21';
const SCRIPT = 'curl/7.68.0';
const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36';
const FIELDS = ['firstname', 'lastname', 'dob', 'addresscity', 'addresszip', 'voterid', 'email', 'phone'];
const SQL = [
  '-1%20or%203*2%3C(0%2B5%2B513-513)%20--',
  '1%27%20OR%20%271%27%3D%271',
  '1%20UNION%20SELECT%20NULL%2CNULL%2Cversion()--',
  '1%27%20AND%20SLEEP(5)--%20-',
  '1)%3BSELECT%20pg_sleep(5)--',
  '2%3BWAITFOR%20DELAY%20%270%3A0%3A5%27--',
];

/** All attacks on the county, in no order. */
export function attacks(place: Place): Attack[] {
  return [
    slowEnumeration(place),
    fastEnumeration(place),
    nameAndBirthGrid(place),
    ...statusHammering(place),
    ...injections(place),
    ...bulkSubmissions(place),
    protectedRecords(place),
    upload(place),
    documentHarvest(place),
    ...resultsProbes(place),
    pollBookProbe(place),
    ballotPageBurst(place),
    ...electionNight(place),
    scanThenExploit(place),
    sentinel(place),
  ];
}

/** `count` requests of one source, `gap` seconds apart. */
function requests(
  web: Lines,
  from: number,
  count: number,
  gap: number,
  request: (i: number) => Visit,
): Attack['lines'] {
  return times(count, (i) => ({ second: from + i * gap, write: (second) => visit(web, second, request(i)) }));
}

function slowEnumeration({ web, random, networks }: Place): Attack {
  const sources = times(150, networks.rented);
  const lines = times(51_840, (i) => ({
    second: at(10, 8, 3) + i * 5 + random.below(3),
    write: (second: number) => {
      const target = `/lookup/result?voterid=${FIRST_VOTER + ((i * 7919) % VOTERS_ON_ROLL)}`;
      visit(web, second, { host: VOTE, source: sources[i % sources.length]!, target, agent: SCRIPT });
    },
  }));
  return {
    attack: 'slow-enumeration',
    says: 'One look-up every 5 seconds for three days, over 150 rented servers of one network (2020: several hundred thousand in 19 days).',
    detections: ['election.lookup_slow'],
    sources,
    asset: 'lookup',
    lines,
    enough: 17_280,
    within: 'its first day: 17,280 look-ups',
  };
}

function fastEnumeration({ web, networks }: Place): Attack {
  const source = networks.elsewhere();
  const first = FIRST_VOTER + 41_000;
  return {
    attack: 'fast-enumeration',
    says: 'One address asks for 2,400 records in the order of their numbers, five a second.',
    detections: ['election.lookup_enum'],
    sources: [source],
    asset: 'lookup',
    lines: requests(web, at(9, 27, 4), 2400, 0.2, (i) => ({
      host: VOTE,
      source,
      target: `/lookup/result?voterid=${first + i}`,
      agent: SCRIPT,
    })),
    enough: 300,
    within: 'its first minute: 300 records',
  };
}

function nameAndBirthGrid({ web, networks }: Place): Attack {
  const source = networks.elsewhere();
  const two = (n: number) => String(n).padStart(2, '0');
  return {
    attack: 'name-and-birth-grid',
    says: 'One address tries five names with every birthday of a year, once a second, until a record answers.',
    detections: ['election.lookup_enum'],
    sources: [source],
    asset: 'lookup',
    lines: requests(web, at(9, 29, 7), 1860, 1, (i) => {
      const day = Math.floor(i / 5);
      const dob = `1961-${two(1 + Math.floor(day / 31))}-${two(1 + (day % 31))}`;
      const target = `/lookup/result?lastname=${SURNAMES[i % 5]}&dob=${dob}`;
      return { host: VOTE, source, target, status: i % 37 === 0 ? 200 : 404, agent: BROWSER };
    }),
    enough: 600,
    within: 'its first ten minutes: 600 tries',
  };
}

/** Illinois 2016: five requests a second to the application-status page, day and night, in waves. */
function statusHammering({ web, networks }: Place): Attack[] {
  return [0, 1].map((wave) => {
    const source = networks.rented(200 + wave);
    return {
      attack: `status-hammering-${wave + 1}`,
      says: 'One address asks for the application-status page five times a second (2016: for weeks, in waves).',
      detections: ['election.status_hammer'],
      sources: [source],
      asset: 'registration',
      lines: requests(web, at(10, 2, 6) + wave * DAY_S, 9000, 0.2, (i) => ({
        host: VOTE,
        source,
        target: `/status?application=${710_000 + (i % 3)}`,
        status: i % 50 === 0 ? 500 : 200,
        agent: BROWSER,
      })),
      enough: 4500,
      within: 'its first 15 minutes: 4,500 requests',
    };
  });
}

/** State 10 of 2016: three addresses, one of which tried one field six or seven times. */
function injections({ web, networks }: Place): Attack[] {
  const ask = (source: string, field: string, payload: string): Visit => ({
    host: VOTE,
    source,
    target: `/register/details?${FIELDS.map((f) => `${f}=${f === field ? payload : 'x'}`).join('&')}`,
    status: 500,
    agent: TOOL_BROWSER,
  });
  const shared = { detections: ['election.form_injection'], asset: 'registration' };
  const [all, several, one] = [networks.rented(300), networks.elsewhere(), networks.elsewhere()] as const;
  return [
    {
      ...shared,
      attack: 'injection-all-fields',
      says: 'One address tries database text in every field of the registration form, 1,500 times (2016, State 10).',
      sources: [all],
      lines: requests(web, at(9, 25, 2), 1500, 2, (i) => ask(all, FIELDS[i % 8]!, SQL[i % SQL.length]!)),
      enough: 30,
      within: 'its first minute: 30 tries',
    },
    {
      ...shared,
      attack: 'injection-several-fields',
      says: 'A second address tries three fields, a minute apart.',
      sources: [several],
      lines: requests(web, at(9, 25, 9), 24, 60, (i) => ask(several, FIELDS[i % 3]!, SQL[i % SQL.length]!)),
      enough: 6,
      within: 'its first 6 tries',
    },
    {
      ...shared,
      attack: 'injection-one-field',
      says: 'A third address tries one field seven times and is gone (2016, State 10: six or seven).',
      sources: [one],
      lines: requests(web, at(9, 26, 1), 7, 9, (i) => ask(one, 'lastname', SQL[i % SQL.length]!)),
      enough: 6,
      within: '6 tries on one field',
    },
  ];
}

/** Forms that are sent without ever being fetched, by a script that knows where they go. */
function bulkSubmissions({ web, networks }: Place): Attack[] {
  const forms = [
    ['bulk-registrations', 'election.bulk_register', '/register/submit', 'registration', 'registrations'],
    ['bulk-ballot-requests', 'election.bulk_ballot_request', '/absentee/request', 'absentee', 'ballot requests'],
    ['bulk-cancellations', 'election.bulk_cancel', '/cancel/confirm', 'cancellation', 'cancellations'],
  ] as const;
  return forms.map(([attack, detection, target, asset, what], n) => {
    const source = networks.rented(400 + n);
    return {
      attack,
      says: `One address sends 90 ${what} in an hour and a half and never opens the form.`,
      detections: [detection],
      sources: [source],
      asset,
      lines: requests(web, at(10, 15 + n, 3), 90, 60, () => ({
        host: VOTE,
        source,
        target,
        method: 'POST',
        status: 302,
        agent: SCRIPT,
      })),
      enough: 60,
      within: 'its first hour: 60 of them',
    };
  });
}

/** Georgia 2024: tries to cancel the registrations of named politicians. */
function protectedRecords({ web, networks }: Place): Attack {
  const source = networks.household();
  return {
    attack: 'protected-records',
    says: 'Somebody asks the cancellation page for the records of three officials, again and again (2024, Georgia).',
    detections: ['election.protected_record'],
    sources: [source],
    asset: 'cancellation',
    lines: requests(web, at(9, 30, 16), 12, 400, (i) => ({
      host: VOTE,
      source,
      target: `/cancel/find?voterid=${PROTECTED[i % PROTECTED.length]}`,
      status: 200,
      agent: BROWSER,
    })),
    enough: 6,
    within: 'its first 6 tries, in 35 minutes',
  };
}

/** Arizona 2025: a picture for the candidate portal that is a script, and is fetched afterwards. */
function upload({ web, networks }: Place): Attack {
  const [sender, caller] = [networks.elsewhere(), networks.elsewhere()];
  const target = '/candidates/photos/candidate-77.jpg.php';
  const send = (second: number) =>
    visit(web, second, { host: FILING, source: sender, target, method: 'POST', status: 201, agent: BROWSER });
  const call = (second: number) => visit(web, second, { host: FILING, source: caller, target, agent: SCRIPT });
  return {
    attack: 'uploaded-script',
    says: 'A script is uploaded under the name of a picture, and fetched from another address 40 minutes later (2025, Arizona).',
    detections: ['election.upload_active'],
    sources: [sender, caller],
    asset: 'filing',
    lines: [
      { second: at(9, 24, 5), write: send },
      ...times(4, (i) => ({ second: at(9, 24, 5, 40) + i * 30, write: call })),
    ],
    enough: 2,
    within: 'the upload and the first time that the file is fetched',
  };
}

function documentHarvest({ web, networks }: Place): Attack {
  const source = networks.elsewhere();
  return {
    attack: 'document-harvest',
    says: 'One address fetches 400 documents on voter registration in the order of their numbers and no page (2020).',
    detections: ['election.doc_harvest'],
    sources: [source],
    asset: 'site',
    lines: requests(web, at(10, 1, 2), 400, 6, (i) => ({
      host: SITE,
      source,
      target: document(i),
      size: 180_000,
      status: i % 5 === 0 ? 404 : 200,
      agent: SCRIPT,
    })),
    enough: 300,
    within: 'its first half hour: 300 documents',
  };
}

/** State 6 of 2016: the results site is scanned too; on the night itself every single try counts. */
function resultsProbes({ web, networks }: Place): Attack[] {
  const probes = ['/admin/login', '/api/v1/results', '/admin/upload', '/api/v1/publish', '/results.json', '/ws/update'];
  const probe = (source: string, i: number): Visit => ({
    host: RESULTS,
    source,
    target: probes[i % probes.length]!,
    method: i % 3 === 2 ? 'PUT' : 'GET',
    status: i % 3 === 2 ? 405 : 404,
    agent: BROWSER,
  });
  const [early, night] = [networks.elsewhere(), networks.elsewhere()];
  const shared = { detections: ['election.results_probe'], asset: 'results' };
  return [
    {
      ...shared,
      attack: 'results-probe-before',
      says: 'Five weeks before the election one address tries the administration of the results site (2016, State 6).',
      sources: [early],
      lines: requests(web, at(9, 28, 3), 24, 20, (i) => probe(early, i)),
      enough: 12,
      within: 'its first 12 tries',
    },
    {
      ...shared,
      attack: 'results-probe-on-the-night',
      says: 'An hour after the polls close one address tries to write to the results site.',
      sources: [night],
      lines: requests(web, CALENDAR.pollsClose + HOUR_S, 6, 45, (i) => probe(night, i + 2)),
      enough: 3,
      within: 'its first 3 tries',
    },
  ];
}

function pollBookProbe({ web, networks }: Place): Attack {
  const source = networks.elsewhere();
  const paths = ['/api/session', '/api/sync/voters', '/api/v2/', '/api/session', '/api/admin', '/api/sync/checkins'];
  return {
    attack: 'poll-book-probe',
    says: 'While the polls are open an address that is no poll book tries to log in where they synchronise.',
    detections: ['election.pollbook_probe'],
    sources: [source],
    asset: 'pollbook',
    lines: requests(web, CALENDAR.pollsOpen + 3 * HOUR_S, 40, 11, (i) => ({
      host: POLLBOOK,
      source,
      target: paths[i % paths.length]!,
      method: i % 2 === 0 ? 'POST' : 'GET',
      status: i % 3 === 2 ? 404 : 401,
      agent: 'python-requests/2.31.0',
    })),
    enough: 20,
    within: 'its first 20 tries, in four minutes',
  };
}

/** Georgia, 14 Oct 2024: 420,000 addresses at once on the ballot-request page; here one in a hundred. */
function ballotPageBurst({ web, random, networks }: Place): Attack {
  const machines = times(4200, networks.anywhere);
  const start = at(10, 14, 21, 16);
  return {
    attack: 'ballot-page-burst',
    says: '4,200 addresses ask for the ballot-request page within 24 minutes (2024, Georgia: 420,000).',
    detections: ['election.results_flood'],
    asset: 'absentee',
    lines: times(25_200, (i) => ({
      second: start + random.unit() * 1440,
      write: (second: number) =>
        visit(web, second, {
          host: VOTE,
          source: machines[i % machines.length]!,
          target: '/absentee',
          status: random.unit() < 0.45 ? 503 : 200,
          agent: BROWSER,
        }),
    })),
    enough: 6300,
    within: 'its first 6 minutes: 6,300 requests',
  };
}

/** Knox County 2018: results site down from poll close, and under cover of it a quiet try somewhere else. */
function electionNight({ web, random, networks }: Place): Attack[] {
  const machines = times(4200, networks.anywhere);
  const start = CALENDAR.pollsClose + 1200;
  const quiet = networks.rented(500);
  const flood: Attack['lines'] = times(63_000, (i) => ({
    second: start + random.unit() * 900,
    write: (second: number) =>
      visit(web, second, {
        host: RESULTS,
        source: machines[i % machines.length]!,
        target: '/',
        status: random.unit() < 0.6 ? 503 : 200,
        agent: BROWSER,
      }),
  }));
  return [
    {
      attack: 'results-flood',
      says: '4,200 addresses flood the results site for 15 minutes after the polls close; most are answered with an error (2018, Knox County).',
      detections: ['election.results_flood'],
      asset: 'results',
      lines: flood,
      enough: 42_000,
      within: 'its first ten minutes',
    },
    {
      attack: 'smokescreen',
      says: "Behind the flood one address quietly tries database text on the voters' portal (2018, Knox County).",
      detections: ['campaign.smokescreen'],
      sources: [quiet],
      asset: 'registration',
      lines: requests(web, start + 300, 9, 60, (i) => ({
        host: VOTE,
        source: quiet,
        target: `/register/details?lastname=${SQL[i % SQL.length]}`,
        status: 500,
        agent: BROWSER,
      })),
      enough: 5,
      within: 'its first 5 tries, in four minutes',
    },
  ];
}

/** 2020: a scan of the site, and nine days later what it found is tried, from the same network. */
function scanThenExploit({ web, networks }: Place): Attack {
  const [scanner, exploiter] = [networks.rented(600), networks.rented(601)];
  const scan = requests(web, at(9, 20, 8), 600, 1, (i) => ({
    host: VOTE,
    source: scanner,
    target: `/cancel/${['old', 'test', 'backup', 'admin'][i % 4]}${i}.aspx`,
    status: 404,
    size: 153,
    agent: TOOL_BROWSER,
  }));
  const exploit = requests(web, at(9, 29, 8), 12, 30, (i) => ({
    host: VOTE,
    source: exploiter,
    target: `/cancel/find?voterid=${SQL[i % SQL.length]}`,
    status: 500,
    agent: TOOL_BROWSER,
  }));
  return {
    attack: 'scan-then-exploit',
    says: 'The cancellation page is scanned, and nine days later database text is tried on it from the next address of the same network (2020).',
    detections: ['campaign.scan_to_exploit'],
    sources: [scanner, exploiter],
    asset: 'cancellation',
    lines: [...scan, ...exploit],
    enough: 606,
    within: 'the scan and the first 6 tries after it',
  };
}

/** The network that counts votes must never be reached. */
function sentinel({ firewall, networks }: Place): Attack {
  const source = networks.elsewhere();
  return {
    attack: 'sentinel-traffic',
    says: 'Two packets from outside are let through to the network that must never be reached.',
    detections: ['election.sentinel'],
    sources: [source],
    asset: 'ems',
    lines: times(2, (i) => ({
      second: at(10, 22, 5) + i,
      write: (second: number) => sendPacket(firewall, second, source, 445, { to: '10.77.0.9', allowed: true }),
    })),
    enough: 1,
    within: 'the first packet',
  };
}
