import { vaultActions } from '../../core/vault/action.ts';
import type { MergeFacts } from './state.ts';

// What the role may merge by itself: new actions and nothing else, whatever the forge's lists of changed files say. Those
// leave out what a merge commit throws away, and a merge of an old commit can turn a whole branch back.

/**
 * The commit that a row of commits starts from: each has one parent, and following those from `head` meets all of them. Or
 * undefined where there is a merge among them, or more than one row.
 */
export function startOf(commits: { sha: string; parents: string[] }[], head: string): string | undefined {
  const parentOf = new Map(commits.map(({ sha, parents }) => [sha, parents]));
  let at = head;
  for (let count = 0; ; count += 1) {
    const parents = parentOf.get(at);
    if (parents === undefined) return count === commits.length && count > 0 ? at : undefined;
    const [parent, ...others] = parents;
    if (parent === undefined || others.length > 0 || count > commits.length) return undefined;
    at = parent;
  }
}

const anAction = new RegExp(`^${vaultActions}/[^/]+\\.toml$`);

/** Why a merge would bring more than new actions, or undefined where it brings just these. */
export function whyNotMergeable(
  { commits, changes, taken }: MergeFacts,
  actions: string[],
): string | undefined {
  if (changes === null)
    return `its ${commits.length} commits are not one row: a merge among them can bring more than its files show`;
  const other = changes.find(
    ({ path, kind, mode }) => kind !== 'added' || mode !== '100644' || !actions.includes(path),
  );
  if (other !== undefined) return `it also changes ${other.path}`;
  if (changes.length !== actions.length) return 'it does not bring what was looked at';
  return taken.length === 0 ? undefined : `${taken.join(', ')} is on the branch by now`;
}

/** What a merge of ours did to the branch beyond bringing new actions: nothing, or somebody turned the branch back through it. */
export function strayChanges(changes: { path: string; status: string }[]): string[] {
  return changes
    .filter(({ path, status }) => status !== 'added' || !anAction.test(path))
    .map(({ path }) => path);
}
