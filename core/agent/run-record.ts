import * as z from 'zod/mini';
import { canonicalJson } from '../canonical.ts';
import { agentEngines } from './manifest.ts';
import { signals } from './outcome.ts';

// The record of one run of an agent: what was known of it, as canonical JSON in the state repo, and never in a comment. Pure.

const number = z.nullable(z.number());
const text = z.string();

export const runRecordSchema = z.strictObject({
  /** Of this format. */
  version: z.literal(1),
  repository: text,
  issue: z.int(),
  /** How many times an agent was started for the issue, this one counted. */
  round: z.int(),
  lease: text,
  agent: text,
  profile: z.nullable(text),
  /** The manifest that held: its file in the ops repo, and its blob. */
  manifest: z.strictObject({ file: text, blob: text }),
  /** Who gave the issue to the agent, and by whose membership it was taken, where that counted. */
  given_by: z.nullable(text),
  member: z.nullable(text),
  base: z.strictObject({ branch: text, commit: text }),
  engine: z.strictObject({ name: z.enum(agentEngines), version: z.nullable(text) }),
  model: z.nullable(text),
  isolation: z.strictObject({ level: text, network: text, keeps_not_out: z.array(text) }),
  started_at: text,
  ended_at: text,
  end: z.strictObject({ how: text, why: z.nullable(text), code: number, signal: z.nullable(text) }),
  signal: z.nullable(z.strictObject({ status: z.enum(signals), summary: text })),
  work: z.union([
    z.strictObject({ kind: z.literal('nothing') }),
    z.strictObject({ kind: z.literal('work'), commit: text, tree: text, files: z.int(), bytes: z.int() }),
    // `commit` holds the refused work as a file, at `ref` of the state repo.
    z.strictObject({
      kind: z.literal('refused'),
      reasons: z.array(text),
      commit: z.nullable(text),
      ref: z.nullable(text),
    }),
  ]),
  /** What was looked through for secrets, and how it went. */
  secrets_searched: text,
  checks: z.array(z.strictObject({ command: text, code: number, tail: text })),
  models: z.nullable(
    z.strictObject({
      calls: z.int(),
      input_tokens: z.int(),
      output_tokens: z.int(),
      cost: number,
      reached_limit: z.boolean(),
      refused: z.array(z.strictObject({ at: text, why: text })),
    }),
  ),
  egress: text,
  operations: z.strictObject({ head: text, entries: z.array(z.unknown()) }),
  git_user: z.strictObject({ name: text, email: text }),
  run_url: z.nullable(text),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

export function runRecordText(record: RunRecord): string {
  return `${canonicalJson(record)}\n`;
}

/** A record as it was written, or undefined where it is none. */
export function parseRunRecord(bytes: Uint8Array): RunRecord | undefined {
  try {
    const parsed = runRecordSchema.safeParse(
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)),
    );
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
