import type { Buffer } from 'node:buffer';
import { ifThere } from '../api/errors.ts';
import { type Kept, once } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { type Blob, readBlobs } from './blobs.ts';
import { listTree, type TreeEntry } from './trees.ts';

/** A file as it stands at a commit: its bytes, or why there are none. */
export type FileAt =
  | { kind: 'file'; sha: string; bytes: Buffer }
  | { kind: 'missing' }
  /** A folder, a submodule, or a symbolic link, whose content is the name of something else. */
  | { kind: 'no-file' }
  | { kind: 'too-large'; sha: string; size: number };

/** What a repository holds at its commits. Trees and blobs never change, so each is asked for once a run. */
export type Snapshot = ReturnType<typeof createSnapshot>;

export function createSnapshot(send: Send, repository: string, kept: Kept) {
  const tree = (sha: string): Promise<TreeEntry[]> =>
    once(kept, `tree ${repository} ${sha}`, () => listTree(send, repository, sha));

  /** What stands at a path, or undefined. Throws `not-found` where the repository has no such commit (yet). */
  async function entryAt(commit: string, path: string): Promise<TreeEntry | undefined> {
    const parts = path.split('/');
    let entries = await tree(commit);
    for (const [index, part] of parts.entries()) {
      const found = entries.find((item) => item.path === part);
      if (found === undefined || index === parts.length - 1) return found;
      if (found.type !== 'tree') return undefined;
      entries = await tree(found.sha);
    }
    return undefined;
  }

  /** What stands directly in a folder; empty where there is no such folder. */
  async function folderAt(commit: string, path: string): Promise<TreeEntry[]> {
    const found = await entryAt(commit, path);
    return found?.type === 'tree' ? tree(found.sha) : [];
  }

  /** Contents by their ids, as many at once as the forge gives. */
  async function contents(entries: readonly TreeEntry[]): Promise<Map<string, Blob>> {
    const keyOf = (sha: string): string => `blob ${repository} ${sha}`;
    const unread = entries.filter(({ sha }) => !kept.has(keyOf(sha)));
    if (unread.length > 0)
      for (const [sha, blob] of await readBlobs(send, repository, unread))
        if (blob.kind !== 'missing') kept.set(keyOf(sha), Promise.resolve(blob));
    const found = await Promise.all(
      entries.map(
        async ({ sha }) =>
          [
            sha,
            await ((kept.get(keyOf(sha)) as Promise<Blob> | undefined) ?? { kind: 'missing' as const }),
          ] as const,
      ),
    );
    return new Map(found);
  }

  /** The file that an entry is. */
  async function fileOf(entry: TreeEntry | undefined): Promise<FileAt> {
    if (entry === undefined) return { kind: 'missing' };
    if (entry.type !== 'blob' || entry.mode === '120000') return { kind: 'no-file' };
    const blob = (await contents([entry])).get(entry.sha);
    if (blob?.kind === 'read') return { kind: 'file', sha: entry.sha, bytes: blob.bytes };
    return blob?.kind === 'too-large'
      ? { kind: 'too-large', sha: entry.sha, size: blob.size }
      : { kind: 'missing' };
  }

  return {
    /** What stands directly in the root at a commit. */
    root: tree,
    entryAt,
    folderAt,
    contents,
    fileOf,
    /** Whether the repository holds a commit: one of a fork comes to it only a while after it was pushed there. */
    holds: async (commit: string): Promise<boolean> => (await ifThere(tree(commit))) !== undefined,
    fileAt: async (commit: string, path: string): Promise<FileAt> => fileOf(await entryAt(commit, path)),
  };
}
