import { describe, expect, it } from 'vitest';
import { freezeOf } from '../../../actions/forge-agent/ending.ts';
import { destroy, exhaust, noteConflict } from '../../../actions/forge-agent/frozen.ts';
import { isAbandoned, type Verdict, verdictOn } from '../../../actions/forge-agent/pick.ts';
import { plan } from '../../../actions/forge-agent/plan.ts';
import type { AgentSettings } from '../../../actions/forge-agent/settings.ts';
import type { Candidate, FrozenIssue, LookingState, Talk } from '../../../actions/forge-agent/state.ts';
import {
  newsOfConflict,
  newsOfWords,
  signOfWord,
  unblockedBy,
  type Word,
} from '../../../actions/forge-agent/talk.ts';
import { isRenewed, isResumable, sleepOf } from '../../../actions/forge-agent/wake.ts';
import { type Entry, parseEntry } from '../../../core/agent/entry.ts';
import { type AgentManifest, parseManifest } from '../../../core/agent/manifest.ts';
import type { News } from '../../../core/agent/prompt.ts';
import type { Change } from '../../../core/change.ts';
import { entryOf } from './entries.ts';

const agent = { name: 'builder', maxRounds: 3, maxCost: null, maxCostPerDay: null };
const news = (kind: News['kind'] = 'words'): News => ({
  sign: kind,
  kind,
  at: null,
  title: kind,
  text: kind,
});
const talk = (over: Partial<Talk> = {}): Talk => ({
  pull: { number: 2, head: 'a'.repeat(40) },
  signs: [],
  news: [news()],
  conflict: null,
  target: 'b'.repeat(40),
  said: [],
  unblockedBy: null,
  costToday: 0,
  ...over,
});
const exhausted = (why: 'max_rounds' | 'ci_exhausted' | 'max_cost'): Partial<Entry> => ({
  exhausted: { why, at: '2026-01-01T11:00:00Z' },
});

describe('a frozen agent sleeps', () => {
  it.each<
    [string, Partial<Entry>, Partial<Talk>, Partial<Record<keyof typeof agent, number>>, object | undefined]
  >([
    ['while nothing happened', {}, { news: [] }, {}, { kind: 'asleep', isQuiet: true }],
    ['no more when somebody wrote', {}, {}, {}, undefined],
    ['after its rounds', { rounds: 3 }, {}, {}, { kind: 'exhausted', exhaustion: 'max_rounds' }],
    ['not before its last round', { rounds: 2 }, {}, {}, undefined],
    ['not where its rounds began anew', { rounds: 5, rounds_from: 3 }, {}, {}, undefined],
    ['after those as well', { rounds: 6, rounds_from: 3 }, {}, {}, { kind: 'exhausted' }],
    [
      'after its rounds, for checks alone',
      { rounds: 3 },
      { news: [news('red')] },
      {},
      { kind: 'exhausted', exhaustion: 'ci_exhausted' },
    ],
    [
      'after its rounds, for checks and words',
      { rounds: 3 },
      { news: [news('red'), news()] },
      {},
      { kind: 'exhausted', exhaustion: 'max_rounds' },
    ],
    [
      'on once that was said',
      { rounds: 3, ...exhausted('max_rounds') },
      {},
      {},
      { kind: 'asleep', isQuiet: true },
    ],
    [
      'no more once the label was taken off',
      { rounds: 3, ...exhausted('max_rounds') },
      { unblockedBy: 'ada' },
      {},
      undefined,
    ],
    [
      'no more once somebody asked by hand',
      { rounds: 3, ...exhausted('max_rounds') },
      { news: [news('asked')] },
      {},
      undefined,
    ],
    [
      'no more when asked by hand before that was said',
      { rounds: 3 },
      { news: [news('asked')] },
      {},
      undefined,
    ],
    [
      'when the issue cost what it may',
      { cost: 1 },
      {},
      { maxCost: 1 },
      { kind: 'exhausted', exhaustion: 'max_cost' },
    ],
    [
      'on although asked, when it cost what it may, and that is said once',
      { cost: 1, ...exhausted('max_cost') },
      { news: [news('asked')] },
      { maxCost: 1 },
      { kind: 'asleep', isQuiet: true },
    ],
    [
      'on although the label was taken off, and says why once more',
      { cost: 1, ...exhausted('max_cost') },
      { unblockedBy: 'ada' },
      { maxCost: 1 },
      { kind: 'exhausted', exhaustion: 'max_cost' },
    ],
    [
      'on once what is known of the cost of a cut-off round reaches the limit',
      { cost: 0.5, spending: 0.5 },
      {},
      { maxCost: 1 },
      { kind: 'exhausted', exhaustion: 'max_cost' },
    ],
    [
      'no more once the limit was raised',
      { cost: 1, ...exhausted('max_cost') },
      {},
      { maxCost: 2 },
      undefined,
    ],
    ['for today, loudly', {}, { costToday: 5 }, { maxCostPerDay: 5 }, { kind: 'asleep', isQuiet: false }],
  ])('%s', (_, entry, said, limits, expected) => {
    const sleep = sleepOf(
      { ...agent, ...limits } as Parameters<typeof sleepOf>[0],
      { ...entryOf({ cost: null }), ...entry },
      talk(said),
    );

    if (expected === undefined) expect(sleep).toBeUndefined();
    else expect(sleep).toMatchObject(expected);
  });

  it('for good only until a person says otherwise', () => {
    const over = { exhausted: { why: 'max_rounds' as const, at: '2026-01-01T11:00:00Z' } };

    expect(isRenewed(over, talk())).toBe(false);
    expect(isRenewed(over, talk({ unblockedBy: 'ada' }))).toBe(true);
    expect(isRenewed({ exhausted: null }, talk({ unblockedBy: 'ada' }))).toBe(false);
    expect(isRenewed({ exhausted: null }, talk({ news: [news('asked')] }))).toBe(true);
    expect(isRenewed({ exhausted: null }, talk({ news: [news('given')] }))).toBe(false);
  });

  it.each<[Partial<Entry>, boolean]>([
    [{ status: 'frozen', heard: [] }, true],
    [{ status: 'running', heard: [] }, true],
    [{ status: 'running' }, false],
    [{ status: 'destroyed', heard: [] }, false],
  ])('and goes on with what it left where it left something: %j', (entry, expected) => {
    expect(isResumable({ ...entryOf(), ...entry })).toBe(expected);
  });
});

