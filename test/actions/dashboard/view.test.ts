import { describe, expect, it } from 'vitest';
import { approversIn } from '../../../actions/dashboard/approvers.ts';
import { pendingOf } from '../../../actions/dashboard/pending.ts';
import { pictureText } from '../../../actions/dashboard/picture.ts';
import type { Place, Seen, Work } from '../../../actions/dashboard/state.ts';
import { bar } from '../../../actions/dashboard/text.ts';
import { type View, viewOf } from '../../../actions/dashboard/view.ts';

function seen(overrides: Partial<Seen> = {}): Seen {
  return {
    forgeUrl: 'https://forge.example/git',
    repositories: {
      ops: 'o/ops',
      project: 'o/project',
      records: 'o/ops',
      proposals: 'o/asks',
      state: 'o/state',
    },
    isPublic: false,
    private: [],
    people: { ops: ['ada'], project: ['ada', 'bea'] },
    approvers: null,
    bots: ['builder'],
    work: [],
    opsPulls: [],
    pending: [],
    actions: [],
    running: [],
    failed: [],
    tree: null,
    evidence: [],
    proposals: [],
    agents: [],
    frozen: [],
    runs: [],
    expected: [],
    red: [],
    leftOut: [],
    ...overrides,
  };
}

function work(number: number, overrides: Partial<Work> = {}): Work {
  return {
    number,
    kind: 'issue',
    title: `Thing ${number}`,
    author: 'ada',
    labels: [],
    isOpen: true,
    created: '2026-11-01T00:00:00Z',
    vision: null,
    ...overrides,
  };
}

function view(overrides: Partial<Seen> = {}): View {
  return viewOf(seen(overrides), { now: '2026-11-26T12:00:00Z', lateDays: 2, visionLabel: 'vision' });
}

const opsPull = (number: number, head: string, created: string | null = '2026-11-20T00:00:00Z') => ({
  number,
  title: `Pull ${number}`,
  head,
  created,
  questions: [] as string[],
});
/** Where a proposal was asked for: in a repository that is as open as the dashboard. */
const asked = { repository: 'o/ops', number: 3, comment: null };
const run = (issue: number, outcome: string, ended = '2026-11-25T10:00:00Z') => ({
  agent: 'builder',
  repository: 'o/project',
  issue,
  ended,
  outcome,
  cost: null,
});

const agent = (overrides: Partial<Seen['frozen'][number]> = {}) => ({
  agent: 'builder',
  repository: 'o/project',
  issue: 1,
  pull: null,
  newest: null,
  exhausted: null,
  ...overrides,
});

