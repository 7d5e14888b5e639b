import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getOwnUser } from '../../core/forge/users.ts';
import {
  type Ground,
  type ProposeFrom,
  propose,
  proposeChanges,
  proposeSettings,
  type Standing,
} from '../../core/propose.ts';
import { readGround, readStanding } from '../../core/read-ground.ts';
import type { Role, State } from '../../core/role.ts';
import { runRole } from '../../core/run.ts';
import { flowSettings, sharedSettings } from '../../core/settings.ts';
import type { EmbeddedForge } from '../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';
import { startTestForge } from '../embedded.ts';
import { type FailPoint, failPoints, startFaultProxy } from '../faults/proxy.ts';
import { callsToStrike } from '../faults/strikes.ts';

const settings = { ...flowSettings, ...sharedSettings, ...proposeSettings };
const branch = 'topic/a';
const files = [
  { path: 'sprints/a.md', content: 'one\n' },
  { path: 'sprints/b.md', content: 'two\n' },
];

interface Proposing extends State {
  ground: Ground;
  standing: Standing;
}

/** The smallest role that proposes: two files on one branch, one pull request. */
function proposer(given: {
  paths: number;
  again?: boolean;
}): Role<typeof settings, Proposing, (typeof proposeChanges)[number]> {
  const wanted = files.slice(0, given.paths);
  return {
    name: 'proposer',
    summary: '',
    settings,
    changes: proposeChanges,
    needs: [],
    async read({ settings: values, send, now }) {
      const account = await getOwnUser(send);
      const ground = await readGround(send, {
        repository: values['ops-repo'] ?? '',
        branch: values['ops-branch'],
        account,
        from: values['propose-from'],
      });
      const standing = await readStanding(
        send,
        ground,
        branch,
        wanted.map(({ path }) => path),
      );
      return { now, account, ground, standing };
    },
    plan: (_, { ground, standing }) =>
      propose(
        ground,
        standing,
        { files: wanted, message: 'm', title: 'sprint: a', body: 'please', why: 'asked' },
        { again: given.again === true },
      ),
  };
}

let forge: EmbeddedForge;
let seed: Seeder;
let owner: Person;
let bot: Person;
let ops: string;

async function start(access: 'read' | 'write'): Promise<void> {
  forge = await startTestForge({ quiet: true });
  seed = seeder(forge.url, forge.adminToken);
  owner = await seed.createUser('owner', allScopes);
  bot = await seed.createUser('bot', ['write:repository', 'read:user']);
  ops = await seed.createRepository(owner, 'ops');
  await seed.addCollaborator(owner, ops, bot.login, access);
}
beforeEach(() => start('read'));
afterEach(() => forge.close());

async function run(
  overrides: Record<string, string> = {},
  given: { paths: number; again?: boolean } = { paths: 1 },
): Promise<{ code: number; text: string; writes: string[] }> {
  const lines: string[] = [];
  const from = forge.requests.length;
  const code = await runRole(proposer(given), {
    environment: {
      CI: 'woodpecker',
      CI_FORGE_URL: forge.url,
      CI_REPO: ops,
      CI_REPO_DEFAULT_BRANCH: 'main',
      CI_PIPELINE_EVENT: 'cron',
      PLUGIN_FORGE_TOKEN: bot.token,
      ...overrides,
    },
    args: [],
    workingDirectory: '/',
    print: (line) => lines.push(line),
    now: () => new Date(),
    pause: async () => undefined,
  });
  const writes = forge.requests
    .slice(from)
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, status }) => `${method} ${path} ${status}`);
  return { code, text: lines.join('\n'), writes };
}

interface PullSeen {
  number: number;
  state: string;
  head: { label: string; repo_id: number };
}
async function pulls(): Promise<PullSeen[]> {
  return (await seed.api('GET', `/repos/${ops}/pulls?state=all&limit=50`)).body as PullSeen[];
}
async function branches(name: string): Promise<string[]> {
  const { status, body } = await seed.api('GET', `/repos/${name}/branches`);
  // The forge lists them by when they were last committed to, in whole seconds.
  return status === 200 ? (body as { name: string }[]).map((item) => item.name).sort() : [];
}
async function filesOf(number: number): Promise<string[]> {
  const { body } = await seed.api('GET', `/repos/${ops}/pulls/${number}/files`);
  return (body as { filename: string }[]).map(({ filename }) => filename);
}

