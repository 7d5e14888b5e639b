import * as z from 'zod/mini';
import { backends } from '../host/backends.ts';
import { tiers } from './action.ts';

export const firedFolder = 'vault/fired';
export const rejectedFolder = 'vault/rejected';
export const claimedFolder = 'vault/claimed';

const sha = z.string().check(z.regex(/^[0-9a-f]{40,64}$/));
const digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/));
const time = z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/));

/** How a run ended, as far as it is known. Only `success` is a success. */
export const finalOutcomes = ['success', 'failure', 'cancelled', 'timeout'] as const;

/**
 * `vault/fired/<id>.json`: one privileged action from the moment it was decided to run it. Written first with the
 * outcome `intended`, before anything is started, and only where no such file is yet: that is what makes it run at most
 * once. Then kept up to date by its blob.
 */
export const firedRecord = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  formula: z.string(),
  tier: z.enum(tiers),
  /** Why that tier, in words. */
  tier_reason: z.string(),
  action: z.strictObject({ file: z.string(), blob: sha, digest }),
  /** The commit of the base branch that formula and policy were read at, and their blobs. */
  base: z.strictObject({
    commit: sha,
    formula_blob: sha,
    policy_blob: z.nullable(sha),
    /** Of the project repo's policy, where that says the tiers. */
    tiers_blob: z.nullable(sha),
  }),
  /** The pull request that brought the action, and whose approvals count for it; `null` where low tier needs none. */
  pull: z.nullable(z.int()),
  approvals: z.array(z.strictObject({ login: z.string(), review: z.int(), commit: sha })),
  intent: z.strictObject({ nonce: z.string(), at: time, by: z.string(), run_url: z.nullable(z.string()) }),
  run: z.strictObject({
    backend: z.enum(backends),
    repository: z.string(),
    workflow: z.string(),
    workflow_file: z.string(),
    /** The workflow's blob when it was compared with the formula; the host runs the branch's head. */
    workflow_blob: sha,
    /** Everything it is told. */
    inputs: z.record(z.string(), z.string()),
    ref: z.string(),
    timeout_minutes: z.int(),
    id: z.nullable(z.int()),
    url: z.nullable(z.string()),
  }),
  outcome: z.enum(['intended', 'dispatched', ...finalOutcomes]),
  finished: z.nullable(time),
});
export type FiredRecord = z.infer<typeof firedRecord>;

/** Whether nothing more is to come of a record's run. */
export function isFinal({ outcome }: FiredRecord): boolean {
  return (finalOutcomes as readonly string[]).includes(outcome);
}

/** No record that is written comes near this. */
const largestRecord = 64 * 1024;

/** What a file holds, or undefined where it is no such record: what is no JSON is none either. */
export function readRecord<T>(schema: z.ZodMiniType<T>, bytes: Uint8Array): T | undefined {
  if (bytes.length > largestRecord) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** `vault/rejected/<id>.json`: a merged action whose approval was looked for and is not there. The id is spent. */
export const rejectedRecord = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  action: z.strictObject({ file: z.string(), blob: sha, digest }),
  reasons: z.array(z.string()),
  at: time,
  by: z.string(),
});
export type RejectedRecord = z.infer<typeof rejectedRecord>;

/** `vault/claimed/<id>.json`: the one run that a gate let through, created by that gate where no such file was yet. */
export const claimRecord = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  nonce: z.string(),
  run: z.strictObject({
    backend: z.enum(backends),
    repository: z.string(),
    id: z.int(),
    url: z.nullable(z.string()),
  }),
  at: time,
  by: z.string(),
});
export type ClaimRecord = z.infer<typeof claimRecord>;

/** As it stands in the repository: for people as well, so one field a line. */
export function recordText(record: FiredRecord | RejectedRecord | ClaimRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

export function recordPath(folder: string, id: string): string {
  return `${folder}/${id}.json`;
}
