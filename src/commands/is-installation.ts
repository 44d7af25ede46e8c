/**
 * Whether a configuration file is an inventory or an installation file, before either is read: `doctor --config` takes both.
 */
import { readFileSync } from 'node:fs';
import type { Given } from './options.ts';

/**
 * Whether doctor is asked about an installation: `--config` names one (an inventory has "organization", an installation
 * has not), or without --config the environment says something of one.
 */
export function isInstallation({ config }: Given, env = process.env): boolean {
  if (config === undefined) return (env['POLLWATCH_CONFIG'] ?? env['POLLWATCH_REDIS_URL'] ?? '') !== '';
  let text: string;
  try {
    text = readFileSync(config, 'utf8');
  } catch {
    // said by whoever reads it next, as an inventory
    return false;
  }
  return !/^organization\s*:/m.test(text) && /^(organizations|redis|elasticsearch|work)\s*:/m.test(text);
}
