import * as z from 'zod/mini';
import { canonicalJson, sha256 } from '../canonical.ts';
import { moment } from '../moment.ts';
import { actionTypes, type Payload, payloadSchema } from './payload.ts';
import { escalationRule } from './policy.ts';

// What stands in the record repo, in which our account alone writes. Every file is created once; only the record of a proposal
// gets one addition, the comment that people click on.

/** `escalation/<id>.json`: a proposal, before anybody sees it. */
export const proposalFolder = 'escalation';
/** `decided/<id>.json`: what became of it. Created once, so a proposal is carried out, or turned down, or void, and never two of these. */
export const decidedFolder = 'decided';
/** `outcomes/<id>.json`: what came of carrying it out. */
export const outcomeFolder = 'outcomes';
/** `told/<id>.json`: that the thread was told; nothing of it is looked at any more. */
export const toldFolder = 'told';
/** `answers/<day>/<comment>.json`: what a model answered to a request, before anybody reads it. */
export const answerFolder = 'answers';

const sha = z.string().check(z.regex(/^[0-9a-f]{40,64}$/));
const digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/));
const id = z.string().check(z.regex(/^\d{8}-\d{1,16}-\d{1,2}(?:-r[1-9])?$/));

const line = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('user'), by: z.string(), text: z.string() }),
  z.strictObject({ role: z.literal('assistant'), by: z.string(), text: z.string() }),
  z.strictObject({ role: z.literal('action'), payload: payloadSchema, answer: z.string() }),
]);

const thread = z.strictObject({ repository: z.string(), number: z.int() });
const account = z.strictObject({ id: z.int(), login: z.string() });

/** What is known of a run before it is started; people are shown all of it. */
const runFacts = z.discriminatedUnion('backend', [
  z.strictObject({
    backend: z.literal('forgejo-workflow'),
    /** The commit that runs, whatever becomes of the branch. */
    commit: sha,
    file: z.string(),
    blob: sha,
    /** Whether the workflow takes an input `nonce`, by which its run is found again. */
    takesNonce: z.boolean(),
  }),
  z.strictObject({
    backend: z.literal('woodpecker-pipeline'),
    /** The head of the branch; Woodpecker starts whatever is the head then. */
    commit: sha,
    /** Every workflow that starts. */
    workflows: z.array(z.string()),
  }),
]);
export type RunFacts = z.infer<typeof runFacts>;

export const proposalRecord = z.strictObject({
  version: z.literal(1),
  id,
  type: z.enum(actionTypes),
  thread,
  /** The comment that asked, and who. `proposer`: the account that wrote the proposal, where no model of ours did. */
  request: z.strictObject({ comment: z.int(), asker: account, proposer: z.nullable(account) }),
  /** What is carried out. */
  payload: payloadSchema,
  run: z.nullable(runFacts),
  digests: z.strictObject({ payload: digest, rendering: digest }),
  /** What people are shown, byte for byte: the comment. */
  rendering: z.string(),
  policy: z.strictObject({ commit: sha, blob: sha }),
  rule: escalationRule,
  expires: moment,
  /** The one that it takes the place of. */
  renews: z.nullable(z.string()),
  talk: z.array(line),
  at: moment,
  by: z.string(),
  /** The comment, once it was seen: any other time of its last edit voids the proposal. */
  comment: z.nullable(z.strictObject({ id: z.int(), updated_at: z.string() })),
});
export type ProposalRecord = z.infer<typeof proposalRecord>;

const approval = z.strictObject({
  login: z.string(),
  by: z.enum(['+1', 'rocket', 'comment']),
  at: z.string(),
});

export const endings = ['denied', 'expired', 'void', 'superseded', 'refused'] as const;
export const decidedRecord = z.discriminatedUnion('kind', [
  z.strictObject({
    version: z.literal(1),
    id,
    /** It is carried out by the run that wrote this, and by no other. */
    kind: z.literal('claimed'),
    nonce: z.string(),
    approvals: z.array(approval),
    at: moment,
    by: z.string(),
    run_url: z.nullable(z.string()),
  }),
  z.strictObject({
    version: z.literal(1),
    id,
    kind: z.enum(endings),
    why: z.string(),
    /** Whether a new one takes its place. */
    renew: z.boolean(),
    at: moment,
    by: z.string(),
  }),
]);
export type DecidedRecord = z.infer<typeof decidedRecord>;

