/**
 * What the exit status of pollwatch says. The numbers are promised by semantic versioning.
 */

/** ran, whatever was found */
export const OK = 0;
/** a fault of pollwatch or of the machine */
export const FAULT = 1;
/** the person who runs it must act: bad options, config or rules; or a log that could not be read (the others were) */
export const OPERATOR = 2;
/** `--fail-on SEVERITY` was given and something at or above it was found */
export const FOUND = 10;
/** ended by Ctrl-C, as shells say it: 128 + 2 */
export const INTERRUPTED = 130;
/** ended by SIGTERM: 128 + 15 */
export const TERMINATED = 143;
