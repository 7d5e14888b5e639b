import { expect, it } from 'vitest';
import { follow } from '../../../actions/escalation/follow.ts';
import { recordOf } from '../../../actions/escalation/proposing.ts';
import type { Found, ProposalSeen } from '../../../actions/escalation/state.ts';
import { ada, live } from './live.ts';

const record = recordOf(live(), {
  id: '20261126-5-1',
  payload: { type: 'issue-create', repo: 'owner/project', title: 'a', body: '', labels: [] },
  run: null,
  thread: { repository: 'owner/project', number: 1 },
  request: { comment: 5, asker: ada, proposer: null },
  talk: [],
  renews: null,
});

/** One that some run claimed. */
function claimed(found: Found | undefined, more: Partial<ProposalSeen> = {}): ProposalSeen {
  return {
    id: '20261126-5-1',
    record: record && { ...record, comment: { id: 9, updated_at: '2026-11-26T09:00:00Z' } },
    blob: 'x',
    decided: {
      version: 1,
      id: '20261126-5-1',
      kind: 'claimed',
      nonce: 'n',
      approvals: [{ login: 'bob', by: '+1', at: '2026-11-26T09:30:00Z' }],
      at: '2026-11-26T10:00:00.000Z',
      by: 'crew',
      run_url: null,
    },
    isClaimedNow: false,
    outcome: undefined,
    isDamaged: false,
    isWaitTold: false,
    facts: { comment: null, reactions: [], comments: [] },
    rights: { writers: ['bob'], admins: [], teams: {}, never: ['crew'] },
    world: { faults: [], run: null, labels: [] },
    found,
    trouble: undefined,
    ...more,
  };
}

const kinds = (seen: ProposalSeen, now = '2026-11-26T10:05:00.000Z'): string[] =>
  follow(live({ now, proposals: [seen] })).map((change) =>
    change.kind === 'write-files' ? change.message : change.kind,
  );

it('what another run claimed is looked for and never done again', () => {
  expect(kinds(claimed({ kind: 'nothing' }))).toEqual(['keep']);
  expect(kinds(claimed(undefined))).toEqual(['keep']);
  expect(kinds(claimed({ kind: 'made', number: 7, url: null }))).toEqual(['escalation: done 20261126-5-1']);
  expect(kinds(claimed({ kind: 'nothing' }), '2026-11-26T10:15:00.000Z')).toEqual([
    'escalation: unknown 20261126-5-1',
  ]);
  expect(kinds(claimed({ kind: 'stray', number: 3, commit: 'f' }))).toEqual([
    'cancel-run',
    'escalation: failed 20261126-5-1',
  ]);
});

it('what came of a claim is not called unknown while it only could not be read', () => {
  const unread = claimed(undefined, { trouble: 'the forge failed' });
  const expires = unread.record?.expires ?? '';

  expect(kinds(unread, new Date(Date.parse(expires) - 1000).toISOString())).toEqual(['keep']);
  expect(kinds(unread, expires)).toEqual(['escalation: unknown 20261126-5-1']);
});

it('what this run claimed is not done where it can no longer be read what it is about', () => {
  const unread = claimed(undefined, { isClaimedNow: true, trouble: 'the forge failed' });

  expect(kinds(unread)).toEqual(['escalation: failed 20261126-5-1']);
});

it('what this run claimed is not done where its comment changed meanwhile', () => {
  expect(kinds(claimed({ kind: 'nothing' }, { isClaimedNow: true }))).toEqual([
    'escalation: failed 20261126-5-1',
  ]);
});
