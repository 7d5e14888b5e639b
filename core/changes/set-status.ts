import * as z from 'zod/mini';
import { setStatus as set, statusStates } from '../forge/statuses.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A commit's status under our name: what the forge shows beside a pull request. */
export const setStatus = changeKind({
  kind: 'set-status',
  sign: '~',
  noun: ['status', 'statuses'],
  verb: ['to set', 'set'],
  schema: () =>
    z.strictObject({
      kind: z.literal('set-status'),
      ...common(),
      repository: repository(),
      commit: z.string(),
      state: z.enum(statusStates),
      context: z.string(),
      description: z.string().check(z.maxLength(140)),
    }),
  describe: (change) => `status ${change.context} of ${change.commit.slice(0, 10)}: ${change.state}`,
  async apply({ repository: name, commit, state, context, description }, { send }) {
    await set(send, name, commit, { state, context, description });
    return { status: 'done', said: `${context} of ${commit.slice(0, 10)} is ${state}` };
  },
});
