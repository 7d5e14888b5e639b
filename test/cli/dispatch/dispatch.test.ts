import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stemOf } from '../../../cli/dispatch/entry.ts';
import { dispatchListSchema } from '../../../cli/dispatch/list.ts';
import { list } from '../../../cli/dispatch/list-command.ts';
import type { Order } from '../../../cli/dispatch/order.ts';
import { possibleIsolation } from '../../../core/agent/cell/possible-isolation.ts';
import { type DispatchRig, startDispatching, workerHead } from '../../dispatching.ts';

let own: DispatchRig;
beforeEach(async () => {
  own = await startDispatching();
});
afterEach(() => own.close());

const { best } = await possibleIsolation({ first: 70_000, count: 256 });
/** As root, or where namespaces work; elsewhere no worker is isolated. */
const isolates = describe.skipIf(best === 'none');

isolates('a headless dispatch', () => {
  it('runs an isolated worker and puts its work on the branch of a worktree of its own', async () => {
    const issue = await own.issue();

    await own.dispatch({ reference: `${own.rig.project}#${issue}` });

    const [entry, ...more] = own.entries();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      mode: 'headless',
      posture: 'isolated',
      ref: `${own.rig.project}#${issue}`,
      branch: `dispatch/${issue}-write-a-poem`,
      checkout: own.checkout,
      remote: 'origin',
      outcome: 'success',
      why: 'I wrote it.',
    });
    const worktree = entry?.worktree ?? '';
    expect(readFileSync(`${worktree}/poem.txt`, 'utf8')).toBe('Roses are red.\n');
    expect(await own.git(['rev-parse', 'HEAD'], worktree)).toBe(entry?.head);
    expect(await own.git(['status', '--porcelain'], worktree)).toBe('');
    expect(await own.git(['for-each-ref', 'refs/forgecrew'])).toBe('');
    expect(readFileSync(entry?.log_path ?? '', 'utf8')).toContain('operation {');
    expect(readFileSync(entry?.log_path ?? '', 'utf8')).not.toContain(own.rig.worker.token);
  });

  it('keeps the work beside the branch where somebody has worked in the worktree meanwhile', async () => {
    const issue = await own.issue();
    const ended = await own.dispatch(
      { reference: `project#${issue}` },
      { begun: ({ worktree }) => writeFileSync(path.join(worktree ?? '', 'mine.txt'), 'mine') },
    );

    const kept = await own.git(['for-each-ref', '--format=%(refname)', 'refs/forgecrew/work']);
    expect(kept).toContain(`refs/forgecrew/work/`);
    expect(await own.git(['show', `${kept}:poem.txt`])).toBe('Roses are red.');
    expect(ended.why).toContain(kept);
    expect(readdirSync(ended.worktree ?? '').sort()).toEqual(['.git', 'README.md', 'mine.txt']);
  });

  it('keeps work that is refused, in no branch and no worktree', async () => {
    own.declare(
      `${workerHead}commit('.forgejo/workflows/mine.yml', 'on: push'); forge('signal-done', 'success', '--summary', 'Ha.');`,
    );
    const ended = await own.dispatch({ reference: `project#${await own.issue()}` });

    expect(ended).toMatchObject({ outcome: 'refused', head: ended.base });
    const kept = await own.git(['for-each-ref', '--format=%(refname)', 'refs/forgecrew/refused']);
    expect(await own.git(['ls-tree', '--name-only', kept])).toBe('why.txt\nwork.bundle');
    expect(existsSync(path.join(ended.worktree ?? '', '.forgejo'))).toBe(false);
  });

  it('gives its worker no token, and writes for it only on its own issue', async () => {
    own.declare(
      `${workerHead}console.log('ENV ' + JSON.stringify(process.env)); forge('post-comment', '--body', 'Hello.'); console.log('ELSEWHERE ' + spawnSync('forge', ['post-comment', '--number', '999', '--body', 'x']).status); forge('signal-done', 'needs_person', '--summary', 'Which colour?');`,
    );
    const issue = await own.issue();

    const ended = await own.dispatch({ reference: `project#${issue}`, prompt: 'Be quick.' });

    const log = readFileSync(ended.log_path, 'utf8');
    expect(ended).toMatchObject({ outcome: 'needs_person', why: 'Which colour?' });
    expect(log).toContain('ENV {');
    expect(log).not.toMatch(/FORGECREW_[A-Z_]*(?:TOKEN|KEY)/);
    expect(log).toContain('ELSEWHERE 3');
    expect((await own.rig.comments(issue)).map(({ user }) => user.login)).toEqual([own.rig.worker.login]);
  });
});

