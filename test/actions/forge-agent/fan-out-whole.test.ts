import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import type { EmbeddedWoodpecker } from '../../../embedded-woodpecker/main.ts';
import { startTestWoodpecker } from '../../embedded.ts';
import { type FanRig, startFanning } from '../../fanning.ts';

// Whole runs of fan-out on the embedded forge; the runs that it starts are carried out where a test says so.

let rig: FanRig;
beforeEach(async () => {
  rig = await startFanning();
  await rig.declare(`
const { execFileSync } = require('node:child_process');
require('node:fs').writeFileSync('poem.txt', 'a poem');
execFileSync('forge', ['signal-done', 'success', '--summary', 'Done.']);
`);
});
afterEach(() => rig.close());

const { best } = await possibleIsolation({ first: 70_000, count: 256 });

async function askTimes(count: number): Promise<number[]> {
  const issues: number[] = [];
  for (let index = 0; index < count; index += 1) issues.push(await rig.ask(`Poem ${index} @everyone`));
  return issues;
}

/** Which issues have runs that go on, in the order in which they were started. */
async function onTheWay(): Promise<string[]> {
  return (await rig.runs())
    .filter(({ status }) => ['waiting', 'running'].includes(status))
    .map(({ inputs }) => `${inputs.repository}#${inputs.issue}`);
}

describe('a label set on fifty issues', () => {
  it('starts three runs, no more, at the head of the default branch, and says how many wait', async () => {
    await askTimes(50);

    const first = await rig.fanOut();

    expect({ code: first.code, text: first.text }).toMatchObject({ code: 0 });
    expect(first.text).toContain('3 of at most 3 agents are at work or about to begin; 47 more issues wait');
    const runs = await rig.runs();
    expect(runs.map(({ inputs }) => inputs)).toEqual(
      [1, 2, 3].map((number) => ({ issue: String(number), repository: rig.project })),
    );
    const { body } = await rig.seed.api('GET', `/repos/${rig.ops}/branches/main`);
    expect(new Set(runs.map(({ commit_sha }) => commit_sha))).toEqual(
      new Set([(body as { commit: { id: string } }).commit.id]),
    );
    // Our account may only read there: the job's own token started them, and nothing else was asked with it.
    expect(
      rig.forge.requests
        .filter(({ as, path }) => as === 'job' && path !== '/users/job/tokens')
        .map(({ method, path }) => `${method} ${path}`),
    ).toEqual(
      Array.from({ length: 3 }, () => `POST /repos/${rig.ops}/actions/workflows/agents.yml/dispatches`),
    );

    const again = await rig.fanOut();

    expect({ code: again.code, text: again.text }).toMatchObject({ code: 0 });
    expect(again.text).toContain('47 more issues wait');
    expect(await rig.runs()).toHaveLength(3);
  });

  it('starts three runs, however many look at the same moment', async () => {
    // The first one makes the state repo.
    await rig.fanOut();
    await askTimes(50);

    const all = await Promise.all(Array.from({ length: 4 }, () => rig.fanOut()));

    expect(all.map(({ code, text }) => ({ code, text }))).toMatchObject(all.map(() => ({ code: 0 })));
    expect(await onTheWay()).toEqual([1, 2, 3].map((number) => `${rig.project}#${number}`));
  });

  it('keeps people out of what a run is told: a title is no input', async () => {
    await askTimes(1);

    await rig.fanOut();

    const [dispatched] = rig.forge.requests.filter(({ path }) => path.endsWith('/dispatches'));
    expect(dispatched?.body).toEqual({
      ref: expect.stringMatching(/^[0-9a-f]{40}$/),
      inputs: { issue: '1', repository: rig.project },
      return_run_info: true,
    });
    expect(await rig.file(rig.state, 'starting/owner/project/1.json')).not.toContain('Poem');
  });
});

