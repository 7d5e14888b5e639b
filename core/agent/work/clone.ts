import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileAddress } from '../../file-address.ts';
import type { Git, Signature } from '../../git.ts';
import { makeFolder } from '../../make-folder.ts';

/** A bare repository of ours, empty, for commits whose names look like this one; it holds nothing that could run. */
export async function makeBare(git: Git, folder: string, like: string): Promise<void> {
  makeFolder(path.dirname(folder), 0o700);
  await git.run(null, {
    args: ['init', '--quiet', '--bare', '--template=', ...formatOf(like), '--end-of-options', folder],
  });
}

/** Forges may have repositories whose commits are named by SHA-256. */
function formatOf(commit: string): string[] {
  return [`--object-format=${commit.length === 64 ? 'sha256' : 'sha1'}`];
}

/**
 * Our own clone of a repository of the forge: the history of one commit, of those beside it, and nothing else of it. `from`: it
 * is taken from a repository of this machine, and nobody is asked for it.
 */
export async function cloneForUs(
  git: Git,
  {
    repository,
    commit,
    beside = [],
    folder,
    from,
  }: {
    repository: string;
    commit: string;
    beside?: readonly string[];
    folder: string;
    from?: string | undefined;
  },
): Promise<void> {
  await makeBare(git, folder, commit);
  await fetchCommits(git, { repository, commits: [commit, ...beside], folder, from });
  await git.run(folder, { args: ['update-ref', 'refs/forgecrew/base', commit] });
  for (const other of beside)
    await git.run(folder, { args: ['update-ref', `refs/forgecrew/beside/${other}`, other] });
}

/** Fetches commits of a repository of the forge, or what its refs stand at, with their history. */
export async function fetchCommits(
  git: Git,
  {
    repository,
    commits,
    folder,
    from,
  }: { repository: string; commits: readonly string[]; folder: string; from?: string | undefined },
): Promise<void> {
  await git.run(folder, {
    args: [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--end-of-options',
      // A folder of a person's may have any name: git decodes the address again.
      from === undefined ? git.urlOf(repository) : pathToFileURL(from).href,
      ...commits,
    ],
    reach: from === undefined ? 'forge' : 'files',
  });
}

/**
 * A working clone for the agent at a commit of our own clone: without a remote, hooks, credentials or a link to our files, so
 * that nothing it does there reaches us. Its folder is ours until the caller gives it away, and is not opened after that.
 */
export async function cloneForAgent(
  git: Git,
  {
    from,
    commit,
    folder,
    branch,
    author,
  }: {
    from: string;
    commit: string;
    folder: string;
    branch: string;
    author: Pick<Signature, 'name' | 'email'>;
  },
): Promise<void> {
  const inside = path.join(folder, '.git');
  await git.run(null, {
    args: [
      'init',
      '--quiet',
      '--template=',
      ...formatOf(commit),
      `--initial-branch=${branch}`,
      '--end-of-options',
      folder,
    ],
  });
  // By file and not by path alone: that would link our files into its folder, which it could then write.
  await git.run(inside, {
    args: [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--end-of-options',
      fileAddress(from),
      commit,
    ],
    reach: 'files',
  });
  await git.run(inside, { args: ['update-ref', `refs/heads/${branch}`, commit] });
  await git.run(inside, { args: ['reset', '--quiet', '--hard', commit], workTree: folder });
  for (const [name, value] of [
    ['user.name', author.name],
    ['user.email', author.email],
  ] as const)
    await git.run(inside, { args: ['config', name, value] });
}
