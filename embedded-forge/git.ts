import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** git said no; what it said is in the message. */
export class GitError extends Error {
  override name = 'GitError';
}

interface GitOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
}

/** Runs git on a repository and gives back its output; nothing of the person's own git settings is used. */
export function git(folder: string, args: string[], options: GitOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      args,
      {
        cwd: folder,
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env.PATH,
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_CONFIG_NOSYSTEM: '1',
          HOME: folder,
          ...options.env,
        },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new GitError(`git ${args[0]}: ${stderr.toString('utf8').trim() || error.message}`));
      },
    );
    // git may end before it has read its input; its exit code says so already.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

async function line(folder: string, args: string[], options: GitOptions = {}): Promise<string> {
  return (await git(folder, args, options)).toString('utf8').trim();
}

export interface Person {
  name: string;
  email: string;
}

function identity(person: Person, when: Date): Record<string, string> {
  const date = `${Math.floor(when.getTime() / 1000)} +0000`;
  return {
    GIT_AUTHOR_NAME: person.name,
    GIT_AUTHOR_EMAIL: person.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: person.name,
    GIT_COMMITTER_EMAIL: person.email,
    GIT_COMMITTER_DATE: date,
  };
}

export async function initBare(folder: string, branch: string): Promise<void> {
  await git(path.dirname(folder), ['init', '-q', '--bare', '-b', branch, folder]);
  await git(folder, ['config', 'http.receivepack', 'true']);
  await git(folder, ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
}

/** The commit a name stands for, or undefined. */
export async function resolveCommit(folder: string, name: string): Promise<string | undefined> {
  try {
    return await line(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  } catch {
    return undefined;
  }
}

export async function branchCommit(folder: string, branch: string): Promise<string | undefined> {
  return resolveCommit(folder, `refs/heads/${branch}`);
}

export async function listBranches(folder: string): Promise<string[]> {
  const text = await line(folder, ['for-each-ref', '--format=%(refname:short)', 'refs/heads/']);
  return text === '' ? [] : text.split('\n');
}

/** Moves a ref from one commit to another, in one step: false when it stands elsewhere by now. */
export async function moveRef(
  folder: string,
  ref: string,
  to: string,
  from: string | null,
): Promise<boolean> {
  try {
    await git(folder, ['update-ref', ref, to, from ?? '0'.repeat(40)]);
    return true;
  } catch {
    return false;
  }
}

/** Brings a branch's commits over from another repository; no ref is moved. */
export async function fetchBranch(folder: string, from: string, branch: string): Promise<void> {
  await git(folder, [
    '-c',
    'gc.auto=0',
    'fetch',
    '-q',
    '--no-tags',
    '--no-write-fetch-head',
    from,
    `refs/heads/${branch}`,
  ]);
}

export interface TreeItem {
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  sha: string;
  size: number;
  path: string;
}

/** The items of a tree, one level or all. Paths are taken as they are, never as patterns. */
export async function listTree(folder: string, treeish: string, recursive: boolean): Promise<TreeItem[]> {
  const args = ['ls-tree', '-z', '-l', ...(recursive ? ['-r', '-t'] : []), treeish];
  const text = (await git(folder, args)).toString('utf8');
  return text
    .split('\0')
    .filter((item) => item !== '')
    .map((item) => {
      const [meta = '', file = ''] = item.split('\t');
      const [mode = '', type = '', sha = '', size = ''] = meta.split(/\s+/);
      return { mode, type: type as TreeItem['type'], sha, size: size === '-' ? 0 : Number(size), path: file };
    });
}

/** What stands at a path of a commit. */
export async function findInTree(
  folder: string,
  commit: string,
  file: string,
): Promise<TreeItem | undefined> {
  const parent = path.posix.dirname(file);
  try {
    const items = await listTree(folder, parent === '.' ? commit : `${commit}:${parent}`, false);
    const found = items.find((item) => item.path === path.posix.basename(file));
    return found === undefined ? undefined : { ...found, path: file };
  } catch {
    return undefined;
  }
}

export function readBlob(folder: string, sha: string): Promise<Buffer> {
  return git(folder, ['cat-file', 'blob', sha]);
}

export interface FileChange {
  path: string;
  /** `null` takes the file away. */
  content: Buffer | null;
}

/** A commit with files changed on top of another; no ref is moved. */
export async function writeCommit(
  folder: string,
  parent: string | null,
  changes: FileChange[],
  message: string,
  by: Person,
  when: Date,
): Promise<string> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'forge-index-'));
  const env = { GIT_INDEX_FILE: path.join(scratch, 'index') };
  try {
    if (parent !== null) await git(folder, ['read-tree', parent], { env });
    for (const change of changes) {
      if (change.content === null) {
        // Mode 0 takes a path away without a work tree, which a bare repository does not have.
        await git(folder, ['update-index', '-z', '--index-info'], {
          env,
          input: `0 ${'0'.repeat(40)}\t${change.path}\0`,
        });
      } else {
        const sha = await line(folder, ['hash-object', '-w', '--stdin'], { input: change.content });
        await git(folder, ['update-index', '--add', '--cacheinfo', `100644,${sha},${change.path}`], { env });
      }
    }
    const tree = await line(folder, ['write-tree'], { env });
    return await commitTree(folder, tree, parent === null ? [] : [parent], message, by, when);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function commitTree(
  folder: string,
  tree: string,
  parents: string[],
  message: string,
  by: Person,
  when: Date,
  author: Person = by,
): Promise<string> {
  return line(folder, ['commit-tree', tree, ...parents.flatMap((sha) => ['-p', sha])], {
    input: `${message.trimEnd()}\n`,
    env: { ...identity(by, when), GIT_AUTHOR_NAME: author.name, GIT_AUTHOR_EMAIL: author.email },
  });
}

export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: Person & { date: string };
  committer: Person & { date: string };
  message: string;
}

