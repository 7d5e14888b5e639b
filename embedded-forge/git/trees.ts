import { emptyTree, isTree, readCommit, readObject, readTree, type TreeEntry, writeTree } from './objects.ts';
import { GitError } from './process.ts';

export interface TreeItem {
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  sha: string;
  size: number;
  path: string;
}

const utf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function itemOf(folder: string, entry: TreeEntry, above: string): TreeItem {
  const type = isTree(entry) ? 'tree' : entry.mode === '160000' ? 'commit' : 'blob';
  return {
    mode: entry.mode,
    type,
    sha: entry.sha,
    size: type === 'blob' ? (readObject(folder, entry.sha)?.body.length ?? 0) : 0,
    path: above + utf8(entry.name),
  };
}

/** The tree of a commit, or the tree itself. */
function treeOf(folder: string, sha: string): string | undefined {
  return readCommit(folder, sha)?.tree ?? (readTree(folder, sha) === undefined ? undefined : sha);
}

/** What stands at a path of a tree; the path `''` is the tree itself. */
function entryAt(folder: string, tree: string, file: string): TreeEntry | undefined {
  let found: TreeEntry = { mode: '040000', name: '', sha: tree };
  for (const part of latin1(file)
    .split('/')
    .filter((part) => part !== '')) {
    if (!isTree(found)) return undefined;
    const next = readTree(folder, found.sha)?.find(({ name }) => name === part);
    if (next === undefined) return undefined;
    found = next;
  }
  return found;
}

/** What stands at a path, as mode and name of the object: the same where nothing was changed. */
export function standingAt(folder: string, tree: string, file: string): string {
  const entry = entryAt(folder, tree, file);
  return entry === undefined || (file.endsWith('/') && !isTree(entry)) ? '' : `${entry.mode} ${entry.sha}`;
}

/** The items of a folder of a commit, one level or all. Paths are taken as they are, never as patterns. */
export function listTree(folder: string, commit: string, recursive: boolean, file = ''): TreeItem[] {
  const root = treeOf(folder, commit);
  const at = root === undefined ? undefined : entryAt(folder, root, file);
  const list = (tree: string, above: string): TreeItem[] => {
    const entries = readTree(folder, tree);
    if (entries === undefined) throw new GitError(`${tree} is no tree`);
    return entries.flatMap((entry) => {
      const item = itemOf(folder, entry, above);
      return recursive && item.type === 'tree' ? [item, ...list(item.sha, `${item.path}/`)] : [item];
    });
  };
  if (at === undefined || !isTree(at)) throw new GitError(`${commit}:${file} is no folder`);
  return list(at.sha, '');
}

/** What stands at a path of a commit. */
export function findInTree(folder: string, commit: string, file: string): TreeItem | undefined {
  const root = treeOf(folder, commit);
  const found = root === undefined ? undefined : entryAt(folder, root, file);
  return found === undefined ? undefined : { ...itemOf(folder, found, ''), path: file };
}

export interface FileChange {
  path: string;
  /** `null` takes the file away. */
  sha: string | null;
}

interface Branching {
  entries: Map<string, TreeEntry | Branching>;
}

/** Parts of a path that git puts into no tree. */
function isForbidden(part: string): boolean {
  return part === '' || part === '.' || part === '..' || /^(\.git|git~1)[ .]*(:.*)?$/i.test(part);
}

/** A tree with files changed; folders come and go with their files. */
export function changeTree(folder: string, tree: string, changes: FileChange[]): string {
  const open = (sha: string): Branching => ({
    entries: new Map((readTree(folder, sha) ?? []).map((entry) => [entry.name, entry])),
  });
  const root = open(tree);
  for (const change of changes) {
    const parts = latin1(change.path).split('/');
    const name = parts.pop() ?? '';
    if (change.path.includes('\0') || [...parts, name].some(isForbidden))
      throw new GitError(`Invalid path '${change.path}'`);
    let at: Branching | undefined = root;
    for (const part of parts) {
      let below: TreeEntry | Branching | undefined = at.entries.get(part);
      if (below !== undefined && 'mode' in below) below = isTree(below) ? open(below.sha) : below;
      if (below === undefined && change.sha !== null) below = { entries: new Map() };
      if (below !== undefined && 'mode' in below) {
        if (change.sha !== null) throw new GitError(`'${change.path}' is below a file`);
        below = undefined;
      }
      if (below === undefined) {
        at = undefined;
        break;
      }
      at.entries.set(part, below);
      at = below;
    }
    if (at === undefined) continue;
    const there = at.entries.get(name);
    const isFolder = there !== undefined && (!('mode' in there) || isTree(there));
    if (change.sha === null) {
      if (!isFolder) at.entries.delete(name);
    } else if (isFolder) throw new GitError(`'${change.path}' is a folder`);
    else at.entries.set(name, { mode: '100644', name, sha: change.sha });
  }
  const close = ({ entries }: Branching): string =>
    writeTree(
      folder,
      [...entries].flatMap(([name, entry]) => {
        if ('mode' in entry) return [entry];
        const sha = close(entry);
        // git knows no empty folders.
        return sha === emptyTree ? [] : [{ mode: '040000', name, sha }];
      }),
    );
  return close(root);
}

