import { afterEach, describe, expect, it } from 'vitest';
import { recordFile } from '../../../core/agent/provenance/sign.ts';
import { escalationText } from '../../../core/escalation/record.ts';
import { type Boards, startBoards } from '../../boards.ts';
import { recordOf } from '../../core/agent/provenance/records.ts';
import { startTestWoodpecker } from '../../embedded.ts';
import { proposalOf } from '../../proposals.ts';
import { actionText } from '../../vault.ts';

let boards: Boards;
afterEach(() => boards.close());

const human = '[action_required]\ndescription = "Open the port"\n';
const pending = `# Give the bot a key

## What
It has none.

Waiting since 2026-04-08 (second run).

## Human action
1. Go to settings
2. Press the button

## Unblocks
- #12 — all of it
`;

const shasum = (digit: string): string => digit.repeat(40);

/** What vault-dispatch puts on record of an action that was started. */
function fired(id: string): string {
  return JSON.stringify({
    version: 2,
    id,
    formula: 'backup',
    tier: 'low',
    tier_reason: 'so',
    action: { file: `vault/actions/${id}.toml`, blob: shasum('1'), digest: `sha256:${'1'.repeat(64)}` },
    base: { commit: shasum('1'), formula_blob: shasum('1'), policy_blob: null, tiers_blob: null },
    pull: null,
    head: null,
    approvals: [],
    intent: { nonce: 'n', at: '2026-11-26T07:00:00Z', by: 'dispatcher', run_url: null },
    run: {
      backend: 'forgejo-workflow',
      repository: 'owner/ops',
      workflow: 'backup.yml',
      workflow_file: 'backup.yml',
      workflow_blob: shasum('1'),
      commit: shasum('1'),
      inputs: {},
      ref: 'main',
      timeout_minutes: 30,
      id: 7,
      url: null,
    },
  });
}

function ended(id: string, outcome: string): string {
  return JSON.stringify({
    version: 2,
    id,
    outcome,
    run: { id: 7, url: 'http://forge.example/run/7' },
    at: '2026-11-26T07:30:00Z',
    by: 'dispatcher',
  });
}

/** What forge-agent keeps of an issue whose agent is frozen. */
function frozen(issue: number, overrides: Record<string, unknown>): string {
  return JSON.stringify({
    version: 1,
    owner: 'owner',
    repo: 'project',
    issue_number: issue,
    slug: 'a-goal',
    agent_name: 'builder',
    profile: null,
    backend: { host: 'woodpecker', isolation: 'bwrap' },
    agent_git_user: { name: 'builder', email: 'builder@forge.example' },
    pr_number: null,
    status: 'frozen',
    why: 'success',
    last_checkin_at: '2026-09-01T07:00:00Z',
    run_url: null,
    lease: { id: '0'.repeat(32), until: '2026-09-01T08:00:00Z', run: null },
    started_at: '2026-09-01T06:00:00Z',
    ended_at: '2026-09-01T07:00:00Z',
    rounds: 2,
    cost: null,
    session: null,
    heard: [],
    ...overrides,
  });
}

/** A little of everything. */
async function arrange(): Promise<{ vision: number }> {
  const { seed, owner, ops, project } = boards;
  const vision = await boards.vision('People can log in');
  const done = await boards.part(vision, 'a');
  await boards.part(vision, 'b');
  await seed.closeIssue(owner, project, done);
  await boards.put('vault/pending/key.md', pending);
  await boards.put('vault/actions/port.toml', human);
  await boards.put('vault/actions/done.toml', actionText());
  await boards.put(
    'prerequisites.md',
    '## Objective: Login\n- [ ] a (#1)\nStatus: BLOCKED — waits for a key\n',
  );
  await boards.put('evidence/engagement/2026-11-20.json', '{}');
  await boards.put('evidence/process/2026-11-25.json', '{}');
  await boards.records({
    'fired/done.json': fired('done'),
    'ended/done.json': ended('done', 'failure'),
    'fired/goes-on.json': fired('goes-on'),
  });
  await seed.putFile(owner, ops, 'vault/actions/next.toml', actionText(), {
    from: 'main',
    name: 'vault/next',
  });
  await seed.openPull(owner, ops, { head: 'vault/next', base: 'main', title: 'vault: next' });
  return { vision };
}

