import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changed,
  type RealAgents,
  type RealWoodpecker,
  root,
  run,
  startRealAgents,
  startRealWoodpecker,
} from './real-agents.ts';

/**
 * forge-agent as its examples have it, on a real forge: from a label by the forge's own runner, and from cron by a real
 * Woodpecker. Opt-in, because both run agents on this machine.
 */
const {
  FORGE_CONTRACT_URL: forgeUrl = '',
  FORGE_CONTRACT_TOKEN: forgeToken = '',
  FORGE_AGENT_RUNNER: runnerLabel = '',
  WOODPECKER_CONTRACT_URL: woodpeckerUrl = '',
  FORGE_AGENT_WOODPECKER: woodpeckerLogin = '',
} = process.env;

/** What one run made of an issue. */
interface Given {
  issue: number;
  status: string;
  log: string;
}

/** The questions are the same wherever the role is run; `labels`: whether it may set labels there. */
function asks(
  labels: boolean,
  given: () => {
    rig: RealAgents;
    give(title: string): Promise<Given>;
    /** A run that nobody's label started, as cron starts them. */
    again(): Promise<Omit<Given, 'issue'>>;
  },
): void {
  const labelsOf = async (issue: number): Promise<string[]> => (await given().rig.labels(issue)).sort();

  it('makes a pull request of an issue', async () => {
    const { rig, give } = given();

    const { issue, status, log } = await give('Write a poem');

    expect({ status, log }).toMatchObject({ status: 'success' });
    expect(log).not.toContain(rig.crew.token);
    expect(log).toContain('Nothing was found.');
    expect(log).toContain('Writing elsewhere: exit 3');
    const [pull] = await rig.pulls();
    expect(pull).toMatchObject({ title: 'builder: Write a poem', state: 'open' });
    expect(pull?.head).toMatchObject({
      label: `crew/${issue}-write-a-poem`,
      repo: { full_name: `${rig.crew.login}/project` },
    });
    expect(pull?.requested_reviewers).toMatchObject([{ login: rig.owner.login }]);
    expect(pull?.body).toContain('passed: `git log -1`');
    expect(await labelsOf(issue)).toEqual(['crew:builder']);
    expect(await rig.comments(issue)).toEqual([]);
  });

  it('goes on with what people answer, with red checks and with a conflict, and is gone once it is merged', async () => {
    const { rig, give, again } = given();
    const { seed, owner, crew, project } = rig;
    const send = async (method: string, where: string, body: unknown): Promise<void> => {
      const { status, body: said } = await seed.api(method, where, body, owner.token);
      if (status > 299) throw new Error(`${method} ${where}: ${status} ${JSON.stringify(said)}`);
    };
    const { issue } = await give('Compose a song');
    const branch = `crew/${issue}-compose-a-song`;
    const pull = async (): Promise<{ number: number; mergeable: boolean; head: { sha: string } }> => {
      const found = (await rig.pulls()).find(({ head }) => head.label === branch);
      return rig.get(`/repos/${project}/pulls/${(found as unknown as { number: number }).number}`);
    };
    const text = async (file: string): Promise<string> => {
      const { content } = await rig.get<{ content: string }>(
        `/repos/${crew.login}/project/contents/${file}?ref=${encodeURIComponent(branch)}`,
      );
      return Buffer.from(content, 'base64').toString('utf8');
    };
    const entry = async (): Promise<{ status: string; rounds: number; why: string }> => {
      const { content } = await rig.get<{ content: string }>(
        `/repos/${crew.login}/forgecrew-state/contents/agents/${project}/${issue}.json`,
      );
      return JSON.parse(Buffer.from(content, 'base64').toString('utf8'));
    };
    const { number } = await pull();

    await send('POST', `/repos/${project}/pulls/${number}/reviews`, {
      body: 'Make it rhyme.',
      event: 'REQUEST_CHANGES',
    });
    const woken = await again();
    expect(woken).toMatchObject({ status: 'success', log: expect.stringContaining('builder is woken') });
    expect(await text('song.txt')).toBe('Roses are red, I said.\n');

    await send('POST', `/repos/${project}/statuses/${(await pull()).head.sha}`, {
      context: 'ci/test',
      state: 'failure',
      description: '1 of 3 failed',
    });
    expect(await again()).toMatchObject({ log: expect.stringContaining('Checks of your commit') });
    expect(await text('checked.txt')).toBe('Green.\n');

    await seed.putFile(owner, project, 'song.txt', 'Violets are blue.\n');
    await rig.until(pull, ({ mergeable }) => !mergeable, 'the conflict');
    const noted = Date.now();
    await again();
    expect(await entry()).toMatchObject({ status: 'frozen', rounds: 3 });
    await rig.until(
      async () => Date.now() - noted,
      (age) => age > 75_000,
      'a conflict that stays',
    );
    const merging = await again();
    expect(merging).toMatchObject({ log: expect.stringContaining('1 file has conflicts') });
    expect({ text: await text('song.txt'), log: merging.log }).toMatchObject({
      text: 'Roses are red, and both of us said.\n',
    });
    await rig.until(pull, ({ mergeable }) => mergeable, 'that it merges');

    await send('POST', `/repos/${project}/pulls/${number}/merge`, { Do: 'merge' });
    await again();
    expect(await entry()).toMatchObject({ status: 'destroyed', rounds: 4, why: `#${number} is merged` });
    expect(
      (await seed.api('GET', `/repos/${crew.login}/project/branches/${encodeURIComponent(branch)}`)).status,
    ).toBe(404);
    expect((await again()).log).not.toContain('is woken');
  }, 900_000);

  it('says on the issue that a person is needed', async () => {
    const { rig, give } = given();

    const { issue, status, log } = await give('Ask for help');

    expect({ status, log }).toMatchObject({ status: 'success' });
    expect(await labelsOf(issue)).toEqual([...(labels ? ['blocked'] : []), 'crew:builder']);
    expect(await rig.comments(issue)).toEqual([expect.stringContaining('needs a person')]);
    expect((await rig.pulls())[0]?.body).toContain('**This work is incomplete.**');
  });

  it('keeps refused work in the state repo, where git finds it as docs/agent-work.md says', async () => {
    const { rig, give } = given();

    const { issue, status, log } = await give('Attack the CI');

    expect({ status, log }).toMatchObject({ status: 'success' });
    expect(await labelsOf(issue)).toEqual([...(labels ? ['blocked'] : []), 'crew:builder']);
    expect(await rig.comments(issue)).toEqual([expect.stringContaining('.forgejo/workflows/mine.yml')]);
    expect((await rig.pulls()).map(({ title }) => title)).not.toContain('builder: Attack the CI');
    const folder = path.join(rig.scratch, `looked-${issue}`);
    const as = (who: { login: string; token: string }): string =>
      rig.url.replace('://', `://${who.login}:${who.token}@`);
    await run('git', ['clone', '-q', `${as(rig.owner)}/${rig.project}.git`, folder], rig.scratch);
    const git = (...args: string[]): Promise<string> => run('git', args, folder);
    const state = `${as(rig.crew)}/${rig.crew.login}/forgecrew-state`;
    const ref = `refs/forgecrew/refused/${rig.project}/${issue}/1`;
    await git('fetch', '-q', state, ref);
    expect(await git('show', 'FETCH_HEAD:why.txt')).toContain('.forgejo/workflows/mine.yml');
    await run('sh', ['-c', 'git show FETCH_HEAD:work.bundle > work.bundle'], folder);
    await git('fetch', '-q', 'work.bundle', 'HEAD:refs/heads/refused');
    expect(await git('diff', '--name-only', 'main...refused')).toBe('.forgejo/workflows/mine.yml\n');
    await git('push', '-q', state, `:${ref}`);
    expect(await git('ls-remote', state)).not.toContain('refs/forgecrew');
  });
}

