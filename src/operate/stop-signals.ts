/**
 * How an always-on process is stopped: the first SIGTERM or SIGINT asks it to finish what it has in hand; after the
 * deadline, or at a second signal, it ends at once. Nothing is lost then either: what was not committed is done again.
 */

/** Signals that stop a process. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** A stop that may be asked for. */
export interface StopRequest {
  /** aborted when the process should finish */
  readonly signal: AbortSignal;
  /** Asks for it from inside: the work is done. */
  stop(): void;
  /** Ends the waiting for signals; the process may then end by itself. */
  done(): void;
}

/** What happens on the way. */
export interface StopSettings {
  /** ms between the first signal and the end */
  readonly stopMs: number;
  /** called once, at the first signal */
  readonly onStop?: (signal: NodeJS.Signals) => void;
  /** ends the process at once: at the second signal or the deadline */
  readonly onEnd: (signal: NodeJS.Signals, why: 'deadline' | 'second signal') => void;
}

/** Takes the signals over from whoever had them, until `done`. */
export function stopOnSignals({ stopMs, onStop, onEnd }: StopSettings): StopRequest {
  const controller = new AbortController();
  const before = STOP_SIGNALS.map((name) => [name, process.listeners(name)] as const);
  let deadline: NodeJS.Timeout | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (deadline !== undefined) {
      onEnd(signal, 'second signal');
      return;
    }
    deadline = setTimeout(() => onEnd(signal, 'deadline'), stopMs);
    onStop?.(signal);
    controller.abort();
  };
  for (const name of STOP_SIGNALS) {
    process.removeAllListeners(name);
    process.on(name, onSignal);
  }
  return {
    signal: controller.signal,
    stop: () => controller.abort(),
    done() {
      clearTimeout(deadline);
      for (const [name, listeners] of before) {
        process.removeListener(name, onSignal);
        for (const listener of listeners) process.on(name, listener as NodeJS.SignalsListener);
      }
    },
  };
}
