import * as z from 'zod/mini';
import { activateRepository } from './changes/activate-repository.ts';
import { addLabels } from './changes/add-labels.ts';
import { approvePull } from './changes/approve-pull.ts';
import { askModel } from './changes/ask-model.ts';
import { cancelRun } from './changes/cancel-run.ts';
import { carryOut } from './changes/carry-out.ts';
import { closeIssue } from './changes/close-issue.ts';
import { comment } from './changes/comment.ts';
import { commentSection } from './changes/comment-section.ts';
import { createAccount } from './changes/create-account.ts';
import { createBranch } from './changes/create-branch.ts';
import { createCron } from './changes/create-cron.ts';
import { createIssue } from './changes/create-issue.ts';
import { createLabel } from './changes/create-label.ts';
import { createRepository } from './changes/create-repository.ts';
import { deleteBranch } from './changes/delete-branch.ts';
import { deleteProtection } from './changes/delete-protection.ts';
import { deleteRef } from './changes/delete-ref.ts';
import { addDependency, removeDependency } from './changes/dependency.ts';
import { dispatch } from './changes/dispatch.ts';
import { fork } from './changes/fork.ts';
import { handToken } from './changes/hand-token.ts';
import { keep } from './changes/keep.ts';
import type { Applied, ApplyContext, ChangeKind } from './changes/kind.ts';
import { mergePull } from './changes/merge-pull.ts';
import { openPull } from './changes/open-pull.ts';
import { prepareAgent } from './changes/prepare-agent.ts';
import { pushCommit } from './changes/push-commit.ts';
import { react } from './changes/react.ts';
import { refuse } from './changes/refuse.ts';
import { removeLabel } from './changes/remove-label.ts';
import { requestReview } from './changes/request-review.ts';
import { runAgent } from './changes/run-agent.ts';
import { setAssignees } from './changes/set-assignees.ts';
import { setCollaborator } from './changes/set-collaborator.ts';
import { setProtection } from './changes/set-protection.ts';
import { setStatus } from './changes/set-status.ts';
import { setTeam } from './changes/set-team.ts';
import { startPipeline } from './changes/start-pipeline.ts';
import { switchOffActions } from './changes/switch-off-actions.ts';
import { syncFork } from './changes/sync-fork.ts';
import { takeUp } from './changes/take-up.ts';
import { updateComment } from './changes/update-comment.ts';
import { updateIssue } from './changes/update-issue.ts';
import { updateSections } from './changes/update-sections.ts';
import { writeFiles } from './changes/write-files.ts';
import { writeWorkspaceFile } from './changes/write-workspace-file.ts';

/** Every kind of change there is. A new kind is a file in `changes/` and one line here. */
const kinds = {
  keep,
  refuse,
  'create-label': createLabel,
  'add-labels': addLabels,
  'remove-label': removeLabel,
  'create-issue': createIssue,
  'update-issue': updateIssue,
  'close-issue': closeIssue,
  'add-dependency': addDependency,
  'remove-dependency': removeDependency,
  'update-sections': updateSections,
  comment,
  'update-comment': updateComment,
  'comment-section': commentSection,
  'set-status': setStatus,
  'set-protection': setProtection,
  'delete-protection': deleteProtection,
  'write-files': writeFiles,
  'push-commit': pushCommit,
  fork,
  'sync-fork': syncFork,
  'open-pull': openPull,
  'approve-pull': approvePull,
  'merge-pull': mergePull,
  'create-branch': createBranch,
  'delete-branch': deleteBranch,
  'delete-ref': deleteRef,
  dispatch,
  'start-pipeline': startPipeline,
  'cancel-run': cancelRun,
  'ask-model': askModel,
  react,
  'carry-out': carryOut,
  'request-review': requestReview,
  'set-assignees': setAssignees,
  'run-agent': runAgent,
  'prepare-agent': prepareAgent,
  'take-up': takeUp,
  'create-repository': createRepository,
  'switch-off-actions': switchOffActions,
  'create-account': createAccount,
  'set-collaborator': setCollaborator,
  'set-team': setTeam,
  'hand-token': handToken,
  'activate-repository': activateRepository,
  'create-cron': createCron,
  'write-workspace-file': writeWorkspaceFile,
};

type Kinds = typeof kinds;
export type ChangeName = keyof Kinds;

/** A change of one of the given kinds (all of them when none are named), as plain data: it survives JSON. */
export type Change<K extends ChangeName = ChangeName> = {
  [N in K]: z.infer<ReturnType<Kinds[N]['schema']>>;
}[K];

/** The kind behind a change; the cast is sound because a kind's name is its schema's `kind` literal. */
function kindOf(name: ChangeName): ChangeKind<string, z.ZodMiniType> {
  return kinds[name] as unknown as ChangeKind<string, z.ZodMiniType>;
}

/** A change that comes back from JSON, checked again; throws with what is wrong. */
export function parseChange(data: unknown): Change {
  const { kind } = z
    .object({ kind: z.enum(Object.keys(kinds) as [ChangeName, ...ChangeName[]]) })
    .parse(data);
  return kindOf(kind).schema().parse(data) as Change;
}

/**
 * The sign before a change in a plan: `+` for what is made, `~` for what is changed, `-` for what goes, `!` for what a person
 * should look at.
 */
export function signOf(change: Change): string {
  return change.kind === 'keep' && change.notice === true ? '!' : kindOf(change.kind).sign;
}

/** `4 issues to create, 1 issue to label`: changes counted by kind, in the order of their first one. */
export function countChanges(changes: Change[], when: 'before' | 'after'): string {
  const counts = new Map<ChangeName, number>();
  for (const change of changes) counts.set(change.kind, (counts.get(change.kind) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => {
      const { noun, verb } = kindOf(name);
      return `${count} ${noun[count === 1 ? 0 : 1]} ${verb[when === 'before' ? 0 : 1]}`;
    })
    .join(', ');
}

/** What the change will do, in one line without its reason. */
export function describeChange(change: Change): string {
  return kindOf(change.kind).describe(change);
}

/** Keys of changes that have to be done first: said outright in `after`, or referred to. */
export function neededKeys(change: Change): string[] {
  return [...new Set([...(change.after ?? []), ...(kindOf(change.kind).references?.(change) ?? [])])];
}

/** Carries a change out. The one place where a plan becomes writes. */
export function applyChange(change: Change, context: ApplyContext): Promise<Applied> {
  return kindOf(change.kind).apply(change, context);
}
