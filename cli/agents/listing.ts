import * as z from 'zod/mini';
import { agentHosts } from '../../core/agent/entry.ts';

// What `forgecrew agents --json` prints. A field is never taken away or given another meaning within a version.

const text = z.string();

export const workSchema = z.strictObject({
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
  /** In the currency of the manifest's prices; null where nobody counted. */
  cost: z.nullable(z.number()),
  run_url: z.nullable(text),
});

const profileSchema = z.strictObject({ name: text, engine: text, model: z.nullable(text) });

export const declaredSchema = z.union([
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
  agents: z.array(declaredSchema),
});

export type Work = z.infer<typeof workSchema>;
export type DeclaredAgent = z.infer<typeof declaredSchema>;
export type Listing = z.infer<typeof listingSchema>;