describe('proposing', () => {
  it('without write access forks, writes one branch there and opens one pull request; again it does nothing', async () => {
    const first = await run();
    const second = await run();

    expect(first.code).toBe(0);
    expect(first.writes).toEqual([
      `POST /repos/${ops}/forks 202`,
      'POST /repos/bot/ops/contents/sprints/a.md 201',
      `POST /repos/${ops}/pulls 201`,
    ]);
    expect(second).toMatchObject({ code: 0, writes: [] });
    expect(second.text).toContain('Nothing to do: pull request #1 is as it should be.');
    expect(await branches(ops)).toEqual(['main']);
  });

  it('with write access writes a branch of the repository itself, several files in one commit', async () => {
    await seed.addCollaborator(owner, ops, bot.login, 'write');

    const { code, writes } = await run({}, { paths: 2 });

    expect(code).toBe(0);
    expect(writes).toEqual([`POST /repos/${ops}/contents 201`, `POST /repos/${ops}/pulls 201`]);
    expect(await filesOf(1)).toEqual(['sprints/a.md', 'sprints/b.md']);
  });

  it('uses a fork in spite of write access where propose-from says so', async () => {
    await seed.addCollaborator(owner, ops, bot.login, 'write');

    const { code } = await run({ PLUGIN_PROPOSE_FROM: 'fork' });

    expect(code).toBe(0);
    expect(await branches(ops)).toEqual(['main']);
    expect(await branches('bot/ops')).toEqual(['main', branch]);
  });

  it('brings a fork up to date first, so that the pull request holds nothing but its files', async () => {
    await seed.api('POST', `/repos/${ops}/forks`, {}, bot.token);
    await seed.putFile(owner, ops, 'later.md', 'later\n');

    const { code, writes } = await run();

    expect(code).toBe(0);
    expect(writes[0]).toBe('POST /repos/bot/ops/sync_fork/main 204');
    expect(await filesOf(1)).toEqual(['sprints/a.md']);
  });

  it('refuses a fork whose base branch has commits of its own, and says what to do', async () => {
    await seed.api('POST', `/repos/${ops}/forks`, {}, bot.token);
    await seed.putFile(bot, 'bot/ops', 'own.md', 'own\n');

    const { code, text } = await run();

    expect(code).toBe(1);
    expect(text).toContain('it has commits of its own');
    expect(text).toContain('Delete the fork bot/ops');
    expect(await pulls()).toEqual([]);
  });

  it('refuses another repository under the name that the fork would have', async () => {
    await seed.api('POST', '/admin/users/bot/repos', { name: 'ops', auto_init: true });

    const { code, text, writes } = await run();

    expect(code).toBe(1);
    expect(text).toContain('bot/ops is there, but it is no fork of owner/ops.');
    expect(writes).toEqual([]);
  });

  it('says so when propose-from asks for a branch and the account may not push', async () => {
    const { code, text, writes } = await run({ PLUGIN_PROPOSE_FROM: 'branch' satisfies ProposeFrom });

    expect(code).toBe(1);
    expect(text).toContain('propose-from is branch, but bot may not push to owner/ops.');
    expect(writes).toEqual([]);
  });

  it('leaves a pull request that somebody closed as it is, and opens another only when asked again', async () => {
    await run();
    await seed.closeIssue(owner, ops, 1);

    const left = await run();
    const again = await run({}, { paths: 1, again: true });

    expect(left).toMatchObject({ code: 0, writes: [] });
    expect(left.text).toContain('pull request #1 was closed without being merged; nothing is proposed again');
    expect(again.code).toBe(0);
    // What was written for the closed one is gone: the new one starts from where the base is now.
    expect(again.writes[0]).toBe('DELETE /repos/bot/ops/branches/topic/a 204');
    expect((await pulls()).map(({ number, state }) => [number, state])).toEqual([
      [2, 'open'],
      [1, 'closed'],
    ]);
  });

  it('knows its pull request by the branch’s name when the branch is gone', async () => {
    await run();
    await seed.closeIssue(owner, ops, 1);
    await seed.api('DELETE', `/repos/bot/ops/branches/${branch}`, undefined, bot.token);

    expect((await run()).writes).toEqual([]);
  });

  it('opens another where its account may write less than when it opened the first', async () => {
    await seed.addCollaborator(owner, ops, bot.login, 'write');
    await run();
    await seed.addCollaborator(owner, ops, bot.login, 'read');

    const again = await run();

    expect(again.code).toBe(0);
    expect(await filesOf(2)).toEqual(['sprints/a.md']);
    expect((await run()).writes).toEqual([]);
  });

  it('by several runs at once ends in one branch and one pull request', async () => {
    await Promise.all([run(), run(), run(), run()]);
    const last = await run();

    expect(last.code).toBe(0);
    expect((await pulls()).map(({ number }) => number)).toEqual([1]);
    // The forge lists the newest first, and both are of one second or of two.
    expect(await branches('bot/ops')).toEqual(['main', branch]);
  });

  it('does not take somebody else’s pull request from a branch of the same name for its own', async () => {
    const other = await seed.createUser('other', allScopes);
    await seed.api('POST', `/repos/${ops}/forks`, {}, other.token);
    await seed.putFile(other, 'other/ops', 'sprints/z.md', 'z\n', { from: 'main', name: branch });
    await seed.openPull(other, ops, { base: 'main', head: `other:${branch}`, title: 'mine' });

    const { code } = await run();

    expect(code).toBe(0);
    expect(await filesOf(2)).toEqual(['sprints/a.md']);
  });

  it('does not take its own pull request from somebody else’s fork, with a branch of the same name, for what it wrote', async () => {
    const other = await seed.createUser('other', allScopes);
    await seed.api('POST', `/repos/${ops}/forks`, {}, other.token);
    await seed.putFile(other, 'other/ops', 'sprints/z.md', 'z\n', { from: 'main', name: branch });
    await seed.openPull(bot, ops, { base: 'main', head: `other:${branch}`, title: 'theirs' });

    const first = await run();
    const second = await run();

    expect(first.writes.at(-1)).toBe(`POST /repos/${ops}/pulls 201`);
    expect(await filesOf(2)).toEqual(['sprints/a.md']);
    expect(second.text).toContain('Nothing to do: pull request #2 is as it should be.');
  });

  it('opens another pull request where the one before stands on a branch that it may not write any more', async () => {
    await seed.addCollaborator(owner, ops, bot.login, 'write');
    await run();
    await seed.addCollaborator(owner, ops, bot.login, 'read');

    const { code } = await run();

    expect(code).toBe(0);
    const [second, first] = await pulls();
    expect([first?.state, second?.state]).toEqual(['open', 'open']);
    expect(second?.head.repo_id).not.toBe(first?.head.repo_id);
    expect(await filesOf(2)).toEqual(['sprints/a.md']);
  });

  it('holds to what somebody turned down, also from the branch that it may not write any more', async () => {
    await seed.addCollaborator(owner, ops, bot.login, 'write');
    await run();
    await seed.closeIssue(owner, ops, 1);
    await seed.addCollaborator(owner, ops, bot.login, 'read');

    const { text, writes } = await run();

    expect(text).toContain('pull request #1 was closed without being merged; nothing is proposed again');
    expect(writes).toEqual([]);
  });
});

