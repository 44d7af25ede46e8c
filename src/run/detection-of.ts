/**
 * What is said of the detection behind a decision: the catalogue's words, or those of a Sigma rule of the user's own, and
 * the techniques of ATT&CK.
 */
import { techniqueName } from '../alerts/attack.ts';
import { type DetectionText, detectionText } from '../alerts/detections.ts';
import type { Decision } from '../detect/decision.ts';
import type { Alert } from '../model/alert.ts';

/** The catalogue's text (that of several sources where they did it together), or one made from the Sigma rule behind a detection of the user's own. */
export function textOf(d: Decision): DetectionText {
  const known = detectionText(d.detection);
  if (known?.together !== undefined && d.key.kind !== 'source') return { ...known, ...known.together };
  if (known !== null) return known;
  const rule = d.rule;
  const category =
    rule !== undefined && 'category' in rule ? rule.category : d.numbers['packets'] === undefined ? 'web' : 'network';
  return {
    id: d.detection,
    name: rule?.title ?? d.detection,
    class: 'exploit',
    categories: [category],
    techniques: rule !== undefined && rule.techniques.length > 0 ? rule.techniques : ['T1595'],
    needs: [category === 'web' ? 'web' : 'firewall'],
    source: rule?.file ?? '',
    why: rule?.description === undefined || rule.description === '' ? 'A rule of your own matched.' : rule.description,
    todo: ['Read the evidence below, and ask whoever wrote this rule what it is for.', 'Keep the logs of this day.'],
  };
}

const techniques = new Map<string, Alert['techniques'][number]>();

/** One object per technique, whatever the number of alerts. */
export function techniqueOf(id: string): Alert['techniques'][number] {
  const known = techniques.get(id) ?? {
    id,
    name: techniqueName(id),
    reference: `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`,
  };
  techniques.set(id, known);
  return known;
}
