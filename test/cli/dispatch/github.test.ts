import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reapAll } from '../../../cli/dispatch/clear.ts';
import type { DispatchEntry } from '../../../cli/dispatch/entry.ts';
import { dispatchListSchema } from '../../../cli/dispatch/list.ts';
import { list } from '../../../cli/dispatch/list-command.ts';
import { thisMachine } from '../../../cli/dispatch/machine.ts';
import { standingOf } from '../../../cli/dispatch/registry.ts';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { type DispatchRig, startDispatching, workerHead } from '../../dispatching.ts';
import { type OnGithub, startOnGithub } from '../../on-github.ts';

let own: DispatchRig;
let on: OnGithub;
beforeEach(async () => {
  own = await startDispatching();
  on = await startOnGithub(own);
});
afterEach(async () => {
  await on.close();
  await own.close();
});

const { best } = await possibleIsolation({ first: 70_000, count: 256 });
const isolates = it.skipIf(best === 'none');
const done = `${workerHead}forge('signal-done', 'success', '--summary', 'Done.');`;
const reaped = async (): Promise<{ code: number; text: string }> => {
  const lines: string[] = [];
  const local = { environment: own.environment, folder: own.folder, print: () => undefined };
  const code = await reapAll({ dryRun: false }, { ...local, say: (line) => void lines.push(line) });
  return { code, text: lines.join('\n') };
};
const logOf = ({ log_path: file }: DispatchEntry): string => readFileSync(file, 'utf8');

