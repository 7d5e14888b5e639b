import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PullFacts,
  proveApproval,
  type ReviewFacts,
  type Rights,
} from '../../../core/vault/approval.ts';
import type { Rule } from '../../../core/vault/policy.ts';
import { type Event, event, oracle, people } from '../../histories.ts';

const rule = (more: Partial<Rule> = {}): Rule => ({
  approvals: 1,
  approvers: 'write',
  delayMinutes: 0,
  freeze: [],
  ...more,
});
const rights = (more: Partial<Rights> = {}): Rights => ({
  writers: ['owner', 'ada', 'bob', 'asker', 'robot'],
  admins: ['owner', 'ada'],
  teams: {},
  never: ['robot'],
  ...more,
});
const ids: Record<string, number> = { owner: 1, ada: 2, bob: 3, asker: 4, robot: 5, reader: 6 };
const user = (login: string): { id: number; login: string } => ({ id: ids[login] ?? 99, login });
const review = (login: string, more: Partial<ReviewFacts> = {}): ReviewFacts => ({
  id: 1,
  user: user(login),
  state: 'APPROVED',
  commit: 'head',
  stale: false,
  official: true,
  dismissed: false,
  ...more,
});
const pull = (more: Partial<PullFacts> = {}): PullFacts => ({
  number: 7,
  author: user('asker'),
  merged: true,
  intoBase: true,
  headSha: 'head',
  headBlob: 'blob',
  changesFile: true,
  reviews: [review('ada')],
  ...more,
});

it('a standing no of somebody whose right could not be read leaves it open', () => {
  const reviews = [review('ada'), review('bob', { id: 2, state: 'REQUEST_CHANGES' })];
  const asked = rule({ approvers: ['ada', '@org/sec'] });

  expect(proveApproval('blob', [pull({ reviews })], asked, rights()).verdict).toBe('unknown');
  expect(
    proveApproval('blob', [pull({ reviews })], asked, rights({ teams: { '@org/sec': ['bob'] } })).verdict,
  ).toBe('denied');
  expect(
    proveApproval('blob', [pull({ reviews })], asked, rights({ teams: { '@org/sec': [] } })).verdict,
  ).toBe('approved');
});

describe('the bytes about to run are approved', () => {
  it('by somebody who may, for the very head whose bytes they are', () => {
    expect(proveApproval('blob', [pull()], rule(), rights())).toEqual({
      verdict: 'approved',
      pull: 7,
      approvals: [{ login: 'ada', review: 1, commit: 'head' }],
    });
  });

  it.each<[string, Partial<PullFacts>, Partial<Rule>, Partial<Rights>, string]>([
    ['no pull request was merged', { merged: false }, {}, {}, 'is not merged'],
    ['it was merged into another branch', { intoBase: false }, {}, {}, 'another branch'],
    ['the pull request only speaks of the file', { changesFile: false }, {}, {}, 'did not change the file'],
    [
      'the file was edited on the branch afterwards',
      { headBlob: 'other' },
      {},
      {},
      'other bytes at its head',
    ],
    ['nobody approved, whoever merged it', { reviews: [] }, {}, {}, 'has 0 of 1 approvals'],
    [
      'the approval is for an older commit',
      { reviews: [review('ada', { commit: 'older' })] },
      {},
      {},
      'is for an older commit',
    ],
    [
      'the approval is stale',
      { reviews: [review('ada', { stale: true })] },
      {},
      {},
      'is for an older commit',
    ],
    ['the approval was dismissed', { reviews: [review('ada', { dismissed: true })] }, {}, {}, 'is dismissed'],
    [
      'the approver rejected it later',
      { reviews: [review('ada'), review('ada', { id: 2, state: 'REQUEST_CHANGES' })] },
      {},
      {},
      'was rejected by ada',
    ],
    [
      'somebody else who may rejected it',
      { reviews: [review('ada'), review('bob', { id: 2, state: 'REQUEST_CHANGES' })] },
      {},
      {},
      'was rejected by bob',
    ],
    ['the author approved it', { reviews: [review('asker')] }, {}, {}, 'their own pull request'],
    ['a bot approved it', { reviews: [review('robot')] }, {}, {}, 'it is a bot'],
    ['the approver was demoted since', {}, {}, { writers: ['owner', 'bob'] }, 'no write access now'],
    [
      'a reader approved it',
      { reviews: [review('reader', { official: false })] },
      {},
      {},
      'without write access',
    ],
    [
      'a writer approved what needs an admin',
      { reviews: [review('bob')] },
      { approvers: 'admin' },
      {},
      'they are no admin now',
    ],
    [
      'the policy names others',
      { reviews: [review('bob')] },
      { approvers: ['ada'] },
      {},
      'the policy does not name them',
    ],
    ['one approval is there of two', {}, { approvals: 2 }, {}, 'has 1 of 2 approvals'],
    [
      'a comment says yes',
      { reviews: [review('ada', { state: 'COMMENT' })] },
      {},
      {},
      'has 0 of 1 approvals',
    ],
    ['the author is gone, and could be anybody', { author: null }, {}, {}, 'their own pull request'],
  ])('never when %s', (_, given, asked, may, reason) => {
    const proof = proveApproval('blob', [pull(given)], rule(asked), rights(may));

    expect(proof.verdict).toBe('denied');
    expect(JSON.stringify(proof)).toContain(reason);
  });

  it('never without a pull request at all', () => {
    expect(proveApproval('blob', [], rule({ approvals: 0 }), rights())).toMatchObject({ verdict: 'denied' });
  });

  it('is unknown, and not denied, when the forge did not tell who may', () => {
    expect(
      proveApproval(
        'blob',
        [pull()],
        rule({ approvers: 'admin' }),
        rights({ admins: { unknown: 'the token may not ask' } }),
      ),
    ).toEqual({ verdict: 'unknown', reason: '#7: the token may not ask' });
    expect(proveApproval('blob', [pull()], rule({ approvers: ['@acme/ops'] }), rights())).toMatchObject({
      verdict: 'unknown',
    });
  });

  it('by a team member, or somebody the policy names, as it names them', () => {
    expect(
      proveApproval(
        'blob',
        [pull()],
        rule({ approvers: ['@acme/ops'] }),
        rights({ teams: { '@acme/ops': ['ADA'] } }),
      ),
    ).toMatchObject({ verdict: 'approved' });
    expect(proveApproval('blob', [pull()], rule({ approvers: ['Ada'] }), rights())).toMatchObject({
      verdict: 'approved',
    });
  });
});

