import { describe, expect, it } from 'vitest';
import { wasDeclined } from '../../../actions/architect-pitch/comments.ts';
import { spentOn } from '../../../actions/architect-pitch/costs.ts';
import { asksAgain, decisionOn, firstIgnored } from '../../../actions/architect-pitch/decision.ts';
import type { ClosedPitch, Live, OpenPitch, UnreadPitch } from '../../../actions/architect-pitch/state.ts';
import type { Comment } from '../../../core/forge/comments.ts';
import type { Review } from '../../../core/forge/pulls.ts';

const architect = { id: 9, login: 'architect' };
const ada = { id: 2, login: 'ada' };
const stranger = { id: 3, login: 'stranger' };
const people = { account: architect, deciders: ['Ada'] };

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
    reopenedAfter: [],
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
      comment: rejection.id,
    });
    expect(decisionOn(people, open({ comments: [rejection], reopenedAfter: [rejection.id] }))).toEqual({
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
  expect(asksAgain(people, [comment(ada, 'PITCH AGAIN')])).toBe(true);
  expect(asksAgain(people, [comment(null, 'PITCH AGAIN'), comment(stranger, 'PITCH AGAIN')])).toBe(false);
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
