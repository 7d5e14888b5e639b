import Anthropic from '@anthropic-ai/sdk';
import { costOf, type Engine, needed } from './engine.ts';
import { failed } from './failed.ts';

/** Anthropic's API through its official SDK: one message, one answer, no tools. */
export const anthropic: Engine = async ({ system, prompt }, options) => {
  const { url, timeoutMs, maxOutputTokens } = options;
  const model = needed(options.model, 'a model');
  // Everything is given here, so that nothing of the step's environment is used in its place.
  const client = new Anthropic({
    apiKey: needed(options.key, 'engine-key'),
    authToken: null,
    baseURL: url ?? 'https://api.anthropic.com',
    timeout: timeoutMs,
    maxRetries: 2,
    logLevel: 'off',
    fetchOptions: { redirect: 'error' },
  });
  const answer = await client.messages
    .create({ model, max_tokens: maxOutputTokens, system, messages: [{ role: 'user', content: prompt }] })
    .catch((error: unknown) => {
      throw failed('anthropic', error);
    });
  const inputTokens =
    answer.usage.input_tokens +
    (answer.usage.cache_creation_input_tokens ?? 0) +
    (answer.usage.cache_read_input_tokens ?? 0);
  const outputTokens = answer.usage.output_tokens;
  return {
    text: answer.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    use: {
      engine: 'anthropic',
      model: answer.model,
      inputTokens,
      outputTokens,
      cost: costOf(options, inputTokens, outputTokens),
    },
  };
};
