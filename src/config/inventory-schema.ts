/**
 * The shape of the inventory file (YAML, keys in snake_case), field by field with what it means. The JSON Schema in
 * config/schema/ is made from it; positions and hints of mistakes are added by inventory.ts.
 */
import { z } from 'zod';
import { isPrefixFault, parsePrefix } from '../enrich/prefixes.ts';
import { ASSET_KINDS } from '../model/inventory.ts';
import { peopleFields, timezone } from './inventory-people.ts';

/** Id of an organisation. */
export const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'an id has small letters, digits and hyphens, at most 63')
  .describe('small letters, digits and hyphens');

/** Id of an asset or a zone. */
export const assetId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'an id has small letters, digits, hyphens and underscores, at most 63')
  .describe('small letters, digits, hyphens and underscores');

/** A line that people read. */
export const text = z.string().min(1, 'this must not be empty').max(200, 'this is longer than 200 characters');

/** IANA name of a time zone. */
export { timezone };

/** A network or an address. */
export const cidr = z
  .string()
  .superRefine((written, context) => {
    const prefix = parsePrefix(written);
    if (!isPrefixFault(prefix)) return;
    context.addIssue({
      code: 'custom',
      message: prefix.message,
      params: { code: 'PW-CONFIG-CIDR', hint: prefix.hint },
    });
  })
  .describe('network or address, e.g. 198.51.100.0/24 or 2001:db8:1::/48');

const host = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/,
    'this is no host name (no scheme, port or path)',
  )
  .describe('host name, e.g. voterlookup.example.gov');

const param = z.string().regex(/^[^\s=&?#]{1,100}$/, 'this is no parameter name');

const organization = z
  .strictObject({
    id: id.describe('stands in alert ids and index names; do not change it later'),
    name: text.describe('as people say it'),
    level: z
      .enum(['precinct', 'municipality', 'county', 'state', 'territory', 'tribal', 'federal', 'other'])
      .optional(),
    parent: id.optional().describe('id of the organisation above, e.g. the state'),
    timezone: timezone.optional().describe('for reports, and for lines that carry no zone'),
    day_start: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\dZ$/, 'a day starts at a UTC time such as "12:00Z"')
      .optional()
      .describe('when a day starts, UTC; 12:00Z keeps an American election night on one day'),
  })
  .describe('whose logs and alerts these are');

const origin = z.strictObject({
  path: text.describe('file or pattern, e.g. /var/log/nginx/lookup*.log; without a slash it fits file names'),
  asset: assetId.optional().describe('id of the asset whose log this is'),
  zone: assetId.optional().describe('part of the network, e.g. dmz'),
  timezone: timezone.optional().describe('for lines that carry no zone'),
  organization: id.optional().describe('when the log belongs to another organisation'),
});

const asset = z.strictObject({
  id: assetId,
  name: text,
  kind: z.enum(ASSET_KINDS),
  hosts: z.array(host).optional().describe('host names it answers to'),
  cidrs: z.array(cidr).optional().describe('its addresses'),
  ports: z.array(z.int().min(1).max(65535)).optional().describe('ports that are meant to be open'),
  url_prefixes: z
    .array(
      z
        .string()
        .regex(/^\/[^\s?#]*$/, 'a URL prefix starts with / and has no query')
        .max(500),
    )
    .optional()
    .describe('paths that belong to it, where several systems share a host'),
  record_key_params: z
    .array(z.string().regex(/^[^\s=&?#]{1,200}$/, 'parameter names, joined by + when they name a record together'))
    .optional()
    .describe("parameters that name a voter's record, e.g. voterid or lastname+dob"),
  redact_params: z.array(param).optional().describe('parameters whose values never leave this machine readable'),
  keep_params: z.array(param).optional().describe('parameters whose values may be shown'),
  sensitivity: z
    .enum(['voter', 'staff', 'public'])
    .optional()
    .describe(
      "whose data it holds; without it the kind says: look-ups, forms of voters and poll books hold voters' data",
    ),
  criticality: z
    .enum(['low', 'medium', 'high', 'critical'])
    .optional()
    .describe('how much it matters; medium unless given, critical for what must never be reached'),
  clients: z
    .array(cidr)
    .min(1, 'name the networks, or leave it out')
    .optional()
    .describe('networks of the computers that belong there: enrolled poll books, staff who publish results'),
  uocava: z.boolean().optional().describe('used by military and overseas voters: country never scores'),
  owner: assetId.optional().describe('id of the contact who answers for it'),
  client_ip: z
    .strictObject({
      header: z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'this is no name of an HTTP header')
        .describe('e.g. CF-Connecting-IP'),
      trusted_proxies: z.array(z.string()).min(1, 'name the proxies').describe('networks of the proxies that set it'),
    })
    .optional()
    .describe('where a proxy stands in front: else every visitor has its address'),
  sentinel: z.boolean().optional().describe('must never be reached; true for ems_airgapped unless it says otherwise'),
});

const detectionOverride = z
  .strictObject({ off: z.boolean().optional().describe('true: it raises nothing; the report says so') })
  .describe('what is changed of a detection');

/** The whole file. */
export const inventorySchema = z
  .strictObject({
    version: z.literal(1, 'this program reads version 1').describe('of this file format'),
    organization,
    origins: z
      .array(origin)
      .max(10_000)
      .optional()
      .describe('what is known of a log by its path; the first that fits holds'),
    assets: z.array(asset).max(10_000).optional().describe('the systems that are defended'),
    owned: z
      .strictObject({
        cidrs: z.array(cidr).optional().describe('all addresses that are yours'),
        dark_cidrs: z.array(cidr).optional().describe('those of them that nobody uses'),
      })
      .optional(),
    databases: z
      .strictObject({ asn: text.optional(), country: text.optional(), city: text.optional() })
      .optional()
      .describe('MMDB files of your own (GeoLite2, GeoIP2, DB-IP, IPinfo); relative to this file'),
    privacy: z
      .strictObject({ key_file: text.optional().describe('secret that hides parameter values; relative to this file') })
      .optional(),
    protected_records: text
      .optional()
      .describe(
        'file of records whose look-up is told, a key a line, plain or hashed by `pollwatch protect`; relative to this file',
      ),
    detections: z
      .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/), detectionOverride)
      .optional()
      .describe('changes of detections by id'),
    ...peopleFields,
    memory: z
      .strictObject({ entries_max: z.int().min(1000).max(100_000_000).optional() })
      .optional()
      .describe('bound of what is remembered at a time'),
  })
  .describe('Inventory of pollwatch: who we are and what we defend. Optional.');

/** The inventory as it stands in the file. */
export type InventoryFile = z.infer<typeof inventorySchema>;

/** The JSON Schema of the inventory, as published in config/schema/inventory.schema.json. */
export function inventoryJsonSchema(): unknown {
  return { ...z.toJSONSchema(inventorySchema), title: 'pollwatch inventory' };
}
