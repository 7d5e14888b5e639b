import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countFields, messagesFields } from '../../../../core/agent/proxy/anthropic-fields.ts';
import { prepare } from '../../../../core/agent/proxy/bodies.ts';
import { chatFields, responsesFields } from '../../../../core/agent/proxy/openai-fields.ts';
import type { Fields, Json, Rule } from '../../../../core/agent/proxy/pick.ts';
import type { Question } from '../../../../core/agent/proxy/routes.ts';
import { fuzzRuns } from '../../../thorough.ts';
import { answered, around, completion, message, model, question } from './scripted.ts';

const url = 'https://evil.example/?q=data';
const png = 'iVBORw0KGgo=';
const asked = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const inputOf = (content: unknown) => ({ input: [{ type: 'message', role: 'user', content }] });

/** What a body of each path must not have, and a word of the sentence that says so. */
const refused: Record<Exclude<Question, 'count'>, [string, object, string][]> = {
  messages: [
    ['web search', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
    [
      'web search among others',
      {
        tools: [
          { name: 'a', input_schema: {} },
          { type: 'web_search_20260209', name: 'w' },
        ],
      },
      'tools[1].type',
    ],
    ['web fetch', { tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] }, 'provider'],
    ['code execution', { tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] }, 'provider'],
    ['computer use', { tools: [{ type: 'computer_20250124', name: 'computer' }] }, 'provider'],
    ['tool search', { tools: [{ type: 'tool_search_tool_regex_20251119', name: 't' }] }, 'provider'],
    ['a toolset of an MCP server', { tools: [{ type: 'mcp_toolset', mcp_server_name: 'x' }] }, 'provider'],
    ['memory', { tools: [{ type: 'memory_20250818', name: 'memory' }] }, 'provider'],
    ['remote MCP servers', { mcp_servers: [{ type: 'url', url, name: 'x' }] }, 'mcp_servers'],
    ['a container', { container: { skills: [] } }, 'container'],
    ['a container by its name', { container: 'container_1' }, 'container'],
    ['priority', { service_tier: 'priority' }, 'service_tier'],
    ['the fast mode', { speed: 'fast' }, 'speed'],
    ['another region', { inference_geo: 'us' }, 'inference_geo'],
    ['an image by URL', asked([{ type: 'image', source: { type: 'url', url } }]), 'fetched by the provider'],
    [
      'a document by URL',
      asked([{ type: 'document', source: { type: 'url', url } }]),
      'fetched by the provider',
    ],
    [
      'an image of the files',
      asked([{ type: 'image', source: { type: 'file', file_id: 'file_1' } }]),
      'file_id',
    ],
    [
      'a document of the files',
      asked([{ type: 'document', source: { type: 'file', file_id: 'file_1' } }]),
      'file_id',
    ],
    [
      'a PDF',
      asked([{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: png } }]),
      'bounded',
    ],
    [
      'an image by URL in a result',
      asked([
        { type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: { type: 'url', url } }] },
      ]),
      'fetched',
    ],
    [
      'an upload to a container',
      asked([{ type: 'container_upload', file_id: 'file_1' }]),
      'container_upload',
    ],
    [
      'a search of the provider',
      asked([{ type: 'server_tool_use', id: 'a', name: 'web_search', input: {} }]),
      'server_tool_use',
    ],
    ['a compaction', { context_management: { edits: [{ type: 'compact_20260112' }] } }, 'compact'],
    ['another role', { messages: [{ role: 'tool', content: 'x' }] }, 'role'],
    ['an unknown field', { unknown_field: 1 }, 'unknown_field'],
    ['a field of every object', JSON.parse('{"__proto__":{"a":1}}'), '__proto__'],
    ['the name of a function of every object', { constructor: 1 }, 'constructor'],
    ['an unknown field in a message', { messages: [{ role: 'user', content: 'x', url }] }, 'messages[0].url'],
    [
      'a source with a URL beside its data',
      asked([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: png, url } }]),
      'source.url',
    ],
    ['no limit at all', { max_tokens: 0 }, 'max_tokens'],
    ['a limit that is text', { max_tokens: '100' }, 'max_tokens'],
    ['half a token', { max_tokens: 1.5 }, 'max_tokens'],
  ],
  chat: [
    ['storing', { store: true }, 'store'],
    ['priority', { service_tier: 'priority' }, 'service_tier'],
    ['flex', { service_tier: 'flex' }, 'service_tier'],
    ['web search', { web_search_options: {} }, 'web_search_options'],
    ['a tool of the provider', { tools: [{ type: 'web_search' }] }, 'provider'],
    ['a remote MCP server', { tools: [{ type: 'mcp', server_label: 'x', server_url: url }] }, 'provider'],
    ['many answers', { n: 5 }, 'n '],
    ['speech', { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }, 'modalities'],
    ['a prediction', { prediction: { type: 'content', content: 'x' } }, 'prediction'],
    ['an image by URL', asked([{ type: 'image_url', image_url: { url } }]), 'data URL'],
    [
      'an image of a file',
      asked([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }]),
      'data URL',
    ],
    [
      'another type in a data URL',
      asked([{ type: 'image_url', image_url: { url: 'data:text/html;base64,AAAA' } }]),
      'data URL',
    ],
    ['a file', asked([{ type: 'file', file: { file_id: 'file_1' } }]), 'file'],
    ['sound', asked([{ type: 'input_audio', input_audio: { data: png, format: 'wav' } }]), 'input_audio'],
    ['an unknown field', { background: true }, 'background'],
    ['plugins of a compatible server', { plugins: [{ id: 'web' }] }, 'plugins'],
    ['models of a compatible server', { models: ['dearer'] }, 'models'],
    ['functions of old', { functions: [] }, 'functions'],
    ['another role', { messages: [{ role: 'root', content: 'x' }] }, 'role'],
  ],
  responses: [
    ['storing', { store: true }, 'store'],
    ['a job in the background', { background: true }, 'background'],
    ['an earlier answer', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ['a conversation', { conversation: 'conv_1' }, 'conversation'],
    ['a stored prompt', { prompt: { id: 'pmpt_1' } }, 'prompt'],
    ['priority', { service_tier: 'priority' }, 'service_tier'],
    ...[
      'web_search',
      'web_search_preview',
      'file_search',
      'code_interpreter',
      'image_generation',
      'computer_use_preview',
      'tool_search',
      'shell',
      'programmatic',
    ].map((type): [string, object, string] => [type, { tools: [{ type }] }, 'provider']),
    ['a remote MCP server', { tools: [{ type: 'mcp', server_label: 'x', server_url: url }] }, 'provider'],
    [
      'a connector',
      { tools: [{ type: 'mcp', server_label: 'x', connector_id: 'connector_gmail' }] },
      'provider',
    ],
    [
      'a tool of the provider in a namespace',
      { tools: [{ type: 'namespace', name: 'a', description: '', tools: [{ type: 'web_search' }] }] },
      'provider',
    ],
    ['a choice of one', { tool_choice: { type: 'web_search' } }, 'tool_choice'],
    ['an image by URL', inputOf([{ type: 'input_image', image_url: url }]), 'data URL'],
    ['an image of the files', inputOf([{ type: 'input_image', file_id: 'file_1' }]), 'file_id'],
    ['a file by URL', inputOf([{ type: 'input_file', file_url: url }]), 'input_file'],
    ['a file', inputOf([{ type: 'input_file', file_id: 'file_1' }]), 'input_file'],
    ['a stored item', { input: [{ type: 'item_reference', id: 'msg_1' }] }, 'item_reference'],
    [
      'an image by URL in a result',
      {
        input: [
          { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: url }] },
        ],
      },
      'data URL',
    ],
    ['a search of before', { input: [{ type: 'web_search_call', id: 'ws_1' }] }, 'web_search_call'],
    ['the sources of a search', { include: ['web_search_call.action.sources'] }, 'include'],
    ['a compaction', { context_management: [{ type: 'compaction' }] }, 'context_management'],
    ['an unknown field', { unknown_field: 1 }, 'unknown_field'],
  ],
};

