import type { Change } from '../../core/change.ts';
import { keep, notice, refuse, refuseFor } from '../../core/plan.ts';
import { firstLine } from '../../core/text/lines.ts';
import { vaultActions } from '../../core/vault/action.ts';
import { claimsBranch, endedFolder, formerFolders, recordPath } from '../../core/vault/record.ts';
import { verdictOn } from '../../core/vault/verdict.ts';
import { follow, refuseEdited } from './follow.ts';
import { gate } from './gate.ts';
import { intend, reject, withdraw } from './intend.ts';
import { validate } from './local.ts';
import { strayChanges } from './low-tier.ts';
import { review } from './review.ts';
import { verdictSettings } from './settings.ts';
import type {
  ActionState,
  DispatchState,
  OpenState,
  UnguardedState,
  VaultSettings,
  VaultState,
} from './state.ts';
import { holdText, obstacleLine } from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [
  'keep',
  'refuse',
  'write-files',
  'dispatch',
  'start-pipeline',
  'cancel-run',
  'approve-pull',
  'merge-pull',
  'set-status',
  'comment',
  'update-comment',
  'comment-section',
] as const;
type VaultChange = Change<(typeof changes)[number]>;

/** What the role does follows from where it stands: in a pull request, in a formula's pipeline, or in the ops repo. */
export function plan(settings: VaultSettings, state: VaultState): VaultChange[] {
  switch (state.kind) {
    case 'local':
      return validate(state);
    case 'gate':
      return gate(state);
    case 'unguarded':
      return [unguarded(state)];
    case 'policy-faulty':
      return state.faults.map(refuse);
    case 'review':
      return review(settings, state);
    case 'dispatch':
      return dispatch(settings, state);
  }
}

/** Nothing on such a branch is believed. It is never made here: making it anew would let every spent id run again. */
function unguarded({ unguarded: { repository, branch, guard }, account }: UnguardedState): VaultChange {
  const where = `${branch} of ${repository}`;
  const what =
    guard.kind === 'missing'
      ? 'is not there. `forgecrew protect --apply` makes it, once. If it was there before, somebody deleted it with every id that was spent: restore it, and do not make it anew'
      : guard.kind === 'unprotected'
        ? 'is not protected, so whoever may push could have written what stands there. Look at what it holds, then run `forgecrew protect --apply`'
        : guard.kind === 'mergeable'
          ? 'takes pull requests that whoever may write can merge, so they could have written what stands there. Look at what it holds, then run `forgecrew protect --apply`'
          : guard.kind === 'shared'
            ? `can also be pushed to by ${guard.others.join(', ')}: whoever may could write records or take them away. Look at what it holds, then run \`forgecrew protect --apply\``
            : guard.kind === 'swapped'
              ? `took the place of a branch that was renamed: the rule that protects it is that of ${guard.rule}. Look for the branch that stood here before, under another name, and restore it`
              : guard.isOurs
                ? `can be pushed to by ${account.login}, and should not: only one account writes to each branch of records. \`forgecrew protect\` shows and sets who`
                : `cannot be pushed to by ${account.login}, which should be the one account that may. \`forgecrew protect\` shows and sets who`;
  return refuseFor(where, `${what}. Nothing is started`);
}

/**
 * Each action goes its own way: asked, proven, intended, started, finished. Nothing is started before its intent stands
 * in the repository, and an intent that another run wrote is never acted on: so nothing is started twice.
 */
function dispatch(settings: VaultSettings, state: DispatchState): VaultChange[] {
  const ended = endedNow(state);
  const stray = state.actions.flatMap((action) => strayMerge(state, action));
  // Through such a merge somebody may have brought back an old policy, so nothing that it says counts.
  const isTrusted = stray.length === 0;
  const planned = state.actions.flatMap((action) =>
    isTrusted || action.kind !== 'open' ? [{ action, own: decide(settings, state, action) }] : [],
  );
  const withheld = new Set<VaultChange[]>();
  const told: VaultChange[] = [];
  for (const [author, theirs] of byAuthor(planned.filter(({ own }) => own.some(starts)))) {
    if (theirs.length <= settings['max-dispatches']) continue;
    for (const { own } of theirs) withheld.add(own);
    told.push(
      refuseFor(
        '',
        `${theirs.length} actions ${author === '' ? 'without a pull request' : `that ${author} asked for`} are ready, which is more than max-dispatches (${settings['max-dispatches']}), so none of these is started: look at them, then raise it`,
      ),
    );
  }
  return [
    ...finishedText(state),
    ...state.planted.map((id) =>
      refuseFor(
        `${vaultActions}/${id}.toml`,
        `a file in ${formerFolders.join(', ')} of ${state.branch} says that ${id} was used. It came there after records got a branch of their own, so ${state.account.login} did not write it. The id counts as spent: find out who made it, and ask again under another id`,
      ),
    ),
    ...stray,
    ...told,
    // What was started before is followed all the same.
    ...planned.flatMap(({ own }) => (withheld.has(own) ? [] : own)),
    ...state.withdrawn.flatMap((action) => withdraw(state, action)),
    ...ended,
  ];
}

