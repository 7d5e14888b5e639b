import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { dispatchWorkflow, isNameOfRef } from '../forge/workflows.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';
import { orTakeBack, takenBack } from './taken-back.ts';

const isCommit = (ref: string): boolean => /^[0-9a-f]{40,64}$/.test(ref);

/** Starts a workflow. Never repeated: whether a lost answer meant a run is found out by its nonce. */
export const dispatch = changeKind({
  kind: 'dispatch',
  sign: '+',
  noun: ['run', 'runs'],
  verb: ['to start', 'started'],
  schema: () =>
    z.strictObject({
      kind: z.literal('dispatch'),
      ...common(),
      key: z.string(),
      repository: repository(),
      workflow: z.string(),
      ref: z.string(),
      inputs: z.record(z.string(), z.string()),
      /** With the token that the host made for this job, in its own repository: where our account may only read. */
      asJob: z.optional(z.boolean()),
      /** What was written for this start, and goes again where it is surely turned down. */
      record: z.optional(takenBack()),
    }),
  describe: (change) => `run of ${change.workflow} at ${change.ref} of ${change.repository}`,
  apply: ({ repository: name, workflow, ref, inputs, asJob, record }, context) =>
    orTakeBack(record, context, {
      async ready() {
        if (isCommit(ref) && (await isNameOfRef(context.send, name, ref)))
          throw new UserError(
            `${name} has a tag or a branch that is called ${ref}, like the commit that is to run. The forge would run that instead.`,
            'Find out who made it, and delete it.',
          );
        const send = asJob === true ? context.job : context.send;
        if (send === undefined)
          throw new UserError(
            `Our account may only read ${name}, and this job has no token of its own to start ${workflow} with.`,
            `Give our account write access to ${name}.`,
          );
        return send;
      },
      async start(send) {
        const run = await dispatchWorkflow(send, name, { workflow, ref, inputs });
        return {
          status: 'done',
          said: `${workflow} started${run === undefined ? '' : ` as run ${run.number}`}`,
          ...(run === undefined ? {} : { id: run.id }),
        };
      },
    }),
});
