/**
 * Fixtures of the election pack, for make-fixtures.ts: requests to the systems of election.yaml, by people and by scripts.
 */
import { DAY_S, HOUR_S, packet, page, request, times } from './log-lines.ts';
import type { Fixture } from './make-fixtures.ts';

const S = '198.51.100.7';
const SCRIPT = 'curl/8.5.0';
const web = (says: string, lines: string[]) => ({ says, web: lines });
const firewall = (says: string, lines: string[]) => ({ says, firewall: lines });
const inOrder = (lines: [number, string][]): string[] => lines.sort((a, b) => a[0] - b[0]).map(([, line]) => line);

/** Seconds from the start of the fixtures to the evening of election day, when results are shown. */
const ELECTION_NIGHT = 50 * DAY_S + 18 * HOUR_S;

/** Somebody with a browser: a form, its files, what was sent, and what came then. */
function visitor(source: string, at: number, form: string): [number, string][] {
  return [
    [at, page(source, at, form)],
    [at + 1, page(source, at + 1, '/style.css')],
    [at + 1, page(source, at + 1, '/app.js')],
    [at + 60, request(source, at + 60, form, { method: 'POST', status: 303, size: 0 })],
    [at + 61, page(source, at + 61, `${form}/done`)],
  ];
}

const inject = (second: number, target: string, status = 200) => request(S, second, target, { status, size: 4312 });
const SQL = '%27+OR+%271%27%3D%271%27+UNION+SELECT+username,password+FROM+users--';

