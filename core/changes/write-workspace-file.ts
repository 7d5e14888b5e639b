import path from 'node:path';
import * as z from 'zod/mini';
import { writeWhole } from '../write-whole.ts';
import { common } from './fields.ts';
import { changeKind } from './kind.ts';

/** A file for later steps of the same pipeline; it appears whole or not at all. The forge knows nothing of it. */
export const writeWorkspaceFile = changeKind({
  kind: 'write-workspace-file',
  sign: '+',
  noun: ['file', 'files'],
  verb: ['to write into the workspace', 'written into the workspace'],
  schema: () =>
    z.strictObject({
      kind: z.literal('write-workspace-file'),
      ...common(),
      path: z.string(),
      content: z.string(),
    }),
  describe: (change) => change.path,
  async apply(change, context) {
    writeWhole(path.resolve(context.workspace, change.path), change.content, change.path);
    return { status: 'done', said: `${change.path} written` };
  },
});
