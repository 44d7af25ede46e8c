/**
 * Prepares Kibana: for each organisation a space with its data views, dashboards and detection rule, and a role that reads
 * this organisation and this space; one more of each for the state, which reads all. Running it again brings everything
 * back to what this program has, and says line by line what was done. What people made themselves is left alone.
 */
import { readerRoleFor } from '../elastic/roles.ts';
import type { KibanaSettings } from '../model/installation.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import { connectKibana, type Kibana } from './client.ts';
import { type Scope, scopeId } from './data-views.ts';
import { type DetectionRule, detectionRules } from './detection-rule.ts';
import { toNdjson } from './saved-object.ts';
import { savedObjects } from './saved-objects.ts';

export interface KibanaSetup {
  /** organisations, and the state where it is wanted */
  readonly scopes: readonly Scope[];
  /** detection rules as well, where Kibana has them; default true */
  readonly rules?: boolean;
  /** told each thing that was done, one line each, no secrets */
  readonly say: (line: string) => void;
}

/** Sets Kibana up. Throws an OperatorError that says what a person must change. */
export async function setupKibana(settings: KibanaSettings, setup: KibanaSetup): Promise<void> {
  const kibana = connectKibana(settings);
  const { body } = await kibana.ask({ method: 'GET', path: '/api/status' });
  const { version } = (body ?? {}) as { version?: { number?: string } };
  setup.say(`server: Kibana ${version?.number ?? 'of an unknown version'}`);
  for (const scope of setup.scopes) {
    await putSpace(kibana, scope, setup.say);
    await importObjects(kibana, scope, setup.say);
    await putRole(kibana, scope, setup.say);
    if (setup.rules !== false) await importRules(kibana, scope, setup.say);
  }
}

/** Name of the role that reads a scope in Kibana. */
function kibanaRole(scope: Scope): string {
  return `${scopeId(scope)}-kibana`;
}

async function putSpace(kibana: Kibana, scope: Scope, say: (line: string) => void): Promise<void> {
  const id = scopeId(scope);
  const path = `/api/spaces/space/${encodeURIComponent(id)}`;
  const { status } = await kibana.ask({ method: 'GET', path, expected: [404] });
  if (status !== 404) return say(`space ${id}: there`);
  const name = scope.organization === null ? 'pollwatch: all organisations' : `pollwatch: ${scope.organization.name}`;
  const description = 'Who scans and probes the election systems. Made by pollwatch setup kibana.';
  const answer = await kibana.ask({
    method: 'POST',
    path: '/api/spaces/space',
    json: { id, name, description, disabledFeatures: [] },
    // somebody else has made it meanwhile
    expected: [409],
  });
  say(`space ${id}: ${answer.status === 409 ? 'there' : 'made'}`);
}

interface ImportAnswer {
  readonly success?: boolean;
  readonly successCount?: number;
  readonly errors?: readonly { type?: string; id?: string; error?: { type?: string } }[];
}

async function importObjects(kibana: Kibana, scope: Scope, say: (line: string) => void): Promise<void> {
  const objects = savedObjects(scope);
  const { body } = await kibana.ask({
    method: 'POST',
    path: '/api/saved_objects/_import?overwrite=true',
    space: scopeId(scope),
    file: { name: `${scopeId(scope)}.ndjson`, text: toNdjson(objects) },
  });
  const { success, successCount, errors = [] } = (body ?? {}) as ImportAnswer;
  if (success !== true || successCount !== objects.length) {
    throw notImported(
      errors.map(({ type, id, error }) => `${type ?? 'object'} ${id ?? ''}: ${error?.type ?? 'not imported'}`),
      `${successCount ?? 0} of ${objects.length} objects were imported into the space ${scopeId(scope)}`,
    );
  }
  say(`space ${scopeId(scope)}: ${objects.length} data views, lists and dashboards set`);
}

async function putRole(kibana: Kibana, scope: Scope, say: (line: string) => void): Promise<void> {
  const name = kibanaRole(scope);
  const { cluster, indices } = readerRoleFor(scope.prefix, scope.organization?.id);
  const { status } = await kibana.ask({
    method: 'PUT',
    path: `/api/security/role/${encodeURIComponent(name)}`,
    json: {
      elasticsearch: { cluster, indices, run_as: [] },
      kibana: [{ base: ['read'], feature: {}, spaces: [scopeId(scope)] }],
    },
    // without users there are no roles
    expected: [404],
  });
  say(status === 404 ? 'roles: this Kibana has no users; whoever reaches it may see everything' : `role ${name}: set`);
}

interface RulesAnswer {
  readonly success?: boolean;
  readonly success_count?: number;
  readonly errors?: readonly { rule_id?: string; error?: { message?: string } }[];
}

async function importRules(kibana: Kibana, scope: Scope, say: (line: string) => void): Promise<void> {
  const space = scopeId(scope);
  // the index of Kibana's own alerts in this space; again is harmless
  const { status } = await kibana.ask({
    method: 'POST',
    path: '/api/detection_engine/index',
    space,
    expected: [404, 409],
  });
  if (status === 404) return say(`space ${space}: this Kibana has no detection rules; none was imported`);
  const rules = await Promise.all(detectionRules(scope).map((rule) => withPeoplesPart(kibana, space, rule)));
  const { body } = await kibana.ask({
    method: 'POST',
    path: '/api/detection_engine/rules/_import?overwrite=true',
    space,
    file: { name: `${space}-rules.ndjson`, text: toNdjson(rules) },
  });
  const { success, success_count: imported, errors = [] } = (body ?? {}) as RulesAnswer;
  if (success !== true || imported !== rules.length) {
    throw notImported(
      errors.map(({ rule_id: id, error }) => `rule ${id ?? ''}: ${error?.message ?? 'not imported'}`),
      `${imported ?? 0} of ${rules.length} rules were imported into the space ${space}`,
    );
  }
  say(`space ${space}: ${rules.length} detection rule set`);
}

/** A rule with what analysts set in Kibana: whether it runs, whom it tells, and what it leaves out. */
async function withPeoplesPart(kibana: Kibana, space: string, rule: DetectionRule): Promise<DetectionRule> {
  const path = `/api/detection_engine/rules?rule_id=${encodeURIComponent(rule.rule_id)}`;
  const { status, body } = await kibana.ask({ method: 'GET', path, space, expected: [404] });
  if (status === 404) return rule;
  const there = (body ?? {}) as Partial<DetectionRule>;
  return {
    ...rule,
    enabled: there.enabled ?? rule.enabled,
    actions: there.actions ?? rule.actions,
    exceptions_list: there.exceptions_list ?? rule.exceptions_list,
  };
}

function notImported(reasons: readonly string[], summary: string): OperatorError {
  const hint = 'was it made by a newer Kibana, or does another space have an object of the same id?';
  const messages = reasons.length === 0 ? [summary] : [summary, ...reasons.slice(0, 20)];
  return new OperatorError(messages.map((message): Problem => ({ code: 'PW-KIBANA-IMPORT', message, hint })));
}