export const ELECTION_FIXTURES: Readonly<Record<string, Fixture>> = {
  'election.form_injection': {
    fires: web(
      'seven tries on one field of the voter look-up, an hour apart',
      times(7, (i) => inject(i * HOUR_S, `/lookup?voterid=${4000 + i}${SQL}`)),
    ),
    'fires-walk': web('all five fields of the registration form, three tries each', [
      ...times(15, (i) =>
        inject(i * 20, `/register?${['first', 'last', 'dob', 'street', 'city'][i % 5]}=x${i}${SQL}`, 500),
      ),
    ]),
    'fires-public': web(
      'three tries on the search of the candidates, which holds no data of voters',
      times(3, (i) => inject(i * 300, `/candidates/search?name=${i}${SQL}`)),
    ),
    quiet: web('voters with an apostrophe, a search in English, and a scanner at pages that are not there', [
      page('192.0.2.201', 10, '/lookup?lastname=O%27Brien&dob=1961-04-02'),
      page('192.0.2.202', 20, '/lookup?lastname=D%27Angelo+(Smith)&dob=1971-04-02'),
      page('192.0.2.203', 30, '/candidates/search?name=select+the+union+hall+where+we+vote'),
      page('192.0.2.204', 40, '/register?lang=en&street=12+Main+St.+%23+4;+rear'),
    ]),
    below: web('two tries on the search of the candidates', [
      inject(0, `/candidates/search?name=1${SQL}`),
      inject(300, `/candidates/search?name=2${SQL}`),
    ]),
    at: web('one try on the voter look-up', [inject(0, `/lookup?voterid=4000${SQL}`)]),
  },
  'election.status_hammer': {
    fires: web(
      'the page that tells the status of an application, five times a second for twelve minutes',
      times(3600, (i) => page(S, i / 5, '/register/status?application=77120', { agent: SCRIPT })),
    ),
    'fires-day': web(
      'the same page every 15 seconds all day, after it was blocked',
      times(5760, (i) => request(S, i * 15, '/register/status', { status: 403, agent: SCRIPT })),
    ),
    quiet: web('a university behind one address on the last day to register: 120 students a minute, with browsers', [
      ...inOrder(times(900, (i) => visitor('192.0.2.210', Math.floor(i / 2), '/register')).flat()),
    ]),
    below: web(
      '59 requests a minute for twelve minutes',
      times(12 * 59, (i) => page(S, Math.floor(i / 59) * 60 + (i % 59), '/register/status', { agent: SCRIPT })),
    ),
    at: web(
      '60 requests in each of ten minutes in a row',
      times(600, (i) => page(S, i, '/register/status', { agent: SCRIPT })),
    ),
  },
  'election.results_probe': {
    fires: web('on election night: one try to replace a file of the results', [
      request(S, ELECTION_NIGHT, '/results/summary.json', { method: 'PUT', status: 405, agent: SCRIPT }),
    ]),
    'fires-season': web(
      'in September: six admin pages under the results',
      times(6, (i) =>
        request(
          S,
          i * 400,
          `/results/${['phpmyadmin/index.php', '.env', '.git/config', 'adminer.php', 'wp-login.php', 'backup.sql'][i]}`,
        ),
      ),
    ),
    'fires-agreed': web(
      'in September: six tries to write, by a scanner that a list names and that the office has authorised',
      times(6, (i) =>
        request('198.51.100.241', i * 400, '/results/api/publish', {
          method: 'POST',
          status: 404,
          agent: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
        }),
      ),
    ),
    quiet: web('on election night: readers whose page refreshes, and the office that publishes', [
      ...times(300, (i) => page(`192.0.2.${10 + (i % 90)}`, ELECTION_NIGHT + i * 4, '/results/summary.json')),
      ...times(20, (i) =>
        request('192.0.2.140', ELECTION_NIGHT + i * 60, '/results/upload', { method: 'POST', status: 200, size: 12 }),
      ),
    ]),
    below: web(
      'in September: four of them',
      times(4, (i) => request(S, i * 400, '/results/api/publish', { method: 'POST', status: 404 })),
    ),
    at: web(
      'in September: five of them',
      times(5, (i) => request(S, i * 400, '/results/api/publish', { method: 'POST', status: 404 })),
    ),
  },
  'election.pollbook_probe': {
    fires: web('a stranger asks for two pages of the server', [
      request(S, 10, '/sync/v1/status', { status: 401 }),
      request(S, 12, '/sync/', { status: 404 }),
    ]),
    'fires-answered': web('a stranger is given a list', [page(S, 10, '/sync/v1/precincts')]),
    'fires-log-ins': web(
      'a device of an enrolled network that is refused again and again',
      times(8, (i) => request('192.0.2.40', i * 30, '/sync/v1/session', { method: 'POST', status: 401 })),
    ),
    quiet: web('forty poll books at work, one of which must log in anew', [
      ...times(400, (i) => page(`192.0.2.${20 + (i % 40)}`, i * 3, '/sync/v1/checkins', { method: 'POST' })),
      request('192.0.2.21', 1300, '/sync/v1/checkins', { method: 'POST', status: 401 }),
      page('192.0.2.21', 1302, '/sync/v1/session', { method: 'POST' }),
    ]),
    below: web(
      'four refused log-ins of an enrolled device within five minutes',
      times(4, (i) => request('192.0.2.40', i * 30, '/sync/v1/session', { method: 'POST', status: 401 })),
    ),
    at: web(
      'five refused log-ins of an enrolled device within five minutes',
      times(5, (i) => request('192.0.2.40', i * 30, '/sync/v1/session', { method: 'POST', status: 401 })),
    ),
  },
  'election.sentinel': {
    fires: firewall('a machine inside tries three ports of the election management network, and one is let through', [
      packet('10.20.0.15', 10, 445, { to: '10.77.0.20' }),
      packet('10.20.0.15', 11, 3389, { to: '10.77.0.20' }),
      packet('10.20.0.15', 12, 1433, { to: '10.77.0.21', allowed: true }),
    ]),
    quiet: firewall(
      'ordinary background at the other addresses of the office',
      times(40, (i) => packet(`198.51.100.${10 + i}`, i * 60, [22, 23, 445, 3389][i % 4]!)),
    ),
    below: firewall('a packet to an address beside that network', [
      packet('10.20.0.15', 10, 445, { to: '10.77.1.20' }),
    ]),
    at: firewall('one packet that looks like an answer', [
      packet('10.20.0.15', 10, 50_123, { to: '10.77.0.20', from: 443, flags: 'ACK SYN' }),
    ]),
  },
  'election.bulk_register': bulk('/register', 'registrations'),
  'election.bulk_ballot_request': bulk('/absentee', 'ballot requests'),
  'election.bulk_cancel': bulk('/cancel', 'cancellations'),
  'election.protected_record': {
    fires: web('five look-ups of two protected records in an afternoon, one by name and birth date', [
      ...times(3, (i) => page(S, i * 2000, '/lookup?voterid=4417')),
      page(S, 7000, '/lookup?lastname=DOE&dob=1970-01-02'),
      page(S, 8000, '/lookup?dob=1970-01-02&lastname=Doe&lang=en'),
    ]),
    quiet: web('people who look up others, and one who looks up a protected record twice', [
      ...times(40, (i) => page(`192.0.2.${20 + i}`, i * 60, `/lookup?voterid=${5000 + i * 97}`)),
      page('192.0.2.80', 100, '/lookup?voterid=4417'),
      page('192.0.2.80', 400, '/lookup?voterid=4417'),
      page('192.0.2.81', 500, '/lookup?lastname=Doe&dob=1971-01-02'),
      page('192.0.2.81', 600, '/lookup?lastname=Doe&dob=1972-01-02'),
      page('192.0.2.81', 700, '/lookup?lastname=Doe&dob=1973-01-02'),
    ]),
    below: web(
      'two look-ups of a protected record',
      times(2, (i) => page(S, i * 600, '/lookup?voterid=4417')),
    ),
    at: web(
      'three look-ups of a protected record within a day',
      times(3, (i) => page(S, i * 8 * HOUR_S, '/lookup?voterid=4417')),
    ),
  },
  'election.upload_active': {
    fires: web('a script under the name of a picture is stored, and fetched by another address', [
      request(S, 10, '/candidates/photos/candidate-77.jpg.php', { method: 'POST', status: 201, size: 40 }),
      request('198.51.100.99', 2400, '/candidates/photos/candidate-77.jpg.php', { status: 200, size: 811 }),
    ]),
    'fires-put': web('a file is put there and asked for by the same address', [
      request(S, 10, '/uploads/x.aspx', { method: 'PUT', status: 201, size: 0 }),
      request(S, 20, '/uploads/x.aspx', { status: 200, size: 811 }),
    ]),
    'fires-refused': web('three such files, all refused', [
      ...times(3, (i) => request(S, i * 30, `/candidates/photos/p${i}.png.aspx`, { method: 'POST', status: 403 })),
    ]),
    quiet: web('candidates who upload pictures, and look at them', [
      ...times(12, (i) =>
        request(`192.0.2.${30 + i}`, i * 200, `/candidates/photos/c${i}.jpg`, { method: 'POST', status: 201 }),
      ),
      ...times(12, (i) => page(`192.0.2.${30 + i}`, i * 200 + 9, `/candidates/photos/c${i}.jpg`)),
      request('192.0.2.50', 10, '/candidates/upload.php', { method: 'POST', status: 302 }),
    ]),
    below: web('a picture', [request(S, 10, '/candidates/photos/p.jpg', { method: 'POST', status: 201 })]),
    at: web('one file that a server would run', [
      request(S, 10, '/candidates/photos/p.jpg.php', { method: 'POST', status: 201 }),
    ]),
  },
  'election.doc_harvest': {
    fires: web(
      '240 documents on voter registration in half an hour, in the order of their numbers',
      times(240, (i) => page(S, i * 8, `/files/voter-registration/2026/${i}.pdf`, { agent: SCRIPT })),
    ),
    quiet: web('a reader who takes documents between pages, and a campaign that takes other files', [
      ...times(120, (i) => page('192.0.2.70', i * 20, `/files/voter-guide/${i}.pdf`)),
      ...times(40, (i) => page('192.0.2.70', i * 60 + 3, `/files/voter-guide/part-${i}.html`)),
      ...times(200, (i) => page('192.0.2.71', i * 9, `/files/roads/${i}.pdf`, { agent: SCRIPT })),
    ]),
    below: web(
      '99 documents in an hour',
      times(99, (i) => page(S, i * 30, `/files/voter-registration/2026/${i}.pdf`, { agent: SCRIPT })),
    ),
    at: web(
      '100 documents in an hour',
      times(100, (i) => page(S, i * 30, `/files/voter-registration/2026/${i}.pdf`, { agent: SCRIPT })),
    ),
  },
  'election.lookup_slow': {
    fires: web('40 addresses of one block ask for 600 records in 20 hours, one every two minutes', [
      ...inOrder([...lookers(40), ...slowly(600)]),
    ]),
    quiet: web('the customers of one access network: 150 of them look up four people each, with browsers', [
      ...inOrder(
        times(150, (i) => [
          ...looker(`198.51.100.${20 + (i % 200)}`, i * 480, i),
          ...times(3, (k): [number, string] => [
            i * 480 + 60 * k,
            page(`198.51.100.${20 + (i % 200)}`, i * 480 + 60 * k, `/lookup/voter?voterid=${record(i * 4 + k)}`),
          ]),
        ]).flat(),
      ),
    ]),
    below: web('499 records', [...inOrder([...lookers(40), ...slowly(499)])]),
    at: web('500 records', [...inOrder([...lookers(40), ...slowly(500)])]),
  },
  'election.results_flood': {
    fires: web(
      'three ordinary hours, and then 150 addresses at a time for six minutes; half of the answers are errors',
      [...inOrder([...readers(), ...crowd(3 * HOUR_S, 3, 150, 2)])],
    ),
    quiet: web('election night: a crowd of 300 that grows, and a server that fails now and then', [
      ...inOrder([
        ...readers(ELECTION_NIGHT - 3 * HOUR_S),
        ...times(30, (k) => crowd(ELECTION_NIGHT + k * 120, 1, Math.min(300, 20 + k * 14), 40)).flat(),
      ]),
    ]),
    below: web('99 addresses at a time', [...inOrder([...readers(), ...crowd(3 * HOUR_S, 2, 99, 2)])]),
    at: web('100 addresses at a time', [...inOrder([...readers(), ...crowd(3 * HOUR_S, 2, 100, 2)])]),
  },
  'campaign.scan_to_exploit': {
    fires: web('a scan of the voter look-up, and nine days later database text from the next address', [
      ...scan(),
      ...times(6, (i) => injectFrom('198.51.100.8', 9 * DAY_S + i * 60)),
    ]),
    quiet: web('a crawler with old links, and days later a voter with an apostrophe from the same network', [
      ...times(8, (i) => request('192.0.2.90', i * 20, `/lookup/old-${i}.html`)),
      ...times(30, (i) => page('192.0.2.90', 200 + i * 20, `/lookup/help-${i}.html`)),
      page('192.0.2.91', 9 * DAY_S, '/lookup?lastname=O%27Brien&dob=1961-04-02'),
    ]),
    below: web('database text 50 minutes after the scan: one run of one tool', [
      ...scan(),
      injectFrom(S, 57 + 50 * 60),
    ]),
    at: web('database text an hour after the scan', [...scan(), injectFrom(S, 57 + HOUR_S)]),
  },
  'campaign.smokescreen': {
    fires: web('a flood of the results, and beside it seven tries on the voter look-up', [
      ...inOrder([
        ...readers(),
        ...crowd(3 * HOUR_S, 3, 150, 2),
        ...times(7, (i): [number, string] => [3 * HOUR_S + 100 + i * 60, injectFrom(S, 3 * HOUR_S + 100 + i * 60)]),
      ]),
    ]),
    quiet: web('a crowd on election night, and a voter with an apostrophe', [
      ...inOrder([
        ...readers(ELECTION_NIGHT - 3 * HOUR_S),
        ...times(20, (k) => crowd(ELECTION_NIGHT + k * 120, 1, 20 + k * 10, 40)).flat(),
        [ELECTION_NIGHT, page('192.0.2.91', ELECTION_NIGHT, '/lookup?lastname=O%27Brien&dob=1961-04-02')],
      ]),
    ]),
    below: web('database text more than two hours after the flood', [
      ...inOrder([...readers(), ...crowd(3 * HOUR_S, 2, 150, 2)]),
      injectFrom(S, 3 * HOUR_S + 240 + 2 * HOUR_S + 60),
    ]),
    at: web('database text two hours after the flood', [
      ...inOrder([...readers(), ...crowd(3 * HOUR_S, 2, 150, 2)]),
      injectFrom(S, 3 * HOUR_S + 230 + 2 * HOUR_S),
    ]),
  },
};

