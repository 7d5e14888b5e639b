import { describe, expect, it } from 'vitest';
import { wasDeclined } from '../../../actions/architect-pitch/comments.ts';
import { spentOn } from '../../../actions/architect-pitch/costs.ts';
import {
  asksAgain,
  decisionOn,
  firstIgnored,
  reactionsThatCount,
} from '../../../actions/architect-pitch/decision.ts';
import type { ClosedPitch, Live, OpenPitch, UnreadPitch } from '../../../actions/architect-pitch/state.ts';
import { footerComment } from '../../../actions/architect-pitch/text.ts';
import type { Comment } from '../../../core/forge/comments.ts';
import type { Review } from '../../../core/forge/pulls.ts';
import type { Reaction } from '../../../core/forge/reactions.ts';

const architect = { id: 9, login: 'architect' };
const ada = { id: 2, login: 'ada' };
const stranger = { id: 3, login: 'stranger' };
const people = { account: architect, deciders: ['Ada'], byVerdict: false };

const at = '2026-11-20T09:00:00Z';
let last = 0;

function comment(user: Comment['user'], body: string, edited = at): Comment {
  last += 1;
  return { id: last, user, body, created_at: at, updated_at: edited };
}

function review(user: Review['user'], given: Partial<Review> = {}): Review {
  return {
    id: 1,
    user,
    state: 'APPROVED',
    commit_id: 's',
    stale: false,
    official: true,
    dismissed: false,
    submitted_at: at,
    ...given,
  };
}

const base = {
  pull: {
    number: 3,
    title: 'architect: x',
    body: '',
    state: 'open',
    merged: false,
    updated_at: at,
    user: architect,
    head: {
      label: 'architect/sprint-vision-7',
      ref: 'architect/sprint-vision-7',
      sha: 's',
      repo_id: 2,
    },
    base: { ref: 'main', repo_id: 1 },
  },
  visions: [7],
  home: 'architect/ops',
};

function open(given: Partial<OpenPitch> = {}): OpenPitch {
  return {
    ...base,
    kind: 'open',
    comments: [],
    reviews: [],
    document: { kind: 'none', why: '' },
    reactions: [],
    closings: [],
    ...given,
  };
}

function closed(comments: Comment[], body = ''): ClosedPitch {
  return { ...base, kind: 'closed', pull: { ...base.pull, state: 'closed', body }, comments, again: false };
}

describe('a decision on a pitch', () => {
  it.each<[string, Partial<OpenPitch>, string]>([
    ['nobody wrote', {}, 'none'],
    ['a decider wrote ACCEPT', { comments: [comment(ada, 'ACCEPT\nthanks')] }, 'accepted'],
    ['a decider wrote it as prose', { comments: [comment(ada, 'I ACCEPT')] }, 'none'],
    ['a stranger wrote ACCEPT', { comments: [comment(stranger, 'ACCEPT')] }, 'none'],
    ['somebody who is gone wrote ACCEPT', { comments: [comment(null, 'ACCEPT')] }, 'none'],
    ['we wrote ACCEPT', { comments: [comment(architect, 'ACCEPT')] }, 'none'],
    ['a decider edited it', { comments: [comment(ada, 'ACCEPT', '2026-11-20T09:01:00Z')] }, 'none'],
    ['a decider approved', { reviews: [review(ada)] }, 'accepted'],
    ['somebody who is gone approved', { reviews: [review(null)] }, 'none'],
    ['the approval was dismissed', { reviews: [review(ada, { dismissed: true })] }, 'none'],
    [
      'the last word is REJECT',
      { comments: [comment(ada, 'ACCEPT'), comment(ada, 'REJECT: no')], reviews: [review(ada)] },
      'declined',
    ],
    [
      'the last word is ACCEPT',
      { comments: [comment(ada, 'REJECT: no'), comment(ada, 'ACCEPT')] },
      'accepted',
    ],
    [
      'PITCH AGAIN came last',
      { comments: [comment(ada, 'ACCEPT'), comment(ada, 'PITCH AGAIN')] },
      'accepted',
    ],
  ])('where %s', (_, given, kind) => {
    expect(decisionOn(people, open(given)).kind).toBe(kind);
  });

  it('says why it was declined and by which comment, until somebody reopens the pitch after that', () => {
    const rejection = comment(ada, 'REJECT: too large');

    expect(decisionOn(people, open({ comments: [rejection] }))).toEqual({
      kind: 'declined',
      reason: 'too large',
      by: `${rejection.id}`,
    });
    expect(
      decisionOn(people, open({ comments: [rejection], closings: [{ id: rejection.id + 1, at }] })),
    ).toEqual({
      kind: 'none',
    });
  });

  it('is never by us, although we are among the deciders', () => {
    const pitch = open({ comments: [comment(architect, 'ACCEPT')], reviews: [review(architect)] });

    expect(decisionOn({ ...people, deciders: ['architect'] }, pitch)).toEqual({ kind: 'none' });
  });
});

