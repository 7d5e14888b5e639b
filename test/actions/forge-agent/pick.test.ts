import { describe, expect, it } from 'vitest';
import { inOrder, namesBehind, verdictOn } from '../../../actions/forge-agent/pick.ts';
import { turned } from '../../../actions/forge-agent/read-candidates.ts';
import type { AgentSettings } from '../../../actions/forge-agent/settings.ts';
import type { Candidate } from '../../../actions/forge-agent/state.ts';
import type { Declared } from '../../../core/agent/declared.ts';
import type { Entry } from '../../../core/agent/entry.ts';
import { type AgentManifest, parseManifest } from '../../../core/agent/manifest.ts';
import { entryOf } from './entries.ts';

const settings = {
  'label-prefix': 'crew',
  'allow-unisolated': false,
  'agent-org': undefined,
} as unknown as AgentSettings;

function manifest(text = ''): AgentManifest {
  const parsed = parseManifest(
    'agents/builder.toml',
    new TextEncoder().encode(
      `enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = ["owner/project"]\n${text}`,
    ),
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.document;
}

const declared = (text = ''): Declared[] => [
  {
    kind: 'agent',
    file: 'agents/builder.toml',
    manifest: manifest(text),
    blob: 'b',
    prompt: '',
    promptFile: null,
  },
];

const tried = [
  { isolation: 'bwrap' as const, works: false, why: 'It is not installed.' },
  { isolation: 'user' as const, works: true, why: 'It works.' },
  { isolation: 'none' as const, works: true, why: 'It needs nothing.' },
];

const labelled = { login: 'ada', at: '2026-01-01T10:00:00Z', mayWrite: true, isBot: false };

function candidate(over: Partial<Candidate> = {}): Candidate {
  return {
    repository: 'owner/project',
    defaultBranch: 'main',
    base: 'a'.repeat(40),
    number: 1,
    title: 'A title',
    body: '',
    author: 'ada',
    authorMayWrite: true,
    createdAt: '2026-01-01T09:00:00Z',
    updatedAt: '2026-01-02T00:00:00Z',
    agents: ['builder'],
    profiles: [],
    isUrgent: false,
    labelled,
    membership: { kind: 'not-asked' },
    waitsFor: [],
    openPull: null,
    entry: null,
    over: null,
    talk: null,
    record: null,
    isHandedOver: false,
    runsToday: 0,
    trouble: null,
    comments: [],
    labels: [],
    known: [],
    mayPush: false,
    ...over,
  };
}

function entry(over: Partial<Entry> = {}): Candidate['entry'] {
  return { sha: 'c'.repeat(40), entry: entryOf(over) };
}

function verdict(
  over: Partial<Candidate>,
  given: { manifest?: string; settings?: Partial<AgentSettings>; run?: Entry['lease']['run'] } = {},
) {
  return verdictOn(
    { ...settings, ...given.settings } as AgentSettings,
    { declared: declared(given.manifest), tried, run: given.run ?? null },
    candidate(over),
  );
}

describe('an issue is taken', () => {
  it('when somebody who may write gave it to one agent and nothing stands against it', () => {
    expect(verdict({}).kind).toBe('taken');
  });

  it.each<[string, Partial<Candidate>]>([
    [
      'again, once its label was set after the last run ended',
      { entry: entry(), labelled: { ...labelled, at: '2026-01-01T11:30:00Z' } },
    ],
    [
      'again, by the times of the forge: the clock of the run was ahead',
      {
        entry: entry({
          ended_at: '2026-01-01T11:40:00Z',
          given_at: labelled.at,
          rested_at: '2026-01-01T11:00:05Z',
        }),
        updatedAt: '2026-01-01T11:30:00Z',
        labelled: { ...labelled, at: '2026-01-01T11:30:00Z' },
      },
    ],
    [
      'again, in the very second in which its run ended',
      {
        entry: entry({
          ended_at: '2026-01-01T11:00:00.700Z',
          given_at: labelled.at,
          rested_at: '2026-01-01T11:00:00Z',
        }),
        updatedAt: '2026-01-01T11:00:00Z',
        labelled: { ...labelled, at: '2026-01-01T11:00:00Z' },
      },
    ],
    [
      'over from a run that was cut off',
      { entry: entry({ status: 'running', ended_at: null }), over: 'its lease ran out' },
    ],
    [
      'over from a run whose record is written, even where nobody gives it to an agent as it has to be',
      {
        entry: entry({ status: 'running', ended_at: null }),
        over: 'its lease ran out',
        record: {} as never,
        labelled: null,
        openPull: 4,
        waitsFor: ['#3'],
      },
    ],
    [
      'by a bot that the settings name',
      { labelled: { ...labelled, login: 'triage', mayWrite: true, isBot: false } },
    ],
    ['where one of its assignees is a member', { membership: { kind: 'member', login: 'ada' } }],
  ])('%s', (_, over) => {
    expect(verdict(over).kind).toBe('taken');
  });

  it('with the profile that a label names', () => {
    const found = verdict(
      { profiles: ['careful'] },
      { manifest: '[profiles.careful]\ntimeout_minutes = 90\n' },
    );

    expect(found.kind === 'taken' && found.agent).toMatchObject({ profile: 'careful', timeoutMinutes: 90 });
  });
});

describe('an issue is not taken', () => {
  it.each<[string, Partial<Candidate>, string]>([
    ['without a label of ours', { agents: [] }, 'no label'],
    ['with two', { agents: ['builder', 'tester'] }, 'only one agent'],
    ['for an agent that is not declared', { agents: ['tester'] }, 'agents/tester.toml'],
    ['of a repository that the manifest does not name', { repository: 'owner/other' }, 'does not name it'],
    ['with two profiles', { profiles: ['a', 'b'] }, 'leave one of them'],
    ['with a profile that is not there', { profiles: ['a'] }, 'no profile a'],
    ['where it could not be looked at', { trouble: 'The forge answered 500.' }, 'The forge answered 500'],
    ['where nobody can be named who set the label', { labelled: null }, 'cannot be told'],
    ['where a bot set the label', { labelled: { ...labelled, isBot: true } }, 'which is a bot'],
    [
      'where whoever set the label may not write any more',
      { labelled: { ...labelled, mayWrite: false } },
      'may not write',
    ],
    ['where its entry cannot be read', { entry: { fault: 'it is no JSON' } }, 'it is no JSON'],
    ['while a run works on it', { entry: entry({ status: 'running', ended_at: null }) }, 'worked on already'],
    ['while it is frozen', { entry: entry({ status: 'frozen', ended_at: null }) }, 'frozen'],
    ['after its run ended, as long as the label was not set again', { entry: entry() }, 'set it again'],
    [
      'after its run ended and nobody touched it since, without asking who set the label',
      { entry: entry(), updatedAt: '2026-01-01T11:00:00Z', labelled: null },
      'set it again',
    ],
    [
      'after its run ended, by the times of the forge: the clock of the run was behind',
      { entry: entry({ ended_at: '2026-01-01T09:50:00Z', given_at: labelled.at }) },
      'set it again',
    ],
    ['while a pull request is open for it', { openPull: 4 }, '#4 is open'],
    ['where its work could be proposed nowhere', { homeTrouble: 'crew/project is no fork' }, 'no fork'],
    [
      'while it depends on an open issue',
      { waitsFor: ['#2', 'owner/other#3'] },
      '#2, owner/other#3, which are open',
    ],
    ['where no assignee is a member', { membership: { kind: 'none' } }, 'members may be private'],
    [
      'where membership could not be found out',
      { membership: { kind: 'error', said: '500' } },
      'could not be found out: 500',
    ],
  ])('%s', (_, over, why) => {
    const found = verdict(over);

    expect(found.kind).toBe('not');
    expect(found.kind === 'not' && found.why).toContain(why);
  });

  it('when its agent has begun as many runs today as it may', () => {
    expect(verdict({ runsToday: 2 }, { manifest: 'max_runs_per_day = 2' }).kind).toBe('not');
    expect(verdict({ runsToday: 1 }, { manifest: 'max_runs_per_day = 2' }).kind).toBe('taken');
  });

  it('while this very run holds it, and says what is known and what helps', () => {
    const run = { backend: 'forgejo-workflow', repository: 'owner/ops', id: 77 } as const;
    const lease = { id: 'f'.repeat(32), until: '2026-01-01T14:00:00.000Z', run };
    const held = { entry: entry({ status: 'running', ended_at: null, lease }) };

    const again = verdict(held, { run: { ...run, repository: 'Owner/ops' } });
    const another = verdict(held, { run: { ...run, id: 78 } });

    expect(again).toMatchObject({ kind: 'not', isQuiet: false });
    expect(again.kind === 'not' ? again.why : '').toMatch(
      /^this very run, 77, has claimed it for \w+ before.* the next run, with a number of its own, takes it over at once$/,
    );
    expect(another).toMatchObject({ kind: 'not', isQuiet: true });
  });

  it('when its agent is switched off', () => {
    const off = { ...manifest(), enabled: false };
    const [first] = declared();
    const list: Declared[] = first?.kind === 'agent' ? [{ ...first, manifest: off }] : [];

    expect(verdictOn(settings, { declared: list, tried, run: null }, candidate()).kind).toBe('not');
  });

  it.each([
    ['isolation = "bwrap"', 'at least bwrap'],
    ['isolation = "bwrap"\nnetwork = "none"', 'network none'],
    ['isolation = "none"', 'allow-unisolated'],
  ])('where this machine or its settings do not allow %s', (text, why) => {
    const found = verdict({}, { manifest: text });

    expect(found.kind === 'not' && found.why).toContain(why);
  });

  it('unisolated, unless both the manifest and the settings say so', () => {
    expect(verdict({}, { manifest: 'isolation = "none"', settings: { 'allow-unisolated': true } }).kind).toBe(
      'taken',
    );
  });
});

describe('the order', () => {
  const issue = (number: number, createdAt: string, isUrgent = false) => ({
    repository: 'owner/project',
    number,
    createdAt,
    isUrgent,
  });

  it('is urgent ones first, then the oldest', () => {
    const ordered = inOrder([
      issue(3, '2026-01-03T00:00:00Z'),
      issue(1, '2026-01-01T00:00:00Z'),
      issue(4, '2026-01-04T00:00:00Z', true),
      issue(2, '2026-01-02T00:00:00Z', true),
    ]);

    expect(ordered.map(({ number }) => number)).toEqual([2, 4, 1, 3]);
  });
});

describe('of more issues than one run looks into', () => {
  const all = Array.from({ length: 100 }, (_, index) => index);

  it('the first ones are looked at in every run, and each of the others in some', () => {
    const seen = new Set<number>();
    for (let run = 0; run < 100; run += 1) {
      const order = turned(all, run.toString(16).padStart(8, '0'));
      expect([...order].sort((a, b) => a - b)).toEqual(all);
      expect(order.slice(0, 20)).toEqual(all.slice(0, 20));
      for (const item of order.slice(0, 30)) seen.add(item);
    }
    expect(seen.size).toBe(100);
  });

  it('where one run sees all of them, they stay in their order', () => {
    expect(turned(all.slice(0, 30), 'ffffffff')).toEqual(all.slice(0, 30));
  });
});

it('a label names an agent only as a whole', () => {
  const labels = ['crew:builder', 'crew-profile:careful', 'crew', 'mycrew:x', 'crew:'].map((name) => ({
    name,
  }));

  expect(namesBehind('crew', labels)).toEqual(['builder', '']);
  expect(namesBehind('crew-profile', labels)).toEqual(['careful']);
});
