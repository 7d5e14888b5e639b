import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { mergeBases } from './git/history.ts';
import {
  copyObjects,
  emptyTree,
  type Person,
  readCommit,
  readObject,
  readTree,
  writeCommitOf,
  writeObject,
} from './git/objects.ts';
import { GitError, git, line } from './git/process.ts';
import { deleteRef, readRef, refsBelow, swapRef } from './git/refs.ts';
import { changeTree, type Difference, differences, mergeUntouching } from './git/trees.ts';

export { history as log } from './git/history.ts';
export { type Commit, emptyTree, type Person } from './git/objects.ts';
export { GitError } from './git/process.ts';
export { type Difference, differences, findInTree, listTree, type TreeItem } from './git/trees.ts';

/**
 * A bare repository, as `git init --bare` lays it out. What is pushed over HTTP stays loose objects for ever, because
 * that is what git/objects.ts reads.
 */
export async function initBare(folder: string, branch: string): Promise<void> {
  for (const below of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
    mkdirSync(path.join(folder, below), { recursive: true });
  writeFileSync(path.join(folder, 'HEAD'), `ref: refs/heads/${branch}\n`);
  const settings = {
    core: { repositoryformatversion: '0', filemode: 'true', bare: 'true' },
    http: { receivepack: 'true' },
    uploadpack: { allowAnySHA1InWant: 'true' },
    transfer: { unpackLimit: '1000000000' },
    gc: { auto: '0' },
  };
  writeFileSync(
    path.join(folder, 'config'),
    Object.entries(settings)
      .map(
        ([section, values]) =>
          `[${section}]\n${Object.entries(values)
            .map(([name, value]) => `\t${name} = ${value}\n`)
            .join('')}`,
      )
      .join(''),
  );
}

/** The commit a name stands for, or undefined. */
export async function resolveCommit(folder: string, name: string): Promise<string | undefined> {
  const sha = /^[0-9a-f]{40}$/.test(name)
    ? name
    : ['', 'refs/', 'refs/tags/', 'refs/heads/']
        .map((prefix) => readRef(folder, `${prefix}${name}`))
        .find((found) => found !== undefined);
  if (sha !== undefined && readCommit(folder, sha) !== undefined) return sha;
  // What is left are tags that are objects, names cut short, and expressions such as `main~1`; a branch that is not there
  // is none of them, and asked for all the time.
  if (sha === undefined && !/^HEAD$|^[0-9a-f]{4,40}$|-g[0-9a-f]+$|[~^:@]/.test(name)) return undefined;
  try {
    return await line(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  } catch {
    return undefined;
  }
}

/** The object that a name stands for as a tree: a commit stays the commit; undefined where it is neither. */
export async function resolveTree(folder: string, name: string): Promise<string | undefined> {
  const commit = await resolveCommit(folder, name);
  if (commit !== undefined || readTree(folder, name) !== undefined) return commit ?? name;
  if (!name.includes(':')) return undefined;
  const named = await line(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', name]).catch(
    () => '',
  );
  return readTree(folder, named) === undefined ? undefined : named;
}

export async function branchCommit(folder: string, branch: string): Promise<string | undefined> {
  return resolveCommit(folder, `refs/heads/${branch}`);
}

export function listBranches(folder: string): string[] {
  return refsBelow(folder, 'refs/heads/');
}

/** Lets every request come in that was sent at this moment: turns of the event loop, which no slow machine takes away. */
async function aMoment(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
}

/**
 * Moves a ref from one commit to another, in one step: false when it stands elsewhere by now. A real forge runs several
 * programs between looking at a ref and moving it, and whoever writes in that time is the loser of the race; without the
 * moment nobody here would ever lose one.
 */
export async function moveRef(
  folder: string,
  ref: string,
  to: string,
  from: string | null,
): Promise<boolean> {
  await aMoment();
  return readCommit(folder, to) !== undefined && swapRef(folder, ref, to, from);
}

/** Lets a ref name a commit, whatever it named before. */
export function setRef(folder: string, ref: string, to: string): void {
  swapRef(folder, ref, to, readRef(folder, ref) ?? null);
}

/** Takes a branch away: false when it does not stand at this commit (or, without one, is not there). */
export function removeBranch(folder: string, branch: string, at?: string): boolean {
  const ref = `refs/heads/${branch}`;
  return deleteRef(folder, ref, at ?? readRef(folder, ref) ?? '');
}

/** Brings a branch's commits over from another repository; no ref is moved. */
export async function fetchBranch(folder: string, from: string, branch: string): Promise<void> {
  const commit = await branchCommit(from, branch);
  if (commit === undefined) throw new GitError(`there is no branch ${branch} to fetch`);
  copyObjects(from, folder, commit);
}

/** Brings all branches and tags over from another repository, with their commits. */
export function fetchAll(folder: string, from: string): void {
  for (const prefix of ['refs/heads/', 'refs/tags/'])
    for (const name of refsBelow(from, prefix)) {
      const sha = readRef(from, `${prefix}${name}`);
      if (sha === undefined) continue;
      copyObjects(from, folder, sha);
      setRef(folder, `${prefix}${name}`, sha);
    }
}

/** Any object's bytes, as they are between its header and its end; undefined where there is none of that name. */
export function objectBytes(folder: string, sha: string): Buffer | undefined {
  return readObject(folder, sha)?.body;
}

/** Every ref below a prefix, with the commit that it names. */
export function listRefs(folder: string, prefix: string): { ref: string; sha: string }[] {
  // The prefix may end within a name.
  const above = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  return refsBelow(folder, above).flatMap((name) => {
    const ref = `${above}${name}`;
    const sha = ref.startsWith(prefix) ? readRef(folder, ref) : undefined;
    return sha === undefined ? [] : [{ ref, sha }];
  });
}

export async function readBlob(folder: string, sha: string): Promise<Buffer> {
  const object = readObject(folder, sha);
  if (object?.type !== 'blob') throw new GitError(`${sha} is no file`);
  return object.body;
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
  committed: Date = when,
): Promise<string> {
  const before = parent === null ? emptyTree : readCommit(folder, parent)?.tree;
  if (before === undefined) throw new GitError(`${parent} is no commit`);
  const tree = changeTree(
    folder,
    before,
    changes.map(({ path: file, content }) => ({
      path: file,
      sha: content === null ? null : writeObject(folder, 'blob', content),
    })),
  );
  const parents = parent === null ? [] : [parent];
  return writeCommitOf(folder, { tree, parents, message, author: by, committer: by, when, committed });
}

export async function mergeBase(folder: string, one: string, other: string): Promise<string | undefined> {
  const bases = mergeBases(folder, one, other);
  // Of several git takes the one it comes upon first.
  return bases.length <= 1 ? bases[0] : line(folder, ['merge-base', one, other]);
}

/** What git had to be asked, by the question: its answers on commits that lie there never change. */
const answers = new Map<string, Promise<string | undefined>>();

function askedOnce(folder: string, args: string[]): Promise<string | undefined> {
  const key = [folder, ...args].join('\0');
  const before = answers.get(key);
  if (before !== undefined) return before;
  const answer = git(folder, args).then(
    (output) => output.toString('utf8'),
    () => undefined,
  );
  if (answers.size >= 1000) answers.clear();
  answers.set(key, answer);
  return answer;
}

/** How many lines a file has; none where git would take it for no text. */
function linesOf(folder: string, sha: string): number {
  const body = readObject(folder, sha)?.body ?? Buffer.alloc(0);
  if (body.length === 0 || body.subarray(0, 8000).includes(0)) return 0;
  let lines = body.at(-1) === 10 ? 0 : 1;
  for (let at = body.indexOf(10); at >= 0; at = body.indexOf(10, at + 1)) lines += 1;
  return lines;
}

/** Files that differ between two commits, and how many lines; none of a file that is no text. */
export async function changedFiles(
  folder: string,
  from: string,
  to: string,
): Promise<(Difference & { additions: number; deletions: number })[]> {
  const files = differences(folder, from, to);
  const isWhole = ({ status }: Difference): boolean => status === 'A' || status === 'D';
  if (files.every(isWhole))
    return files.map((file) => ({
      ...file,
      additions: file.status === 'A' ? linesOf(folder, file.sha) : 0,
      deletions: file.status === 'D' ? linesOf(folder, file.before) : 0,
    }));
  const counted = await askedOnce(folder, ['diff-tree', '-r', '-z', '--no-renames', '--numstat', from, to]);
  if (counted === undefined) throw new GitError(`${from} and ${to} cannot be compared`);
  const counts = new Map(
    counted.split('\0').map((item) => {
      const [added = '', deleted = '', file = ''] = item.split('\t');
      return [file, { additions: Number(added) || 0, deletions: Number(deleted) || 0 }];
    }),
  );
  return files.map((file) => ({ ...file, ...(counts.get(file.path) ?? { additions: 0, deletions: 0 }) }));
}

/** A file of a pull request, as `git diff -M` tells of it. */
export interface ListedFile {
  path: string;
  /** What it was called before, where it was moved. */
  from: string | null;
  kind: 'added' | 'changed' | 'deleted' | 'renamed' | 'unchanged';
  additions: number;
  deletions: number;
}

interface Move {
  from: string;
  additions: number;
  deletions: number;
}

/** What was taken away at one place and put at another, the same or much alike, by its new name. */
async function moves(folder: string, from: string, to: string): Promise<Map<string, Move>> {
  const told = await askedOnce(folder, [
    'diff-tree',
    '-r',
    '-z',
    '-M',
    '--diff-filter=R',
    '--numstat',
    from,
    to,
  ]);
  if (told === undefined) throw new GitError(`${from} and ${to} cannot be compared`);
  const parts = told.split('\0');
  const found = new Map<string, Move>();
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [added = '', deleted = ''] = (parts[at] ?? '').split('\t');
    found.set(parts[at + 2] ?? '', {
      from: parts[at + 1] ?? '',
      additions: Number(added) || 0,
      deletions: Number(deleted) || 0,
    });
  }
  return found;
}

/**
 * The files of a pull request: a move is one of them, and a file that became a link is two, of which one is deleted. One
 * whose lines cannot be counted, or whose mode alone is another, is there as unchanged.
 */
export async function listedFiles(folder: string, from: string, to: string): Promise<ListedFile[]> {
  const files = await changedFiles(folder, from, to);
  const has = (kind: string): boolean => files.some(({ status }) => status === kind);
  const moved = has('A') && has('D') ? await moves(folder, from, to) : new Map<string, Move>();
  const left = new Set([...moved.values()].map((move) => move.from));
  return files.flatMap(({ path: file, status, additions, deletions, before, sha }): ListedFile[] => {
    const listed = { path: file, from: null, additions, deletions };
    const move = moved.get(file);
    if (move !== undefined) return [{ ...listed, ...move, kind: 'renamed' }];
    if (status === 'D') return left.has(file) ? [] : [{ ...listed, kind: 'deleted' }];
    if (status === 'A') return [{ ...listed, kind: 'added' }];
    if (status === 'T')
      return [
        { ...listed, kind: 'deleted', additions: 0, deletions: linesOf(folder, before) },
        { ...listed, kind: 'added', additions: linesOf(folder, sha), deletions: 0 },
      ];
    return [{ ...listed, kind: additions + deletions === 0 ? 'unchanged' : 'changed' }];
  });
}

/**
 * The names of what differs, as the forge asks git for them when it looks for protected files: a file that was moved has
 * its new name only.
 */
export async function changedNames(folder: string, from: string, to: string): Promise<string[]> {
  const told = await askedOnce(folder, ['diff', '-z', '-M', '--name-only', from, to]);
  if (told === undefined) throw new GitError(`${from} and ${to} cannot be compared`);
  return told.split('\0').filter((name) => name !== '');
}

/** The tree of two commits merged, or undefined where they do not fit together. */
export async function mergedTree(folder: string, base: string, head: string): Promise<string | undefined> {
  const [common, ...others] = mergeBases(folder, base, head);
  const simple =
    common === undefined || others.length > 0 ? undefined : mergeUntouching(folder, common, base, head);
  if (simple !== undefined) return simple;
  return (await askedOnce(folder, ['merge-tree', '--write-tree', base, head]))?.trim().split('\n')[0];
}

export const mergeStyles = ['merge', 'rebase', 'rebase-merge', 'squash', 'fast-forward-only'] as const;
export type MergeStyle = (typeof mergeStyles)[number];

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
  const commitOf = (tree: string, parents: string[], whose: Person): string =>
    writeCommitOf(folder, { tree, parents, message, author: whose, committer: by, when });
  if (style === 'fast-forward-only') {
    if ((await mergeBase(folder, base, head)) !== base) throw new GitError('not a fast-forward');
    return head;
  }
  if (style === 'merge' || style === 'squash') {
    const tree = await mergedTree(folder, base, head);
    if (tree === undefined) throw new GitError('the two do not fit together');
    return commitOf(tree, style === 'merge' ? [base, head] : [base], author);
  }
  const scratch = await mkdtemp(path.join(tmpdir(), 'forge-rebase-'));
  const date = `${Math.floor(when.getTime() / 1000)} +0000`;
  const env = {
    GIT_AUTHOR_NAME: by.name,
    GIT_AUTHOR_EMAIL: by.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: by.name,
    GIT_COMMITTER_EMAIL: by.email,
    GIT_COMMITTER_DATE: date,
  };
  try {
    await git(folder, ['worktree', 'add', '-q', '--detach', scratch, head]);
    await git(scratch, ['rebase', '-q', base], { env });
    const tip = await line(scratch, ['rev-parse', 'HEAD']);
    if (style === 'rebase') return tip;
    return commitOf(readCommit(folder, tip)?.tree ?? '', [base, tip], by);
  } finally {
    await git(folder, ['worktree', 'remove', '--force', scratch]).catch(() => undefined);
    await rm(scratch, { recursive: true, force: true });
  }
}

/** How one file differs between two commits, as git writes it. */
export async function fileDiff(
  folder: string,
  { from, to, path: file }: { from: string; to: string; path: string },
): Promise<string> {
  try {
    return (await git(folder, ['diff', from, to, '--', file])).toString('utf8');
  } catch {
    return '';
  }
}

/** The commit that last changed a line, and which line it was there; as it was asked where there is no such line. */
export async function lastChange(
  folder: string,
  { commit, path: file, line: number }: { commit: string; path: string; line: number },
): Promise<{ commit: string; line: number }> {
  try {
    const said = await git(folder, ['blame', '--porcelain', '-L', `${number},${number}`, commit, '--', file]);
    const [, by, was] = /^([0-9a-f]{40}) (\d+)/.exec(said.toString('utf8')) ?? [];
    return by === undefined ? { commit, line: number } : { commit: by, line: Number(was) };
  } catch {
    return { commit, line: number };
  }
}
