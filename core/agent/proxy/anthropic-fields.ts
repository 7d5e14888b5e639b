import type { Fields, Rule } from './pick.ts';
import {
  boolean,
  dropped,
  inert,
  list,
  number,
  object,
  oneOf,
  priced,
  providerTool,
  refused,
  remoteSource,
  stored,
  text,
} from './rules.ts';

// What a body of Anthropic's Messages API may hold. What Claude Code sends is here, and what its SDKs send for an agent that
// runs its own tools.

/** `ttl` is dropped: the hour costs more than the five minutes that stand without it. */
const cache_control: Rule = {
  kind: 'either',
  object: object({ type: oneOf('ephemeral'), ttl: dropped, scope: dropped }),
  empty: true,
};

const textBlock: Fields = { text, cache_control, citations: inert };

const image: Fields = {
  source: {
    kind: 'tagged',
    by: 'type',
    variants: {
      base64: { media_type: oneOf('image/png', 'image/jpeg', 'image/gif', 'image/webp'), data: text },
      url: { url: remoteSource },
      file: { file_id: refused(stored) },
    },
  },
  cache_control,
};

/** A PDF is not on the list: how many tokens it is cannot be told from its size, so no limit of money would hold. */
const document: Fields = {
  source: {
    kind: 'tagged',
    by: 'type',
    variants: {
      text: { media_type: oneOf('text/plain'), data: text },
      url: { url: remoteSource },
      file: { file_id: refused(stored) },
    },
    why: 'not taken: its tokens cannot be bounded by its size. Read it with a program and send the text',
  },
  title: { kind: 'either', text, empty: true },
  context: { kind: 'either', text, empty: true },
  citations: inert,
  cache_control,
};

const toolResult: Rule = {
  kind: 'either',
  text,
  list: list({ kind: 'tagged', by: 'type', variants: { text: textBlock, image, document } }),
};

const content: Rule = {
  kind: 'either',
  text,
  list: list({
    kind: 'tagged',
    by: 'type',
    variants: {
      text: textBlock,
      image,
      document,
      tool_use: {
        id: text,
        name: text,
        input: inert,
        cache_control,
        caller: object({ type: oneOf('direct') }),
      },
      tool_result: { tool_use_id: text, is_error: boolean, content: toolResult, cache_control },
      thinking: { thinking: text, signature: text },
      redacted_thinking: { data: text },
    },
  }),
};

const tool: Rule = {
  kind: 'tagged',
  by: 'type',
  absent: 'custom',
  why: providerTool,
  variants: {
    custom: {
      name: text,
      description: text,
      input_schema: inert,
      input_examples: inert,
      strict: boolean,
      eager_input_streaming: { kind: 'dropped' },
      cache_control,
    },
  },
};

const counted: Fields = {
  model: text,
  // Claude Code speaks to newer models as the system in the middle of a conversation too.
  messages: list(object({ role: oneOf('user', 'assistant', 'system'), content })),
  system: { kind: 'either', text, list: list({ kind: 'tagged', by: 'type', variants: { text: textBlock } }) },
  tools: list(tool),
  tool_choice: {
    kind: 'tagged',
    by: 'type',
    variants: {
      auto: { disable_parallel_tool_use: boolean },
      any: { disable_parallel_tool_use: boolean },
      tool: { name: text, disable_parallel_tool_use: boolean },
      none: {},
    },
  },
  thinking: {
    kind: 'tagged',
    by: 'type',
    variants: {
      enabled: { budget_tokens: number, display: oneOf('summarized', 'omitted') },
      adaptive: { display: oneOf('summarized', 'omitted') },
      disabled: {},
    },
  },
  // Clearing only: a compaction is an answer of the model by itself, of which the price is in no bound here.
  context_management: {
    kind: 'either',
    empty: true,
    object: object({
      edits: list({
        kind: 'tagged',
        by: 'type',
        variants: {
          clear_thinking_20251015: { keep: inert },
          clear_tool_uses_20250919: {
            trigger: inert,
            keep: inert,
            clear_at_least: inert,
            exclude_tools: inert,
            clear_tool_inputs: inert,
          },
        },
      }),
    }),
  },
  output_config: object({
    effort: text,
    format: {
      kind: 'either',
      empty: true,
      object: object({ type: oneOf('json_schema'), schema: inert }),
    },
  }),
  cache_control,
  container: refused(stored, null),
  mcp_servers: refused('are called by the provider: that would be a way out of this machine', null),
  speed: refused(priced, null, 'standard'),
  inference_geo: refused(priced, null),
  service_tier: refused(priced, null, 'auto', 'standard_only'),
  // Who the user is: Claude Code sends the machine's and the session's number with each request.
  metadata: dropped,
};

export const messagesFields: Fields = {
  ...counted,
  max_tokens: number,
  stream: boolean,
  stop_sequences: list(text),
  temperature: number,
  top_p: number,
  top_k: number,
};

/** Counting takes the same body; what only an answer needs is taken off, because the API refuses it there. */
export const countFields: Fields = {
  ...counted,
  max_tokens: dropped,
  stream: dropped,
  temperature: dropped,
};

/**
 * Parts of the API that are switched on by a header. Others are dropped: what they would allow in a body is on no list. Not
 * here, among others: the context of a million tokens, which costs more per token, and everything that runs at the provider.
 */
export const betas: readonly RegExp[] = [
  'claude-code',
  'interleaved-thinking',
  'redact-thinking',
  'thinking-token-count',
  'context-management',
  'prompt-caching',
  'prompt-caching-scope',
  'effort',
  'fine-grained-tool-streaming',
  'token-efficient-tools',
  'structured-outputs',
  'mid-conversation-system',
].map((name) => new RegExp(`^${name}-\\d{4}-?\\d{2}-?\\d{2}$`));
