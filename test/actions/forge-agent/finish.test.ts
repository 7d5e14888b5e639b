import { describe, expect, it } from 'vitest';
import { finish } from '../../../actions/forge-agent/finish.ts';
import type { AgentSettings } from '../../../actions/forge-agent/settings.ts';
import type { LookingState, Mine } from '../../../actions/forge-agent/state.ts';
import type { RunRecord } from '../../../core/agent/run-record.ts';
import type { Change } from '../../../core/change.ts';
import { entryOf } from './entries.ts';

const settings = { 'progress-label': 'in-progress', 'blocked-label': 'blocked' } as AgentSettings;
const state = {
  stateRepo: { repository: 'crew/forgecrew-state', branch: 'main' },
  now: '2026-01-01T12:00:00Z',
} as LookingState;

const entry = entryOf({
  status: 'running',
  why: 'claimed',
  lease: { id: '1'.repeat(32), until: '2026-01-01T14:00:00Z', run: null },
  ended_at: null,
  cost: 0.5,
});

function record(over: Partial<RunRecord> = {}): RunRecord {
  return {
    repository: 'owner/project',
    issue: 1,
    round: 1,
    lease: '0'.repeat(32),
    agent: 'builder',
    given_by: 'ada',
    end: { how: 'signalled', why: null, code: 0, signal: null },
    signal: { status: 'failure', summary: 'No.' },
    work: { kind: 'nothing' },
    models: { calls: 1, input_tokens: 1, output_tokens: 1, cost: 0.25, reached_limit: false, refused: [] },
    checks: [],
    run_url: null,
    ...over,
  } as unknown as RunRecord;
}

/** What a run that took another's work over has before it. */
function mine(over: Partial<Mine> = {}): Mine {
  return {
    candidate: {
      repository: 'owner/project',
      number: 1,
      labels: [],
      known: [],
      updatedAt: '2026-01-01T13:00:00+02:00',
    },
    entry,
    sha: 'a'.repeat(40),
    markSha: 'b'.repeat(40),
    outcome: null,
    record: record(),
    home: 'crew/project',
    fork: 'ready',
    branch: 'crew/1-a-title',
    branchAt: null,
    pull: null,
    said: [`forge-agent end ${'0'.repeat(32)}`],
    declined: [],
    handed: null,
    done: [],
    ...over,
  } as unknown as Mine;
}

function closed(changes: Change[]): Record<string, unknown> {
  const [change] = changes;
  if (change?.kind !== 'write-files') throw new Error(`not closed: ${JSON.stringify(changes)}`);
  return JSON.parse(change.files[0]?.content ?? '{}');
}

describe('the end of an entry', () => {
  it('counts what its record cost, also where another run writes it', () => {
    expect(closed(finish(settings, state, mine()))).toMatchObject({ status: 'frozen', cost: 0.75 });
  });

  it("says as of when, by the forge's clock, nobody had touched the issue", () => {
    expect(closed(finish(settings, state, mine()))).toMatchObject({ rested_at: '2026-01-01T11:00:00.000Z' });
  });

  it('of work that a person has merged or closed meanwhile is not another pull request', () => {
    const work = {
      kind: 'work' as const,
      branch: 'agent/1-a-title',
      commit: 'c'.repeat(40),
      tree: 'd'.repeat(40),
      files: 1,
      bytes: 1,
    };
    const found = finish(
      settings,
      state,
      mine({
        record: record({ work, signal: { status: 'success', summary: 'Done.' } }),
        branchAt: 'c'.repeat(40),
        pull: { number: 7, isOpen: false },
      }),
    );

    expect(closed(found)).toMatchObject({ pr_number: 7, why: 'success' });
  });

  it('of a later round whose pull request was closed meanwhile keeps its work beside the branch, and says where', () => {
    const work = { kind: 'work' as const, commit: 'c'.repeat(40), tree: 'd'.repeat(40), files: 1, bytes: 1 };
    const base = { branch: 'main', commit: 'e'.repeat(40), merged: null };
    const found = finish(
      settings,
      state,
      mine({
        entry: { ...entry, pr_number: 7 },
        outcome: { work } as Mine['outcome'],
        record: record({
          base,
          round: 2,
          work: { ...work, branch: 'crew/1-a-title' },
          signal: { status: 'success', summary: 'Done.' },
        }),
        branchAt: base.commit,
        pull: { number: 7, isOpen: false },
        said: [],
      }),
    );

    expect(found).toMatchObject([
      { kind: 'push-commit', ref: 'refs/forgecrew/beside/1/2', commit: work.commit },
      { kind: 'comment', issue: 1, text: expect.stringContaining('refs/forgecrew/beside/1/2') },
    ]);
  });
});

describe('a run that was called off', () => {
  const end = { how: 'called-off', why: '#1 was closed', code: null, signal: null };
  const labels = [{ id: 4, name: 'in-progress' }];

  it('says nothing, and its label goes before its entry is closed', () => {
    const before = mine({ record: record({ end, signal: null }), said: [] });
    const found = finish(settings, state, { ...before, candidate: { ...before.candidate, labels } });

    expect(found).toMatchObject([{ kind: 'remove-label', label: { id: 4 } }]);
    expect(closed(finish(settings, state, before))).toMatchObject({ why: 'called-off: #1 was closed' });
  });

  it('leaves what an earlier round has to do again, and what it was to be told', () => {
    const later = { ...entry, pr_number: 2, heard: ['a'], hearing: ['b'], unpushed: 1 };
    const before = mine({ entry: later, record: record({ end, signal: null }) });

    expect(closed(finish(settings, state, before))).toMatchObject({
      status: 'frozen',
      unpushed: 1,
      heard: ['a'],
      hearing: [],
    });
  });

  it('leaves the label where it was lost to another run', () => {
    const before = mine({ record: record({ end: { ...end, how: 'claim-lost' }, signal: null }) });

    expect(
      closed(finish(settings, state, { ...before, candidate: { ...before.candidate, labels } })),
    ).toMatchObject({
      status: 'destroyed',
    });
  });
});
