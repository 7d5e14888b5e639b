import { expect, it } from 'vitest';
import type { AgentRun } from '../../../core/agent/agent-run.ts';
import { createCheckIn } from '../../../core/agent/check-in.ts';
import { entryText, parseEntry } from '../../../core/agent/entry.ts';
import type { Change } from '../../../core/change.ts';
import { githubAsForge } from '../../../core/github/as-forge.ts';
import { entryOf } from '../../actions/forge-agent/entries.ts';

it('says what models have cost so far, which is all that is known of a round that is cut off', async () => {
  const written: Change[] = [];
  let cost: number | null = null;
  const run = {
    repository: 'owner/project',
    issue: 1,
    label: null,
    entry: {
      repository: 'crew/state',
      branch: 'main',
      path: 'agents/owner/project/1.json',
      commit: 'a'.repeat(40),
      text: entryText(entryOf({ status: 'running', cost: 1 })),
    },
  } as AgentRun;
  const checkIn = createCheckIn(
    run,
    {
      send: async () =>
        ({ status: 200, headers: {}, body: { number: 1, state: 'open', labels: [] } }) as never,
      async write(changes) {
        written.push(...changes);
        return [{ status: 'done', change: changes[0], said: '' }] as never;
      },
      clock: () => new Date('2026-01-01T10:40:00Z'),
      say: () => undefined,
    },
    () => cost,
  );
  const entry = (): unknown => {
    const parsed = parseEntry(Buffer.from(checkIn.text(), 'utf8'));
    return parsed.ok ? parsed.entry : parsed.fault;
  };

  await checkIn.look();
  expect(written).toEqual([]);
  checkIn.seen();
  await checkIn.look();
  expect(entry()).toMatchObject({ cost: 1, last_checkin_at: '2026-01-01T10:40:00.000Z' });
  expect(entry()).not.toHaveProperty('spending');
  cost = 0.25;
  checkIn.seen();
  await checkIn.look();
  expect(entry()).toMatchObject({ cost: 1, spending: 0.25 });
  expect(written).toHaveLength(2);
});

it('ends the work on an issue that GitHub has moved to another repository', async () => {
  const run = {
    repository: 'owner/project',
    issue: 1,
    label: null,
    entry: { repository: 'x/y', branch: 'main', path: 'x', commit: 'x', text: entryText(entryOf({})) },
  } as AgentRun;
  const checkIn = createCheckIn(
    run,
    {
      send: githubAsForge(async () => ({ status: 301, headers: {}, body: { message: 'Moved Permanently' } })),
      write: async () => [],
      clock: () => new Date('2026-01-01T10:40:00Z'),
      say: () => undefined,
    },
    () => null,
  );

  await checkIn.look();

  expect(checkIn.calledOff()).toBe('#1 can no longer be seen');
});
