import { branchCommit, resolveCommit } from '../git.ts';
import { hasOwnChange } from '../heads.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { fullName, userShape } from '../shapes.ts';
import {
  type Account,
  accessOf,
  accountById,
  accountByLogin,
  addEvent,
  type Issue,
  mayAdmin,
  maySeePulls,
  mayWrite,
  nextId,
  type Pull,
  type Repository,
  type Review,
  timestamp,
} from '../state.ts';
import { findIssue } from './issues.ts';
import { protectionOf } from './protections.ts';

export const verdicts = new Set<Review['state']>(['APPROVED', 'REQUEST_CHANGES']);

/** Why the rules of the base branch forbid a merge, or undefined. */
export function missingApproval(repository: Repository, pull: Pull): string | undefined {
  const rule = protectionOf(repository, pull.base);
  if (rule === undefined) return undefined;
  const reviews = pull.reviews.filter(({ official, dismissed }) => official && !dismissed);
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

/** What an event makes of a review; anything that is no verdict and no comment is not submitted yet. */
function stateOf(event: string): Review['state'] {
  return event === 'APPROVED' || event === 'REQUEST_CHANGES' || event === 'COMMENT' ? event : 'PENDING';
}

/** Why a review cannot be as it is meant, or undefined. */
function refused(call: Call, issue: Issue, state: Review['state'], body: string): Answer | undefined {
  if (verdicts.has(state) && issue.author === call.account?.id)
    return failure(call, 422, `${state === 'APPROVED' ? 'approve' : 'reject'} your own pull is not allowed`);
  if (state === 'APPROVED' || body !== '') return undefined;
  return failure(
    call,
    422,
    `review event ${text(call.body.event)} requires a body${state === 'COMMENT' ? ' or a comment' : ''}`,
  );
}

const create = onPull(async (call, repository, issue, pull) => {
  const { account } = call;
  if (account === null) return failure(call, 401, 'token is required');
  const state = stateOf(text(call.body.event));
  const why = refused(call, issue, state, text(call.body.body));
  if (why !== undefined) return why;
  const named = text(call.body.commit_id);
  // What is not named is the head that is known here, which may be the one before the last push.
  const given = named === '' ? pull.headSha : named;
  const commit = verdicts.has(state) ? await resolveCommit(repository.folder, given) : given;
  // A verdict on a commit that is not there, or not there yet, is an error of the server on a real forge as well.
  if (commit === undefined) return failure(call, 500, '');
  const review = await submit(call, repository, issue, pull, { state, body: text(call.body.body), commit });
  return ok(shapeOf(call, repository, issue, review));
});

/** Whether somebody's verdict counts, by the rule of the base branch. */
function countsFor(call: Call, repository: Repository, pull: Pull, account: Account): boolean {
  const rule = protectionOf(repository, pull.base);
  return (
    rule?.approvers?.some((login) => login.toLowerCase() === account.login.toLowerCase()) ??
    mayWrite(accessOf(call.state, repository, account))
  );
}

/** Submits what somebody thinks: as the review of theirs that was not submitted, if there is one. */
async function submit(
  call: Call,
  repository: Repository,
  issue: Issue,
  pull: Pull,
  given: { state: Review['state']; body: string; commit: string },
): Promise<Review> {
  const account = call.account as Account;
  const { state, commit } = given;
  const base = await branchCommit(repository.folder, pull.base);
  const pending = pull.reviews.find((item) => item.author === account.id && item.state === 'PENDING');
  const review: Review = {
    ...given,
    id: pending?.id ?? nextId(call.state, 'review'),
    author: account.id,
    stale:
      verdicts.has(state) &&
      commit !== pull.headSha &&
      base !== undefined &&
      hasOwnChange(repository.folder, base, pull.headSha, commit),
    official: verdicts.has(state) && countsFor(call, repository, pull, account),
    dismissed: false,
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
  // What was asked of them is done.
  const isDone = (item: Review): boolean =>
    item === pending ||
    (state !== 'PENDING' && item.author === account.id && item.state === 'REQUEST_REVIEW');
  pull.reviews = [...pull.reviews.filter((item) => !isDone(item)), review].sort((a, b) => a.id - b.id);
  addEvent(call.state, issue, 'review', account.id, { body: given.body, review: review.id });
  await scheduled.get(pull)?.();
  return review;
}

/**
 * Who may ask for reviews: who opened the pull request, who owns the repository, collaborators even if they may only read, and
 * the organisation's teams that see pull requests there.
 */
function mayAskFor(call: Call, repository: Repository, issue: Issue): boolean {
  const { account } = call;
  if (account === null) return false;
  const owner = accountById(call.state, repository.owner);
  return (
    account.id === issue.author ||
    account.id === repository.owner ||
    owner?.owners.includes(account.id) === true ||
    repository.collaborators.has(account.id) ||
    (owner?.teams ?? []).some(
      ({ members, repositories, units }) =>
        members.includes(account.id) &&
        (repositories === 'all' || repositories.has(repository.id)) &&
        units.pulls !== 'none',
    )
  );
}

/** Asks people for a review: all of those named, or none where one of them cannot be asked. */
const request = onPull((call, repository, issue, pull) => {
  const { account } = call;
  if (account === null) return failure(call, 401, 'token is required');
  const invalid = (reason: string): Answer =>
    failure(call, 422, `${reason} [user_id: ${account.id}, repo_id: ${repository.id}]`);
  const asked: Account[] = [];
  for (const login of Array.isArray(call.body.reviewers) ? call.body.reviewers.map(String) : []) {
    const reviewer = accountByLogin(call.state, login);
    if (reviewer === undefined) return failure(call, 404, 'UserNotExist', [`User '${login}' not exist`]);
    if (reviewer.isOrganisation) return invalid("Organization can't be added as reviewer");
    if (!maySeePulls(call.state, repository, reviewer)) return invalid("Reviewer can't read");
    if (reviewer.id === issue.author) return invalid("poster of pr can't be reviewer");
    if (!mayAskFor(call, repository, issue)) return invalid("Doer can't choose reviewer");
    asked.push(reviewer);
  }
  const made: Review[] = [];
  for (const reviewer of asked) {
    const earlier = pull.reviews.filter(
      ({ author, state }) => author === reviewer.id && (verdicts.has(state) || state === 'REQUEST_REVIEW'),
    );
    if (earlier.at(-1)?.state === 'REQUEST_REVIEW') continue;
    if (earlier.length > 0 && issue.state === 'closed')
      return failure(call, 403, 'cannot request a re-review on a closed or merged PR');
    const official = countsFor(call, repository, pull, reviewer);
    // What they said before no longer counts.
    if (official) for (const review of earlier) review.official = false;
    const review: Review = {
      id: nextId(call.state, 'review'),
      author: reviewer.id,
      state: 'REQUEST_REVIEW',
      body: '',
      commit: '',
      stale: false,
      official,
      dismissed: false,
      submitted: timestamp(call.state),
    };
    pull.reviews.push(review);
    addEvent(call.state, issue, 'review_request', account.id, {
      assignee: { account: reviewer.id, removed: false },
      review: review.id,
    });
    made.push(review);
  }
  return { status: 201, body: made.map((review) => shapeOf(call, repository, issue, review)) };
});

/** A review that its author has not submitted is shown to nobody else, though it is counted. */
function isShown(call: Call, review: Review): boolean {
  return review.state !== 'PENDING' || review.author === call.account?.id;
}

/** A route below one review that the caller may see. */
function onReview(
  work: (
    call: Call,
    repository: Repository,
    found: { issue: Issue; pull: Pull; review: Review },
  ) => Answer | Promise<Answer>,
): Route['handle'] {
  return onPull((call, repository, issue, pull) => {
    const review = pull.reviews.find(({ id }) => String(id) === call.params.id);
    return review === undefined || !isShown(call, review)
      ? failure(call, 404, 'GetReviewByID')
      : work(call, repository, { issue, pull, review });
  });
}

/** Merges that wait until the rules allow them. */
export const scheduled = new WeakMap<Pull, () => Promise<unknown>>();

function dismissal(dismissed: boolean): Route['handle'] {
  return onReview((call, repository, { issue, review }) => {
    if (!mayAdmin(accessOf(call.state, repository, call.account)))
      return failure(call, 403, 'Must be repo admin');
    if (!verdicts.has(review.state))
      return failure(
        call,
        403,
        "not need to dismiss this review because it's type is not Approve or change request",
      );
    if (issue.state === 'closed')
      return failure(call, 403, "can't dismiss a review associated to a closed or merged PR");
    review.dismissed = dismissed;
    return ok(shapeOf(call, repository, issue, review));
  });
}

const all = '/repos/{owner}/{repo}/pulls/{index}/reviews';

export const reviewRoutes: Route[] = [
  {
    // The count is of all there are, the list of those that are shown.
    method: 'GET',
    route: all,
    scope: 'repository',
    handle: onPull((call, repository, issue, pull) => {
      const page = paged(call, pull.reviews, (review) => review, all, { allWithoutPage: true });
      const shown = (page.body as Review[]).filter((review) => isShown(call, review));
      return { ...page, body: shown.map((review) => shapeOf(call, repository, issue, review)) };
    }),
  },
  { method: 'POST', route: all, scope: 'repository', handle: create },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/pulls/{index}/requested_reviewers',
    scope: 'repository',
    handle: request,
  },
  {
    method: 'GET',
    route: `${all}/{id}`,
    scope: 'repository',
    handle: onReview((call, repository, { issue, review }) => ok(shapeOf(call, repository, issue, review))),
  },
  {
    // What was not submitted is, with the head that is known by then.
    method: 'POST',
    route: `${all}/{id}`,
    scope: 'repository',
    handle: onReview(async (call, repository, { issue, pull, review }) => {
      if (review.state !== 'PENDING') return failure(call, 422, 'only a pending review can be submitted');
      const state = stateOf(text(call.body.event));
      const why = refused(call, issue, state, text(call.body.body) || review.body);
      if (why !== undefined) return why;
      const given = { state, body: text(call.body.body), commit: pull.headSha };
      return ok(shapeOf(call, repository, issue, await submit(call, repository, issue, pull, given)));
    }),
  },
  { method: 'POST', route: `${all}/{id}/dismissals`, scope: 'repository', handle: dismissal(true) },
  { method: 'POST', route: `${all}/{id}/undismissals`, scope: 'repository', handle: dismissal(false) },
];
