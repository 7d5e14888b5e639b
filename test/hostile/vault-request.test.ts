import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vaultRequest } from '../../actions/vault-request/role.ts';
import { runRole } from '../../core/run.ts';
import type { Person } from '../../embedded-forge/seed.ts';
import { startFaultProxy } from '../faults/proxy.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

let vault: Vault;
let agent: Person;
let folder: string;
beforeEach(async () => {
  vault = await startVault();
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-request-'));
  // Reads the ops repo, as everybody may, and nothing else.
  agent = await vault.seed.createUser('agent', ['write:repository', 'read:issue', 'read:user']);
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await vault.close();
});

/** Asks for an action; `meanwhile` happens when it waits for the first time, and waiting takes no time. */
async function ask(
  given: Record<string, string> = {},
  meanwhile?: () => Promise<unknown>,
): Promise<{ code: number; text: string; waited: number }> {
  const lines: string[] = [];
  let waited = 0;
  const begun = Date.now();
  const code = await runRole(vaultRequest, {
    environment: {
      CI: 'woodpecker',
      CI_FORGE_URL: vault.forge.url,
      CI_REPO: 'owner/project',
      CI_PIPELINE_EVENT: 'push',
      CI_WORKSPACE: folder,
      PLUGIN_OPS_REPO: vault.ops,
      PLUGIN_FORGE_TOKEN: agent.token,
      PLUGIN_ID: 'backup-1',
      PLUGIN_ACTION: actionText(),
      ...given,
    },
    args: [],
    workingDirectory: folder,
    print: (line) => lines.push(line),
    now: () => new Date(begun + waited),
    pause: async (ms) => {
      if (waited === 0) await meanwhile?.();
      waited += ms;
    },
  });
  return { code, text: lines.join('\n'), waited };
}

interface Shown {
  number: number;
  title: string;
  body: string;
  user: { login: string };
  head: { label: string };
}

async function pulls(state = 'all'): Promise<Shown[]> {
  return (await vault.seed.api('GET', `/repos/${vault.ops}/pulls?state=${state}`)).body as Shown[];
}

