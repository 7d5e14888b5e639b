import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
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
    const file = path.resolve(context.workspace, change.path);
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(`${file}.part`, change.content);
      renameSync(`${file}.part`, file);
    } catch (error) {
      throw new UserError(
        `${change.path} could not be written (${error instanceof Error ? error.message : String(error)}).`,
        'Name a file in a directory that the step may write to.',
      );
    }
    return { status: 'done', said: `${change.path} written` };
  },
});