describe('our own account', () => {
  it('starts the runs itself where it may', async () => {
    await rig.seed.addCollaborator(rig.owner, rig.ops, rig.worker.login, 'write');
    await askTimes(1);

    await rig.fanOut({ GITHUB_TOKEN: '' });

    const starts = rig.forge.requests.filter(({ path }) => path.endsWith('/dispatches'));
    expect(starts.map(({ as, status }) => ({ as, status }))).toEqual([{ as: rig.worker.login, status: 201 }]);
  });

  it('says what is missing where neither it nor the job may', async () => {
    await askTimes(1);

    const { code, text } = await rig.fanOut({ GITHUB_TOKEN: '' });

    expect({ code, text }).toMatchObject({ code: 1 });
    expect(text).toContain('Give our account write access to owner/ops.');
  });
});

describe('a fan-out', () => {
  it('starts nothing where the workflow takes no issue, and says what is missing', async () => {
    await rig.seed.putFile(
      rig.owner,
      rig.ops,
      '.forgejo/workflows/agents.yml',
      'on:\n  workflow_dispatch:\njobs: {}\n',
    );
    await askTimes(1);

    const { code, text } = await rig.fanOut();

    expect({ code, text }).toMatchObject({ code: 1 });
    expect(text).toContain('declares no input issue and no input repository on main');
    expect(await rig.runs()).toEqual([]);
  });

  it('starts nothing for what would not be taken: it says why, and goes on to the others', async () => {
    await rig.seed.createIssue(rig.ada, rig.project, { title: 'Not labelled' });
    const [first = 0, second = 0] = await askTimes(2);
    const open = await rig.seed.createIssue(rig.ada, rig.project, { title: 'First this' });
    await rig.seed.api(
      'POST',
      `/repos/${rig.project}/issues/${first}/dependencies`,
      { owner: 'owner', repo: 'project', index: open },
      rig.ada.token,
    );

    const { code, text } = await rig.fanOut();

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain(`${rig.project}#${first} is not taken: it waits for #${open}`);
    expect(await onTheWay()).toEqual([`${rig.project}#${second}`]);
  });

  it('plans all of it in a dry run, and starts nothing', async () => {
    await askTimes(4);
    await rig.fanOut();
    const before = await rig.runs();

    const { code, text } = await rig.fanOut({ 'INPUT_DRY-RUN': 'true', 'INPUT_MAX-PARALLEL': '4' });

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain('run of agents.yml at');
    expect(await rig.runs()).toEqual(before);
  });
});

