/**
 * A program in the place of each engine: it takes the arguments, the environment and the files that the real one takes, says what
 * the real one says, and keeps its session where the real one does. `node stand-in.mjs ENGINE ARGUMENTS...`. It reports its
 * prompt, calls read_issue, and signals success; a prompt with FAIL makes it end with an error of its own instead.
 */
export const standIn = String.raw`
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const [engine, ...args] = process.argv.slice(2);
const { env } = process;
const after = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
const settings = Object.fromEntries(
  args.flatMap((word, at) => (args[at - 1] === '-c' ? [[word.slice(0, word.indexOf('=')), JSON.parse(word.slice(word.indexOf('=') + 1))]] : [])),
);
const config = JSON.parse(env.OPENCODE_CONFIG_CONTENT ?? '{}');
const provider = config.provider?.forgecrew;
const stored = (id) => path.join(env.XDG_DATA_HOME, 'opencode', id + '.json');
const write = (file, text) => {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
};

if (args[0] === '--version') {
  console.log({ claude: '2.1.0 (Claude Code)', codex: 'codex-cli 0.9.0', opencode: '1.2.3' }[engine]);
  process.exit();
}
if (args[0] === 'export') {
  process.stdout.write(fs.readFileSync(stored(args[1])));
  process.exit();
}
if (args[0] === 'import') {
  const session = JSON.parse(fs.readFileSync(args[1], 'utf8'));
  write(stored(session.info.id), JSON.stringify(session));
  process.exit();
}

// What each was told: its MCP server, its model, its session.
const find = (folder, ending) =>
  fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(ending)).map((name) => path.join(folder, name))[0] : undefined;
const told = {
  claude() {
    const { command, args: more } = JSON.parse(after('--mcp-config')).mcpServers.forge;
    const resumed = after('--resume');
    const id = resumed === undefined ? after('--session-id') : path.basename(resumed, '.jsonl');
    const slug = process.cwd().replaceAll('/', '-');
    return {
      mcp: [command, ...more],
      models: env.ANTHROPIC_BASE_URL + '/v1/models',
      key: env.ANTHROPIC_API_KEY,
      id,
      file: resumed ?? path.join(env.CLAUDE_CONFIG_DIR, 'projects', slug, id + '.jsonl'),
      isResumed: resumed !== undefined,
    };
  },
  codex() {
    const resumed = args.includes('resume') ? args.at(-2) : undefined;
    const id = resumed ?? '01a2166d-0cff-7763-a32c-5a2469baafdf';
    const folder = path.join(env.CODEX_HOME, 'sessions');
    const name = 'rollout-2026-01-02T03-04-05-' + id + '.jsonl';
    return {
      mcp: [settings['mcp_servers.forge.command'], ...settings['mcp_servers.forge.args']],
      models: settings['model_providers.forgecrew.base_url'] + '/models',
      key: env[settings['model_providers.forgecrew.env_key']],
      id,
      file: resumed === undefined ? path.join(folder, '2026/01/02', name) : find(folder, id + '.jsonl'),
      isResumed: resumed !== undefined,
    };
  },
  opencode() {
    const resumed = after('--session');
    const id = resumed ?? 'ses_de9928f12ffeKyUOfazFV3JRJV';
    return {
      mcp: config.mcp.forge.command,
      models: provider.options.baseURL + '/models',
      key: env[/^\{env:(.*)\}$/.exec(provider.options.apiKey)[1]],
      id,
      file: stored(id),
      isResumed: resumed !== undefined,
    };
  },
  command: () => ({
    mcp: ['forge', 'mcp'],
    models: env.FORGECREW_MODEL_URL + '/models',
    key: env.FORGECREW_MODEL_KEY,
    id: '',
    file: path.join(env.FORGECREW_SESSION_FOLDER, 'memory.txt'),
    isResumed: env.FORGECREW_RESUMED === '1',
  }),
}[engine]();

const out = (event) => console.log(typeof event === 'string' ? event : JSON.stringify(event));
const say = (text) =>
  out({
    claude: { type: 'assistant', session_id: told.id, message: { content: [{ type: 'text', text }] } },
    codex: { type: 'item.completed', item: { id: 'item_1', type: 'agent_message', text } },
    opencode: { type: 'text', sessionID: told.id, part: { type: 'text', text } },
    command: text,
  }[engine]);
const end = (error) => {
  const usage = { input_tokens: 12, output_tokens: 3 };
  const event = {
    claude: { type: 'result', subtype: 'success', session_id: told.id, is_error: error !== undefined, result: error ?? 'Done.', usage },
    codex: error === undefined ? { type: 'turn.completed', usage } : { type: 'turn.failed', error: { message: error } },
    opencode: error === undefined
      ? { type: 'step_finish', sessionID: told.id, part: { tokens: { input: 12, output: 3, reasoning: 0, cache: { read: 0, write: 0 } } } }
      : { type: 'error', sessionID: told.id, error: { name: 'APIError', data: { message: error } } },
    command: error ?? 'Done.',
  }[engine];
  out(event);
  process.exit(error === undefined ? 0 : 1);
};

const kept = told.isResumed ? fs.readFileSync(told.file, 'utf8') : undefined;
const prompt = fs.readFileSync(0, 'utf8');
if (engine === 'codex') out({ type: 'thread.started', thread_id: told.id });
// So much that the first event is long out of sight when it ends.
for (let at = 0; at < 300; at += 1) process.stderr.write('at work\n');
say('asked: ' + prompt);
if (kept !== undefined) say('remembers: ' + (/KEPT-[A-Z]+/.exec(kept)?.[0] ?? 'nothing'));
const about = { asked: prompt };
const text = {
  claude: () => (kept ?? '') + JSON.stringify({ type: 'user', sessionId: told.id, ...about }) + '\n',
  codex: () => (kept ?? JSON.stringify({ type: 'session_meta', payload: { id: told.id } }) + '\n') + JSON.stringify(about) + '\n',
  opencode: () =>
    JSON.stringify({ info: { id: told.id }, messages: [...(kept === undefined ? [] : JSON.parse(kept).messages), about] }),
  command: () => (kept ?? '') + prompt,
}[engine]();
write(told.file, text);
fs.writeFileSync('seen.json', JSON.stringify({ environment: env, args: process.argv }));
if (prompt.includes('FAIL')) end('the model is gone');

const models = await fetch(told.models, { headers: { authorization: 'Bearer ' + told.key, 'x-api-key': told.key } });
say('model: ' + models.status);
const child = spawn(told.mcp[0], told.mcp.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
let last = 0;
const call = async (method, params) => {
  last += 1;
  child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: last, method, params }) + '\n');
  return JSON.parse((await lines.next()).value).result;
};
await call('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'stand-in', version: '1' } });
say('tools: ' + (await call('tools/list', {})).tools.map(({ name }) => name).join(' '));
await call('tools/call', { name: 'read_issue', arguments: {} });
await call('tools/call', { name: 'signal_done', arguments: { status: 'success', summary: 'Done.' } });
child.kill();
end();
`;
