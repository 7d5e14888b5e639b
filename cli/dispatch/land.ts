import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.ts';
import { fileAddress } from '../../core/file-address.ts';
import { whyOf } from '../../core/git.ts';
import type { OwnGit } from './own-git.ts';

/** How the work of a worker got into its worktree. */
export type Landing =
  | { kind: 'landed'; head: string }
  /** It is kept at a ref of the checkout, because the worktree is no longer as it was made. */
  | { kind: 'beside'; ref: string; why: string };

/** Where work is kept in the checkout until it stands on its branch. */
function workRef(id: string): string {
  return `refs/forgecrew/work/${refName(id)}`;
}

/** Where work is kept that was refused: a commit with the work as a file, in no branch. */
export function refusedRef(id: string): string {
  return `refs/forgecrew/refused/${refName(id)}`;
}

/** An id as a part of a ref. */
function refName(id: string): string {
  return id
    .replace(/[^A-Za-z0-9._+-]/g, '_')
    .replaceAll('..', '_')
    .replace(/\.lock$/, '_lock');
}

/** Takes a commit of a repository of ours into the checkout, at a ref. From then on it is not lost, whatever comes. */
export async function keepAt(
  git: OwnGit,
  { checkout, from, commit, ref }: { checkout: string; from: string; commit: string; ref: string },
): Promise<void> {
  await git.run(checkout, [
    ...['-c', 'protocol.file.allow=always'],
    ...['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--end-of-options'],
    fileAddress(from),
    `+${commit}:${ref}`,
  ]);
}

/**
 * Puts the work of a worker on the branch of its worktree. Only where that stands as it was made: what a person did there
 * meanwhile is never changed, and the work is kept beside it.
 */
export async function land(
  git: OwnGit,
  given: {
    id: string;
    checkout: string;
    worktree: string;
    branch: string;
    base: string;
    from: string;
    commit: string;
  },
): Promise<Landing> {
  const { id, checkout, worktree, branch, base, from, commit } = given;
  const ref = workRef(id);
  await keepAt(git, { checkout, from, commit, ref });
  const why = await troubleIn(git, { worktree, branch, base });
  if (why !== undefined) return { kind: 'beside', ref, why };
  const merged = await git.end(worktree, ['merge', '--ff-only', '--quiet', '--no-verify-signatures', commit]);
  if (merged.code !== 0) return { kind: 'beside', ref, why: `git merge ${whyOf(merged)}` };
  // It is on the branch now. What has moved meanwhile is somebody else's.
  await git.end(checkout, ['update-ref', '-d', ref, commit]);
  return { kind: 'landed', head: commit };
}

async function troubleIn(
  git: OwnGit,
  { worktree, branch, base }: { worktree: string; branch: string; base: string },
): Promise<string | undefined> {
  if (!existsSync(worktree)) return 'the worktree is gone';
  const head = await git.end(worktree, ['symbolic-ref', '--quiet', 'HEAD']);
  if (head.stdout.toString('utf8').trim() !== `refs/heads/${branch}`)
    return `another branch than ${branch} is checked out there`;
  if ((await headOf(git, worktree)) !== base) return 'somebody has committed there meanwhile';
  const status = await git.run(worktree, ['status', '--porcelain', '--untracked-files=all']);
  return status.trim() === '' ? undefined : 'somebody has changed files there meanwhile';
}

/** The commit that a worktree stands at. */
export async function headOf(git: OwnGit, worktree: string): Promise<string> {
  const commit = (await git.run(worktree, ['rev-parse', '--verify', 'HEAD^{commit}'])).trim();
  if (!/^[0-9a-f]{40,64}$/.test(commit)) throw new UserError(`${worktree} stands at no commit.`);
  return commit;
}
