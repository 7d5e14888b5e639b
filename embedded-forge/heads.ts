import { branchCommit, differences, fetchBranch, log, mergeBase, setRef } from './git.ts';
import { protectionOf } from './routes/protections.ts';
import { addEvent, type Issue, type Pull, type Repository, type State } from './state.ts';

// A push to the branch of a pull request is known in three steps on a real forge: `pulls/N` names the new head at once,
// because it looks at the branch; a moment later the commits are fetched into the repository and `refs/pull/N/head` is
// moved; then older reviews are marked stale. Until then the files, the commits and the reviews of the pull request are
// those of the old head, and a fork's new commit is not there at all. How long that takes is counted here in looks.

/** Where the branch of a pull request is by now; undefined when the branch, or the fork that had it, is gone. */
export async function branchHead(state: State, pull: Pull): Promise<string | undefined> {
  return state.repositories.includes(pull.from) ? branchCommit(pull.from.folder, pull.head) : undefined;
}

/** What the head of an open pull request and its base have in common; of one that is over, what they had. */
export async function commonCommit(repository: Repository, issue: Issue, pull: Pull): Promise<string> {
  const base = issue.state === 'open' ? await branchCommit(repository.folder, pull.base) : undefined;
  if (base !== undefined)
    pull.mergeBase = (await mergeBase(repository.folder, base, pull.headSha)) ?? pull.mergeBase;
  return pull.mergeBase;
}

/** Whether `now` has a file that neither `before` nor the base has in this way: what makes a review stale. */
export function hasOwnChange(folder: string, base: string, before: string, now: string): boolean {
  const fromBase = new Set(differences(folder, base, now).map(({ path }) => path));
  return differences(folder, before, now).some(({ path }) => fromBase.has(path));
}

/** Fetches the head that the branch has now, and holds the reviews against it. */
export async function settleHead(
  state: State,
  repository: Repository,
  issue: Issue,
  pull: Pull,
): Promise<void> {
  const by = pull.late?.by ?? issue.author;
  pull.late = null;
  const [before, head] = [pull.headSha, await branchHead(state, pull)];
  if (head === undefined || head === before) return;
  if (pull.from !== repository) await fetchBranch(repository.folder, pull.from.folder, pull.head);
  pull.headSha = head;
  pull.checking = state.forkLag > 0;
  setRef(repository.folder, `refs/pull/${issue.number}/head`, head);
  addEvent(state, issue, 'pull_push', by, { body: pushed(repository, before, head) });
  const base = await branchCommit(repository.folder, pull.base);
  if (base !== undefined && hasOwnChange(repository.folder, base, before, head)) {
    const dismisses = protectionOf(repository, pull.base)?.dismissStale === true;
    for (const review of pull.reviews) {
      review.stale = true;
      if (dismisses && review.state === 'APPROVED' && !review.dismissed) {
        review.dismissed = true;
        addEvent(state, issue, 'dismiss_review', by, { review: review.id });
      }
    }
  }
  // A head that comes back finds its reviews as they were, but for those that were dismissed.
  for (const review of pull.reviews) if (review.commit === head) review.stale = false;
}

/** What the timeline says of a push. */
export function pushed(repository: Repository, before: string, head: string): string {
  const commits = log(repository.folder, head, { without: before }).map(({ sha }) => sha);
  return JSON.stringify({ is_force_push: false, commit_ids: commits.reverse() });
}

function unmerged(state: State): { repository: Repository; issue: Issue; pull: Pull }[] {
  return state.repositories.flatMap((repository) =>
    repository.issues.flatMap((issue) =>
      issue.pull !== null && issue.pull.merged === null ? [{ repository, issue, pull: issue.pull }] : [],
    ),
  );
}

/**
 * After something was written to a repository: open pull requests from its branches fall behind. One that is closed never
 * hears of a push, not even when it is opened again: only of the next one. Without a lag every open one follows at once.
 */
export async function notePushes(state: State, written: Repository, by: number): Promise<void> {
  for (const { repository, issue, pull } of unmerged(state)) {
    if (pull.from !== written && (repository !== written || state.forkLag > 0)) continue;
    const head = await branchHead(state, pull);
    const known = state.forkLag === 0 ? pull.headSha : pull.seen;
    if (head === undefined || head === known) continue;
    pull.seen = head;
    if (issue.state === 'closed') continue;
    pull.late = { head, looks: state.forkLag, by };
    if (state.forkLag === 0) await settleHead(state, repository, issue, pull);
  }
}

/** Lets every pull request follow its branch. */
export async function settleHeads(state: State): Promise<void> {
  for (const { repository, issue, pull } of unmerged(state))
    if (pull.late !== null) await settleHead(state, repository, issue, pull);
}

/** Counts a look at what a late head would change, and lets the head come when there were enough of them. */
export async function noteLook(
  state: State,
  repository: Repository,
  isLook: (number: number, head: string) => boolean,
): Promise<void> {
  for (const issue of repository.issues) {
    const { pull } = issue;
    if (pull === null || pull.late === null || !isLook(issue.number, pull.late.head)) continue;
    if (pull.late.looks > 0) pull.late.looks -= 1;
    else await settleHead(state, repository, issue, pull);
  }
}

/** Whether a request to a repository, by what follows its name, tells the head of this pull request from an older one. */
export function looksAtHead(rest: string, body: unknown): (number: number, head: string) => boolean {
  const [path = ''] = rest.split('?');
  const refs = /^\/git\/refs\/?(.*)$/.exec(path)?.[1];
  return (number, head) =>
    new RegExp(`^/pulls/${number}/(files|commits|reviews)(/|$)`).test(path) ||
    (refs !== undefined && `pull/${number}/head`.startsWith(refs)) ||
    rest.includes(head.slice(0, 10)) ||
    JSON.stringify(body).includes(head);
}
