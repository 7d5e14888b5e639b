import { describe, expect, it } from 'vitest';
import { readOver } from '../../../core/agent/over.ts';
import type { Send } from '../../../core/api/send.ts';
import { entryOf } from '../../actions/forge-agent/entries.ts';

const run = { backend: 'forgejo-workflow', repository: 'owner/ops', id: 7 } as const;
const lease = { id: 'f'.repeat(32), until: '2026-01-01T12:00:00.000Z', run };

/** A forge that says this of every run. */
function forge(status: string): Send {
  return async () => ({
    status: 200,
    headers: {},
    body: {
      id: 7,
      status,
      commit_sha: 'c'.repeat(40),
      created: '2026-01-01T10:00:00Z',
      html_url: '',
      event_payload: '{}',
    },
  });
}
const failing: Send = async () => ({ status: 500, headers: {}, body: { message: '' } });

const over = (send: Send, now: string, held: Partial<typeof lease> | { run: null } = {}) =>
  readOver({ send, now }, entryOf({ status: 'running', ended_at: null, lease: { ...lease, ...held } }));

describe('a run that holds an issue', () => {
  it.each([
    ['goes on, as its CI says', forge('running'), '2026-01-01T11:00:00Z', {}],
    ['goes on, as its CI says, by a clock that is hours ahead', forge('running'), '2026-01-01T15:00:00Z', {}],
    ['may go on where its CI cannot be asked', failing, '2026-01-01T11:00:00Z', {}],
    ['may go on where no CI runs it', failing, '2026-01-01T11:00:00Z', { run: null }],
  ])('%s', async (_, send, now, held) => {
    expect(await over(send, now, held)).toBeNull();
  });

  it.each([
    [
      'has ended, however long its lease is',
      forge('failure'),
      '2026-01-01T11:00:00Z',
      {},
      'its run 7 is over (failure)',
    ],
    [
      'has no lease any more, and CI cannot be asked',
      failing,
      '2026-01-01T12:00:01Z',
      {},
      'its lease ran out',
    ],
    ['has no lease any more, and no CI', failing, '2026-01-01T12:00:01Z', { run: null }, 'its lease ran out'],
    ['is one that its CI has lost', forge('running'), '2026-01-01T18:00:01Z', {}, 'its lease ran out'],
  ])('is over where it %s', async (_, send, now, held, why) => {
    expect(await over(send, now, held)).toContain(why);
  });
});
