import { spawn } from 'node:child_process';

/**
 * Empties folders that belong to an agent. It runs as a process of its own with the agent's rights, so that whatever was put
 * there, nothing can be removed that the agent could not remove itself. It never goes deeper than two levels (what lies deeper is moved up
 * first), so that no nesting makes a path too long, and opens what was closed.
 */
const script = `
const fs = require('node:fs');
const slash = Buffer.from('/');
const join = (folder, name) => Buffer.concat([folder, slash, name]);
const mark = '.cleared-' + process.pid + Date.now() + '-';
let count = 0;
const list = (folder) => fs.readdirSync(folder, { withFileTypes: true, encoding: 'buffer' });
function moveUp(folder, top) {
  for (;;) {
    try {
      return fs.renameSync(folder, join(top, Buffer.from(mark + count++)));
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(error.code)) throw error;
    }
  }
}
function removeEntry(file, entry, top) {
  if (!entry.isDirectory()) return fs.unlinkSync(file);
  fs.chmodSync(file, 0o700);
  for (const inner of list(file)) {
    const path = join(file, inner.name);
    if (!inner.isDirectory()) fs.unlinkSync(path);
    else {
      fs.chmodSync(path, 0o700);
      moveUp(path, top);
    }
  }
  fs.rmdirSync(file);
}
function empty(folder) {
  const top = Buffer.from(folder);
  fs.chmodSync(top, 0o700);
  for (let entries = list(top); entries.length > 0; entries = list(top))
    for (const entry of entries) removeEntry(join(top, entry.name), entry, top);
}
// Folders that everybody may write: only what is this user's own.
function sweep(folder) {
  const top = Buffer.from(folder);
  for (const entry of list(top)) {
    const file = join(top, entry.name);
    try {
      if (fs.lstatSync(file).uid !== process.getuid()) continue;
      if (!entry.isDirectory()) fs.unlinkSync(file);
      else {
        empty(file);
        fs.rmdirSync(file);
      }
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
}
const [own, shared] = JSON.parse(process.argv[1]);
for (const folder of own) if (fs.existsSync(folder)) empty(folder);
for (const folder of shared) if (fs.existsSync(folder)) sweep(folder);
`;

export interface Clearing {
  /** What stands before a command that shall have the agent's rights. */
  asUser: string[];
  node: string;
  /** Emptied whole. */
  own: string[];
  /** Rid of what the agent's user has there. */
  shared: string[];
}

/** Empties the folders of an agent. Its processes must be over. */
export function clearFolders({ asUser, node, own, shared }: Clearing): Promise<void> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = [...asUser, node, '-e', script, '--', JSON.stringify([own, shared])];
    const child = spawn(file, args, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      errors = (errors + text).slice(0, 4096);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `The folders of a cell cannot be emptied: ${errors.match(/^\w*Error: .*$/m)?.[0] ?? errors}`,
          ),
        );
    });
  });
}
