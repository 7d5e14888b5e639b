import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

describe('an approved action', () => {
  it('is intended, started once with what was approved, followed to its end, and then left alone', async () => {
    const pull = await vault.approved('backup-1');

    const first = await vault.run();
    const [run] = await vault.runs();
    const running = await vault.run();
    vault.forge.settleRun(run?.id ?? 0, 'success');
    const ended = await vault.run();
    const after = await vault.run();

    expect(first.code).toBe(0);
    expect(await vault.runs()).toHaveLength(1);
    const record = await vault.record('backup-1');
    expect(run?.inputs).toEqual({ action: 'backup-1', nonce: record?.intent.nonce, target: 'db' });
    expect(running.text).toContain('backup-1 is running');
    expect(ended.text).toContain('ended: success');
    expect(record).toMatchObject({
      tier: 'medium',
      pull,
      approvals: [{ login: 'ada' }],
      run: { id: run?.id, workflow: 'backup.yml' },
    });
    expect(await vault.ended('backup-1')).toMatchObject({ outcome: 'success', run: { id: run?.id } });
    expect(after.text).toContain('Nothing to do: 1 action has ended');
  });

  it('is started at the very commit that brought it, and not at a branch that may move', async () => {
    const pull = await vault.approved('backup-1');
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
    await vault.seed.putFile(vault.asker, vault.ops, 'sprints/next.md', 'x');

    await vault.run();

    const { merge_commit_sha } = body as { merge_commit_sha: string };
    expect(vault.forge.requests.find(({ path: asked }) => asked.endsWith('/dispatches'))?.body).toMatchObject(
      {
        ref: merge_commit_sha,
      },
    );
    expect((await vault.record('backup-1'))?.run.commit).toBe(merge_commit_sha);
  });

  it('is not started where a tag is called like its commit, which the forge would run instead', async () => {
    const pull = await vault.approved('backup-1');
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
    const { merge_commit_sha } = body as { merge_commit_sha: string };
    const made = await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/tags`,
      { tag_name: merge_commit_sha, target: 'main' },
      vault.asker.token,
    );
    expect(made.status).toBe(201);

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('has a tag or a branch that is called');
    expect(await vault.runs()).toEqual([]);
  });

  it.each(['merge', 'squash', 'rebase', 'rebase-merge', 'fast-forward-only'])(
    'is found however it was merged: %s',
    async (style) => {
      const pull = await vault.ask('backup-1');
      await vault.approve(vault.ada, pull);
      await vault.seed.mergePull(vault.owner, vault.ops, pull, style);

      expect((await vault.run()).code).toBe(0);

      expect(await vault.runs()).toHaveLength(1);
    },
  );

  it('of low tier needs a merged pull request and nobody’s approval', async () => {
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    expect(await vault.run()).toMatchObject({ code: 0, text: expect.stringContaining('needs no approval') });

    expect(await vault.runs()).toHaveLength(1);
  });
});

describe('what happens to one action is nobody else’s affair', () => {
  it('an intent that cannot be written keeps no other from being started, and spends no id', async () => {
    for (const id of ['a-1', 'b-1', 'c-1']) await vault.approved(id);
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) =>
      request.startsWith('POST') && request.includes('/fired/b-1.json')
        ? { status: 422, body: { message: 'no' } }
        : undefined,
    );

    const first = await vault.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();
    const second = await vault.run();

    expect([first.code, second.code]).toEqual([1, 0]);
    expect((await vault.runs()).map(({ inputs }) => inputs.action).sort()).toEqual(['a-1', 'b-1', 'c-1']);
  });

  it('a read that fails between two looks spends no id', async () => {
    for (const id of ['a-1', 'b-1']) await vault.approved(id);
    let looks = 0;
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) => {
      if (!request.startsWith('GET') || !request.includes('/vault/policy.toml')) return undefined;
      looks += 1;
      return looks < 2 ? undefined : { status: 404, body: { message: 'x' } };
    });

    await vault.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();
    await vault.run();

    expect(await vault.runs()).toHaveLength(2);
    expect(await vault.record('b-1')).toMatchObject({ run: { id: expect.any(Number) } });
  });

  it('more that are ready than may be: none is started, and what runs is followed to its end', async () => {
    await vault.approved('a-1');
    await vault.run();
    vault.forge.settleRun(1, 'success');
    for (const id of ['b-1', 'c-1']) await vault.approved(id);

    const { code, text } = await vault.run({ PLUGIN_MAX_DISPATCHES: '1' });

    expect(code).toBe(1);
    expect(text).toContain('2 actions that asker asked for are ready, which is more than max-dispatches (1)');
    expect(await vault.ended('a-1')).toMatchObject({ outcome: 'success' });
    expect(await vault.record('b-1')).toBeUndefined();
  });

  it('an action that was edited after it was started is refused, and followed to its end all the same', async () => {
    await vault.approved('backup-1');
    await vault.run();
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/actions/backup-1.toml',
      actionText('backup', 'timeout_minutes = 5'),
    );
    vault.forge.settleRun(1, 'success');

    const { code, text } = await vault.run();

    expect(text).toContain('an id is used once');
    expect(code).toBe(1);
    expect(await vault.ended('backup-1')).toMatchObject({ outcome: 'success' });
  });

  it('a run that the forge no longer knows is said, and others go on', async () => {
    await vault.approved('a-1');
    await vault.run();
    await vault.approved('b-1');
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) =>
      request.includes('/actions/runs/1') ? { status: 404, body: { message: 'x' } } : undefined,
    );

    const { code, text } = await vault.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();

    expect(code).toBe(1);
    expect(text).toContain('actions/runs/1 answered 404');
    expect(await vault.record('b-1')).toMatchObject({ run: { id: expect.any(Number) } });
  });

  it('a formula that names a repository which is not there stops only its own request', async () => {
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/formulas/evil.toml',
      'description = "d"\nsecrets = []\ntimeout_minutes = 1\n[run]\nbackend = "forgejo-workflow"\nrepo = "nobody/none"\nworkflow = "x.yml"\n',
      { from: 'main', name: 'evil' },
    );
    const evil = await vault.seed.openPull(vault.asker, vault.ops, {
      head: 'evil',
      base: 'main',
      title: 'e',
      body: '',
    });
    const good = await vault.ask('backup-1');

    const { text } = await vault.run({ PLUGIN_MODE: 'review' });

    expect(text).toContain(`#${good} (backup-1): pending async review`);
    expect(text).toContain(`#${evil} (vault/formulas/evil.toml): can be read`);
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${evil}/comments`);
    expect((body as { body: string }[])[0]?.body).toContain('compared once this is merged');
  });
});

describe('an approval that is there is found', () => {
  it('although the branch went on after the merge', async () => {
    await vault.approved('backup-1');
    await vault.seed.putFile(vault.asker, vault.ops, 'sprints/next.md', 'x', {
      from: 'vault/backup-1',
      name: 'vault/backup-1',
    });
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/1`);
    const { merge_base, head } = body as { merge_base: string; head: { sha: string } };
    expect(head.sha).not.toBe(merge_base);

    await vault.run();

    expect(await vault.record('backup-1')).toMatchObject({ approvals: [{ login: 'ada' }] });
  });

  it.each([
    ['ahead by minutes', 10 * 60_000],
    ['ahead by years', 5 * 365 * 86_400_000],
    ['behind by a year', -365 * 86_400_000],
  ])('although the committer’s clock is %s', async (_, off) => {
    const date = new Date(Date.now() + off).toISOString();
    await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/contents/vault/actions/backup-1.toml`,
      {
        branch: 'main',
        new_branch: 'vault/backup-1',
        message: 'm',
        content: Buffer.from(actionText()).toString('base64'),
        dates: { author: date, committer: date },
      },
      vault.asker.token,
    );
    const pull = await vault.seed.openPull(vault.asker, vault.ops, {
      head: 'vault/backup-1',
      base: 'main',
      title: 't',
      body: '',
    });
    await vault.approve(vault.ada, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    await vault.run();

    expect(await vault.rejected('backup-1')).toBeUndefined();
    expect(await vault.record('backup-1')).toMatchObject({ approvals: [{ login: 'ada' }] });
  });
});

describe('on a pull request’s own pipeline', () => {
  it('only the files are looked at, without any token, and nothing is asked of the forge', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-vault-'));
    mkdirSync(path.join(folder, 'vault/actions'), { recursive: true });
    mkdirSync(path.join(folder, 'vault/formulas'));
    const onPull = (): ReturnType<Vault['run']> =>
      vault.run({
        CI_PIPELINE_EVENT: 'pull_request',
        CI_WORKSPACE: folder,
        PLUGIN_FORGE_TOKEN: '',
        PLUGIN_FORGE_LOGIN: '',
      });
    writeFileSync(path.join(folder, 'vault/actions/backup-1.toml'), actionText());

    const missing = await onPull();
    writeFileSync(
      path.join(folder, 'vault/formulas/backup.toml'),
      'description = "x"\nsecrets = ["BACKUP_KEY"]\ntimeout_minutes = 5\n[inputs.target]\n[run]\nbackend = "forgejo-workflow"\nworkflow = "b.yml"\n',
    );
    const right = await onPull();

    expect(missing).toMatchObject({
      code: 1,
      calls: [],
      text: expect.stringContaining('there is no formula'),
    });
    expect(right).toMatchObject({
      code: 0,
      calls: [],
      text: expect.stringContaining('1 action can be read'),
    });
    rmSync(folder, { recursive: true });
  });
});