const paths = { messages: '/v1/messages', chat: '/v1/chat/completions', responses: '/v1/responses' };
const usual = { messages: question, chat: question, responses: { model, input: 'Hello' } };
const cases = Object.entries(refused).flatMap(([name, list]) =>
  list.map(([what, body, word]) => ({ name: name as keyof typeof paths, what, body, word })),
);

describe('a body with what is not on the list', () => {
  it.each(cases)('$name: $what is refused, and nothing goes out', async ({ name, body, word }) => {
    const api = name === 'messages' ? 'anthropic' : 'openai';
    const { ask, seen, proxy } = await around(answered(api === 'openai' ? completion : message), { api });

    const reply = await ask({ path: paths[name], body: { ...usual[name], ...body } });

    expect(reply.status).toBe(400);
    expect(reply.headers['x-should-retry']).toBe('false');
    expect(JSON.parse(reply.text).error.message).toContain(word);
    expect(seen).toEqual([]);
    expect(proxy.refused).toHaveLength(1);
    expect(proxy.use().calls).toBe(0);
  });

  it.each([
    ['no JSON', '{"model":'],
    ['no object', '[1]'],
    ['nothing', ''],
    ['null', 'null'],
    [
      'nested without end',
      `{"tools":[{"name":"a","input_schema":${'['.repeat(50_000)}${']'.repeat(50_000)}}]}`,
    ],
  ])('%s', async (_, body) => {
    const { ask, seen } = await around(answered(message));

    expect((await ask({ body })).status).toBe(400);
    expect(seen).toEqual([]);
  });

  it('hands a name that is given twice on once', async () => {
    const { ask, seen } = await around(answered(message));
    const body = `{"model":"a","model":"b","max_tokens":1,"max_tokens":99999999,"messages":[{"role":"user","content":"Hello"}]}`;

    await ask({ body });

    // The provider must not read another of the two than was looked at here.
    expect(seen[0]?.body.match(/max_tokens/g)).toHaveLength(1);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ ...question, max_tokens: 4096 });
  });
});

