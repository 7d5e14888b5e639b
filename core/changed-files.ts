import type { Kept } from './api/once.ts';
import type { Send } from './api/send.ts';
import { commitsFrom } from './forge/commits.ts';
import { createSnapshot } from './forge/snapshot.ts';
import type { TreeEntry } from './forge/trees.ts';

/** A commit's time is its writer's, whose clock may be wrong by as much. */
const slack = 86_400_000;

/** Files that were written or changed since a moment, by their paths. */
export interface ChangedFiles {
  files: Map<string, Uint8Array>;
  /** Any file by its path, read when it is needed. */
  more: (paths: string[]) => Promise<Map<string, Uint8Array>>;
  complete: boolean;
}

/**
 * Paths that commits changed since a moment (in milliseconds since 1970). There is no cursor: the newest commits are looked through
 * until one is older, or `mostCommits` were. A call for fifty commits.
 */
export async function pathsChangedSince(
  send: Send,
  given: { repository: string; commit: string; since: number; mostCommits: number },
): Promise<{ paths: Set<string>; complete: boolean }> {
  const { repository, commit, since, mostCommits } = given;
  const paths = new Set<string>();
  for (let page = 1; ; page += 1) {
    const commits = await commitsFrom(send, repository, commit, { page });
    for (const { files } of commits)
      for (const { path, status } of files) if (status !== 'removed') paths.add(path);
    const last = commits.at(-1);
    if (last === undefined || Date.parse(last.date) < since - slack) return { paths, complete: true };
    if (page * 50 >= mostCommits) return { paths, complete: false };
  }
}

/** The files of these paths themselves. A call for a thousand files of the tree, and one for forty-five files. */
export async function changedSince(
  send: Send,
  kept: Kept,
  given: {
    repository: string;
    commit: string;
    since: number;
    mostCommits: number;
    isWanted: (path: string) => boolean;
  },
): Promise<ChangedFiles> {
  const { repository, commit, isWanted } = given;
  const { paths, complete } = await pathsChangedSince(send, given);
  const snapshot = createSnapshot(send, repository, kept);
  const more = async (wanted: string[]): Promise<Map<string, Uint8Array>> => {
    if (wanted.length === 0) return new Map();
    await snapshot.whole(commit);
    const entries: [string, TreeEntry][] = [];
    for (const path of wanted) {
      const entry = await snapshot.entryAt(commit, path);
      if (entry?.type === 'blob' && entry.mode !== '120000') entries.push([path, entry]);
    }
    const blobs = await snapshot.contents(entries.map(([, entry]) => entry));
    return new Map(
      entries.flatMap(([path, { sha }]): [string, Uint8Array][] => {
        const blob = blobs.get(sha);
        return blob?.kind === 'read' ? [[path, blob.bytes]] : [];
      }),
    );
  };
  return { files: await more([...paths].filter(isWanted).sort()), more, complete };
}
