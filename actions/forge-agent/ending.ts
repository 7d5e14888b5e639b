import {
  type Entry,
  entryPath,
  entryText,
  frozenPath,
  nameOf,
  repositoryOf,
  runningPath,
} from '../../core/agent/entry.ts';
import type { Change } from '../../core/change.ts';
import type { Claim } from '../../core/changes/fields.ts';
import type { LookingState, RunningIssue } from './state.ts';

// The claim on an issue, and its end; pure.

type StateRepo = Pick<LookingState['stateRepo'], 'repository' | 'branch'>;

/** That a run still holds an issue, as every write outside asks. */
export function claimOf({ repository, branch }: StateRepo, entry: Entry): Claim {
  return { repository, branch, path: entryPath(nameOf(entry)), lease: entry.lease.id };
}

type Held = Pick<RunningIssue, 'entry' | 'sha' | 'markSha'>;
type Over = Pick<Entry, 'why' | 'ended_at'> & Partial<Entry>;
type Files = Change<'write-files'>['files'];

/** The end of an entry: it says how, and its mark goes. */
export function endOf(
  stateRepo: StateRepo,
  held: Held,
  over: Over,
  why: string,
  beside: Files = [],
): Change<'write-files'> {
  return written(stateRepo, held, { ...over, status: 'destroyed' }, why, beside);
}

/** The end of a round: its agent is frozen, and is found by another mark. */
export function freezeOf(
  stateRepo: StateRepo,
  held: Held,
  over: Over,
  why: string,
  beside: Files,
): Change<'write-files'> {
  const { entry } = held;
  return written(stateRepo, held, { ...over, status: 'frozen' }, why, [
    { path: frozenPath(nameOf(entry)), content: `{"lease":"${entry.lease.id}"}\n`, expects: null },
    ...beside,
  ]);
}

function written(
  { repository, branch }: StateRepo,
  { entry, sha, markSha }: Held,
  over: Over & Pick<Entry, 'status'>,
  why: string,
  beside: Files,
): Change<'write-files'> {
  const name = nameOf(entry);
  return {
    kind: 'write-files',
    repository,
    branch,
    files: [{ path: entryPath(name), content: entryText({ ...entry, ...over }), expects: sha }, ...beside],
    remove: [{ path: runningPath(name), expects: markSha }],
    message: `${repositoryOf(entry)}#${entry.issue_number}: ${over.why}`.slice(0, 200),
    why,
  };
}
