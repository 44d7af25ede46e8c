/**
 * A flood of a declared system is told wherever its beginning falls within the slices of two minutes in which sources are
 * counted, as one and of its whole length.
 */
import { describe, expect, it } from 'vitest';
import { decided, settingFor } from './deciding.ts';
import { DAY_S, HOUR_S, page, times } from './log-lines.ts';

const ID = 'election.results_flood';
/** The evening of election day, when the calendar expects crowds. */
const NIGHT = 50 * DAY_S + 18 * HOUR_S;

/** `n` addresses every two minutes; every `failing`-th request is answered with an error. */
function crowd(from: number, minutes: number, n: number, failing: number): string[] {
  return times((minutes * n) / 2, (i) => {
    const at = from + (i * 120) / n;
    const source = `10.${Math.floor((i % n) / 200)}.7.${1 + ((i % n) % 200)}`;
    return page(source, at, '/results/', { status: i % failing === 0 ? 503 : 200 });
  });
}

/** [minutes] of each decision about a flood. */
async function floods(lines: readonly string[]): Promise<number[]> {
  const { decisions } = await decided({ 'access.log': lines }, settingFor(ID));
  return decisions.filter((d) => d.detection === ID).map(({ numbers }) => numbers['minutes']!);
}

describe.each([0, 15, 45, 60, 72, 100])('a flood that begins %i seconds after a slice', (offset) => {
  it('is told on an ordinary day, when it lasts four minutes', async () => {
    const lines = [...crowd(0, 180, 4, 1000), ...crowd(3 * HOUR_S + offset, 4, 110, 2)];
    expect(await floods(lines)).toEqual([offset === 0 ? 4 : 6]);
  });

  it('is told on election night, when it is twenty times as large as the crowd of the hour before', async () => {
    const lines = [...crowd(NIGHT - 2 * HOUR_S, 120, 40, 1000), ...crowd(NIGHT + offset, 20, 800, 2)];
    const [minutes, ...others] = await floods(lines);
    expect(others).toEqual([]);
    expect(minutes).toBeGreaterThanOrEqual(18);
    expect(minutes).toBeLessThanOrEqual(22);
  });
});

it('half as many addresses are no flood, wherever they begin', async () => {
  for (const offset of [0, 30, 60, 90])
    expect(await floods([...crowd(0, 180, 4, 1000), ...crowd(3 * HOUR_S + offset, 8, 60, 2)])).toEqual([]);
});

it('a flood that lasts longer than what came before it is told to its end', async () => {
  const lines = [...crowd(0, 70, 10, 1000), ...crowd(70 * 60, 120, 150, 2)];
  expect(await floods(lines)).toEqual([120]);
});
