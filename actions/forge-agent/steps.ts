import { entryText, handedPath, type IssueName, nameOf, repositoryOf } from '../../core/agent/entry.ts';
import { handedKey, refusedKey, sessionKey } from '../../core/agent/outcome.ts';
import {
  type HandedOutcome,
  type HandedRun,
  handedOutcomeText,
  handedRunText,
} from '../../core/agent/steps/handed.ts';
import { type HandedKind, handedRef } from '../../core/agent/work/kept-refs.ts';
import type { Change } from '../../core/change.ts';
import type { Claim } from '../../core/changes/fields.ts';
import { keep, refuseFor } from '../../core/plan.ts';
import { claimOf, rewrite } from './ending.ts';
import type { LookingState, Mine, ServingState } from './state.ts';
import { runKey } from './text.ts';

// One round in three steps of a pipeline: what each leaves in the state repo for the next one; pure.

type StepChange = Change<'keep' | 'refuse' | 'run-agent' | 'push-commit' | 'write-files'>;

/** What the step that prepares leaves for the others with its claim, in place of what an earlier round left. */
export function handOn(
  { handed }: Pick<LookingState, 'handed'>,
  name: IssueName,
  run: HandedRun,
): Pick<Change<'write-files'>, 'files'> & { remove: { path: string; expects: string }[] } {
  const shaOf = (path: string): string | undefined =>
    handed.find((item) => `handed/${item.path}` === path)?.sha;
  const [mine, old] = [handedPath(name, 'run'), handedPath(name, 'outcome')];
  const oldSha = shaOf(old);
  return {
    files: [{ path: mine, content: handedRunText(run), expects: shaOf(mine) ?? null }],
    remove: oldSha === undefined ? [] : [{ path: old, expects: oldSha }],
  };
}

/** What the step that serves does: it runs the agent that was prepared, and hands over what came of it. */
export function serve(state: ServingState): StepChange[] {
  const { own, toDo, outcome, isHandedOver, stateRepo } = state;
  if (own === null) return [keep('this pipeline has claimed no issue, so there is no agent to serve')];
  const { entry } = own;
  const name = `${repositoryOf(entry)}#${entry.issue_number}`;
  if (isHandedOver) return [keep(`what came of ${name} is handed over to the step that finishes it`)];
  if (toDo === null)
    return [
      refuseFor(
        name,
        'what the step with mode prepare has left for this one in the state repo cannot be read, so no agent is served',
      ),
    ];
  const held = claimOf(stateRepo, entry);
  if (outcome === null)
    return [
      {
        ...toDo.run,
        kind: 'run-agent',
        held,
        entry: { ...toDo.run.entry, text: entryText(entry) },
        why: `round ${entry.rounds} of ${name}`,
      },
    ];
  const kept = keptOf(outcome, repositoryOf(entry), entry.issue_number);
  return [
    ...kept.map(
      ({ what, ref, commit, from }): StepChange => ({
        kind: 'push-commit',
        key: `kept ${what}`,
        repository: stateRepo.repository,
        ref,
        commit,
        expects: 'any',
        from,
        held,
        why: 'the step that finishes takes it from there',
      }),
    ),
    {
      kind: 'write-files',
      key: 'handed over',
      after: kept.map(({ what }) => `kept ${what}`),
      held,
      repository: stateRepo.repository,
      branch: stateRepo.branch,
      files: [
        {
          path: handedPath(nameOf(entry), 'outcome'),
          content: handedOutcomeText({
            version: 1,
            lease: entry.prepared ?? entry.lease.id,
            outcome,
            kept: kept.map(({ what, ref, commit }) => ({ what, ref, commit })),
          }),
          expects: null,
        },
      ],
      message: `${name}: what came of round ${entry.rounds}, for the step that finishes`,
      why: 'it is handed over through the state repo alone',
    },
  ];
}

const names: Record<HandedKind, (key: string) => string> = {
  work: handedKey,
  session: sessionKey,
  refused: refusedKey,
};

/** The commits that belong to an outcome, as the step that ran the agent knows them. */
function keptOf(
  { work, kept, handed }: NonNullable<ServingState['outcome']>,
  repository: string,
  issue: number,
): (HandedOutcome['kept'][number] & { from: string })[] {
  const commits: Record<HandedKind, string | null> = {
    work: handed ?? null,
    session: kept.kind === 'session' ? kept.commit : null,
    refused: work.kind === 'refused' ? work.commit : null,
  };
  return (Object.keys(commits) as HandedKind[]).flatMap((what) => {
    const commit = commits[what];
    return commit === null
      ? []
      : [{ what, ref: handedRef(repository, issue, what), commit, from: names[what](runKey) }];
  });
}

/** What the step that finishes has to bring to its machine before anything can be pushed. */
export function takenUp(
  { stateRepo }: Pick<LookingState, 'stateRepo'>,
  { handed, outcome, candidate, done }: Pick<Mine, 'handed' | 'outcome' | 'candidate' | 'done'>,
  held: Claim,
): Change<'take-up'>[] {
  if (handed === null || outcome === null) return [];
  const { work } = outcome;
  return handed.kept
    .filter(({ what }) => !done.includes(`take up ${what}`))
    .map(({ what, ref, commit }) => ({
      kind: 'take-up',
      key: `take up ${what}`,
      repository: stateRepo.repository,
      ref,
      commit,
      work:
        what === 'work' && work.kind === 'work'
          ? {
              repository: candidate.repository,
              base: handed.base,
              merges: handed.merges,
              commit: work.commit,
            }
          : null,
      as: what === 'work' ? runKey : names[what](runKey),
      held,
      why: 'the step that serves has left it there',
    }));
}

/** What was handed over is of no use once it is where it belongs. */
export function handedRefsGone(
  { stateRepo }: Pick<LookingState, 'stateRepo'>,
  { handed }: Pick<Mine, 'handed'>,
  held: Claim,
): Change<'delete-ref'>[] {
  return (handed?.kept ?? []).map(({ ref, commit }) => ({
    kind: 'delete-ref',
    repository: stateRepo.repository,
    ref,
    expects: commit,
    held,
    why: 'it stands where it belongs',
  }));
}

export function goneOf({ handed }: Pick<Mine, 'handed'>): { path: string; expects: string }[] {
  return (handed?.files ?? []).map(({ path, sha }) => ({ path, expects: sha }));
}

/**
 * A round of which nothing was handed over: the agent's step or the one that serves was cut off. It is let go, so that the next
 * run takes it over as it takes over every round that was cut off, and waits for no lease to run out.
 */
export function letGo(
  { stateRepo, now }: Pick<LookingState, 'stateRepo' | 'now'>,
  mine: Mine,
): Change<'keep' | 'refuse' | 'write-files'>[] {
  const { entry } = mine;
  const name = `${repositoryOf(entry)}#${entry.issue_number}`;
  const why = 'the step that serves has handed over nothing, so this round was cut off';
  if (Date.parse(entry.lease.until) <= Date.parse(now))
    return [refuseFor(name, `${why}; the next run takes it over`)];
  return [
    refuseFor(name, `${why}; the next run takes it over`),
    {
      ...rewrite(stateRepo, mine, {
        over: { lease: { ...entry.lease, until: now } },
        said: why,
        why: 'the next run need not wait for its lease to run out',
      }),
      held: claimOf(stateRepo, entry),
    },
  ];
}
