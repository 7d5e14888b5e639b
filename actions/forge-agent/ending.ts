import {
  type Entry,
  entryPath,
  entryText,
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

/** The end of an entry: it says how, and its mark goes. */
export function endOf(
  { repository, branch }: StateRepo,
  { entry, sha, markSha }: Pick<RunningIssue, 'entry' | 'sha' | 'markSha'>,
  over: Pick<Entry, 'why' | 'ended_at'> & Partial<Entry>,
  why: string,
): Change<'write-files'> {
  const name = nameOf(entry);
  return {
    kind: 'write-files',
    repository,
    branch,
    files: [
      { path: entryPath(name), content: entryText({ ...entry, ...over, status: 'destroyed' }), expects: sha },
    ],
    remove: [{ path: runningPath(name), expects: markSha }],
    message: `${repositoryOf(entry)}#${entry.issue_number}: ${over.why}`.slice(0, 200),
    why,
  };
}
