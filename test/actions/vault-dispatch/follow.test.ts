import { describe, expect, it } from 'vitest';
import { follow } from '../../../actions/vault-dispatch/follow.ts';
import type { DispatchState, SeenRecord, StartedRun } from '../../../actions/vault-dispatch/state.ts';
import type { Change } from '../../../core/change.ts';
import { describeChange } from '../../../core/change.ts';
import { fired, person } from '../../vault-facts.ts';

const now = '2026-11-20T10:10:00Z';
const state: DispatchState = {
  kind: 'dispatch',
  now,
  account: person('dispatcher'),
  repository: 'owner/ops',
  branch: 'main',
  records: { repository: 'owner/ops', branch: 'vault-records' },
  runUrl: null,
  commit: 'c',
  policy: {},
  policyBlob: null,
  tiersBlob: null,
  actions: [],
  finished: { ended: 0, rejected: 0, earlier: 0 },
  planted: [],
  withdrawn: [],
  endedNow: [],
};

function followed(record: SeenRecord, isEdited = false): Change[] {
  return follow(state, {
    id: 'backup-1',
    file: 'vault/actions/backup-1.toml',
    kind: 'fired',
    isEdited,
    record,
  });
}

function run(more: Partial<StartedRun> = {}): StartedRun {
  return {
    id: 3,
    url: 'https://forge.test/3',
    state: 'running',
    created: '2026-11-20T10:00:00Z',
    commit: 'a'.repeat(40),
    reason: null,
    ...more,
  };
}

function seen(more: Partial<StartedRun>): SeenRecord {
  return { kind: 'seen', record: fired({ run: { url: 'https://forge.test/3' } }), blob: 'b', run: run(more) };
}

/** The outcome that a change puts on record, or undefined. */
function recorded(changes: Change[]): unknown {
  const change = changes.find(({ kind }) => kind === 'write-files');
  return change?.kind === 'write-files' ? JSON.parse(change.files[0]?.content ?? '{}').outcome : undefined;
}

describe('a run that was started', () => {
  it.each<[string, Partial<StartedRun>, string | undefined]>([
    ['is left alone while it runs', {}, undefined],
    ['that succeeded is recorded as a success', { state: 'success' }, 'success'],
    ['that failed is never a success', { state: 'failure' }, 'failure'],
    ['that was cancelled is never a success', { state: 'cancelled' }, 'cancelled'],
    ['that never ends is over after its time', { created: '2026-11-20T09:00:00Z' }, 'timeout'],
    [
      'that ended after its time is what it was',
      { created: '2026-11-20T09:00:00Z', state: 'success' },
      'success',
    ],
  ])('%s', (_, more, outcome) => {
    const changes = followed(seen(more));

    expect(recorded(changes)).toBe(outcome);
    if (outcome === undefined) expect(changes.map(({ kind }) => kind)).toEqual(['keep']);
  });

  it('is put on record with its id in place of the blob that was read', () => {
    const [change] = followed({
      kind: 'seen',
      record: fired({ run: { id: null, url: null } }),
      blob: 'b',
      run: run({ id: 87, url: 'https://forge.test/owner/ops/actions/runs/3' }),
    });

    expect(change).toMatchObject({
      kind: 'write-files',
      files: [{ path: 'fired/backup-1.json', content: expect.stringContaining('"id": 87'), expects: 'b' }],
      why: 'run 3 was started',
    });
  });

  it('is put on record as ended in a file of its own, so that what spent the id stays as it is', () => {
    expect(followed(seen({ state: 'success' }))[0]).toMatchObject({
      kind: 'write-files',
      branch: 'vault-records',
      files: [{ path: 'ended/backup-1.json', expects: null }],
    });
  });

  it('that is over its time is ended first, and nothing else ever is', () => {
    expect(followed(seen({ created: '2026-11-20T09:00:00Z' })).map(({ kind }) => kind)).toEqual([
      'cancel-run',
      'write-files',
      'set-status',
      'comment-section',
    ]);
    expect(followed(seen({ state: 'failure' })).map(({ kind }) => kind)).not.toContain('cancel-run');
  });

  it('that runs something else than what was approved is ended and never named', () => {
    const changes = followed({
      kind: 'seen',
      record: fired({ run: { id: null, url: null } }),
      blob: 'b',
      run: run({ commit: 'c'.repeat(40) }),
    });

    expect(changes.map(({ kind }) => kind).slice(0, 3)).toEqual(['refuse', 'cancel-run', 'write-files']);
    expect(changes[2]).toMatchObject({ files: [{ path: 'ended/backup-1.json' }] });
    expect(recorded(changes)).toBe('cancelled');
  });

  it.each([
    ['success', 'failure'],
    ['failure', 'failure'],
    ['cancelled', 'cancelled'],
  ] as const)('that ran something else and ended with %s is on record with %s', (ended, outcome) => {
    const changes = followed(seen({ state: ended, commit: 'c'.repeat(40) }));

    expect(recorded(changes)).toBe(outcome);
    expect(changes.map(({ kind }) => kind)).toEqual([
      'refuse',
      'write-files',
      'set-status',
      'comment-section',
    ]);
    expect(changes[2]).toMatchObject({ state: 'failure' });
    expect(changes[3]).toMatchObject({
      text: expect.stringContaining(`${'c'.repeat(40)} ran, and ${'a'.repeat(40)} was approved`),
    });
  });

  it('that could not start is told with the reason of its backend', () => {
    const [change] = followed(seen({ state: 'failure', reason: 'step "x": no such image\nmore' }));

    expect(change?.why).toBe('run 3 ended: failure, step "x": no such image');
  });

  it('tells the pull request that asked for it, and nobody where there was none', () => {
    expect(followed(seen({ state: 'failure' })).slice(1)).toMatchObject([
      { kind: 'set-status', state: 'failure' },
      { kind: 'comment-section' },
    ]);
    const alone = fired({ pull: null, head: null });
    expect(
      followed({ kind: 'seen', record: alone, blob: 'b', run: run({ state: 'success' }) }).map(
        ({ kind }) => kind,
      ),
    ).toEqual(['write-files']);
  });
});

describe('what is not known', () => {
  it.each<[string, SeenRecord, string, string]>([
    [
      'a file that is no record is an alarm',
      { kind: 'unreadable' },
      'refuse',
      'is not what dispatcher writes. Find out who did; the id is spent',
    ],
    [
      'an intent without a run is waited for',
      { kind: 'unseen', record: fired({ run: { id: null, url: null } }), startedItNow: false },
      'keep',
      'no run of it is seen yet',
    ],
    [
      'an old intent without a run is asked of a person, and never started again',
      {
        kind: 'unseen',
        record: fired({ intent: { ...fired().intent, at: '2026-11-20T09:00:00Z' } }),
        startedItNow: false,
      },
      'refuse',
      'whether it ran is unknown, so it is not started again',
    ],
    [
      'a run on Woodpecker without a token for it',
      { kind: 'out-of-reach', record: fired() },
      'refuse',
      'set woodpecker-url and woodpecker-token',
    ],
  ])('%s', (_, record, kind, text) => {
    const [change, ...more] = followed(record);

    expect(more).toEqual([]);
    expect(change?.kind).toBe(kind);
    expect(change === undefined ? '' : describeChange(change)).toContain(text);
  });

  it('an action edited after its start is refused, and its run is followed all the same', () => {
    const changes = followed(seen({ state: 'success' }), true);

    expect(changes.slice(0, 2).map(({ kind }) => kind)).toEqual(['refuse', 'write-files']);
  });
});
