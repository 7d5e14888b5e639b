import * as z from 'zod/mini';
import { quoted } from '../text/log-line.ts';
import { common } from './fields.ts';
import { changeKind } from './kind.ts';

/**
 * A question to a model. It changes nothing: its answer is data for the next look. It is a change all the same, because it
 * costs money: it is in the plan, a dry run does not do it, and the report has it.
 */
export const askModel = changeKind({
  kind: 'ask-model',
  sign: '+',
  noun: ['question', 'questions'],
  verb: ['to ask', 'asked'],
  schema: () =>
    z.strictObject({
      kind: z.literal('ask-model'),
      ...common(),
      /** Names the answer. */
      key: z.string(),
      /** What is asked, in words for a person. */
      what: z.string(),
      engine: z.string(),
      system: z.string(),
      prompt: z.string(),
      about: z.record(z.string(), z.unknown()),
    }),
  describe: (change) => `ask ${change.engine} for ${quoted(change.what)}`,
  async apply(change, context) {
    const answer = await context.ask(change);
    const { inputTokens, outputTokens, cost } = answer.use;
    const used =
      inputTokens + outputTokens === 0
        ? ''
        : ` (${inputTokens} tokens in, ${outputTokens} out${cost === null ? '' : `, cost ${cost.toFixed(4)}`})`;
    return { status: 'done', said: `${change.engine} answered${used}`, answer };
  },
});
