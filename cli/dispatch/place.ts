import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import { type DispatchEntry, repositoryKeyOf } from './entry.ts';

// Where a person stands in the file system, without starting git: so that asking takes no longer than starting.

/** Which repository a folder is of, as the registry calls it, and its root there. */
export interface RepositoryHere {
  repository: string;
  /** The root of the worktree or checkout. */
  root: string;
  /** The dispatch whose worktree that is. */
  own: DispatchEntry | undefined;
}

/** Finds the repository of a folder among those that dispatches are of. Undefined where none of them is of it. */
export function repositoryHere(
  folder: string,
  entries: readonly DispatchEntry[],
): RepositoryHere | undefined {
  const root = rootOf(folder);
  if (root === undefined) return undefined;
  const main = mainOf(root);
  const found = [...entries]
    .reverse()
    .find((entry) => same(entry.checkout, main) || (entry.worktree !== null && same(entry.worktree, root)));
  if (found === undefined) return undefined;
  const own = [...entries].reverse().find(({ worktree }) => worktree !== null && same(worktree, root));
  return { repository: repositoryKeyOf(found), root, own };
}

/** A path as somebody types it, from the root of the repository. */
export function pathWithin(root: string, folder: string, given: string): string {
  const absolute = path.resolve(realPlace(folder), given);
  const found = path.relative(root, absolute);
  if (found === '..' || found.startsWith(`..${path.sep}`))
    throw new UserError(`${given} is outside of ${root}.`, 'Name a path of this repository.');
  return found === '' ? '.' : found.split(path.sep).join('/');
}

function rootOf(folder: string): string | undefined {
  for (let at = realPlace(folder); ; at = path.dirname(at)) {
    if (statSync(path.join(at, '.git'), { throwIfNoEntry: false }) !== undefined) return at;
    if (path.dirname(at) === at) return undefined;
  }
}

/** The checkout that a worktree belongs to; itself where it is none. */
function mainOf(root: string): string {
  const file = path.join(root, '.git');
  if (statSync(file).isDirectory()) return root;
  const [, folder] = /^gitdir: (.+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  const [, main] = /^(.*)\/\.git\/worktrees\/[^/]+$/.exec(folder ?? '') ?? [];
  return main === undefined ? root : realPlace(main);
}

function same(one: string, other: string): boolean {
  return one === other || realPlace(one) === other;
}

/** A path without links in it; as it is where it is not there. */
export function realPlace(place: string): string {
  try {
    return realpathSync(place);
  } catch {
    return path.resolve(place);
  }
}