describe('a dispatch of an issue on GitHub', () => {
  isolates(
    'runs its worker apart, from the clone of the person, and puts its work on a branch there',
    async () => {
      const issue = on.issue();
      on.github.addComment(issue, on.owner, 'Four lines, please.');
      own.declare(
        `${workerHead}console.log('ISSUE ' + forge('read-issue')); console.log('SAID ' + forge('read-comments')); console.log('ENV ' + JSON.stringify(process.env)); commit('poem.txt', 'Roses are red.\\n'); forge('post-comment', '--body', 'I am on it.'); forge('signal-done', 'success', '--summary', 'I wrote it.');`,
      );

      const entry = await own.dispatch({ reference: `owner/elsewhere#${issue.number}` });

      expect(entry).toMatchObject({
        platform: 'github',
        posture: 'isolated',
        ref: 'owner/elsewhere#1',
        url: 'https://github.com/owner/elsewhere/issues/1',
        branch: 'dispatch/1-write-a-poem',
        base_branch: 'trunk',
        checkout: on.checkout,
        outcome: 'success',
        why: 'I wrote it.',
      });
      expect(readFileSync(path.join(entry.worktree ?? '', 'poem.txt'), 'utf8')).toBe('Roses are red.\n');
      expect(await own.git(['rev-parse', 'HEAD'], entry.worktree ?? '')).toBe(entry.head);
      const [, comment] = issue.comments;
      expect(comment).toMatchObject({
        user: { login: 'octo-crew' },
        body: expect.stringMatching(/^I am on it\./),
      });
      const log = logOf(entry);
      expect(log).toContain('ISSUE {"number":1,"title":"Write a poem","body":"In poem.txt.","state":"open"}');
      expect(log).toContain('Four lines, please.');
      expect(log).not.toMatch(/FORGECREW_[A-Z_]*(?:TOKEN|KEY)/);
      for (const token of [on.worker.token, own.rig.worker.token]) expect(log).not.toContain(token);
    },
  );

  isolates(
    'is refused, with what to do, where the clone of the person has only the newest commits',
    async () => {
      await own.git(['commit', '--quiet', '--allow-empty', '--message', 'Go on'], on.checkout);
      await own.git(['push', '--quiet', 'origin', 'HEAD:trunk'], on.checkout);
      rmSync(on.checkout, { recursive: true });
      const address = 'https://github.com/owner/elsewhere.git';
      await own.git(['clone', '--quiet', '--depth=1', address, on.checkout], own.folder);

      await expect(own.dispatch({ reference: on.addressOf(on.issue()) })).rejects.toMatchObject({
        message: expect.stringContaining('is shallow'),
        remedy: expect.stringContaining('--unshallow'),
      });
    },
  );

  it('needs no forge at all where the configuration has none', async () => {
    const issue = on.issue();
    own.declare(done);
    delete own.environment.FORGECREW_FORGE_TOKEN;
    const from = own.rig.forge.requests.length;

    const entry = await own.dispatch({ reference: on.addressOf(issue), trustMe: true });

    expect(entry.outcome).toBe('success');
    expect(own.rig.forge.requests.slice(from)).toEqual([]);
  });

  it('sends the token of each host to that host alone', async () => {
    const issue = on.issue();
    own.declare(
      `${workerHead}forge('post-comment', '--body', 'x'); forge('signal-done', 'success', '--summary', 'x');`,
    );
    await own.makeStateRepo();
    on.configure(`state-repo = "${own.rig.state}"\n`);
    const from = own.rig.forge.requests.length;

    await own.dispatch({ reference: `elsewhere#${issue.number}`, trustMe: true });

    expect(new Set(on.github.requests.map(({ authorization }) => authorization))).toEqual(
      new Set([`Bearer ${on.worker.token}`]),
    );
    const asked = own.rig.forge.requests.slice(from);
    expect(asked.length).toBeGreaterThan(3);
    expect(JSON.stringify(asked)).not.toContain(on.worker.token);
  });

  it.each(['watch', 'consult'] as const)('in %s has its screen and the same way there', async (mode) => {
    const issue = on.issue();
    own.declare(
      `${workerHead}forge('post-comment', '--body', 'Here.'); forge('signal-done', 'success', '--summary', 'x');`,
    );

    const entry = await own.dispatch({ mode, reference: on.addressOf(issue), trustMe: true });

    expect(entry).toMatchObject({ mode, outcome: 'success', platform: 'github' });
    expect(issue.comments).toHaveLength(1);
  });

  it('is begun in a process of its own by the command line', async () => {
    own.declare(done);
    const issue = on.issue();

    const begun = await own.cli(['dispatch', 'headless', '--trust-me', `owner/elsewhere#${issue.number}`]);

    expect(begun).toMatchObject({
      code: 0,
      text: expect.stringContaining('owner/elsewhere#1: Write a poem'),
    });
    await own.until(() => own.entries()[0]?.outcome != null, 'the end of the dispatch');
    expect(own.entries()).toMatchObject([{ platform: 'github', outcome: 'success' }]);
  });

  it('shows its worker nothing of an issue that is moved to another repository meanwhile, and writes nothing there', async () => {
    const issue = on.issue();
    const other = on.github.addRepository(on.owner, 'secrets');
    const moved = on.github.addIssue(other, on.owner, { number: issue.number, body: 'Not for you.' });
    const go = path.join(own.folder, 'go');
    own.declare(
      `${workerHead}while (!fs.existsSync('${go}')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); for (const tool of ['read-issue', 'read-comments', 'post-comment']) console.log('SAID ' + spawnSync('forge', [tool, ...(tool === 'post-comment' ? ['--body', 'x'] : [])]).stderr); forge('signal-done', 'success', '--summary', 'x');`,
    );

    const entry = await own.dispatch(
      { reference: on.addressOf(issue), trustMe: true },
      {
        begun: () => {
          issue.movedTo = moved;
          writeFileSync(go, '');
        },
      },
    );

    const log = logOf(entry);
    expect(log).toContain('or it was moved to another one');
    expect(log).not.toContain('Not for you.');
    expect(moved.comments).toEqual([]);
  });
});

describe('the worker of a cascade on GitHub', () => {
  it('lets another one begin on an issue there, whose process gets its tokens from that of its parent', async () => {
    const [first, second] = [on.issue(), on.issue({ title: 'Another' })];
    own.declare(
      `${workerHead}if (!fs.existsSync('${own.folder}/asked')) { fs.writeFileSync('${own.folder}/asked', ''); console.log(forge('dispatch-worker', 'owner/elsewhere#${second.number}', '--mode', 'headless')); } forge('post-comment', '--body', 'Here.'); forge('signal-done', 'success', '--summary', 'x');`,
    );

    const begun = await own.cli(['dispatch', 'cascade', '--trust-me', on.addressOf(first)]);

    expect(begun.text).toContain('owner/elsewhere#1');
    await own.until(
      () => own.entries().filter(({ outcome }) => outcome === 'success').length === 2,
      'the end of both',
    );
    expect([first, second].map(({ comments }) => comments.length)).toEqual([1, 1]);
    expect(own.entries()).toMatchObject([{ depth: 0 }, { depth: 1, ref: 'owner/elsewhere#2' }]);
  });
});