/** Records whose numbers look drawn at random, the same every time. */
function record(i: number): number {
  return 1_000_000 + ((i * 7_368_787 + 12_345) % 8_999_993);
}

/** Somebody with a browser who looks up one record. */
function looker(source: string, at: number, i: number): [number, string][] {
  return [
    [at, page(source, at, '/lookup')],
    [at + 1, page(source, at + 1, '/style.css')],
    [at + 40, page(source, at + 40, `/lookup/voter?voterid=${record(90_000 + i)}`)],
  ];
}

function lookers(n: number): [number, string][] {
  return times(n, (i) => looker(`192.0.2.${10 + i}`, i * 1700, i)).flat();
}

/** `n` look-ups by 40 addresses of one block, one every two minutes. */
function slowly(n: number): [number, string][] {
  return times(n, (i): [number, string] => [
    i * 120,
    page(`198.51.100.${10 + (i % 40)}`, i * 120, `/lookup/voter?voterid=${record(i)}`, { agent: SCRIPT }),
  ]);
}

/** Three hours of the results site: a reader or two every two minutes. */
function readers(from = 0): [number, string][] {
  return times(180, (i): [number, string] => [
    from + i * 60,
    page(`192.0.2.${10 + (i % 100)}`, from + i * 60, '/results/summary.json'),
  ]);
}