it('the first word that is no decision is answered with why, and never a word of ours or of somebody who is gone', () => {
  const edited = comment(ada, 'REJECT: x', '2026-11-20T09:01:00Z');

  expect(
    firstIgnored(
      people,
      open({
        comments: [comment(null, 'ACCEPT'), comment(architect, 'ACCEPT'), comment(ada, 'ACCEPT'), edited],
      }),
    ),
  ).toEqual({ word: 'REJECT', login: 'ada', why: 'edited' });
  expect(firstIgnored(people, open({ comments: [comment(stranger, 'ACCEPT')] }))).toEqual({
    word: 'ACCEPT',
    login: 'stranger',
    why: 'who',
  });
});

it('another pitch is asked for by those who may decide, and by nobody else', () => {
  const again = (...comments: Comment[]): boolean =>
    asksAgain(people, { comments, reviews: [], reactions: [] }, []);

  expect(again(comment(ada, 'PITCH AGAIN'))).toBe(true);
  expect(again(comment(null, 'PITCH AGAIN'), comment(stranger, 'PITCH AGAIN'))).toBe(false);
});

describe('where deciders are named, nothing decides that others could have written', () => {
  const named = { ...people, byVerdict: true };
  const minute = (nth: number): string => new Date(Date.parse(at) + nth * 60_000).toISOString();
  const reacted = (user: Reaction['user'], content: string, nth = 1): Reaction => ({
    user,
    content,
    created_at: minute(nth),
  });
  const approved = (nth: number): Review => review(ada, { submitted_at: minute(nth) });
  const changesWanted = (nth: number): Review =>
    review(ada, { id: 7, state: 'REQUEST_CHANGES', submitted_at: minute(nth) });

  it.each<[string, Partial<OpenPitch>, string]>([
    ['a decider wrote ACCEPT', { comments: [comment(ada, 'ACCEPT')] }, 'none'],
    ['a decider wrote REJECT', { comments: [comment(ada, 'REJECT: no')] }, 'none'],
    ['a decider reacted with +1', { reactions: [reacted(ada, '+1')] }, 'accepted'],
    ['a decider reacted with -1', { reactions: [reacted(ada, '-1')] }, 'declined'],
    ['a decider reacted with a heart', { reactions: [reacted(ada, 'heart')] }, 'none'],
    ['a stranger reacted', { reactions: [reacted(stranger, '+1'), reacted(null, '-1')] }, 'none'],
    ['we reacted', { reactions: [reacted(architect, '+1')] }, 'none'],
    ['a decider approved', { reviews: [approved(1)] }, 'accepted'],
    ['a decider wants changes', { reviews: [changesWanted(1)] }, 'declined'],
    [
      'that verdict was dismissed',
      { reviews: [review(ada, { state: 'REQUEST_CHANGES', dismissed: true })] },
      'none',
    ],
    ['a decider only left a remark', { reviews: [review(ada, { state: 'COMMENT' })] }, 'none'],
    ['-1 came after +1', { reactions: [reacted(ada, '-1', 2), reacted(ada, '+1', 1)] }, 'declined'],
    ['+1 came after -1', { reactions: [reacted(ada, '-1', 1), reacted(ada, '+1', 2)] }, 'accepted'],
    ['both came in one second', { reactions: [reacted(ada, '-1'), reacted(ada, '+1')] }, 'declined'],
    ['an approval came after -1', { reactions: [reacted(ada, '-1', 1)], reviews: [approved(2)] }, 'accepted'],
    ['-1 came after an approval', { reactions: [reacted(ada, '-1', 2)], reviews: [approved(1)] }, 'declined'],
    [
      'it was reopened after -1 had closed it',
      { reactions: [reacted(ada, '+1', 0), reacted(ada, '-1', 1)], closings: [{ id: 1, at: minute(2) }] },
      'none',
    ],
  ])('%s', (_, given, kind) => {
    expect(decisionOn(named, open(given)).kind).toBe(kind);
  });

  it('a comment gives the words, and the reaction decides', () => {
    const pitch = open({
      comments: [comment(ada, 'REJECT: too large'), comment(stranger, 'REJECT: ha')],
      reactions: [reacted(ada, '-1')],
    });

    expect(decisionOn(named, pitch)).toMatchObject({ kind: 'declined', reason: 'too large' });
    expect(firstIgnored(named, open({ comments: [comment(ada, 'ACCEPT')] }))?.why).toBe('comment');
    expect(firstIgnored(named, open({ ...pitch, comments: [comment(ada, 'REJECT: x')] }))).toBeUndefined();
  });

  it('another pitch is asked for by a reaction from after the end of the last, and by no comment', () => {
    const again = (given: { comments?: Comment[]; reactions?: Reaction[] }): boolean =>
      asksAgain(named, { comments: [], reviews: [], reactions: [], ...given }, [{ id: 1, at: minute(5) }]);

    expect(again({ comments: [comment(ada, 'PITCH AGAIN')] })).toBe(false);
    expect(again({ reactions: [reacted(ada, '+1', 4)] })).toBe(false);
    expect(again({ reactions: [reacted(ada, '+1', 6)] })).toBe(true);
    expect(again({ reactions: [reacted(stranger, '+1', 6)] })).toBe(false);
  });

  it('a reaction counts while our comment says what we wrote, and since it does so again', () => {
    const ours = footerComment(named);
    const all = [reacted(ada, '+1', 1), reacted(ada, '-1', 3)];
    const footer = (body: string, nth: number): Comment =>
      comment(architect, body, nth === 0 ? at : minute(nth));

    expect(reactionsThatCount(footer(ours, 0), ours, all)).toEqual(all);
    expect(reactionsThatCount(footer('Who likes cats?', 2), ours, all)).toEqual([]);
    expect(reactionsThatCount(footer(ours, 2), ours, all)).toEqual(all.slice(1));
    expect(reactionsThatCount(footer(ours, 3), ours, all)).toEqual([]);
  });
});

