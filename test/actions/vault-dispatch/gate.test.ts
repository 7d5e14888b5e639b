import { describe, expect, it } from 'vitest';
import { gate, whyNotAsk } from '../../../actions/vault-dispatch/gate.ts';
import type { GateFinding, GateState, NamedRun } from '../../../actions/vault-dispatch/state.ts';
import { describeChange } from '../../../core/change.ts';
import type { RunFacts } from '../../../core/host/host.ts';
import { fired, person } from '../../vault-facts.ts';

const run: RunFacts = {
  backend: 'forgejo-workflow',
  id: 3,
  workflow: 'backup.yml',
  isFirst: true,
  isManual: true,
  inputs: { target: 'db', action: 'backup-1', nonce: 'nonce' },
};
/** What a record of the facts says. */
const commit = 'a'.repeat(40);

function named(more: Partial<NamedRun> = {}): NamedRun {
  return {
    kind: 'named',
    run,
    ciRepository: 'owner/ops',
    record: fired(),
    hasEnded: false,
    inputs: run.inputs ?? null,
    commit,
    claim: { kind: 'none' },
    ...more,
  };
}

function planned(found: GateFinding, more: Partial<GateState> = {}): { kind: string; text: string }[] {
  const state: GateState = {
    kind: 'gate',
    now: '2026-11-20T10:01:00Z',
    account: person('gatekeeper'),
    repository: 'owner/ops',
    branch: 'main',
    records: { repository: 'owner/ops', branch: 'vault-records' },
    claims: { repository: 'owner/ops', branch: 'vault-claims' },
    runUrl: null,
    isDryRun: false,
    found,
    ...more,
  };
  return gate(state).map((change) => ({ kind: change.kind, text: describeChange(change) }));
}

describe('a gate', () => {
  it('claims the run that a record names', () => {
    expect(planned(named())).toEqual([
      { kind: 'write-files', text: 'claimed/backup-1.json on vault-claims of owner/ops' },
    ]);
  });

  it('is open once this very step has claimed it', () => {
    expect(planned(named({ claim: { kind: 'ours' } }))).toEqual([
      { kind: 'keep', text: 'the gate is open: this is the run of backup-1' },
    ]);
  });

  it('lets a run through whose inputs nobody can tell', () => {
    expect(planned(named({ inputs: null }))[0]?.kind).toBe('write-files');
  });

  it.each<[string, GateFinding, string]>([
    ['that is no step of a pipeline', { kind: 'no-run' }, 'this is no step of a pipeline'],
    [
      'that no record names',
      { kind: 'no-record', run, ciRepository: 'owner/ops' },
      'no record names run 3 of owner/ops',
    ],
    [
      'that was started by hand',
      { kind: 'hopeless', why: 'no action waits for its run' },
      'no action waits for its run: it was not started by vault-dispatch, so nothing runs and nothing is waited for',
    ],
    ['whose action has ended', named({ hasEnded: true }), 'has ended already'],
    [
      'of another workflow',
      named({ run: { ...run, workflow: 'wipe.yml' } }),
      'runs backup.yml, and this is wipe.yml',
    ],
    [
      'that was told something else',
      named({ inputs: { target: 'files', action: 'backup-1', nonce: 'nonce' } }),
      'its inputs differ',
    ],
    ['that was told nothing', named({ inputs: {} }), 'its inputs differ'],
    [
      'with another nonce',
      named({ inputs: { target: 'db', action: 'backup-1', nonce: 'guessed' } }),
      'its inputs differ',
    ],
    [
      'of which the host does not say what runs',
      named({ commit: null }),
      'the host does not say which commit runs',
    ],
    [
      'at another commit than the one that was started',
      named({ commit: 'c'.repeat(40) }),
      'has moved since it was started',
    ],
    [
      'that has a claim which is none',
      named({ claim: { kind: 'unreadable' } }),
      'is no claim: somebody else made it',
    ],
    [
      'that another run claimed',
      named({
        claim: {
          kind: 'theirs',
          record: {
            version: 2,
            id: 'backup-1',
            nonce: 'nonce',
            run: { backend: 'forgejo-workflow', repository: 'owner/ops', id: 2, url: null },
            at: '2026-11-20T10:00:30Z',
            by: 'gatekeeper',
          },
        },
      }),
      'was claimed at 2026-11-20T10:00:30Z already, by run 2 of owner/ops',
    ],
  ])('stays shut for a run %s', (_, found, reason) => {
    const [change, ...more] = planned(found);

    expect(more).toEqual([]);
    expect(change?.kind).toBe('refuse');
    expect(change?.text).toContain(reason);
  });

  it('cannot be tried', () => {
    expect(planned(named(), { isDryRun: true })[0]?.text).toContain('cannot be tried without claiming');
  });

  it('compares on Woodpecker also which formula the variables name', () => {
    const record = fired({ run: { backend: 'woodpecker-pipeline', workflow: 'backup.yaml' } });
    const pipeline: RunFacts = { ...run, backend: 'woodpecker-pipeline', workflow: 'backup' };
    const inputs = { target: 'db', action: 'backup-1', nonce: 'nonce' };

    expect(planned(named({ record, run: pipeline, inputs: { ...inputs, FORMULA: 'backup' } }))[0]?.kind).toBe(
      'write-files',
    );
    expect(
      planned(named({ record, run: pipeline, inputs: { ...inputs, FORMULA: 'wipe' } }))[0]?.text,
    ).toContain('its inputs differ');
  });
});

describe('a gate asks nobody', () => {
  const asked = {
    run,
    event: 'workflow_dispatch',
    forgeUrl: 'https://forge.test/',
    given: 'https://forge.test',
  };

  it('but the forge that CI names, for a first run that was started for it', () => {
    expect(whyNotAsk(asked)).toBeUndefined();
  });

  it.each([
    ['another forge', { ...asked, given: 'https://evil.test' }, 'a gate asks no other'],
    [
      'a run that a push started',
      { ...asked, run: { ...run, isManual: false }, event: 'push' },
      'started by push',
    ],
    ['a rerun', { ...asked, run: { ...run, isFirst: false } }, 'this is a rerun'],
  ])('for %s', (_, given, reason) => {
    expect(whyNotAsk(given)).toContain(reason);
  });
});