isolates('a claim in the state repo', () => {
  beforeEach(async () => {
    await own.makeStateRepo();
    own.configure(`state-repo = "${own.rig.state}"\n`);
  });

  it('is made before the worktree, names this machine, and is given back with the end', async () => {
    const issue = await own.issue();
    await own.rig.give(issue);
    let during: unknown;
    let running: string[] = [];
    own.declare(`${workerHead}forge('signal-done', 'success', '--summary', 'Nothing to do.');`);
    let seen: Promise<void> = Promise.resolve();

    const ended = await own.dispatch(
      { reference: `project#${issue}` },
      {
        begun: () => {
          seen = (async () => {
            during = await own.rig.entry(issue);
            running = await own.rig.running();
          })();
        },
      },
    );
    await seen;

    expect(ended.outcome).toBe('success');
    expect(during).toMatchObject({
      status: 'running',
      why: expect.stringContaining('headless dispatch on '),
    });
    expect(running).toEqual([`${issue}.json`]);
    expect(await own.rig.entry(issue)).toMatchObject({
      status: 'destroyed',
      why: expect.stringContaining('success'),
    });
    expect(await own.rig.running()).toEqual([]);
    expect(own.entries()[0]?.claim).toBeNull();
  });

  it('is respected by CI: forge-agent does not take the issue while it stands', async () => {
    const issue = await own.issue();
    await own.rig.give(issue);
    await own.rig.declare(`${workerHead}forge('signal-done', 'success', '--summary', 'x');`);
    let ofCi = '';
    let running: Promise<unknown> = Promise.resolve();
    own.declare(`${workerHead}setTimeout(() => forge('signal-done', 'success', '--summary', 'x'), 4000);`);

    await own.dispatch(
      { reference: `project#${issue}` },
      {
        begun: () => {
          running = own.rig.run({ PLUGIN_LOG_LEVEL: 'debug' }).then(({ text }) => {
            ofCi = text;
          });
        },
      },
    );
    await running;

    expect(ofCi).toContain(`#${issue} is not taken: it is worked on already`);
  });

  it('that another run holds is not taken over, and nothing is left of the try but its record', async () => {
    const issue = await own.issue();
    await own.rig.give(issue);
    let second: unknown;
    let trying: Promise<unknown> = Promise.resolve();
    const other = `${own.folder}/other`;

    await own.dispatch(
      { reference: `project#${issue}` },
      {
        begun: () => {
          // Another machine, which has a registry of its own.
          own.configure(`state-repo = "${own.rig.state}"\nlog-root = "${other}"\n`);
          trying = own.dispatch({ reference: `project#${issue}` }).catch((error: unknown) => {
            second = error;
          });
        },
      },
    );
    await trying;

    expect(String(second)).toMatch(/is taken: builder has worked on it since .* headless dispatch on /);
    expect(own.entries()).toMatchObject([{ outcome: 'not-started', worktree: null, claim: null }]);
    expect((await own.git(['worktree', 'list'])).split('\n')).toHaveLength(2);
  });
});

describe('a worker that is trusted', () => {
  it('loses neither its work nor its end where no line of its log can be written any more', async () => {
    const { logRoot } = own.config();
    const stem = stemOf({
      platform: 'forgejo',
      host: new URL(own.rig.forge.url).host,
      owner: 'owner',
      repo: 'project',
      number: 1,
    });
    mkdirSync(logRoot, { recursive: true });
    symlinkSync('/dev/full', path.join(logRoot, `${stem}+1.log`));
    const number = await own.issue();

    const entry = await own.dispatch({ reference: `${own.rig.project}#${number}`, trustMe: true });

    expect([entry.outcome, entry.ended_at === null]).toEqual(['success', false]);
  });

  it('works as the person in the worktree itself, with the same way to the forge and without the token', async () => {
    own.declare(
      `${workerHead}console.log('AT ' + process.cwd()); console.log('ENV ' + Object.keys(process.env).join(' ')); commit('poem.txt', 'Mine.\\n'); forge('claim-paths', 'poem.txt'); forge('signal-done', 'success', '--summary', 'Done.');`,
    );

    const ended = await own.dispatch({ reference: `project#${await own.issue()}`, trustMe: true });

    const log = readFileSync(ended.log_path, 'utf8');
    expect(ended).toMatchObject({ posture: 'trust-me', outcome: 'success', paths_claimed: ['poem.txt'] });
    expect(log).toContain(`AT ${ended.worktree}`);
    expect(log).toMatch(/ENV .*HOME/);
    expect(log).not.toMatch(/FORGECREW_FORGE_TOKEN/);
    expect(await own.git(['log', '-1', '--format=%an %s', ended.branch ?? ''])).toBe('Ada Write poem.txt');
    expect(await own.git(['rev-parse', ended.branch ?? ''])).toBe(ended.head);
  });
});

