import { alone } from '../../core/api/errors.ts';
import { documentName } from '../../core/document-name.ts';
import { findFile } from '../../core/forge/contents.ts';
import { headKept } from '../../core/forge/pulls.ts';
import { actionId, parseVaultAction, vaultActions } from '../../core/vault/action.ts';
import { type Base, findPull } from '../../core/vault/read-candidate.ts';
import { isSpent, type Records } from '../../core/vault/read-records.ts';
import { withdrawnPath } from '../../core/vault/record.ts';
import type { Context, WithdrawnAction } from './state.ts';

/** More than these are left for the next run: whoever takes many away at once should not hold up what starts. */
const mostAtOnce = 10;

/**
 * Actions that the newest commits of the branch took away before they started, and of which that was not told yet. Nothing on
 * the branch shows them any more, so its newest commits are asked for: a page, which a run that decides about an action needs
 * anyway. What was taken away longer ago is not told, which nothing depends on.
 */
export async function readWithdrawn(
  { send }: Pick<Context, 'send'>,
  base: Base,
  { records, former, present }: { records: Records; former: Set<string>; present: Set<string> },
): Promise<WithdrawnAction[]> {
  const recent = await base.line.recent();
  const looked = new Set<string>();
  const found: { id: string; file: string; index: number }[] = [];
  for (const [index, { sha, files }] of recent.entries())
    for (const { path, status } of files) {
      const id = documentName(path);
      const isAction = path === `${vaultActions}/${id}.toml` && actionId.test(id);
      // Only how it stands now counts, so only the newest change of each.
      if (!isAction || looked.has(id)) continue;
      looked.add(id);
      if (status !== 'removed' || present.has(id) || isSpent(id, records, former)) continue;
      if (!records.withdrawn.has(withdrawnPath(id, sha))) found.push({ id, file: path, index });
    }
  const read = await Promise.all(
    found.slice(0, mostAtOnce).map(({ id, file, index }) =>
      alone(async (): Promise<WithdrawnAction | undefined> => {
        const commit = recent[index];
        if (commit === undefined) return undefined;
        const by = await findPull(base, commit, recent.slice(0, index).reverse());
        return {
          id,
          commit: commit.sha,
          by: by === undefined ? null : { number: by.pull.number, url: by.pull.html_url ?? null },
          asked: (await isForPerson(send, base, file, commit.parents[0]))
            ? null
            : await whoAsked(send, base, file, commit.sha),
        };
      }),
    ),
  );
  // What could not be read is looked at again by the next run.
  return read.flatMap(({ value }) => value ?? []);
}

/** Whether what was taken away had asked a person, who did it, and not for a run. */
async function isForPerson(
  send: Context['send'],
  { repository }: Base,
  file: string,
  before: string | undefined,
): Promise<boolean> {
  const found = await findFile(send, repository, file, before);
  const parsed = found === undefined ? undefined : parseVaultAction(file, found.bytes);
  return parsed?.ok === true && parsed.document.kind === 'human';
}

/** The pull request that had brought an action, and the head of it that people decided about. */
async function whoAsked(
  send: Context['send'],
  base: Base,
  file: string,
  removal: string,
): Promise<WithdrawnAction['asked']> {
  const change = await base.line.changeBefore(file, removal);
  const brought = change.kind === 'found' ? await findPull(base, change.commit, change.later) : undefined;
  if (brought === undefined || brought.pull.base.ref !== base.branch) return null;
  const { pull, merge } = brought;
  return {
    number: pull.number,
    head: merge.parents[1] ?? (await headKept(send, base.repository, pull.number)) ?? pull.head.sha,
  };
}
