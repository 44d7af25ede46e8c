/**
 * What the server must know before the first document: component and index templates with every field that is written,
 * and nothing else (`dynamic: strict`), made from config/elasticsearch/*.json for a prefix. Only types that every
 * distribution has, so `url.path` is a keyword where ECS says wildcard, and `message` a text. What people look for one
 * alert by has terms of its own; by all else the server searches in what it sorts and counts by, which is slower by
 * milliseconds and saves a tenth of its work for a document.
 * A layout version stands in every template and in every index: workers look at it before they write.
 */
import alerts from '../../config/elasticsearch/alerts.json' with { type: 'json' };
import common from '../../config/elasticsearch/common.json' with { type: 'json' };
import health from '../../config/elasticsearch/health.json' with { type: 'json' };
import refused from '../../config/elasticsearch/refused.json' with { type: 'json' };
import sources from '../../config/elasticsearch/sources.json' with { type: 'json' };
import summaries from '../../config/elasticsearch/summaries.json' with { type: 'json' };
import { FAMILIES, type Family } from './index-names.ts';

/**
 * Version of the fields. The minor number rises when fields are added, which `setup` does in place; the major one when
 * documents of before and after cannot stand in one index.
 */
export const LAYOUT = { major: 1, minor: 7 } as const;

export interface Layout {
  readonly major: number;
  readonly minor: number;
}

/** A part of a mapping as Elasticsearch takes it. */
export interface MappingNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, MappingNode>>;
  readonly [option: string]: unknown;
}

/** Name and body of a template. */
export interface Template {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const FAMILY_TEMPLATES = { alerts, sources, summaries, refused, health } as const;
const META = { pollwatch: { layout: `${LAYOUT.major}.${LAYOUT.minor}` } };

/** The component template that all index templates are composed of, and these; for index names that begin with `prefix`. */
export function templatesFor(prefix: string): { component: Template; indexTemplates: Template[] } {
  const name = `${prefix}-common`;
  return {
    component: { name, body: { ...common, _meta: { ...common._meta, ...META } } },
    indexTemplates: FAMILIES.map((family) => {
      const { template, _meta, ...rest } = FAMILY_TEMPLATES[family];
      return {
        name: `${prefix}-${family}`,
        body: {
          ...rest,
          index_patterns: [`${prefix}-${family}-*`],
          composed_of: [name],
          template: { ...template, mappings: { ...template.mappings, _meta: META } },
          _meta: { ..._meta, ...META },
        },
      };
    }),
  };
}

/** The whole mapping of a family, as an index of it gets it. */
export function mappingOf(family: Family): MappingNode {
  const own = FAMILY_TEMPLATES[family].template.mappings as MappingNode;
  const shared = common.template.mappings as MappingNode;
  return { dynamic: 'strict', _meta: META, properties: mergeProperties(shared.properties!, own.properties!) };
}

/**
 * The same for an index that is there: it keeps how each of its fields is stored, which a server does not change, and
 * gets those that it lacks.
 */
export function mappingBeside(family: Family, present: Readonly<Record<string, MappingNode>>): MappingNode {
  const mapping = mappingOf(family);
  return { ...mapping, properties: mergeProperties(mapping.properties!, present) };
}

/** Every field of a family by its dotted name, with its type ("object" for one whose inside is not looked at). */
export function fieldsOf(family: Family): Map<string, string> {
  const fields = new Map<string, string>();
  const walk = (properties: Readonly<Record<string, MappingNode>>, path: string) => {
    for (const [name, node] of Object.entries(properties)) {
      if (node.properties !== undefined) walk(node.properties, `${path}${name}.`);
      else fields.set(`${path}${name}`, node.type ?? 'object');
    }
  };
  walk(mappingOf(family).properties!, '');
  return fields;
}

/** The layout that stands in a `_meta`, or null where there is none. */
export function layoutIn(meta: unknown): Layout | null {
  const text = (meta as { pollwatch?: { layout?: unknown } } | undefined)?.pollwatch?.layout;
  const found = typeof text === 'string' ? /^(\d{1,6})\.(\d{1,6})$/.exec(text) : null;
  return found === null ? null : { major: Number(found[1]), minor: Number(found[2]) };
}

/** Whether a layout on the server serves this program: older ones lack fields, a newer major one means something else. */
export function judgeLayout(found: Layout | null): 'serves' | 'older' | 'newer' {
  if (found === null || found.major < LAYOUT.major) return 'older';
  if (found.major > LAYOUT.major) return 'newer';
  return found.minor < LAYOUT.minor ? 'older' : 'serves';
}

function mergeProperties(
  a: Readonly<Record<string, MappingNode>>,
  b: Readonly<Record<string, MappingNode>>,
): Record<string, MappingNode> {
  const merged: Record<string, MappingNode> = { ...a };
  for (const [name, node] of Object.entries(b)) {
    const known = merged[name];
    merged[name] =
      known?.properties === undefined || node.properties === undefined
        ? node
        : { ...known, properties: mergeProperties(known.properties, node.properties) };
  }
  return merged;
}
