import * as z from 'zod/mini';
import { agentRunFields } from '../agent/agent-run.ts';
import { quoted } from '../text/log-line.ts';
import { common } from './fields.ts';
import { changeKind } from './kind.ts';

/**
 * One run of an agent on one issue: cell, sidecar, the agent itself, its end, and what came of it, taken as data. It changes
 * nothing that anybody else sees but what the sidecar lets through; what came of it is data for the next look.
 */
export const runAgent = changeKind({
  kind: 'run-agent',
  sign: '+',
  noun: ['agent', 'agents'],
  verb: ['to run', 'run'],
  schema: () =>
    z.strictObject({
      kind: z.literal('run-agent'),
      ...common(),
      /** Names the run, and what came of it. */
      key: z.string(),
      ...agentRunFields(),
    }),
  describe: ({ agent, repository: name, issue, engine, model, isolation, network }) =>
    `${agent} on ${name}#${issue}: engine ${engine}${model === null ? '' : ` with ${quoted(model)}`}, isolation at least ${isolation}, network ${network}`,
  async apply(change, context) {
    if (context.runAgent === undefined) throw new Error('this role runs no agents');
    const outcome = await context.runAgent(change);
    return { status: 'done', said: `${change.agent} ended: ${outcome.said}`, outcome };
  },
});
