import { branchCommit, fetchBranch, resolveCommit } from '../git.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { fullName, userShape } from '../shapes.ts';
import {
  accessOf,
  accountById,
  type Issue,
  mayAdmin,
  mayWrite,
  nextId,
  type Pull,
  type Repository,
  type Review,
  timestamp,
} from '../state.ts';
import { findIssue } from './issues.ts';
import { protectionOf } from './protections.ts';

/**
 * Where the head stands: its branch while there is one, else what it was. A fork's commits are brought over, so that
 * they can be read in the repository that is asked to take them.
 */
export async function headOf(repository: Repository, pull: Pull): Promise<string> {
  if (pull.merged !== null) return pull.headSha;
  const head = (await branchCommit(pull.from.folder, pull.head)) ?? pull.headSha;
  if (pull.from !== repository && head !== pull.headSha) {
    await fetchBranch(repository.folder, pull.from.folder, pull.head);
    pull.headSha = head;
  }
  return head;
}

const verdicts = new Set<Review['state']>(['APPROVED', 'REQUEST_CHANGES']);

/** A push leaves older reviews behind: they are stale, and where the rule says so approvals no longer count. */
function markStale(repository: Repository, pull: Pull, head: string): void {
  if (pull.reviewedHead === head) return;
  const rule = protectionOf(repository, pull.base);
  for (const review of pull.reviews) {
    if (review.commit === head) continue;
    review.stale = true;
    if (rule?.dismissStale === true && review.state === 'APPROVED' && review.official && review.beforePush)
      review.dismissed = true;
    review.beforePush = false;
  }
  pull.reviewedHead = head;
}

/** The reviews as they stand now; a push since the last look makes them stale. */
export async function reviewsOf(repository: Repository, pull: Pull): Promise<Review[]> {
  if (pull.merged === null) markStale(repository, pull, await headOf(repository, pull));
  return pull.reviews;
}

/** Why the rules of the base branch forbid a merge, or undefined. */
export async function missingApproval(repository: Repository, pull: Pull): Promise<string | undefined> {
  const rule = protectionOf(repository, pull.base);
  if (rule === undefined) return undefined;
  const reviews = (await reviewsOf(repository, pull)).filter(
    ({ official, dismissed }) => official && !dismissed,
  );
  // The forge counts an approval that names an older commit, unless the rule says otherwise.
  const approvals = reviews.filter(
    ({ state, stale }) => state === 'APPROVED' && !(rule.ignoreStale && stale),
  );
  if (approvals.length < rule.requiredApprovals) return 'Does not have enough approvals';
  if (rule.blockOnRejected && reviews.some(({ state }) => state === 'REQUEST_CHANGES'))
    return 'There are requested changes';
  return undefined;
}

function shapeOf(call: Call, repository: Repository, issue: Issue, review: Review): unknown {
  const page = `${call.url}/${fullName(call, repository)}/pulls/${issue.number}`;
  return {
    id: review.id,
    user: userShape(call, accountById(call.state, review.author)),
    team: null,
    state: review.state,
    body: review.body,
    commit_id: review.commit,
    stale: review.stale,
    official: review.official,
    dismissed: review.dismissed,
    comments_count: 0,
    submitted_at: review.submitted,
    updated_at: review.submitted,
    html_url: `${page}#issuecomment-${review.id}`,
    pull_request_url: page,
  };
}

/** A route below one pull request: 404 when there is none of that number. */
export function onPull(
  work: (call: Call, repository: Repository, issue: Issue, pull: Pull) => Answer | Promise<Answer>,
): Route['handle'] {
  return (call, repository) => {
    const issue = findIssue(repository, call.params.index);
    return issue?.pull == null ? notFound(call) : work(call, repository, issue, issue.pull);
  };
}

const create = onPull(async (call, repository, issue, pull) => {
  const { account } = call;
  if (account === null) return failure(call, 401, 'token is required');
  const event = text(call.body.event);
  const state: Review['state'] =
    event === 'APPROVED' || event === 'REQUEST_CHANGES' || event === 'COMMENT' ? event : 'PENDING';
  if (verdicts.has(state) && issue.author === account.id)
    return failure(call, 422, `${state === 'APPROVED' ? 'approve' : 'reject'} your own pull is not allowed`);
  const head = await headOf(repository, pull);
  const named = text(call.body.commit_id);
  const commit = named === '' ? head : await resolveCommit(repository.folder, named);
  // A commit that is not there is an error of the server on a real forge as well.
  if (commit === undefined) return failure(call, 500, '');
  await reviewsOf(repository, pull);
  const rule = protectionOf(repository, pull.base);
  const listed =
    rule?.approvers?.some((login) => login.toLowerCase() === account.login.toLowerCase()) ??
    mayWrite(accessOf(call.state, repository, account));
  const review: Review = {
    id: nextId(call.state, 'review'),
    author: account.id,
    state,
    body: text(call.body.body),
    commit,
    stale: commit !== head,
    official: verdicts.has(state) && listed,
    dismissed: false,
    beforePush: true,
    submitted: timestamp(call.state),
  };
  if (verdicts.has(state)) {
    // A newer verdict of the same person takes the place of the older.
    for (const older of pull.reviews) {
      if (older.author !== account.id || !verdicts.has(older.state)) continue;
      older.official = false;
      older.dismissed = true;
    }
  }
  pull.reviews.push(review);
  await scheduled.get(pull)?.();
  return ok(shapeOf(call, repository, issue, review));
});

/** Merges that wait until the rules allow them. */
export const scheduled = new WeakMap<Pull, () => Promise<unknown>>();

function onReview(dismissed: boolean): Route['handle'] {
  return onPull((call, repository, issue, pull) => {
    if (!mayAdmin(accessOf(call.state, repository, call.account)))
      return failure(call, 403, 'Must be repo admin');
    const review = pull.reviews.find(({ id }) => String(id) === call.params.id);
    if (review === undefined) return notFound(call);
    if (!verdicts.has(review.state))
      return failure(
        call,
        403,
        'not need to dismiss this review because it’s type is not Approve or change request',
      );
    review.dismissed = dismissed;
    return ok(shapeOf(call, repository, issue, review));
  });
}

const all = '/repos/{owner}/{repo}/pulls/{index}/reviews';

export const reviewRoutes: Route[] = [
  {
    method: 'GET',
    route: all,
    scope: 'repository',
    handle: onPull(async (call, repository, issue, pull) =>
      paged(
        call,
        await reviewsOf(repository, pull),
        (review) => shapeOf(call, repository, issue, review),
        all,
        { allWithoutPage: true },
      ),
    ),
  },
  { method: 'POST', route: all, scope: 'repository', handle: create },
  {
    method: 'GET',
    route: `${all}/{id}`,
    scope: 'repository',
    handle: onPull(async (call, repository, issue, pull) => {
      const review = (await reviewsOf(repository, pull)).find(({ id }) => String(id) === call.params.id);
      return review === undefined ? notFound(call) : ok(shapeOf(call, repository, issue, review));
    }),
  },
  { method: 'POST', route: `${all}/{id}/dismissals`, scope: 'repository', handle: onReview(true) },
  { method: 'POST', route: `${all}/{id}/undismissals`, scope: 'repository', handle: onReview(false) },
];