describe('what may be done about a pull request of ours that was closed', () => {
  it('is to open it again, while what it asks for is there', async () => {
    await run();
    await seed.closeIssue(owner, ops, 1);

    expect((await run()).text).toContain('reopen it if it is wanted after all');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['its fork was deleted', () => seed.api('DELETE', '/repos/bot/ops')],
    [
      'its fork was deleted, and another one was made',
      async () => {
        await seed.api('DELETE', '/repos/bot/ops');
        await seed.api('POST', `/repos/${ops}/forks`, {}, bot.token);
      },
    ],
    [
      'it was closed and its branch deleted',
      async () => {
        await seed.closeIssue(owner, ops, 1);
        await seed.api('DELETE', '/repos/bot/ops/branches/topic/a');
      },
    ],
  ])('is to delete it once %s, for it opens never again, and then it is asked anew', async (_, happens) => {
    await run();
    await happens();

    const held = await run();
    const { status } = await seed.api('DELETE', `/repos/${ops}/issues/1`, undefined, owner.token);
    const asked = await run();

    expect(held).toMatchObject({ code: 0, writes: [] });
    expect(held.text).toContain('#1 was closed without being merged; nothing is proposed again');
    expect(held.text).toContain('it cannot be reopened');
    expect(held.text).toContain('delete it (an admin of owner/ops can, on its page)');
    expect(status).toBe(204);
    expect(asked.code).toBe(0);
    expect((await pulls()).map(({ state, head }) => [state, head.label])).toEqual([['open', branch]]);
  });
});

describe('proposing, cut off where it writes', () => {
  async function cut(call: number, point: FailPoint): Promise<boolean> {
    // From that call on nothing gets through any more, which to the forge is a process that was killed.
    const proxy = await startFaultProxy(forge.url, { call, point, act: () => void proxy.close() });
    await run({ CI_FORGE_URL: proxy.url });
    const { struck } = proxy;
    await proxy.close();
    return struck;
  }

  it.each(
    failPoints.flatMap((point) => (['read', 'write'] as const).map((access) => [point, access] as const)),
  )('%s, with %s access: a rerun leaves one branch and one pull request', async (point, access) => {
    await forge.close();
    await start(access);
    const undisturbed = await startFaultProxy(forge.url);
    await run({ CI_FORGE_URL: undisturbed.url });
    await undisturbed.close();
    const strikes = callsToStrike(undisturbed.calls, point, { reads: 0 });
    expect(strikes.length).toBeGreaterThanOrEqual(2);
    for (const call of strikes) {
      await forge.close();
      await start(access);

      const struck = await cut(call, point);
      const { code } = await run();
      const after = await run();

      expect(struck).toBe(true);
      expect(code).toBe(0);
      expect(after.writes).toEqual([]);
      expect((await pulls()).map(({ state, head }) => [state, head.label])).toEqual([['open', branch]]);
      expect(await filesOf(1)).toEqual(['sprints/a.md']);
      expect(
        [...(await branches(ops)), ...(await branches('bot/ops'))].filter((name) => name !== 'main'),
      ).toEqual([branch]);
    }
  });
});
