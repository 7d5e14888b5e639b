import type { Issue } from '../../core/forge/issues.ts';
import type { Label } from '../../core/forge/labels.ts';
import type { Candidate } from './state.ts';

// An issue as an agent may be given it, as far as the issue itself tells; pure. What has to be asked for is put in by whoever asks.

/** What is said of an account that was deleted. */
export const nobody = 'somebody who is gone';

/** What of its repository an issue is looked at with. */
export interface CandidatePlace {
  repository: string;
  defaultBranch: string;
  known: Label[];
  mayPush: boolean;
}

/** An issue of which nothing was looked up yet. */
export function candidateOf(
  { repository, defaultBranch, known, mayPush }: CandidatePlace,
  issue: Issue,
  given: Pick<Candidate, 'agents' | 'profiles' | 'isUrgent'>,
): Candidate {
  return {
    repository,
    defaultBranch,
    base: '',
    number: issue.number,
    title: issue.title,
    body: issue.body,
    author: issue.user?.login ?? nobody,
    authorMayWrite: false,
    createdAt: issue.created_at ?? '',
    updatedAt: issue.updated_at ?? null,
    ...given,
    labelled: null,
    membership: { kind: 'not-asked' },
    waitsFor: [],
    openPull: null,
    entry: null,
    over: null,
    record: null,
    isHandedOver: false,
    talk: null,
    runsToday: 0,
    trouble: null,
    comments: [],
    labels: issue.labels,
    known,
    mayPush,
  };
}

/** Comments as an agent is shown them: of people who may write, and of others only where strangers are heard. */
export function heardOf(
  comments: readonly { user?: { login: string } | null | undefined; body: string; created_at: string }[],
  mayWrite: (login: string) => boolean,
  { strangers }: { strangers: boolean },
): Candidate['comments'] {
  return comments
    .map(({ user, body, created_at }) => ({
      user: user?.login ?? nobody,
      body,
      mayWrite: user != null && mayWrite(user.login),
      at: created_at,
    }))
    .filter((comment) => comment.mayWrite || strangers);
}
