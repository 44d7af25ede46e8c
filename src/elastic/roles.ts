/**
 * Who may do what on the server: a writer role and key for the workers that can write documents and create nothing, a
 * reader role per organisation, and one that reads all. Names of readers' indices are a regular expression with the year
 * at the end: "us-xx-*" would also be the county "us-xx-example". The writer gets actions instead of the privilege
 * "index", which would also let it change mappings.
 * Reference: https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/elasticsearch-privileges
 */
import readerRole from '../../config/elasticsearch/reader-role.json' with { type: 'json' };
import writerRole from '../../config/elasticsearch/writer-role.json' with { type: 'json' };
import { type Client, hasInterface, refusalOf } from './client.ts';
import { FAMILIES } from './index-names.ts';

/** Cluster and index privileges, as Elasticsearch takes them. */
export interface Role {
  readonly cluster: string[];
  readonly indices: { names: string[]; privileges: string[] }[];
}

/** The role of the workers. */
export function writerRoleFor(prefix: string): Role {
  const named = (name: string) => name.replace('pollwatch', prefix);
  return {
    cluster: [...writerRole.cluster],
    indices: writerRole.indices.map((i) => ({ names: i.names.map(named), privileges: [...i.privileges] })),
  };
}

/** The role of an organisation's readers; without an organisation, of those who read all. */
export function readerRoleFor(prefix: string, organization?: string): Role {
  return {
    cluster: [...readerRole.cluster],
    indices: readerRole.indices.map(({ names, privileges }) => ({
      names: FAMILIES.flatMap((family) =>
        organization === undefined
          ? [`${prefix}-${family}`, `${prefix}-${family}-*`]
          : names.map((name) =>
              name.replace('pollwatch', prefix).replace('{family}', family).replace('{organization}', organization),
            ),
      ),
      privileges: [...privileges],
    })),
  };
}

/** Sets roles and, when asked, a new key. Throws the client's error when the server refuses. */
export async function setupAccess(
  client: Client,
  prefix: string,
  organizations: readonly string[],
  options: { newKey: boolean; say: (line: string) => void },
): Promise<{ hasSecurity: boolean; apiKey: string | null }> {
  const { say, newKey } = options;
  if (!(await hasInterface(client, '/_security/_authenticate'))) {
    say(
      'security: this server has none switched on; no roles and no key were made, and whoever reaches it may do everything',
    );
    return { hasSecurity: false, apiKey: null };
  }
  const roles: [string, Role][] = [
    [`${prefix}-writer`, writerRoleFor(prefix)],
    [`${prefix}-reader`, readerRoleFor(prefix)],
    ...organizations.map((o): [string, Role] => [`${prefix}-reader-${o}`, readerRoleFor(prefix, o)]),
  ];
  for (const [name, role] of roles) {
    const { role: answer } = await client.security.putRole({ name, ...role } as PutRole);
    say(`role ${name}: ${answer.created ? 'made' : 'set'}`);
  }
  const name = `${prefix}-writer`;
  const valid = await validKeys(client, name);
  if (!newKey) {
    say(`key ${name}: ${valid === 0 ? 'none yet; set up with a new key to make one' : `${valid} in use, none made`}`);
    return { hasSecurity: true, apiKey: null };
  }
  const { encoded } = await client.security.createApiKey({
    name,
    role_descriptors: { writer: writerRoleFor(prefix) },
    metadata: { program: 'pollwatch' },
  } as CreateKey);
  say(`key ${name}: made${valid === 0 ? '' : `; ${valid} older ones stay valid until they are invalidated`}`);
  return { hasSecurity: true, apiKey: encoded };
}

type PutRole = Parameters<Client['security']['putRole']>[0];
type CreateKey = NonNullable<Parameters<Client['security']['createApiKey']>[0]>;

async function validKeys(client: Client, name: string): Promise<number> {
  try {
    const { api_keys: keys } = await client.security.getApiKey({ name, owner: true });
    return keys.filter((key) => key.invalidated !== true).length;
  } catch (error) {
    if (refusalOf(error).status === 404) return 0;
    throw error;
  }
}
