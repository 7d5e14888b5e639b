import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { type AgentRig, startAgents } from '../../agent.ts';

// Whole runs of an issue that is talked about: frozen after its first round, woken by people, and gone with its pull request.

let rig: AgentRig;
beforeEach(async () => {
  rig = await startAgents();
});
afterEach(() => rig.close());

const { best } = await possibleIsolation({ first: 70_000, count: 256 });
const isolates = describe.skipIf(best === 'none');

/** An agent that remembers in `~/memory/rounds` how often it was there, and keeps what it was told in `told-<round>.txt`. */
const remembering = `
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const forge = (...args) => execFileSync('forge', args, { encoding: 'utf8' });
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
const memory = path.join(process.env.HOME, 'memory');
fs.mkdirSync(memory, { recursive: true });
const file = path.join(memory, 'rounds');
const round = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) + 1 : 1;
fs.writeFileSync(file, String(round));
const told = fs.readFileSync(0, 'utf8');
const keep = () => { fs.writeFileSync('told-' + round + '.txt', told); git('add', '.'); git('commit', '-qm', 'work'); };
const done = (status = 'success', summary = 'Round ' + round + ' is done.') => forge('signal-done', status, '--summary', summary);
`;
const folder = 'session_folder = "memory"\n';
const branch = 'crew/1-write-a-poem';

async function begin(
  program = `${remembering} keep(); done();`,
  more = folder,
): Promise<{ issue: number; pull: number }> {
  await rig.declare(program, more);
  const issue = await rig.ask();
  const { code, text } = await rig.run();
  expect({ code, text }).toMatchObject({ code: 0 });
  const [pull] = await rig.pulls();
  rig.pass(2);
  return { issue, pull: pull?.number ?? 0 };
}

const wrote = (calls: string[]): string[] => calls.filter((call) => !call.startsWith('GET'));

