/** Counties of a made-up state, in the order of the alphabet. A log that is named after one is that county's. */
export const COUNTIES = ['adams', 'baker', 'clay', 'dixie', 'early', 'floyd', 'grady', 'hart'] as const;