describe('what waits for a person', () => {
  it.each<[string, Partial<Seen>, string[]]>([
    ['nothing', {}, []],
    [
      'requests of the vault, pitches and other pull requests of the ops repo',
      { opsPulls: [opsPull(1, 'vault/a'), opsPull(2, 'architect/7'), opsPull(3, 'prerequisites/update')] },
      ['action to approve', 'pitch to decide', 'pull request to review'],
    ],
    [
      'a pitch with questions that nobody answered',
      { opsPulls: [{ ...opsPull(2, 'architect/7'), questions: ['Q1: Which?'] }] },
      ['pitch with open questions'],
    ],
    [
      'a pipeline that is red',
      { red: [{ name: 'file-sprints.yml', at: '2026-11-25T00:00:00Z', url: null }] },
      ['pipeline is red'],
    ],
    [
      'actions that nobody started, and those for a person',
      {
        actions: [
          { id: 'a', file: 'vault/actions/a.toml', human: null },
          { id: 'b', file: 'vault/actions/b.toml', human: 'Do it' },
        ],
      },
      ['action that has not been started', 'action for a person'],
    ],
    [
      'an open pull request of a bot, and none of a person',
      {
        work: [
          work(1, { kind: 'pull', author: 'Builder' }),
          work(2, { kind: 'pull' }),
          work(3, { kind: 'pull', author: 'builder', isOpen: false }),
        ],
      },
      ['pull request of an agent to review'],
    ],
    [
      'an agent that asked for somebody',
      { runs: [run(1, 'needs_person')] },
      ['agent builder needs somebody: needs_person'],
    ],
    [
      'no agent whose newest run went well',
      { runs: [run(1, 'timeout'), run(1, 'success', '2026-11-25T11:00:00Z')] },
      [],
    ],
    [
      'no agent whose issue is closed or worked on',
      {
        runs: [run(1, 'timeout'), run(2, 'timeout')],
        work: [work(1, { isOpen: false })],
        agents: [
          { ...agent({ repository: 'O/Project', issue: 2 }), started: '2026-11-26T00:00:00Z', url: null },
        ],
      },
      [],
    ],
    [
      'an open pull request that an agent has on record as its own, whoever opened it',
      {
        work: [
          work(7, { kind: 'pull' }),
          work(8, { kind: 'pull' }),
          work(9, { kind: 'pull', isOpen: false }),
        ],
        frozen: [agent({ repository: 'O/project', pull: 7 }), agent({ issue: 2, pull: 9 })],
      },
      ['pull request of an agent to review'],
    ],
    [
      'no pull request twice that is of a bot and on record',
      {
        work: [work(7, { kind: 'pull', author: 'builder' })],
        frozen: [agent({ pull: 7 })],
      },
      ['pull request of an agent to review'],
    ],
    [
      'pull requests of agents in other repositories, as far as their records go',
      { frozen: [agent({ repository: 'o/other', pull: 7, newest: run(1, 'success') })] },
      ['pull request of an agent to review'],
    ],
    [
      'an agent that is not woken any more, once, and not that its last round went badly as well',
      {
        runs: [run(1, 'timeout')],
        frozen: [
          agent({
            repository: 'O/Project',
            newest: run(1, 'timeout'),
            exhausted: { why: 'max_rounds', at: '2026-11-25T11:00:00Z' },
          }),
        ],
      },
      ['agent builder is not woken any more: max_rounds'],
    ],
    [
      'no agent that is not woken any more once its issue is closed',
      {
        work: [work(1, { isOpen: false })],
        frozen: [agent({ exhausted: { why: 'max_cost', at: '2026-11-25T11:00:00Z' } })],
      },
      [],
    ],
    [
      'an agent whose last round went badly long ago',
      { frozen: [agent({ newest: run(1, 'needs_person', '2026-08-01T10:00:00Z') })] },
      ['agent builder needs somebody: needs_person'],
    ],
    [
      'proposals',
      { proposals: [{ id: '1', type: 'ci-run', at: '2026-11-25T00:00:00Z', thread: asked }] },
      ['proposal to decide'],
    ],
  ])('is told of %s', (_, given, expected) => {
    expect(view(given).waiting.map(({ what }) => what)).toEqual(expected);
  });

  it('is sorted by its age, and last comes what nobody knows the beginning of', () => {
    const { waiting } = view({
      opsPulls: [
        opsPull(1, 'vault/a', null),
        opsPull(2, 'vault/b', '2026-11-25T00:00:00Z'),
        opsPull(3, 'vault/c'),
      ],
      proposals: [{ id: '1', type: 'ci-run', at: '2026-11-22T00:00:00Z', thread: asked }],
    });

    expect(waiting.map(({ title }) => title)).toEqual(['Pull 3', 'ci-run', 'Pull 2', 'Pull 1']);
  });

  it('has an address in which no name means anything', () => {
    const { waiting } = view({ actions: [{ id: 'a', file: 'vault/actions/a)(b.toml', human: null }] });

    expect(waiting[0]?.url).toBe(
      'https://forge.example/git/o/ops/src/branch/HEAD/vault/actions/a%29%28b.toml',
    );
  });
});

