import * as z from 'zod/mini';
import { cancelRun as cancel } from '../forge/workflows.ts';
import { backends } from '../host/backends.ts';
import { cancelPipeline, lookupRepository } from '../woodpecker/pipelines.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** Ends a run that has had its time. One that is over by now stays as it is. */
export const cancelRun = changeKind({
  kind: 'cancel-run',
  sign: '-',
  noun: ['run', 'runs'],
  verb: ['to cancel', 'cancelled'],
  schema: () =>
    z.strictObject({
      kind: z.literal('cancel-run'),
      ...common(),
      repository: repository(),
      backend: z.enum(backends),
      run: z.int(),
      /** The number on its page, where that is another one. */
      number: z.optional(z.int()),
    }),
  describe: ({ run, number = run, repository: name }) => `run ${number} of ${name}`,
  async apply({ repository: name, backend, run, number = run }, { send, woodpecker }) {
    if (backend === 'woodpecker-pipeline') {
      // A plan that holds one was made with Woodpecker at hand.
      if (woodpecker === undefined) throw new Error('a pipeline was to be cancelled without Woodpecker');
      await cancelPipeline(woodpecker, await lookupRepository(woodpecker, name), run);
    } else if (!(await cancel(send, name, run)))
      return { status: 'done', said: `run ${number} goes on: this forge has no call that cancels a run` };
    return { status: 'done', said: `run ${number} of ${name} cancelled` };
  },
});
