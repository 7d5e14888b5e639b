import type { Entry } from '../../../core/agent/entry.ts';

/** What the state repo says of an issue whose only run is over, unless a test says otherwise. */
export function entryOf(over: Partial<Entry> = {}): Entry {
  return {
    version: 1,
    owner: 'owner',
    repo: 'project',
    issue_number: 1,
    slug: 'a-title',
    agent_name: 'builder',
    profile: null,
    backend: { host: 'woodpecker', isolation: 'user' },
    agent_git_user: { name: 'builder', email: 'b@example.test' },
    pr_number: null,
    status: 'destroyed',
    why: 'success',
    last_checkin_at: '2026-01-01T11:00:00Z',
    run_url: null,
    lease: { id: '0'.repeat(32), until: '2026-01-01T12:00:00Z', run: null },
    started_at: '2026-01-01T10:30:00Z',
    ended_at: '2026-01-01T11:00:00Z',
    rounds: 1,
    cost: null,
    ...over,
  };
}