it.each<[Place[], number]>([
  [[], 3],
  [['project'], 1],
  [['state'], 2],
  [['project', 'state'], 1],
  [['project', 'state', 'proposals'], 0],
])('where everybody may read, nothing of %j is shown', (hidden, left) => {
  const given = {
    work: [work(1, { kind: 'pull', author: 'builder' }), work(5, { labels: ['vision'] })],
    runs: [run(2, 'timeout')],
    proposals: [{ id: '1', type: 'ci-run', at: '2026-11-25T00:00:00Z', thread: asked }],
    private: hidden,
  };

  expect(view({ ...given, isPublic: true }).waiting).toHaveLength(left);
  expect(view({ ...given, isPublic: true }).visions).toHaveLength(hidden.includes('project') ? 0 : 1);
  expect(view({ ...given, isPublic: false }).waiting).toHaveLength(3);
});

it('where everybody may read, agents are named with repositories of which it is known that they are public', () => {
  const given = {
    frozen: [
      agent({ repository: 'o/other', pull: 7, newest: run(1, 'timeout') }),
      agent({ issue: 2, newest: { ...run(2, 'timeout') } }),
    ],
    agents: [{ ...agent({ repository: 'o/third' }), started: '2026-11-26T00:00:00Z', url: null }],
  };

  const open = view({ ...given, isPublic: true });
  const closed = view({ ...given, isPublic: false });

  expect(open.waiting.map(({ title }) => title)).toEqual(['o/project#2']);
  expect(open.running).toEqual([]);
  expect(open.hidden).toBe(2);
  expect(closed.waiting).toHaveLength(3);
  expect(closed.running).toHaveLength(1);
});

it('a proposal is at the comment that people click on, and is named where that is known to be public', () => {
  const proposal = { id: '1', type: 'ci-run', at: '2026-11-25T00:00:00Z' };
  const given = {
    proposals: [
      { ...proposal, thread: { repository: 'o/project', number: 7, comment: 99 } },
      { ...proposal, id: '2', thread: { repository: 'o/other', number: 8, comment: null } },
    ],
  };

  const open = view({ ...given, isPublic: true });

  expect(view(given).waiting.map(({ url, who }) => [url, who])).toEqual([
    ['https://forge.example/git/o/other/issues/8', []],
    ['https://forge.example/git/o/project/issues/7#issuecomment-99', ['ada', 'bea']],
  ]);
  expect(open.waiting.map(({ url }) => url)).toEqual([
    'https://forge.example/git/o/project/issues/7#issuecomment-99',
  ]);
  expect(open.hidden).toBe(1);
});

it('nobody is named who may act in a repository whose people were not asked for', () => {
  const { waiting } = view({
    frozen: [
      agent({
        repository: 'o/other',
        pull: 7,
        exhausted: { why: 'ci_exhausted', at: '2026-11-25T11:00:00Z' },
      }),
    ],
  });

  expect(waiting.map(({ who }) => who)).toEqual([[], []]);
});

it('an action is for those whom the policy names, and every other pull request for who may write', () => {
  const opsPulls = [opsPull(1, 'vault/a'), opsPull(2, 'architect/7')];

  expect(view({ opsPulls, approvers: ['zoe'] }).waiting.map(({ who }) => who)).toEqual([['zoe'], ['ada']]);
  expect(view({ opsPulls }).waiting.map(({ who }) => who)).toEqual([['ada'], ['ada']]);
});

it.each([
  [
    'people for every tier that wants an approval',
    '[rules.medium]\napprovers = ["bob"]\n[rules.high]\napprovers = ["ada", "bob"]\n',
    ['ada', 'bob'],
  ],
  ['nobody for medium', '[rules.high]\napprovers = ["ada"]\n', null],
  ['a team', '[rules.medium]\napprovers = ["@o/team"]\n[rules.high]\napprovers = ["ada"]\n', null],
  ['a right', '[rules.medium]\napprovers = ["ada"]\n[rules.high]\napprovers = "admin"\n', null],
  ['nobody', '[tiers]\nbackup = "low"\n', null],
  ['nothing that can be read', '[rules', null],
])('a policy that names %s names these approvers', (_, policy, approvers) => {
  expect(approversIn(new TextEncoder().encode(policy))).toEqual(approvers);
});

