import type { Snapshot } from '../forge/snapshot.ts';
import { isFile, type TreeEntry } from '../forge/trees.ts';

/**
 * Files of the state repo that stand two folders below one, owner and repository, by their path below it; of those that are
 * named only, where any are: what is not named is not even listed.
 */
export async function stateFiles(
  snapshot: Snapshot,
  commit: string,
  root: string,
  only?: readonly TreeEntry[],
): Promise<TreeEntry[]> {
  const isWanted = (path: string): boolean =>
    only === undefined || only.some((item) => item.path === path || item.path.startsWith(`${path}/`));
  const found: TreeEntry[] = [];
  for (const owner of await snapshot.folderAt(commit, root)) {
    if (owner.type !== 'tree' || !isWanted(owner.path)) continue;
    for (const repository of await snapshot.folderAt(commit, `${root}/${owner.path}`)) {
      const folder = `${owner.path}/${repository.path}`;
      if (repository.type !== 'tree' || !isWanted(folder)) continue;
      for (const entry of await snapshot.folderAt(commit, `${root}/${folder}`))
        if (isFile(entry) && isWanted(`${folder}/${entry.path}`))
          found.push({ ...entry, path: `${folder}/${entry.path}` });
    }
  }
  return found;
}