describe('whoever wants to know of the end', () => {
  beforeEach(() => own.declare(`${workerHead}forge('signal-done', 'failure', '--summary', 'No.');`));

  it('is told once, by a command that reads JSON', async () => {
    const told = path.join(own.folder, 'told');
    own.configure(
      `[notify]\ncommand = ["sh", "-c", "cat >> ${told}; echo >> ${told}; env >> ${told}.env"]\n`,
    );
    const reference = `${own.rig.project}#${await own.issue()}`;

    const ended = await own.dispatch({ reference, trustMe: true });

    const lines = readFileSync(told, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        mode: 'headless',
        ref: reference,
        title: 'Write a poem',
        url: ended.url,
        cwd: ended.worktree,
        pid: process.pid,
        outcome: 'failure',
      },
    ]);
    expect(readFileSync(`${told}.env`, 'utf8')).not.toContain(own.rig.worker.token);
  });

  it('or by a webhook; one that fails fails nothing', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(body);
        response.writeHead(500).end();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    own.configure(`[notify]\nwebhook = "http://127.0.0.1:${(server.address() as AddressInfo).port}/hook"\n`);

    const ended = await own.dispatch({ reference: `project#${await own.issue()}`, trustMe: true });

    server.close();
    expect(bodies.map((body) => JSON.parse(body).outcome)).toEqual(['failure']);
    expect(ended.outcome).toBe('failure');
    expect(readFileSync(ended.log_path, 'utf8')).toContain('The webhook of notify answered 500.');
  });
});

describe('the worker of a cascade', () => {
  const asks = (issue: number) =>
    `${workerHead}console.log(spawnSync('forge', ['dispatch-worker', 'project#${issue}', '--mode', 'headless', '--prompt', 'Go.']).stdout.toString()); forge('signal-done', 'success', '--summary', 'x');`;

  it('lets another one begin, with no more rights than its own, and its dispatch is recorded as the parent', async () => {
    const [first, second] = [await own.issue(), await own.issue('Another')];
    own.declare(asks(second));
    const launched: Order[] = [];

    const ended = await own.dispatch(
      { mode: 'cascade', reference: `project#${first}`, trustMe: true },
      {
        launch: async (order) => {
          launched.push(order);
          return { ...own.entries()[0], ref: `project#${second}`, title: 'Another' } as never;
        },
      },
    );

    expect(ended.outcome).toBe('success');
    expect(launched).toMatchObject([
      {
        mode: 'headless',
        prompt: 'Go.',
        parent: ended.id,
        depth: 1,
        trustMe: true,
        place: { number: second },
      },
    ]);
    expect(readFileSync(ended.log_path, 'utf8')).toContain(
      `A worker has begun on project#${second}: Another`,
    );
  });

  it('is no worker of another mode: that is offered no such tool', async () => {
    const [first, second] = [await own.issue(), await own.issue('Another')];
    own.declare(asks(second));

    const ended = await own.dispatch({ reference: `project#${first}`, trustMe: true });

    expect(readFileSync(ended.log_path, 'utf8')).not.toContain('A worker has begun');
    expect(own.entries()).toHaveLength(1);
  });
});

describe('two dispatches of one issue at the same moment', () => {
  it('are one: the other says who has it', async () => {
    own.declare(`${workerHead}forge('signal-done', 'success', '--summary', 'x');`);
    const reference = `project#${await own.issue()}`;

    const both = await Promise.allSettled([
      own.dispatch({ reference, trustMe: true }),
      own.dispatch({ reference, trustMe: true }),
    ]);

    const refused = both.flatMap((item) => (item.status === 'rejected' ? [String(item.reason)] : []));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain(`is dispatched already: headless, pid ${process.pid}`);
    expect(own.entries()).toMatchObject([{ outcome: 'success' }]);
  });
});

describe('the list', () => {
  it('says what the forge says, who else works on what, and is JSON as its schema has it', async () => {
    await own.makeStateRepo();
    const issue = await own.issue();
    const listed = async (json: boolean): Promise<string> => {
      let text = '';
      const print = (more: string): void => {
        text += more;
      };
      await list({ all: true, offline: false, json }, { environment: own.environment, print });
      return text;
    };
    let during = '';
    let looking: Promise<void> = Promise.resolve();
    own.configure(`state-repo = "${own.rig.state}"\n`);
    own.declare(`${workerHead}setTimeout(() => forge('signal-done', 'success', '--summary', 'x'), 3000);`);

    await own.dispatch(
      { reference: `project#${issue}`, trustMe: true },
      {
        begun: () => {
          // Another machine sees the claim alone.
          looking = (async () => {
            own.configure(`state-repo = "${own.rig.state}"\nlog-root = "${own.folder}/other"\n`);
            during = await listed(false);
            own.configure(`state-repo = "${own.rig.state}"\n`);
          })();
        },
      },
    );
    await looking;

    expect(during).toMatch(
      /Nothing is dispatched\.\nowner\/project#\d+ {2}taken by builder since .* headless dispatch on /,
    );
    const json = dispatchListSchema.parse(JSON.parse(await listed(true)));
    expect(json.dispatches).toMatchObject([
      {
        standing: 'ended',
        forge: { issue: 'open', pull: null, trouble: null },
        entry: { outcome: 'success' },
      },
    ]);
    expect(json.elsewhere).toEqual([]);
  });
});
