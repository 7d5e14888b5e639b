import type { Fields, Rule } from './pick.ts';
import {
  boolean,
  dataUrl,
  dropped,
  inert,
  list,
  number,
  object,
  oneOf,
  priced,
  providerTool,
  refused,
  stored,
  text,
  textOrNull,
} from './rules.ts';

// What a body of OpenAI's two APIs may hold: chat completions, which every compatible server has and opencode speaks, and
// responses, which codex and opencode speak.

/** Both APIs have them. */
const common: Fields = {
  model: text,
  temperature: number,
  parallel_tool_calls: boolean,
  stream: boolean,
  prompt_cache_key: textOrNull,
  // How long a cache stands; the usual time stands without it.
  prompt_cache_retention: dropped,
  // Who the user is, and notes for the provider's own pages.
  user: dropped,
  safety_identifier: dropped,
  metadata: dropped,
  service_tier: refused(priced, null, 'auto', 'default'),
  // False is put in: see bodies.ts.
  store: refused(stored, null, false),
};

const chatText = { kind: 'tagged', by: 'type', variants: { text: { text } } } as const;
const chatContent: Rule = { kind: 'either', text, list: list(chatText), empty: true };

const message: Rule = {
  kind: 'tagged',
  by: 'role',
  variants: {
    system: { content: chatContent, name: text },
    developer: { content: chatContent, name: text },
    user: {
      content: {
        kind: 'either',
        text,
        list: list({
          kind: 'tagged',
          by: 'type',
          variants: {
            text: { text },
            image_url: { image_url: object({ url: dataUrl, detail: oneOf('auto', 'low', 'high') }) },
          },
        }),
      },
      name: text,
    },
    assistant: {
      content: {
        kind: 'either',
        text,
        empty: true,
        list: list({ kind: 'tagged', by: 'type', variants: { text: { text }, refusal: { refusal: text } } }),
      },
      refusal: textOrNull,
      name: text,
      // Compatible servers of models that think want it back.
      reasoning_content: textOrNull,
      tool_calls: list({
        kind: 'tagged',
        by: 'type',
        variants: {
          function: { id: text, index: number, function: object({ name: text, arguments: text }) },
          custom: { id: text, index: number, custom: object({ name: text, input: text }) },
        },
      }),
    },
    tool: { content: chatContent, tool_call_id: text, name: text },
  },
};

const functionOf: Fields = {
  name: text,
  description: textOrNull,
  parameters: inert,
  strict: { kind: 'inert' },
};

export const chatFields: Fields = {
  ...common,
  messages: list(message),
  max_tokens: number,
  max_completion_tokens: number,
  stream_options: {
    kind: 'either',
    empty: true,
    object: object({ include_usage: boolean, include_obfuscation: boolean }),
  },
  tools: list({
    kind: 'tagged',
    by: 'type',
    why: providerTool,
    variants: {
      function: { function: object(functionOf) },
      custom: { custom: object({ name: text, description: text, format: inert }) },
    },
  }),
  tool_choice: {
    kind: 'either',
    text: oneOf('none', 'auto', 'required'),
    object: {
      kind: 'tagged',
      by: 'type',
      variants: {
        function: { function: object({ name: text }) },
        custom: { custom: object({ name: text }) },
      },
    },
  },
  response_format: {
    kind: 'tagged',
    by: 'type',
    variants: { text: {}, json_object: {}, json_schema: { json_schema: inert } },
  },
  // Each answer beyond the first costs as much as the first.
  n: refused(priced, null, 1),
  top_p: number,
  stop: { kind: 'either', text, list: list(text), empty: true },
  presence_penalty: number,
  frequency_penalty: number,
  seed: number,
  logit_bias: inert,
  logprobs: boolean,
  top_logprobs: number,
  reasoning_effort: textOrNull,
  verbosity: textOrNull,
  modalities: refused(priced, null),
  audio: refused(priced, null),
  // What was predicted wrongly is paid for beyond max_tokens.
  prediction: refused(priced, null),
  web_search_options: refused('asks for the web search of the provider, which is not allowed here', null),
};

