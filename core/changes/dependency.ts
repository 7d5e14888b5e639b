import * as z from 'zod/mini';
import { addDependency as add, removeDependency as remove } from '../forge/issues.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

const fields = () => ({ ...common(), repository: repository(), issue: issueNumber(), on: issueNumber() });

export const addDependency = changeKind({
  kind: 'add-dependency',
  sign: '+',
  noun: ['dependency', 'dependencies'],
  verb: ['to add', 'added'],
  schema: () => z.strictObject({ kind: z.literal('add-dependency'), ...fields() }),
  describe: (change) => `#${change.issue} depends on #${change.on}`,
  async apply(change, context) {
    await add(context.send, change.repository, change.issue, change.on);
    return { status: 'done', said: `#${change.issue} depends on #${change.on}` };
  },
});

export const removeDependency = changeKind({
  kind: 'remove-dependency',
  sign: '-',
  noun: ['dependency', 'dependencies'],
  verb: ['to remove', 'removed'],
  schema: () => z.strictObject({ kind: z.literal('remove-dependency'), ...fields() }),
  describe: (change) => `#${change.issue} no longer depends on #${change.on}`,
  async apply(change, context) {
    await remove(context.send, change.repository, change.issue, change.on);
    return { status: 'done', said: `#${change.issue} no longer depends on #${change.on}` };
  },
});