const word = (over: Partial<Word> = {}): Word => ({
  id: 'comment 1',
  user: { id: 2, login: 'ada' },
  body: 'Make it rhyme.',
  createdAt: '2026-01-01T10:00:00Z',
  updatedAt: '2026-01-01T10:00:00Z',
  where: 'on issue #1',
  hunk: '',
  ...over,
});
const heard = (words: Word[]): News[] =>
  newsOfWords(words, {
    own: { id: 9 },
    mayWrite: (login) => login === 'ada',
    isForAnother: (body) => body.startsWith('/other'),
  });

describe('words wake it', () => {
  it.each<[string, Partial<Word>, number]>([
    ['of somebody who may write', {}, 1],
    ['not of a stranger', { user: { id: 3, login: 'eve' } }, 0],
    ['not of nobody', { user: null }, 0],
    ['not of itself', { user: { id: 9, login: 'ada' } }, 0],
    ['not where nothing is said', { body: ' \n' }, 0],
    ['not an echo', { body: 'Look:\n<!-- forgecrew: forge-agent end 1 -->' }, 0],
    ['not those for another', { body: '/other go' }, 0],
  ])('%s', (_, over, count) => {
    expect(heard([word(over)])).toHaveLength(count);
  });

  it('with who, where, when, whether it was changed, and the lines it is about', () => {
    const [said] = heard([word({ updatedAt: '2026-01-02T10:00:00Z', where: 'on a.ts, line 3', hunk: '+x' })]);

    expect(said?.title).toBe(
      'ada wrote on a.ts, line 3, 2026-01-01T10:00:00Z (changed 2026-01-02T10:00:00Z)',
    );
    expect(said?.text).toBe('Make it rhyme.\n\nIt is about:\n+x');
  });

  it('in the order in which they were written or changed, wherever that was', () => {
    const at = (id: string, updatedAt: string): Word => word({ id, body: id, updatedAt });

    const texts = heard([
      at('new', '2026-01-03T00:00:00Z'),
      at('old', '2026-01-01T00:00:00Z'),
      at('mid', '2026-01-02T00:00:00Z'),
    ]);

    expect(texts.map(({ text }) => text)).toEqual(['old', 'mid', 'new']);
  });

  it('again only when they say something else', () => {
    expect(signOfWord(word({ updatedAt: '2027-01-01T00:00:00Z' }))).toBe(signOfWord(word()));
    expect(signOfWord(word({ body: 'Other.' }))).not.toBe(signOfWord(word()));
    expect(signOfWord(word({ id: 'review 1' }))).not.toBe(signOfWord(word()));
  });
});

