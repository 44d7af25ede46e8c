/**
 * What election detectors share: the touches of a source by declared system, and the numbers that their alerts show.
 */
import { TAG, WEB } from '../../measure/entry.ts';
import type { Asset } from '../../model/inventory.ts';
import type { Scene, SourceRecord } from '../detector.ts';
import { estimateEvents } from '../estimates.ts';
import { statusClassOf, type Touch } from '../touch.ts';

/** Whether a source's request sent something (POST, PUT, PATCH). */
export const isSent = (t: Touch) => (t.flags & WEB.post) !== 0;

/** The touches of one tag by the system that they went to; requests to no declared system are left out. */
export function bySystem(record: SourceRecord, tag: number, scene: Scene): [Asset, Touch[]][] {
  const lists = new Map<number, Touch[]>();
  for (const t of record.touches) {
    if (t.tag !== tag || scene.assets[t.host - 1] === undefined) continue;
    const list = lists.get(t.host);
    if (list === undefined) lists.set(t.host, [t]);
    else list.push(t);
  }
  return [...lists]
    .sort((a, b) => a[0] - b[0])
    .map(([number, touches]): [Asset, Touch[]] => [scene.assets[number - 1]!, touches]);
}

/** Whether a source is one of the computers that a system's owner names as belonging there. */
export function isClientOf(asset: Asset, record: SourceRecord, scene: Scene): boolean {
  return asset.clients.length > 0 && scene.isClient(asset.number, record.hi, record.lo);
}

/** Requests of touches, and how many of them were refused, answered with a page, or made the server fail. */
export function answerNumbers(touches: readonly Touch[]): Record<string, number> {
  const of = (is: (t: Touch) => boolean) => estimateEvents(touches.filter(is));
  return {
    requests: estimateEvents(touches),
    refused: of((t) => statusClassOf(t) === 4),
    server_errors: of((t) => statusClassOf(t) === 5),
  };
}

/** Static files that a source fetched on a day: browsers fetch what a page is made of. */
export function staticFiles(record: SourceRecord, day: number): number {
  let n = 0;
  for (const v of record.visits) if (v.tag === TAG.asset && v.pane === day) n += v.count;
  return n;
}

/** refused when all were, tried otherwise: that a page answers shows nothing by itself */
export function outcomeOf(touches: readonly Touch[]): 'refused' | 'tried' {
  return touches.every((t) => statusClassOf(t) === 4) ? 'refused' : 'tried';
}
