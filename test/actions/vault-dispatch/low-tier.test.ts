import { describe, expect, it } from 'vitest';
import { startOf, strayChanges, whyNotMergeable } from '../../../actions/vault-dispatch/low-tier.ts';
import { plan } from '../../../actions/vault-dispatch/plan.ts';
import { settings } from '../../../actions/vault-dispatch/settings.ts';
import type {
  DispatchState,
  MergeFacts,
  ReviewState,
  VaultSettings,
} from '../../../actions/vault-dispatch/state.ts';
import { action, brought, candidate, person } from '../../vault-facts.ts';

const file = 'vault/actions/clean-1.toml';
const facts = (more: Partial<MergeFacts> = {}): MergeFacts => ({
  commits: [{ sha: 'head', parents: ['base'] }],
  changes: [{ path: file, kind: 'added', mode: '100644' }],
  taken: [],
  ...more,
});

describe('the commits of a pull request are one row', () => {
  it.each<[string, { sha: string; parents: string[] }[], string | undefined]>([
    ['of one', [{ sha: 'head', parents: ['base'] }], 'base'],
    [
      'of several',
      [
        { sha: 'head', parents: ['b'] },
        { sha: 'b', parents: ['base'] },
      ],
      'base',
    ],
    ['not where there are none', [], undefined],
    [
      'not where a merge that throws the branch away is among them (`-s ours`)',
      [
        { sha: 'head', parents: ['old', 'base'] },
        { sha: 'old', parents: ['older'] },
      ],
      undefined,
    ],
    [
      'not where one of them is no ancestor of the head',
      [
        { sha: 'head', parents: ['base'] },
        { sha: 'aside', parents: ['base'] },
      ],
      undefined,
    ],
    ['not where one has no parent', [{ sha: 'head', parents: [] }], undefined],
  ])('%s', (_, commits, from) => {
    expect(startOf(commits, 'head')).toBe(from);
  });
});

describe('a merge brings new actions and nothing else', () => {
  it('and then nobody has to look at it', () => {
    expect(whyNotMergeable(facts(), [file])).toBeUndefined();
  });

  it.each<[string, Partial<MergeFacts>, string]>([
    ['a merge among its commits', { changes: null }, 'are not one row'],
    [
      'another file',
      {
        changes: [...(facts().changes ?? []), { path: 'vault/policy.toml', kind: 'changed', mode: '100644' }],
      },
      'it also changes vault/policy.toml',
    ],
    [
      'a change of it',
      { changes: [{ path: file, kind: 'changed', mode: '100644' }] },
      `it also changes ${file}`,
    ],
    [
      'a symbolic link',
      { changes: [{ path: file, kind: 'added', mode: '120000' }] },
      `it also changes ${file}`,
    ],
    ['nothing at all', { changes: [] }, 'it does not bring what was looked at'],
    ['what the branch has by now', { taken: [file] }, 'is on the branch by now'],
  ])('not %s', (_, more, why) => {
    expect(whyNotMergeable(facts(more), [file])).toContain(why);
  });

  it('and what it did beyond that is told afterwards', () => {
    const added = { path: file, status: 'added' };
    expect(strayChanges([added])).toEqual([]);
    expect(
      strayChanges([
        added,
        { path: 'vault/policy.toml', status: 'modified' },
        { path: 'vault/actions/old-1.toml', status: 'removed' },
        { path: 'vault/actions/deep/x.toml', status: 'added' },
      ]),
    ).toEqual(['vault/policy.toml', 'vault/actions/old-1.toml', 'vault/actions/deep/x.toml']);
  });
});

const given = {
  ...Object.fromEntries(Object.keys(settings).map((name) => [name, undefined])),
  bots: [],
  mode: 'dispatch',
  'low-tier': 'auto-merge',
  'policy-source': 'ops',
  'accept-exposed-secrets': false,
  'accept-open-policy': false,
  'max-age': 7 * 86_400_000,
  'max-dispatches': 10,
} as unknown as VaultSettings;
const shared = {
  now: '2026-11-20T12:00:00Z',
  account: person('dispatcher'),
  repository: 'owner/ops',
  branch: 'main',
  records: { repository: 'owner/ops', branch: 'vault-records' },
  runUrl: null,
  commit: 'c',
  policy: { tiers: { backup: 'low' as const } },
  policyBlob: null,
  tiersBlob: null,
};

describe('where a merge of our own did more than it was made for', () => {
  const dispatching = (changes: { path: string; status: string }[], mergedBy: number): DispatchState => ({
    ...shared,
    kind: 'dispatch',
    finished: { ended: 0, rejected: 0, earlier: 0 },
    planted: [],
    withdrawn: [],
    endedNow: [],
    actions: (['a-1', 'b-1'] as const).map((id) => ({
      id,
      file: `vault/actions/${id}.toml`,
      kind: 'open',
      action: action({ id, file: `vault/actions/${id}.toml` }),
      blob: 'blob',
      digest: 'sha256:x',
      nonce: 'n',
      isClaimed: false,
      candidate: candidate({
        brought: brought({
          mergedBy: id === 'a-1' ? mergedBy : 1,
          changes: id === 'a-1' ? changes : [{ path: 'vault/actions/b-1.toml', status: 'added' }],
        }),
      }),
    })),
  });
  const turned = [
    { path: 'vault/actions/a-1.toml', status: 'added' },
    { path: 'vault/policy.toml', status: 'modified' },
  ];

  it('nothing is started, whoever asked for it: an old policy may be back', () => {
    const kinds = plan(given, dispatching(turned, person('dispatcher').id)).map(({ kind }) => kind);

    expect(kinds).toEqual(['refuse']);
  });

  it('and what a person merged is judged by itself', () => {
    const kinds = plan(given, dispatching(turned, 1)).map(({ kind }) => kind);

    expect(kinds.filter((kind) => kind === 'dispatch')).toHaveLength(2);
  });
});

describe('the role merges', () => {
  const reviewing = (mergesByCommit: boolean): ReviewState => ({
    ...shared,
    kind: 'review',
    mergesByCommit,
    crowded: [],
    closedToUs: [],
    requests: [
      {
        number: 7,
        headSha: 'head',
        author: 'asker',
        content: {
          kind: 'read',
          isDraft: false,
          isApprovedByUs: false,
          status: null,
          comment: null,
          documents: [],
          others: [],
          merging: facts({ changes: [{ path: 'vault/actions/a-1.toml', kind: 'added', mode: '100644' }] }),
          actions: [
            {
              id: 'a-1',
              file: 'vault/actions/a-1.toml',
              kind: 'open',
              action: action({ id: 'a-1', file: 'vault/actions/a-1.toml' }),
              blob: 'blob',
              candidate: candidate({ brought: { ...brought(), kind: 'open' } }),
            },
          ],
        },
      },
    ],
  });

  it('by a merge commit and in no other way, for a rebase of undo and redo turns a branch back', () => {
    expect(plan(given, reviewing(true)).find(({ kind }) => kind === 'merge-pull')).toMatchObject({
      style: 'merge',
      commit: 'head',
    });
  });

  it('nothing where the repository allows no merge commits', () => {
    expect(plan(given, reviewing(false)).map(({ kind }) => kind)).not.toContain('merge-pull');
  });
});
