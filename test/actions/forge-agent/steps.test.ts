import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { works } from '../../core/agent/cell/machine.ts';
import { type StepsRig, startSteps } from '../../steps.ts';

// One round in three steps of a pipeline, with the agent in a fourth one that is another user and has no secret.

let rig: StepsRig;
beforeEach(async () => {
  rig = await startSteps();
});
afterEach(() => rig.close());

const head = `
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const forge = (...args) => execFileSync('forge', args, { encoding: 'utf8' });
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
const commit = (file, text) => { fs.writeFileSync(file, text); git('add', '.'); git('commit', '-qm', 'work'); };
`;

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

async function refs(): Promise<string[]> {
  const { body } = await rig.seed.api('GET', `/repos/${rig.state}/git/refs`, undefined, rig.worker.token);
  return (body as { ref: string }[]).map(({ ref }) => ref).filter((ref) => ref.startsWith('refs/forgecrew/'));
}

const run = promisify(execFile);

/** Puts a ref of the state repo somewhere else, as nobody but our account can. */
async function movesRef(ref: string, commit: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-moved-'));
  const url = new URL(`${rig.forge.url}/${rig.state}.git`);
  url.username = rig.worker.login;
  url.password = rig.worker.token;
  await run('git', ['init', '-q', folder]);
  await run('git', ['-C', folder, 'fetch', '-q', url.href, 'main']);
  await run('git', ['-C', folder, 'push', '-q', '--force', url.href, `${commit}:${ref}`]);
  rmSync(folder, { recursive: true, force: true });
}

/** What stands in the state repo for another step. */
async function handed(): Promise<string[]> {
  const { body } = await rig.seed.api(
    'GET',
    `/repos/${rig.state}/git/trees/main?recursive=true`,
    undefined,
    rig.worker.token,
  );
  const files = (body as { tree: { path: string; type: string }[] }).tree
    .filter(({ path: file, type }) => type === 'blob' && file.startsWith('handed/'))
    .map(({ path: file }) => file);
  return [...files.sort(), ...(await refs()).filter((ref) => ref.startsWith('refs/forgecrew/handed/'))];
}

