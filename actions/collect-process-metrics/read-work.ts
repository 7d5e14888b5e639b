import { listReviews } from '../../core/forge/pulls.ts';
import { stateEvents } from '../../core/forge/timeline.ts';
import { readTracked, type Tracked, trackedSince } from '../../core/forge/tracked.ts';
import type { Source } from './evidence.ts';
import type { History, IssueHistory, PullHistory, ReviewHistory } from './history.ts';
import type { Period } from './measure.ts';
import type { Context } from './state.ts';
import { closedBy } from './text.ts';

/** A part of the history, and what of it was not read. */
export interface PartRead {
  history: Partial<History>;
  sources: Source[];
  leftOut: string[];
}

/** Issues and pull requests that anything happened to since the window began, with a call each for what happened. */
export async function readWork(
  { settings, send }: Context,
  project: string,
  window: Period,
): Promise<PartRead> {
  const since = new Date(window.from).toISOString().replace('.000Z', 'Z');
  // What was opened after the day is no part of it.
  const items = (await trackedSince(send, project, since))
    .filter(({ created_at }) => Date.parse(created_at) < window.to)
    .sort((a, b) => b.number - a.number);
  const isPull = ({ pull_request }: Tracked): boolean => pull_request != null;
  const most = settings['max-items'];
  const [pulls, issues] = [items.filter(isPull), items.filter((item) => !isPull(item))];
  const [somePulls, someIssues] = [pulls.slice(0, most), issues.slice(0, most)];
  const known = new Set(items.map(({ number }) => number));
  const named = [...new Set(somePulls.flatMap(closedBy))].filter((number) => !known.has(number));
  // An issue that a pull request closes may have been quiet for longer: of it only the beginning is needed.
  const quiet = await readTracked(send, project, named);
  return {
    history: {
      issues: [
        ...(await Promise.all(
          someIssues.map(
            async (item): Promise<IssueHistory> => ({
              number: item.number,
              created: item.created_at,
              events: await stateEvents(send, project, item.number),
            }),
          ),
        )),
        ...[...quiet.values()]
          .filter((item) => !isPull(item))
          .map((item): IssueHistory => ({ number: item.number, created: item.created_at, events: [] })),
      ],
      pulls: await Promise.all(
        somePulls.map(
          async (item): Promise<PullHistory> => ({
            number: item.number,
            created: item.created_at,
            author: item.user?.id ?? null,
            merged: item.pull_request?.merged === true ? (item.pull_request.merged_at ?? null) : null,
            closes: closedBy(item),
            reviews: (await listReviews(send, project, item.number)).flatMap(reviewOf),
          }),
        ),
      ),
    },
    sources: ['issues'],
    leftOut: [
      ...(pulls.length > most ? [`${pulls.length - most} pull requests (max-items)`] : []),
      ...(issues.length > most ? [`${issues.length - most} issues (max-items)`] : []),
    ],
  };
}

const verdicts: Record<string, ReviewHistory['verdict']> = {
  APPROVED: 'approved',
  REQUEST_CHANGES: 'changes',
  COMMENT: 'comment',
};

function reviewOf(given: Awaited<ReturnType<typeof listReviews>>[number]): ReviewHistory[] {
  const verdict = verdicts[given.state];
  return verdict === undefined
    ? []
    : [{ at: given.submitted_at, by: given.user?.id ?? null, verdict, commit: given.commit_id }];
}
