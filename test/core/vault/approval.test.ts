import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Approved, type PullFacts, proveApproval, type Rights } from '../../../core/vault/approval.ts';
import type { Rule } from '../../../core/vault/policy.ts';
import { verdictOn } from '../../../core/vault/verdict.ts';
import { asForge, history, oracle } from '../../histories.ts';
import { action, pull, review, rights } from '../../vault-facts.ts';

const rule = (more: Partial<Rule> = {}): Rule => ({
  approvals: 1,
  approvers: 'write',
  delayMinutes: 0,
  freeze: [],
  ...more,
});
/** What would run now: the bytes and the formula that were at the head. */
const about = (more: Partial<Approved> = {}): Approved => ({
  blob: 'blob',
  formulaBlob: 'formula-blob',
  shownAt: null,
  ...more,
});

it('a standing no of somebody whose right could not be read leaves it open', () => {
  const reviews = [review('ada'), review('bob', { id: 2, state: 'REQUEST_CHANGES' })];
  const asked = rule({ approvers: ['ada', '@org/sec'] });

  expect(proveApproval(about(), pull({ reviews }), asked, rights()).verdict).toBe('unknown');
  expect(
    proveApproval(about(), pull({ reviews }), asked, rights({ teams: { '@org/sec': ['bob'] } })).verdict,
  ).toBe('denied');
  expect(
    proveApproval(about(), pull({ reviews }), asked, rights({ teams: { '@org/sec': [] } })).verdict,
  ).toBe('approved');
});

describe('the bytes about to run are approved', () => {
  it('by somebody who may, for the very head whose bytes they are', () => {
    expect(proveApproval(about(), pull(), rule(), rights())).toEqual({
      verdict: 'approved',
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
    const proof = proveApproval(about(), pull(given), rule(asked), rights(may));

    expect(proof.verdict).toBe('denied');
    expect(JSON.stringify(proof)).toContain(reason);
  });

  it.each<[string, Partial<PullFacts>, Partial<Approved>, string]>([
    [
      'the pull request was pointed at this branch after the approval',
      { retargetedAt: '2026-11-20T09:45:00Z' },
      {},
      'before the pull request was pointed at this branch',
    ],
    [
      'it was pointed here in the very second of the approval',
      { retargetedAt: '2026-11-20T09:30:00Z' },
      {},
      'before the pull request was pointed at this branch',
    ],
    [
      'people were shown only later which commit would run',
      {},
      { shownAt: '2026-11-20T09:45:00Z' },
      'before it was shown which commit would run',
    ],
    [
      'its formula is another one by now',
      {},
      { formulaBlob: 'changed' },
      'with another version of its formula',
    ],
    ['its head had no formula', { formulaBlob: null }, {}, 'with another version of its formula'],
  ])('never when %s', (_, given, wanted, reason) => {
    const proof = proveApproval(about(wanted), pull(given), rule(), rights());

    expect(proof.verdict).toBe('denied');
    expect(JSON.stringify(proof)).toContain(reason);
  });

  it('although it was pointed at another branch once, where everything was said after that', () => {
    expect(
      proveApproval(about(), pull({ retargetedAt: '2026-11-20T09:29:59Z' }), rule(), rights()).verdict,
    ).toBe('approved');
  });

  it('and a formula that changed is told apart, for a push mends it and more approvals do not', () => {
    expect(proveApproval(about({ formulaBlob: 'changed' }), pull(), rule(), rights())).toMatchObject({
      isOutdated: true,
    });
    expect(proveApproval(about(), pull({ reviews: [] }), rule(), rights())).toMatchObject({
      isOutdated: false,
    });
  });

  it('and a standing no counts whenever it was said', () => {
    const reviews = [review('bob', { id: 2, state: 'REQUEST_CHANGES', commit: 'older' }), review('ada')];

    expect(
      proveApproval(about(), pull({ reviews, retargetedAt: '2026-11-20T09:00:00Z' }), rule(), rights()),
    ).toMatchObject({ verdict: 'denied' });
  });

  it('is unknown, and not denied, when the forge did not tell who may', () => {
    expect(
      proveApproval(
        about(),
        pull(),
        rule({ approvers: 'admin' }),
        rights({ admins: { unknown: 'the token may not ask' } }),
      ),
    ).toEqual({ verdict: 'unknown', reason: '#7: the token may not ask' });
    expect(proveApproval(about(), pull(), rule({ approvers: ['@acme/ops'] }), rights())).toMatchObject({
      verdict: 'unknown',
    });
  });

  it('by a team member, or somebody the policy names, as it names them', () => {
    expect(
      proveApproval(
        about(),
        pull(),
        rule({ approvers: ['@acme/ops'] }),
        rights({ teams: { '@acme/ops': ['ADA'] } }),
      ),
    ).toMatchObject({ verdict: 'approved' });
    expect(proveApproval(about(), pull(), rule({ approvers: ['Ada'] }), rights())).toMatchObject({
      verdict: 'approved',
    });
  });
});

describe('over random histories', () => {
  it('nothing is accepted that was not approved, and nothing refused that was', () => {
    let accepted = 0;
    const falseRefusals: string[] = [];
    fc.assert(
      fc.property(
        history(16),
        fc.integer({ min: 1, max: 2 }),
        fc.constantFrom(0, 6, 8),
        (events, needed, days) => {
          const { blob, candidate, policy, now } = asForge(events, { needed, days });
          if (candidate === undefined) return;
          const verdict = verdictOn({
            action: action(),
            blob,
            candidate,
            policy,
            settings: {
              policySource: 'ops',
              acceptsDirectCommits: false,
              acceptsExposedSecrets: true,
              acceptsOpenPolicy: false,
              maxAgeMs: 7 * 86_400_000,
              ownAccounts: [],
            },
            now,
          });
          const truth = oracle(events, { needed, days });

          if (verdict.kind === 'allowed') {
            accepted += 1;
            expect(truth).toBe(true);
          } else if (truth) falseRefusals.push(JSON.stringify(verdict));
        },
      ),
      { numRuns: 10_000 },
    );
    // A proof that refuses everything would accept nothing falsely; this one does accept, in about one of six.
    expect(accepted).toBeGreaterThan(1000);
    expect(falseRefusals).toEqual([]);
  });
});
