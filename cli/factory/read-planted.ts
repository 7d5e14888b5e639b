import type { Send } from '../../core/api/send.ts';
import { findBranch } from '../../core/forge/branches.ts';
import { listTree } from '../../core/forge/trees.ts';
import type { Ground, Standing } from '../../core/propose.ts';

/** Paths that a branch changes beside those that are asked for, where it is there before its pull request. */
export async function readPlanted(send: Send, ground: Ground, standing: Standing): Promise<string[]> {
  // What people commit to a pull request of ours stays; one that is over has its branch taken away.
  if (!standing.exists || standing.pull !== null || ground.fork !== 'not-needed') return [];
  const head = await findBranch(send, ground.home, standing.branch);
  if (head === undefined) return [];
  const files = async (commit: string): Promise<Map<string, string>> =>
    new Map(
      (await listTree(send, ground.home, commit, { recursive: true }))
        .filter(({ type }) => type !== 'tree')
        .map(({ path, mode, sha }) => [path, `${mode} ${sha}`]),
    );
  const [before, after] = await Promise.all([files(ground.commit), files(head.commit.id)]);
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path) && !standing.files.some((file) => file.path === path),
  );
}
