import * as z from 'zod/mini';
import { agentRunFields } from '../agent/agent-run.ts';
import { common } from './fields.ts';
import { changeKind } from './kind.ts';

/** What the later steps of a pipeline run an agent with, made in the folder that they share; nothing is started. */
export const prepareAgent = changeKind({
  kind: 'prepare-agent',
  sign: '+',
  noun: ['agent', 'agents'],
  verb: ['to prepare', 'prepared'],
  schema: () =>
    z.strictObject({
      kind: z.literal('prepare-agent'),
      ...common(),
      /** Names the run. */
      key: z.string(),
      ...agentRunFields(),
    }),
  describe: ({ agent, repository: name, issue }) =>
    `${agent} on ${name}#${issue}, for the steps after this one`,
  async apply(change, context) {
    if (context.prepareAgent === undefined) throw new Error('this role prepares no agents');
    await context.prepareAgent(change);
    return { status: 'done', said: `what ${change.agent} starts from is in the shared folder` };
  },
});
