import type { Change } from '../../core/change.ts';
import type { HostFacts } from '../../core/host/host.ts';
import { notice, refuseFor } from '../../core/plan.ts';
import { runNumber } from '../../core/run-number.ts';
import { quoted } from '../../core/text/log-line.ts';
import { type ClaimRecord, claimedFolder, recordPath, recordText } from '../../core/vault/record.ts';
import { workflowName } from '../../core/vault/workflow.ts';
import type { GateState, NamedRun } from './state.ts';
import { approvedBy, variablesFor } from './text.ts';

type GateChange = Change<'keep' | 'refuse' | 'write-files'>;

/**
 * The first step inside a formula's own pipeline: nothing after it runs unless a record names this very run, and this
 * is the first that claims it.
 */
export function gate(state: GateState): GateChange[] {
  const { found, isDryRun } = state;
  if (isDryRun) return [refuseFor('gate', 'a gate cannot be tried without claiming: take dry-run away')];
  switch (found.kind) {
    case 'no-run':
      return [
        refuseFor('gate', 'this is no step of a pipeline: a gate stands first in a formula’s own workflow'),
      ];
    case 'no-record':
      return [
        refuseFor(
          'gate',
          `no record names run ${runNumber({ id: found.run.id, url: state.runUrl })} of ${found.ciRepository}: it was not started by vault-dispatch, so nothing runs. Ask for it with a vault action`,
        ),
      ];
    case 'hopeless':
      return [
        refuseFor(
          'gate',
          `${found.why}: it was not started by vault-dispatch, so nothing runs and nothing is waited for`,
        ),
      ];
    case 'named': {
      const refused = whyNotThisRun(found);
      return [refused === undefined ? letThrough(state, found) : refuseFor('gate', refused)];
    }
  }
}

/** Claims the run, or says that it is claimed by this very step. */
function letThrough(state: GateState, { run, ciRepository, record, claim }: NamedRun): GateChange {
  if (claim.kind === 'ours')
    return notice(
      `the gate is open: this is the run of ${record.id}`,
      `${record.tier}, ${record.approvals.length === 0 ? 'which needs no approval' : `approved by ${approvedBy(record.approvals)}`}`,
    );
  const claiming: ClaimRecord = {
    version: 2,
    id: record.id,
    nonce: record.intent.nonce,
    run: { backend: run.backend, repository: ciRepository, id: run.id, url: state.runUrl },
    at: state.now,
    by: state.account.login,
  };
  return {
    kind: 'write-files',
    ...state.claims,
    files: [{ path: recordPath(claimedFolder, record.id), content: recordText(claiming), expects: null }],
    message: `vault: claim ${record.id}`,
    why: `this run is the one that ${record.id} was approved for`,
  };
}

/**
 * Why a gate asks nobody anything, or undefined. Whoever starts a pipeline by hand may put settings into a plugin's
 * environment, on Woodpecker up to 3.17 and in a restart: so its token goes nowhere but to the forge that CI itself
 * names, and not at all for a run that would be refused anyway.
 */
export function whyNotAsk({
  run,
  event,
  forgeUrl,
  given,
}: Pick<HostFacts, 'run' | 'event' | 'forgeUrl'> & { given: string }): string | undefined {
  const bare = (url: string): string => url.replace(/\/+$/, '');
  if (forgeUrl !== undefined && bare(forgeUrl) !== bare(given))
    return `forge-url is ${quoted(given)}, but CI says that its forge is ${quoted(forgeUrl)}: a gate asks no other`;
  if (run === undefined) return undefined;
  if (!run.isManual)
    return `this run was started by ${event ?? 'something else'}, and not by vault-dispatch: nothing runs`;
  return run.isFirst ? undefined : 'this is a rerun: an action runs once. Ask again under another id';
}

/** Why this run is not the one that was approved, or undefined. */
function whyNotThisRun({ run, record, hasEnded, inputs, commit, claim }: NamedRun): string | undefined {
  if (hasEnded) return `${record.id} has ended already`;
  if (workflowName(record.run) !== run.workflow)
    return `${record.id} runs ${workflowName(record.run)}, and this is ${run.workflow === '' ? 'another workflow' : run.workflow}`;
  const approved =
    run.backend === 'woodpecker-pipeline'
      ? variablesFor(record.run.inputs, record.formula)
      : record.run.inputs;
  if (inputs !== null && Object.entries(approved).some(([name, value]) => inputs[name] !== value))
    return `this run was not told what was approved for ${record.id}: its inputs differ`;
  // The commit holds the workflow and every file that its steps run.
  if (commit === null) return 'the host does not say which commit runs';
  if (commit !== record.run.commit)
    return `${record.id} was to run at ${record.run.commit}, and this runs ${commit}: ${record.run.ref} has moved since it was started`;
  if (claim.kind === 'unreadable')
    return `${recordPath(claimedFolder, record.id)} is there, and is no claim: somebody else made it`;
  if (claim.kind === 'theirs')
    return `${record.id} was claimed at ${claim.record.at} already, by run ${runNumber(claim.record.run)} of ${claim.record.run.repository}`;
  return undefined;
}