describe('a request', () => {
  it('opens one pull request from a fork, with read access only, and finds it again', async () => {
    const first = await ask();
    const second = await ask();

    expect(first.code).toBe(0);
    expect(second).toMatchObject({ code: 0, text: expect.stringContaining('is as it should be') });
    const [pull, ...more] = await pulls();
    expect(more).toEqual([]);
    expect(pull).toMatchObject({
      title: 'vault: backup-1',
      user: { login: 'agent' },
      body: expect.stringContaining('Tier: medium'),
    });
    const { body: files } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull?.number}/files`);
    expect(files).toMatchObject([{ filename: 'vault/actions/backup-1.toml', status: 'added' }]);
  });

  it('goes through the whole vault: asked, approved, merged, started', async () => {
    await ask();
    const [pull] = await pulls();
    await vault.approve(vault.ada, pull?.number ?? 0);
    await vault.seed.mergePull(vault.owner, vault.ops, pull?.number ?? 0);
    await vault.run();

    const after = await ask();

    expect(after).toMatchObject({ code: 0, text: expect.stringContaining('is on main: dispatched') });
    expect(await vault.runs()).toHaveLength(1);
  });

  it('takes a file of the workspace, whose name is the id', async () => {
    writeFileSync(path.join(folder, 'nightly-7.toml'), actionText());

    const { code } = await ask({ PLUGIN_ACTION: '', PLUGIN_ID: '', PLUGIN_ACTION_FILE: 'nightly-7.toml' });

    expect(code).toBe(0);
    expect((await pulls())[0]?.title).toBe('vault: nightly-7');
  });

  it('with other content under the same id is an error, wherever the first one has got to', async () => {
    const other = { PLUGIN_ACTION: actionText('backup', 'timeout_minutes = 5') };
    await ask();
    const asked = await ask(other);
    const [pull] = await pulls();
    await vault.seed.mergePull(vault.owner, vault.ops, pull?.number ?? 0);
    const merged = await ask(other);
    await vault.run();
    const recorded = await ask(other);

    for (const { code, text } of [asked, merged, recorded]) {
      expect(code).toBe(1);
      expect(text).toContain('an id is used once');
    }
    expect(await pulls()).toHaveLength(1);
  });

  it('of ours from a branch that we may not write any more is found, and with other content refused', async () => {
    const stranger = await vault.seed.createUser('stranger', ['write:repository', 'read:user']);
    await vault.seed.api('POST', `/repos/${vault.ops}/forks`, {}, stranger.token);
    await vault.seed.addCollaborator(vault.owner, vault.ops, agent.login, 'write');
    await ask();
    await vault.seed.addCollaborator(vault.owner, vault.ops, agent.login, 'read');
    const fork = { from: 'main', name: 'vault/backup-1' };
    await vault.seed.putFile(stranger, 'stranger/ops', 'vault/actions/backup-1.toml', 'x', fork);
    const opened = { base: 'main', head: 'stranger:vault/backup-1', title: 'mine' };
    await vault.seed.openPull(stranger, vault.ops, opened);

    const same = await ask();
    const other = await ask({ PLUGIN_ACTION: actionText('backup', 'timeout_minutes = 5') });

    expect(same).toMatchObject({ code: 0, text: expect.stringContaining('asked for by agent in #1') });
    expect(other).toMatchObject({ code: 1, text: expect.stringContaining('an id is used once') });
    expect(await pulls()).toHaveLength(2);
  });

  it('somebody else’s request for the same id is found, and with other content refused', async () => {
    const number = await vault.ask('backup-1');

    const same = await ask();
    const other = await ask({ PLUGIN_ACTION: actionText('backup', 'timeout_minutes = 5') });

    expect(same).toMatchObject({
      code: 0,
      text: expect.stringContaining(`asked for by asker in #${number}`),
    });
    expect(other).toMatchObject({
      code: 1,
      text: expect.stringContaining('asker asks for backup-1 with other content'),
    });
    expect(await pulls()).toHaveLength(1);
  });

  /** A stranger's pull request for the same id, with other content. */
  async function strangerAsks(): Promise<void> {
    const stranger = await vault.seed.createUser('stranger', ['write:repository', 'read:user']);
    await vault.seed.api('POST', `/repos/${vault.ops}/forks`, {}, stranger.token);
    // A fork has the branches of what it was forked from.
    await vault.seed.api('DELETE', '/repos/stranger/ops/branches/vault/backup-1', undefined, stranger.token);
    await vault.seed.putFile(stranger, 'stranger/ops', 'vault/actions/backup-1.toml', actionText('wipe'), {
      from: 'main',
      name: 'vault/backup-1',
    });
    await vault.seed.openPull(stranger, vault.ops, {
      head: 'stranger:vault/backup-1',
      base: 'main',
      title: 't',
      body: '',
    });
  }

  it('is kept from nobody by a stranger who asked for something else under the same id', async () => {
    await strangerAsks();

    expect((await ask()).code).toBe(0);

    expect((await pulls()).map(({ user }) => user.login).sort()).toEqual(['agent', 'stranger']);
  });

  it('that somebody made already is found behind a stranger’s', async () => {
    const number = await vault.ask('backup-1');
    await strangerAsks();

    expect(await ask()).toMatchObject({
      code: 0,
      text: expect.stringContaining(`asked for by asker in #${number}`),
    });
    expect(await pulls()).toHaveLength(2);
  });

  it('that was turned down stays so', async () => {
    await ask();
    const [pull] = await pulls();
    await vault.seed.api('PATCH', `/repos/${vault.ops}/pulls/${pull?.number}`, { state: 'closed' });

    const again = await ask();

    expect(again).toMatchObject({ code: 1, text: expect.stringContaining('was turned down') });
    expect(await pulls()).toHaveLength(1);
  });

  it.each([
    ['an unknown formula', actionText('unknown'), 'there is no formula vault/formulas/unknown.toml'],
    [
      'an unlisted secret',
      actionText().replace('"BACKUP_KEY"', '"BACKUP_KEY", "OTHER"'),
      'does not bind: OTHER',
    ],
    ['an unknown field', actionText('backup', 'mode = "direct"'), '"mode": no such field'],
    ['an input out of range', actionText().replace('"db"', '"all"'), 'input target: expected db or files'],
    ['no TOML', 'formula = \n', 'is no TOML 1.0'],
  ])('is validated before anything is written: %s', async (_, text, reason) => {
    const { code, text: said } = await ask({ PLUGIN_ACTION: text });

    expect(code).toBe(1);
    expect(said).toContain(reason);
    expect(await pulls()).toEqual([]);
  });

  it.each([
    [{ PLUGIN_ACTION: '' }, 'No action is given'],
    [{ PLUGIN_ACTION_FILE: 'a.toml' }, 'both given'],
    [{ PLUGIN_ID: '../x' }, 'expected lower-case letters'],
    [{ PLUGIN_ID: '' }, 'The action has no id'],
    [{ PLUGIN_ACTION: '', PLUGIN_ACTION_FILE: 'none.toml' }, 'could not be read'],
  ])('says which setting is wrong: %j', async (given, reason) => {
    const { code, text } = await ask(given);

    expect(code).toBe(1);
    expect(text).toContain(reason);
  });

  it('shows its reason as text, in which nothing is markup, a mention or a closing keyword', async () => {
    await ask({
      PLUGIN_ACTION: `formula = "backup"\ncontext = "closes #1 @ada <img src=x> \`x\`\\n# heading"\nsecrets = ["BACKUP_KEY"]\n[inputs]\ntarget = "db"\n`,
    });

    const [pull] = await pulls();
    expect(pull?.body).toContain('> `closes #1 @ada <img src=x> ´x´`\n> `# heading`');
  });

  it('on a pull request’s own pipeline only looks at the text', async () => {
    const { code, text } = await ask({ CI_PIPELINE_EVENT: 'pull_request', PLUGIN_FORGE_TOKEN: '' });

    expect(code).toBe(0);
    expect(text).toContain('nothing is asked for');
    expect(await pulls()).toEqual([]);
  });
});