describe.skipIf(best === 'none')('runs that a fan-out started', () => {
  it('work on their issues, each on its own, and the places of those that ended are given to the next', async () => {
    const issues = await askTimes(5);
    await rig.fanOut({ 'INPUT_MAX-PARALLEL': '2' });
    const [one, two] = await rig.runs();
    if (one === undefined || two === undefined) throw new Error('no runs');

    const ran = await rig.work(one);

    expect({ code: ran.code, text: ran.text }).toMatchObject({ code: 0 });
    expect(await rig.entry(issues[0] ?? 0)).toMatchObject({
      status: 'frozen',
      lease: { run: { id: one.id } },
    });
    // The run goes on: its other job, which starts the next, is a part of it.
    rig.forge.settleRun(one.id, 'running');
    await rig.fanOut({
      'INPUT_MAX-PARALLEL': '2',
      GITHUB_RUN_ID: String(one.id),
      event: 'workflow_dispatch',
      payload: JSON.stringify({ inputs: one.inputs }),
    });
    // So does another one that looks now: that run is done with its issue.
    await rig.fanOut({ 'INPUT_MAX-PARALLEL': '2' });
    rig.forge.settleRun(one.id, 'success');

    expect(await onTheWay()).toEqual([2, 3].map((number) => `${rig.project}#${number}`));
  });

  it('that finds its issue taken ends green, and says so', async () => {
    await askTimes(1);
    await rig.fanOut();
    const [one] = await rig.runs();
    if (one === undefined) throw new Error('no run');
    await rig.work(one);

    const { code, text } = await rig.work(one);

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain(`${rig.project}#1 is not taken: `);
    expect(await rig.pulls()).toHaveLength(1);
  });

  it('twice for one issue at the same moment make one pull request', async () => {
    await askTimes(1);
    await rig.fanOut();
    await rig.dispatch({ issue: '1', repository: rig.project });
    const [one, two] = await rig.runs();
    if (one === undefined || two === undefined) throw new Error('no runs');

    const both = await Promise.all([rig.work(one), rig.work(two)]);

    expect(both.map(({ code, text }) => ({ code, text }))).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(both.filter(({ text }) => text.includes('builder starts.'))).toHaveLength(1);
    expect(
      both.filter(({ text }) => /is not taken|taken this work over|wrote first/.test(text)),
    ).toHaveLength(1);
    expect(await rig.pulls()).toHaveLength(1);
  });

  it('and that take nothing are not started again and again: others have their turn first', async () => {
    await askTimes(3);
    const one = { 'INPUT_MAX-PARALLEL': '1' };
    await rig.fanOut(one);
    const [run] = await rig.runs();
    if (run === undefined) throw new Error('no run');
    // Its machine broke down before it claimed anything.
    rig.forge.settleRun(run.id, 'failure');

    await rig.fanOut(one);

    expect(await onTheWay()).toEqual([`${rig.project}#2`]);
    rig.forge.settleRun((await rig.runs())[1]?.id ?? 0, 'failure');
    await rig.fanOut(one);
    rig.forge.settleRun((await rig.runs())[2]?.id ?? 0, 'failure');
    const { text } = await rig.fanOut(one);
    expect(await rig.runs()).toHaveLength(3);
    expect(text).toContain(`${rig.project}#1 waits: the run that was started for it did not take it`);
  });
});

