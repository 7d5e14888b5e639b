import * as z from 'zod/mini';
import { lookupRepository } from '../woodpecker/pipelines.ts';
import { createCronJob } from '../woodpecker/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A cron job of Woodpecker. */
export const createCron = changeKind({
  kind: 'create-cron',
  sign: '+',
  noun: ['cron job', 'cron jobs'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-cron'),
      ...common(),
      repository: repository(),
      name: z.string(),
      schedule: z.string(),
      branch: z.string(),
    }),
  describe: ({ name, schedule, repository: place }) => `the cron job ${name} of ${place}, at ${schedule}`,
  async apply({ repository: place, name, schedule, branch }, { woodpecker }) {
    // A plan that holds one was made with Woodpecker at hand.
    if (woodpecker === undefined) throw new Error('a cron job was planned without Woodpecker');
    const id = await lookupRepository(woodpecker, place);
    return (await createCronJob(woodpecker, id, { name, schedule, branch }))
      ? { status: 'done', said: `cron job ${name} of ${place} made` }
      : { status: 'stale', said: `${place} had a cron job ${name} already` };
  },
});
