import * as z from 'zod/mini';
import { agentHosts, exhaustions } from '../../core/agent/entry.ts';

// What `forgecrew agents --json` prints. A field is never taken away or given another meaning within a version.

const text = z.string();

const workSchema = z.strictObject({
  repository: text,
  issue: z.int(),
  issue_url: text,
  /** Absent as null until there is one, which the state says at the end of a run. */
  pull: z.nullable(z.int()),
  pull_url: z.nullable(text),
  agent: text,
  profile: z.nullable(text),
  status: z.enum(['running', 'frozen', 'destroyed']),
  why: text,
  /** Whether the time of its lease is over though it says that it runs: the next run of the role takes it over. */
  is_overdue: z.boolean(),
  host: z.enum(agentHosts),
  isolation: text,
  started_at: text,
  last_checkin_at: text,
  ended_at: z.nullable(text),
  rounds: z.int(),
  /** Of those, the ones since somebody last let them begin anew: only these count. */
  rounds_counted: z.int(),
  /** How many of them there may be; null where its agent is not declared any more. */
  max_rounds: z.nullable(z.int()),
  /** What it waits for, where that is a person. */
  needs_person: z.nullable(
    z.strictObject({
      kind: z.enum([...exhaustions, 'needs_person', 'underspecified', 'refused', 'blocked']),
      why: text,
    }),
  ),
  /** In the currency of the manifest's prices; null where nobody counted. */
  cost: z.nullable(z.number()),
  run_url: z.nullable(text),
});

const profileSchema = z.strictObject({ name: text, engine: text, model: z.nullable(text) });

const declaredSchema = z.union([
  z.strictObject({
    name: text,
    file: text,
    faults: z.array(text).check(z.maxLength(0)),
    enabled: z.boolean(),
    engine: text,
    model: z.nullable(text),
    isolation: text,
    network: text,
    repositories: z.array(text),
    profiles: z.array(profileSchema),
  }),
  /** One that cannot be read: it takes no issue. */
  z.strictObject({ name: text, file: text, faults: z.array(text).check(z.minLength(1)) }),
]);

const issue = { repository: text, issue: z.int(), issue_url: text };

const nextSchema = z.strictObject({
  /** Why it could not be found out, or not for all repositories. */
  trouble: z.nullable(text),
  /** Why the ops repo pauses its roles: until that is over nothing comes next. */
  paused: z.nullable(text),
  /** What the next run would take, and why. */
  issue: z.nullable(
    z.strictObject({
      ...issue,
      agent: text,
      how: z.enum(['woken', 'begun', 'taken-over']),
      why: z.array(text),
    }),
  ),
  /** Issues before that one which have a label for an agent, and are not taken though nothing is done on them. */
  waiting: z.array(z.strictObject({ ...issue, why: text })),
  /** Issues that were not looked at, because one was found before, or there are too many for one look. */
  not_looked_at: z.int(),
});

export const listingSchema = z.strictObject({
  /** Of this format. */
  version: z.literal(1),
  ops_repo: text,
  /** Where the state was looked for, and whether it is there: before the first run it is not. */
  state_repo: z.strictObject({ name: text, found: z.boolean() }),
  /** Running and frozen ones, the one that was started last first; with `--all` ended ones after them, the newest first. */
  work: z.array(workSchema),
  /** Ended ones that `--all` did not show. */
  left_out: z.int(),
  /** Files of the state repo that should say who works on what, and cannot be read. */
  unreadable: z.array(z.strictObject({ file: text, fault: text })),
  next: nextSchema,
  /** What the runs of an agent cost that ended on a day (UTC), of the last days on which any did, the newest first. */
  spent: z.array(z.strictObject({ day: text, agent: text, cost: z.number(), runs: z.int() })),
  agents: z.array(declaredSchema),
});

export type Work = z.infer<typeof workSchema>;
export type DeclaredAgent = z.infer<typeof declaredSchema>;
export type Listing = z.infer<typeof listingSchema>;