describe.skipIf(!works('user'))('a round in three steps', () => {
  it('comes to the same as in one: a pull request, the record, a frozen agent', async () => {
    await rig.declare(
      `${head} commit('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'See poem.txt.');`,
    );
    const issue = await rig.ask('Write a poem');

    const { prepare, serve, agent, finish } = await rig.pipeline().whole();

    expect({ ...prepare, report: 0 }).toMatchObject({ code: 0 });
    expect(serve.text + agent.text).toContain('It signals success.');
    expect({ serve: serve.code, agent, finish: finish.code, text: finish.text }).toMatchObject({
      serve: 0,
      agent: { code: 0 },
      finish: 0,
    });
    const [pull] = await rig.pulls();
    expect(pull).toMatchObject({ title: 'builder: Write a poem', state: 'open' });
    expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('a poem');
    expect(await rig.entry(issue)).toMatchObject({
      status: 'frozen',
      why: 'success',
      pr_number: pull?.number,
    });
    expect(await rig.record(issue, 1)).toMatchObject({
      end: { how: 'signalled' },
      signal: { status: 'success' },
      isolation: { level: 'user' },
      work: { kind: 'work', files: 1 },
    });
    expect(await rig.running()).toEqual([]);
  });

  it('leaves nothing behind of what its steps handed to each other, and no secret in what they share', async () => {
    await rig.declare(
      `${head} commit('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'Done.');`,
    );
    await rig.ask();
    const pipeline = rig.pipeline();
    await pipeline.step('prepare');
    const shared = filesIn(pipeline.shared);
    const serving = pipeline.step('serve');
    await pipeline.agent().ended;
    await serving;
    const before = await handed();

    await pipeline.step('finish');

    expect(shared.some((file) => file.endsWith('start.mjs'))).toBe(true);
    for (const file of shared)
      expect([file, readFileSync(file).includes(rig.worker.token)]).toEqual([file, false]);
    expect(before).toEqual([
      'handed/owner/project/1-outcome.json',
      'handed/owner/project/1-run.json',
      `refs/forgecrew/handed/${rig.project}/1/work`,
    ]);
    expect(await handed()).toEqual([]);
  });

  it('ends well and quickly where nothing was found', async () => {
    await rig.declare(head);
    await rig.run();
    const pipeline = rig.pipeline();

    const { prepare, serve, agent, finish } = await pipeline.whole();

    expect([prepare.code, serve.code, agent.code, finish.code]).toEqual([0, 0, 0, 0]);
    expect(serve.text).toContain('Nothing to do');
    expect(finish.text).toContain('Nothing to do');
    expect(pipeline.waited()).toBe(0);
    expect([...serve.calls, ...finish.calls].filter((call) => !call.startsWith('GET'))).toEqual([]);
  });

  it('goes on in later rounds with what it remembers, and is woken by what people say', async () => {
    await rig.declare(
      `${head}
       const memory = process.env.HOME + '/memory/rounds';
       fs.mkdirSync(process.env.HOME + '/memory', { recursive: true });
       fs.appendFileSync(memory, 'x');
       commit('poem.txt', fs.readFileSync(memory, 'utf8') + ' ' + fs.readFileSync(0, 'utf8').includes('Make it rhyme.'));
       forge('signal-done', 'success', '--summary', 'Done.');`,
      'session_folder = "memory"\n',
    );
    const issue = await rig.ask();
    const first = await rig.pipeline(7).whole();
    rig.pass(2);
    const [pull] = await rig.pulls();
    await rig.say(pull?.number ?? 0, 'Make it rhyme.');

    const second = await rig.pipeline(8).whole();

    expect([first.finish.code, second.finish.code]).toEqual([0, 0]);
    expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('xx true');
    expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', rounds: 2, pr_number: pull?.number });
    expect(await rig.record(issue, 2)).toMatchObject({
      resumed: true,
      woken_by: [expect.stringContaining('ada wrote')],
      previous: { round: 1 },
    });
    expect(await handed()).toEqual([]);
    // And a third one in one step, which goes on with the same session.
    rig.pass(2);
    await rig.say(pull?.number ?? 0, 'Make it rhyme.');
    await rig.run();
    expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('xxx true');
  });

  it('asks its model through the step that serves, and never has the key', async () => {
    const asked: { key: unknown; body: string }[] = [];
    const model = http
      .createServer((request, response) => {
        let body = '';
        request.on('data', (chunk) => {
          body += chunk;
        });
        request.on('end', () => {
          asked.push({ key: request.headers['x-api-key'], body });
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(
            JSON.stringify({
              id: 'msg_1',
              type: 'message',
              role: 'assistant',
              model: 'm',
              content: [{ type: 'text', text: 'a poem of a model' }],
              stop_reason: 'end_turn',
              usage: { input_tokens: 10, output_tokens: 5 },
            }),
          );
        });
      })
      .listen(0, '127.0.0.1');
    await once(model, 'listening');
    const key = `sk-${randomUUID()}`;
    await rig.declare(
      `${head}
       fetch(process.env.FORGECREW_MODEL_URL + '/v1/messages', {
         method: 'POST',
         headers: { 'x-api-key': process.env.FORGECREW_MODEL_KEY, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
         body: JSON.stringify({ model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'a poem, please' }] }),
       }).then((answer) => answer.json()).then(({ content }) => {
         commit('poem.txt', content[0].text);
         forge('signal-done', 'success', '--summary', 'Done.');
       });`,
      'model = "m"\nmax_cost = 5.0\nprices = { input = 1000.0, output = 2000.0 }\n',
    );
    const issue = await rig.ask();

    const { finish, serve } = await rig.pipeline().whole({
      PLUGIN_ENGINE_KEY: key,
      PLUGIN_ENGINE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}`,
    });

    model.close();
    expect({ code: finish.code, text: serve.text }).toMatchObject({ code: 0 });
    expect(asked).toMatchObject([{ key, body: expect.stringContaining('a poem, please') }]);
    expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('a poem of a model');
    expect(await rig.record(issue, 1)).toMatchObject({
      models: { calls: 1, input_tokens: 10, output_tokens: 5, cost: 0.02 },
    });
    expect(await rig.entry(issue)).toMatchObject({ cost: 0.02 });
  });

  it('solves a conflict with the base: both steps start from the same commit', async () => {
    await rig.declare(
      `${head}
       const told = fs.readFileSync(0, 'utf8');
       const old = fs.existsSync('poem.txt') ? fs.readFileSync('poem.txt', 'utf8') : '';
       commit('poem.txt', old.includes('<<<<<<<') ? 'both' : 'of the agent');
       forge('signal-done', 'success', '--summary', 'Done.');`,
    );
    const issue = await rig.ask();
    await rig.pipeline(7).whole();
    const [pull] = await rig.pulls();
    await rig.seed.putFile(rig.owner, rig.project, 'poem.txt', 'of a person');
    rig.pass(2);
    await rig.pipeline(8).whole();
    rig.pass(120);

    const { finish, serve } = await rig.pipeline(9).whole();

    expect({ code: finish.code, text: serve.text }).toMatchObject({ code: 0 });
    expect(serve.text).toContain('1 file has conflicts');
    expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('both');
    expect(await rig.record(issue, 2)).toMatchObject({
      base: { merged: expect.stringMatching(/^[0-9a-f]{40}$/) },
      work: { kind: 'work' },
    });
    expect(await rig.entry(issue)).toMatchObject({ rounds: 2, pr_number: pull?.number });
  });

  it('is taken up only as what was handed over: a ref that was moved is pushed nowhere', async () => {
    await rig.declare(
      `${head} commit('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'Done.');`,
    );
    await rig.ask();
    const pipeline = rig.pipeline();
    await pipeline.step('prepare');
    const serving = pipeline.step('serve');
    await pipeline.agent().ended;
    await serving;
    const { body } = await rig.seed.api(
      'GET',
      `/repos/${rig.state}/branches/main`,
      undefined,
      rig.worker.token,
    );
    const other = (body as { commit: { id: string } }).commit.id;
    await movesRef(`refs/forgecrew/handed/${rig.project}/1/work`, other);

    const { code, text } = await pipeline.step('finish');

    expect({ code, text }).toMatchObject({ code: 1 });
    expect(text).toContain('is not what the step that serves has put there');
    expect(await rig.pulls()).toEqual([]);
  });

  it('keeps refused work where it is kept otherwise, and proposes nothing', async () => {
    await rig.declare(
      `${head} fs.mkdirSync('.github'); commit('.github/x.yml', 'on: push'); forge('signal-done', 'success', '--summary', 'Done.');`,
    );
    const issue = await rig.ask();

    const { finish } = await rig.pipeline().whole();

    expect({ code: finish.code, text: finish.text }).toMatchObject({ code: 0 });
    expect(await rig.pulls()).toEqual([]);
    expect(await rig.record(issue, 1)).toMatchObject({
      work: { kind: 'refused', ref: `refs/forgecrew/refused/${rig.project}/1/1` },
    });
    expect(await refs()).toContain(`refs/forgecrew/refused/${rig.project}/1/1`);
    expect(await handed()).toEqual([]);
  });

  it('is let go by finish where the step that serves never came: the next pipeline takes it over', async () => {
    await rig.declare(
      `${head} commit('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'Done.');`,
    );
    const issue = await rig.ask();
    const pipeline = rig.pipeline(7);
    await pipeline.step('prepare');

    const finish = await pipeline.step('finish');

    expect({ code: finish.code, text: finish.text }).toMatchObject({ code: 1 });
    expect(finish.text).toContain('handed over nothing');
    expect(pipeline.waited()).toBeLessThanOrEqual(6 * 60_000);
    rig.pass(2);
    const again = await rig.pipeline(8).whole();
    expect({ code: again.finish.code, text: again.finish.text }).toMatchObject({ code: 0 });
    expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', rounds: 2 });
    expect(await rig.pulls()).toHaveLength(1);
  });

  it.each(['work', 'prepare'] as const)(
    'whose last step never came is finished by the next run with mode %s, and no agent works on it again',
    async (mode) => {
      await rig.declare(
        `${head} commit('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'Done.');`,
        // Nothing begins: what was begun is finished.
        'max_runs_per_day = 1\n',
      );
      const issue = await rig.ask();
      const pipeline = rig.pipeline(7);
      await pipeline.step('prepare');
      const serving = pipeline.step('serve');
      await pipeline.agent().ended;
      await serving;

      const { code, text } = await rig.run(
        { PLUGIN_MODE: mode, CI_PIPELINE_NUMBER: '8', CI_WORKFLOW_NAME: 'agents' },
        -300,
      );

      expect({ code, text }).toMatchObject({ code: 0 });
      expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('a poem');
      expect(await rig.entry(issue)).toMatchObject({ status: 'frozen', rounds: 1 });
      expect(await rig.record(issue, 1)).toMatchObject({ signal: { status: 'success' } });
      expect(await rig.pulls()).toHaveLength(1);
      expect(await handed()).toEqual([]);
      // The steps that were cut off find nothing of theirs any more.
      expect((await pipeline.step('finish', {}, -300)).code).toBe(0);
    },
  );

  it.each([
    ['pipelines', [8, 1]],
    ['workflows that a matrix makes', [7, 2]],
  ] as const)(
    'of two %s at once each has its own issue, and neither finishes what is the other one’s',
    async (_, other) => {
      await rig.declare(
        `${head} commit('poem.txt', fs.readFileSync(0, 'utf8').match(/issue #(\\d+)/)[1]); forge('signal-done', 'success', '--summary', 'Done.');`,
      );
      const issues = [await rig.ask('First'), await rig.ask('Second')];
      const [one, two] = [rig.pipeline(7), rig.pipeline(...other)];

      await one.step('prepare');
      await two.step('prepare');
      const serving = [two.step('serve'), one.step('serve')];
      const agents = await Promise.all([one.agent().ended, two.agent().ended]);
      await Promise.all(serving);
      const finished = [await two.step('finish'), await one.step('finish')];

      expect(agents.map(({ code }) => code)).toEqual([0, 0]);
      expect(finished.map(({ code }) => code)).toEqual([0, 0]);
      expect(await rig.file('crew/project', 'poem.txt', `crew/${issues[0]}-first`)).toBe(String(issues[0]));
      expect(await rig.file('crew/project', 'poem.txt', `crew/${issues[1]}-second`)).toBe(String(issues[1]));
      expect((await rig.pulls()).map(({ title }) => title).sort()).toEqual([
        'builder: First',
        'builder: Second',
      ]);
    },
  );

  it('is not begun where its manifest has checks, which nothing could run', async () => {
    await rig.declare(head, 'checks = ["true"]\n');
    await rig.ask();

    const { text } = await rig.pipeline().step('prepare');

    expect(text).toContain('has checks, which nothing runs where the agent is a step of its own');
    expect(await rig.running()).toEqual([]);
  });

  it.skipIf(!works('bwrap'))(
    'is told as one in a container where its step sees other processes and files',
    async () => {
      await rig.declare(
        `${head} commit('poem.txt', String(process.getuid())); forge('signal-done', 'success', '--summary', 'Done.');`,
        'isolation = "container"\n',
      );
      const issue = await rig.ask();

      const { serve, finish } = await rig.pipeline().whole({}, 'container');

      expect({ code: finish.code, text: serve.text }).toMatchObject({ code: 0 });
      expect(serve.text).toContain('Isolation: container');
      expect(await rig.file('crew/project', 'poem.txt', 'crew/1-write-a-poem')).toBe('0');
      expect(await rig.record(issue, 1)).toMatchObject({
        isolation: { level: 'container', network: 'open' },
      });
    },
  );

  it('starts no agent in a step that isolates less than its manifest asks', async () => {
    await rig.declare(head, 'isolation = "container"\n');
    const issue = await rig.ask();

    const { serve, finish } = await rig.pipeline().whole();

    expect(serve.text).toContain('no isolation that it allows works');
    expect(finish.code).toBe(0);
    expect(await rig.record(issue, 1)).toMatchObject({ end: { how: 'not-started' } });
  });

  it('starts no agent in a step that was given a secret of the role', async () => {
    await rig.declare(
      `${head} commit('poem.txt', 'a poem'); forge('signal-done', 'success', '--summary', 'Done.');`,
    );
    const issue = await rig.ask();
    const pipeline = rig.pipeline();
    await pipeline.step('prepare');
    const serving = pipeline.step('serve');
    await pipeline.agent({ LEFT: Buffer.from(rig.worker.token).toString('base64') }).ended;

    const { text } = await serving;

    expect(text).toContain("the variable LEFT of the agent's step");
    await pipeline.step('finish');
    expect(await rig.record(issue, 1)).toMatchObject({
      end: { how: 'not-started' },
      work: { kind: 'nothing' },
    });
    expect(await rig.pulls()).toEqual([]);
  });

  it('is refused outside of a Woodpecker pipeline', async () => {
    await rig.declare(head);

    const { code, text } = await rig.run({ CI_PIPELINE_NUMBER: '', PLUGIN_MODE: 'prepare' });

    expect({ code, text }).toMatchObject({ code: 1 });
    expect(text).toContain('is for the steps of a Woodpecker pipeline');
  });
});
