import { expect, it } from 'vitest';
import { isClaim } from '../../../actions/escalation/follow.ts';
import { plan } from '../../../actions/escalation/plan.ts';
import { recordOf } from '../../../actions/escalation/proposing.ts';
import type { Live, ProposalSeen } from '../../../actions/escalation/state.ts';
import { account, ada, live, settings } from './live.ts';

const made = recordOf(live({ now: '2026-11-26T09:00:00.000Z' }), {
  id: '20261126-5-1',
  payload: { type: 'issue-create', repo: 'owner/project', title: 'a', body: '', labels: [] },
  run: null,
  thread: { repository: 'owner/project', number: 1 },
  request: { comment: 5, asker: ada, proposer: null },
  talk: [],
  renews: null,
});
if (made === undefined) throw new Error('the policy allows it');
const comment = {
  id: 9,
  user: account,
  body: made.rendering,
  created_at: '2026-11-26T09:00:00Z',
  updated_at: '2026-11-26T09:00:00Z',
};
/** One that bob has clicked. */
const approved: ProposalSeen = {
  id: made.id,
  record: { ...made, comment: { id: comment.id, updated_at: comment.updated_at } },
  blob: 'x',
  decided: undefined,
  isClaimedNow: false,
  outcome: undefined,
  isDamaged: false,
  isWaitTold: false,
  facts: {
    comment,
    reactions: [{ user: { id: 3, login: 'bob' }, content: '+1', created_at: '2026-11-26T09:30:00Z' }],
    comments: [],
  },
  rights: { writers: ['bob'], admins: [], teams: {}, never: ['crew'] },
  world: { faults: [], run: null, labels: [] },
  found: undefined,
  trouble: undefined,
};
/** One whose thread is to be told of its end. */
const over: ProposalSeen = {
  ...approved,
  decided: {
    version: 1,
    id: made.id,
    kind: 'expired',
    why: 'x',
    renew: false,
    at: '2026-11-26T09:00:00.000Z',
    by: 'crew',
  },
};

const thread = { repository: 'owner/project', number: 1 };
const asked: Live['requests'][number] = {
  thread,
  comment: {
    id: 7,
    issue: 1,
    body: '/crew please',
    user: ada,
    created_at: '2026-11-26T09:00:00Z',
    updated_at: '2026-11-26T09:00:00Z',
  },
  asker: ada,
  mayAsk: true,
  material: undefined,
};
const said: Live['said'] = {
  'answer 7': {
    text: 'Yes.',
    use: { engine: 'scripted', model: 'm', inputTokens: 1, outputTokens: 1, cost: 1 },
  },
};
const kinds = (proposals: ProposalSeen[]): string[] =>
  plan(settings, live({ proposals, requests: [asked], said })).map((change) =>
    change.kind === 'write-files' ? change.message : change.kind,
  );

it('what a model has answered goes on record before anything that could end the run', () => {
  expect(kinds([over])[0]).toBe('escalation: answer 7');
  expect(kinds([over])).toHaveLength(3);
});

it('what a model has answered goes on record before something is claimed, and nothing is claimed beside it', () => {
  expect(kinds([approved])).toEqual(['escalation: answer 7']);
  expect(plan(settings, live({ proposals: [approved] }))).toMatchObject([
    { kind: 'write-files', message: 'escalation: claim 20261126-5-1' },
  ]);
});

it('a claim is known by the record that it writes, whatever its commit is called', () => {
  const [claim] = plan(settings, live({ proposals: [approved] }));
  if (claim?.kind !== 'write-files') throw new Error('nothing is claimed');
  const [file] = claim.files;
  const other = { ...claim, files: [{ ...file, path: 'told/x.json', content: '{}', expects: null }] };

  expect(isClaim({ ...claim, message: 'x' })).toBe(true);
  expect(isClaim(other)).toBe(false);
});
