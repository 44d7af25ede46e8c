/**
 * Colours that people with any kind of colour vision tell apart, on white and on black (Paul Tol's schemes). A colour never
 * says anything that a word beside it does not say, and no colour stands for a place.
 * Reference: https://personal.sron.nl/~pault/
 */
import type { LEVELS } from '../model/rule.ts';

/** By value; what is not named gets a colour of Kibana's own palette, which is as safe. */
export type Colours = Readonly<Record<string, string>>;

export const SEVERITY_COLOURS: Colours = {
  critical: '#882255',
  high: '#ee7733',
  medium: '#ddaa33',
  low: '#33bbee',
  info: '#bbbbbb',
} satisfies Record<(typeof LEVELS)[number], string>;

export const VERDICT_COLOURS: Colours = { tailored: '#ee7733', cannot_tell: '#bbbbbb', noise: '#33bbee' };
export const OUTCOME_COLOURS: Colours = { answered: '#ee7733', tried: '#ddaa33', refused: '#33bbee' };
export const STATE_COLOURS: Colours = { faulty: '#882255', late: '#ddaa33', ok: '#33bbee' };
export const PHASE_COLOUR = '#bbbbbb';
/** one series alone */
export const PLAIN = '#4477aa';

/** Lens' form of a mapping of values to colours, as written since 8.11; older versions pass over it. */
export function colourMapping(colours: Colours | undefined): object {
  return {
    colorMapping: {
      assignments: Object.entries(colours ?? {}).map(([value, colorCode]) => ({
        rule: { type: 'matchExactly', values: [value] },
        color: { type: 'colorCode', colorCode },
        touched: false,
      })),
      specialAssignments: [{ rule: { type: 'other' }, color: { type: 'loop' }, touched: false }],
      paletteId: 'eui_amsterdam_color_blind',
      colorMode: { type: 'categorical' },
    },
  };
}
