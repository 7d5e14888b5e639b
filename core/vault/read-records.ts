import { type Kept, once } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { documentName } from '../document-name.ts';
import type { Branch } from '../forge/branches.ts';
import type { Snapshot } from '../forge/snapshot.ts';
import { listTree, type TreeEntry } from '../forge/trees.ts';
import type { BranchGuard } from './guard.ts';
import { readBranchGuard } from './read-guard.ts';
import {
  earlierFolder,
  endedFolder,
  firedFolder,
  formerFolders,
  recordsBranch,
  rejectedFolder,
  withdrawnFolder,
} from './record.ts';

/** What stands on the branch of records: ids, told by the names of files alone. */
export interface Records {
  commit: string;
  fired: Map<string, TreeEntry>;
  ended: Set<string>;
  rejected: Set<string>;
  earlier: Set<string>;
  /** Paths of withdrawals that were told: see `withdrawnPath`. */
  withdrawn: Set<string>;
}

/** The branch of records, or how it is guarded where nothing on it may be believed. */
export type FoundRecords = { kind: 'records'; records: Records } | { kind: 'unguarded'; guard: BranchGuard };

/**
 * The records of a repository. `isOurs`: whether our account has to be the one that may push there, or must not be: an account
 * that writes to the repository and may not push to the branch has proved that not everybody may. `branches`: what it was told of
 * branches there in this round.
 */
export async function readRecords(
  send: Send,
  repository: string,
  kept: Kept,
  { isOurs, branches = [] }: { isOurs: boolean; branches?: readonly Branch[] },
): Promise<FoundRecords> {
  const { guard, commit } = await readBranchGuard(send, repository, recordsBranch, branches);
  if (guard.kind !== 'guarded' || guard.isOurs !== isOurs || commit === null)
    return { kind: 'unguarded', guard };
  return { kind: 'records', records: await recordsAt(send, repository, commit, kept) };
}

/** What stands at a commit of that branch. */
export async function recordsAt(
  send: Send,
  repository: string,
  commit: string,
  kept: Kept,
): Promise<Records> {
  const entries = await once(kept, `records ${repository} ${commit}`, () =>
    listTree(send, repository, commit, { recursive: true }),
  );
  const inFolder = (folder: string): Map<string, TreeEntry> =>
    new Map(
      entries
        .filter(
          ({ path, type }) => type === 'blob' && path.startsWith(`${folder}/`) && path.endsWith('.json'),
        )
        .map((entry) => [documentName(entry.path), entry]),
    );
  return {
    commit,
    fired: inFolder(firedFolder),
    ended: new Set(inFolder(endedFolder).keys()),
    rejected: new Set(inFolder(rejectedFolder).keys()),
    earlier: new Set(inFolder(earlierFolder).keys()),
    withdrawn: new Set(entries.flatMap(({ path }) => (path.startsWith(`${withdrawnFolder}/`) ? [path] : []))),
  };
}

/** Ids with a record on the branch of documents itself, from before records had a branch: spent, whoever wrote them. */
export async function formerIds(snapshot: Snapshot, commit: string): Promise<Set<string>> {
  const folders = await Promise.all(formerFolders.map((folder) => snapshot.folderAt(commit, folder)));
  return new Set(folders.flat().map(({ path }) => documentName(path)));
}

/** Whether an id is used already, on either branch. */
export function isSpent(
  id: string,
  { fired, rejected, earlier, ended }: Records,
  former: Set<string>,
): boolean {
  return [fired, rejected, earlier, ended, former].some((ids) => ids.has(id));
}
