import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';

// What is read of the records that other roles keep: the few fields that are counted or shown, whatever else stands in them. A record
// that is none counts for nothing.

const time = z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/));

/** `escalation/<id>.json` */
export const proposalPart = z.object({
  id: z.string(),
  type: z.string(),
  at: time,
  /** Where it was asked for, and the comment that people click on. */
  thread: z.nullish(z.object({ repository: z.string(), number: z.int() })),
  comment: z.nullish(z.object({ id: z.int() })),
  /** What the policy asked for when it was proposed. */
  rule: z.nullish(z.object({ approvers: z.union([z.enum(['write', 'admin']), z.array(z.string())]) })),
});
/** `decided/<id>.json` */
export const decidedPart = z.object({ id: z.string(), kind: z.string(), at: time });
/** `outcomes/<id>.json` */
export const outcomePart = z.object({ id: z.string(), kind: z.string(), at: time });

/** `records/<owner>/<repo>/<issue>/<round>-<lease>.json` */
export const agentRunPart = z.object({
  agent: z.string(),
  ended_at: time,
  end: z.object({ how: z.string() }),
  signal: z.nullish(z.object({ status: z.string() })),
  work: z.nullish(z.object({ kind: z.string() })),
  models: z.nullish(z.object({ cost: z.nullish(z.number()) })),
});

/** `agents/<owner>/<repo>/<issue>.json` */
export const agentEntryPart = z.object({
  owner: z.string(),
  repo: z.string(),
  issue_number: z.int(),
  agent_name: z.string(),
  status: z.string(),
  pr_number: z.nullish(z.int()),
  run_url: z.nullish(z.string()),
  lease: z.object({ id: z.string() }),
  started_at: time,
  rounds: z.int(),
  /** Set where it is not woken any more until a person says so. */
  exhausted: z.nullish(z.object({ why: z.string(), at: time })),
});
export type AgentEntryPart = z.infer<typeof agentEntryPart>;

const envelope = z.object({ payloadType: z.string(), payload: z.string(), signatures: z.array(z.unknown()) });

/** No record that is counted comes near this. */
const largest = 1024 * 1024;

/** The fields of a record, also of one in an envelope with signatures; undefined where it is no such record. */
export function readPart<T>(schema: z.ZodMiniType<T>, bytes: Uint8Array): T | undefined {
  if (bytes.length > largest) return undefined;
  try {
    const data: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const wrapped = envelope.safeParse(data);
    const record = wrapped.success
      ? JSON.parse(Buffer.from(wrapped.data.payload, 'base64').toString('utf8'))
      : data;
    const parsed = schema.safeParse(record);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