describe.skipIf(forgeUrl === '' || runnerLabel === '')(
  'a real forge and its runner (FORGE_CONTRACT_URL, FORGE_AGENT_RUNNER)',
  () => {
    let rig: RealAgents;
    beforeAll(async () => {
      rig = await startRealAgents(forgeUrl, forgeToken);
      const { seed, owner, crew, project, ops } = rig;
      const secret = await seed.api(
        'PUT',
        `/repos/${project}/actions/secrets/CREW_TOKEN`,
        { data: crew.token },
        owner.token,
      );
      expect(secret.status).toBe(201);
      const example = readFileSync(path.join(root, 'actions/forge-agent/example.yml'), 'utf8');
      const [withKey = 'a line that is not there'] = /^ *engine-key: .*\n/m.exec(example) ?? [];
      const workflow = changed(example, [
        ...(await rig.publish()),
        ['runs-on: docker', `runs-on: ${runnerLabel}`],
        ['ops-repo: owner/ops', `ops-repo: ${ops}`],
        ['forge-login: crew', `forge-login: ${crew.login}`],
        [withKey, ''],
        ['# label-token:', "on-red: 'true'\n          label-token:"],
        ['  issues:\n', '  workflow_dispatch:\n  issues:\n'],
      ]);
      await seed.putFile(owner, project, '.forgejo/workflows/agents.yml', workflow);
    });
    afterAll(() => rig?.close());

    interface Run {
      trigger_event: string;
      id: number;
      index_in_repo: number;
      status: string;
    }
    // The schedule of the example may come between at any quarter of an hour.
    const runs = async (): Promise<Run[]> =>
      (await rig.get<{ workflow_runs: Run[] }>(`/repos/${rig.project}/actions/runs`)).workflow_runs.filter(
        ({ trigger_event: by }) => by !== 'schedule',
      );

    /** The one run that something starts, once it is over, and its log. */
    async function follow(start: () => Promise<void>): Promise<Omit<Given, 'issue'>> {
      const before = await runs();
      await start();
      const isOver = ({ status }: Run): boolean => !['waiting', 'running', 'blocked'].includes(status);
      const after = await rig.until(
        runs,
        (all) => all.length > before.length && all.every(isOver),
        'the run that was started',
      );
      const [own, ...more] = after.filter(({ id }) => !before.some((earlier) => earlier.id === id));
      expect(more).toEqual([]);
      const page = `${rig.url}/${rig.project}/actions/runs/${own?.index_in_repo}`;
      const log = await rig.until(
        async () => (await fetch(`${page}/jobs/0/attempt/1/logs`)).text(),
        (text) => /Job (succeeded|failed)/.test(text),
        'the log of the run',
      );
      return { status: own?.status ?? '', log };
    }

    /** Gives an issue to the agent: its label starts one run, whatever labels the role sets. */
    async function give(title: string): Promise<Given> {
      let issue = 0;
      const ran = await follow(async () => {
        issue = await rig.ask(title);
      });
      return { issue, ...ran };
    }

    const again = (): Promise<Omit<Given, 'issue'>> =>
      follow(async () => {
        const { status } = await rig.seed.api(
          'POST',
          `/repos/${rig.project}/actions/workflows/agents.yml/dispatches`,
          { ref: 'main' },
          rig.owner.token,
        );
        expect(status).toBe(204);
      });

    asks(true, () => ({ rig, give, again }));
  },
);

