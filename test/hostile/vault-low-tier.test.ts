import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { actionText, seedRecords, startVault, type Vault } from '../vault.ts';

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

const review = (more: Record<string, string> = {}): ReturnType<Vault['run']> =>
  vault.run({ PLUGIN_MODE: 'review', PLUGIN_LOW_TIER: 'auto-merge', ...more });

async function isMerged(pull: number): Promise<boolean> {
  const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
  return (body as { merged: boolean }).merged;
}

describe('low-tier: auto-merge', () => {
  it('approves and merges what is low, leaves a trail, and dispatch then runs it', async () => {
    const pull = await vault.ask('clean-1', actionText('cleanup'));

    const merging = await review();
    const after = await review();
    const dispatched = await vault.run();

    expect(merging.code).toBe(0);
    expect(await isMerged(pull)).toBe(true);
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}/reviews`);
    expect(body).toMatchObject([
      { state: 'APPROVED', user: { login: 'dispatcher' }, body: 'auto-approved: low blast radius' },
    ]);
    expect(after.text).toContain('Nothing to do');
    expect(dispatched.text).toContain('needs no approval');
    expect(await vault.record('clean-1')).toMatchObject({ tier: 'low', pull, approvals: [] });
  });

  it('approves nothing of its own, and still merges it', async () => {
    await vault.seed.putFile(
      vault.dispatcher,
      vault.ops,
      'vault/actions/clean-1.toml',
      actionText('cleanup'),
      { from: 'main', name: 'vault/clean-1' },
    );
    const pull = await vault.seed.openPull(vault.dispatcher, vault.ops, {
      head: 'vault/clean-1',
      base: 'main',
      title: 'vault: clean-1',
      body: '',
    });

    const { code, text } = await review();

    expect(code).toBe(0);
    expect(text).not.toContain('approval of');
    expect(await isMerged(pull)).toBe(true);
  });

  it.each([
    ['that is medium', actionText('backup'), {}],
    ['that raises itself', actionText('cleanup', 'blast_radius = "medium"'), {}],
    ['that cannot be read', 'formula = "cleanup"\nmode = "direct"\n', {}],
    ['that asks a person', '[action_required]\ndescription = "do it"\n', {}],
    ['where the setting is off', actionText('cleanup'), { PLUGIN_LOW_TIER: 'off' }],
  ])('merges nothing %s', async (_, text, more) => {
    const pull = await vault.ask('clean-1', text);

    await review(more);

    expect(await isMerged(pull)).toBe(false);
  });

  it.each([
    ['vault/policy.toml', '[tiers]\ncleanup = "low"\nwipe = "low"\n'],
    ['.forgejo/workflows/new.yml', 'on: push\n'],
    ['vault/actions/.hidden/x.toml', 'x = 1\n'],
    ['sprints/a.md', '# a\n'],
  ])('merges nothing that also brings %s, and says so', async (file, text) => {
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    await vault.seed
      .putFile(vault.asker, vault.ops, file, text, { from: 'vault/clean-1', name: 'vault/clean-1' })
      .catch(() => undefined);
    const { body: files } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}/files`);
    expect((files as unknown[]).length).toBe(2);

    await review();

    expect(await isMerged(pull)).toBe(false);
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
    expect((body as { body: string }[])[0]?.body).toContain('A person merges it');
  });

  it('merges nothing that changes an action which is there already', async () => {
    const first = await vault.ask('clean-1', actionText('cleanup'));
    await vault.seed.mergePull(vault.owner, vault.ops, first);
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/actions/clean-1.toml',
      actionText('cleanup', 'timeout_minutes = 3'),
      { from: 'main', name: 'edit' },
    );
    const pull = await vault.seed.openPull(vault.asker, vault.ops, {
      head: 'edit',
      base: 'main',
      title: 't',
      body: '',
    });

    await review();

    expect(await isMerged(pull)).toBe(false);
  });

  it('believes no list of files that is not of the very commit it would merge', async () => {
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    await vault.seed.putFile(vault.asker, vault.ops, '.forgejo/workflows/new.yml', 'on: push\n', {
      from: 'vault/clean-1',
      name: 'vault/clean-1',
    });
    // As if the branch had been elsewhere when the forge was asked for its files.
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) =>
      request.includes(`/pulls/${pull}/files`)
        ? {
            status: 200,
            body: [{ filename: 'vault/actions/clean-1.toml', status: 'added' }],
            headers: { 'x-total-count': '1' },
          }
        : undefined,
    );

    await review({ CI_FORGE_URL: proxy.url });
    await proxy.close();

    expect(await isMerged(pull)).toBe(false);
  });

  it('leaves a pull request alone whose head moved after it was looked at', async () => {
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
    const { head } = body as { head: { sha: string } };
    await vault.seed.putFile(vault.asker, vault.ops, 'sprints/a.md', '# a\n', {
      from: 'vault/clean-1',
      name: 'vault/clean-1',
    });

    const { status } = await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/pulls/${pull}/merge`,
      { Do: 'merge', head_commit_id: head.sha },
      vault.dispatcher.token,
    );

    expect(status).toBe(409);
    expect(await isMerged(pull)).toBe(false);
  });

  it('says of medium that it is pending', async () => {
    const pull = await vault.ask('backup-1');

    const { text } = await review();

    expect(text).toContain(`#${pull} (backup-1): pending async review`);
  });
});