describe('somebody who starts the workflow by hand', () => {
  it('for an issue that nobody labelled starts no agent', async () => {
    const issue = await rig.seed.createIssue(rig.ada, rig.project, { title: 'Not for an agent' });
    await rig.fanOut();
    await rig.dispatch({ issue: String(issue), repository: rig.project });
    const [run] = await rig.runs();
    if (run === undefined) throw new Error('no run');
    const from = rig.forge.requests.length;

    const { code, text } = await rig.work(run);

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain(`${rig.project}#${issue} is not taken: it is not open with a label crew:...`);
    expect(rig.forge.requests.slice(from).filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it.each([
    ['an issue that is no number', { issue: '1; rm -rf /', repository: 'owner/project' }, 1],
    ['a repository that no agent names', { issue: '1', repository: 'owner/ops' }, 0],
    ['a repository that is none', { issue: '1', repository: '../../x y' }, 1],
  ])('with %s starts no agent', async (_, inputs, code) => {
    await askTimes(1);
    await rig.fanOut({ 'INPUT_DRY-RUN': 'true' });
    const id = await rig.dispatch(inputs);
    const run = (await rig.runs()).find((item) => item.id === id);
    if (run === undefined) throw new Error('no run');
    const from = rig.forge.requests.length;

    const ran = await rig.work(run);

    expect({ code: ran.code, text: ran.text }).toMatchObject({ code });
    expect(ran.text).not.toContain('builder starts.');
    expect(
      rig.forge.requests
        .slice(from)
        .filter(
          ({ method, path }) =>
            method !== 'GET' && path !== '/user/repos' && !path.includes('forgecrew-state'),
        ),
    ).toEqual([]);
  });

  it('takes a place until that run ends, and no longer', async () => {
    await askTimes(4);
    await rig.fanOut({ 'INPUT_DRY-RUN': 'true' });
    const id = await rig.dispatch({ issue: '999', repository: rig.project });
    await rig.dispatch({ issue: 'nonsense', repository: rig.project });

    await rig.fanOut();
    expect(await onTheWay()).toEqual([
      `${rig.project}#999`,
      `${rig.project}#nonsense`,
      ...[1, 2].map((number) => `${rig.project}#${number}`),
    ]);
    rig.forge.settleRun(id, 'success');
    await rig.fanOut();

    expect((await onTheWay()).at(-1)).toBe(`${rig.project}#3`);
  });
});

describe('on Woodpecker', () => {
  let woodpecker: EmbeddedWoodpecker;
  beforeEach(async () => {
    woodpecker = await startTestWoodpecker({
      users: [{ login: 'owner', token: 'owner-woodpecker-token' }],
      repositories: [{ id: 5, name: rig.ops, workflows: ['agents'], pushers: ['owner'] }],
    });
  });
  afterEach(() => woodpecker.close());

  const ran = (over: Record<string, string> = {}) =>
    rig.run({
      PLUGIN_MODE: 'fan-out',
      PLUGIN_MAX_PARALLEL: '3',
      CI_SYSTEM_URL: woodpecker.url,
      CI_WORKFLOW_NAME: 'agents',
      PLUGIN_WOODPECKER_TOKEN: 'owner-woodpecker-token',
      ...over,
    });

  it('a label set on fifty issues starts three pipelines, no more, and they are told nothing of an issue', async () => {
    await askTimes(50);

    const first = await ran();
    const again = await ran();

    expect([first, again].map(({ code, text }) => ({ code, text }))).toMatchObject([
      { code: 0 },
      { code: 0 },
    ]);
    expect(again.text).toContain('3 of at most 3 agents are at work or about to begin; 47 more issues wait');
    expect(woodpecker.pipelines.map(({ variables }) => variables)).toEqual(
      Array.from({ length: 3 }, () => ({
        FORGECREW_RUN: 'agent',
        FORGECREW_START: expect.stringMatching(/^[0-9a-f]{32}$/),
      })),
    );
  });

  it('starts three, however many look at the same moment', async () => {
    await ran();
    await askTimes(5);

    const all = await Promise.all(Array.from({ length: 4 }, () => ran()));

    expect(all.map(({ code, text }) => ({ code, text }))).toMatchObject(all.map(() => ({ code: 0 })));
    expect(woodpecker.pipelines).toHaveLength(3);
  });

  it('says what is missing without a token that may start pipelines', async () => {
    await askTimes(1);

    const without = await ran({ PLUGIN_WOODPECKER_TOKEN: '' });
    const another = await ran({ PLUGIN_WOODPECKER_TOKEN: 'no-such-token' });

    expect(without.code).toBe(1);
    expect(without.text).toContain('woodpecker-token is not given');
    expect(another.code).toBe(1);
    expect(another.text).toContain('Woodpecker does not know woodpecker-token');
    expect(woodpecker.pipelines).toEqual([]);
  });

  it.skipIf(best === 'none')('each pipeline claims the next issue, also two at the same moment', async () => {
    const issues = await askTimes(3);
    await ran({ PLUGIN_MAX_PARALLEL: '2' });
    expect(woodpecker.pipelines).toHaveLength(2);

    const works = await Promise.all(
      woodpecker.pipelines.map(({ number }) =>
        rig.run({
          CI_PIPELINE_EVENT: 'manual',
          CI_PIPELINE_NUMBER: String(number),
          CI_WORKFLOW_NAME: 'agents',
        }),
      ),
    );

    expect(works.map(({ code, text }) => ({ code, text }))).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(
      (await Promise.all(issues.map((issue) => rig.entry(issue)))).map((entry) => entry?.status),
    ).toEqual(['frozen', 'frozen', undefined]);
    for (const { number } of woodpecker.pipelines) woodpecker.settle(number, 'agents', 'success');
    await ran({ PLUGIN_MAX_PARALLEL: '2' });
    expect(woodpecker.pipelines).toHaveLength(3);
  });
});
