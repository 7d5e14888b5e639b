import * as z from 'zod/mini';
import { formatFault } from '../errors.ts';
import { common } from './fields.ts';
import { changeKind } from './kind.ts';

/** Something that will not be done until a person mends it. The run does the rest and ends red. */
export const refuse = changeKind({
  kind: 'refuse',
  sign: '!',
  noun: ['fault', 'faults'],
  verb: ['to mend', 'to mend'],
  schema: () =>
    z.strictObject({
      kind: z.literal('refuse'),
      ...common(),
      fault: z.strictObject({ file: z.string(), line: z.int(), column: z.int(), message: z.string() }),
    }),
  describe: (change) => formatFault(change.fault),
  apply: async (change) => ({ status: 'done', said: formatFault(change.fault) }),
});