describe('what our own comments tell', () => {
  const live = (pitches: Live['pitches']): Live => ({ account: architect, pitches }) as Live;
  const sign = '<!-- forgecrew: rejected 12 -->';
  const cost = '<!-- model-use: 2026-11-20 scripted m 1 1 0.250000 -->';

  it('whether a pitch was declined: by our sign, and not by anybody’s copy of it', () => {
    expect(wasDeclined(live([]), closed([comment(architect, `Declined.\n\n${sign}`)]))).toBe(true);
    expect(wasDeclined(live([]), closed([comment(null, sign), comment(ada, sign)]))).toBe(false);
  });

  it('what a day cost: in descriptions and in our comments, and in nobody else’s', () => {
    const unread: UnreadPitch = {
      ...base,
      kind: 'unread',
      trouble: undefined,
      pull: { ...base.pull, body: cost },
    };
    const read = closed([comment(architect, cost), comment(ada, cost), comment(null, cost)], cost);

    expect(spentOn('2026-11-20', live([unread, read]))).toBe(0.75);
    expect(spentOn('2026-11-21', live([unread, read]))).toBe(0);
  });

  it('that a day’s costs are not known where one of them is not', () => {
    const unknown = cost.replace('0.250000', 'unknown');

    expect(spentOn('2026-11-20', live([closed([comment(architect, unknown)], cost)]))).toBe('unknown');
  });
});