describe.skipIf(forgeUrl === '' || woodpeckerUrl === '' || woodpeckerLogin === '')(
  'a real forge and Woodpecker (FORGE_CONTRACT_URL, WOODPECKER_CONTRACT_URL, FORGE_AGENT_WOODPECKER)',
  () => {
    let rig: RealAgents;
    let woodpecker: RealWoodpecker;
    beforeAll(async () => {
      rig = await startRealAgents(forgeUrl, forgeToken);
      const { seed, owner, crew } = rig;
      woodpecker = await startRealWoodpecker(rig, {
        url: woodpeckerUrl,
        login: woodpeckerLogin,
        events: ['cron'],
        secretsOf: () => ({ crew_token: crew.token }),
      });
      const pipeline = changed(readFileSync(path.join(root, 'plugins/forge-agent/example.yaml'), 'utf8'), [
        ['/opt/forgecrew/', `${root}/`],
        ['forge_login: crew', `forge_login: ${crew.login}`],
        ['      engine_key:\n        from_secret: anthropic_api_key\n', '      on_red: true\n'],
      ]);
      await seed.putFile(owner, rig.ops, '.woodpecker/agents.yaml', pipeline);
    });
    afterAll(async () => {
      await woodpecker?.close();
      await rig?.close();
    });

    /** Starts cron, which nobody can wait for. */
    async function again(): Promise<Omit<Given, 'issue'>> {
      const { ask, ops } = woodpecker;
      const number = await woodpecker.startCron();
      interface Pipeline {
        status: string;
        workflows?: { children: { id: number; name: string }[] }[];
      }
      const pipeline = await rig.until(
        () => ask<Pipeline>('GET', `/repos/${ops}/pipelines/${number}`),
        ({ status }) => !['pending', 'running', 'created'].includes(status),
        'the pipeline',
      );
      const step = pipeline.workflows
        ?.flatMap(({ children }) => children)
        .find(({ name }) => name === 'agents');
      // Woodpecker keeps the last lines a moment after the end.
      const log = await rig.until(
        async () =>
          (
            (await ask<{ data: string | null }[] | null>(
              'GET',
              `/repos/${ops}/logs/${number}/${step?.id}`,
            )) ?? []
          )
            .map(({ data }) =>
              Buffer.from(data ?? '', 'base64')
                .toString('utf8')
                .trimEnd(),
            )
            .join('\n'),
        (text) => /^(Done|Nothing to do|The run ends red)/m.test(text),
        'the log of the pipeline',
      );
      return { status: pipeline.status, log };
    }

    /** Gives an issue to the agent. */
    async function give(title: string): Promise<Given> {
      const issue = await rig.ask(title);
      return { issue, ...(await again()) };
    }

    asks(false, () => ({ rig, give, again }));
  },
);
