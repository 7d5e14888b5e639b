import OpenAI from 'openai';
import { UserError } from '../errors.ts';
import { costOf, type Engine, needed } from './engine.ts';
import { failed } from './failed.ts';

/** OpenAI's chat completions, or any server that speaks them, through the official SDK: one answer, no tools. */
export const openai: Engine = async ({ system, prompt }, options) => {
  const { key, url, timeoutMs, maxOutputTokens } = options;
  const model = needed(options.model, 'a model');
  // Everything is given here, so that nothing of the step's environment is used in its place.
  const client = new OpenAI({
    apiKey: key ?? 'none',
    organization: null,
    project: null,
    baseURL: url ?? 'https://api.openai.com/v1',
    timeout: timeoutMs,
    maxRetries: 2,
    logLevel: 'off',
    fetchOptions: { redirect: 'error' },
  });
  const answer = await client.chat.completions
    .create({
      model,
      // The older name, which every compatible server knows; OpenAI's own newest models want the newer one.
      ...(url === undefined ? { max_completion_tokens: maxOutputTokens } : { max_tokens: maxOutputTokens }),
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: prompt },
      ],
    })
    .catch((error: unknown) => {
      throw failed('openai', error);
    });
  const text = answer.choices?.[0]?.message?.content;
  if (typeof text !== 'string')
    throw new UserError(
      'openai: the server answered without a message.',
      'Check engine-url: it has to be the base of a chat completions API, such as http://127.0.0.1:8080/v1.',
    );
  const inputTokens = answer.usage?.prompt_tokens ?? 0;
  const outputTokens = answer.usage?.completion_tokens ?? 0;
  return {
    text,
    use: {
      engine: 'openai',
      model: answer.model ?? model,
      inputTokens,
      outputTokens,
      cost: answer.usage == null ? null : costOf(options, inputTokens, outputTokens),
    },
  };
};
