import { sameLogin } from '../../core/accounts.ts';
import type { Change } from '../../core/change.ts';
import { commentSign } from '../../core/own-comment.ts';
import { keep, notice } from '../../core/plan.ts';
import { code } from '../../core/text/inert.ts';
import { shownContext, shownText } from '../../core/vault/shown.ts';
import { whyNotMergeable } from './low-tier.ts';
import { type Opinion, opinionOf, opinionOfDocument } from './opinion.ts';
import type { ReadRequest, RequestState, ReviewState, VaultSettings } from './state.ts';
import { autoApproved, reviewSign, statusContext } from './text.ts';

type ReviewChange = Change<
  'keep' | 'set-status' | 'comment' | 'update-comment' | 'approve-pull' | 'merge-pull'
>;

/** One status and one comment per pull request that asks for something, kept up to date. */
export function review(settings: VaultSettings, state: ReviewState): ReviewChange[] {
  return [
    ...state.requests.flatMap((request) => reviewOf(settings, state, request)),
    ...state.crowded.map(({ author, left }) =>
      notice(
        `${left} more open pull requests of ${author} are not looked at`,
        `${author} may not write, and has too many open at once`,
      ),
    ),
  ];
}

function reviewOf(settings: VaultSettings, state: ReviewState, request: RequestState): ReviewChange[] {
  const { content, number } = request;
  switch (content.kind) {
    case 'not-yet':
      return [
        notice(
          `what #${number} asks for could not be found out yet`,
          `its newest commit has not come to ${state.repository}; the next run looks again`,
        ),
      ];
    // Never red: anybody may open a pull request that nobody can look at.
    case 'troubled':
      return [notice(`#${number} could not be looked at, and nothing is said on it`, content.trouble)];
    case 'read':
      return sayOf(settings, state, request, content);
  }
}

function sayOf(
  settings: VaultSettings,
  state: ReviewState,
  { number, headSha, author }: RequestState,
  content: ReadRequest,
): ReviewChange[] {
  const { actions, documents, status, comment } = content;
  const asked = actions.map((action) => ({ action, opinion: opinionOf(settings, state, author, action) }));
  const opinions = [...asked.map(({ opinion }) => opinion), ...documents.map(opinionOfDocument)];
  const worst: Opinion['state'] =
    (['failure', 'pending'] as const).find((item) => opinions.some((opinion) => opinion.state === item)) ??
    'success';
  const merging = mergingOf(
    settings,
    state,
    content,
    asked.map(({ opinion }) => opinion),
  );
  const description = {
    failure: 'could not run: see the comment',
    pending: `${opinions.some(({ tier }) => tier === 'high') ? 'approval is missing' : 'pending async review'}: see the comment`,
    success:
      merging.kind === 'ours'
        ? autoApproved
        : actions.length === 0
          ? 'can be read, and agrees with what it starts'
          : content.actions.every(({ kind }) => kind === 'withdrawn')
            ? 'withdraws what it takes away once it is merged'
            : 'could run once it is merged',
  }[worst];
  const text = [
    ...opinions.map(({ lines }) => lines.join('\n').trimEnd()),
    ...othersText(content.others),
    ...mergingText(merging),
  ].join('\n\n');
  const named = [...actions.map(({ id }) => id), ...documents.map(({ file }) => file)];
  const what = `#${number} (${named.join(', ')})`;
  const shared = { repository: state.repository, why: `${what}: ${description}` };
  const wanted = { ...shared, issue: number, text, sign: reviewSign };
  const changes: ReviewChange[] = [
    ...asked.flatMap(({ action, opinion }) => showsOf(state, headSha, action, opinion)),
    ...(status?.state === worst && status.description === description
      ? []
      : [
          {
            ...shared,
            kind: 'set-status' as const,
            commit: headSha,
            state: worst,
            context: statusContext,
            description,
          },
        ]),
    ...(comment === null
      ? [{ ...wanted, kind: 'comment' as const }]
      : comment.body === `${text}\n\n${commentSign(reviewSign)}`
        ? []
        : [{ ...wanted, kind: 'update-comment' as const, id: comment.id }]),
    ...(merging.kind === 'ours' ? mergeOf(state, { number, headSha, author }, content, what) : []),
  ];
  return changes.length === 0 ? [keep(`${what}: ${description}`)] : changes;
}

/** The commit that would run, as a status of ours: from then on people can approve it. */
function showsOf(
  { repository }: ReviewState,
  commit: string,
  { id }: { id: string },
  { shows }: Opinion,
): Change<'set-status'>[] {
  return shows === null
    ? []
    : [
        {
          kind: 'set-status',
          repository,
          commit,
          state: 'success',
          context: shownContext(id),
          description: shownText(shows),
          why: `people are shown what ${id} would run`,
        },
      ];
}

function othersText(others: string[] | null): string[] {
  if (others === null)
    return ['What else this pull request changes could not be found out: its fork may be gone.'];
  if (others.length === 0) return [];
  const more = others.length > 10 ? ` and ${others.length - 10} more` : '';
  return [`This pull request also changes ${others.slice(0, 10).map(code).join(', ')}${more}.`];
}

/** Who merges a pull request: nothing is said of it, the role itself, or a person although all of it is low. */
type Merging = { kind: 'unsaid' } | { kind: 'ours' } | { kind: 'person'; why: string };

function mergingOf(
  settings: VaultSettings,
  { mergesByCommit }: ReviewState,
  { isDraft, merging, actions, documents }: ReadRequest,
  ofActions: Opinion[],
): Merging {
  const isLow = ofActions.every(({ state, tier }) => state === 'success' && tier === 'low');
  if (settings['low-tier'] !== 'auto-merge' || merging === null || actions.length === 0 || !isLow)
    return { kind: 'unsaid' };
  const person = (why: string): Merging => ({ kind: 'person', why });
  if (isDraft) return person('it is a draft');
  if (documents.length > 0) return person('it changes what decides about actions');
  if (actions.length > mostUnseen) return person(`it asks for more than ${mostUnseen} actions at once`);
  // A rebase of commits that undo and redo something turns the branch back, whatever its first and last trees are.
  if (!mergesByCommit)
    return person('this repository allows no merge commits, and only those are safe to make unseen');
  const why = whyNotMergeable(
    merging,
    actions.map(({ file }) => file),
  );
  return why === undefined ? { kind: 'ours' } : person(why);
}

/** How many actions of one pull request are merged without anybody. */
const mostUnseen = 3;

function mergingText(merging: Merging): string[] {
  if (merging.kind === 'unsaid') return [];
  return [
    merging.kind === 'ours'
      ? `${code(autoApproved)}: it is merged without anybody's doing.`
      : `A person merges it: ${code(merging.why)}.`,
  ];
}

/** The trail is an approval of our own, which no proof counts, and the message of the merge. */
function mergeOf(
  { account, repository }: ReviewState,
  { number, headSha, author }: { number: number; headSha: string; author: string },
  { isApprovedByUs }: ReadRequest,
  what: string,
): ReviewChange[] {
  const shared = { repository, pull: number, commit: headSha, text: autoApproved, why: `${what}: low` };
  const key = `approve #${number}`;
  const approves = !sameLogin(author, account.login) && !isApprovedByUs;
  return [
    ...(approves ? [{ ...shared, kind: 'approve-pull' as const, key }] : []),
    { ...shared, kind: 'merge-pull' as const, style: 'merge', ...(approves ? { after: [key] } : {}) },
  ];
}
