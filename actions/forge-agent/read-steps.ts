import { sameRepository } from '../../core/accounts.ts';
import { handedPath, nameOf, repositoryOf } from '../../core/agent/entry.ts';
import { reserveMs } from '../../core/agent/follow.ts';
import {
  type HandedOutcome,
  type HandedRun,
  handedOutcomeIn,
  handedRunIn,
} from '../../core/agent/steps/handed.ts';
import type { Snapshot } from '../../core/forge/snapshot.ts';
import type { RunFacts } from '../../core/host/host.ts';
import type { Context, RunningIssue, SeenState, ServingState } from './state.ts';
import { runKey } from './text.ts';

// What the steps of one pipeline have left for each other in the state repo. Nothing in the workspace is looked at.

interface Seen<G = { snapshot: Snapshot; commit: string }> {
  base: SeenState;
  ground: G;
}

/** Both halves of what is handed over, each where it is there and is this round's. */
export interface Handed {
  run: HandedRun | undefined;
  outcome: HandedOutcome | undefined;
  files: { path: string; sha: string }[];
}

/** By what the steps of one workflow know each other, beside the number of their pipeline. */
export function workflowOf({ workflow, workflowNumber }: RunFacts): string {
  return workflowNumber === undefined ? workflow : `${workflow} ${workflowNumber}`;
}

/** The issue that this workflow of a pipeline has claimed; another one's is none of its steps' business. */
function ownOf({ facts }: Context, { running }: SeenState): RunningIssue | undefined {
  const { run, repository = '' } = facts;
  return running.find(({ entry: { lease } }) => {
    const held = lease.run;
    return (
      held !== null &&
      run !== undefined &&
      held.backend === run.backend &&
      held.id === run.id &&
      held.workflow === workflowOf(run) &&
      sameRepository(held.repository, repository)
    );
  });
}

export async function readHanded(
  { base, ground }: Seen,
  { entry }: Pick<RunningIssue, 'entry'>,
): Promise<Handed | undefined> {
  const { prepared } = entry;
  if (prepared === undefined) return undefined;
  const { snapshot, commit } = ground;
  const read = async (what: 'run' | 'outcome'): Promise<Uint8Array> => {
    const file = await snapshot.fileAt(commit, handedPath(nameOf(entry), what));
    return file.kind === 'file' ? file.bytes : new Uint8Array();
  };
  const [run, outcome] = await Promise.all([read('run'), read('outcome')]);
  const paths = (['run', 'outcome'] as const).map((what) => handedPath(nameOf(entry), what));
  return {
    run: handedRunIn(run, prepared),
    outcome: handedOutcomeIn(outcome, prepared),
    files: base.handed
      .map(({ path, sha }) => ({ path: `handed/${path}`, sha }))
      .filter(({ path }) => paths.includes(path)),
  };
}

/** What the step that serves knows. */
export async function readServing(context: Context, seen: Seen): Promise<ServingState> {
  const { previous } = context;
  const before = previous?.state.kind === 'serving' ? previous.state : undefined;
  const own = ownOf(context, seen.base) ?? null;
  const handed = own === null ? undefined : await readHanded(seen, own);
  return {
    ...seen.base,
    kind: 'serving',
    own,
    toDo: handed?.run ?? null,
    outcome: previous?.outcomes[runKey] ?? before?.outcome ?? null,
    isHandedOver: handed?.outcome !== undefined,
  };
}

/** How often it is looked whether something was handed over. */
const pauseMs = 5000;

/**
 * What a pipeline has claimed, and what came of it. The step that serves may still be at its work when the agent's is over, and
 * is given the time that the role has after an agent; where nothing comes by then, nothing will.
 */
export async function awaitHandedOver<G extends Seen['ground']>(
  context: Context,
  look: () => Promise<Seen<G>>,
): Promise<Seen<G> & { own: RunningIssue | undefined; handed: Handed | undefined }> {
  const until = context.clock().getTime() + reserveMs;
  for (;;) {
    const seen = await look();
    const own = ownOf(context, seen.base);
    if (own === undefined) return { ...seen, own, handed: undefined };
    const handed = await readHanded(seen, own);
    if (handed?.outcome !== undefined || context.previous !== undefined || context.clock().getTime() > until)
      return { ...seen, own, handed };
    await context.pause(
      pauseMs,
      `the step that serves ${repositoryOf(own.entry)}#${own.entry.issue_number} has not handed over yet`,
    );
  }
}
