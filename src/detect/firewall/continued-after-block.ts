/**
 * X02 Continued after block: a source whose requests carried an injection, a way out of the web folder or commands
 * (W11, W14, W15, form injection) is turned away by the firewall from then on, and goes on trying.
 * Evidence: at least 3 denied packets to a web port, the first of them within 24 hours after the last such request before
 * it, none in the 24 hours before the first; those that go on after a pause of more than 24 hours are not counted.
 * In Illinois in 2016 the sources kept coming for weeks, five times a second; in Arizona in 2025 for one.
 * Assumed: firewall and web server agree on the time to some minutes. Around it: another address. Missed: a block that is
 * not logged, and one by the web server itself. A source that was turned away all along (it also tried an address of ours
 * that has no web server) is not one that was blocked.
 */
import { DAY, MINUTE } from '../../model/time.ts';
import type { Finding, SourceDetector } from '../detector.ts';
import { estimateEvents } from '../estimates.ts';
import { inOrder, type Touch } from '../touch.ts';
import { isProbe, packetNumbers } from './packets.ts';

const ATTEMPTS = new Set(['W11', 'W14', 'W15', 'election.form_injection']);
const WEB_PORTS = new Set([80, 443, 8080, 8443]);
const DENIED_MIN = 3;
/** by how much the clocks of firewall and web server may differ */
const CLOCKS_MS = 5 * MINUTE;

export const continuedAfterBlock: SourceDetector = {
  ids: ['X02'],
  evaluate(record, _scene, earlier) {
    const attempts = inOrder(earlier.filter((f) => ATTEMPTS.has(f.detection)).flatMap((f) => f.touches));
    if (attempts.length === 0) return [];
    // what was turned away days before any of them says nothing of a block that came later
    const fromMs = attempts[0]!.firstMs - DAY;
    const denied = inOrder(record.packets.filter((t) => isProbe(t) && WEB_PORTS.has(t.sub) && t.lastMs >= fromMs));
    const first = denied[0];
    const before = first === undefined ? [] : attempts.filter((t) => t.firstMs <= first.firstMs + CLOCKS_MS);
    if (first === undefined || before.length === 0) return [];
    const since = before.reduce((ms, t) => Math.max(ms, Math.min(t.lastMs, first.firstMs)), 0);
    const touches = goingOn(denied, since);
    if (touches.length === 0 || estimateEvents(touches) < DENIED_MIN) return [];
    return [found(touches)];
  },
};

/** The touches that follow an instant, and each other, within 24 hours. */
function goingOn(denied: readonly Touch[], since: number): Touch[] {
  const kept: Touch[] = [];
  let last = since;
  for (const t of denied) {
    if (t.firstMs > last + DAY) break;
    kept.push(t);
    last = Math.max(last, t.lastMs);
  }
  return kept;
}

function found(touches: readonly Touch[]): Finding {
  return {
    detection: 'X02',
    base: 'medium',
    steps: [],
    outcome: 'refused',
    touches,
    numbers: packetNumbers,
    thresholds: [`${DENIED_MIN} denied packets to a web port, that begin within 24 hours after such requests`],
    noise: [],
    tailored: ['it went on after it was turned away'],
  };
}