describe('a run of dashboard', () => {
  it('writes one issue that says what waits for whom, and then has nothing to do', async () => {
    boards = await startBoards();
    await arrange();

    const first = await boards.run();
    const second = await boards.run();

    const all = await boards.boards();
    const [board] = all;
    const body = board?.body ?? '';
    expect(first.lines.join('\n')).toContain('1 issue created');
    expect(first.code).toBe(0);
    expect(all).toHaveLength(1);
    expect(board).toMatchObject({ title: 'Dashboard', state: 'open' });
    expect(body).toContain('## Waits for a person: 4');
    // The oldest first, and last what nobody knows the beginning of.
    const order = ['Give the bot a key', 'done', 'vault: next', 'port'].map((title) =>
      body.indexOf(`[${title}](`),
    );
    expect(order.every((at, index) => at > (order[index - 1] ?? 0))).toBe(true);
    expect(body).toContain('since 2026-04-08 (`owner` may act)');
    expect(body).toContain('    - 2\\. Press the button\n');
    expect(body).toContain('    - Open the port\n');
    expect(body).toContain('`█████░░░░░` 1 of 2 [People can log in](');
    expect(body).toContain('vault action: goes-on, since 2026-11-26 07:00 UTC');
    expect(body).toContain('- Login — waits for a key');
    expect(body).toContain('evidence of `engagement`: the newest is of 2026-11-20, 6 days ago');
    expect(body).not.toContain('evidence of `process`');
    expect(second.lines.at(-1)).toContain('Nothing to do');
    expect(second.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
  });

  it('rewrites its part when something changed, and keeps what people wrote around it', async () => {
    boards = await startBoards();
    const { seed, owner, ops } = boards;
    const { vision } = await arrange();
    await boards.run();
    const [before] = await boards.boards();
    await seed.api(
      'PATCH',
      `/repos/${ops}/issues/${before?.number}`,
      { body: `Ours: look here on Mondays.\n\n${before?.body}\nBye.` },
      owner.token,
    );
    await boards.part(vision, 'c');

    const { code } = await boards.run();

    const [after] = await boards.boards();
    expect(code).toBe(0);
    expect(after?.body).toMatch(/^Ours: look here on Mondays\./);
    expect(after?.body).toMatch(/Bye\.$/);
    expect(after?.body).toContain('1 of 3');
  });

  it('leaves a dashboard that somebody closed, and says so', async () => {
    boards = await startBoards();
    await boards.run();
    await boards.seed.closeIssue(boards.owner, boards.ops, 1);
    await boards.vision('Another');

    const { code, lines } = await boards.run();

    expect(code).toBe(0);
    expect(lines.join('\n')).toContain('is closed, so it is left');
    expect(await boards.boards()).toHaveLength(1);
  });

  it('assigns those who may act, and nobody once nothing waits', async () => {
    boards = await startBoards();
    await boards.put('vault/actions/port.toml', human);

    await boards.run({ PLUGIN_ASSIGN: 'true' });
    const [during] = await boards.boards();
    const { body } = await boards.seed.api('GET', `/repos/${boards.ops}/contents/vault/actions/port.toml`);
    await boards.seed.api(
      'DELETE',
      `/repos/${boards.ops}/contents/vault/actions/port.toml`,
      { sha: (body as { sha: string }).sha, message: 'done' },
      boards.owner.token,
    );
    await boards.run({ PLUGIN_ASSIGN: 'true' });
    const [after] = await boards.boards();

    expect(during?.assignees).toEqual(['owner']);
    expect(after?.assignees).toEqual([]);
  });

  it('keeps a page with its picture beside it, where that is wanted', async () => {
    boards = await startBoards();
    await arrange();

    const first = await boards.run({ PLUGIN_PAGE: 'true' });
    const second = await boards.run({ PLUGIN_PAGE: 'true' });

    expect(first.code).toBe(0);
    expect(await boards.textOf('dashboard.md')).toContain('![Visions, as bars](dashboard.svg)');
    expect(await boards.textOf('dashboard.svg')).toContain('1 / 2');
    expect(second.lines.at(-1)).toContain('Nothing to do');
  });

  it('says once that a protected branch takes no page, and goes on with the issue', async () => {
    boards = await startBoards();
    await boards.seed.api('POST', `/repos/${boards.ops}/branch_protections`, {
      rule_name: 'main',
      enable_push: false,
    });

    const { code, lines } = await boards.run({ PLUGIN_PAGE: 'true' });

    expect(code).toBe(0);
    expect(lines.join('\n')).toContain('main takes no commit of dashboard.md');
    expect(await boards.boards()).toHaveLength(1);
  });

  it('makes nothing of what titles and documents say', async () => {
    boards = await startBoards();
    const hostile = '](http://evil.example) <img src=x> @owner closes #1 <!-- dashboard:end --> `x` [[a]]';
    await boards.vision(hostile);
    await boards.put('vault/pending/x.md', `# ${hostile}\n\n## Human action\n${hostile}\n/crew stop\n`);
    await boards.put('vault/actions/y.toml', `[action_required]\ndescription = '''${hostile}'''\n`);
    await boards.put('prerequisites.md', `## Objective: ${hostile}\n- [ ] a\nStatus: BLOCKED — ${hostile}\n`);

    await boards.run({ PLUGIN_PAGE: 'true' });
    const second = await boards.run({ PLUGIN_PAGE: 'true' });

    const [board] = await boards.boards();
    const texts = [board?.body ?? '', (await boards.textOf('dashboard.md')) ?? ''];
    for (const text of texts) {
      expect(text).toContain('evil');
      expect(/(?<!\\)\]\(http:\/\/evil|(?<!\\)<img|@owner|#1\b|\n\s*\/crew/.test(text)).toBe(false);
    }
    expect(board?.body.split('<!-- dashboard:end -->')).toHaveLength(2);
    const picture = (await boards.textOf('dashboard.svg')) ?? '';
    expect(picture).not.toMatch(/<img|<!--/);
    expect(picture).toContain('&#60;img');
    expect(second.lines.at(-1)).toContain('Nothing to do');
  });

  it('counts a marker only in an issue of somebody who may write to the project', async () => {
    boards = await startBoards();
    const stranger = await boards.seed.createUser('stranger', ['write:issue']);
    const vision = await boards.vision('A goal');
    await boards.part(vision, 'a');
    await boards.part(vision, 'b', stranger);

    await boards.run();

    expect((await boards.boards())[0]?.body).toContain('0 of 1');
  });

  it('names nothing of a private repository where everybody may read', async () => {
    boards = await startBoards();
    const { seed, owner, project } = boards;
    await boards.vision('A secret goal');
    await seed.api('PATCH', `/repos/${project}`, { private: true }, owner.token);

    const { code } = await boards.run({ PLUGIN_PAGE: 'true' });

    const texts = [
      (await boards.boards())[0]?.body,
      await boards.textOf('dashboard.md'),
      await boards.textOf('dashboard.svg'),
    ];
    expect(code).toBe(0);
    for (const text of texts) {
      expect(text).not.toContain('secret');
      expect(text).not.toContain('owner/project');
    }
    expect(texts[0]).toContain('What stands in private repositories is left out');
  });

  it('names all of it where the dashboard is private as well', async () => {
    boards = await startBoards({ isOpsPrivate: true });
    const { seed, owner, project } = boards;
    await boards.vision('A secret goal');
    await seed.api('PATCH', `/repos/${project}`, { private: true }, owner.token);

    await boards.run();

    expect((await boards.boards())[0]?.body).toContain('A secret goal');
  });

  it('shows agents at work, those that need somebody, their cost, and proposals that wait', async () => {
    boards = await startBoards({ isOpsPrivate: true });
    const { seed, owner, keeper } = boards;
    const state = await seed.createRepository(owner, 'state');
    const proposals = await seed.createRepository(owner, 'proposals');
    await boards.vision('A goal');
    const run = { agent: 'builder', ended_at: '2026-11-26T07:00:00Z' };
    const models = { calls: 1, input_tokens: 1, output_tokens: 1, reached_limit: false, refused: [] };
    await boards.put(
      'records/owner/project/1/1-x.json',
      recordFile(
        recordOf({
          ...run,
          signal: { status: 'needs_person', summary: 'a key' },
          models: { ...models, cost: 0.5 },
        }),
        undefined,
      ),
      state,
    );
    await boards.put(
      'records/owner/project/2/1-y.json',
      recordFile(recordOf({ ...run, models: { ...models, cost: 0.25 } }), undefined),
      state,
    );
    await boards.put(
      'escalation/20261126-1-1.json',
      escalationText(proposalOf({ comment: { id: 5, updated_at: '2026-11-26T06:00:01Z' } })),
      proposals,
    );
    await boards.put(
      'escalation/20261125-1-1.json',
      escalationText(proposalOf({ id: '20261125-1-1', type: 'issue-create' })),
      proposals,
    );
    await boards.put('decided/20261125-1-1.json', '{}', proposals);

    const { code } = await boards.run({ PLUGIN_STATE_REPO: state, PLUGIN_PROPOSAL_REPO: proposals });

    const body = (await boards.boards())[0]?.body ?? '';
    expect(code).toBe(0);
    expect(body).toContain('agent builder needs somebody: needs\\_person');
    expect(body).toContain('| 2026-11-26 | `builder` | 2 | 0.75 |');
    expect(body).toContain(`[ci-run](${boards.forge.url}/owner/project/issues/1#issuecomment-5)`);
    expect(body).not.toContain('[issue-create](');
    expect(keeper.login).toBe('keeper');
  });

  it('finds agents that wait, and their pull requests, through their own records, however long ago that was', async () => {
    boards = await startBoards({ isOpsPrivate: true });
    const { seed, owner, project } = boards;
    const state = await seed.createRepository(owner, 'state');
    const [exhausted, asked] = [await boards.vision('A goal'), await boards.vision('Another')];
    await seed.putFile(owner, project, 'a.txt', 'a', { from: 'main', name: 'agent/1' });
    const pull = await seed.openPull(owner, project, { head: 'agent/1', base: 'main', title: 'Work of it' });
    const files = {
      [`agents/owner/project/${exhausted}.json`]: frozen(exhausted, {
        pr_number: pull,
        exhausted: { why: 'max_rounds', at: '2026-10-01T07:00:00Z' },
      }),
      [`agents/owner/project/${asked}.json`]: frozen(asked, {}),
      // One whose work is over has no mark, and is not looked at.
      'agents/owner/project/99.json': frozen(99, {
        status: 'destroyed',
        exhausted: { why: 'max_cost', at: '2026-10-01T07:00:00Z' },
      }),
      [`frozen/owner/project/${exhausted}.json`]: '{}',
      [`frozen/owner/project/${asked}.json`]: '{}',
      [`records/owner/project/${asked}/2-${'0'.repeat(32)}.json`]: recordFile(
        recordOf({
          ended_at: '2026-09-01T07:00:00Z',
          work: { kind: 'refused', reasons: ['a secret'], commit: null, ref: null },
        }),
        undefined,
      ),
    };
    for (const [file, text] of Object.entries(files)) await boards.put(file, text, state);

    const { code } = await boards.run({ PLUGIN_STATE_REPO: state });
    const second = await boards.run({ PLUGIN_STATE_REPO: state });

    const body = (await boards.boards())[0]?.body ?? '';
    expect(code).toBe(0);
    expect(body).toContain('## Waits for a person: 3');
    expect(body).toContain('agent builder is not woken any more: max\\_rounds, since 2026-10-01');
    expect(body).toContain('agent builder needs somebody: its work was refused, since 2026-09-01');
    expect(body).toMatch(/\[Work of it\]\([^)]*\/pulls\/\d+\) — pull request of an agent to review/);
    expect(body).not.toContain('max\\_cost');
    expect(body).not.toContain('What agents cost');
    expect(second.lines.at(-1)).toContain('Nothing to do');
  });

  it('names pipelines that did not run in their time, of the forge and of Woodpecker', async () => {
    boards = await startBoards();
    const { seed, owner, ops } = boards;
    const file = (name: string): string => `.forgejo/workflows/${name}.yml`;
    for (const name of ['seldom', 'often', 'never'])
      await boards.put(file(name), 'on: {workflow_dispatch: {}}\njobs: {a: {runs-on: x}}\n');
    for (const name of ['seldom', 'often'])
      await seed.api(
        'POST',
        `/repos/${ops}/actions/workflows/${name}.yml/dispatches`,
        { ref: 'main' },
        owner.token,
      );
    const woodpecker = await startTestWoodpecker({
      users: [{ login: 'keeper', token: 'a-woodpecker-token' }],
      repositories: [{ id: 12, name: ops, workflows: ['a'], pushers: [] }],
    });
    const started = (number: number, at: string, cron: string | undefined) => ({
      repository: 12,
      number,
      author: 'x',
      event: 'manual' as const,
      branch: 'main',
      status: 'success',
      created: Date.parse(at) / 1000,
      variables: {},
      workflows: [],
      cron,
    });
    woodpecker.pipelines.push(
      started(1, '2026-11-25T10:00:00Z', 'nightly'),
      started(2, '2026-11-26T11:00:00Z', 'hourly'),
      started(3, '2026-11-26T11:30:00Z', undefined),
    );

    const { code } = await boards
      .run({
        PLUGIN_EXPECTED_RUNS: 'seldom.yml=1d,often.yml=2h,never.yml=3d,nightly=24h,hourly=2h',
        PLUGIN_WOODPECKER_URL: woodpecker.url,
        PLUGIN_WOODPECKER_TOKEN: 'a-woodpecker-token',
      })
      .finally(() => woodpecker.close());

    const body = (await boards.boards())[0]?.body ?? '';
    const late = body.slice(body.indexOf('## Did not run')).split('\n\n')[1];
    expect(code).toBe(0);
    expect(late?.split('\n')).toEqual([
      '- `often.yml`: last ran 2026-11-26 08:00 UTC, and it should at least every 2 h',
      '- `never.yml`: no run was found, and it should at least every 3 d',
      '- `nightly`: last ran 2026-11-25 10:00 UTC, and it should at least every 1 d',
    ]);
    expect(body).not.toContain('Not looked at');
  });

  it('names pipelines that are red on the branch, of the forge and of Woodpecker, since when and where', async () => {
    boards = await startBoards();
    const { forge, ops } = boards;
    const commit = '1'.repeat(40);
    const ended = (workflow: string, status: 'success' | 'failure' | 'running', event = 'schedule'): void =>
      forge.addFinishedRun(ops, {
        workflow: `.forgejo/workflows/${workflow}`,
        commit,
        event,
        status,
        jobs: [],
      });
    for (const status of ['success', 'failure', 'failure', 'running'] as const) ended('red.yml', status);
    for (const status of ['failure', 'success'] as const) ended('mended.yml', status);
    ended('formula.yml', 'failure', 'workflow_dispatch');
    const woodpecker = await startTestWoodpecker({
      users: [{ login: 'keeper', token: 'a-woodpecker-token' }],
      repositories: [{ id: 12, name: ops, workflows: ['a'], pushers: [] }],
    });
    const started = (number: number, at: string, status: string, more: object) => ({
      repository: 12,
      number,
      author: 'x',
      event: 'cron' as const,
      branch: 'main',
      status,
      created: Date.parse(at) / 1000,
      variables: {},
      workflows: [],
      cron: undefined as string | undefined,
      ...more,
    });
    woodpecker.pipelines.push(
      started(1, '2026-11-25T10:00:00Z', 'failure', { cron: 'nightly' }),
      started(2, '2026-11-25T11:00:00Z', 'failure', { cron: 'hourly' }),
      started(3, '2026-11-25T12:00:00Z', 'success', { cron: 'hourly' }),
      started(4, '2026-11-25T12:00:00Z', 'failure', { event: 'push', branch: 'another' }),
    );

    const { code, calls } = await boards
      .run({ PLUGIN_WOODPECKER_URL: woodpecker.url, PLUGIN_WOODPECKER_TOKEN: 'a-woodpecker-token' })
      .finally(() => woodpecker.close());

    const body = (await boards.boards())[0]?.body ?? '';
    expect(code).toBe(0);
    expect(body.split('\n').filter((text) => text.includes('pipeline is red'))).toEqual([
      expect.stringMatching(/^- \[nightly\]\(.*\) — pipeline is red, since 2026-11-25 \(`owner` may act\)$/),
      expect.stringMatching(
        /^- \[red\.yml\]\(.*\/owner\/ops\/actions\/runs\/3\) — pipeline is red, since 2026-11-26 /,
      ),
    ]);
    // One page, and a second one that is empty.
    expect(calls.filter((call) => call.includes('/actions/runs')).length).toBeLessThanOrEqual(2);
  });

  it('shows an action with those whom the policy names, as far as they may write', async () => {
    boards = await startBoards();
    const { seed, owner, ops, keeper } = boards;
    const ada = await seed.createUser('ada', ['write:repository']);
    await seed.addCollaborator(owner, ops, ada.login, 'write');
    await boards.put(
      'vault/policy.toml',
      `[rules.medium]\napprovers = ["Ada", "gone", "${keeper.login}"]\n[rules.high]\napprovers = ["ada"]\n`,
    );
    await seed.putFile(owner, ops, 'vault/actions/a.toml', actionText(), { from: 'main', name: 'vault/a' });
    await seed.openPull(owner, ops, { head: 'vault/a', base: 'main', title: 'vault: a' });

    const { code } = await boards.run();

    const body = (await boards.boards())[0]?.body ?? '';
    expect(code).toBe(0);
    expect(body.split('\n').find((text) => text.includes('action to approve'))).toMatch(/\(`ada` may act\)$/);
  });
});
