import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { Git } from '../../core/git.ts';
import { quoted } from '../../core/text/log-line.ts';

// A clone on this machine, as something to look things up in: nothing of it is run, nothing is fetched, nothing is written.

export interface Clone {
  git: Git;
  /** Its git folder. */
  folder: string;
  /** The commit it stands at. */
  head: string;
  /** Why something may be missing in it that its forge has; undefined where it holds everything that its branches do. */
  gap: string | undefined;
}

/** An object, with its bytes; its id was computed again from them. */
export interface GitObject {
  type: string;
  bytes: Buffer;
}

const idPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Opens a clone. Throws, with a remedy, where the folder is none. */
export async function openClone(git: Git, given: string): Promise<Clone> {
  const folder = gitFolderOf(path.resolve(given));
  const said = async (args: string[]): Promise<string | undefined> => {
    const { code, stdout } = await git.end(folder, { args });
    return code === 0 ? stdout.toString('utf8').trim() : undefined;
  };
  const head = await said(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  if (head === undefined || !idPattern.test(head))
    throw new UserError(
      `${quoted(given)} stands at no commit.`,
      'Name a clone that has its branch checked out, or a bare one with a HEAD.',
    );
  const isShallow = (await said(['rev-parse', '--is-shallow-repository'])) !== 'false';
  const isPartial = (await said(['config', '--get-regexp', '^remote\\..*\\.promisor$'])) !== undefined;
  // A graft tells git other parents than those that a commit names.
  const grafts = await said(['rev-parse', '--git-path', 'info/grafts']);
  const hasGrafts = grafts !== undefined && existsSync(path.resolve(git.folder, grafts));
  return {
    git,
    folder,
    head,
    gap: hasGrafts
      ? 'the clone has grafts'
      : isShallow
        ? 'the clone is shallow'
        : isPartial
          ? 'the clone is a partial one'
          : undefined,
  };
}

function gitFolderOf(given: string): string {
  const inside = path.join(given, '.git');
  const found = statSync(inside, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return inside;
  if (found?.isFile() === true && found.size < 10_000) {
    // A work tree beside its repository, or a submodule.
    const to = /^gitdir: (.+)$/m.exec(readFileSync(inside, 'utf8'))?.[1];
    if (to !== undefined) return path.resolve(given, to);
  }
  if (existsSync(path.join(given, 'HEAD')) && existsSync(path.join(given, 'objects'))) return given;
  throw new UserError(
    `${quoted(given)} is no clone of a repository.`,
    'Name the folder that git clone made.',
  );
}

/** An object by its id, or undefined where the clone has none of that id, or one that has another by its own bytes. */
export async function objectOf(clone: Clone, id: string, mostBytes: number): Promise<GitObject | undefined> {
  if (!idPattern.test(id)) return undefined;
  const { code, stdout, overran } = await clone.git.end(clone.folder, {
    args: ['cat-file', '--batch'],
    input: `${id}\n`,
    mostBytes: mostBytes + 1000,
  });
  if (code !== 0 || overran !== undefined) return undefined;
  const end = stdout.indexOf('\n');
  const [, type, size] = /^[0-9a-f]+ (\w+) (\d+)$/.exec(stdout.subarray(0, end).toString('latin1')) ?? [];
  if (type === undefined) return undefined;
  const bytes = stdout.subarray(end + 1, end + 1 + Number(size));
  const hash = createHash(id.length === 40 ? 'sha1' : 'sha256');
  // Git believes the name of an object that is there already; a clone somebody wrote into could say anything.
  hash.update(`${type} ${bytes.length}\0`).update(bytes);
  return hash.digest('hex') === id ? { type, bytes } : undefined;
}

/** What stands directly in a folder at the clone's commit. */
export async function filesIn(
  clone: Clone,
  folder: string,
): Promise<{ name: string; id: string; isFile: boolean }[]> {
  const listed = await clone.git.run(clone.folder, {
    args: ['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', clone.head, '--', `${folder}/`],
  });
  return listed
    .toString('utf8')
    .split('\0')
    .flatMap((line) => {
      const [, mode, id, name] = /^(\d+) \w+ ([0-9a-f]+)\t([\s\S]+)$/.exec(line) ?? [];
      return mode === undefined || id === undefined || name === undefined
        ? []
        : [{ name: name.slice(folder.length + 1), id, isFile: mode === '100644' || mode === '100755' }];
    });
}

/** What became of the files of a folder after they were there: every change that is no first appearance. */
export async function changesIn(
  clone: Clone,
  folder: string,
): Promise<{ commit: string; kind: string; name: string }[]> {
  const log = await clone.git.run(clone.folder, {
    args: [
      '--literal-pathspecs',
      '-c',
      'core.commitGraph=false',
      'log',
      '--format=%H',
      '--raw',
      '--no-abbrev',
      '--no-renames',
      '--full-history',
      '-m',
      clone.head,
      '--',
      folder,
    ],
  });
  const found: { commit: string; kind: string; name: string }[] = [];
  let commit = '';
  for (const line of log.toString('utf8').split('\n')) {
    if (idPattern.test(line)) commit = line;
    const [, kind, name] = /^:\d+ \d+ [0-9a-f]+ [0-9a-f]+ (\w)\d*\t(.+)$/.exec(line) ?? [];
    if (kind !== undefined && name !== undefined && kind !== 'A')
      found.push({ commit, kind, name: name.slice(folder.length + 1) });
  }
  return found;
}

/** The branches of that name that the clone knows: its own, and those of its remotes. */
export async function branchesOf(clone: Clone, branch: string): Promise<string[]> {
  const refs = await clone.git.run(clone.folder, {
    args: ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/remotes'],
  });
  return refs
    .toString('utf8')
    .split('\n')
    .filter((ref) => ref.replace(/^refs\/(?:heads|remotes\/[^/]+)\//, '') === branch);
}

/** Whether a commit is another one, or comes before it. Both are there. */
export async function isBefore(clone: Clone, commit: string, later: string): Promise<boolean> {
  const { code } = await clone.git.end(clone.folder, {
    args: ['-c', 'core.commitGraph=false', 'merge-base', '--is-ancestor', commit, later],
  });
  return code === 0;
}

/** Whether some branch of the clone had that very blob at a path at some time. */
export async function everHad(clone: Clone, file: string, blob: string): Promise<boolean> {
  const { code, stdout } = await clone.git.end(clone.folder, {
    args: [
      '--literal-pathspecs',
      'log',
      '--all',
      '--format=%H',
      `--find-object=${blob}`,
      '--full-history',
      '-m',
      '-n',
      '1',
      '--',
      file,
    ],
  });
  return code === 0 && stdout.toString('utf8').trim() !== '';
}
