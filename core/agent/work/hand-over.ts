import path from 'node:path';
import { UserError } from '../../errors.ts';
import { type Git, type Signature, whyOf } from '../../git.ts';
import { cloneForUs, fetchCommits, makeBare } from './clone.ts';
import { keepFile } from './keep.ts';
import { usualLimits } from './limits.ts';

// What one step made and another one pushes is kept in the state repo meanwhile, as commits that stand on nothing. A commit of
// the project is kept as a pack of what is new in it, so that no history of a project comes along.

const packFile = 'work.pack';

/** What a commit of the project stands on, and what it is. */
export interface HandedWork {
  repository: string;
  base: string;
  /** A commit that was merged into the base. */
  merges: string | null;
  commit: string;
}

/** Makes a commit that holds a commit of ours as a pack. */
export async function keepWork(
  git: Git,
  {
    ours,
    work: { base, merges, commit },
    ...kept
  }: { ours: string; work: HandedWork; folder: string; message: string; author: Signature },
): Promise<string> {
  const bytes = await git.run(ours, {
    args: ['pack-objects', '--revs', '--thin', '--stdout', '--quiet'],
    input: [commit, `^${base}`, ...(merges === null ? [] : [`^${merges}`])]
      .map((line) => `${line}\n`)
      .join(''),
    mostBytes: usualLimits.bundleBytes,
  });
  return keepFile(git, kept, packFile, bytes);
}

/**
 * Fetches what was handed over into a repository of this machine, from which it can be pushed; gives its folder. What comes has
 * to be the very commit that was handed over.
 */
export async function takeUp(
  git: Git,
  {
    repository,
    ref,
    commit,
    work,
    folder,
  }: { repository: string; ref: string; commit: string; work: HandedWork | null; folder: string },
): Promise<string> {
  const kept = path.join(git.folder, `${folder}.git`);
  await makeBare(git, kept, commit);
  await fetchCommits(git, { repository, commits: [`${ref}:refs/forgecrew/kept`], folder: kept });
  const found = (await git.run(kept, { args: ['rev-parse', 'refs/forgecrew/kept'] })).toString('utf8').trim();
  if (found !== commit)
    throw new UserError(`${ref} of ${repository} is not what the step that serves has put there.`);
  if (work === null) return kept;
  const ours = path.join(git.folder, `${folder}-project.git`);
  await cloneForUs(git, {
    repository: work.repository,
    commit: work.base,
    beside: work.merges === null ? [] : [work.merges],
    folder: ours,
  });
  const bytes = await git.run(kept, {
    args: ['cat-file', 'blob', `${commit}:${packFile}`],
    mostBytes: usualLimits.bundleBytes,
  });
  for (const call of [
    { args: ['index-pack', '--stdin', '--fix-thin', '--strict'], input: bytes },
    // The pack may be whole, and hold something else.
    { args: ['rev-list', '--objects', '--quiet', '--end-of-options', work.commit, `^${work.base}`] },
  ]) {
    const ended = await git.end(ours, {
      ...call,
      timeoutMs: usualLimits.readMs,
      mostMemoryKiB: usualLimits.memoryKiB,
    });
    if (ended.code !== 0)
      throw new UserError(`The work at ${ref} of ${repository} is not whole: git ${whyOf(ended)}`);
  }
  return ours;
}
