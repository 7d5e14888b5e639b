import * as z from 'zod/mini';
import { lookupRepository, startPipeline as start } from '../woodpecker/pipelines.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';
import { orTakeBack, takenBack } from './taken-back.ts';

/** Starts a pipeline on Woodpecker. Never repeated: whether a lost answer meant one is found out by its variables. */
export const startPipeline = changeKind({
  kind: 'start-pipeline',
  sign: '+',
  noun: ['pipeline', 'pipelines'],
  verb: ['to start', 'started'],
  schema: () =>
    z.strictObject({
      kind: z.literal('start-pipeline'),
      ...common(),
      key: z.string(),
      repository: repository(),
      workflow: z.string(),
      branch: z.string(),
      variables: z.record(z.string(), z.string()),
      /** What was written for this start, and goes again where it is surely turned down. */
      record: z.optional(takenBack()),
    }),
  describe: (change) =>
    `Woodpecker pipeline for ${change.workflow} at ${change.branch} of ${change.repository}`,
  async apply({ repository: name, workflow, branch, variables, record }, { woodpecker, send }) {
    // A plan that holds one was made with Woodpecker at hand.
    if (woodpecker === undefined) throw new Error('a pipeline was planned without Woodpecker');
    const id = await orTakeBack(
      record,
      { send },
      {
        ready: () => lookupRepository(woodpecker, name),
        start: (number) => start(woodpecker, number, { branch, variables }),
      },
    );
    return { status: 'done', said: `${workflow} started as pipeline ${id}`, id };
  },
});