export const outcomeRecord = z.strictObject({
  version: z.literal(1),
  id,
  kind: z.enum(['done', 'failed', 'unknown']),
  /** Of an issue or pull request, or of a run. */
  number: z.nullable(z.int()),
  url: z.nullable(z.string()),
  /** What the API answered, in a line. */
  answer: z.string(),
  talk: z.array(line),
  at: moment,
  by: z.string(),
});
export type OutcomeRecord = z.infer<typeof outcomeRecord>;

/** Of a proposal by its id, of a request as `a` and of a comment that proposes as `o`, with the comment's number. */
const toldRecord = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  at: moment,
  by: z.string(),
});
export type ToldRecord = z.infer<typeof toldRecord>;

export const answerRecord = z.strictObject({
  version: z.literal(1),
  thread,
  request: z.strictObject({ comment: z.int(), asker: account, at: moment }),
  engine: z.string(),
  model: z.string(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cost: z.nullable(z.number()),
  talk: z.array(line),
  at: moment,
  by: z.string(),
});
export type AnswerRecord = z.infer<typeof answerRecord>;

/** No record that is written comes near this: `saidText` sees to it. */
const largest = 512 * 1024;

/** As many bytes a person's and an assistant's words take in a record at most. */
const mostSaid = { user: 40 * 1024, assistant: 160 * 1024 };

/**
 * What somebody said, as it goes on record: cut where it would make a record larger than is read. One that nobody can read would
 * be as good as none, and a model be asked the same again, and paid for, by each run.
 */
export function saidText(role: keyof typeof mostSaid, text: string): string {
  const most = mostSaid[role];
  const some = text.slice(0, most).toWellFormed();
  if (some.length === text.length && sizeOf(some) <= most) return some;
  let left = most;
  let kept = '';
  for (const character of some) {
    left -= sizeOf(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}\n\n(cut here)`;
}

/** How many bytes a text takes as a part of JSON. */
function sizeOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** What a file holds, or undefined where it is no such record. */
export function readEscalation<T>(schema: z.ZodMiniType<T>, bytes: Uint8Array): T | undefined {
  if (bytes.length > largest) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** As it stands in the repository: for people as well, so one field a line. */
export function escalationText(
  record: ProposalRecord | DecidedRecord | OutcomeRecord | ToldRecord | AnswerRecord,
): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Where a record of a proposal stands in its repository. */
export function escalationPath(folder: string, id: string): string {
  return `${folder}/${id}.json`;
}

/** The day of a moment, as folders are called. */
export function dayOf(time: string): string {
  return time.slice(0, 10);
}

/** Which proposal: the day and the number of the comment that asked, and which of its actions; always the same for the same request. */
export function proposalId(request: { comment: number; at: string }, nth: number): string {
  return `${dayOf(request.at).replaceAll('-', '')}-${request.comment}-${nth}`;
}

/** How often a voided proposal is shown anew: whoever edits it each time is not to fill a thread. */
const mostRenewals = 3;

/** The id of the proposal that takes the place of a voided one, or undefined where there were enough. */
export function renewalOf(id: string): string | undefined {
  const [, first = id, nth = '0'] = /^(.*?)(?:-r(\d))?$/.exec(id) ?? [];
  return Number(nth) >= mostRenewals ? undefined : `${first}-r${Number(nth) + 1}`;
}

/**
 * The one digest of what is proposed: of the bytes that RFC 8785 gives it, so that no order of keys makes another one, and with the
 * commit of a run, so that no moved branch keeps it.
 */
export function proposalDigest(payload: Payload, run: RunFacts | null): string {
  return `sha256:${sha256(canonicalJson({ payload, run }))}`;
}

/** A digest as people are shown it. */
export function shortDigest(digest: string): string {
  return digest.replace('sha256:', '').slice(0, 12);
}