// Random histories of a repository, kept as a forge keeps them.

/** What a forge would say at the end. */
function asForge(events: Event[]): { blob: string; pulls: PullFacts[]; rights: Rights } {
  const levels = new Map<string, string>([
    ['owner', 'admin'],
    ['ada', 'admin'],
    ['bob', 'write'],
    ['asker', 'write'],
    ['robot', 'write'],
  ]);
  const pulls: (PullFacts & { commits: string[]; blobs: string[] })[] = [];
  let main = '';
  let reviewId = 0;
  const open = (): void => {
    const head = `c${pulls.length}-0`;
    pulls.push({
      ...pull({ number: pulls.length + 1, merged: false, headSha: head, headBlob: 'b0', reviews: [] }),
      commits: [head],
      blobs: ['b0'],
    });
  };
  open();
  for (const item of events) {
    const now = pulls.at(-1);
    if (now === undefined) break;
    if (item.do === 'reopen') {
      if (now.merged) open();
    } else if (item.do === 'edit') main = `b${item.bytes}`;
    else if (item.do === 'rights') levels.set(item.who, item.level);
    else if (now.merged) continue;
    else if (item.do === 'push') {
      now.headSha = `c${pulls.length - 1}-${now.commits.length}`;
      now.headBlob = `b${item.bytes}`;
      now.commits.push(now.headSha);
      now.blobs.push(now.headBlob);
      for (const older of now.reviews) older.stale = true;
    } else if (item.do === 'review') {
      if (item.who === 'asker') continue;
      const commit = now.commits.at(-1 - Math.min(item.of, now.commits.length - 1)) ?? '';
      const level = levels.get(item.who);
      reviewId += 1;
      if (item.verdict !== 'COMMENT')
        for (const older of now.reviews)
          if (older.user?.login === item.who && older.state !== 'COMMENT') {
            older.official = false;
            older.dismissed = true;
          }
      now.reviews.push(
        review(item.who, {
          id: reviewId,
          state: item.verdict,
          commit,
          stale: commit !== now.headSha,
          official: item.verdict !== 'COMMENT' && (level === 'write' || level === 'admin'),
        }),
      );
    } else if (item.do === 'dismiss') {
      const found = now.reviews[item.nth];
      if (found !== undefined) found.dismissed = true;
    } else if (item.do === 'merge') {
      // Anybody's merge, forced or not: merged says nothing about approvals.
      now.merged = true;
      main = now.headBlob ?? '';
    }
  }
  const at = (...wanted: string[]): string[] =>
    people.filter((who) => wanted.includes(levels.get(who) ?? 'none'));
  return {
    blob: main,
    pulls,
    rights: rights({ writers: at('write', 'admin'), admins: at('admin') }),
  };
}

describe('over random histories', () => {
  it('nothing is accepted that was not approved, and nothing refused that was', () => {
    let accepted = 0;
    const falseRefusals: string[] = [];
    fc.assert(
      fc.property(fc.array(event, { maxLength: 16 }), fc.integer({ min: 1, max: 2 }), (events, needed) => {
        const { blob, pulls, rights: may } = asForge(events);
        const proof = proveApproval(blob, pulls, rule({ approvals: needed }), may);
        const truth = oracle(events, needed);

        if (proof.verdict === 'approved') {
          accepted += 1;
          expect(truth).toBe(true);
        } else if (truth) falseRefusals.push(JSON.stringify(proof));
      }),
      { numRuns: 10_000 },
    );
    // A proof that refuses everything would accept nothing falsely; this one does accept, in about one of fifty.
    expect(accepted).toBeGreaterThan(100);
    expect(falseRefusals).toEqual([]);
  });
});
