import { expect, it } from 'vitest';
import { proposeAll, recordOf } from '../../../actions/escalation/proposing.ts';
import type { CheckedAction } from '../../../actions/escalation/state.ts';
import type { Payload } from '../../../core/escalation/payload.ts';
import { proposalDigest, shortDigest } from '../../../core/escalation/record.ts';
import { ada, live, settings } from './live.ts';

const payload = (nth: number): Payload => ({
  type: 'issue-create',
  repo: 'owner/project',
  title: `Mend no ${nth}`,
  body: '',
  labels: [],
});
/** Found in a minute by trying titles: their digests begin with the same twelve digits. */
const [one, other] = [payload(18_254_527), payload(24_954_330)];
const checked = (item: Payload): CheckedAction => ({
  written: { type: item.type, json: JSON.stringify(item) },
  read: { ok: true, payload: item },
  world: { faults: [], run: null, labels: [] },
});
const from = {
  thread: { repository: 'owner/project', number: 1 },
  request: { comment: 5, asker: ada, proposer: null },
  talk: [],
  at: '2026-11-26T09:00:00Z',
};

it('two payloads with one short digest are never shown side by side: a comment for one would approve both', () => {
  const digests = [one, other].map((item) => proposalDigest(item, null));
  expect(new Set(digests).size).toBe(2);
  expect(new Set(digests.map(shortDigest)).size).toBe(1);

  const together = proposeAll(settings, live(), { ...from, actions: [checked(one), checked(other)] });
  const record = recordOf(live(), { ...from, id: '20261126-4-1', payload: one, run: null, renews: null });
  if (record === undefined) throw new Error('unreachable');
  const waiting = {
    id: record.id,
    record,
    blob: 'x',
    decided: undefined,
    isClaimedNow: false,
    outcome: undefined,
    isDamaged: false,
    isWaitTold: false,
    facts: { comment: null, reactions: [], comments: [] },
    rights: { writers: [], admins: [], teams: {}, never: [] },
    world: undefined,
    found: undefined,
    trouble: undefined,
  };
  const later = proposeAll(settings, live({ proposals: [waiting] }), { ...from, actions: [checked(other)] });

  expect([together.records.length, later.records.length]).toEqual([1, 0]);
  expect(later.lines.join()).toContain('its short digest is that of another proposal, which waits');
});