describe('waiting', () => {
  const wait = (how: string, more: Record<string, string> = {}): Record<string, string> => ({
    PLUGIN_WAIT: how,
    ...more,
  });
  const number = async (): Promise<number> => (await pulls())[0]?.number ?? 0;
  const label = async (by: Person): Promise<void> => {
    await vault.seed.api('POST', `/repos/${vault.ops}/labels`, { name: 'vault-approved', color: '#00ff00' });
    await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/issues/${await number()}/labels`,
      { labels: ['vault-approved'] },
      by.token,
    );
  };

  it('for the merge ends with it', async () => {
    const { code, text, waited } = await ask(wait('merge'), async () =>
      vault.seed.mergePull(vault.owner, vault.ops, await number()),
    );

    expect(code).toBe(0);
    expect(text).toContain('Waiting: #1 is medium, so its merge is waited for');
    expect(text).toContain('backup-1 was asked for, and is on main');
    expect(waited).toBe(15 * 60_000);
  });

  it('for the merge is over when the pull request is closed, or after its time, and ends red', async () => {
    const late = await ask(wait('merge'));
    const closed = await ask(wait('merge'), async () =>
      vault.seed.api('PATCH', `/repos/${vault.ops}/pulls/${await number()}`, { state: 'closed' }),
    );

    expect(late).toMatchObject({
      code: 1,
      text: expect.stringContaining('is not yet approved'),
      waited: 7_200_000,
    });
    expect(closed).toMatchObject({ code: 1, text: expect.stringContaining('was turned down') });
  });

  it('with a timeout goes on without an answer, and says so', async () => {
    const { code, text, waited } = await ask(wait('timeout'));

    expect(code).toBe(0);
    expect(text).toContain('is not yet approved');
    expect(text).toContain('pending async review');
    expect(waited).toBe(7_200_000);
  });

  it('for a label ends when somebody set it who may approve', async () => {
    const { code, text } = await ask(wait('label'), () => label(vault.ada));

    expect(code).toBe(0);
    expect(text).toContain('has the label vault-approved');
  });

  it('for a label, of which there are two by that name, counts either', async () => {
    const { code } = await ask(wait('label'), async () => {
      for (const color of ['#ff0000', '#00ff00'])
        await vault.seed.api('POST', `/repos/${vault.ops}/labels`, { name: 'vault-approved', color });
      const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/labels`);
      const ids = (body as { id: number }[]).map(({ id }) => id);
      await vault.seed.api(
        'POST',
        `/repos/${vault.ops}/issues/${await number()}/labels`,
        { labels: [Math.max(...ids)] },
        vault.ada.token,
      );
    });

    expect(code).toBe(0);
  });

  it('for a label ignores one by somebody who may not approve', async () => {
    const { code, text } = await ask(wait('label', { PLUGIN_BOTS: 'ada' }), () => label(vault.ada));

    expect(code).toBe(1);
    expect(text).toContain('is not yet approved');
  });

  it('for a label ignores one on a branch that has moved since it was asked for', async () => {
    const { code } = await ask(wait('label'), async () => {
      await vault.seed.putFile(agent, 'agent/ops', 'sprints/x.md', 'x', {
        from: 'vault/backup-1',
        name: 'vault/backup-1',
      });
      await label(vault.ada);
    });

    expect(code).toBe(1);
  });

  it.each([
    ['before something else was pushed', 3, 1],
    ['after the last push', 1, 0],
  ])('for a label looks at when it was set: %s', async (_, pushed, wanted) => {
    await ask();
    const set = {
      id: 2,
      type: 'label',
      user: { id: 3, login: 'ada' },
      created_at: '2026-11-20T10:00:00Z',
      body: '1',
      label: { name: 'vault-approved' },
    };
    // The embedded forge does not tell of pushes; this is how a forge does.
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_call, request) =>
      request.includes('/timeline')
        ? { status: 200, body: [{ id: pushed, type: 'pull_push', created_at: set.created_at }, set] }
        : undefined,
    );

    const { code } = await ask(wait('label', { CI_FORGE_URL: proxy.url }));
    await proxy.close();

    expect(code).toBe(wanted);
  });

  it('never happens for low, and with `none` for nothing', async () => {
    const low = await ask({ ...wait('merge'), PLUGIN_ACTION: actionText('cleanup') });
    const high = await ask({ ...wait('none'), PLUGIN_ID: 'wipe-1', PLUGIN_ACTION: actionText('wipe') });

    expect(low).toMatchObject({ code: 0, waited: 0 });
    expect(high).toMatchObject({ code: 0, waited: 0 });
  });
});

