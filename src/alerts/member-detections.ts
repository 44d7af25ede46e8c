/**
 * Detections over several organisations as people read them: entries of the catalogue (detections.ts) that only the one
 * above them (a state) decides, over what its members' alerts say.
 */
import { DAY } from '../model/time.ts';
import type { DetectionText } from './detections.ts';

const KEEP = 'Ask those named here to keep the logs of these days: their lines stay with them.';

export const MEMBER_DETECTIONS: readonly DetectionText[] = [
  {
    id: 'X03',
    name: 'Campaign: addresses that work alike',
    class: 'campaign',
    categories: ['network', 'web'],
    techniques: ['T1595', 'T1595.001', 'T1595.002'],
    needs: [],
    closesMs: DAY,
    source: 'Gates (coverage and overlap); scan correlation; SSCI State 10: three addresses, three networks',
    why: 'Addresses that share a tool or a network, went for the same, and agree in one more thing usually belong to one piece of work.',
    todo: [
      'Read the alerts of these addresses together: what one of them found, the others know.',
      'Tell your state contact, or the offices named here, of all of these addresses.',
      'Keep the logs of these days.',
    ],
  },
  {
    id: 'X06',
    name: 'One address with alerts at several offices',
    class: 'campaign',
    categories: ['network', 'web'],
    techniques: ['T1595'],
    needs: ['members'],
    source: 'Richter and Berger: a third of scans is localised; 3 offices',
    why: 'Most scans go to the whole Internet. One that meets several of a few hundred offices, and does not look like that, may be after offices like these.',
    todo: [
      'Tell the offices named here of each other, and of the address.',
      KEEP,
      'Ask the other offices to search their logs for this address.',
    ],
  },
  {
    id: 'campaign.jurisdiction_sweep',
    name: 'Offices reached one after the other',
    class: 'campaign',
    categories: ['network', 'web'],
    techniques: ['T1594', 'T1595'],
    needs: ['members'],
    closesMs: DAY,
    source: 'DHS and FBI 2019: states gone through alphabetically; 5 offices in 30 days',
    why: 'Who works through a list of offices will come to the next ones on it.',
    todo: ['Tell the offices that were not reached yet, and give them the addresses.', KEEP],
  },
];
