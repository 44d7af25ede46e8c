/**
 * Panels of dashboards as they are meant. A panel has a title, a sentence that says what it shows and in which unit, and one
 * or more layers; a layer has a data view, a query and named columns.
 *   bars over time, a table, a big number, shares of a whole, a list of documents, or words (Markdown)
 */
import type { Column } from './columns.ts';
import type { View } from './data-views.ts';
import type { Colours } from './palette.ts';

/** Columns of one data view. */
export interface Layer {
  readonly view: View;
  /** KQL; '' = all */
  readonly query?: string;
  /** by name: buckets first, in the order in which they are nested */
  readonly columns: Readonly<Record<string, Column>>;
}

/** A layer of a chart with axes. */
export interface SeriesLayer extends Layer {
  readonly type: 'bar_stacked' | 'bar_horizontal' | 'bar_horizontal_stacked' | 'line' | 'area';
  /** name of the column along the axis */
  readonly x?: string;
  /** name of the column that splits into series */
  readonly split?: string;
  readonly colours?: Colours;
  /** of measures, by the name of their columns */
  readonly measureColours?: Colours;
}

/** What is said of a panel. */
export interface Said {
  /** unique within its dashboard; also of the ids in it */
  readonly id: string;
  readonly title: string;
  /** what it shows, with the unit */
  readonly description: string;
  /** start of the time that this panel looks at, whatever the dashboard does: "now-7d" */
  readonly from?: string;
  /** a click on a value leads to this dashboard, with the value as a filter */
  readonly leadsTo?: DashboardName;
}

/** Names of the dashboards. */
export type DashboardName = 'overview' | 'investigate' | 'scanners' | 'state' | 'health';

export type Panel =
  | (Said & {
      readonly kind: 'xy';
      readonly layers: readonly SeriesLayer[];
      readonly yTitle: string;
      readonly xTitle?: string;
      readonly isLogarithmic?: boolean;
      /** KQL for all layers; theirs come on top */
      readonly query?: string;
      /** windows of elections are shaded */
      readonly hasWindows?: boolean;
    })
  | (Said & { readonly kind: 'table'; readonly layer: Layer; readonly rows?: number })
  | (Said & {
      readonly kind: 'metric';
      readonly layer: Layer;
      readonly subtitle: string;
      readonly breakdown?: string;
      readonly colour?: string;
    })
  | (Said & { readonly kind: 'shares'; readonly layer: Layer; readonly by: string; readonly colours?: Colours })
  | (Said & DocumentList)
  | { readonly kind: 'words'; readonly id: string; readonly title: string; readonly words: string };

/** Documents themselves, a row each, which opens to everything in them; the most that Kibana shows is 500. */
export interface DocumentList {
  readonly kind: 'documents';
  readonly view: View;
  /** KQL */
  readonly query: string;
  readonly columns: readonly string[];
  /** fields, the first one counts most; all descending */
  readonly sortedBy: readonly string[];
}
