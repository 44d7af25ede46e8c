/**
 * The origin that the lines of a drill come from: what is read there is no log of the office, so it is left out wherever it
 * is said what was read.
 */

/** Name of the origin in every organisation. No origin of an installation file can be called so. */
export const DRILL_ORIGIN = '(drill)';
