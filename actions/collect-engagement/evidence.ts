import * as z from 'zod/mini';

const count = z.int().check(z.nonnegative());
const seconds = z.nullable(z.number().check(z.nonnegative()));

/** Visits by client beacons: what pages themselves reported. All zero where there is no such source. */
const clientSide = z.strictObject({
  total_events: count,
  dwell: z.strictObject({ avg_seconds: z.number(), total_seconds: z.number(), count }),
  max_scroll_pct: z.number(),
  scroll_events: count,
  exit_referrers: z.array(z.strictObject({ source: z.string(), visits: count })),
});

const members = {
  date: z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}$/)),
  /** As configured, without user, password and query. */
  source: z.string(),
  client_source: z.nullable(z.string()),
  /** 24, or the hours of the day that had passed when it was collected. */
  period_hours: z.number(),
  total_requests: count,
  page_views: count,
  unique_visitors: count,
  referred_visitors: count,
  top_pages: z.array(z.strictObject({ path: z.string(), views: count })),
  top_referrers: z.array(z.strictObject({ source: z.string(), visits: count })),
  /** Nearest rank over the page views that were answered whole; `null` when there are none. */
  response_time: z.strictObject({ p50_seconds: seconds, p95_seconds: seconds, p99_seconds: seconds }),
  client_side: clientSide,
  status_classes: z.strictObject({
    '1xx': count,
    '2xx': count,
    '3xx': count,
    '4xx': count,
    '5xx': count,
    other: count,
  }),
  /** Records and bad lines of the day. */
  lines: count,
  bad_lines: count,
  /** The day had ended, every source was read to a clean end, and the visitors are known. */
  complete: z.boolean(),
};

/** What was written until 2026-11: visitors were always a number, be it wrong. */
export const engagementEvidence1 = z.strictObject(members);

/**
 * `evidence/engagement/<date>.json`: one day of a web server's access log, without anything that names a visitor.
 * The day is UTC, from 00:00:00 to before 24:00:00, whenever it is collected; collected twice it is the same.
 */
export const engagementEvidence = z.strictObject({
  /** Raised when a member means something else than before, or may be of another type. */
  version: z.literal(2),
  ...members,
  /** `null` when they are not known: the log has no addresses, or masked ones. Never 0 beside page views. */
  unique_visitors: z.nullable(count),
  referred_visitors: z.nullable(count),
  /** Page views of which the log tells no address: the visitors above are those of the others. */
  views_without_address: count,
});
export type EngagementEvidence = z.infer<typeof engagementEvidence>;
