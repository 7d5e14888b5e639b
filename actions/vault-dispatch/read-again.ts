import { blobId } from '../../core/forge/blobs.ts';
import { createRuns } from '../../core/forge/workflows.ts';
import { ownComments } from '../../core/own-comment.ts';
import { endedFolder, firedFolder, rejectedFolder, withdrawnPath } from '../../core/vault/record.ts';
import { readEndedNow, recordOf, seen } from './read-fired.ts';
import type { ActionState, Context, DispatchState } from './state.ts';
import { reviewSign } from './text.ts';

/**
 * The state after a round in which all was done as planned, where that can be told: what this run wrote nobody else could write
 * to the branch of records, and a write that somebody else was faster with is not among what was done. Only runs that were
 * just started are looked for. Whatever was left alone is as it was, with the time it was decided at: the same is decided
 * of it, and the next run looks at it anew. Undefined where everything has to be read once more.
 */
export async function readAgain(context: Context): Promise<DispatchState | undefined> {
  const { previous, send } = context;
  if (previous?.state.kind !== 'dispatch' || previous.stale.length + previous.declined.length > 0)
    return undefined;
  const { state, done } = previous;
  const written = done.flatMap((change) => (change.kind === 'write-files' ? change.files : []));
  const fired = new Map(written.flatMap((file) => pairs(firedFolder, file)));
  const ended = new Map(written.flatMap((file) => pairs(endedFolder, file)));
  const rejected = new Map(written.flatMap((file) => pairs(rejectedFolder, file)));
  const started = state.actions.filter(({ kind, id }) => kind === 'open' && fired.has(id));
  const runs = { runs: createRuns(send), areMany: started.length > 1 };
  const actions = await Promise.all(
    state.actions
      .filter(({ id }) => !ended.has(id) && !rejected.has(id))
      .map(async (action): Promise<ActionState | undefined> => {
        const content = fired.get(action.id);
        if (content === undefined) return action;
        const record = recordOf(Buffer.from(content, 'utf8'), action.id);
        if (record === null) return undefined;
        const blob = blobId(content, state.commit);
        const { id, file } = action;
        if (action.kind === 'fired')
          return action.record.kind === 'seen'
            ? withoutComment({ ...action, record: { ...action.record, record, blob } })
            : undefined;
        return {
          id,
          file,
          kind: 'fired',
          isEdited: false,
          record: await seen(context, state.account, { record, blob, runs }),
          ...commentOf(state, action),
        };
      }),
  );
  if (actions.some((action) => action === undefined)) return undefined;
  const { finished } = state;
  const paths = new Set(written.map((file) => file.path));
  return {
    ...state,
    withdrawn: state.withdrawn.filter(({ id, commit }) => !paths.has(withdrawnPath(id, commit))),
    finished: {
      ...finished,
      ended: finished.ended + ended.size,
      rejected: finished.rejected + rejected.size,
    },
    endedNow: readEndedNow(context),
    actions: actions.flatMap((action) => action ?? []),
  };
}

/** By now the comment says something else than when it was read. */
function withoutComment<T extends { comment?: unknown }>({ comment: _, ...action }: T): Omit<T, 'comment'> {
  return action;
}

/** Our comment on the pull request that brought an action, unless it brought others as well: they share it. */
function commentOf(
  { account, actions }: DispatchState,
  action: ActionState,
): { comment?: { id: number; body: string } } {
  const brought = action.kind === 'open' ? action.candidate.brought : undefined;
  if (brought?.kind !== 'pull') return {};
  const isShared = actions.some((other) => other !== action && pullOf(other) === brought.pull.number);
  const [comment] = ownComments(brought.said ?? [], account, reviewSign);
  return isShared || comment === undefined ? {} : { comment: { id: comment.id, body: comment.body } };
}

/** The pull request that an action came with, as far as it is known. */
function pullOf(action: ActionState): number | null | undefined {
  if (action.kind === 'fired')
    return action.record.kind === 'unreadable' ? undefined : action.record.record.pull;
  const brought = action.kind === 'open' ? action.candidate.brought : undefined;
  return brought?.kind === 'pull' ? brought.pull.number : undefined;
}

function pairs(folder: string, { path, content }: { path: string; content: string }): [string, string][] {
  const [, id] = new RegExp(`^${folder}/(.+)\\.json$`).exec(path) ?? [];
  return id === undefined ? [] : [[id, content]];
}
