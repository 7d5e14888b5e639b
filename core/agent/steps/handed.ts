import * as z from 'zod/mini';
import { canonicalJson } from '../../canonical.ts';
import { agentRunFields } from '../agent-run.ts';
import { type AgentOutcome, agentEnds, signals } from '../outcome.ts';
import { operationSchema } from '../run-record.ts';
import { sessionNoteSchema } from '../session-note.ts';
import { handedKinds } from '../work/kept-refs.ts';

// What the steps of one round leave for each other in the state repo. Only our own account writes there, and a later step
// believes nothing else: what stands in the workspace may be the agent's doing. Pure.

const text = z.string();
const number = z.nullable(z.number());
const lease = z.string().check(z.regex(/^[0-9a-f]{32}$/));

/** From `prepare`: what is to be done, and what was known of the issue when it was claimed. */
const runSchema = z.strictObject({
  version: z.literal(1),
  lease,
  run: z.strictObject({ key: text, ...agentRunFields() }),
  known: z.strictObject({
    labelled: z.nullable(
      z.strictObject({ login: text, at: text, mayWrite: z.boolean(), isBot: z.boolean() }),
    ),
    membership: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('not-asked') }),
      z.strictObject({ kind: z.literal('member'), login: text }),
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('error'), said: text }),
    ]),
    talk: z.nullable(
      z.strictObject({
        pull: z.nullable(z.strictObject({ number: z.int(), head: text })),
        signs: z.array(text),
        news: z.array(
          z.strictObject({
            sign: text,
            kind: z.enum(['words', 'red', 'conflict', 'asked', 'given', 'moved']),
            title: text,
            text,
            at: z.nullable(text),
          }),
        ),
        conflict: z.nullable(z.strictObject({ head: text, base: text })),
        target: text,
        said: z.array(text),
        unblockedBy: z.nullable(text),
        costToday: z.number(),
      }),
    ),
  }),
});
export type HandedRun = z.infer<typeof runSchema>;

const outcomeFields = z.strictObject({
  said: text,
  end: z.enum(agentEnds),
  why: z.nullable(text),
  signal: z.nullable(z.strictObject({ status: z.enum(signals), summary: text })),
  startedAt: text,
  endedAt: text,
  exitCode: number,
  exitSignal: z.nullable(text),
  session: z.nullable(text),
  isResumed: z.boolean(),
  kept: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('session'), note: sessionNoteSchema, commit: text }),
    z.strictObject({ kind: z.literal('none'), why: text }),
  ]),
  engineVersion: z.nullable(text),
  isolation: text,
  network: text,
  gaps: z.array(text),
  left: z.strictObject({ terminated: z.number(), killed: z.number() }),
  work: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('nothing') }),
    z.strictObject({ kind: z.literal('work'), commit: text, tree: text, files: z.int(), bytes: z.int() }),
    z.strictObject({ kind: z.literal('refused'), reasons: z.array(text), commit: z.nullable(text) }),
  ]),
  handed: z.exactOptional(text),
  searched: text,
  checks: z.array(z.strictObject({ command: text, code: number, tail: text })),
  models: z.nullable(
    z.strictObject({
      calls: z.number(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      cost: number,
      refused: z.array(z.strictObject({ at: text, why: text })),
      reachedLimit: z.boolean(),
    }),
  ),
  operations: z.strictObject({ head: text, entries: z.array(operationSchema) }),
  egress: text,
  entry: z.strictObject({ text }),
});

/** From `serve`: what came of it, and at which refs the commits stand that belong to it. */
const outcomeSchema = z.strictObject({
  version: z.literal(1),
  lease,
  outcome: outcomeFields,
  kept: z.array(z.strictObject({ what: z.enum(handedKinds), ref: text, commit: text })),
});
export type HandedOutcome = Omit<z.infer<typeof outcomeSchema>, 'outcome'> & { outcome: AgentOutcome };

/** What `prepare` hands to `serve`, as the file between the two steps holds it. */
export function handedRunText(run: HandedRun): string {
  return `${canonicalJson(run)}\n`;
}

/** What `serve` hands to `settle`, as the file between the two steps holds it. */
export function handedOutcomeText(outcome: HandedOutcome): string {
  return `${canonicalJson(outcome)}\n`;
}

function read<S extends z.ZodMiniType>(schema: S, bytes: Uint8Array): z.infer<S> | undefined {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(data);
  return parsed.success ? parsed.data : undefined;
}

/** Only what was handed over to the round of a lease: another one's is of before. */
function ofRound<T extends { lease: string }>(found: T | undefined, round: string): T | undefined {
  return found?.lease === round ? found : undefined;
}

/** What is to be done in a round; undefined for another round's, and for what is none of ours. */
export function handedRunIn(bytes: Uint8Array, round: string): HandedRun | undefined {
  return ofRound(read(runSchema, bytes), round);
}

/** What came of a round; undefined likewise. */
export function handedOutcomeIn(bytes: Uint8Array, round: string): HandedOutcome | undefined {
  return ofRound(read(outcomeSchema, bytes), round);
}
