/** One alert of every detection, decided by the real core from the fixture logs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DETECTIONS } from '../../src/alerts/detections.ts';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf, settingFor } from '../detect/deciding.ts';

const FOLDER = join(import.meta.dirname, '../detect');

/** Alerts of all firing fixtures, each under its detection's id; made once. */
export async function alertsOfEveryDetection(): Promise<Map<string, Alert[]>> {
  made ??= makeAll();
  return await made;
}

let made: Promise<Map<string, Alert[]>> | undefined;

async function makeAll(): Promise<Map<string, Alert[]>> {
  const found = new Map<string, Alert[]>();
  for (const { id } of DETECTIONS) {
    const folder = join(FOLDER, id);
    const names = existsSync(folder) ? readdirSync(folder).filter((n) => /^fires.*\.log$/.test(n)) : [];
    const cases = new Set(names.map((name) => name.split('.')[0]!));
    const alerts: Alert[] = [];
    for (const one of cases) {
      const logs = names.filter((name) => name.split('.')[0] === one);
      const lines = (name: string) => readFileSync(join(folder, name), 'latin1').split('\n').slice(0, -1);
      const all = await alertsOf(Object.fromEntries(logs.map((name) => [name, lines(name)])), settingFor(id));
      alerts.push(...all.filter((alert) => alert.detection === id));
    }
    found.set(id, alerts);
  }
  return found;
}
