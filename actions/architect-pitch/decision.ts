import { namesLogin, sameAccount } from '../../core/accounts.ts';
import type { Comment } from '../../core/forge/comments.ts';
import { commandLines } from '../../core/text/commands.ts';
import type { OpenPitch, People } from './state.ts';

// What people decided about a pitch: which words decide, and whose. Pure.

/** A word that decides, as the first line of a comment. */
export type Command = { kind: 'ACCEPT' } | { kind: 'PITCH AGAIN' } | { kind: 'REJECT'; reason: string };

export function commandIn(comment: string): Command | undefined {
  const first = (commandLines(comment)[0] ?? '').trim();
  if (first === 'ACCEPT' || first === 'PITCH AGAIN') return { kind: first };
  const reason = /^REJECT:\s*(.*)$/.exec(first)?.[1];
  return reason === undefined ? undefined : { kind: 'REJECT', reason };
}

/** Whether somebody may decide: one of the deciders, and never the account that wrote the pitch. */
export function mayDecide({ account, deciders }: People, user: Comment['user']): boolean {
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

/** Comments that decline a pitch. */
export function rejectionsIn(people: People, comments: Comment[]): Comment[] {
  return commandsIn(people, comments).flatMap(({ comment, command }) =>
    command.kind === 'REJECT' ? [comment] : [],
  );
}

/** Whether another pitch is wanted in place of one that was declined. */
export function asksAgain(people: People, comments: Comment[]): boolean {
  return commandsIn(people, comments).some(({ command }) => command.kind === 'PITCH AGAIN');
}

export type Decision =
  | { kind: 'none' }
  | { kind: 'accepted' }
  /** `comment`: the one that declines it. */
  | { kind: 'declined'; reason: string; comment: number };

/** The last word of somebody who may decide; an approval accepts, unless a comment says otherwise. */
export function decisionOn(people: People, pitch: OpenPitch): Decision {
  const last = commandsIn(people, pitch.comments)
    .filter(({ command }) => command.kind !== 'PITCH AGAIN')
    .at(-1);
  // Somebody reopened it after we had closed it for this very word: then the word has had its effect.
  const isOver = last !== undefined && pitch.reopenedAfter.includes(last.comment.id);
  if (last?.command.kind === 'REJECT' && !isOver)
    return { kind: 'declined', reason: last.command.reason, comment: last.comment.id };
  const isApproved = pitch.reviews.some(
    (review) => review.state === 'APPROVED' && !review.dismissed && mayDecide(people, review.user),
  );
  return last?.command.kind === 'ACCEPT' || isApproved ? { kind: 'accepted' } : { kind: 'none' };
}

/** The first word on a pitch that looks like a decision and is none, with why: who wrote it, or that it was edited. */
export function firstIgnored(
  people: People,
  { comments }: OpenPitch,
): { word: string; login: string; why: 'who' | 'edited' } | undefined {
  for (const comment of comments) {
    const command = commandIn(comment.body);
    if (command === undefined || comment.user == null || sameAccount(comment.user, people.account)) continue;
    if (counts(people, comment)) continue;
    const why = mayDecide(people, comment.user) ? 'edited' : 'who';
    return { word: command.kind, login: comment.user.login, why };
  }
  return undefined;
}
