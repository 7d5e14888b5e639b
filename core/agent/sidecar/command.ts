import { UserError } from '../../errors.ts';
import { type Tool, tools as usualTools } from './tools.ts';

// `forge`, the command by which any program reaches the sidecar, and the glue between an engine's MCP client and its socket.
// It is a text that is written out for each agent, and not a file of ours: so it is there in a role that was compiled to
// one file as well, and it needs nothing but a Node. What tools there are comes from `tools.ts`, so the two cannot differ.

export interface CommandPlaces {
  /** A Node that the agent may start, as the agent sees it. */
  node: string;
  /** The sidecar's socket, as the agent sees it. */
  socket: string;
  /** What is offered there; the usual ones where absent. */
  tools?: readonly Tool[] | undefined;
}

/** The system reads no more than this of a script's first line. */
const longestFirstLine = 250;

/** The command as a script, to be written as an executable file called `forge` to where the agent's programs look. */
export function forgeCommand({ node, socket, tools = usualTools }: CommandPlaces): string {
  const first = `#!${node}`;
  if (first.length > longestFirstLine || /\s/.test(node))
    throw new UserError(
      `The agent's Node has a path that no script can begin with: ${node}`,
      'Give the agent a work folder with a shorter path without blanks.',
    );
  return `${first}\nconst socketPath = ${asScript(socket)};\nconst tools = ${asScript(tools)};\n${program}`;
}

/** Under what an engine starts as its MCP server, where `forge` stands on its PATH. */
export const glue = { command: 'forge', args: ['mcp'] } as const;

/** Data as a script may hold it: JSON is JavaScript. */
function asScript(data: unknown): string {
  return JSON.stringify(data, null, 1);
}

/**
 * Loaded with `import()`, because whether a file without an ending is a module depends on what stands above it. A connection that
 * the sidecar ended before it said anything was not heard, so what was said on it may be said again.
 */
