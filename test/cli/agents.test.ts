import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ListOptions, listAgents } from '../../cli/agents/list.ts';
import { type Listing, listingSchema } from '../../cli/agents/listing.ts';
import { mostEnded } from '../../cli/agents/read.ts';
import { aligned } from '../../cli/agents/text.ts';
import { type Entry, entryPath, entryText, frozenPath, runningPath } from '../../core/agent/entry.ts';
import { logLine } from '../../core/text/log-line.ts';
import { type AgentRig, startAgents } from '../agent.ts';

let rig: AgentRig;
beforeEach(async () => {
  rig = await startAgents();
});
afterEach(() => rig.close());

async function listed(
  more: Partial<ListOptions> = {},
): Promise<{ isWell: boolean; lines: string[]; calls: number }> {
  const lines: string[] = [];
  const from = rig.forge.requests.length;
  const options: ListOptions = {
    forgeUrl: rig.forge.url,
    token: rig.worker.token,
    repository: rig.ops,
    stateRepo: undefined,
    all: false,
    json: false,
    settings: {},
    ...more,
  };
  const isWell = await listAgents(options, (line) => lines.push(logLine(line)));
  return { isWell, lines, calls: rig.forge.requests.length - from };
}

const asJson = async (more: Partial<ListOptions> = {}): Promise<Listing> =>
  listingSchema.parse(JSON.parse((await listed({ json: true, ...more })).lines.join('\n')));

function entry(more: Partial<Entry> = {}): Entry {
  const now = new Date().toISOString();
  return {
    version: 1,
    owner: 'owner',
    repo: 'project',
    issue_number: 1,
    slug: 'work',
    agent_name: 'builder',
    profile: null,
    backend: { host: 'woodpecker', isolation: 'user' },
    agent_git_user: { name: 'builder', email: 'builder@example.test' },
    pr_number: null,
    status: 'running',
    why: 'claimed',
    last_checkin_at: now,
    run_url: null,
    lease: {
      id: '0'.repeat(32),
      until: new Date(Date.now() + 3_600_000).toISOString(),
      run: null,
    },
    started_at: now,
    ended_at: null,
    rounds: 1,
    cost: null,
    ...more,
  };
}

/** Writes a state repo by hand, in one commit. */
async function write(entries: readonly Entry[], more: Record<string, string> = {}): Promise<void> {
  await rig.seed.api(
    'POST',
    '/user/repos',
    { name: 'forgecrew-state', private: true, auto_init: true, default_branch: 'main' },
    rig.worker.token,
  );
  const files = entries.flatMap((item) => {
    const name = { owner: item.owner, repo: item.repo, number: item.issue_number };
    return [
      { path: entryPath(name), text: entryText(item) },
      ...(item.status === 'destroyed'
        ? []
        : [{ path: item.status === 'frozen' ? frozenPath(name) : runningPath(name), text: '{}\n' }]),
    ];
  });
  const { status } = await rig.seed.api(
    'POST',
    `/repos/${rig.state}/contents`,
    {
      branch: 'main',
      message: 'm',
      files: [...files, ...Object.entries(more).map(([path, text]) => ({ path, text }))].map(
        ({ path, text }) => ({
          operation: 'create',
          path,
          content: Buffer.from(text).toString('base64'),
        }),
      ),
    },
    rig.worker.token,
  );
  expect(status).toBe(201);
}

const over = (issue: number, ended: string): Entry =>
  entry({ issue_number: issue, status: 'destroyed', why: 'success', started_at: ended, ended_at: ended });

