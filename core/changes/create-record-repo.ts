import * as z from 'zod/mini';
import { createPrivate, switchActionsOff } from '../forge/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A private repository of our own account in which no workflow ever runs. */
export const createRecordRepo = changeKind({
  kind: 'create-record-repo',
  sign: '+',
  noun: ['repository', 'repositories'],
  verb: ['to create', 'created'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-record-repo'),
      ...common(),
      repository: repository(),
      exists: z.boolean(),
    }),
  describe: (change) => `${change.repository}, private and without Actions`,
  async apply({ repository: name, exists }, { send }) {
    if (!exists) await createPrivate(send, name.split('/')[1] ?? name);
    await switchActionsOff(send, name);
    return { status: 'done', said: `${name} is there, private and without Actions` };
  },
});
