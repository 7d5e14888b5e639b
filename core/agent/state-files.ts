import type { Repository } from '../forge/repositories.ts';
import type { Snapshot } from '../forge/snapshot.ts';
import { isFile, type TreeEntry } from '../forge/trees.ts';
import { type Entry, type IssueName, parseEntry, platformFolder } from './entry.ts';

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

/** Entries that bear a mark in a folder beside theirs; what is over bears none, and is not looked at. `on`: the forge's, if absent. */
export async function readMarked(
  snapshot: Snapshot,
  commit: string,
  folder: 'running' | 'frozen',
  on: Pick<IssueName, 'platform'> = {},
): Promise<{ entry: Entry; sha: string; markSha: string }[]> {
  const marks = await stateFiles(snapshot, commit, `${platformFolder(on)}${folder}`);
  const found = await Promise.all(
    marks.map(async ({ path: file, sha }) => ({
      mark: sha,
      entry: await snapshot.entryAt(commit, `${platformFolder(on)}agents/${file}`),
    })),
  );
  const entries = found.flatMap(({ mark, entry }) => (entry === undefined ? [] : [{ mark, entry }]));
  const blobs = await snapshot.contents(entries.map(({ entry }) => entry));
  return entries.flatMap(({ mark, entry }) => {
    const blob = blobs.get(entry.sha);
    const parsed = blob?.kind === 'read' ? parseEntry(blob.bytes) : undefined;
    // What cannot be read is told where the issue itself is looked at; it is never taken over.
    return parsed?.ok === true && parsed.entry.status === folder
      ? [{ entry: parsed.entry, sha: entry.sha, markSha: mark }]
      : [];
  });
}

/** Why a repository cannot hold the state; undefined where it can. */
export function stateTrouble(
  name: string,
  { private: isPrivate, archived, permissions }: Repository,
): { said: string } | undefined {
  if (archived) return { said: `${name} is archived: unarchive it, or name another state-repo.` };
  if (isPrivate !== true)
    return { said: `${name} is public, and records of agents are nobody else's business: make it private.` };
  if (permissions?.push !== true)
    return {
      said: `our account may not write to ${name}: give it write access, or name another state-repo.`,
    };
  return undefined;
}
