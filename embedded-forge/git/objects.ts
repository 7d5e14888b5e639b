import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { GitError } from './process.ts';

// git's loose objects, read and written here: a process of git's own for each of them was most of what the forge's
// answers took. Every object of these repositories is loose, because `initBare` has git unpack what is pushed and never
// pack it again.

export interface GitObject {
  type: string;
  body: Buffer;
}

/** One line of a tree. Names are bytes (`latin1`), so that a name that is no UTF-8 is written back as it was. */
export interface TreeEntry {
  /** Six digits, as `ls-tree` shows them. */
  mode: string;
  name: string;
  sha: string;
}

export interface Person {
  name: string;
  email: string;
}

export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: Person & { date: string };
  committer: Person & { date: string };
  message: string;
}

/** The tree of nothing at all, which every git knows. */
export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

export const isTree = ({ mode }: { mode: string }): boolean => mode === '040000';

function fileOf(folder: string, sha: string): string {
  return path.join(folder, 'objects', sha.slice(0, 2), sha.slice(2));
}

/** What was read last, by repository and name: an object never changes. Emptied when it gets long. */
const read = new Map<string, GitObject>();
const longest = 5000;

/** An object by its whole name, or undefined where this repository has none of that name. */
export function readObject(folder: string, sha: string): GitObject | undefined {
  if (sha === emptyTree) return { type: 'tree', body: Buffer.alloc(0) };
  if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
  const key = `${folder}\0${sha}`;
  const before = read.get(key);
  if (before !== undefined) return before;
  let bytes: Buffer;
  try {
    bytes = inflateSync(readFileSync(fileOf(folder, sha)));
  } catch {
    return undefined;
  }
  const end = bytes.indexOf(0);
  const [type = ''] = bytes.toString('latin1', 0, end).split(' ');
  const object = { type, body: bytes.subarray(end + 1) };
  if (read.size >= longest) read.clear();
  read.set(key, object);
  return object;
}

/** Writes an object, unless it is there, and gives back its name. */
export function writeObject(folder: string, type: string, body: Buffer): string {
  const bytes = Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]);
  const sha = createHash('sha1').update(bytes).digest('hex');
  const file = fileOf(folder, sha);
  if (existsSync(file)) return sha;
  // Not at once under its name: git may read at any moment, and must not find half an object.
  const half = path.join(folder, 'objects', `tmp_obj_${sha}_${process.pid}`);
  writeFileSync(half, deflateSync(bytes, { level: 1 }), { mode: 0o444 });
  mkdirSync(path.dirname(file), { recursive: true });
  renameSync(half, file);
  return sha;
}

/** Copies an object and all it leads to from one repository into another; what is there has all of its own already. */
export function copyObjects(from: string, to: string, sha: string): void {
  const waiting = [sha];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const file = fileOf(to, next);
    if (existsSync(file)) continue;
    const object = readObject(from, next);
    if (object === undefined) continue;
    mkdirSync(path.dirname(file), { recursive: true });
    copyFileSync(fileOf(from, next), file);
    if (object.type === 'commit') {
      const { tree, parents } = parseCommit(next, object.body);
      waiting.push(tree, ...parents);
    }
    // A submodule's commit lies elsewhere.
    if (object.type === 'tree')
      waiting.push(...parseTree(object.body).flatMap(({ mode, sha }) => (mode === '160000' ? [] : [sha])));
  }
}

function parseTree(body: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const end = body.indexOf(0, space);
    entries.push({
      mode: body.toString('latin1', at, space).padStart(6, '0'),
      name: body.toString('latin1', space + 1, end),
      sha: body.toString('hex', end + 1, end + 21),
    });
    at = end + 21;
  }
  return entries;
}

/** The lines of a tree, in git's order; undefined where the name is no tree of this repository. */
export function readTree(folder: string, sha: string): TreeEntry[] | undefined {
  const object = readObject(folder, sha);
  return object?.type === 'tree' ? parseTree(object.body) : undefined;
}

/** Writes a tree of these lines, which need not be in order. */
export function writeTree(folder: string, entries: TreeEntry[]): string {
  // git sorts a folder as if its name ended in a slash.
  const key = (entry: TreeEntry): string => `${entry.name}${isTree(entry) ? '/' : ''}`;
  const inOrder = [...entries].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  return writeObject(
    folder,
    'tree',
    Buffer.concat(
      inOrder.flatMap(({ mode, name, sha }) => [
        Buffer.from(`${mode.replace(/^0/, '')} ${name}\0`, 'latin1'),
        Buffer.from(sha, 'hex'),
      ]),
    ),
  );
}

function parsePerson(text: string): Person & { date: string } {
  const [, name = '', email = '', seconds = '0'] = /^(.*?) ?<(.*)> (\d+)/.exec(text) ?? [];
  return {
    name,
    email,
    date: new Date(Number(seconds) * 1000).toISOString().replace(/\.\d{3}Z$/, 'Z'),
  };
}

function parseCommit(sha: string, body: Buffer): Commit {
  const text = body.toString('utf8');
  const end = text.indexOf('\n\n');
  const fields = (end < 0 ? text : text.slice(0, end)).split('\n').map((item) => item.split(/ (.*)/s));
  const field = (name: string): string => fields.find(([key]) => key === name)?.[1] ?? '';
  return {
    sha,
    tree: field('tree'),
    parents: fields.flatMap(([key, value = '']) => (key === 'parent' ? [value] : [])),
    author: parsePerson(field('author')),
    committer: parsePerson(field('committer')),
    message: `${(end < 0 ? '' : text.slice(end + 2)).trimEnd()}\n`,
  };
}

/** A commit by its whole name; undefined where this repository has no such commit. */
export function readCommit(folder: string, sha: string): Commit | undefined {
  const object = readObject(folder, sha);
  return object?.type === 'commit' ? parseCommit(sha, object.body) : undefined;
}

/** A commit of a tree, as `git commit-tree` writes it. */
export function writeCommitOf(
  folder: string,
  {
    tree,
    parents,
    message,
    author,
    committer,
    when,
    committed = when,
  }: {
    tree: string;
    parents: string[];
    message: string;
    author: Person;
    committer: Person;
    when: Date;
    /** When it was committed, where that is not when it was written. */
    committed?: Date;
  },
): string {
  if (message.includes('\0')) throw new GitError('a NUL byte in commit log message not allowed');
  // What would end a name or an address early is left out, as git does.
  const plain = (text: string): string =>
    text.replace(/[<>\n]/g, '').replace(/^[\0-\x20.,:;"'\\]+|[\0-\x20.,:;"'\\]+$/g, '');
  const line = (role: string, person: Person, date: Date): string =>
    `${role} ${plain(person.name)} <${plain(person.email)}> ${Math.floor(date.getTime() / 1000)} +0000`;
  const lines = [
    `tree ${tree}`,
    ...parents.map((sha) => `parent ${sha}`),
    line('author', author, when),
    line('committer', committer, committed),
    '',
    `${message.trimEnd()}\n`,
  ];
  return writeObject(folder, 'commit', Buffer.from(lines.join('\n'), 'utf8'));
}