/** Commits reachable from a name, newest first; with a path only those that changed it. */
export async function log(
  folder: string,
  range: string,
  options: { path?: string; limit?: number } = {},
): Promise<Commit[]> {
  const format = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');
  const args = [
    'log',
    '-z',
    `--format=${format}%x01`,
    ...(options.limit === undefined ? [] : [`-n${options.limit}`]),
    range,
  ];
  const text = (
    await git(folder, [...args, '--', ...(options.path === undefined ? [] : [`:(literal)${options.path}`])])
  ).toString('utf8');
  return text
    .split('\x01')
    .map((item) => item.replace(/^\0/, ''))
    .filter((item) => item !== '')
    .map((item) => {
      const [
        sha = '',
        tree = '',
        parents = '',
        an = '',
        ae = '',
        ad = '',
        cn = '',
        ce = '',
        cd = '',
        message = '',
      ] = item.split('\0');
      const utc = (date: string): string => new Date(date).toISOString().replace(/\.\d{3}Z$/, 'Z');
      return {
        sha,
        tree,
        parents: parents === '' ? [] : parents.split(' '),
        author: { name: an, email: ae, date: utc(ad) },
        committer: { name: cn, email: ce, date: utc(cd) },
        message: `${message.trimEnd()}\n`,
      };
    });
}

export async function mergeBase(folder: string, one: string, other: string): Promise<string | undefined> {
  try {
    return await line(folder, ['merge-base', one, other]);
  } catch {
    return undefined;
  }
}

/** The tree of nothing at all, which every git knows. */
export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** Files that differ between two commits: `A`, `M`, `D`, the path, and how many lines; none of a file that is no text. */
export async function changedFiles(
  folder: string,
  from: string,
  to: string,
): Promise<{ status: string; path: string; sha: string; additions: number; deletions: number }[]> {
  const text = (
    await git(folder, [
      'diff-tree',
      '-r',
      '-z',
      '--no-renames',
      '--full-index',
      '--raw',
      '--numstat',
      from,
      to,
    ])
  ).toString('utf8');
  const parts = text.split('\0').filter((item) => item !== '');
  const files = new Map<
    string,
    { status: string; path: string; sha: string; additions: number; deletions: number }
  >();
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] ?? '';
    if (part.startsWith(':')) {
      const [, , , sha = '', status = ''] = part.split(' ');
      const path = parts[index + 1] ?? '';
      files.set(path, { status, path, sha, additions: 0, deletions: 0 });
      index += 1;
      continue;
    }
    const [added = '', deleted = '', path = ''] = part.split('\t');
    const file = files.get(path);
    if (file !== undefined) {
      file.additions = Number(added) || 0;
      file.deletions = Number(deleted) || 0;
    }
  }
  return [...files.values()];
}

export type MergeStyle = 'merge' | 'squash' | 'rebase' | 'rebase-merge' | 'fast-forward-only';

/** The commit that a merge in this style puts on the base branch; throws `GitError` on a conflict. No ref is moved. */
export async function mergeCommits(
  folder: string,
  style: MergeStyle,
  base: string,
  head: string,
  message: string,
  by: Person,
  when: Date,
  /** Whose work it is, where that is not who merges. */
  author: Person = by,
): Promise<string> {
  if (style === 'fast-forward-only') {
    if ((await mergeBase(folder, base, head)) !== base) throw new GitError('not a fast-forward');
    return head;
  }
  if (style === 'merge' || style === 'squash') {
    const tree = (await line(folder, ['merge-tree', '--write-tree', base, head])).split('\n')[0] ?? '';
    return commitTree(folder, tree, style === 'merge' ? [base, head] : [base], message, by, when, author);
  }
  const scratch = await mkdtemp(path.join(tmpdir(), 'forge-rebase-'));
  try {
    await git(folder, ['worktree', 'add', '-q', '--detach', scratch, head]);
    await git(scratch, ['rebase', '-q', base], { env: identity(by, when) });
    const tip = await line(scratch, ['rev-parse', 'HEAD']);
    if (style === 'rebase') return tip;
    return await commitTree(
      folder,
      await line(folder, ['rev-parse', `${tip}^{tree}`]),
      [base, tip],
      message,
      by,
      when,
    );
  } finally {
    await git(folder, ['worktree', 'remove', '--force', scratch]).catch(() => undefined);
    await rm(scratch, { recursive: true, force: true });
  }
}
