import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { canonicalJson } from '../canonical.ts';
import { moment } from '../moment.ts';
import { agentEngines } from './manifest.ts';
import { signals } from './outcome.ts';
import { faultOf, jsonOf, openEnvelope } from './provenance/envelope.ts';
import { sessionNoteSchema } from './session-note.ts';

// The record of one run of an agent: what was known of it, as canonical JSON in an envelope in the state repo, and never in a
// comment. Pure.

const number = z.nullable(z.number());
const text = z.string();

/** A call of the agent, as the operation log has it. */
export const operationSchema = z.strictObject({
  at: text,
  tool: text,
  target: text,
  allowed: z.boolean(),
  why: z.exactOptional(text),
  text: z.exactOptional(text),
  toolUse: z.exactOptional(text),
  count: z.exactOptional(z.int()),
  previous: text,
  hash: text,
});

export const runRecordSchema = z.strictObject({
  /** Of this format. */
  version: z.literal(1),
  repository: text,
  issue: z.int(),
  /** How many times an agent was started for the issue, this one counted. */
  round: z.int(),
  lease: text,
  /** The record of the round before it that left one, by the SHA-256 of its file; so none can be left out or put in unseen. */
  previous: z.nullable(z.strictObject({ round: z.int(), digest: text })),
  agent: text,
  profile: z.nullable(text),
  /** The manifest that held: its file in the ops repo, and its blob; with the file of its prompt, where it has one. */
  manifest: z.strictObject({
    repository: text,
    file: text,
    blob: text,
    prompt: z.nullable(z.strictObject({ file: text, blob: text })),
  }),
  /** Who gave the issue to the agent, and by whose membership it was taken, where that counted. */
  given_by: z.nullable(text),
  member: z.nullable(text),
  /** Where it started; `merged`: a commit of the base that was merged into it, for conflicts to be solved. */
  base: z.strictObject({ branch: text, commit: text, merged: z.nullable(text) }),
  /** What it was woken for, as lines; nothing in its first round. */
  woken_by: z.array(text),
  /** Whether it went on with what it remembered, and what is kept of that now. */
  resumed: z.boolean(),
  session: z.nullable(sessionNoteSchema),
  engine: z.strictObject({ name: z.enum(agentEngines), version: z.nullable(text) }),
  model: z.nullable(text),
  isolation: z.strictObject({ level: text, network: text, keeps_not_out: z.array(text) }),
  started_at: moment,
  ended_at: moment,
  end: z.strictObject({ how: text, why: z.nullable(text), code: number, signal: z.nullable(text) }),
  signal: z.nullable(z.strictObject({ status: z.enum(signals), summary: text })),
  work: z.union([
    z.strictObject({ kind: z.literal('nothing') }),
    z.strictObject({
      kind: z.literal('work'),
      /** Where it was proposed: of the fork, or of the repository. */
      branch: text,
      commit: text,
      tree: text,
      files: z.int(),
      bytes: z.int(),
    }),
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
  operations: z.strictObject({ head: text, entries: z.array(operationSchema) }),
  git_user: z.strictObject({ name: text, email: text }),
  run_url: z.nullable(text),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** The record as it is signed and kept: canonical JSON and a line end, the one spelling that `readRunRecord` takes. */
export function runRecordText(record: RunRecord): string {
  return `${canonicalJson(record)}\n`;
}

/** The record that a payload is, or what is wrong with it; only the one spelling that we write is taken. */
export function readRunRecord(
  payload: Uint8Array,
): { ok: true; record: RunRecord } | { ok: false; fault: string } {
  const data = jsonOf(payload);
  if (data === undefined) return { ok: false, fault: 'it is no JSON' };
  const parsed = runRecordSchema.safeParse(data.value);
  if (!parsed.success) return { ok: false, fault: faultOf(parsed.error) };
  return Buffer.from(runRecordText(parsed.data), 'utf8').equals(payload)
    ? { ok: true, record: parsed.data }
    : { ok: false, fault: 'it is not spelled as the role writes it' };
}

/** The record in the file of an envelope, whoever signed it, or undefined where there is none. */
export function parseRunRecord(bytes: Uint8Array): RunRecord | undefined {
  const opened = openEnvelope(bytes);
  if (!opened.ok) return undefined;
  const read = readRunRecord(opened.payload);
  return read.ok ? read.record : undefined;
}