describe('a label taken off', () => {
  const off = (at: string) => ({
    labels: [{ name: 'blocked', isSet: false, by: { id: 2, login: 'ada' }, at }],
  });

  it('lets rounds begin anew by the clock of the forge, however far ours is off', () => {
    const entry = entryOf({ exhausted: { why: 'max_rounds', at: '2026-01-01T12:00:00Z' } });
    const by = (at: string, toldAt: string | undefined): string | null =>
      unblockedBy('blocked', entry, off(at), () => true, toldAt);

    expect(by('2026-01-01T11:30:00Z', '2026-01-01T11:20:00Z')).toBe('ada');
    expect(by('2026-01-01T12:10:00Z', '2026-01-01T12:20:00Z')).toBeNull();
    expect(by('2026-01-01T11:30:00Z', undefined)).toBeNull();
    expect(by('2026-01-01T12:10:00Z', undefined)).toBe('ada');
  });
});

describe('a conflict', () => {
  const now = '2026-01-01T12:00:00Z';
  const conflict = { head: 'a', base: 'b' };

  it.each<[string, typeof conflict | null, Entry['conflict'], number]>([
    ['counts once it was seen to stay', conflict, { ...conflict, at: '2026-01-01T11:59:00Z' }, 1],
    ['counts not at once', conflict, { ...conflict, at: '2026-01-01T11:59:01Z' }, 0],
    ['counts not where it was not seen before', conflict, null, 0],
    ['counts not of another head', conflict, { head: 'x', base: 'b', at: '2026-01-01T10:00:00Z' }, 0],
    ['counts not soon after another base', conflict, { head: 'a', base: 'x', at: '2026-01-01T11:45:01Z' }, 0],
    [
      'counts where every look meets another base',
      conflict,
      { head: 'a', base: 'x', at: '2026-01-01T11:45:00Z' },
      1,
    ],
    ['counts not where there is none', null, { ...conflict, at: '2026-01-01T10:00:00Z' }, 0],
  ])('%s', (_, seen, noted, count) => {
    expect(newsOfConflict(seen, noted, now, 'main')).toHaveLength(count);
  });

  it('is noted once', () => {
    const candidate = (over: Partial<Talk>): Candidate =>
      ({ repository: 'owner/project', number: 1, talk: talk(over) }) as Candidate;
    const noted = (entry: Entry, over: Partial<Talk>): Change[] =>
      noteConflict(looking, candidate(over), { entry, sha: 'c'.repeat(40) });
    const frozen = entryOf({ status: 'frozen', heard: [] });

    expect(noted(frozen, { conflict: null })).toEqual([]);
    expect(noted({ ...frozen, conflict: { ...conflict, at: now } }, { conflict })).toEqual([]);
    expect(writtenBy(noted(frozen, { conflict }))).toMatchObject({
      conflict: { ...conflict, at: looking.now },
    });
    expect(
      writtenBy(noted({ ...frozen, conflict: { head: 'x', base: 'b', at: now } }, { conflict })),
    ).toMatchObject({
      conflict: { head: 'a' },
    });
    // From when it was first seen, however often the base moves.
    expect(
      noted({ ...frozen, conflict: { head: 'a', base: 'x', at: '2026-01-01T10:00:00Z' } }, { conflict }),
    ).toEqual([]);
  });

  it('that is gone is noted as well, once it is seen that it merges', () => {
    const pull = { number: 2, head: 'a' };
    const was = { status: 'frozen', heard: [], conflict: { ...conflict, at: now } } as const;
    const seenLater = (over: Partial<Talk>): Change[] =>
      noteConflict(
        looking,
        { repository: 'owner/project', number: 1, talk: talk({ conflict: null, ...over }) } as Candidate,
        { entry: entryOf({ ...was, heard: [] }), sha: 'c'.repeat(40) },
      );

    expect(writtenBy(seenLater({ pull }))).toMatchObject({ conflict: null });
    expect(seenLater({ pull: null })).toEqual([]);
  });
});

const looking = {
  stateRepo: { repository: 'crew/forgecrew-state', branch: 'main' },
  account: { login: 'crew' },
  now: '2026-01-01T12:00:00Z',
  running: [] as LookingState['running'],
} as LookingState;

