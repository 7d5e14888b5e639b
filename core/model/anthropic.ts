import Anthropic from '@anthropic-ai/sdk';
import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { type Engine, modelOf, needed, tokensOf, useOf } from './engine.ts';
import { boundedFetch, oneAnswer } from './one-answer.ts';

/** What is used of an answer. The SDK hands on whatever a server sends. */
const message = z.object({
  model: z.optional(z.unknown()),
  content: z.array(z.object({ type: z.string(), text: z.nullish(z.string()) })),
  usage: z.nullish(
    z.object({
      input_tokens: z.optional(z.unknown()),
      cache_creation_input_tokens: z.nullish(z.unknown()),
      cache_read_input_tokens: z.nullish(z.unknown()),
      output_tokens: z.optional(z.unknown()),
    }),
  ),
});

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
    fetch: boundedFetch,
    fetchOptions: { redirect: 'error' },
  });
  const answer: unknown = await oneAnswer('anthropic', timeoutMs, (signal) =>
    client.messages.create(
      { model, max_tokens: maxOutputTokens, system, messages: [{ role: 'user', content: prompt }] },
      { signal },
    ),
  );
  const found = message.safeParse(answer);
  if (!found.success)
    throw new UserError(
      'anthropic: the server answered without a message.',
      "Check engine-url: it has to be the base of Anthropic's API, such as https://api.anthropic.com.",
    );
  const { content, usage } = found.data;
  return {
    text: content.map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join(''),
    use: useOf(options, 'anthropic', modelOf(found.data.model, model), [
      sumOf([
        usage?.input_tokens,
        usage?.cache_creation_input_tokens ?? 0,
        usage?.cache_read_input_tokens ?? 0,
      ]),
      tokensOf(usage?.output_tokens),
    ]),
  };
};

function sumOf(said: unknown[]): number | undefined {
  const tokens = said.map(tokensOf);
  return tokens.reduce(
    (sum, number) => (sum === undefined || number === undefined ? undefined : sum + number),
    0,
  );
}
