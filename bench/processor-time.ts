/**
 * Processor time of processes that come and go while something is measured: user and system seconds of each, by the
 * name of what it does. Unlike wall time it hardly depends on what else the machine does.
 *
 * Reference: proc(5), /proc/PID/stat, fields 14 and 15; 100 ticks a second on Linux
 */
import { readFileSync } from 'node:fs';

/** How often processes are looked at, ms: what one does between the last look and its end is not counted. */
const LOOK_MS = 20;
const TICKS_PER_SECOND = 100;

export interface ProcessorWatch {
  /** Watches one more process under a name that others may have too. */
  add(name: string, pid: number): void;
  /** Seconds since each was added, by name, also of those that have ended. */
  seconds(): Map<string, number>;
  close(): void;
}

/** Starts to watch; `close` when it is over. */
export function watchProcessors(): ProcessorWatch {
  const watched: { name: string; pid: number; from: number; last: number }[] = [];
  const look = (): void => {
    for (const each of watched) each.last = Math.max(each.last, ticksOf(each.pid));
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    add(name, pid) {
      const from = ticksOf(pid);
      watched.push({ name, pid, from, last: from });
    },
    seconds() {
      look();
      const sums = new Map<string, number>();
      for (const { name, from, last } of watched)
        sums.set(name, (sums.get(name) ?? 0) + (last - from) / TICKS_PER_SECOND);
      return sums;
    },
    close: () => clearInterval(timer),
  };
}

/** User and system time of a process and its children that have ended, in ticks; 0 when it is not there. */
function ticksOf(pid: number): number {
  try {
    // the name of the program may hold anything; what follows it are numbers
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}