isolates('an agent that has called its work done', () => {
  it('is woken by a comment on its pull request, with its session and on its branch', async () => {
    const { issue, pull } = await begin();
    await rig.say(pull, 'Make it rhyme, please.');

    const { code, text } = await rig.run();

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain('goes on with its session');
    const told = await rig.file('crew/project', 'told-2.txt', branch);
    expect(told).toContain('Make it rhyme, please.');
    expect(await rig.file('crew/project', 'told-1.txt', branch)).toContain('Title: Write a poem');
    expect(await rig.pulls()).toHaveLength(1);
    expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', rounds: 2, pr_number: pull });
    expect(await rig.record(issue, 1)).toMatchObject({ base: { branch: 'main' } });
    // Where the first round's work stood, and not on main.
    expect(await rig.record(issue, 2)).toMatchObject({
      round: 2,
      resumed: true,
      base: { branch: expect.stringMatching(/^crew\/\d+-/) },
    });
    expect((await rig.comments(pull)).at(-1)?.body).toContain('Round 2 is done.');
  });

  it('sleeps while nothing is said: nothing is written', async () => {
    await begin();

    const { calls } = await rig.run();

    expect(wrote(calls)).toEqual([]);
  });

  it.each([
    ['a stranger', 'stranger'],
    ['a bot', 'robot'],
    ['itself', 'crew'],
    ['an echo of what it said', 'echo'],
    ['somebody who asks the role escalation', 'asking'],
  ])('is not woken by what %s writes', async (_, who) => {
    const { pull } = await begin();
    const stranger = await rig.seed.createUser('stranger', ['write:issue', 'read:repository']);
    const robot = await rig.seed.createUser('robot', ['write:issue', 'write:repository']);
    await rig.seed.addCollaborator(rig.owner, rig.project, robot.login, 'write');
    const by = { stranger, robot, crew: rig.worker, echo: rig.ada }[who] ?? rig.ada;
    await rig.say(
      pull,
      { echo: 'It said:\n\n<!-- forgecrew: forge-agent end 1 -->', asking: '/crew what is this?' }[who] ??
        'Again.',
      by,
    );

    const { calls } = await rig.run({ PLUGIN_BOTS: 'robot' });

    expect(wrote(calls)).toEqual([]);
  });

  it('is woken once by a comment that is changed later', async () => {
    const { issue, pull } = await begin();
    const comment = await rig.say(pull, 'Make it rhyme.');
    await rig.run();
    rig.pass(2);
    await rig.seed.api(
      'PATCH',
      `/repos/${rig.project}/issues/comments/${comment}`,
      { body: 'Make it rhyme in French.' },
      rig.ada.token,
    );

    await rig.run();
    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ rounds: 3 });
    expect(await rig.file('crew/project', 'told-3.txt', branch)).toContain('in French');
  });

  it('is woken by a review, and told the file and the line of its comments', async () => {
    const { pull } = await begin();
    const { status } = await rig.seed.api(
      'POST',
      `/repos/${rig.project}/pulls/${pull}/reviews`,
      {
        event: 'REQUEST_CHANGES',
        body: 'Not yet.',
        comments: [{ path: 'told-1.txt', body: 'Too long.', new_position: 1 }],
      },
      rig.ada.token,
    );
    expect(status).toBe(200);

    await rig.run();

    const told = await rig.file('crew/project', 'told-2.txt', branch);
    expect(told).toContain('Not yet.');
    expect(told).toMatch(/on told-1\.txt, line 1[\s\S]*Too long\./);
  });

  it('is woken once by a review whose text is changed later', async () => {
    const { issue, pull } = await begin();
    const { body } = await rig.seed.api(
      'POST',
      `/repos/${rig.project}/pulls/${pull}/reviews`,
      { event: 'COMMENT', body: 'A thought.' },
      rig.ada.token,
    );
    await rig.run();
    const { body: timeline } = await rig.seed.api(
      'GET',
      `/repos/${rig.project}/issues/${pull}/timeline`,
      undefined,
      rig.ada.token,
    );
    const item = (timeline as { id: number; review_id?: number }[]).find(
      ({ review_id: id }) => id === (body as { id: number }).id,
    );
    await rig.seed.api(
      'PATCH',
      `/repos/${rig.project}/issues/comments/${item?.id}`,
      { body: 'Another thought.' },
      rig.ada.token,
    );

    await rig.run();
    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ rounds: 3 });
    expect(await rig.file('crew/project', 'told-3.txt', branch)).toContain('Another thought.');
  });

  it('is woken once when checks of its pull request fail, with the end of their log', async () => {
    const { issue, pull } = await begin();
    const head = async (): Promise<string> =>
      ((await rig.pulls()).find(({ number }) => number === pull) as unknown as { head: { sha: string } }).head
        .sha;
    const sha = await head();
    await rig.seed.api(
      'POST',
      `/repos/${rig.project}/statuses/${sha}`,
      { state: 'failure', context: 'ci/test', description: 'it failed' },
      rig.ada.token,
    );
    rig.forge.addFinishedRun(rig.project, {
      workflow: 'test.yml',
      commit: sha,
      status: 'failure',
      jobs: [{ name: 'unit', status: 'failure', log: 'one\ntwo is not three\n' }],
    });
    expect(wrote((await rig.run()).calls)).toEqual([]);

    await rig.run({ PLUGIN_ON_RED: 'true' });

    const told = await rig.file('crew/project', 'told-2.txt', branch);
    expect(told).toContain('ci/test: it failed');
    expect(told).toContain('two is not three');
    expect(await rig.entry(issue)).toMatchObject({ rounds: 2 });
    expect(wrote((await rig.run({ PLUGIN_ON_RED: 'true' })).calls)).toEqual([]);
  });

  it('is woken once when two runs look at once', async () => {
    const { issue, pull } = await begin();
    await rig.say(pull, 'Make it rhyme.');

    await Promise.all([rig.run(), rig.run()]);

    expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', rounds: 2 });
  });

  it('asks a person and is woken by the answer on the issue; the label that kept it goes', async () => {
    await rig.seed.addCollaborator(rig.owner, rig.project, rig.worker.login, 'write');
    const { issue } = await begin(
      `${remembering} if (round === 1) done('needs_person', 'Which licence?'); else { keep(); done(); }`,
    );
    expect(await rig.labels(issue)).toContain('blocked');
    await rig.say(issue, 'MIT.');

    await rig.run();

    expect(await rig.file('crew/project', 'told-2.txt', branch)).toContain('MIT.');
    expect(await rig.labels(issue)).toEqual(['crew:builder']);
    expect(await rig.pulls()).toHaveLength(1);
  });

  it('has no new round while its issue is closed, and has it once that is opened again', async () => {
    const { issue, pull } = await begin();
    await rig.seed.closeIssue(rig.ada, rig.project, issue);
    await rig.say(pull, 'Make it rhyme.');
    expect(wrote((await rig.run()).calls)).toEqual([]);
    await rig.seed.api('PATCH', `/repos/${rig.project}/issues/${issue}`, { state: 'open' }, rig.ada.token);

    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ rounds: 2 });
  });

  it('keeps what people pushed to its branch, and is told of it', async () => {
    const { pull } = await begin();
    await push('mine.txt', 'by a person');
    await rig.say(pull, 'I added a file.');

    await rig.run();

    expect(await rig.file('crew/project', 'mine.txt', branch)).toBe('by a person');
    expect(await rig.file('crew/project', 'told-2.txt', branch)).toContain('people pushed to your branch');
  });

  it('works on what people pushed while it worked: their commit stays, its work is kept beside, and it is woken again', async () => {
    const { issue, pull } = await begin(
      `${remembering} if (round === 2) forge('post-comment', '--body', 'push now'); keep(); done();`,
    );
    await rig.say(pull, 'Make it rhyme.');
    // The agent says when; the person pushes before it has done.
    await Promise.all([rig.run(), onComment(() => push('mine.txt', 'by a person'))]);

    expect(await rig.file('crew/project', 'mine.txt', branch)).toBe('by a person');
    expect(await rig.file('crew/project', 'told-2.txt', branch)).toBeUndefined();
    expect((await rig.comments(pull)).at(-1)?.body).toContain(`refs/forgecrew/beside/${issue}/2`);

    await rig.run();

    expect(await rig.file('crew/project', 'told-3.txt', branch)).toContain('was not pushed');
    expect(await rig.file('crew/project', 'mine.txt', branch)).toBe('by a person');
  });

  it('solves conflicts with the base once those are seen to stay', async () => {
    const { issue, pull } = await begin(
      `${remembering}
      if (round === 1) { fs.writeFileSync('poem.txt', 'mine'); git('add', '.'); git('commit', '-qm', 'x'); }
      else { if (!fs.readFileSync('poem.txt', 'utf8').includes('<<<<<<<')) process.exit(9); fs.writeFileSync('poem.txt', 'both'); }
      done();`,
    );
    await rig.seed.putFile(rig.owner, rig.project, 'poem.txt', 'theirs');

    await rig.run();
    expect(await rig.entry(issue)).toMatchObject({ rounds: 1 });
    rig.pass(120);
    const { text } = await rig.run();

    expect(text).toContain('1 file has conflicts');
    expect(await rig.file('crew/project', 'poem.txt', branch)).toBe('both');
    expect(await rig.entry(issue)).toMatchObject({ rounds: 2, status: 'frozen' });
    await rig.seed.mergePull(rig.ada, rig.project, pull);
    expect(await rig.file(rig.project, 'poem.txt')).toBe('both');
  });

  it('is not woken by a conflict that is none: its pull request is marked as work in progress', async () => {
    const { issue, pull } = await begin();
    await patchPull(pull, { title: 'WIP: a poem' });
    await rig.run();
    rig.pass(3600);

    await rig.run();
    await rig.seed.putFile(rig.owner, rig.project, 'other.txt', 'x');
    rig.pass(3600);
    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ rounds: 1, status: 'frozen' });
  });

  it('solves conflicts with the branch that people pointed its pull request at', async () => {
    const { issue, pull } = await begin(
      `${remembering}
      if (round === 1) { fs.writeFileSync('poem.txt', 'mine'); git('add', '.'); git('commit', '-qm', 'x'); }
      else { if (!fs.readFileSync('poem.txt', 'utf8').includes('<<<<<<<')) process.exit(9); fs.writeFileSync('poem.txt', 'both'); }
      done();`,
    );
    await rig.seed.putFile(rig.owner, rig.project, 'poem.txt', 'theirs', { from: 'main', name: 'next' });
    await patchPull(pull, { base: 'next' });
    await rig.run();
    rig.pass(120);

    const { text } = await rig.run();

    expect(text).toContain('1 file has conflicts');
    expect(await rig.file('crew/project', 'poem.txt', branch)).toBe('both');
    expect(await rig.entry(issue)).toMatchObject({ rounds: 2, status: 'frozen' });
    rig.pass(3600);
    await rig.seed.putFile(rig.owner, rig.project, 'poem.txt', 'of main');
    await rig.run();
    rig.pass(3600);
    await rig.run();
    expect(await rig.entry(issue)).toMatchObject({ rounds: 2 });
  });

  it('keeps work beside the branch whose pull request was closed while it worked, and says so', async () => {
    const { issue, pull } = await begin(
      `${remembering} if (round === 2) forge('post-comment', '--body', 'close now'); keep(); done();`,
    );
    await rig.say(pull, 'Make it rhyme.');

    await Promise.all([rig.run(), onComment(() => rig.seed.closeIssue(rig.ada, rig.project, pull))]);

    const kept = `refs/forgecrew/beside/${issue}/2`;
    const said = (await rig.comments(issue)).at(-1)?.body;
    expect(said).toContain('The pull request was closed while `builder` worked on round 2');
    expect(said).toContain(`It is kept at \`${kept}\``);
    expect(await refs('crew/project')).toEqual([kept]);
    expect(await rig.file('crew/project', 'told-2.txt', branch)).toBeUndefined();
  });

  it('says what is in the way where its label is set again while its pull request is opened again', async () => {
    const { issue, pull } = await begin();
    await rig.seed.closeIssue(rig.ada, rig.project, pull);
    await rig.run();
    rig.pass(5);
    await rig.seed.api('PATCH', `/repos/${rig.project}/issues/${pull}`, { state: 'open' }, rig.ada.token);
    await rig.take(issue);
    await rig.give(issue);

    const { text } = await rig.run();

    expect(text).toContain(`#${issue} is not taken: #${pull} is open for it: merge or close that first`);
  });

  it('is over once its pull request was deleted', async () => {
    const { issue, pull } = await begin();
    await rig.seed.api('DELETE', `/repos/${rig.project}/issues/${pull}`, undefined, rig.owner.token);

    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ status: 'destroyed', why: `#${pull} is deleted` });
    expect(await refs()).toEqual([]);
  });

  it('leaves its issue to another agent where there is no pull request, which begins anew', async () => {
    const { issue } = await begin(`${remembering} done('needs_person', 'I may not.');`);
    await rig.seed.putFile(
      rig.owner,
      rig.ops,
      'agents/other.toml',
      (await rig.file(rig.ops, 'agents/builder.toml'))
        ?.replace("done('needs_person', 'I may not.')", "keep(); done('success', 'Done.')")
        .concat('max_rounds = 1\n') ?? '',
    );
    const other = await rig.seed.createLabel(rig.owner, rig.project, 'crew:other');
    await rig.take(issue);
    await rig.seed.api(
      'POST',
      `/repos/${rig.project}/issues/${issue}/labels`,
      { labels: [other] },
      rig.ada.token,
    );

    const { code, text } = await rig.run();

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(text).toContain('other starts.');
    expect(await rig.file('crew/project', 'told-1.txt', branch)).not.toContain('remember nothing');
    expect(await rig.entry(issue)).toMatchObject({ agent_name: 'other', rounds: 2, status: 'frozen' });
    expect(await rig.record(issue, 2)).toMatchObject({
      agent: 'other',
      resumed: false,
      previous: { round: 1 },
    });
  });

  it('that leaves a conflict as it stands proposes nothing', async () => {
    const { issue } = await begin(
      `${remembering}
      if (round === 1) { fs.writeFileSync('poem.txt', 'mine'); git('add', '.'); git('commit', '-qm', 'x'); }
      else fs.writeFileSync('other.txt', 'x');
      done();`,
    );
    await rig.seed.putFile(rig.owner, rig.project, 'poem.txt', 'theirs');
    await rig.run();
    rig.pass(120);

    await rig.run();

    expect(await rig.record(issue, 2)).toMatchObject({ work: { kind: 'refused' } });
    expect(await rig.file('crew/project', 'poem.txt', branch)).toBe('mine');
  });

  it('is destroyed when its pull request is merged: session, branch and mark are gone, the record stays', async () => {
    const { issue, pull } = await begin();
    await rig.seed.mergePull(rig.ada, rig.project, pull);

    const { code, text } = await rig.run();

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(await rig.entry(issue)).toMatchObject({
      status: 'destroyed',
      why: `#${pull} is merged`,
      session: null,
    });
    expect(await rig.file('crew/project', 'told-1.txt', branch)).toBeUndefined();
    expect(await refs()).toEqual([]);
    expect(await rig.record(issue, 1)).toMatchObject({ round: 1 });
    expect(wrote((await rig.run()).calls)).toEqual([]);
  });

  it('is destroyed when its pull request is closed; its branch stays for whoever opens that again', async () => {
    const { issue, pull } = await begin();
    expect(await refs()).toEqual([`refs/forgecrew/sessions/owner/project/${issue}`]);
    await rig.seed.closeIssue(rig.ada, rig.project, pull);

    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ status: 'destroyed', why: `#${pull} is closed` });
    expect(await rig.file('crew/project', 'told-1.txt', branch)).toBeDefined();
    expect(await refs()).toEqual([]);
  });

  it('is not woken any more after its rounds, says so once, and begins anew when the label is taken off', async () => {
    await rig.seed.addCollaborator(rig.owner, rig.project, rig.worker.login, 'write');
    const { issue, pull } = await begin(undefined, `${folder}max_rounds = 2\n`);
    await rig.say(pull, 'Again.');
    await rig.run();
    rig.pass(2);
    await rig.say(pull, 'And again.');

    const { code } = await rig.run();
    expect(code).toBe(0);
    expect(wrote((await rig.run()).calls)).toEqual([]);

    expect(await rig.entry(issue)).toMatchObject({ rounds: 2, exhausted: { why: 'max_rounds' } });
    expect((await rig.comments(pull)).filter(({ body }) => body.includes('not woken any more'))).toHaveLength(
      1,
    );
    expect(await rig.labels(issue)).toContain('blocked');
    rig.pass(2);
    await unblock(issue);
    await rig.run();
    expect(await rig.entry(issue)).toMatchObject({ rounds: 3, rounds_from: 2, exhausted: null });
    expect(await rig.file('crew/project', 'told-3.txt', branch)).toContain('And again.');
  });

  it('is not woken anew by its own account taking the label off', async () => {
    await rig.seed.addCollaborator(rig.owner, rig.project, rig.worker.login, 'write');
    const { issue, pull } = await begin(undefined, `${folder}max_rounds = 1\n`);
    await rig.say(pull, 'Again.');
    await rig.run();
    rig.pass(2);
    await unblock(issue, rig.worker.token);

    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ rounds: 1 });
  });

  it('begins without a session that was bent, and still hears what was said', async () => {
    const { issue, pull } = await begin();
    const entry = (await rig.entry(issue)) as { session: { digest: string } };
    await rig.seed.putFile(
      rig.worker,
      rig.state,
      `agents/${rig.project}/${issue}.json`,
      `${JSON.stringify({ ...entry, session: { ...entry.session, digest: '0'.repeat(64) } })}\n`,
    );
    await rig.say(pull, 'Make it rhyme.');

    const { text } = await rig.run();

    expect(text).toContain('Its session cannot be used');
    // It remembers nothing, so its round is the first one again, and it is told everything.
    const told = await rig.file('crew/project', 'told-1.txt', branch);
    expect(told).toContain('Title: Write a poem');
    expect(told).toContain('Make it rhyme.');
    expect(await rig.record(issue, 2)).toMatchObject({ resumed: false });
  });

  it('with a session that holds a token of this run keeps none', async () => {
    const { issue } = await begin(
      // In two parts: a manifest that names it would be refused before.
      `${remembering} fs.writeFileSync(path.join(memory, 'x'), '${rig.worker.token.slice(0, 9)}' + '${rig.worker.token.slice(9)}'); keep(); done();`,
    );

    expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', session: null });
    expect(await refs()).toEqual([]);
  });
});

