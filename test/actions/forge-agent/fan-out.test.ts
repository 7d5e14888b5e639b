import { describe, expect, it } from 'vitest';
import { chosenOf, fanOut, issueKey, occupancyOf } from '../../../actions/forge-agent/fan-out.ts';
import type { AgentSettings } from '../../../actions/forge-agent/settings.ts';
import { faults } from '../../../actions/forge-agent/settings.ts';
import type { FanOutState, Start, StartedRun, Waiting } from '../../../actions/forge-agent/state.ts';
import { describeChange } from '../../../core/change.ts';
import { entryOf } from './entries.ts';

// The decision of fan-out as plain data: who works, who is on the way, and for whom a run is started.

const settings = { 'max-parallel': 3, mode: 'fan-out' } as unknown as AgentSettings;
const now = '2026-01-01T12:00:00Z';
const commit = 'c'.repeat(40);

/** Minutes before now. */
const ago = (minutes: number): string => new Date(Date.parse(now) - minutes * 60_000).toISOString();

const waits = (number: number, over: Partial<Waiting> = {}): Waiting => ({
  repository: 'owner/project',
  number,
  agent: 'builder',
  askedAt: ago(600),
  left: null,
  ...over,
});
const run = (id: number, issue: number, over: Partial<StartedRun> = {}): StartedRun => ({
  id,
  issue: issueKey('owner/project', issue),
  start: null,
  created: ago(1),
  isGoingOn: true,
  hasClaimed: false,
  ...over,
});
const works = (issue: number, over: string | null = null) => ({
  entry: entryOf({ issue_number: issue, status: 'running' }),
  sha: 's',
  markSha: 'm',
  over,
});
const start = (issue: number, minutes: number, id = `${issue}`.padStart(32, '0')): Start => ({
  path: `starting/owner/project/${issue}.json`,
  sha: `sha${issue}`,
  issue: issueKey('owner/project', issue),
  mark: { lease: { id }, at: ago(minutes) },
});

function state(over: Partial<FanOutState> = {}): FanOutState {
  return {
    kind: 'fan-out',
    now,
    account: { id: 1, login: 'crew' } as FanOutState['account'],
    declared: [],
    stateRepo: { repository: 'crew/forgecrew-state', branch: 'main', commit: 'd'.repeat(40), hasCi: false },
    runUrl: null,
    host: 'forgejo-actions',
    run: { backend: 'forgejo-workflow', repository: 'owner/ops', id: 1 },
    nonce: 'a'.repeat(32),
    hasWorked: false,
    running: [],
    handed: [],
    workflow: {
      kind: 'forgejo-workflow',
      repository: 'owner/ops',
      workflow: 'agents.yml',
      commit,
      asJob: false,
    },
    runs: [],
    starts: [],
    frozen: [],
    asleep: [],
    turn: 'turn',
    waiting: [1, 2, 3, 4, 5].map((number) => waits(number)),
    refused: [],
    unlooked: 0,
    labelled: [],
    lingering: [],
    looked: [],
    troubled: [],
    unlabelled: [],
    ...over,
  };
}
const woodpecker: Partial<FanOutState> = {
  workflow: { kind: 'woodpecker-pipeline', repository: 'owner/ops', workflow: 'agents', branch: 'main' },
  run: { backend: 'woodpecker-pipeline', repository: 'owner/ops', id: 1 },
};
const pipeline = (id: number, of: Start, over: Partial<StartedRun> = {}): StartedRun =>
  run(id, 0, { issue: null, start: of.mark?.lease.id ?? '', ...over });

const numbers = (over: Partial<FanOutState>): number[] =>
  chosenOf(settings, state(over)).map(({ number }) => number);