/** The entry that a change writes. */
function writtenBy(changes: Change[]): Entry {
  const found = changes.find((change): change is Change<'write-files'> => change.kind === 'write-files');
  const parsed = parseEntry(new TextEncoder().encode(found?.files[0]?.content ?? ''));
  if (!parsed.ok) throw new Error(parsed.fault);
  return parsed.entry;
}

describe('the end of a frozen agent', () => {
  const frozen = (over: Partial<Entry>, closed: FrozenIssue['closed']): FrozenIssue => ({
    entry: entryOf({ status: 'frozen', heard: ['comment 1 x'], pr_number: 2, ...over }),
    sha: 'c'.repeat(40),
    markSha: 'd'.repeat(40),
    closed,
  });
  const note = { engine: 'command' as const, id: 'x', digest: '0'.repeat(64), size: 1 };
  const head = 'e'.repeat(40);
  const merged = { number: 2, isMerged: true, head };
  const end = (
    over: Partial<Entry>,
    closed: FrozenIssue['closed'],
    from: 'fork' | 'branch' = 'fork',
  ): Change[] => destroy({ 'propose-from': from } as AgentSettings, looking, frozen(over, closed));

  it('is not while its pull request is open', () => {
    expect(end({ session: note }, null)).toEqual([]);
  });

  it('takes its session and its branch, where that is merged and stands where it was merged, and then its mark', () => {
    expect(end({ session: note }, merged)).toMatchObject([
      {
        kind: 'delete-ref',
        repository: 'crew/forgecrew-state',
        ref: 'refs/forgecrew/sessions/owner/project/1',
        expects: 'any',
      },
      { kind: 'delete-ref', repository: 'crew/project', ref: 'refs/heads/crew/1-a-title', expects: head },
      { kind: 'write-files', remove: [{ path: 'frozen/owner/project/1.json', expects: 'd'.repeat(40) }] },
    ]);
    expect(writtenBy(end({ session: note }, merged))).toMatchObject({
      status: 'destroyed',
      session: null,
      heard: [],
    });
  });

  it('leaves the branch of one that was only closed', () => {
    expect(end({ session: note }, { ...merged, isMerged: false }).map(({ kind }) => kind)).toEqual([
      'delete-ref',
      'write-files',
    ]);
  });

  it('takes the branch where it was pushed to', () => {
    expect(end({}, merged, 'branch')[1]).toMatchObject({ repository: 'owner/project' });
  });

  it('looks for a session also where the entry names none: a run may have been cut off behind it', () => {
    expect(end({ session: null }, { ...merged, isMerged: false })).toMatchObject([
      { kind: 'delete-ref', ref: 'refs/forgecrew/sessions/owner/project/1' },
      {},
    ]);
  });
});

