/**
 * The part of the inventory's shape that is about people and time: contacts, routes, escalation, mail, the calendar of
 * elections and authorised scanners (ELECTIONS 2b, 2c).
 */
import { z } from 'zod';
import { isTimezone } from '../model/local-time.ts';
import { LEVELS } from '../model/rule.ts';
import { isDate, parseLocalTime, parseQuiet, parseSeverity } from './inventory-texts.ts';

/** Addresses of one contact: more is a distribution list, which the mail server keeps better. */
const EMAILS_MAX = 20;

const contactId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'an id has small letters, digits, hyphens and underscores, at most 63');

/** An IANA time zone. */
export const timezone = z
  .string()
  .refine(isTimezone, 'this is no time zone')
  .describe('IANA name, e.g. America/Chicago');

const line = z
  .string()
  .min(1, 'this must not be empty')
  .max(200, 'this is longer than 200 characters')
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'this must be one line');

/** One plain address: it stands in a mail's envelope, so nothing that a mail server could read in two ways is taken. */
export const email = z
  .string()
  .max(254)
  .regex(
    /^[A-Za-z0-9_+](?:[A-Za-z0-9_+'.-]{0,62}[A-Za-z0-9_+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/,
    'this is no plain mail address such as it@example.gov',
  )
  .refine((address) => !address.includes('..'), 'this is no plain mail address such as it@example.gov')
  .describe('plain address without a name, e.g. it@example.gov');

const phone = z
  .string()
  .regex(/^\+?[0-9][0-9 ().-]{2,24}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?$/, 'this is no telephone number')
  .describe('as people dial it, e.g. "+1-555-0100"; in quotes');

const date = z.string().refine(isDate, 'a day is written like 2026-11-03').describe('YYYY-MM-DD');

const localTime = z
  .string()
  .refine((text) => parseLocalTime(text) !== null, 'a time is written like 2026-11-03T18:30, in local time')
  .describe('YYYY-MM-DDTHH:MM in organization.timezone');

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day is written like "07:30", in quotes');

const severity = z
  .string()
  .refine((text) => parseSeverity(text) !== null, `write a severity (${LEVELS.join(', ')}) or one and above: ">=high"`)
  .describe('e.g. medium, or ">=high"');

/** Beginning of the address of a page that shows an alert. */
export const detailsUrl = z
  .string()
  .max(500)
  .regex(/^https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._~/#?=&%+:-]*)?$/, 'this is no https:// address')
  .describe("page of your own that shows an alert; the alert's id is appended");

const contact = z.strictObject({
  name: line.optional().describe('as people say it; the id unless given'),
  email: z.array(email).min(1, 'a contact needs an address').max(EMAILS_MAX),
  phone: phone.optional(),
  plain_language: z.boolean().optional().describe('true: without the technical part'),
  verified: date.optional().describe('when somebody last checked that this is right; asked for again after 180 days'),
  timezone: timezone
    .optional()
    .describe("IANA name, where it differs from the organisation's; for quiet hours and digests"),
  quiet_hours: z
    .string()
    .refine((text) => parseQuiet(text) !== undefined, 'quiet hours are written like "20:00-06:00", or "none"')
    .optional()
    .describe('local time in which only what cannot wait is mailed; default 20:00-06:00'),
  caps: z
    .strictObject({ per_hour: z.int().min(1).max(60), per_day: z.int().min(1).max(500) })
    .optional()
    .describe('most mails about alerts; more are joined into one'),
  digest: z.enum(['auto', 'daily', 'weekly', 'none']).optional().describe('default: auto'),
});

const route = z.strictObject({
  match: z
    .strictObject({
      severity: severity.optional(),
      asset: z.array(contactId).min(1).optional().describe('ids of assets'),
      detection: z
        .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\*?$/, 'this is no id of a detection'))
        .min(1)
        .optional()
        .describe('ids of detections; "election.*" stands for all that start so'),
    })
    .optional()
    .describe('what it is about; all that is named must fit'),
  to: z.array(contactId).optional().describe('ids of contacts'),
  cc: z.array(contactId).optional().describe('ids of contacts who are told too, and not asked to act'),
  mode: z.enum(['mail', 'digest', 'none']).optional().describe('default: mail'),
});

const election = z.strictObject({
  id: contactId,
  name: line.optional(),
  election_day: date,
  registration_deadline: date.optional(),
  early_voting: z.tuple([date, date]).optional().describe('first and last day'),
  enr: z
    .tuple([localTime, localTime])
    .optional()
    .describe('when results are shown; default: 18:00 on election day to two days later'),
  certify_by: date.optional(),
});

const scanner = z.strictObject({
  name: line,
  cidrs: z.array(z.string()).min(1).optional().describe('addresses that it scans from'),
  source: z
    .string()
    .regex(/^list:[a-z0-9][a-z0-9-]{0,62}$/, 'a published list is written like list:cisa-cyhy')
    .optional()
    .describe('published list of its addresses'),
  enrolled: z
    .boolean()
    .optional()
    .describe('true: you signed up for it; without that a list only says who it claims to be'),
  since: date.describe('first day'),
  expires: date.describe('last day; an agreement without an end is none'),
  max_class: z.literal('scan', 'only scans can be authorised; attempts to break in are always shown').optional(),
});

/** Fields of the inventory that this file describes, for the schema of the whole file. */
export const peopleFields = {
  contacts: z.record(contactId, contact).optional().describe('people and desks that can be mailed, by id'),
  routing: z.array(route).max(200).optional().describe('who is told of what; the first that fits holds'),
  escalation: z
    .array(z.strictObject({ after_minutes: z.int().min(1).max(10_080), to: z.array(contactId).min(1) }))
    .max(10)
    .optional()
    .describe('who is told next when nobody acknowledges'),
  mail: z
    .strictObject({
      tlp: z.enum(['TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED', 'TLP:GREEN']).optional().describe('default: TLP:AMBER'),
      digest_at: clock.optional().describe('local time of digests; default "07:30"'),
      details_url: detailsUrl.optional(),
    })
    .optional(),
  calendar: z.array(election).max(200).optional().describe('elections: they make some systems matter more for a time'),
  scanner_lists: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a list has small letters, digits and hyphens, at most 63')
          .describe('as authorized_scanners name it: list:NAME'),
        title: line.optional().describe('who the addresses are listed as; the name unless given'),
        file: z.string().min(1).max(500).describe('networks, one a line; relative to this file'),
        date: date.describe('day on which the list was fetched'),
      }),
    )
    .max(100)
    .optional()
    .describe('published lists of scanners that you keep as files'),
  authorized_scanners: z
    .array(scanner)
    .max(1000)
    .optional()
    .describe('scans that you agreed to; they are shown, with a lower severity'),
};
