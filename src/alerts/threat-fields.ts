/**
 * `threat.*` of a document: the ATT&CK techniques of a detection with their tactics, as ECS wants them, in parallel arrays.
 */
import type { Alert } from '../model/alert.ts';
import { TACTICS, TECHNIQUES } from './attack.ts';
import { once, part, texts } from './document-parts.ts';

/** threat.* of the alerts that name the same techniques. */
export function threatFields(techniques: Alert['techniques']): unknown {
  return once(`threat ${JSON.stringify(techniques)}`, () => threatOf(techniques));
}

/** Parallel arrays: tactics, techniques and, where an id has a dot, subtechniques under their technique. */
function threatOf(named: Alert['techniques']): object | undefined {
  const tactics = new Map<string, string>();
  const techniques = new Map<string, string>();
  const subtechniques = new Map<string, { name: string; reference: string }>();
  for (const { id, name, reference } of named) {
    const parent = id.split('.')[0]!;
    const known = TECHNIQUES[parent];
    techniques.set(parent, known?.[0] ?? (parent === id ? name : parent));
    if (known !== undefined) tactics.set(TACTICS[known[1]][0], TACTICS[known[1]][1]);
    if (parent !== id) subtechniques.set(id, { name, reference });
  }
  if (techniques.size === 0) return undefined;
  const sub = [...subtechniques];
  return part({
    framework: 'MITRE ATT&CK',
    tactic: part({
      id: texts([...tactics.keys()]),
      name: texts([...tactics.values()]),
      reference: texts([...tactics.keys()].map((id) => `https://attack.mitre.org/tactics/${id}/`)),
    }),
    technique: part({
      id: texts([...techniques.keys()]),
      name: texts([...techniques.values()]),
      reference: [...techniques.keys()].map((id) => `https://attack.mitre.org/techniques/${id}/`),
      subtechnique: part({
        id: texts(sub.map(([id]) => id)),
        name: texts(sub.map(([, s]) => s.name)),
        reference: texts(
          sub.map(([id, s]) =>
            s.reference === '' ? `https://attack.mitre.org/techniques/${id.replace('.', '/')}/` : s.reference,
          ),
        ),
      }),
    }),
  });
}
