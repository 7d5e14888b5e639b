import * as z from 'zod/mini';
import { repositoryShape } from '../accounts.ts';
import { isolations, networks } from './cell/cell.ts';
import { agentEngines } from './manifest.ts';
import { sessionNoteSchema } from './session-note.ts';

const minutes = () => z.int().check(z.positive());
const issueNumber = minutes;
const repository = () => z.string().check(z.regex(repositoryShape));

/** Everything that one run of an agent takes, as data: a plan holds it whole, so that a dry run can show it. */
export const agentRunFields = () => ({
  repository: repository(),
  issue: issueNumber(),
  /** Pull requests that are its own already. */
  pulls: z.array(issueNumber()),
  /** The commit it starts from, and the branch that this was the head of. */
  base: z.string(),
  baseBranch: z.string(),
  agent: z.string(),
  engine: z.enum(agentEngines),
  command: z.array(z.string()),
  model: z.nullable(z.string()),
  tools: z.nullable(z.array(z.string())),
  /** What of its home is kept for its next round, where its engine does not know by itself. */
  sessionFolder: z.nullable(z.string()),
  /** What it is told where it remembers nothing. */
  prompt: z.string(),
  /** The session that it goes on with, where it is kept in the entry's repository, and what it is told then. */
  resumes: z.nullable(z.strictObject({ note: sessionNoteSchema, ref: z.string(), prompt: z.string() })),
  /** A commit that is merged into what it starts from, because its pull request no longer merges with it. */
  merges: z.nullable(z.string()),
  /** The weakest isolation that is allowed. */
  isolation: z.enum(isolations),
  network: z.enum(networks),
  timeoutMinutes: minutes(),
  watchdogMinutes: minutes(),
  maxCost: z.nullable(z.number()),
  /** What earlier runs for this issue cost. */
  spent: z.number(),
  prices: z.nullable(
    z.strictObject({
      input: z.number(),
      output: z.number(),
      cacheRead: z.nullable(z.number()),
      cacheWrite: z.nullable(z.number()),
    }),
  ),
  setup: z.array(z.string()),
  checks: z.array(z.string()),
  protectedPaths: z.array(z.string()),
  gitUser: z.strictObject({ name: z.string(), email: z.string() }),
  /** The message of the commit that may come of it. */
  message: z.string(),
  /** Whether what people without write access wrote may be read by the agent. */
  strangers: z.boolean(),
  /** The entry in the state repo, as this run wrote it; it is kept up while the agent works. */
  entry: z.strictObject({
    repository: repository(),
    branch: z.string(),
    path: z.string(),
    text: z.string(),
    /** A commit of that repository, which tells by its length how ids are made there. */
    commit: z.string(),
  }),
  /** Once this label is off the issue the process ends; null where no label gave it. */
  label: z.nullable(z.string()),
});

const agentRun = z.object({ key: z.string(), ...agentRunFields() });
export type AgentRun = z.infer<typeof agentRun>;
