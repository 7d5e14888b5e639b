import * as z from 'zod/mini';
import { backends } from '../host/backends.ts';
import { moment } from '../moment.ts';
import { tiers } from './action.ts';

// Records stand on branches that one account each may push to: so the branch says who wrote, which a commit's author, set by
// whoever pushes, does not. No merge into main reaches them.

/** The branch that only the dispatcher pushes to. */
export const recordsBranch = 'vault-records';
/** The branch that only the gatekeeper pushes to. */
export const claimsBranch = 'vault-claims';

/**
 * On `vault-records`: one file for each action that was decided to be started. It spends the id, and stays, unless the
 * server said that it starts nothing: then it is taken back at once, by the run that wrote it.
 */
export const firedFolder = 'fired';
/** On `vault-records`: how it ended. */
export const endedFolder = 'ended';
/** On `vault-records`: actions that were turned down; they spend the id as well. */
export const rejectedFolder = 'rejected';
/**
 * On `vault-records`: actions that were taken away from main before they started, below the commit that took them away, which were
 * told so on the pull request that asked for them. That spends no id.
 */
export const withdrawnFolder = 'withdrawn';
/** On `vault-records`: copies of what stood on main before there was such a branch. Their ids are spent, and that is all. */
export const earlierFolder = 'earlier';
/** On `vault-claims`: the one run of each action that a gate let through. */
export const claimedFolder = 'claimed';

/** Where records stood on main before there were such branches: whoever wrote them, their ids are spent. */
export const formerFolders = ['vault/fired', 'vault/rejected', 'vault/claimed'];

const sha = z.string().check(z.regex(/^[0-9a-f]{40,64}$/));
const digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/));

/** How a run ended, as far as it is known. Only `success` is a success. */
const finalOutcomes = ['success', 'failure', 'cancelled', 'timeout'] as const;

/**
 * `fired/<id>.json`: one privileged action from the moment it was decided to run it. Written first without a run, before
 * anything is started, and only where no such file is yet: that is what makes it run at most once. Then the run is put in.
 */
export const firedRecord = z.strictObject({
  version: z.literal(2),
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
  /** Its head, which is what was approved. */
  head: z.nullable(sha),
  approvals: z.array(z.strictObject({ login: z.string(), review: z.int(), commit: sha })),
  intent: z.strictObject({ nonce: z.string(), at: moment, by: z.string(), run_url: z.nullable(z.string()) }),
  run: z.strictObject({
    backend: z.enum(backends),
    repository: z.string(),
    workflow: z.string(),
    workflow_file: z.string(),
    /** The workflow's blob at that commit, which agreed with the formula. */
    workflow_blob: sha,
    /** What runs. On Forgejo it is started as it is at this commit; on Woodpecker the gate refuses any other. */
    commit: sha,
    /** Everything it is told. */
    inputs: z.record(z.string(), z.string()),
    /** The branch. */
    ref: z.string(),
    timeout_minutes: z.int(),
    /** `null` as long as no run of it was seen. */
    id: z.nullable(z.int()),
    url: z.nullable(z.string()),
  }),
});
export type FiredRecord = z.infer<typeof firedRecord>;

/** `ended/<id>.json`: how the run of an action ended, created once. What spent the id stays where it is. */
export const endedRecord = z.strictObject({
  version: z.literal(2),
  id: z.string(),
  outcome: z.enum(finalOutcomes),
  run: z.strictObject({ id: z.int(), url: z.string() }),
  at: moment,
  by: z.string(),
});
export type EndedRecord = z.infer<typeof endedRecord>;

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

/** `rejected/<id>.json`: a merged action whose approval was looked for and is not there. The id is spent. */
export const rejectedRecord = z.strictObject({
  version: z.literal(2),
  id: z.string(),
  action: z.strictObject({ file: z.string(), blob: sha, digest }),
  reasons: z.array(z.string()),
  at: moment,
  by: z.string(),
});
export type RejectedRecord = z.infer<typeof rejectedRecord>;

/** `withdrawn/<commit>/<id>.json`: that the pull request which asked was told of the withdrawal, so that it is told once. */
const withdrawnRecord = z.strictObject({
  version: z.literal(2),
  id: z.string(),
  /** What took the action away from main: a commit, and the pull request it came with; `null` where it came without one. */
  commit: sha,
  by: z.nullable(z.int()),
  /** The pull request that had brought it, where that is known. */
  pull: z.nullable(z.int()),
  at: moment,
});
export type WithdrawnRecord = z.infer<typeof withdrawnRecord>;

/** `claimed/<id>.json`: the one run that a gate let through, created by that gate where no such file was yet. */
export const claimRecord = z.strictObject({
  version: z.literal(2),
  id: z.string(),
  nonce: z.string(),
  run: z.strictObject({
    backend: z.enum(backends),
    repository: z.string(),
    id: z.int(),
    url: z.nullable(z.string()),
  }),
  at: moment,
  by: z.string(),
});
export type ClaimRecord = z.infer<typeof claimRecord>;

export type VaultRecord = FiredRecord | EndedRecord | RejectedRecord | WithdrawnRecord | ClaimRecord;

/** As it stands in the repository: for people as well, so one field a line. */
export function recordText(record: VaultRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Where it stands that a withdrawal was told: one and the same id may be withdrawn more than once. */
export function withdrawnPath(id: string, commit: string): string {
  return recordPath(`${withdrawnFolder}/${commit}`, id);
}

/** Where a record about an id stands on its branch. */
export function recordPath(folder: string, id: string): string {
  return `${folder}/${id}.json`;
}