it('a vision is as far as its closed sub-issues', () => {
  const { visions } = view({
    work: [
      work(1, { labels: ['vision'] }),
      work(2, { labels: ['vision'], isOpen: false }),
      work(3, { vision: 1 }),
      work(4, { vision: 1, isOpen: false }),
      work(5, { vision: 2 }),
    ],
  });

  expect(visions).toMatchObject([{ number: 1, done: 1, total: 2 }]);
});

it.each([
  [0, 0, '░░░░░░░░░░'],
  [0, 5, '░░░░░░░░░░'],
  [99, 100, '█████████░'],
  [5, 5, '██████████'],
])('%i of %i is %s', (done, total, expected) => {
  expect(bar(done, total)).toBe(expected);
});

it('evidence and pipelines are late only after their time', () => {
  const { evidence, late } = view({
    evidence: [
      { domain: 'b', day: '2026-11-23' },
      { domain: 'a', day: '2026-11-24' },
    ],
    expected: [
      { name: 'on-time.yml', withinMs: 26 * 3_600_000, last: '2026-11-25T11:00:00Z' },
      { name: 'late.yml', withinMs: 24 * 3_600_000, last: '2026-11-25T11:00:00Z' },
      { name: 'never.yml', withinMs: 48 * 3_600_000, last: null },
    ],
  });

  expect(evidence).toEqual([
    { domain: 'a', day: '2026-11-24', age: 2, isLate: false },
    { domain: 'b', day: '2026-11-23', age: 3, isLate: true },
  ]);
  expect(late).toEqual([
    { name: 'late.yml', last: '2026-11-25T11:00:00Z', allowed: '1 d' },
    { name: 'never.yml', last: null, allowed: '2 d' },
  ]);
});

it('money is added by agent and day, and an unknown cost is no zero', () => {
  const { money } = view({
    runs: [
      { ...run(1, 'success'), cost: 0.1 },
      { ...run(2, 'success'), cost: 0.2 },
      { ...run(3, 'success'), cost: null },
      { ...run(4, 'success', '2026-11-24T10:00:00Z') },
    ],
  });

  expect(money).toEqual([
    { agent: 'builder', day: '2026-11-25', runs: 3, cost: 0.3 },
    { agent: 'builder', day: '2026-11-24', runs: 1, cost: null },
  ]);
});

it.each([
  ['', { title: 'x.md', action: [], unblocks: [], since: null }],
  ['# A\n\nWaiting since 2026-04-08 (so)\n', { title: 'A', action: [], unblocks: [], since: '2026-04-08' }],
  ['# A\nWaiting since: **2026-04-08**\n', { title: 'A', action: [], unblocks: [], since: '2026-04-08' }],
  ['# A\nWaiting since 2026-99-99\n', { title: 'A', action: [], unblocks: [], since: null }],
  [
    '# A\n## Human action\n1. b\n\n2. c\n## Other\nd\n## Unblocks\n- #7\n',
    { title: 'A', action: ['1. b', '2. c'], unblocks: ['- #7'], since: null },
  ],
])('of a request %j what is missing is left out', (text, expected) => {
  expect(pendingOf('vault/pending/x.md', text)).toEqual(expected);
});

it('a picture is as wide as a phone, and shows whatever a title says as text', () => {
  const picture = pictureText([
    { number: 1, title: '</text><script>alert(1)</script>', url: '', done: 1, total: 2 },
    { number: 2, title: 'x'.repeat(500), url: '', done: 0, total: 0 },
  ]);

  expect(picture).toContain('width="360"');
  expect(picture).not.toContain('<script>');
  expect(picture).toContain('not filed');
  // However wide its letters are, a title ends before its count begins.
  expect(picture).toContain('<svg y="40" width="272" height="20"><text x="8" y="14">xxx');
  expect(Math.max(...picture.split('\n').map((line) => line.length))).toBeLessThan(600);
});