describe('an agent that has had its rounds', () => {
  const candidate = {
    repository: 'owner/project',
    number: 1,
    labels: [],
    known: [],
    talk: talk(),
    mayPush: true,
  } as unknown as Candidate;
  const change = (over: Partial<Entry> = {}, said: Partial<Talk> = {}): Change[] =>
    exhaust(
      { 'blocked-label': 'blocked' } as AgentSettings,
      looking,
      { ...candidate, talk: talk(said) },
      { entry: entryOf({ status: 'frozen', heard: [], ...over }), sha: 'c'.repeat(40) },
      'max_rounds',
      5,
    );

  it('has that written first, so that one run says it', () => {
    const [first, ...later] = change();

    expect(first).toMatchObject({ kind: 'write-files', files: [{ expects: 'c'.repeat(40) }] });
    expect(writtenBy(change())).toMatchObject({
      status: 'frozen',
      exhausted: { why: 'max_rounds', at: looking.now },
    });
    expect(later.find(({ kind }) => kind === 'comment')).toMatchObject({
      issue: 2,
      after: ['exhausted agents/owner/project/1.json'],
      text: expect.stringMatching(/5 rounds[\s\S]*`blocked` off issue #1/),
    });
  });

  it('says it once', () => {
    const sign = `forge-agent max_rounds ${'0'.repeat(32)}`;

    expect(change({}, { said: [sign] }).map(({ kind }) => kind)).not.toContain('comment');
  });
});

describe('an agent whose round was cut off', () => {
  const cut = entryOf({ status: 'running', heard: [], pr_number: 2 });
  const candidate = (over: Partial<Candidate> = {}): Candidate =>
    ({
      entry: { entry: cut, sha: 'c' },
      over: 'it ended',
      record: null,
      talk: talk({ pull: null }),
      ...over,
    }) as Candidate;

  it.each<[string, Partial<Candidate>, boolean]>([
    ['is waited for by nobody once its pull request is closed', {}, true],
    ['is waited for while that is open', { talk: talk() }, false],
    ['is not given up while its run goes on', { over: null }, false],
    ['is finished where it left its record', { record: {} as Candidate['record'] }, false],
    [
      'is begun again where it was the first',
      { entry: { entry: entryOf({ status: 'running' }), sha: 'c' } },
      false,
    ],
    ['is not known where nobody looked', { talk: null }, false],
  ])('%s', (_, over, expected) => {
    expect(isAbandoned(candidate(over))).toBe(expected);
  });

  it('is frozen by another mark than the one it ran with', () => {
    const change = freezeOf(
      looking.stateRepo,
      { entry: cut, sha: 'c'.repeat(40), markSha: 'd'.repeat(40) },
      { why: 'x', ended_at: looking.now, heard: ['a'] },
      'why',
      [],
    );

    expect(change).toMatchObject({
      files: [
        { path: 'agents/owner/project/1.json', expects: 'c'.repeat(40) },
        { path: 'frozen/owner/project/1.json', expects: null },
      ],
      remove: [{ path: 'running/owner/project/1.json', expects: 'd'.repeat(40) }],
    });
    expect(writtenBy([change])).toMatchObject({ status: 'frozen', heard: ['a'] });
  });
});

const verdictFor = (given: Partial<Candidate>): Verdict =>
  verdictOn(
    { 'label-prefix': 'crew', 'allow-unisolated': false } as AgentSettings,
    {
      declared: [
        {
          kind: 'agent',
          file: 'agents/builder.toml',
          manifest: manifestOf('max_rounds = 3\n'),
          blob: 'b',
          prompt: '',
          promptFile: null,
        },
      ],
      run: null,
      tried: [{ isolation: 'user', works: true, why: 'It works.' }],
    },
    {
      repository: 'owner/project',
      number: 1,
      agents: ['builder'],
      profiles: [],
      labelled: { login: 'ada', at: '2026-01-01T10:00:00Z', mayWrite: true, isBot: false },
      membership: { kind: 'not-asked' },
      waitsFor: [],
      openPull: 2,
      over: null,
      record: null,
      talk: talk(),
      trouble: null,
      updatedAt: '2026-01-02T00:00:00Z',
      runsToday: 0,
      ...given,
    } as Candidate,
  );

function manifestOf(text: string): AgentManifest {
  const parsed = parseManifest(
    'agents/builder.toml',
    new TextEncoder().encode(
      `enabled = true\nengine = "command"\ncommand = ["true"]\nrepositories = ["owner/project"]\n${text}`,
    ),
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.document;
}

describe('whether an agent has another round', () => {
  const frozen = (over: Partial<Entry> = {}): Candidate['entry'] => ({
    entry: entryOf({ status: 'frozen', heard: [], pr_number: 2, ...over }),
    sha: 'c',
  });
  const cut = (over: Partial<Entry> = {}): Candidate['entry'] => frozen({ status: 'running', ...over });

  it.each<[string, Partial<Candidate>, object]>([
    ['it has, when somebody wrote', { entry: frozen() }, { kind: 'taken' }],
    [
      'not while nothing happened',
      { entry: frozen(), talk: talk({ news: [] }) },
      { kind: 'not', isQuiet: true },
    ],
    ['not where nobody looked', { entry: frozen(), talk: null }, { kind: 'not', isQuiet: true }],
    ['not for another agent', { entry: frozen({ agent_name: 'tester' }) }, { kind: 'not', isQuiet: false }],
    [
      'not once its pull request is closed',
      { entry: frozen(), talk: talk({ pull: null }), openPull: null },
      { kind: 'not', why: expect.stringContaining('#2 is closed') },
    ],
    [
      'not while another pull request is open for it',
      { entry: frozen(), openPull: 7 },
      { kind: 'not', why: expect.stringContaining('#7 is open') },
    ],
    [
      'not while its issue waits for another',
      { entry: frozen(), waitsFor: ['#9'] },
      { kind: 'not', why: expect.stringContaining('#9') },
    ],
    [
      'not where whoever gave it may not write any more',
      {
        entry: frozen(),
        labelled: { login: 'ada', at: '2026-01-01T10:00:00Z', mayWrite: false, isBot: false },
      },
      { kind: 'not' },
    ],
    [
      'not after its rounds',
      { entry: frozen({ rounds: 3 }) },
      { kind: 'exhausted', why: 'max_rounds', rounds: 3 },
    ],
    [
      'not after its rounds, of which the last was cut off',
      { entry: cut({ rounds: 3 }), over: 'it ended' },
      { kind: 'exhausted', why: 'max_rounds', rounds: 3 },
    ],
    [
      'it has, when an earlier one was cut off',
      { entry: cut({ rounds: 2 }), over: 'it ended' },
      { kind: 'taken' },
    ],
    [
      'it has, when the last was cut off and somebody asked by hand',
      { entry: cut({ rounds: 3 }), over: 'it ended', talk: talk({ news: [news('asked')] }) },
      { kind: 'taken' },
    ],
    [
      'its last one is finished where its record is',
      { entry: cut({ rounds: 3 }), over: 'it ended', record: {} as Candidate['record'] },
      { kind: 'taken' },
    ],
  ])('%s', (_, given, expected) => {
    expect(verdictFor(given)).toMatchObject(expected);
  });

  it('is said of one that was cut off by freezing it: nothing that it was to be told is lost', () => {
    const entry = entryOf({ status: 'running', rounds: 3, heard: ['a'], hearing: ['b'] });
    const changes = exhaust(
      { 'blocked-label': 'blocked', 'progress-label': 'in-progress' } as AgentSettings,
      { ...looking, running: [{ entry, sha: 'c'.repeat(40), markSha: 'd'.repeat(40), over: 'it ended' }] },
      {
        repository: 'owner/project',
        number: 1,
        labels: [{ id: 4, name: 'in-progress' }],
        known: [],
        talk: talk(),
      } as unknown as Candidate,
      { entry, sha: 'c'.repeat(40) },
      'max_rounds',
      3,
    );

    expect(writtenBy(changes)).toMatchObject({
      status: 'frozen',
      heard: ['a'],
      hearing: [],
      exhausted: { why: 'max_rounds' },
    });
    expect(changes[0]).toMatchObject({ remove: [{ path: 'running/owner/project/1.json' }] });
    expect(changes.map(({ kind }) => kind)).toContain('remove-label');
  });
});

describe('a run that was cut off on an issue that is nobody’s any more', () => {
  const buried = (over: Partial<Entry>): Change[] => {
    const entry = entryOf({ status: 'running', ...over });
    return plan(
      { 'progress-label': 'in-progress' } as AgentSettings,
      {
        ...looking,
        kind: 'looking',
        declared: [],
        troubled: [],
        unlabelled: [],
        frozen: [],
        candidates: [],
        lingering: [],
        looked: ['owner/project'],
        unseen: 0,
        mine: null,
        hasWorked: false,
        running: [{ entry, sha: 'c'.repeat(40), markSha: 'd'.repeat(40), over: 'it ended' }],
      } as unknown as LookingState,
    );
  };

  it('is frozen again where it was a later round: closing an issue destroys nothing', () => {
    const changes = buried({ heard: ['a'], hearing: ['b'], pr_number: 2 });

    expect(changes.map(({ kind }) => kind)).toEqual(['write-files']);
    expect(writtenBy(changes)).toMatchObject({ status: 'frozen', heard: ['a'], hearing: [] });
  });

  it('is over where it was the first, and what it may have left of its session goes', () => {
    const changes = buried({});

    expect(changes.map(({ kind }) => kind)).toEqual(['delete-ref', 'write-files']);
    expect(writtenBy(changes)).toMatchObject({ status: 'destroyed' });
  });

  it.each([
    ['later', { heard: ['a'] }],
    ['first', {}],
  ])('has cost what its last check-in says, as if it had ended: the %s round', (_, over) => {
    const changes = buried({ ...over, cost: 1, spending: 0.25 });

    expect(writtenBy(changes)).toMatchObject({ cost: 1.25, spending: null });
    expect(changes.at(-1)).toMatchObject({
      files: expect.arrayContaining([
        {
          path: `spent/2026-01-01/builder/${'0'.repeat(32)}.json`,
          content: `{"cost":0.25,"lease":"${'0'.repeat(32)}"}\n`,
          expects: null,
        },
      ]),
    });
    expect(JSON.stringify(buried(over))).not.toContain('spent/');
  });
});