function starts({ kind }: VaultChange): boolean {
  return kind === 'dispatch' || kind === 'start-pipeline';
}

/** Whoever asks for too much stands in nobody's way but their own. */
function byAuthor<T extends { action: ActionState }>(planned: T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of planned) {
    const brought = item.action.kind === 'open' ? item.action.candidate.brought : undefined;
    const author = brought?.kind === 'pull' ? (brought.pull.author?.login ?? '').toLowerCase() : '';
    found.set(author, [...(found.get(author) ?? []), item]);
  }
  return found;
}

/** What is over is counted, and nothing more. */
function finishedText({ finished: { ended, rejected, earlier } }: DispatchState): VaultChange[] {
  const parts = [
    ...(ended > 0 ? [`${ended} ${ended === 1 ? 'action has' : 'actions have'} ended`] : []),
    ...(rejected > 0 ? [`${rejected} ${rejected === 1 ? 'was' : 'were'} rejected`] : []),
    ...(earlier > 0
      ? [`${earlier} ${earlier === 1 ? 'is' : 'are'} from before there was a branch of records`]
      : []),
  ];
  return parts.length === 0 ? [] : [keep(parts.join(', '))];
}

/** The run that finds out that something did not end well ends red; afterwards it is on record. */
function endedNow({ endedNow: found }: DispatchState): VaultChange[] {
  return found.flatMap(({ record: { id, outcome, run }, isEdited }) => [
    ...(isEdited ? [refuseEdited(`${vaultActions}/${id}.toml`)] : []),
    ...(outcome === 'success'
      ? []
      : [
          refuseFor(
            recordPath(endedFolder, id),
            `the run of ${id} ended with ${outcome}, ${run.url}; the id is spent`,
          ),
        ]),
  ]);
}

/** A merge by our own account that did more than it was made for. */
function strayMerge({ account, branch }: DispatchState, action: ActionState): VaultChange[] {
  if (action.kind !== 'open') return [];
  const { brought } = action.candidate;
  if (brought.kind !== 'pull' || brought.mergedBy !== account.id) return [];
  const stray = strayChanges(brought.changes);
  return stray.length === 0
    ? []
    : [
        refuseFor(
          action.file,
          `#${brought.pull.number} was merged by ${account.login} as one that only adds actions, and it changed ${stray.slice(0, 5).join(', ')} on ${branch} too. Nothing is started: look at what ${brought.commit} did, revert it, and find out who made it`,
        ),
      ];
}

function decide(settings: VaultSettings, state: DispatchState, action: ActionState): VaultChange[] {
  switch (action.kind) {
    case 'troubled':
      return [refuseFor(action.file, action.trouble)];
    case 'faulty':
      return action.faults.map(refuse);
    case 'human':
      return [waitsForPerson(action.action)];
    case 'fired':
      return follow(state, action);
    case 'open':
      return judge(settings, state, action);
  }
}

function waitsForPerson({
  id,
  action_required,
  unblocks,
}: Extract<ActionState, { kind: 'human' }>['action']): VaultChange {
  return notice(
    `${id} waits for a person: ${firstLine(action_required.description)}`,
    unblocks === undefined ? '' : `unblocks ${unblocks.join(', ')}`,
  );
}

/** An action without any record: what the verdict on it means here, once it is merged. */
function judge(
  settings: VaultSettings,
  state: DispatchState,
  open: { id: string; file: string } & OpenState,
): VaultChange[] {
  const { id, file, action, blob, candidate, isClaimed } = open;
  const { policy, now, account } = state;
  const verdict = verdictOn({
    action,
    blob,
    candidate,
    policy,
    settings: verdictSettings(settings, account.login),
    now,
  });
  switch (verdict.kind) {
    case 'human':
      return [waitsForPerson(verdict.action)];
    case 'faulty':
      return verdict.faults.map(refuse);
    case 'unknown':
      return [refuseFor(file, `whether it was approved could not be found out: ${verdict.reason}`)];
    case 'denied':
      return reject(state, open, verdict.reasons);
    case 'held':
      return [notice(`${id} waits: ${holdText(verdict.hold)}`, `${verdict.tier}: ${verdict.tierReason}`)];
    case 'obstructed':
      return verdict.obstacles
        .filter(({ isFatal }) => isFatal)
        .map((obstacle) => refuseFor(file, obstacleLine(obstacle)));
    case 'allowed':
      if (isClaimed)
        return [
          refuseFor(
            file,
            `a claim of ${id} stands on ${claimsBranch} although nothing was started: its gate would refuse. Find out who holds the gatekeeper's token, and ask again under another id`,
          ),
        ];
      return [
        ...verdict.obstacles.map((obstacle) => notice(`${id}: ${obstacleLine(obstacle)}`)),
        ...intend(state, open, verdict),
      ];
  }
}
