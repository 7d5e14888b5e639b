import * as z from 'zod/mini';
import { tiers } from '../../core/vault/action.ts';

const count = z.int().check(z.nonnegative());
const seconds = z.nullable(z.int().check(z.nonnegative()));
const share = z.nullable(z.number().check(z.minimum(0), z.maximum(1)));

/** How long something took: nearest rank over all that came to its end in the period; `null` where nothing did. */
const span = z.strictObject({ count, median_seconds: seconds, p90_seconds: seconds });
export type Span = z.infer<typeof span>;

const number = z.nullable(z.number().check(z.nonnegative()));

/** What a period came to. What each of these means is in the role's README. */
export const metrics = z.strictObject({
  issues: z.strictObject({
    opened: count,
    closed: count,
    reopened: count,
    rejected: count,
    reopened_share: share,
    rejected_share: share,
  }),
  pulls: z.strictObject({ opened: count, reviewed: count, merged: count }),
  times: z.strictObject({
    issue_to_pull: span,
    pull_to_review: span,
    review_to_merge: span,
    pull_to_merge: span,
    issue_to_merge: span,
  }),
  review_rounds: z.strictObject({ count, median: number, p90: number }),
  pipelines: z.array(
    z.strictObject({
      pipeline: z.string(),
      runs: count,
      red: count,
      until_green: span,
      red_steps: z.array(z.strictObject({ step: z.string(), red: count })),
    }),
  ),
  visions: z.strictObject({
    opened: count,
    filed: count,
    closed: count,
    to_filed: span,
    filed_to_closed: span,
  }),
  vault: z.strictObject({
    tiers: z.array(
      z.strictObject({
        tier: z.enum(tiers),
        started: count,
        ended: z.array(z.strictObject({ outcome: z.string(), count })),
        to_approval: span,
      }),
    ),
    rejected: count,
  }),
  proposals: z.array(
    z.strictObject({
      type: z.string(),
      /** By who had to approve it; `null` where the policy names people. */
      tier: z.nullable(z.enum(['medium', 'high'])),
      proposed: count,
      decided: z.array(z.strictObject({ how: z.string(), count })),
      carried_out: z.array(z.strictObject({ how: z.string(), count })),
      to_approval: span,
    }),
  ),
  agents: z.array(
    z.strictObject({
      agent: z.string(),
      runs: count,
      outcomes: z.array(z.strictObject({ outcome: z.string(), count, cost: number })),
      /** Over the runs whose cost is known; `null` where none is. */
      cost: number,
    }),
  ),
});
export type Metrics = z.infer<typeof metrics>;

/**
 * `evidence/process/<date>.json`: how the factory itself did on one day, and in the 28 days that end with it. Days are UTC.
 * It depends on nothing that happened after the day, so that two collections of one day are equal.
 */
export const processEvidence = z.strictObject({
  /** Raised when a member means something else than before, or may be of another type. */
  version: z.literal(1),
  date: z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}$/)),
  /** 24, or the hours of the day that had passed when it was collected. */
  period_hours: z.number(),
  /** The day had ended, and everything was read. */
  complete: z.boolean(),
  /** What was not looked at because there was more than the settings allow, in words. */
  left_out: z.array(z.string()),
  /** What there was to read; what is not among these counts nothing, which is not the same as none. */
  sources: z.array(z.enum(['issues', 'forgejo-actions', 'woodpecker', 'vault', 'proposals', 'agents'])),
  day: metrics,
  last_28_days: metrics,
});
export type ProcessEvidence = z.infer<typeof processEvidence>;
export type Source = ProcessEvidence['sources'][number];
