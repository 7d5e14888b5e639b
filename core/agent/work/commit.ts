import { fileAddress } from '../../file-address.ts';
import type { Git, Signature } from '../../git.ts';
import type { Quarantine } from './receive.ts';

/**
 * Makes one commit of ours out of an agent's work: its files on top of the base, with our words. What its own commits said,
 * and what stood in them and was taken out again, stays in the quarantine. The objects that this commit needs go to our clone.
 */
export async function commitWork(
  git: Git,
  { folder, tip }: Pick<Quarantine, 'folder' | 'tip'>,
  {
    ours,
    parents,
    message,
    author,
    committer = author,
  }: {
    ours: string;
    /** What the commit stands on: the base, and what was merged into it. */
    parents: readonly string[];
    message: string;
    author: Signature;
    committer?: Signature;
  },
): Promise<string> {
  const tree = await line(git, folder, ['rev-parse', '--verify', '--end-of-options', `${tip}^{tree}`]);
  const made = await git.run(folder, {
    args: ['commit-tree', ...parents.flatMap((parent) => ['-p', parent]), '-F', '-', tree],
    input: message,
    author,
    committer,
  });
  const commit = made.toString('utf8').trim();
  await git.run(folder, { args: ['update-ref', 'refs/forgecrew/made', commit] });
  await git.run(ours, {
    args: [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--end-of-options',
      fileAddress(folder),
      commit,
    ],
    reach: 'files',
  });
  await git.run(ours, { args: ['update-ref', `refs/forgecrew/work/${commit}`, commit] });
  return commit;
}

async function line(git: Git, folder: string, args: string[]): Promise<string> {
  return (await git.run(folder, { args })).toString('utf8').trim();
}
