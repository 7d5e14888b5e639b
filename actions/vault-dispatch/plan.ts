import type { Change } from '../../core/change.ts';
import { keep, notice, refuse, refuseFor } from '../../core/plan.ts';
import { firstLine } from '../../core/text/lines.ts';
import { recordPath, rejectedFolder } from '../../core/vault/record.ts';
import { verdictOn } from '../../core/vault/verdict.ts';
import { follow } from './follow.ts';
import { gate } from './gate.ts';
import { intend, reject } from './intend.ts';
import { validate } from './local.ts';
import { review } from './review.ts';
import { verdictSettings } from './settings.ts';
import type { ActionState, DispatchState, OpenState, VaultSettings, VaultState } from './state.ts';
import { exposedText, holdText } from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [
  'keep',
  'refuse',
  'write-files',
  'dispatch',
  'start-pipeline',
  'approve-pull',
  'merge-pull',
  'set-status',
  'comment',
  'update-comment',
] as const;
type VaultChange = Change<(typeof changes)[number]>;

/** What the role does follows from where it stands: in a pull request, in a formula's pipeline, or in the ops repo. */
export function plan(settings: VaultSettings, state: VaultState): VaultChange[] {
  switch (state.kind) {
    case 'local':
      return validate(state);
    case 'gate':
      return gate(state);
    case 'policy-faulty':
      return state.faults.map(refuse);
    case 'review':
      return review(settings, state);
    case 'dispatch':
      return dispatch(settings, state);
  }
}

/**
 * Each action goes its own way: asked, proven, intended, started, finished. Nothing is started before its intent stands
 * in the repository, and an intent that another run wrote is never acted on: so nothing is started twice.
 */
function dispatch(settings: VaultSettings, state: DispatchState): VaultChange[] {
  const planned = state.actions.map((action) => decide(settings, state, action));
  const starting = planned.filter((own) => own.some(starts));
  if (starting.length <= settings['max-dispatches']) return planned.flat();
  // What was started before is followed all the same.
  return [
    refuseFor(
      '',
      `${starting.length} actions are ready, which is more than max-dispatches (${settings['max-dispatches']}), so none of them is started: look at them, then raise it`,
    ),
    ...planned.filter((own) => !starting.includes(own)).flat(),
  ];
}

function starts({ kind }: VaultChange): boolean {
  return kind === 'dispatch' || kind === 'start-pipeline';
}

function decide(settings: VaultSettings, state: DispatchState, action: ActionState): VaultChange[] {
  switch (action.kind) {
    case 'troubled':
      return [refuseFor(action.file, action.trouble)];
    case 'faulty':
      return action.faults.map(refuse);
    case 'human':
      return [waitsForPerson(action.action)];
    case 'rejected':
      return [keep(`${action.id} was rejected, see ${recordPath(rejectedFolder, action.id)}`)];
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
  const { id, file, action, blob, candidate } = open;
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
      return [reject(state, open, verdict.reasons)];
    case 'held':
      return [notice(`${id} waits: ${holdText(verdict.hold)}`, `${verdict.tier}: ${verdict.tierReason}`)];
    case 'exposed':
      return [
        refuseFor(
          file,
          `${verdict.exposedTo.join(', ')} may not approve it, but can push to the repository whose CI holds its secrets, and so read them: take that away, or set accept-exposed-secrets`,
        ),
      ];
    case 'allowed':
      return [
        ...(verdict.exposedTo.length === 0
          ? []
          : [
              notice(
                `secrets of ${action.formula} can be read by ${verdict.exposedTo.join(', ')}`,
                exposedText,
              ),
            ]),
        ...intend(state, open, verdict),
      ];
  }
}