describe('forgecrew agents', () => {
  it('says that nothing is in work and where state was looked for, and which agents there are', async () => {
    await rig.declare('', 'model = "m-1"\n[profiles.fast]\nmodel = "m-2"\n');

    const { isWell, lines } = await listed();

    expect(isWell).toBe(true);
    expect(lines[0]).toBe('No agent works on an issue.');
    expect(lines[1]).toMatch(/^crew\/forgecrew-state is not there, .*--state-repo/);
    expect(lines.slice(3)).toEqual([
      'agent    enabled  engine   model  isolation  network  repositories   profiles',
      'builder  yes      command  m-1    user       open     owner/project  fast (command, m-2)',
    ]);
  });

  it('names the pages of what is in work, with who works on it, since when, and what it cost', async () => {
    await rig.declare('');
    await write([
      entry({ issue_number: 3, pr_number: 8, rounds: 2, cost: 1.5, profile: 'fast' }),
      entry({
        issue_number: 4,
        started_at: '2026-01-01T00:00:00Z',
        last_checkin_at: new Date(Date.now() - 7_200_000).toISOString(),
        lease: { id: '1'.repeat(32), until: '2026-01-02T00:00:00Z', run: null },
      }),
      over(5, '2026-02-01T00:00:00Z'),
    ]);

    const { lines } = await listed();

    const page = `${rig.forge.url}/owner/project`;
    expect(lines.slice(1, 3).map((line) => line.split(/ {2,}/))).toEqual([
      [
        ...[`${page}/issues/3`, 'builder (fast)', 'running', '0 s ago', '2', '1.50'],
        ...[`${page}/pulls/8`, '-', 'claimed'],
      ],
      [
        ...[
          `${page}/issues/4`,
          'builder',
          'running, and its time is over',
          '2 h ago',
          '1 of 5',
          '-',
          '-',
          '-',
        ],
        'claimed',
      ],
    ]);
    expect(lines.join('\n')).not.toContain('issues/5');
  });

  it('costs no more calls however much has ended, unless that is asked for', async () => {
    await rig.declare('');
    await write([entry({ issue_number: 900 }), over(1, '2026-01-01T00:00:00Z')]);
    const few = await listed();
    await write(Array.from({ length: 120 }, (_, index) => over(index + 2, '2026-01-01T00:00:00Z')));

    const many = await listed();

    expect(many.calls).toBe(few.calls);
    expect(many.lines[1]).toContain('/issues/900');
  });

  it('shows with --all what ended last, and says how much it leaves out', async () => {
    await rig.declare('');
    const ended = Array.from({ length: mostEnded + 3 }, (_, index) =>
      // The one with the lowest number ended last.
      over(index + 1, new Date(Date.UTC(2026, 1, 1) - index * 60_000).toISOString()),
    );
    await write([entry({ issue_number: 900 }), ...ended]);

    const listing = await asJson({ all: true });
    const { lines } = await listed({ all: true });

    expect(listing.work.map(({ issue }) => issue)).toEqual([
      900,
      ...ended.slice(0, mostEnded).map(({ issue_number: issue }) => issue),
    ]);
    expect(listing.left_out).toBe(3);
    expect(lines).toContain('3 more that ended earlier are not shown.');
  });

  it('tells what cannot be read, of the state and of the manifests, and ends with 1', async () => {
    await rig.seed.putFile(rig.owner, rig.ops, 'agents/broken.toml', 'enabled = 7\n');
    await write([], { 'agents/owner/project/7.json': '{}', 'running/owner/project/7.json': '{}' });

    const { isWell, lines } = await listed();
    const listing = await asJson();

    expect(isWell).toBe(false);
    expect(lines).toContainEqual(
      expect.stringMatching(/^! agents\/owner\/project\/7\.json of crew\/forgecrew-state cannot be read: /),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^! agents\/broken\.toml:1:\d+: "enabled"/));
    expect(listing.agents).toMatchObject([{ name: 'broken', faults: expect.any(Array) }]);
    expect(listing.unreadable).toMatchObject([{ file: 'agents/owner/project/7.json' }]);
  });

  it('shows hostile text as text: it drives no terminal, starts no line, and stays valid JSON', async () => {
    const bad = '\u001b[2J\u202egnp.exe\u0085\u{e0041}::error::x\n##[x]';
    await rig.declare('');
    await rig.seed.putFile(
      rig.owner,
      rig.ops,
      'agents/evil.toml',
      `"\\u001b[31m\\u202e" = 1\nenabled = true\n`,
    );
    await write([entry({ why: bad, run_url: bad })]);

    const { lines } = await listed();
    const json = (await listed({ json: true })).lines.join('\n');

    const unseen = /[\p{Cc}\u202e\u0085\u{e0041}]/u;
    for (const line of [...lines, ...json.split('\n')]) expect(line).not.toMatch(unseen);
    expect(lines[1]).toContain('\\u{1b}[2J\\u{202e}gnp.exe\\u{85}\\u{e0041}::error::x\\n##[x]');
    expect(listingSchema.parse(JSON.parse(json)).work[0]?.why).toBe(bad);
  });

  it('says of frozen ones how many rounds they have had of how many, and whether they wait for a person', async () => {
    await rig.declare('', 'max_rounds = 3\n');
    const at = '2026-01-01T00:00:00Z';
    const frozen = (issue: number, more: Partial<Entry>): Entry =>
      entry({ issue_number: issue, status: 'frozen', heard: [], started_at: at, ended_at: at, ...more });
    await write([
      frozen(1, { rounds: 7, rounds_from: 4, exhausted: { why: 'max_rounds', at } }),
      frozen(2, { exhausted: { why: 'max_cost', at }, cost: 4 }),
      frozen(3, { why: 'needs_person' }),
      frozen(4, { why: 'underspecified' }),
      frozen(5, { why: 'success, and its work was refused' }),
      frozen(6, { why: 'success' }),
      frozen(7, { agent_name: 'gone' }),
      entry({ issue_number: 8, why: 'claimed', exhausted: null }),
    ]);

    const { work } = await asJson();
    const { lines } = await listed();

    const seen = Object.fromEntries(
      work.map(({ issue, rounds_counted: counted, max_rounds: most, needs_person: need }) => [
        issue,
        [counted, most, need?.kind ?? null],
      ]),
    );
    expect(seen).toEqual({
      1: [3, 3, 'max_rounds'],
      2: [1, 3, 'max_cost'],
      3: [1, 3, 'needs_person'],
      4: [1, 3, 'underspecified'],
      5: [1, 3, 'refused'],
      6: [1, 3, null],
      7: [1, null, null],
      8: [1, 3, null],
    });
    expect(lines.find((line) => line.includes('/issues/1 '))).toMatch(
      / {2}3 of 3 \(7 in all\) {2}.* {2}max_rounds: it has had 3 rounds {2}/,
    );
  });

  it('says that a person is needed where the issue has the label for that', async () => {
    await rig.declare('');
    const issue = await rig.ask();
    const label = await rig.seed.createLabel(rig.owner, rig.project, 'blocked');
    await rig.seed.api(
      'POST',
      `/repos/${rig.project}/issues/${issue}/labels`,
      { labels: [label] },
      rig.ada.token,
    );
    await write([entry({ issue_number: issue, status: 'frozen', heard: [], why: 'success' })]);

    expect((await asJson()).work).toMatchObject([
      { needs_person: { kind: 'blocked', why: 'its issue has the label blocked' } },
    ]);
  });

  it('adds up what each agent cost on each of the last days', async () => {
    await rig.declare('');
    const spent = (day: string, agent: string, lease: string, cost: number): [string, string] => [
      `spent/${day}/${agent}/${lease.repeat(32)}.json`,
      `{"cost":${cost},"lease":"${lease}"}\n`,
    ];
    const days = Array.from({ length: 9 }, (_, index) => `2026-01-0${index + 1}`);
    await write(
      [],
      Object.fromEntries([
        ...days.map((day) => spent(day, 'builder', '0', 1)),
        spent('2026-01-09', 'builder', '1', 0.25),
        spent('2026-01-09', 'tester', '2', 2),
      ]),
    );

    const { spent: shown } = await asJson();
    const { lines } = await listed();

    expect(shown.slice(0, 3)).toEqual([
      { day: '2026-01-09', agent: 'builder', cost: 1.25, runs: 2 },
      { day: '2026-01-09', agent: 'tester', cost: 2, runs: 1 },
      { day: '2026-01-08', agent: 'builder', cost: 1, runs: 1 },
    ]);
    expect(shown).toHaveLength(8);
    expect(lines).toContain('2026-01-09  builder  1.25  2');
  });

  it('says what would be woken next, and by what', async () => {
    await rig.declare('');
    const issue = await rig.ask();
    await rig.say(issue, 'Make it rhyme.');
    await write([entry({ issue_number: issue, status: 'frozen', heard: [] })]);

    const { next } = await asJson();
    const { lines, calls } = await listed();

    expect(next.issue).toMatchObject({ issue, agent: 'builder', how: 'woken' });
    expect(next.issue?.why[0]).toMatch(/^ada wrote on issue #1, /);
    expect(lines).toContainEqual(
      expect.stringMatching(/^Next: builder is woken for \S+\/issues\/1: ada wrote on issue #1, /),
    );
    expect(rig.forge.requests.slice(-calls).every(({ method }) => method === 'GET')).toBe(true);
  });

  it('says what would be begun next, and why what is before it waits', async () => {
    await rig.declare('');
    const other = await rig.seed.createIssue(rig.ada, rig.project, { title: 'a', body: 'b' });
    const first = await rig.ask();
    const second = await rig.ask();
    await rig.seed.api(
      'POST',
      `/repos/${rig.project}/issues/${first}/dependencies`,
      { owner: 'owner', repo: 'project', index: other },
      rig.owner.token,
    );
    await write([], { 'a.txt': 'a' });

    const { next } = await asJson();

    expect(next).toMatchObject({
      trouble: null,
      paused: null,
      issue: { issue: second, how: 'begun', why: ['given by ada'] },
      waiting: [{ issue: first, why: `it waits for #${other}, which is open` }],
    });
  });

  it('takes what the account of the agents said for no news, whoever looks', async () => {
    await rig.declare('');
    const issue = await rig.ask();
    await rig.seed.addCollaborator(rig.owner, rig.project, rig.worker.login, 'write');
    await rig.say(issue, 'I am done.', rig.worker);
    await rig.say(issue, 'Make it rhyme.');
    await write([entry({ issue_number: issue, status: 'frozen', heard: [] })]);
    await rig.seed.addCollaborator(rig.worker, rig.state, rig.owner.login, 'read');

    const { next } = await asJson({ token: rig.owner.token, stateRepo: rig.state });

    expect(next.issue?.why).toContainEqual(expect.stringMatching(/^ada wrote /));
    expect(next.issue?.why).not.toContainEqual(expect.stringMatching(/^crew wrote /));
  });

  it('says that the roles are paused, and what comes after that', async () => {
    await rig.declare('');
    const issue = await rig.ask();
    await write([], { 'a.txt': 'a' });
    await rig.seed.putFile(
      rig.owner,
      rig.ops,
      'forgecrew.toml',
      'pause = true\nreason = "The runners are moved."\n',
    );

    const { next } = await asJson();

    expect(next).toMatchObject({ paused: 'The runners are moved.', issue: { issue } });
  });

  it('lists all the same where this token may not look at issues, and says so', async () => {
    await rig.declare('');
    await write([entry()]);
    const onlooker = await rig.seed.createUser('onlooker', ['read:repository', 'read:user']);
    await rig.seed.addCollaborator(rig.worker, rig.state, onlooker.login, 'read');
    await rig.ask();

    const { lines } = await listed({ token: onlooker.token, stateRepo: rig.state });

    expect(lines[1]).toContain('/issues/1');
    expect(lines).toContainEqual(
      expect.stringMatching(/^! What comes next could not be looked at: .*read:issue/),
    );
  });

  it('shows who asks by hand as text, whatever that is', async () => {
    const bad = '\u001b[2J\u202e\n::error::x';
    await rig.declare('');
    const issue = await rig.ask();
    await write([
      entry({
        issue_number: issue,
        status: 'frozen',
        heard: [],
        asked: { by: bad, at: '2026-01-01T00:00:00Z', prompt: 'x' },
      }),
    ]);

    const { lines } = await listed();

    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(lines.find((line) => line.startsWith('Next: '))).toContain(
      '\\u{1b}[2J\\u{202e}\\n::error::x asks',
    );
  });

  it('keeps columns below each other where a cell holds what cannot be seen', () => {
    expect(
      aligned([
        ['a\u200b', 'x'],
        ['🙂', 'y'],
      ]),
    ).toEqual(['a\\u{200b}  x', '🙂          y']);
  });

  it('finds what a run of the role left', async () => {
    await rig.declare('process.exit(3)');
    const issue = await rig.ask();
    await rig.run();

    expect((await asJson()).work).toMatchObject([
      { issue, agent: 'builder', status: 'frozen', rounds: 1, rounds_counted: 1, max_rounds: 5 },
    ]);
  });
});
