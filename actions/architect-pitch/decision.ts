import { namesLogin, sameAccount } from '../../core/accounts.ts';
import type { Comment } from '../../core/forge/comments.ts';
import type { Reaction } from '../../core/forge/reactions.ts';
import { commandLines } from '../../core/text/commands.ts';
import type { OpenPitch, People } from './state.ts';

// What people decided about a pitch: which words and verdicts decide, and whose. Where `deciders` names who decides, a comment
// alone does not: whoever may write can change another's comment within the second it was written, and nothing tells. Nobody
// can give a review or a reaction in another's name. Pure.

/** A word that decides, as the first line of a comment. */
export type Command = { kind: 'ACCEPT' } | { kind: 'PITCH AGAIN' } | { kind: 'REJECT'; reason: string };

export function commandIn(comment: string): Command | undefined {
  const first = (commandLines(comment)[0] ?? '').trim();
  if (first === 'ACCEPT' || first === 'PITCH AGAIN') return { kind: first };
  const reason = /^REJECT:\s*(.*)$/.exec(first)?.[1];
  return reason === undefined ? undefined : { kind: 'REJECT', reason };
}

/** Whether somebody may decide: one of the deciders, and never the account that wrote the pitch. */
function mayDecide({ account, deciders }: People, user: Comment['user']): boolean {
  return user != null && !sameAccount(user, account) && namesLogin(deciders, user.login);
}

/** Written by somebody who may decide, and as it was written. */
export function counts(people: People, comment: Comment): boolean {
  return mayDecide(people, comment.user) && comment.created_at === comment.updated_at;
}

/** The commands that count, with their comments, oldest first. */
function commandsIn(people: People, comments: Comment[]): { comment: Comment; command: Command }[] {
  return comments.flatMap((comment) => {
    const command = counts(people, comment) ? commandIn(comment.body) : undefined;
    return command === undefined ? [] : [{ comment, command }];
  });
}

/** When a pitch was closed, by the row of ids that comments and events share, and by the clock. */
export type Closing = OpenPitch['closings'][number];

/** What was said on a pitch, as far as it may decide. */
type Said = Pick<OpenPitch, 'comments' | 'reviews' | 'reactions'>;

interface Verdict {
  accepts: boolean;
  at: string;
  /** What it is, so that an answer to it is written once. */
  name: string;
}

/** Verdicts that nobody can give in another's name, oldest first; of two of the same second the one that declines is the last. */
function verdictsIn(people: People, { reviews, reactions }: Omit<Said, 'comments'>): Verdict[] {
  const byReview = reviews.flatMap(({ id, user, state, dismissed, submitted_at: at }) =>
    !dismissed && mayDecide(people, user) && (state === 'APPROVED' || state === 'REQUEST_CHANGES')
      ? [{ accepts: state === 'APPROVED', at, name: `review ${id}` }]
      : [],
  );
  const byReaction = reactions.flatMap(({ user, content, created_at: at }) =>
    user != null && mayDecide(people, user) && (content === '+1' || content === '-1')
      ? [{ accepts: content === '+1', at, name: `reaction ${user.id} ${Date.parse(at) / 1000}` }]
      : [],
  );
  return [...byReview, ...byReaction].sort(
    (one, other) => Date.parse(one.at) - Date.parse(other.at) || Number(other.accepts) - Number(one.accepts),
  );
}

/** Reactions to a comment while it says what we wrote: where it was changed and changed back, those since. */
export function reactionsThatCount(
  { body, created_at, updated_at }: Comment,
  ours: string,
  reactions: Reaction[],
): Reaction[] {
  if (body !== ours) return [];
  const isUntouched = created_at === updated_at;
  return reactions.filter((item) => isUntouched || Date.parse(item.created_at) > Date.parse(updated_at));
}

/** Whether another pitch is wanted in place of one that was declined. */
export function asksAgain(people: People, said: Said, closings: Closing[]): boolean {
  if (!people.byVerdict)
    return commandsIn(people, said.comments).some(({ command }) => command.kind === 'PITCH AGAIN');
  const last = verdictsIn(people, { reviews: [], reactions: said.reactions }).at(-1);
  const end = Math.max(...closings.map(({ at }) => Date.parse(at)));
  return last?.accepts === true && Date.parse(last.at) > end;
}

export type Decision =
  | { kind: 'none' }
  | { kind: 'accepted' }
  /** `by`: what declines it, by name. */
  | { kind: 'declined'; reason: string; by: string };

/** The last word of somebody who may decide; without named deciders an approval accepts, unless a comment says otherwise. */
export function decisionOn(people: People, pitch: Said & Pick<OpenPitch, 'closings'>): Decision {
  const commands = commandsIn(people, pitch.comments).filter(({ command }) => command.kind !== 'PITCH AGAIN');
  if (people.byVerdict) return byVerdict(people, pitch, commands);
  const last = commands.at(-1);
  // Somebody reopened it after we had closed it for this very word: then the word has had its effect.
  const isOver = last !== undefined && pitch.closings.some(({ id }) => id > last.comment.id);
  if (last?.command.kind === 'REJECT' && !isOver)
    return { kind: 'declined', reason: last.command.reason, by: `${last.comment.id}` };
  const isApproved = verdictsIn(people, { ...pitch, reactions: [] }).some(({ accepts }) => accepts);
  return last?.command.kind === 'ACCEPT' || isApproved ? { kind: 'accepted' } : { kind: 'none' };
}

function byVerdict(
  people: People,
  pitch: Said & Pick<OpenPitch, 'closings'>,
  commands: { command: Command }[],
): Decision {
  const last = verdictsIn(people, pitch).at(-1);
  if (last === undefined) return { kind: 'none' };
  if (last.accepts) return { kind: 'accepted' };
  if (pitch.closings.some(({ at }) => Date.parse(at) >= Date.parse(last.at))) return { kind: 'none' };
  const words = commands.findLast(({ command }) => command.kind === 'REJECT')?.command;
  return { kind: 'declined', reason: words?.kind === 'REJECT' ? words.reason : '', by: last.name };
}

/** The first word on a pitch that looks like a decision and is none, with why: who wrote it, that it was edited, or that a comment does not decide. */
export function firstIgnored(
  people: People,
  pitch: OpenPitch,
): { word: string; login: string; why: 'who' | 'edited' | 'comment' } | undefined {
  for (const comment of pitch.comments) {
    const command = commandIn(comment.body);
    if (command === undefined || comment.user == null || sameAccount(comment.user, people.account)) continue;
    const does = counts(people, comment);
    if (does && (!people.byVerdict || decisionOn(people, pitch).kind !== 'none')) continue;
    const why = does ? 'comment' : mayDecide(people, comment.user) ? 'edited' : 'who';
    return { word: command.kind, login: comment.user.login, why };
  }
  return undefined;
}
