// What runs in the step of the agent: a text, so that it is there in a role that was compiled to one file as well, and needs
// nothing but a Node of the agent's image. It is the agent's own side and may be bent by it, so nothing here protects anybody:
// it connects to the step that serves, starts what that asks for, and hands on what is printed.

/** How long it looks for the step that serves, which makes a clone of its own first. */
const patienceMs = 10 * 60_000;

/** The names in the shared folder: what the agent's step starts, the clone it copies, and where the sockets stand. */
export const sharedNames = { glue: 'start.mjs', clone: 'clone', door: 'door' } as const;

/** The socket by which programs are asked for. */
export const cellSocket = 'cell.sock';

/** `node start.mjs` */
export const glueScript = String.raw`
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const shared = path.dirname(fileURLToPath(import.meta.url));
const say = (line) => process.stdout.write(line + '\n');
const until = Date.now() + ${patienceMs};

// A clone of its own, so that whoever this step runs as may write it, and git takes it for theirs.
const own = fs.mkdtempSync(path.join(os.tmpdir(), 'forgecrew-'));
const folders = {};
for (const name of ['workspace', 'home', 'bin', 'temporary']) {
  folders[name] = path.join(own, name);
  fs.mkdirSync(folders[name], { mode: 0o700 });
}
fs.cpSync(path.join(shared, '${sharedNames.clone}'), folders.workspace, { recursive: true, verbatimSymlinks: true });
fs.symlinkSync(process.execPath, path.join(folders.bin, 'node'));
// By a short name: the system cuts off the path of a socket that is long.
folders.door = path.join(own, 'door');
fs.symlinkSync(path.join(shared, '${sharedNames.door}'), folders.door);

const link = (name) => {
  try { return fs.readlinkSync('/proc/self/ns/' + name); } catch { return ''; }
};
const hello = {
  kind: 'hello',
  uid: process.getuid(),
  namespaces: { pid: link('pid'), mnt: link('mnt') },
  folders,
  environment: process.env,
};

const running = new Map();
const kill = (child, signal) => {
  try { process.kill(-child.pid, signal); } catch { /* It is over. */ }
};
const isAlive = (child) => child.exitCode === null && child.signalCode === null;

const serve = (socket) => {
  let isOver = false;
  const tell = (frame) => {
    if (socket.destroyed) return;
    if (socket.write(JSON.stringify(frame) + '\n')) return;
    // What is not taken is not piled up.
    for (const { child } of running.values()) { child.stdout.pause(); child.stderr.pause(); }
  };
  socket.on('drain', () => {
    for (const { child } of running.values()) { child.stdout.resume(); child.stderr.resume(); }
  });
  const start = ({ id, command, args, environment, folder, hasInput }) => {
    let child;
    const fail = (error) => {
      tell({ kind: 'output', id, stream: 'stderr', bytes: Buffer.from(error.message + '\n').toString('base64') });
      tell({ kind: 'exit', id, code: 127, signal: null });
      tell({ kind: 'closed', id });
    };
    try {
      child = spawn(command, args, {
        cwd: folder, env: environment, detached: true, stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      fail(error);
      return;
    }
    running.set(id, { child });
    child.on('error', (error) => { if (child.pid === undefined) fail(error); });
    child.stdin?.on('error', () => undefined);
    for (const stream of ['stdout', 'stderr'])
      child[stream].on('data', (bytes) => tell({ kind: 'output', id, stream, bytes: bytes.toString('base64') }));
    child.on('exit', (code, signal) => tell({ kind: 'exit', id, code, signal }));
    child.on('close', () => { running.delete(id); if (child.pid !== undefined) tell({ kind: 'closed', id }); });
  };
  const endAll = async (graceMs) => {
    const asked = [...running.values()].map(({ child }) => child).filter(isAlive);
    for (const child of asked) kill(child, 'SIGTERM');
    const end = Date.now() + graceMs;
    while (Date.now() < end && asked.some(isAlive)) await new Promise((done) => setTimeout(done, 20));
    const left = asked.filter(isAlive);
    for (const child of asked) kill(child, 'SIGKILL');
    tell({ kind: 'ended', terminated: asked.length - left.length, killed: left.length });
  };
  const take = (frame) => {
    switch (frame.kind) {
      case 'place':
        fs.writeFileSync(path.join(folders.bin, frame.name), frame.text, { mode: frame.mode });
        fs.chmodSync(path.join(folders.bin, frame.name), frame.mode);
        return;
      case 'start': return start(frame);
      case 'input': {
        const stdin = running.get(frame.id)?.child.stdin;
        if (frame.bytes === null) stdin?.end();
        else stdin?.write(Buffer.from(frame.bytes, 'base64'));
        return;
      }
      case 'kill': {
        const found = running.get(frame.id);
        if (found !== undefined) kill(found.child, 'SIGKILL');
        return;
      }
      case 'end-all': return void endAll(frame.graceMs);
      case 'over':
        isOver = true;
        for (const { child } of running.values()) kill(child, 'SIGKILL');
        say('The agent is done. What came of it is being looked at and handed over ...');
        return;
    }
  };
  let left = [];
  socket.on('data', (chunk) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      left.push(chunk.subarray(from, at));
      from = at + 1;
      const line = Buffer.concat(left).toString('utf8');
      left = [];
      take(JSON.parse(line));
    }
    left.push(chunk.subarray(from));
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const { child } of running.values()) kill(child, 'SIGKILL');
    fs.rmSync(own, { recursive: true, force: true });
    if (isOver) say('It was handed over.');
    else say('The step that serves is gone; the log of that step says why.');
    process.exit(isOver ? 0 : 1);
  });
  socket.write(JSON.stringify(hello) + '\n');
  say('The agent works. What it says stands in the log of the step that serves.');
};

const look = () => {
  const socket = net.connect(path.join(folders.door, '${cellSocket}'));
  const again = () => {
    if (Date.now() < until) return void setTimeout(look, 200);
    say('No step serves the agent. The log of that step says why.');
    fs.rmSync(own, { recursive: true, force: true });
    process.exit(1);
  };
  socket.once('error', again);
  socket.once('connect', () => {
    socket.removeListener('error', again);
    serve(socket);
  });
};
look();
`;
