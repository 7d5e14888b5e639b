import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

// A model that does what the test wrote down, whichever of the three APIs a program speaks: one step for each question that
// comes with tools. Tools are found by the end of their name, because every program puts something else before it.

export type Step =
  /** A call of a tool of the sidecar. */
  | { call: string; with: Record<string, unknown> }
  /** A command, by whatever the program has for a shell. */
  | { shell: string }
  | { say: string };

export interface ScriptedModel {
  url: string;
  key: string;
  /** The bodies of all questions, as they came. */
  asked: string[];
  /** The heads of all questions: whoever came without the key was not let through. */
  keys: string[];
  close(): Promise<void>;
}

interface Tool {
  name: string;
  /** Where the tools of an MCP server stand in a group of their own (codex). */
  namespace: string | undefined;
  properties: string[];
}

interface Call {
  tool: Tool;
  input: Record<string, unknown>;
}

const key = 'sk-the-key-of-the-provider-0123456789';

/** The steps of all rounds, one after the other. When there are none left it says that it is done. */
export async function startModel(steps: readonly Step[]): Promise<ScriptedModel> {
  const asked: string[] = [];
  const keys: string[] = [];
  let next = 0;
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += String(part);
    const { authorization, 'x-api-key': own } = request.headers;
    keys.push(String(own ?? authorization?.replace(/^Bearer /, '')));
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (keys.at(-1) !== key || request.method !== 'POST') {
      response.writeHead(401).end();
      return;
    }
    asked.push(text);
    const body = JSON.parse(text) as Record<string, unknown>;
    const tools = toolsOf(body.tools);
    // What comes without tools is something on the side, such as a title for the session.
    const step: Step = tools.length === 0 ? { say: 'A title' } : (steps[next] ?? { say: 'Done.' });
    if (tools.length > 0) next += 1;
    const call = callOf(step, tools);
    const said =
      'say' in step ? step.say : call === undefined ? `I have no tool for ${JSON.stringify(step)}` : '';
    const answer = path.endsWith('/messages')
      ? messages(call, said, next)
      : path.endsWith('/responses')
        ? responses(call, said, next)
        : chat(call, said, next);
    response.writeHead(200, {
      'content-type': body.stream === true ? 'text/event-stream' : 'application/json',
    });
    response.end(body.stream === true ? answer.stream : JSON.stringify(answer.whole));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key,
    asked,
    keys,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function toolsOf(given: unknown, namespace?: string): Tool[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((item) => {
    if (item.type === 'namespace') return toolsOf(item.tools, item.name);
    const { name, input_schema, parameters } = item.function ?? item;
    if (typeof name !== 'string') return [];
    return [{ name, namespace, properties: Object.keys((input_schema ?? parameters)?.properties ?? {}) }];
  });
}

/** What the programs call their shell, and how they want the command. */
const shells = /^(?:Bash|bash|shell|shell_command|local_shell|exec_command)$/;

function callOf(step: Step, tools: readonly Tool[]): Call | undefined {
  if ('say' in step) return undefined;
  if ('call' in step) {
    const tool = tools.find(({ name }) => name.endsWith(step.call));
    return tool === undefined ? undefined : { tool, input: step.with };
  }
  const tool = tools.find(({ name }) => shells.test(name));
  if (tool === undefined) return undefined;
  const { properties } = tool;
  const command = properties.includes('cmd')
    ? { cmd: step.shell }
    : { command: tool.name === 'shell' ? ['bash', '-lc', step.shell] : step.shell };
  return {
    tool,
    input: { ...command, ...(properties.includes('description') ? { description: 'work' } : {}) },
  };
}

function named(list: readonly { type: string }[]): string {
  return list.map((item) => `event: ${item.type}\ndata: ${JSON.stringify(item)}\n\n`).join('');
}

interface Answer {
  stream: string;
  whole: unknown;
}

function messages(call: Call | undefined, said: string, number: number): Answer {
  const block =
    call === undefined
      ? { type: 'text', text: said }
      : { type: 'tool_use', id: `toolu_${number}`, name: call.tool.name, input: call.input };
  const usage = {
    input_tokens: 100,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 10,
  };
  const stop = call === undefined ? 'end_turn' : 'tool_use';
  const message = {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: 'm',
    stop_sequence: null,
    usage,
  };
  return {
    whole: { ...message, content: [block], stop_reason: stop },
    stream: named([
      { type: 'message_start', message: { ...message, content: [], stop_reason: null } } as { type: string },
      {
        type: 'content_block_start',
        index: 0,
        content_block: call === undefined ? { type: 'text', text: '' } : { ...block, input: {} },
      } as { type: string },
      {
        type: 'content_block_delta',
        index: 0,
        delta:
          call === undefined
            ? { type: 'text_delta', text: said }
            : { type: 'input_json_delta', partial_json: JSON.stringify(call.input) },
      } as { type: string },
      { type: 'content_block_stop', index: 0 } as { type: string },
      {
        type: 'message_delta',
        delta: { stop_reason: stop, stop_sequence: null },
        usage: { output_tokens: 10 },
      } as { type: string },
      { type: 'message_stop' },
    ]),
  };
}

function responses(call: Call | undefined, said: string, number: number): Answer {
  const item =
    call === undefined
      ? {
          id: `msg_${number}`,
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: said, annotations: [] }],
        }
      : {
          id: `fc_${number}`,
          type: 'function_call',
          call_id: `call_${number}`,
          name: call.tool.name,
          ...(call.tool.namespace === undefined ? {} : { namespace: call.tool.namespace }),
          arguments: JSON.stringify(call.input),
          status: 'completed',
        };
  const response = {
    id: `resp_${number}`,
    object: 'response',
    model: 'm',
    status: 'in_progress',
    output: [],
  };
  const whole = {
    ...response,
    status: 'completed',
    output: [item],
    usage: {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 10,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 110,
    },
  };
  return {
    whole,
    stream: named([
      { type: 'response.created', response } as { type: string },
      { type: 'response.output_item.added', output_index: 0, item } as { type: string },
      { type: 'response.output_item.done', output_index: 0, item } as { type: string },
      { type: 'response.completed', response: whole } as { type: string },
    ]),
  };
}

function chat(call: Call | undefined, said: string, number: number): Answer {
  const base = { id: `chat_${number}`, created: 1, model: 'm' };
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  const reason = call === undefined ? 'stop' : 'tool_calls';
  const calls =
    call === undefined
      ? {}
      : {
          tool_calls: [
            {
              index: 0,
              id: `call_${number}`,
              type: 'function',
              function: { name: call.tool.name, arguments: JSON.stringify(call.input) },
            },
          ],
        };
  const message = { role: 'assistant', content: call === undefined ? said : null, ...calls };
  const chunk = { ...base, object: 'chat.completion.chunk' };
  return {
    whole: {
      ...base,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: reason }],
      usage,
    },
    stream: `${[
      { ...chunk, choices: [{ index: 0, delta: message, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: reason }] },
      { ...chunk, choices: [], usage },
    ]
      .map((item) => `data: ${JSON.stringify(item)}\n\n`)
      .join('')}data: [DONE]\n\n`,
  };
}
