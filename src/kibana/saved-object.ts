/**
 * A saved object of Kibana as one line of a file that it imports: type, id, attributes, references, and with which form
 * it was written. Both versions always stand there: without them Kibana runs all of its old migrations. The forms are
 * those of 8.9 and read by every version since; an older Kibana refuses what a newer one wrote.
 * Reference: https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import
 */

/** Types that are written, with the form in which each is. */
const TYPE_VERSIONS = { dashboard: '8.9.0', 'index-pattern': '8.0.0', search: '8.0.0' } as const;
const CORE_VERSION = '8.8.0';

export type SavedObjectType = keyof typeof TYPE_VERSIONS;

/** A reference to another object, by a name that the attributes use. */
export interface Reference {
  readonly type: SavedObjectType;
  readonly id: string;
  readonly name: string;
}

export interface SavedObject {
  readonly type: SavedObjectType;
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly coreMigrationVersion: string;
  readonly typeMigrationVersion: string;
  readonly managed: false;
}

/** Makes one. */
export function savedObject(
  type: SavedObjectType,
  id: string,
  attributes: Readonly<Record<string, unknown>>,
  references: readonly Reference[] = [],
): SavedObject {
  return {
    type,
    id,
    attributes,
    references,
    coreMigrationVersion: CORE_VERSION,
    typeMigrationVersion: TYPE_VERSIONS[type],
    managed: false,
  };
}

/** Text of a file that Kibana imports: a line for each. */
export function toNdjson(objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
}