describe('what is harmless and widely sent is dropped', () => {
  it.each<[keyof typeof paths, object]>([
    ['messages', { metadata: { user_id: 'device and session' } }],
    ['messages', { service_tier: 'auto' }],
    ['messages', { service_tier: 'standard_only' }],
    ['messages', { container: null }],
    ['chat', { user: 'me' }],
    ['chat', { safety_identifier: 'me' }],
    ['chat', { metadata: { a: 'b' } }],
    ['chat', { n: 1 }],
    ['chat', { service_tier: 'default' }],
    ['chat', { store: false }],
    ['chat', { prompt_cache_retention: '24h' }],
    ['responses', { client_metadata: { 'x-codex-installation-id': '1' } }],
    ['responses', { store: false }],
    ['responses', { background: false }],
    ['responses', { previous_response_id: null }],
    ['responses', { service_tier: 'auto' }],
  ])('%s: %j', (name, given) => {
    const fixed = { model, maxOutputTokens: 4096, chatLimit: 'max_tokens' } as const;
    const plain = prepare(name, JSON.stringify(usual[name]), fixed);

    expect(prepare(name, JSON.stringify({ ...usual[name], ...given }), fixed)).toMatchObject({
      kind: 'ready',
      body: (plain as { body: string }).body,
    });
  });

  it('a cache for an hour is one for five minutes, which the price is for', () => {
    const body = {
      ...question,
      system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    };

    const found = prepare('messages', JSON.stringify(body), {
      model,
      maxOutputTokens: 4096,
      chatLimit: 'max_tokens',
    });

    expect((found as { body: string }).body).toContain('"cache_control":{"type":"ephemeral"}');
  });
});

it('what claude says as the system in the middle of a conversation goes on', async () => {
  const { ask, seen } = await around(answered(message));
  const messages = [...question.messages, { role: 'system', content: 'The date has changed.' }];

  await ask({
    body: { ...question, messages },
    headers: { 'anthropic-beta': 'mid-conversation-system-2026-04-07' },
  });

  expect(JSON.parse(seen[0]?.body ?? '').messages).toEqual(messages);
  expect(seen[0]?.headers['anthropic-beta']).toBe('mid-conversation-system-2026-04-07');
});

describe('the most that a request can be', () => {
  const fixed = { model, maxOutputTokens: 4096, chatLimit: 'max_tokens' } as const;
  const mostOf = (body: unknown) =>
    (prepare('messages', JSON.stringify(body), fixed) as { most: { input: number } }).most.input;

  it('counts each byte of text, and a picture by what pictures are', () => {
    const data = 'A'.repeat(1_000_000);
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } };
    const plain = mostOf(question);

    expect(plain).toBeGreaterThan(2000 + JSON.stringify(question).length - 1);
    expect(mostOf({ ...question, ...asked([image]) })).toBeLessThan(plain + 6000);
    expect(mostOf({ ...question, ...asked([image, image]) })).toBeGreaterThan(plain + 10_000 - 1);
    expect(mostOf({ ...question, ...asked('ä'.repeat(1000)) })).toBeGreaterThan(plain + 1990);
  });

  it('takes nothing for a picture that the model reads as text', () => {
    const input = { type: 'image', source: { type: 'base64', data: 'A'.repeat(100_000) } };
    const body = {
      ...question,
      messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'b', input }] }],
    };

    expect(mostOf(body)).toBeGreaterThan(100_000);
  });
});

