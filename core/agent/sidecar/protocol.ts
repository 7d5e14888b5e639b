import { version } from '../../version.ts';
import type { Answer, Call } from './calls.ts';
import { listedTools, type Tool } from './tools.ts';

// The Model Context Protocol as far as engines need it here: one JSON-RPC message a line; initialize, ping, tools/list and
// tools/call. There is no session: every line stands for itself, so a client may come back on a new connection.

/** The revisions of the protocol in which all of this is the same; the newest first. */
const revisions = ['2025-11-25', '2025-06-18'];

/** What a line comes to: an answer, or nothing to say. `malformed` says why it was no request. */
export interface Reply {
  answer?: string;
  malformed?: string;
}

const [parseError, invalidRequest, unknownMethod, invalidParams, internalError] = [
  -32700, -32600, -32601, -32602, -32603,
];

/** Answers one line. Never rejects. */
export async function replyTo(
  line: string,
  {
    depth,
    call,
    tools,
  }: { depth: number; call: (call: Call) => Promise<Answer>; tools?: readonly Tool[] | undefined },
): Promise<Reply> {
  if (line.trim() === '') return {};
  // Whatever reads nested data, ours or a library's, reads it by calling itself.
  if (isDeeper(line, depth)) return fault(null, invalidRequest, `nested deeper than ${depth}`);
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return fault(null, parseError, 'not JSON');
  }
  if (!isObject(message)) return fault(null, invalidRequest, 'not one JSON-RPC message');
  const { jsonrpc, method, id, params } = message;
  // A client may answer what nobody asked.
  if (method === undefined && ('result' in message || 'error' in message)) return {};
  if (jsonrpc !== '2.0' || typeof method !== 'string')
    return fault(idOf(id) ?? null, invalidRequest, 'not a JSON-RPC 2.0 request');
  if (id === undefined) return {};
  const known = idOf(id);
  if (known === undefined)
    return fault(null, invalidRequest, 'an id that is neither a number nor a short text');
  if (params !== undefined && !isObject(params))
    return fault(known, invalidParams, 'params that are no object');
  try {
    return await resultOf(method, known, params ?? {}, { call, tools });
  } catch {
    return { answer: failed(known, internalError, 'The sidecar itself failed.') };
  }
}

async function resultOf(
  method: string,
  id: string | number,
  params: Record<string, unknown>,
  { call, tools }: { call: (call: Call) => Promise<Answer>; tools?: readonly Tool[] | undefined },
): Promise<Reply> {
  switch (method) {
    case 'initialize': {
      const asked = params.protocolVersion;
      const revision = typeof asked === 'string' && revisions.includes(asked) ? asked : revisions[0];
      return succeeded(id, {
        protocolVersion: revision,
        capabilities: { tools: {} },
        serverInfo: { name: 'forgecrew', version },
      });
    }
    case 'ping':
      return succeeded(id, {});
    case 'tools/list':
      return succeeded(id, { tools: listedTools(tools) });
    case 'tools/call': {
      const { name, arguments: given, _meta: meta } = params;
      if (typeof name !== 'string') return fault(id, invalidParams, 'tools/call without the name of a tool');
      const toolUse = isObject(meta) ? meta['claudecode/toolUseId'] : undefined;
      const { outcome, texts } = await call({
        tool: name,
        arguments: given,
        toolUse: typeof toolUse === 'string' ? toolUse : undefined,
      });
      return succeeded(id, {
        content: texts.map((text) => ({ type: 'text', text })),
        isError: outcome !== 'done',
        // What the `forge` command tells its exit code from.
        _meta: { 'forgecrew/outcome': outcome },
      });
    }
    default:
      return { answer: failed(id, unknownMethod, 'There is no such method here.') };
  }
}

function succeeded(id: string | number, result: unknown): Reply {
  return { answer: JSON.stringify({ jsonrpc: '2.0', id, result }) };
}

function failed(id: string | number | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}

/** What is no request is answered, told to the log, and counted against its connection. */
function fault(id: string | number | null, code: number, why: string): Reply {
  return { answer: failed(id, code, `This line is no request: ${why}.`), malformed: why };
}

function idOf(id: unknown): string | number | undefined {
  if (typeof id === 'number' && Number.isFinite(id)) return id;
  return typeof id === 'string' && id.length <= 200 ? id : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether brackets stand in brackets more often than this, outside of texts; in one pass, before anything is built of it. */
function isDeeper(line: string, most: number): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at];
    if (isText) {
      if (sign === '\\') at += 1;
      else if (sign === '"') isText = false;
    } else if (sign === '"') isText = true;
    else if (sign === '{' || sign === '[') {
      depth += 1;
      if (depth > most) return true;
    } else if (sign === '}' || sign === ']') depth -= 1;
  }
  return false;
}