describe('a fan-out', () => {
  it.each<[string, Partial<FanOutState>, number[]]>([
    ['starts as many as may work', {}, [1, 2, 3]],
    ['starts fewer where some work', { running: [works(8), works(9)] }, [1]],
    ['starts none where as many work as may', { running: [works(7), works(8), works(9)] }, []],
    ['starts none where more work than may', { running: [6, 7, 8, 9].map((n) => works(n)) }, []],
    ['counts nothing that was cut off', { running: [works(9, 'its run 3 is over (failure)')] }, [1, 2, 3]],
    ['starts nothing twice that is worked on', { running: [works(1)] }, [2, 3]],
    ['counts runs that wait in the queue', { runs: [run(11, 1), run(12, 2)] }, [3]],
    [
      'counts a run and its mark once',
      { runs: [run(11, 9)], running: [works(9)], starts: [start(9, 1)] },
      [1, 2],
    ],
    ['counts a run that somebody else started', { runs: [run(11, 77)] }, [1, 2]],
    ['counts no run that is over', { runs: [run(11, 9, { isGoingOn: false })] }, [1, 2, 3]],
    ['counts no run that has had its issue', { runs: [run(11, 9, { hasClaimed: true })] }, [1, 2, 3]],
    ['counts not itself', { runs: [run(1, 9)] }, [1, 2, 3]],
    ['counts what is about to be started', { starts: [start(1, 1), start(2, 1)] }, [3]],
    ['takes a start for lost whose run nobody sees', { starts: [start(1, 6)] }, [1, 2, 3]],
    [
      'leaves an issue alone for a while whose run did not take it',
      { starts: [start(1, 10)], runs: [run(11, 1, { isGoingOn: false, created: ago(10) })] },
      [2, 3, 4],
    ],
    [
      'tries that issue again later',
      { starts: [start(1, 31)], runs: [run(11, 1, { isGoingOn: false, created: ago(31) })] },
      [1, 2, 3],
    ],
    [
      'tries it at once when its label is set again',
      {
        starts: [start(1, 10)],
        runs: [run(11, 1, { isGoingOn: false, created: ago(10) })],
        waiting: [waits(1, { askedAt: ago(2) }), waits(2)],
      },
      [1, 2],
    ],
    ['heeds no mark that it cannot read', { starts: [{ ...start(1, 1), mark: null }] }, [1, 2, 3]],
    [
      'starts no more of an agent than may run that day',
      { waiting: [waits(1, { left: 1 }), waits(2, { left: 1 }), waits(3, { agent: 'other' })] },
      [1, 3],
    ],
    ['starts none for an agent whose day is full', { waiting: [waits(1, { left: 0 })] }, []],
  ])('%s', (_, over, expected) => {
    expect(numbers(over)).toEqual(expected);
  });

  it.each<[string, Partial<FanOutState>, number[]]>([
    ['starts as many as may work', {}, [1, 2, 3]],
    ['counts who works', { running: [works(9)] }, [1, 2]],
    [
      'leaves the first to a pipeline that is on its way',
      { starts: [start(9, 1)], runs: [pipeline(11, start(9, 1))] },
      [2, 3],
    ],
    ['counts what is about to be started', { starts: [start(9, 1)] }, [2, 3]],
    ['takes a start for lost whose pipeline nobody sees', { starts: [start(9, 6)] }, [1, 2, 3]],
    [
      'counts a pipeline that has its issue by that issue',
      {
        starts: [start(1, 1)],
        runs: [pipeline(11, start(1, 1), { hasClaimed: true })],
        running: [works(2)],
      },
      [1, 3],
    ],
    [
      'counts no pipeline that is over, and tries again',
      { starts: [start(1, 1)], runs: [pipeline(11, start(1, 1), { isGoingOn: false })] },
      [1, 2, 3],
    ],
    [
      'starts none where each that waits has its pipeline',
      { waiting: [waits(1)], starts: [start(9, 1)], runs: [pipeline(11, start(9, 1))] },
      [],
    ],
  ])('on Woodpecker %s', (_, over, expected) => {
    expect(numbers({ ...woodpecker, ...over })).toEqual(expected);
  });

  it('writes what it starts before it starts it, and tells a run only where its issue is', () => {
    const changes = fanOut(settings, state({ starts: [start(1, 40), start(77, 40)], unlooked: 45 }));

    expect(changes.map(describeChange)[0]).toBe(
      '3 of at most 3 agents are at work or about to begin; 47 more issues wait',
    );
    expect(changes[1]).toMatchObject({
      kind: 'write-files',
      repository: 'crew/forgecrew-state',
      files: [
        { path: 'fan-out.json', expects: 'turn' },
        { path: 'starting/owner/project/1.json', expects: 'sha1' },
        { path: 'starting/owner/project/2.json', expects: null },
        { path: 'starting/owner/project/3.json', expects: null },
      ],
      remove: [{ path: 'starting/owner/project/77.json', expects: 'sha77' }],
    });
    expect(changes[2]).toMatchObject({
      kind: 'dispatch',
      after: ['starts'],
      held: { path: 'starting/owner/project/1.json' },
      repository: 'owner/ops',
      workflow: 'agents.yml',
      ref: commit,
      inputs: { issue: '1', repository: 'owner/project' },
    });
    expect(changes).toHaveLength(5);
  });

  it('tells a pipeline nothing of the issue', () => {
    const changes = fanOut(settings, state({ ...woodpecker, waiting: [waits(1)] }));

    expect(changes.at(-1)).toMatchObject({
      kind: 'start-pipeline',
      branch: 'main',
      variables: { FORGECREW_RUN: 'agent', FORGECREW_START: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
  });

  it('says when nobody waits, and how many wait for a place', () => {
    const said = (over: Partial<FanOutState>): string[] => fanOut(settings, state(over)).map(describeChange);

    expect(said({ waiting: [] })).toEqual(['no issue waits for an agent']);
    expect(said({ waiting: [], running: [works(1)] })).toEqual([
      '1 of at most 3 agents is at work or about to begin; no other issue waits',
    ]);
    expect(said({ waiting: [], running: [1, 2, 3].map((n) => works(n)), unlooked: 1 })).toEqual([
      '3 of at most 3 agents are at work or about to begin; 1 more issue waits',
    ]);
  });

  it('is red where nothing can be started, and says why', () => {
    expect(
      fanOut(settings, state({ workflow: { kind: 'none', why: 'There is no workflow.' } })),
    ).toMatchObject([{ kind: 'refuse', fault: { file: 'mode', message: 'There is no workflow.' } }]);
  });

  it('never has more at work than may be, whatever is known', () => {
    // A small exhaustive world: each issue is worked on, on its way, about to be started, was tried, or nothing.
    const kinds = 5;
    for (let world = 0; world < kinds ** 4; world += 1) {
      const kindOf = (issue: number): number => Math.floor(world / kinds ** (issue - 1)) % kinds;
      const having = (kind: number): number[] => [1, 2, 3, 4].filter((issue) => kindOf(issue) === kind);
      const over: Partial<FanOutState> = {
        waiting: [1, 2, 3, 4, 5, 6].map((number) => waits(number)),
        running: having(1).map((issue) => works(issue)),
        runs: [
          ...having(2).map((issue) => run(10 + issue, issue)),
          ...having(4).map((issue) => run(10 + issue, issue, { isGoingOn: false, created: ago(9) })),
        ],
        starts: [...having(3).map((issue) => start(issue, 1)), ...having(4).map((issue) => start(issue, 9))],
      };
      const atWork = [1, 2, 3, 4].filter((issue) => [1, 2, 3].includes(kindOf(issue)));

      const chosen = numbers(over);

      expect({ world, all: atWork.length + chosen.length <= Math.max(3, atWork.length) }).toEqual({
        world,
        all: true,
      });
      expect({ world, twice: chosen.filter((issue) => issue < 5 && kindOf(issue) !== 0) }).toEqual({
        world,
        twice: [],
      });
      expect(occupancyOf(settings, state(over)).free).toBe(Math.max(0, 3 - atWork.length));
    }
  });
});

it('works on no issue: one that is given with it is a fault of the settings', () => {
  const given = {
    'agent-uids': '70000-70255',
    issue: 4,
    'project-repo': 'owner/project',
    mode: 'fan-out',
  } as unknown as Parameters<typeof faults>[0];

  expect(faults(given).map((fault) => fault.settings)).toEqual([['mode', 'issue']]);
  expect(faults({ ...given, mode: 'work' })).toEqual([]);
});