isolates('an agent that is woken by hand', () => {
  const byHand = (issue: number, prompt = 'In French, please.'): Record<string, string> => ({
    PLUGIN_PROMPT: prompt,
    PLUGIN_ISSUE: String(issue),
    PLUGIN_PROJECT_REPO: rig.project,
  });

  it('is told what the run was given, and its rounds begin anew', async () => {
    const { issue } = await begin(undefined, `${folder}max_rounds = 1\n`);

    const { code, text } = await rig.run(byHand(issue));

    expect({ code, text }).toMatchObject({ code: 0 });
    expect(await rig.file('crew/project', 'told-2.txt', branch)).toMatch(
      /whoever started a run of forge-agent asks for another round, .*:\nIn French, please\./,
    );
    const entry = await rig.entry(issue);
    expect(entry).toMatchObject({ status: 'frozen', rounds: 2, rounds_from: 1, asked: null });
    expect(entry?.heard).toContainEqual(expect.stringMatching(/^asked /));
    expect(await rig.record(issue, 2)).toMatchObject({
      resumed: true,
      woken_by: [expect.stringContaining('asks for another round')],
    });
    expect(wrote((await rig.run()).calls)).toEqual([]);
  });

  it('is asked in a dry run and nothing is written', async () => {
    const { issue } = await begin();

    const { code, text, calls } = await rig.run({ ...byHand(issue), PLUGIN_DRY_RUN: 'true' });

    expect(code).toBe(0);
    expect(text).toContain('| In French, please.');
    expect(wrote(calls)).toEqual([]);
  });

  it.each([
    ['nobody has worked on it', 'nothing is frozen for it', async () => rig.ask('Another')],
    ['there is no such issue', 'nothing is frozen for it', async () => 77],
    [
      'its pull request is closed',
      'is closed, which ends the work of builder',
      async (issue: number, pull: number) => {
        await rig.seed.closeIssue(rig.ada, rig.project, pull);
        return issue;
      },
    ],
    [
      'its work is over',
      'the work of builder on it is over',
      async (issue: number, pull: number) => {
        await rig.seed.closeIssue(rig.ada, rig.project, pull);
        await rig.run();
        return issue;
      },
    ],
    [
      'its issue is closed',
      'the issue is closed, or has no label crew:',
      async (issue: number) => {
        await rig.seed.closeIssue(rig.ada, rig.project, issue);
        return issue;
      },
    ],
    [
      'it is worked on',
      'builder works on it now',
      async (issue: number) => {
        await change(issue, { status: 'running', lease: lasting });
        return issue;
      },
    ],
    [
      'another asking waits',
      'ada has asked for another round at 2026-01-01T00:00:00Z',
      async (issue: number) => {
        await change(issue, { asked: { by: 'ada', at: '2026-01-01T00:00:00Z', prompt: 'x' } });
        return issue;
      },
    ],
    [
      'it has cost what it may',
      'the issue has cost what its manifest allows',
      async (issue: number) => {
        await change(issue, { cost: 3 });
        await rig.declare('', costly);
        return issue;
      },
    ],
  ])('is refused where %s: red, and nothing is written', async (_, said, prepare) => {
    const { issue, pull } = await begin();
    const asked = await prepare(issue, pull);

    const { code, text, calls } = await rig.run(byHand(asked));

    expect({ code, text }).toMatchObject({ code: 1, text: expect.stringContaining(said) });
    expect(wrote(calls)).toEqual([]);
  });

  it.each([
    ['without an issue', { PLUGIN_PROMPT: 'x' }, 'prompt is given without issue'],
    ['that is blank', { PLUGIN_PROMPT: ' \u200b\n' }, 'that is not blank'],
    ['that is too long', { PLUGIN_PROMPT: '🙂'.repeat(20_001) }, 'at most 40000 characters'],
  ])('is not asked by a prompt %s', async (_, given, said) => {
    const { code, text, calls } = await rig.run({
      ...byHand(1),
      PLUGIN_ISSUE: '',
      ...(said.includes('issue') ? {} : { PLUGIN_ISSUE: '1' }),
      ...given,
    });

    expect({ code, text }).toMatchObject({ code: 1, text: expect.stringContaining(said) });
    expect(calls).toEqual([]);
  });

  it('has its rounds anew once for one asking, however often it is not started', async () => {
    const { issue } = await begin(undefined, `${folder}max_rounds = 2\n`);
    await change(issue, { asked: { by: 'ada', at: '2026-01-01T00:00:00Z', prompt: 'Go on.' } });
    // Nothing can be cloned, so no round comes to be.
    await rig.declare('process.exit(0)', `${folder}max_rounds = 2\nsetup = ["exit 1"]\n`);

    for (let run = 0; run < 5; run += 1) await rig.run();

    expect(await rig.entry(issue)).toMatchObject({
      rounds: 3,
      rounds_from: 1,
      exhausted: { why: 'max_rounds' },
    });
  });

  it('is told once that it has cost what it may, and not by every run while somebody asks', async () => {
    const { issue } = await begin();
    await rig.declare('', costly);
    await change(issue, { cost: 3, asked: { by: 'ada', at: '2026-01-01T00:00:00Z', prompt: 'Go on.' } });

    await rig.run();

    expect(await rig.entry(issue)).toMatchObject({ exhausted: { why: 'max_cost' } });
    expect(wrote((await rig.run()).calls)).toEqual([]);
  });
});

