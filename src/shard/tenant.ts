/**
 * What a worker keeps for each organisation that it works for: rules, inventory, owners of networks, seal. Made when the
 * organisation is met first; scanners, which are large, are kept for a few at a time.
 */
import packageJson from '../../package.json' with { type: 'json' };
import { createEnricher, type Enricher } from '../enrich/enricher.ts';
import { type Installation, parentOf, type Tenant } from '../model/installation.ts';
import { createSeal, type Seal } from '../queue/seal.ts';
import { preparedRules } from '../run/prepared-rules.ts';
import { createScanner, type Scanner } from '../run/scan.ts';
import type { TellingSetting } from './alert-document.ts';
import { rulesDigest } from './record.ts';
import { ruleNames } from './rule-numbers.ts';

/**
 * Scanners that are kept: each needs 10 to 20 MB, and more for the verdicts that it remembers; a new one costs 50 ms and
 * has to judge every text again.
 */
const SCANNERS_MAX = 12;
const DEFAULT_PREFIX = 'pollwatch';

/** An organisation as a worker sees it. */
export interface TenantTools {
  readonly tenant: Tenant;
  readonly seal: Seal;
  /** what its shard is folded and told with */
  readonly setting: TellingSetting;
  /** names of the rules in the order of their numbers, and their digest */
  readonly ruleNames: readonly string[];
  readonly rulesDigest: string;
  /** its scanner, empty; of whoever was used least lately the scanner goes */
  scanner(): Scanner;
}

/**
 * Tools of the organisations of an installation; null for one that is not configured. Rejects with an OperatorError when
 * a rule cannot be read.
 */
export async function tenantTools(installation: Installation): Promise<(organization: string) => TenantTools | null> {
  const ruleSet = await preparedRules(installation.rulesPaths);
  const names = ruleNames(ruleSet);
  const digest = rulesDigest(names);
  const enrichers = new Map<string, Enricher>();
  const scanners = new Map<string, Scanner>();
  const known = new Map<string, TenantTools>();
  const enricherOf = ({ inventory }: Tenant): Enricher => {
    const key = JSON.stringify(inventory.databases);
    const enricher = enrichers.get(key) ?? createEnricher({ databases: inventory.databases });
    enrichers.set(key, enricher);
    return enricher;
  };
  return (organization) => {
    const found = known.get(organization);
    const tenant = installation.tenants.get(organization);
    if (found !== undefined || tenant === undefined) return found ?? null;
    const { inventory, secret, previousSecret = null, id, name } = tenant;
    const tools: TenantTools = {
      tenant,
      seal: createSeal(secret, previousSecret),
      setting: {
        inventory,
        ruleSet,
        secret,
        organization: { id, name },
        parent: parentOf(tenant, installation.tenants),
        get enricher() {
          return enricherOf(tenant);
        },
        indexPrefix: installation.elasticsearch?.prefix ?? DEFAULT_PREFIX,
        version: packageJson.version,
      },
      ruleNames: names,
      rulesDigest: digest,
      scanner() {
        const scanner = scanners.get(id) ?? createScanner(ruleSet, inventory, secret, { previousSecret });
        scanners.delete(id);
        scanners.set(id, scanner);
        for (const oldest of scanners.keys()) {
          if (scanners.size <= SCANNERS_MAX) break;
          scanners.delete(oldest);
        }
        return scanner;
      },
    };
    known.set(organization, tools);
    return tools;
  };
}