const program = String.raw`
const exitCodes = { done: 0, failed: 1, refused: 3 };
const wrongUse = 2;

const help = () => {
  const lines = ['The way to the forge, for the agent that works here.', '', 'Usage:'];
  for (const { name, parameters, required, first } of tools) {
    const options = Object.keys(parameters).filter((key) => key !== first).map((key) => {
      const text = parameters[key].type === 'text' ? '(--' + key + ' TEXT | --' + key + '-file FILE)' : '--' + key + ' ' + key.toUpperCase();
      return required.includes(key) ? text : '[' + text + ']';
    });
    const one = (parameters[first].words || [first.toUpperCase()]).join('|');
    lines.push('  forge ' + [dashed(name), required.includes(first) ? one : '[' + one + ']', ...options].join(' '));
  }
  lines.push('  forge mcp', '');
  for (const { name, description } of tools) lines.push(dashed(name) + ': ' + description);
  lines.push('mcp: the same as an MCP server on standard input and output.', '');
  lines.push('FILE may be -, which is standard input. NUMBER is an issue or pull request; without it, the issue you work on.');
  lines.push('Exit code: 0 done; 3 refused, and saying it again will not help; 1 broken; 2 wrong use.');
  return lines.join('\n') + '\n';
};
const dashed = (name) => name.replaceAll('_', '-');

class WrongUse extends Error {}

const argumentsOf = async (tool, given, readFile) => {
  const found = {};
  const set = (key, value) => {
    if (key in found) throw new WrongUse(key + ' is given twice.');
    const { type } = tool.parameters[key];
    if (type === 'number' && !/^#?[0-9]{1,10}$/.test(value)) throw new WrongUse(key + ' has to be a number.');
    found[key] = type === 'number' ? Number(value.replace('#', '')) : value;
  };
  const left = [...given];
  while (left.length > 0) {
    const word = left.shift();
    if (!word.startsWith('--')) {
      if (tool.first in found) throw new WrongUse('There is one word too many: ' + word);
      set(tool.first, word);
      continue;
    }
    const at = word.indexOf('=');
    const option = at < 0 ? word.slice(2) : word.slice(2, at);
    const isFile = option.endsWith('-file');
    const key = isFile ? option.slice(0, -5) : option;
    if (!Object.hasOwn(tool.parameters, key) || (isFile && tool.parameters[key].type !== 'text'))
      throw new WrongUse('There is no option --' + option + ' here.');
    const value = at < 0 ? left.shift() : word.slice(at + 1);
    if (value === undefined) throw new WrongUse('--' + option + ' needs a value.');
    set(key, isFile ? await readFile(value === '-' ? 0 : value) : value);
  }
  for (const key of tool.required) if (!(key in found)) throw new WrongUse(dashed(tool.name) + ' needs ' + key + '.');
  return found;
};

const attempts = 8;
const isGone = (code) => code === 'ENOENT' || code === 'ECONNREFUSED';
const pauseBefore = (attempt) => 10 * 2 ** attempt * (0.5 + Math.random());

const ask = (net, message) => new Promise((resolve, reject) => {
  const socket = net.connect(socketPath);
  let said = '';
  socket.setEncoding('utf8');
  socket.on('connect', () => socket.write(JSON.stringify(message) + '\n'));
  socket.on('data', (text) => {
    said += text;
    const at = said.indexOf('\n');
    if (at < 0) return;
    socket.destroy();
    try { resolve(JSON.parse(said.slice(0, at))); } catch (error) { reject(error); }
  });
  socket.on('error', (error) => { if (said !== '') error.isHeard = true; reject(error); });
  socket.on('close', () => reject(Object.assign(new Error('the connection was ended'), { isHeard: said !== '' })));
});

const askOften = async (net, message) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(net, message);
    } catch (error) {
      if (error.isHeard || isGone(error.code) || attempt === attempts) throw error;
      await new Promise((done) => setTimeout(done, pauseBefore(attempt)));
    }
  }
};

// The engine's lines go to the socket as they are. A connection that was idle for long, or one too many, is ended by the
// sidecar: then another is opened, and what has no answer yet is said again. Where none can be opened, or none brings an
// answer, this program ends, so that the engine waits for nothing.
const glue = (net) => new Promise((resolve) => {
  let socket;
  let isOver = false;
  let failures = 0;
  const unanswered = [];
  const finish = (code) => { process.stdin.destroy(); resolve(code); };
  const open = () => {
    const own = net.connect(socketPath);
    socket = own;
    let code;
    own.on('data', (chunk) => {
      failures = 0;
      for (const byte of chunk) if (byte === 10) unanswered.shift();
      if (!process.stdout.write(chunk)) { own.pause(); process.stdout.once('drain', () => own.resume()); }
      if (isOver && unanswered.length === 0) own.end();
    });
    own.on('drain', () => process.stdin.resume());
    own.on('error', (error) => { code = error.code; });
    own.on('close', () => {
      socket = undefined;
      if (unanswered.length === 0) {
        if (isOver) finish(0);
        return;
      }
      failures += 1;
      if (isGone(code) || failures === attempts) {
        process.stderr.write('forge: the sidecar is gone\n');
        finish(1);
      } else setTimeout(open, pauseBefore(failures));
    });
    for (const text of unanswered) own.write(text);
  };
  const hand = (text) => {
    if (text.trim() === '') return;
    let isAsking = true;
    try { isAsking = JSON.parse(text).id !== undefined; } catch { /* The sidecar answers that as well. */ }
    // Nothing else has an answer, or means anything to the sidecar.
    if (!isAsking) return;
    unanswered.push(text + '\n');
    if (unanswered.length === 1 && socket === undefined) open();
    else if (socket !== undefined && !socket.write(text + '\n')) process.stdin.pause();
  };
  let line = [];
  process.stdin.on('data', (chunk) => {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(10, from);
      if (at < 0) break;
      line.push(chunk.subarray(from, at));
      const text = Buffer.concat(line).toString('utf8');
      line = [];
      from = at + 1;
      hand(text);
    }
    line.push(chunk.subarray(from));
  });
  process.stdin.on('end', () => {
    isOver = true;
    if (unanswered.length > 0) return;
    if (socket === undefined) finish(0);
    else socket.end();
  });
});

const main = async () => {
  const [word, ...given] = process.argv.slice(2);
  if (word === undefined || word === 'help' || word === '--help' || word === '-h' || given.includes('--help')) {
    process.stdout.write(help());
    return word === undefined ? wrongUse : 0;
  }
  const net = await import('node:net');
  if (word === 'mcp') return glue(net);
  const tool = tools.find(({ name }) => dashed(name) === word);
  if (tool === undefined) throw new WrongUse('There is no command ' + word + '; forge --help lists them.');
  const { readFileSync } = await import('node:fs');
  const found = await argumentsOf(tool, given, (file) => {
    try { return readFileSync(file, 'utf8'); } catch (error) { throw new WrongUse(error.message); }
  });
  const { result, error } = await askOften(net, {
    jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool.name, arguments: found },
  });
  if (error !== undefined) throw new Error(error.message);
  const outcome = result._meta['forgecrew/outcome'];
  const [text, ...notes] = result.content.map((item) => item.text);
  if (outcome !== 'done') process.stderr.write('forge: ' + text + '\n');
  else process.stdout.write(text + '\n');
  for (const note of notes) process.stderr.write('forge: ' + note + '\n');
  return exitCodes[outcome] ?? 1;
};

main().then(
  (code) => { process.exitCode = code; },
  (error) => {
    process.stderr.write('forge: ' + (error instanceof WrongUse ? '' : 'the sidecar cannot be asked: ') + error.message + '\n');
    process.exitCode = error instanceof WrongUse ? wrongUse : 1;
  },
);
`;
