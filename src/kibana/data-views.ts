/**
 * What dashboards look at: one data view for each family of documents that they show, for one organisation or for all.
 * Names follow from prefix and organisation, so that every space has objects of its own: an id stands for one object in
 * the whole of Kibana.
 *
 *   prefix pollwatch, organisation us-xx-example → data view pollwatch-us-xx-example-alerts of pollwatch-alerts-us-xx-example
 */
import { aliasOf, type Family } from '../elastic/index-names.ts';
import { type SavedObject, savedObject } from './saved-object.ts';

/** Families that dashboards look at. */
const VIEWS = ['alerts', 'summaries', 'health', 'refused'] as const satisfies readonly Family[];
export type View = (typeof VIEWS)[number];

/** Whose documents are looked at. */
export interface Scope {
  /** first part of index names */
  readonly prefix: string;
  /** null = those of all organisations, for the state */
  readonly organization: { readonly id: string; readonly name: string } | null;
  /** windows of elections, for shading; Unix ms. Empty where nobody knows them */
  readonly windows: readonly { readonly label: string; readonly fromMs: number; readonly toMs: number }[];
}

/** First part of the ids of a scope's objects; also the id of its space. */
export function scopeId({ prefix, organization }: Scope): string {
  return organization === null ? prefix : `${prefix}-${organization.id}`;
}

/** Id of a data view. */
export function viewId(scope: Scope, view: View): string {
  return `${scopeId(scope)}-${view}`;
}

const NAMES: Readonly<Record<View, string>> = {
  alerts: 'alerts',
  summaries: 'days in numbers',
  health: 'health of the installation',
  refused: 'lines that could not be read',
};

/** The data views of a scope. */
export function dataViews(scope: Scope): SavedObject[] {
  const { prefix, organization } = scope;
  return VIEWS.map((view) =>
    savedObject('index-pattern', viewId(scope, view), {
      title: aliasOf(prefix, view, organization?.id),
      name: `pollwatch: ${NAMES[view]}${organization === null ? '' : `, ${organization.name}`}`,
      timeFieldName: '@timestamp',
      sourceFilters: '[]',
      fieldAttrs: '{}',
      fieldFormatMap: '{}',
      runtimeFieldMap: '{}',
      fields: '[]',
      allowNoIndex: true,
    }),
  );
}
