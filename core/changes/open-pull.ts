import * as z from 'zod/mini';
import { openPull as open } from '../forge/pulls.ts';
import { quoted } from '../text/log-line.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A pull request from a branch that is there already. */
export const openPull = changeKind({
  kind: 'open-pull',
  sign: '+',
  noun: ['pull request', 'pull requests'],
  verb: ['to open', 'opened'],
  schema: () =>
    z.strictObject({
      kind: z.literal('open-pull'),
      ...common(),
      key: z.string(),
      repository: repository(),
      base: z.string(),
      head: z.string(),
      title: z.string(),
      body: z.string(),
    }),
  describe: (change) => `pull request ${quoted(change.title)} on ${change.repository}`,
  async apply({ repository: name, base, head, title, body }, context) {
    const number = await open(context.send, name, { base, head, title, body });
    return number === undefined
      ? { status: 'stale', said: `${quoted(title)}: it is there already, or nothing is left to merge` }
      : { status: 'done', number, said: `#${number} ${quoted(title)}` };
  },
});