/** Whether a value stands on a list; written anew, the other way round than the code does it. */
function stands(rule: Rule, value: Json): boolean {
  if (typeof value !== 'object' || value === null) return rule.kind !== 'object' && rule.kind !== 'tagged';
  if (rule.kind === 'inert') return true;
  if (rule.kind === 'list') return Array.isArray(value) && value.every((item) => stands(rule.of, item));
  if (rule.kind === 'either') {
    const inner = Array.isArray(value) ? rule.list : rule.object;
    return inner !== undefined && stands(inner, value);
  }
  if (Array.isArray(value)) return false;
  const fields: Fields | undefined =
    rule.kind === 'object'
      ? rule.fields
      : rule.kind === 'tagged'
        ? rule.variants[String(value[rule.by] ?? rule.absent)]
        : undefined;
  return (
    fields !== undefined &&
    Object.entries(value).every(([name, item]) => {
      if (rule.kind === 'tagged' && name === rule.by) return typeof item === 'string';
      const inner = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return (
        inner !== undefined && inner.kind !== 'dropped' && inner.kind !== 'refused' && stands(inner, item)
      );
    })
  );
}

describe('random bodies', () => {
  const lists: Record<Question, Fields> = {
    messages: messagesFields,
    count: countFields,
    chat: chatFields,
    responses: responsesFields,
  };
  const names = [...new Set(JSON.stringify(Object.values(lists)).match(/"[a-z_]{1,30}"/g) ?? [])].map(
    (name) => name.slice(1, -1),
  );
  const name = fc.oneof(
    fc.constantFrom(...names, '__proto__', 'constructor', 'toString', 'url', 'file_id', 'server_url'),
    fc.string({ maxLength: 8 }),
  );
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<Json>(
        null,
        true,
        false,
        0,
        1,
        4000,
        'text',
        'Hello',
        'user',
        'assistant',
        'auto',
        ...names,
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }) as fc.Arbitrary<Json>,
    ),
  }));
  /** Made by the list itself, so that bodies get deep into it; then something is put in somewhere. */
  const by = (rule: Rule, depth: number): fc.Arbitrary<Json> => {
    if (depth > 6) return fc.constant(null);
    const fieldsBy = (fields: Fields): fc.Arbitrary<Json> =>
      fc.record(
        Object.fromEntries(
          Object.entries(fields)
            .filter(([, { kind }]) => kind !== 'refused')
            .map(([field, inner]) => [field, by(inner, depth + 1)]),
        ),
        { requiredKeys: [] },
      ) as fc.Arbitrary<Json>;
    const strange = { weight: 1, arbitrary: value };
    const usually = (arbitrary: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
      fc.oneof(strange, { weight: 60, arbitrary });
    switch (rule.kind) {
      case 'text':
      case 'matching':
        return usually(fc.string({ maxLength: 5 }));
      case 'number':
        return usually(fc.integer({ min: 1, max: 10_000 }));
      case 'boolean':
        return usually(fc.boolean());
      case 'one of':
        return usually(fc.constantFrom(...rule.values));
      case 'list':
        return usually(fc.array(by(rule.of, depth + 1), { maxLength: 3 }));
      case 'object':
        return usually(fieldsBy(rule.fields));
      case 'tagged':
        return usually(
          fc.oneof(
            ...Object.entries(rule.variants).map(([tag, fields]) =>
              fieldsBy(fields).map((made) => ({ ...(made as object), [rule.by]: tag }) as Json),
            ),
          ),
        );
      case 'either': {
        const inner = [rule.text, rule.list, rule.object].filter((one) => one !== undefined);
        return usually(fc.oneof(...inner.map((one) => by(one, depth + 1))));
      }
      default:
        return value;
    }
  };

  it.each(Object.keys(lists) as Question[])('%s: none passes whose fields are not on the list', (which) => {
    const whole: Rule = {
      kind: 'object',
      fields: {
        ...lists[which],
        model: { kind: 'text' },
        store: { kind: 'boolean' },
        max_tokens: { kind: 'number' },
      },
    };
    let passed = 0;
    let held = 0;
    fc.assert(
      fc.property(fc.oneof(by({ kind: 'object', fields: lists[which] }, 0), value), (body) => {
        const found = prepare(which, JSON.stringify(body), {
          model,
          maxOutputTokens: 4096,
          chatLimit: 'max_tokens',
        });
        if (found.kind === 'fault') {
          held += 1;
          return;
        }
        passed += 1;
        const made = JSON.parse(found.body);
        expect(stands(whole, made), found.body).toBe(true);
        expect(made.model).toBe(model);
        expect(found.most.output).toBeLessThanOrEqual(4096);
      }),
      { numRuns: fuzzRuns(3) },
    );
    // Both happened, or the bodies are not what they are meant to be.
    expect(passed).toBeGreaterThan(10);
    expect(held).toBeGreaterThan(10);
  });
});
