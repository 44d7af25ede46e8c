/** How a process is stopped: first asked, then ended. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { type StopSettings, stopOnSignals } from '../../src/operate/stop-signals.ts';

function stopped(settings: Partial<StopSettings> = {}) {
  const ends: [string, string][] = [];
  let onEnded = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    onEnded = resolve;
  });
  const request = stopOnSignals({
    stopMs: 60_000,
    onEnd(signal, why) {
      ends.push([signal, why]);
      onEnded();
    },
    ...settings,
  });
  onTestFinished(() => request.done());
  return { request, ends, ended };
}
const send = (signal: NodeJS.Signals) => process.emit(signal, signal);

describe('a process', () => {
  it('is asked to stop by the first signal and ended by the second', () => {
    const { request, ends } = stopped();
    expect(request.signal.aborted).toBe(false);
    send('SIGTERM');
    expect(request.signal.aborted).toBe(true);
    expect(ends).toEqual([]);
    send('SIGINT');
    expect(ends).toEqual([['SIGINT', 'second signal']]);
  });

  it('that does not finish in time is ended', async () => {
    const { ends, ended } = stopped({ stopMs: 10 });
    send('SIGINT');
    await ended;
    expect(ends).toEqual([['SIGINT', 'deadline']]);
  });

  it('that has finished is left to whoever had its signals before', () => {
    let before = 0;
    const listener = (): void => void before++;
    process.on('SIGTERM', listener);
    onTestFinished(() => void process.removeListener('SIGTERM', listener));
    const { request, ends } = stopped();
    send('SIGTERM');
    expect(before).toBe(0);
    request.done();
    send('SIGTERM');
    expect(before).toBe(1);
    expect(ends).toEqual([]);
  });
});