/** `n` addresses in each of some spans of two minutes; every `failing`-th request is answered with an error. */
function crowd(from: number, spans: number, n: number, failing: number): [number, string][] {
  return times(spans * n, (i): [number, string] => {
    const at = from + Math.floor(i / n) * 120 + (i % n) * (118 / n);
    const source = `198.51.${100 + Math.floor((i % n) / 200)}.${1 + ((i % n) % 200)}`;
    return [at, page(source, at, '/results/', { status: i % failing === 0 ? 503 : 200 })];
  });
}

/** Twenty pages of the voter look-up that are not there, in a minute. */
function scan(): string[] {
  return times(20, (i) => request(S, i * 3, `/lookup/area${i}/`));
}

function injectFrom(source: string, second: number): string {
  return request(source, second, `/lookup?voterid=4000${SQL}`, { status: 500, size: 4312 });
}

/** A form that is sent in bulk, and people who fill it in. */
function bulk(form: string, what: string): Fixture {
  const send = (second: number, source = S) =>
    request(source, second, `${form}/submit`, { method: 'POST', status: 302, size: 0, agent: SCRIPT });
  return {
    fires: web(
      `90 ${what} in an hour and a half by a script that never opens the form`,
      times(90, (i) => send(i * 60)),
    ),
    'fires-network': web(
      `24 ${what} in an hour, two each from twelve addresses of one block that never open the form`,
      times(24, (i) => send(i * 150, `198.51.100.${10 + (i % 12)}`)),
    ),
    'quiet-phones': web(
      `a phone network: 30 customers with browsers, and 12 who get another address before they send`,
      [
        ...inOrder([
          ...times(30, (i) => visitor(`198.51.100.${20 + i}`, i * 100, form)).flat(),
          ...times(4, (i): [number, string] => [
            i * 700,
            request(`198.51.100.${80 + i}`, i * 700, form, { method: 'POST', status: 303, size: 0 }),
          ]),
        ]),
      ],
    ),
    quiet: web(`a drive at a library: 40 ${what} in an hour behind one address, each with a browser`, [
      ...inOrder(times(40, (i) => visitor('192.0.2.220', i * 90, form)).flat()),
    ]),
    below: web(
      `nine ${what} in an hour`,
      times(9, (i) => send(i * 300)),
    ),
    at: web(
      `ten ${what} in an hour`,
      times(10, (i) => send(i * 300)),
    ),
  };
}
