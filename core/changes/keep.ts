import * as z from 'zod/mini';
import { common } from './fields.ts';
import { changeKind } from './kind.ts';

/** Something that is right already, or that we leave alone on purpose. */
export const keep = changeKind({
  kind: 'keep',
  sign: '=',
  noun: ['item', 'items'],
  verb: ['kept', 'kept'],
  schema: () =>
    z.strictObject({
      kind: z.literal('keep'),
      ...common(),
      what: z.string(),
      /** Whether a person should know: drift, something removed, something left open. Shown always, and never red. */
      notice: z.optional(z.boolean()),
    }),
  describe: (change) => change.what,
  apply: async (change) => ({ status: 'done', said: change.what }),
});