describe('low-tier: direct-commit and protected-exempt', () => {
  const put = (id: string, text: string): Promise<unknown> =>
    vault.seed.putFile(vault.asker, vault.ops, `vault/actions/${id}.toml`, text);

  it.each(['direct-commit', 'protected-exempt'])(
    '%s: a low action on main needs no pull request',
    async (how) => {
      await put('clean-1', actionText('cleanup'));

      const { code } = await vault.run({ PLUGIN_LOW_TIER: how });

      expect(code).toBe(0);
      expect(await vault.record('clean-1')).toMatchObject({ tier: 'low', pull: null, approvals: [] });
      expect(await vault.runs()).toHaveLength(1);
    },
  );

  it('waits as long as its rule says, from when it was committed, and then runs', async () => {
    await vault.opened(() =>
      vault.seed.putFile(
        vault.owner,
        vault.ops,
        'vault/policy.toml',
        '[tiers]\ncleanup = "low"\n[rules.low]\ndelay_minutes = 5\n',
      ),
    );
    await put('clean-1', actionText('cleanup'));
    const direct = { PLUGIN_LOW_TIER: 'direct-commit' };

    const early = await vault.run(direct);
    const later = await vault.run(direct, new Date(Date.now() + 6 * 60_000));

    expect(early.text).toContain('clean-1 waits: 5 minutes');
    expect(later.code).toBe(0);
    expect(await vault.runs()).toHaveLength(1);
  });

  it.each([
    ['off', actionText('cleanup')],
    ['auto-merge', actionText('cleanup')],
    ['direct-commit', actionText('backup')],
    ['direct-commit', actionText('cleanup', 'blast_radius = "medium"')],
    ['protected-exempt', actionText('wipe')],
  ])('%s: nothing else does', async (how, text) => {
    await put('act-1', text);

    await vault.run({ PLUGIN_LOW_TIER: how, PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' });

    expect(await vault.runs()).toEqual([]);
    expect((await vault.rejected('act-1'))?.reasons.join()).toContain(
      'no merged pull request brought this file',
    );
  });
});

describe('where records and tiers stand', () => {
  it('keeps records in another repository, which is also looked at for what is spent', async () => {
    const control = await vault.seed.createRepository(vault.owner, 'control');
    for (const { login } of [vault.dispatcher, vault.gatekeeper])
      await vault.seed.addCollaborator(vault.owner, control, login, 'write');
    await seedRecords(vault.seed, vault.owner, control, vault);
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    const first = await vault.run({ PLUGIN_RECORD_REPO: control });
    const [run] = await vault.runs();
    vault.forge.settleRun(run?.id ?? 0, 'success');
    const last = await vault.run({ PLUGIN_RECORD_REPO: control });

    expect(first.code).toBe(0);
    expect(last.text).toContain('ended: success');
    expect(await vault.record('clean-1')).toBeUndefined();
    const { status } = await vault.seed.api(
      'GET',
      `/repos/${control}/contents/fired/clean-1.json?ref=vault-records`,
    );
    expect(status).toBe(200);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('policy-source: project takes tiers from the project repo, and rules from the ops repo only', async () => {
    const project = await vault.seed.createRepository(vault.owner, 'project');
    await vault.seed.putFile(vault.owner, project, 'vault/policy.toml', '[tiers]\nbackup = "low"\n');
    const pull = await vault.ask('backup-1');
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
    const source = { PLUGIN_POLICY_SOURCE: 'project', PLUGIN_PROJECT_REPO: project };

    const dry = await vault.run({ ...source, PLUGIN_DRY_RUN: 'true' });
    await vault.seed
      .putFile(
        vault.owner,
        project,
        'vault/policy.toml',
        '[tiers]\nbackup = "low"\n[rules.high]\napprovals = 0\n',
      )
      .catch(() => undefined);
    const refused = await vault.run(source);
    const missing = await vault.run({ PLUGIN_POLICY_SOURCE: 'project' });

    expect(dry.text).toContain('low (policy says low for backup)');
    expect(refused).toMatchObject({
      code: 1,
      text: expect.stringContaining('"rules" stand in the ops repo'),
    });
    expect(missing).toMatchObject({ code: 1, text: expect.stringContaining('no project-repo is set') });
    expect(await vault.runs()).toEqual([]);
  });
});
