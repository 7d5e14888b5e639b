import { countFields, messagesFields } from './anthropic-fields.ts';
import { chatFields, responsesFields } from './openai-fields.ts';
import { type Fields, isObject, type Json, pickFields } from './pick.ts';
import type { Question } from './routes.ts';

/** What is put into every body, whatever the agent wrote. */
export interface Fixed {
  model: string;
  maxOutputTokens: number;
  /** The name of the limit where the agent gave none: OpenAI's own newest models want the newer one, others know the older. */
  chatLimit: 'max_tokens' | 'max_completion_tokens';
}

export interface Prepared {
  kind: 'ready';
  body: string;
  isStream: boolean;
  /** The usage was asked for by us: the piece of the stream that has it is not for the agent. */
  hidesUsage: boolean;
  /** At most so many tokens go in and come out. */
  most: { input: number; output: number };
  /** The model that was asked for, where it was another one. */
  other?: string;
}

type Fieldset = { [name: string]: Json };

const fieldsOf: Readonly<Record<Question, Fields>> = {
  messages: messagesFields,
  count: countFields,
  chat: chatFields,
  responses: responsesFields,
};

/** What a provider adds of its own for tools and roles is some hundred tokens. */
const addedTokens = 2000;
/** The most that one picture is, by the published ways of counting: of Anthropic's models, and of OpenAI's (4o mini, 8 tiles). */
const pictureTokens: Readonly<Record<Question, number>> = {
  messages: 5000,
  count: 5000,
  chat: 50_000,
  responses: 50_000,
};

/**
 * The body that goes to the provider: made anew of what stands on the list of its path, with the manifest's model and a limit
 * of tokens. Another model is replaced and not refused: claude, codex and opencode ask a smaller one for titles and summaries
 * by its own name, and would not work without.
 */
export function prepare(
  question: Question,
  text: string,
  fixed: Fixed,
): Prepared | { kind: 'fault'; why: string } {
  const given = parsed(text);
  if (!isObject(given)) return { kind: 'fault', why: 'the body is no JSON object' };
  const found = pickFields(fieldsOf[question], given, '');
  if (found.kind === 'fault') return found;
  const limited = limit(question, found.value, fixed);
  if (typeof limited === 'string') return { kind: 'fault', why: limited };
  const { body, output } = limited;
  const isStream = question !== 'count' && body.stream === true;
  const hidesUsage = question === 'chat' && isStream && !asksForUsage(body);
  body.model = fixed.model;
  if (question === 'chat' || question === 'responses') body.store = false;
  if (question === 'chat' && isStream)
    body.stream_options = {
      ...(isObject(body.stream_options) ? body.stream_options : {}),
      include_usage: true,
    };
  const whole = JSON.stringify(body);
  const pictures = picturesIn(question, body);
  return {
    kind: 'ready',
    body: whole,
    isStream,
    hidesUsage,
    most: {
      // A token is at least one byte of text, so that the bytes are a bound that nothing written by an agent can break.
      input:
        Buffer.byteLength(whole) -
        pictures.reduce((sum, size) => sum + size, 0) +
        pictures.length * pictureTokens[question] +
        addedTokens,
      output,
    },
    ...(typeof given.model === 'string' && given.model !== fixed.model ? { other: given.model } : {}),
  };
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The body with its limit of answered tokens: what was asked, at most what the manifest allows. */
function limit(
  question: Question,
  picked: Fieldset,
  fixed: Fixed,
): { body: Fieldset; output: number } | string {
  if (question === 'count') return { body: picked, output: 0 };
  const names =
    question === 'messages'
      ? ['max_tokens']
      : question === 'responses'
        ? ['max_output_tokens']
        : ['max_tokens', 'max_completion_tokens'];
  const given = names.filter((name) => picked[name] !== undefined);
  const wrong = given.find((name) => !Number.isInteger(picked[name]) || Number(picked[name]) < 1);
  if (wrong !== undefined) return `${wrong} has to be a whole number above 0`;
  const body = { ...picked };
  const put = given.length > 0 ? given : [question === 'chat' ? fixed.chatLimit : (names[0] ?? '')];
  for (const name of put)
    body[name] = Math.min(Number(picked[name] ?? fixed.maxOutputTokens), fixed.maxOutputTokens);
  const output = Math.max(...put.map((name) => Number(body[name])));
  // Thinking has to leave room for an answer, or the provider refuses the request that was made smaller here.
  if (isObject(body.thinking) && typeof body.thinking.budget_tokens === 'number')
    body.thinking = { ...body.thinking, budget_tokens: Math.min(body.thinking.budget_tokens, output - 1) };
  return { body, output };
}

function asksForUsage(body: Fieldset): boolean {
  return isObject(body.stream_options) && body.stream_options.include_usage === true;
}

/** The sizes of the pictures in a body, as they stand in it. Only where the provider takes them for pictures: elsewhere it is text. */
function picturesIn(question: Question, body: Fieldset): number[] {
  const messages = objectsIn(question === 'responses' ? body.input : body.messages);
  const blocks = messages.flatMap((message) => [...objectsIn(message.content), ...objectsIn(message.output)]);
  const inner = blocks
    .filter(({ type }) => type === 'tool_result')
    .flatMap((block) => objectsIn(block.content));
  return [...blocks, ...inner].flatMap((block) => {
    const data =
      block.type === 'image' && isObject(block.source)
        ? block.source.data
        : block.type === 'image_url' && isObject(block.image_url)
          ? block.image_url.url
          : block.type === 'input_image'
            ? block.image_url
            : undefined;
    return typeof data === 'string' ? [Buffer.byteLength(data)] : [];
  });
}

function objectsIn(value: Json | undefined): Fieldset[] {
  return Array.isArray(value) ? value.filter((item) => isObject(item)) : [];
}
