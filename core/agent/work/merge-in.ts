import { UserError } from '../../errors.ts';
import { type Git, type GitCall, type Signature, whyOf } from '../../git.ts';

/** A commit of ours at which an agent starts, and what has to be solved in it. It is never pushed. */
export interface MergedIn {
  commit: string;
  /** What a commit that solves it stands on. */
  parents: [base: string, other: string];
  /** Files with marks of a conflict in them, or of which one side is left. */
  conflicts: string[];
}

/**
 * Files of a commit in which the marks of a merge still stand, of those that conflicted; the lines name the commits that were
 * merged, so no text of the project is taken for one.
 */
export async function marksIn(
  git: Git,
  {
    folder,
    commit,
    merge,
  }: { folder: string; commit: string; merge: Pick<MergedIn, 'parents' | 'conflicts'> },
  bounds: Pick<GitCall, 'timeoutMs' | 'mostMemoryKiB'> = {},
): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < merge.conflicts.length; at += filesAtOnce) {
    const ended = await git.end(folder, {
      args: [
        'grep',
        '-lzIF',
        '-e',
        `<<<<<<< ${merge.parents[0]}`,
        '-e',
        `>>>>>>> ${merge.parents[1]}`,
        commit,
        '--',
        ...merge.conflicts.slice(at, at + filesAtOnce).map((file) => `:(top,literal)${file}`),
      ],
      ...bounds,
    });
    // 1: nothing was found.
    if (ended.code !== 0 && ended.code !== 1)
      throw new UserError(`Marks of a conflict could not be looked for: git grep ${whyOf(ended)}`, '');
    found.push(
      ...ended.stdout
        .toString('utf8')
        .split('\0')
        .filter((part) => part !== '')
        .map((part) => part.slice(commit.length + 1)),
    );
  }
  return found;
}

/** As many names as surely fit on the line of one command. */
const filesAtOnce = 200;

/**
 * Merges another commit into the base, conflicts included, so that an agent can solve them as files that it finds: it need not
 * merge, and what the other commit brought is no change of its own. Undefined where nothing conflicts.
 * `git merge-tree --write-tree`, git 2.38 and up.
 */
export async function mergeIn(
  git: Git,
  { ours, base, other, author }: { ours: string; base: string; other: string; author: Signature },
): Promise<MergedIn | undefined> {
  const ended = await git.end(ours, {
    args: ['merge-tree', '--write-tree', '--name-only', '-z', '--no-messages', base, other],
  });
  if (ended.code === 0) return undefined;
  const [tree = '', ...conflicts] = ended.stdout
    .toString('utf8')
    .split('\0')
    .filter((part) => part !== '');
  if (ended.code !== 1 || !/^[0-9a-f]{40,64}$/.test(tree))
    throw new UserError(
      `The base cannot be merged here: git merge-tree ${whyOf(ended)}`,
      'It takes git 2.38 or newer where this step runs.',
    );
  const made = await git.run(ours, {
    args: ['commit-tree', '-p', base, '-p', other, '-F', '-', tree],
    input: 'The base merged in, with its conflicts\n',
    author,
    committer: author,
  });
  const commit = made.toString('utf8').trim();
  await git.run(ours, { args: ['update-ref', 'refs/forgecrew/merged', commit] });
  return { commit, parents: [base, other], conflicts: [...new Set(conflicts)] };
}