const costly = 'max_cost = 2.0\nprices = { input = 1.0, output = 1.0 }\n';
const lasting = { id: 'a'.repeat(32), until: '2999-01-01T00:00:00Z', run: null };

/** Puts something else into the entry of an issue. */
async function change(issue: number, over: Record<string, unknown>): Promise<void> {
  const entry = await rig.entry(issue);
  await rig.seed.putFile(
    rig.worker,
    rig.state,
    `agents/${rig.project}/${issue}.json`,
    `${JSON.stringify({ ...entry, ...over })}\n`,
  );
}

/** A commit of a person on the agent's branch. */
async function push(name: string, content: string): Promise<void> {
  const { status } = await rig.seed.api(
    'POST',
    `/repos/crew/project/contents/${name}`,
    { content: Buffer.from(content).toString('base64'), message: 'By a person', branch },
    rig.worker.token,
  );
  expect(status).toBe(201);
}

/** What a person does as soon as the agent has said something. */
async function onComment(act: () => Promise<unknown>): Promise<void> {
  const from = rig.forge.requests.length;
  const hasSpoken = (): boolean =>
    rig.forge.requests
      .slice(from)
      .some(({ method, path, as }) => method === 'POST' && path.includes('/comments') && as === 'crew');
  while (!hasSpoken()) await new Promise((next) => setImmediate(next));
  await act();
}

/** Refs beside branches that the state repo has, or another one. */
async function refs(repository = rig.state): Promise<string[]> {
  const { body } = await rig.seed.api('GET', `/repos/${repository}/git/refs`, undefined, rig.worker.token);
  return (body as { ref: string }[]).map(({ ref }) => ref).filter((ref) => ref.startsWith('refs/forgecrew/'));
}

async function patchPull(pull: number, changed: object): Promise<void> {
  const { status } = await rig.seed.api(
    'PATCH',
    `/repos/${rig.project}/pulls/${pull}`,
    changed,
    rig.owner.token,
  );
  expect(status).toBe(201);
}

async function unblock(issue: number, token = rig.ada.token): Promise<void> {
  const { body } = await rig.seed.api('GET', `/repos/${rig.project}/labels`, undefined, token);
  const label = (body as { id: number; name: string }[]).find(({ name }) => name === 'blocked');
  const { status } = await rig.seed.api(
    'DELETE',
    `/repos/${rig.project}/issues/${issue}/labels/${label?.id}`,
    undefined,
    token,
  );
  expect(status).toBe(204);
}
