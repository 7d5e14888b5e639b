import * as z from 'zod/mini';
import { createLabel as create, deleteLabel, listLabels } from '../forge/labels.ts';
import { quoted } from '../text/log-line.ts';
import { unlessForbidden } from './closed-to-us.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/**
 * A repository label. The forge takes a second label of the same name, and then a filter by that name finds nothing:
 * so the labels are listed again, and of two the later one is deleted by the run that made it.
 */
export const createLabel = changeKind({
  kind: 'create-label',
  sign: '+',
  noun: ['label', 'labels'],
  verb: ['to create', 'created'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-label'),
      ...common(),
      key: z.string(),
      repository: repository(),
      name: z.string(),
      /** That our account may not make labels here is no fault: the work goes on without. */
      mayDecline: z.optional(z.boolean()),
    }),
  describe: (change) => `label ${quoted(change.name)}`,
  async apply(change, context) {
    const made = await unlessForbidden(change, () =>
      create(context.labels ?? context.send, change.repository, change.name, '#6e7781'),
    );
    if ('status' in made) return made;
    const same = (await listLabels(context.labels ?? context.send, change.repository)).filter(
      ({ name }) => name === change.name,
    );
    const id = Math.min(made.id, ...same.map((label) => label.id));
    if (id < made.id) await deleteLabel(context.labels ?? context.send, change.repository, made.id);
    return { status: 'done', id, said: `label ${quoted(change.name)} created` };
  },
});