const inputText: Fields = { text };
const inputImage: Fields = { image_url: dataUrl, detail: oneOf('auto', 'low', 'high', 'original') };
const output: Rule = {
  kind: 'either',
  text,
  list: list({ kind: 'tagged', by: 'type', variants: { input_text: inputText, input_image: inputImage } }),
};
/** What an earlier answer said of an item; the API takes it back. */
const ofAnswer: Fields = { id: textOrNull, status: textOrNull };

const item: Rule = {
  kind: 'tagged',
  by: 'type',
  absent: 'message',
  variants: {
    message: {
      ...ofAnswer,
      role: oneOf('user', 'assistant', 'system', 'developer'),
      phase: textOrNull,
      content: {
        kind: 'either',
        text,
        list: list({
          kind: 'tagged',
          by: 'type',
          variants: {
            input_text: inputText,
            input_image: inputImage,
            output_text: { text, annotations: inert, logprobs: inert },
            refusal: { refusal: text },
          },
        }),
      },
    },
    function_call: { ...ofAnswer, call_id: text, name: text, namespace: textOrNull, arguments: text },
    function_call_output: { ...ofAnswer, call_id: text, output },
    custom_tool_call: { ...ofAnswer, call_id: text, name: text, namespace: textOrNull, input: text },
    custom_tool_call_output: { ...ofAnswer, call_id: text, name: textOrNull, output },
    reasoning: {
      ...ofAnswer,
      summary: list({ kind: 'tagged', by: 'type', variants: { summary_text: { text } } }),
      content: {
        kind: 'either',
        empty: true,
        list: list({ kind: 'tagged', by: 'type', variants: { reasoning_text: { text }, text: { text } } }),
      },
      encrypted_content: textOrNull,
    },
  },
};

const ownTools: Readonly<Record<string, Fields>> = {
  function: {
    ...functionOf,
    defer_loading: refused('asks for the tool search of the provider', null, false),
  },
  custom: { name: text, description: text, format: inert },
};

export const responsesFields: Fields = {
  ...common,
  input: { kind: 'either', text, list: list(item) },
  instructions: textOrNull,
  max_output_tokens: number,
  tools: list({
    kind: 'tagged',
    by: 'type',
    why: providerTool,
    variants: {
      ...ownTools,
      // Codex puts the tools of an MCP server that it speaks with itself under its name.
      namespace: {
        name: text,
        description: text,
        tools: list({ kind: 'tagged', by: 'type', why: providerTool, variants: ownTools }),
      },
    },
  }),
  tool_choice: {
    kind: 'either',
    text: oneOf('none', 'auto', 'required'),
    object: { kind: 'tagged', by: 'type', variants: { function: { name: text }, custom: { name: text } } },
  },
  reasoning: {
    kind: 'either',
    empty: true,
    object: object({ effort: textOrNull, summary: textOrNull, context: textOrNull }),
  },
  text: object({
    verbosity: textOrNull,
    format: {
      kind: 'tagged',
      by: 'type',
      variants: {
        text: {},
        json_object: {},
        json_schema: { name: text, description: text, schema: inert, strict: inert },
      },
    },
  }),
  include: {
    kind: 'either',
    empty: true,
    list: list(oneOf('reasoning.encrypted_content', 'message.output_text.logprobs')),
  },
  stream_options: { kind: 'either', empty: true, object: object({ include_obfuscation: boolean }) },
  top_p: number,
  top_logprobs: number,
  truncation: oneOf('auto', 'disabled'),
  // Codex: which installation and which turn it is.
  client_metadata: dropped,
  background: refused(stored, null, false),
  previous_response_id: refused(stored, null),
  conversation: refused(stored, null),
  prompt: refused(stored, null),
};
