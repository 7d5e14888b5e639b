import * as z from 'zod/mini';
import { editIssue, getIssue } from '../forge/issues.ts';
import { withSection } from '../text/sections.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/**
 * Our own sections in the body of an issue or pull request. The body is read just before, and everything around the
 * sections goes back as it is then: whatever people wrote since the plan was made stays. What is left is the time between
 * that read and the write, for which the forge's API has no condition.
 */
export const updateSections = changeKind({
  kind: 'update-sections',
  sign: '~',
  noun: ['description', 'descriptions'],
  verb: ['to bring up to date', 'brought up to date'],
  schema: () =>
    z.strictObject({
      kind: z.literal('update-sections'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      sections: z.array(
        z.strictObject({
          begin: z.string(),
          end: z.string(),
          content: z.string(),
          before: z.optional(z.string()),
        }),
      ),
    }),
  describe: (change) => `our sections in the description of #${change.issue}`,
  async apply({ repository: name, issue: number, sections }, { send }) {
    const { body } = await getIssue(send, name, number);
    let text: string | undefined = body;
    for (const section of sections) if (text !== undefined) text = withSection(text, section);
    if (text === undefined)
      return {
        status: 'stale',
        said: `somebody changed what marks our sections of #${number}; it is left alone`,
      };
    if (text === body) return { status: 'done', said: `the description of #${number} is up to date already` };
    await editIssue(send, name, number, { body: text });
    return { status: 'done', said: `description of #${number} brought up to date` };
  },
});