describe('low tier without a pull request', () => {
  const low = { PLUGIN_ACTION: actionText('cleanup'), PLUGIN_ID: 'clean-1' };

  it.each(['direct-commit', 'protected-exempt'])('%s: commits it to main, once', async (how) => {
    await vault.seed.addCollaborator(vault.owner, vault.ops, agent.login, 'write');

    const first = await ask({ ...low, PLUGIN_LOW_TIER: how });
    const again = await ask({ ...low, PLUGIN_LOW_TIER: how });
    await vault.run({ PLUGIN_LOW_TIER: how });

    expect([first.code, again.code]).toEqual([0, 0]);
    expect(await pulls()).toEqual([]);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('asks in a pull request where main is protected, and says why', async () => {
    await vault.seed.addCollaborator(vault.owner, vault.ops, agent.login, 'write');
    await vault.seed.api('POST', `/repos/${vault.ops}/branch_protections`, {
      rule_name: 'main',
      enable_push: false,
    });

    const { code, text } = await ask({ ...low, PLUGIN_LOW_TIER: 'protected-exempt' });

    expect(code).toBe(0);
    expect(text).toContain('takes no commit of ours');
    expect(await pulls()).toHaveLength(1);
  });

  it('commits nothing for which a pull request stands already', async () => {
    await vault.seed.addCollaborator(vault.owner, vault.ops, agent.login, 'write');
    await ask(low);

    const { code } = await ask({ ...low, PLUGIN_LOW_TIER: 'direct-commit' });

    expect(code).toBe(0);
    expect(await pulls('open')).toHaveLength(1);
    const { status } = await vault.seed.api('GET', `/repos/${vault.ops}/contents/vault/actions/clean-1.toml`);
    expect(status).toBe(404);
  });

  it('commits nothing that is not low', async () => {
    await vault.seed.addCollaborator(vault.owner, vault.ops, agent.login, 'write');

    await ask({ PLUGIN_LOW_TIER: 'direct-commit' });

    expect(await pulls()).toHaveLength(1);
    const { status } = await vault.seed.api(
      'GET',
      `/repos/${vault.ops}/contents/vault/actions/backup-1.toml`,
    );
    expect(status).toBe(404);
  });
});