export interface Difference {
  /** `A`, `M`, `D`, or `T` where a file became something else, a link for example. */
  status: string;
  path: string;
  /** What the file is now, and what it was; zeros where there is none. */
  sha: string;
  before: string;
}

const none = '0'.repeat(40);

/** Files that differ between two commits or trees, in the order of their paths. */
export function differences(folder: string, from: string, to: string): Difference[] {
  const [one, other] = [treeOf(folder, from), treeOf(folder, to)];
  if (one === undefined || other === undefined) throw new GitError(`${from} or ${to} is no commit`);
  const found: (Difference & { bytes: string })[] = [];
  const add = (status: string, bytes: string, before: string, sha: string): void => {
    found.push({ status, path: utf8(bytes), bytes, before, sha });
  };
  const compare = (before: string | undefined, after: string | undefined, above: string): void => {
    if (before === after) return;
    const entriesOf = (sha: string | undefined): Map<string, TreeEntry> =>
      new Map((sha === undefined ? [] : (readTree(folder, sha) ?? [])).map((entry) => [entry.name, entry]));
    const [was, is] = [entriesOf(before), entriesOf(after)];
    for (const name of new Set([...was.keys(), ...is.keys()])) {
      const [old, now] = [was.get(name), is.get(name)];
      if (old?.sha === now?.sha && old?.mode === now?.mode) continue;
      const at = `${above}${name}`;
      const oldTree = old !== undefined && isTree(old) ? old.sha : undefined;
      const nowTree = now !== undefined && isTree(now) ? now.sha : undefined;
      if (oldTree !== undefined || nowTree !== undefined) compare(oldTree, nowTree, `${at}/`);
      const oldFile = oldTree === undefined ? old : undefined;
      const nowFile = nowTree === undefined ? now : undefined;
      if (oldFile !== undefined && nowFile !== undefined)
        add(oldFile.mode.slice(0, 3) === nowFile.mode.slice(0, 3) ? 'M' : 'T', at, oldFile.sha, nowFile.sha);
      else if (oldFile !== undefined) add('D', at, oldFile.sha, none);
      else if (nowFile !== undefined) add('A', at, none, nowFile.sha);
    }
  };
  compare(one, other, '');
  return found
    .sort((a, b) => (a.bytes < b.bytes ? -1 : 1))
    .map(({ status, path, before, sha }) => ({ status, path, before, sha }));
}

/**
 * The tree that has both sides' changes, where no path was changed on both and none was taken away; undefined where git
 * itself has to say (it looks for renames and into the files).
 */
export function mergeUntouching(
  folder: string,
  base: string,
  ours: string,
  theirs: string,
): string | undefined {
  const isPlain = ({ status }: Difference): boolean => status === 'A' || status === 'M';
  if (![ours, theirs].every((side) => differences(folder, base, side).every(isPlain))) return undefined;
  const merge = (was: string | undefined, one: string, other: string): string | undefined => {
    if (one === other || other === was) return one;
    if (one === was) return other;
    const entriesOf = (sha: string | undefined): Map<string, TreeEntry> =>
      new Map((sha === undefined ? [] : (readTree(folder, sha) ?? [])).map((entry) => [entry.name, entry]));
    const [old, mine, its] = [entriesOf(was), entriesOf(one), entriesOf(other)];
    const merged: TreeEntry[] = [];
    const same = (a: TreeEntry | undefined, b: TreeEntry | undefined): boolean =>
      a?.sha === b?.sha && a?.mode === b?.mode;
    for (const name of new Set([...mine.keys(), ...its.keys()])) {
      const [before, left, right] = [old.get(name), mine.get(name), its.get(name)];
      const taken = same(left, right) || same(before, right) ? left : same(before, left) ? right : undefined;
      if (taken !== undefined) merged.push(taken);
      else if (left !== undefined && right !== undefined && isTree(left) && isTree(right)) {
        const sha = merge(
          before !== undefined && isTree(before) ? before.sha : undefined,
          left.sha,
          right.sha,
        );
        if (sha === undefined) return undefined;
        merged.push({ ...left, sha });
      } else return undefined;
    }
    return writeTree(folder, merged);
  };
  const trees = [base, ours, theirs].map((sha) => treeOf(folder, sha));
  const [was, one, other] = trees;
  if (one === undefined || other === undefined) return undefined;
  return merge(was, one, other);
}
