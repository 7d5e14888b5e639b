import {
  type Entry,
  entryPath,
  entryText,
  frozenPath,
  nameOf,
  repositoryOf,
  runningPath,
  spentPath,
  spentText,
} from '../../core/agent/entry.ts';
import type { Change } from '../../core/change.ts';
import type { Claim } from '../../core/changes/fields.ts';
import type { LookingState, RunningIssue } from './state.ts';

// The claim on an issue, and its end; pure.

type StateRepo = Pick<LookingState['stateRepo'], 'repository' | 'branch'>;

/**
 * What a round has cost, for its entry and for the day, whoever ends it. `counted`: of one that ended. Of one that was cut off it is
 * what its last check-in says: or it would be free, and one that is cut off again and again would have no limit.
 */
export function settle(
  entry: Entry,
  at: string,
  counted: number | null = entry.spending ?? null,
): { over: Pick<Entry, 'cost' | 'spending'>; beside: Change<'write-files'>['files'] } {
  const { cost, agent_name: agent, lease } = entry;
  return {
    over: { cost: counted === null ? cost : (cost ?? 0) + counted, spending: null },
    beside:
      counted === null
        ? []
        : [{ path: spentPath(agent, at, lease.id), content: spentText(counted, lease.id), expects: null }],
  };
}

/** That a run still holds an issue, as every write outside asks. */
export function claimOf({ repository, branch }: StateRepo, entry: Entry): Claim {
  return { repository, branch, path: entryPath(nameOf(entry)), lease: entry.lease.id };
}

type Held = Pick<RunningIssue, 'entry' | 'sha' | 'markSha'>;
type Over = Pick<Entry, 'why' | 'ended_at'> & Partial<Entry>;
type Files = Change<'write-files'>['files'];
type Removed = NonNullable<Change<'write-files'>['remove']>;

/** The end of an entry: it says how, and its mark goes. */
export function endOf(
  stateRepo: StateRepo,
  held: Held,
  over: Over,
  why: string,
  beside: Files = [],
  gone: Removed = [],
): Change<'write-files'> {
  return rewrite(stateRepo, held, {
    over: { ...over, status: 'destroyed' },
    beside,
    remove: [...markOf(held, runningPath), ...gone],
    said: over.why,
    why,
  });
}

/** The end of an entry whose agent is frozen. */
export function endFrozen(stateRepo: StateRepo, held: Held, over: Over, why: string): Change<'write-files'> {
  return rewrite(stateRepo, held, {
    over: { ...over, status: 'destroyed' },
    remove: markOf(held, frozenPath),
    said: over.why,
    why,
  });
}

/** The end of a round: its agent is frozen, and is found by another mark. */
export function freezeOf(
  stateRepo: StateRepo,
  held: Held,
  over: Over,
  why: string,
  beside: Files,
  gone: Removed = [],
): Change<'write-files'> {
  const { entry } = held;
  return rewrite(stateRepo, held, {
    over: { ...over, status: 'frozen' },
    beside: [
      { path: frozenPath(nameOf(entry)), content: `{"lease":"${entry.lease.id}"}\n`, expects: null },
      ...beside,
    ],
    remove: [...markOf(held, runningPath), ...gone],
    said: over.why,
    why,
  });
}

function markOf({ entry, markSha }: Held, pathOf: typeof runningPath): Removed {
  return [{ path: pathOf(nameOf(entry)), expects: markSha }];
}

/** An entry in place of the very one that was read, with what goes with it; `said` stands in the history of the state repo. */
export function rewrite(
  { repository, branch }: StateRepo,
  { entry, sha }: Pick<Held, 'entry' | 'sha'>,
  {
    over,
    beside = [],
    remove,
    said,
    why,
  }: { over: Partial<Entry>; beside?: Files; remove?: Removed; said: string; why: string },
): Change<'write-files'> {
  return {
    kind: 'write-files',
    repository,
    branch,
    files: [
      { path: entryPath(nameOf(entry)), content: entryText({ ...entry, ...over }), expects: sha },
      ...beside,
    ],
    ...(remove === undefined ? {} : { remove }),
    message: `${repositoryOf(entry)}#${entry.issue_number}: ${said}`.slice(0, 200),
    why,
  };
}
