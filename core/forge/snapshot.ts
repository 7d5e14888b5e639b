import type { Buffer } from 'node:buffer';
import { ifThere } from '../api/errors.ts';
import type { Kept } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { type Blob, readBlobs } from './blobs.ts';
import { listWhole, type TreeEntry, treeKey, treeOnce } from './trees.ts';

/** A file as it stands at a commit: its bytes, or why there are none. */
export type FileAt =
  | { kind: 'file'; sha: string; bytes: Buffer }
  | { kind: 'missing' }
  /** A folder, a submodule, or a symbolic link, whose content is the name of something else. */
  | { kind: 'no-file' }
  | { kind: 'too-large'; sha: string; size: number };

/** More entries than these are not read at once: by then asking for single folders takes fewer calls. */
const mostAtOnce = 3000;

/** Below this number one call tells everything, and a little more at another commit. */
const onePage = 900;

/** What a repository holds at its commits. Trees and blobs never change, so each is asked for once a run. */
export type Snapshot = ReturnType<typeof createSnapshot>;

/**
 * Reads of a repository at its commits: `GET /repos/{owner}/{repo}/git/trees/{sha}` and `git/blobs`, scope read:repository. What
 * was read is in `kept`, for all rounds of a run.
 */
export function createSnapshot(send: Send, repository: string, kept: Kept) {
  const tree = (sha: string): Promise<TreeEntry[]> => treeOnce(send, repository, sha, kept);

  /**
   * Reads all folders of a commit at once, a call for each thousand entries, so that none of them is asked for afterwards. Where
   * there are too many, and from then on everywhere in that repository, folders are asked for one by one when they are needed.
   * Throws `not-found` where the repository has no such commit (yet).
   */
  async function whole(commit: string): Promise<void> {
    const tooLarge = `too large ${repository}`;
    const isWhole = `whole ${repository} ${commit}`;
    if (kept.has(isWhole) || kept.has(tooLarge)) return;
    const entries = await listWhole(send, repository, commit, mostAtOnce);
    const folders = entries === undefined ? undefined : foldersOf(entries);
    if (entries !== undefined && entries.length < onePage)
      kept.set(`small ${repository}`, Promise.resolve(true));
    if (folders === undefined) kept.set(tooLarge, Promise.resolve(true));
    for (const [sha, inside] of folders ?? [])
      kept.set(treeKey(repository, sha === '' ? commit : sha), Promise.resolve(inside));
    kept.set(isWhole, Promise.resolve(true));
  }

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
    whole,
    entryAt,
    folderAt,
    contents,
    fileOf,
    /** Whether the repository holds a commit: one of a fork comes to it only a while after it was pushed there. */
    holds: async (commit: string): Promise<boolean> =>
      (await ifThere(
        kept.has(`small ${repository}`) ? whole(commit).then(() => tree(commit)) : tree(commit),
      )) !== undefined,
    fileAt: async (commit: string, path: string): Promise<FileAt> => fileOf(await entryAt(commit, path)),
  };
}

/** What stands directly in each folder, by the folder's id, and by nothing the root; undefined where a folder is not told. */
function foldersOf(entries: readonly TreeEntry[]): Map<string, TreeEntry[]> | undefined {
  const root: TreeEntry[] = [];
  const inside = new Map<string, TreeEntry[]>([['', root]]);
  const found = new Map<string, TreeEntry[]>([['', root]]);
  for (const { path, type, sha } of entries)
    if (type === 'tree') {
      const own: TreeEntry[] = [];
      inside.set(path, own);
      found.set(sha, own);
    }
  for (const entry of entries) {
    const at = entry.path.lastIndexOf('/');
    const folder = inside.get(at < 0 ? '' : entry.path.slice(0, at));
    if (folder === undefined) return undefined;
    folder.push({ ...entry, path: entry.path.slice(at + 1) });
  }
  return found;
}
