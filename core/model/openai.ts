import OpenAI from 'openai';
import { UserError } from '../errors.ts';
import { type Engine, modelOf, needed, tokensOf, useOf } from './engine.ts';
import { boundedFetch, oneAnswer } from './one-answer.ts';

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
    fetch: boundedFetch,
    fetchOptions: { redirect: 'error' },
  });
  const answer = await oneAnswer('openai', timeoutMs, (signal) =>
    client.chat.completions.create(
      {
        model,
        // The older name, which every compatible server knows; OpenAI's own newest models want the newer one.
        ...(url === undefined ? { max_completion_tokens: maxOutputTokens } : { max_tokens: maxOutputTokens }),
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: prompt },
        ],
      },
      { signal },
    ),
  );
  const text = answer?.choices?.[0]?.message?.content;
  if (typeof text !== 'string')
    throw new UserError(
      'openai: the server answered without a message.',
      'Check engine-url: it has to be the base of a chat completions API, such as http://127.0.0.1:8080/v1.',
    );
  const { usage } = answer;
  return {
    text,
    use: useOf(options, 'openai', modelOf(answer.model, model), [
      tokensOf(usage?.prompt_tokens),
      tokensOf(usage?.completion_tokens),
    ]),
  };
};
