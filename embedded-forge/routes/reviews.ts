import { branchCommit, fileDiff, lastChange, resolveCommit } from '../git.ts';
import { hasOwnChange } from '../heads.ts';
import { hunkUpTo } from '../hunk.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { fullName, userShape } from '../shapes.ts';
import {
  type Account,
  accessOf,
  accountById,
  accountByLogin,
  addEvent,
  type CodeComment,
  createEvent,
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
    comments_count: review.comments.length,
    submitted_at: review.submitted,
    updated_at: review.updated,
    html_url: `${page}#issuecomment-${review.id}`,
    pull_request_url: page,
  };
}

function commentShapeOf(
  call: Call,
  repository: Repository,
  issue: Issue,
  { review, comment: { item, path, line, commit, hunk } }: { review: Review; comment: CodeComment },
): unknown {
  const page = `${call.url}/${fullName(call, repository)}/pulls/${issue.number}`;
  return {
    id: item.id,
    body: item.body,
    user: userShape(call, accountById(call.state, item.author)),
    resolver: null,
    pull_request_review_id: review.id,
    created_at: item.created,
    updated_at: item.updated,
    path,
    commit_id: commit,
    original_commit_id: '',
    diff_hunk: hunk,
    position: Math.max(line, 0),
    original_position: Math.max(-line, 0),
    extra_lines_count: 0,
    html_url: `${page}#issuecomment-${item.id}`,
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
function refused(
  call: Call,
  issue: Issue,
  { state, body, hasComments }: { state: Review['state']; body: string; hasComments: boolean },
): Answer | undefined {
  if (verdicts.has(state) && issue.author === call.account?.id)
    return failure(call, 422, `${state === 'APPROVED' ? 'approve' : 'reject'} your own pull is not allowed`);
  if (state === 'APPROVED' || body.trim() !== '' || (state === 'COMMENT' && hasComments)) return undefined;
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
  const onLines = Array.isArray(call.body.comments) ? call.body.comments.map(askedComment) : [];
  const why = refused(call, issue, { state, body: text(call.body.body), hasComments: onLines.length > 0 });
  if (why !== undefined) return why;
  const named = text(call.body.commit_id);
  // What is not named is the head that is known here, which may be the one before the last push.
  const given = named === '' ? pull.headSha : named;
  const commit = verdicts.has(state) ? await resolveCommit(repository.folder, given) : given;
  // A verdict on a commit that is not there, or not there yet, is an error of the server on a real forge as well.
  if (commit === undefined || onLines.some(({ line }) => line === 0)) return failure(call, 500, '');
  const pending = pendingOf(pull, account);
  const comments = [...(pending?.comments ?? [])];
  for (const asked of onLines)
    comments.push(await codeComment(call, repository, { pull, commit, comments, asked }));
  if (pending !== undefined) pending.comments = comments;
  const review = await submit(call, repository, issue, pull, {
    state,
    body: text(call.body.body),
    commit,
    comments,
  });
  return ok(shapeOf(call, repository, issue, review));
});

/** A comment as it was asked for; the line is below zero for one of the base. */
interface AskedComment {
  path: string;
  body: string;
  line: number;
}

function askedComment(given: unknown): AskedComment {
  const asked = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  const [now, before] = [Number(asked.new_position ?? 0), Number(asked.old_position ?? 0)];
  return { path: text(asked.path), body: text(asked.body), line: before > 0 ? -before : now };
}

/** A comment with the lines it is about; a second one on a line stands where the first does. */
async function codeComment(
  call: Call,
  repository: Repository,
  given: { pull: Pull; commit: string; comments: CodeComment[]; asked: AskedComment },
): Promise<CodeComment> {
  const { pull, commit, comments, asked } = given;
  const { path, body, line } = asked;
  const item = createEvent(call.state, 'code', call.account?.id ?? -1, { body });
  const first = comments.find((comment) => comment.path === path && comment.line === line && line > 0);
  if (first !== undefined) return { ...first, item };
  const where =
    line > 0 ? await lastChange(repository.folder, { commit, path, line }) : { commit: pull.mergeBase, line };
  const diff = await fileDiff(repository.folder, { from: pull.mergeBase, to: commit, path });
  return { item, path, ...where, hunk: hunkUpTo(diff, line) };
}

/** Answers a review that is there: at once where it was submitted. */
const reply = onReview(async (call, repository, { issue, pull, review }) => {
  if (call.account === null) return failure(call, 401, 'token is required');
  const asked = askedComment(call.body);
  if (asked.line === 0) return failure(call, 500, '');
  const { commit, comments } = review;
  const comment = await codeComment(call, repository, { pull, commit, comments, asked });
  review.comments.push(comment);
  if (review.state !== 'PENDING') issue.updated = timestamp(call.state);
  return ok(commentShapeOf(call, repository, issue, { review, comment }));
});

function pendingOf(pull: Pull, account: Account): Review | undefined {
  return pull.reviews.find(({ author, state }) => author === account.id && state === 'PENDING');
}

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
  given: Pick<Review, 'state' | 'body' | 'commit' | 'comments'>,
): Promise<Review> {
  const account = call.account as Account;
  const { state, commit } = given;
  const base = await branchCommit(repository.folder, pull.base);
  const pending = pendingOf(pull, account);
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
    submitted: pending?.submitted ?? timestamp(call.state),
    updated: timestamp(call.state),
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
      updated: timestamp(call.state),
      comments: [],
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

/** A review that its author has not submitted is shown to nobody else but site admins, though it is counted. */
function isShown({ account }: Call, { state, author }: Review): boolean {
  return state !== 'PENDING' || author === account?.id || account?.isAdmin === true;
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
    review.updated = timestamp(call.state);
    if (dismissed)
      addEvent(call.state, issue, 'dismiss_review', call.account?.id ?? -1, {
        body: text(call.body.message),
        review: review.id,
      });
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
      const body = text(call.body.body);
      const { comments } = review;
      const why = refused(call, issue, {
        state,
        body: body || review.body,
        hasComments: comments.length > 0,
      });
      if (why !== undefined) return why;
      const given = { state, body, commit: pull.headSha, comments };
      return ok(shapeOf(call, repository, issue, await submit(call, repository, issue, pull, given)));
    }),
  },
  {
    // Never paged.
    method: 'GET',
    route: `${all}/{id}/comments`,
    scope: 'repository',
    handle: onReview((call, repository, { issue, review }) =>
      ok(review.comments.map((comment) => commentShapeOf(call, repository, issue, { review, comment }))),
    ),
  },
  { method: 'POST', route: `${all}/{id}/comments`, scope: 'repository', handle: reply },
  { method: 'POST', route: `${all}/{id}/dismissals`, scope: 'repository', handle: dismissal(true) },
  { method: 'POST', route: `${all}/{id}/undismissals`, scope: 'repository', handle: dismissal(false) },
];
