import type { Change } from '../../core/change.ts';
import { ownComments, ownCommentsLike } from '../../core/own-comment.ts';
import type { ClosedPitch, Live, OpenPitch } from './state.ts';
import { rejectedSign, signs } from './text.ts';

// Our own comments on a pitch: each is written once, and found again by its sign. Pure.

/** A comment of ours, where it is not there yet. */
export function commentOnce(
  { account, ground }: Live,
  { pull, comments }: OpenPitch,
  { sign, text }: { sign: string; text: string },
): Change<'comment'>[] {
  if (ownComments(comments, account, sign).length > 0) return [];
  return [
    {
      kind: 'comment',
      repository: ground.repository,
      issue: pull.number,
      text: text.trimEnd(),
      sign,
      mayDecline: true,
      why: '',
    },
  ];
}

/** Whether we said something on an open pitch that only follows once it was accepted. */
export function isAnswered({ account }: Pick<Live, 'account'>, { comments }: OpenPitch): boolean {
  return [signs.questions, signs.noSuchOption, signs.ready('')].some(
    (sign) => ownCommentsLike(comments, account, sign).length > 0,
  );
}

/** Whether we closed it because somebody declined it. */
export function wasDeclined({ account }: Live, { comments }: ClosedPitch): boolean {
  return ownCommentsLike(comments, account, rejectedSign).length > 0;
}