describe('a claim in the state repo on an issue of GitHub', () => {
  beforeEach(async () => {
    await own.makeStateRepo();
    on.configure(`state-repo = "${own.rig.state}"\n`);
  });
  const entryOf = async (number: number): Promise<Record<string, unknown> | undefined> => {
    const text = await own.rig.file(own.rig.state, `github/agents/owner/elsewhere/${number}.json`);
    return text === undefined ? undefined : JSON.parse(text);
  };

  it('says so, stands where forge-agent does not look, and is given back with the end', async () => {
    const issue = on.issue({ labels: ['crew:builder'] });
    own.declare(`${workerHead}setTimeout(() => forge('signal-done', 'success', '--summary', 'x'), 2000);`);
    let during: unknown;
    let running: unknown;
    let listed = '';
    const print = (text: string): void => {
      listed += text;
    };
    let looking: Promise<void> = Promise.resolve();

    const entry = await own.dispatch(
      { reference: on.addressOf(issue), trustMe: true },
      {
        begun: () => {
          looking = (async () => {
            during = await entryOf(issue.number);
            running = await own.rig.running();
            // Another machine, which sees the claim alone.
            on.configure(`state-repo = "${own.rig.state}"\nlog-root = "${own.folder}/other"\n`);
            await list({ all: true, offline: false, json: false }, { environment: own.environment, print });
            on.configure(`state-repo = "${own.rig.state}"\n`);
          })();
        },
      },
    );
    await looking;

    expect(entry.outcome).toBe('success');
    expect(during).toMatchObject({ platform: 'github', status: 'running', repo: 'elsewhere' });
    expect(running).toEqual([]);
    expect(listed).toMatch(/owner\/elsewhere#1 {2}taken by builder since .* \(on GitHub, .* dispatch on /);
    expect(await entryOf(issue.number)).toMatchObject({ platform: 'github', status: 'destroyed' });
    expect(await own.rig.file(own.rig.state, 'github/running/owner/elsewhere/1.json')).toBeUndefined();
    expect(await own.rig.file(own.rig.state, 'agents/owner/elsewhere/1.json')).toBeUndefined();
  });

  it('is given back by reap where its process was killed, and the issue can be dispatched anew', async () => {
    const issue = on.issue();
    own.declare(`${workerHead}setTimeout(() => 0, 60_000);`);
    const entry = await own.launch({ reference: on.addressOf(issue), trustMe: true });
    expect(await entryOf(issue.number)).toMatchObject({ status: 'running' });

    process.kill(-entry.pid, 'SIGKILL');
    await own.until(() => standingOf(entry, thisMachine()) === 'dead', 'the end of the process');

    expect((await reaped()).text).toContain(`its claim in ${own.rig.state} was given back`);
    expect(await entryOf(issue.number)).toMatchObject({
      status: 'destroyed',
      why: 'dispatch: its process was gone',
    });
    own.declare(done);
    expect(await own.dispatch({ reference: on.addressOf(issue), trustMe: true })).toMatchObject({
      outcome: 'success',
    });
  });

  it('is respected by another machine, and keeps nobody from the issue of the same name on the forge', async () => {
    const issue = on.issue();
    own.declare(`${workerHead}setTimeout(() => forge('signal-done', 'success', '--summary', 'x'), 4000);`);
    let second: unknown;
    let third: unknown;
    let trying: Promise<void> = Promise.resolve();
    const forged = await own.rig.seed.createRepository(own.rig.owner, 'elsewhere');
    await own.rig.seed.putFile(own.rig.owner, forged, 'README.md', '# Forged\n');
    await own.rig.seed.addCollaborator(own.rig.owner, forged, own.rig.worker.login, 'read');
    const same = await own.rig.seed.createIssue(own.rig.owner, forged, { title: 'Same', body: 'x' });
    await own.git(['remote', 'add', 'forge', `${own.rig.forge.url}/owner/elsewhere.git`], on.checkout);

    await own.dispatch(
      { reference: on.addressOf(issue), trustMe: true },
      {
        begun: () => {
          trying = (async () => {
            on.configure(`state-repo = "${own.rig.state}"\nlog-root = "${own.folder}/other"\n`);
            second = await own
              .dispatch({ reference: on.addressOf(issue), trustMe: true })
              .catch((error: unknown) => error);
            own.declare(done);
            third = await own
              .dispatch({ reference: `owner/elsewhere#${same}`, trustMe: true })
              .catch((error: unknown) => error);
          })();
        },
      },
    );
    await trying;

    expect(same).toBe(issue.number);
    expect(String(second)).toMatch(/is taken: builder has worked on it since .* headless dispatch on /);
    expect(third).toMatchObject({ platform: 'forgejo', outcome: 'success' });
  });
});

describe('what GitHub says of a dispatch', () => {
  const writes = (text: string) =>
    `${workerHead}commit('poem.txt', '${text}'); forge('signal-done', 'success', '--summary', 'x');`;
  const dispatched = async (text: string): Promise<DispatchEntry> => {
    own.declare(writes(text));
    return own.dispatch({ reference: on.addressOf(on.issue()), trustMe: true });
  };
  const pullFor = (entry: DispatchEntry, given: { state: 'open' | 'closed'; sha?: string }) =>
    on.github.addPull(on.repository, on.worker, {
      head: entry.branch ?? '',
      sha: entry.head ?? '',
      ...given,
    });
  const listed = async () => {
    let text = '';
    const print = (more: string): void => {
      text += more;
    };
    await list({ all: true, offline: false, json: true }, { environment: own.environment, print });
    return dispatchListSchema.parse(JSON.parse(text)).dispatches.map(({ forge }) => forge);
  };

  it('is listed, and what it does not say keeps nothing from being listed', async () => {
    const entry = await dispatched('Roses.');
    const pull = pullFor(entry, { state: 'open' });

    expect(await listed()).toEqual([
      { issue: 'open', pull: { number: pull.number, state: 'open' }, trouble: null },
    ]);
    own.configure('[github]\napi = "https://git.acme.example/api/v3"\n', ['github:owner']);
    expect(await listed()).toMatchObject([
      { issue: null, trouble: 'it is on github.com, and github.api is that of git.acme.example' },
    ]);
    on.configure();
    delete own.environment.FORGECREW_GITHUB_TOKEN;
    expect(await listed()).toMatchObject([{ issue: null, trouble: expect.stringContaining('no token') }]);
    own.environment.FORGECREW_GITHUB_TOKEN = 'g'.repeat(40);
    expect(await listed()).toMatchObject([{ issue: null, trouble: expect.stringContaining('401') }]);
  });

  it('decides what is reaped: a pull request that was merged or closed at this very commit, and no other one', async () => {
    const [closed, elsewhere, open, none] = [
      await dispatched('One.'),
      await dispatched('Two.'),
      await dispatched('Three.'),
      await dispatched('Four.'),
    ];
    pullFor(closed, { state: 'closed' });
    pullFor(elsewhere, { state: 'closed', sha: 'f'.repeat(40) });
    pullFor(open, { state: 'open' });

    const { text } = await reaped();

    expect([closed, elsewhere, open, none].map(({ worktree }) => existsSync(worktree ?? ''))).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(text).toMatch(/reaped: .*: its pull request \d+ was closed at /);
    expect(text).toMatch(/kept: .* its pull request \d+ was closed at another commit/);
    expect(text).toMatch(/kept: .* its pull request \d+ is open/);
  });

  it('is unknown where it cannot be asked, and then nothing is reaped for it', async () => {
    const entry = await dispatched('One.');
    pullFor(entry, { state: 'closed' });
    delete own.environment.FORGECREW_GITHUB_TOKEN;

    const { text } = await reaped();

    expect(existsSync(entry.worktree ?? '')).toBe(true);
    expect(text).toContain('There is no token.');
  });

  it('is the state of what was merged by squash, too', async () => {
    const entry = await dispatched('One.');
    pullFor(entry, { state: 'closed' }).pull = {
      head: entry.branch ?? '',
      sha: entry.head ?? '',
      base: 'trunk',
      home: on.repository,
      merged: true,
    };

    expect((await reaped()).text).toMatch(/reaped: .*: its pull request \d+ was merged at /);
  });
});
