import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionText, ruleOf, startVault, type Vault } from '../vault.ts';

// What is approved and what is not stands case by case in test/core/vault/; these are whole runs.

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

describe('nothing runs that was not approved', () => {
  const nothing = async (reason: string): Promise<void> => {
    const { text } = await vault.run();
    expect(await vault.runs()).toEqual([]);
    expect(text).toContain(reason);
    expect((await vault.rejected('backup-1'))?.reasons.join()).toContain(reason);
  };

  it('pushed straight to main', async () => {
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/actions/backup-1.toml', actionText());

    await nothing('no merged pull request brought this file');
  });

  it('edited on main afterwards', async () => {
    await vault.approved('backup-1');
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/actions/backup-1.toml',
      actionText('backup', 'timeout_minutes = 1'),
    );

    await nothing('no merged pull request brought this file');
  });

  it('pushed straight to main before somebody else’s pull request was merged', async () => {
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/actions/backup-1.toml', actionText());
    await vault.approved('other-1', actionText('backup', 'timeout_minutes = 9'));

    const { text } = await vault.run();

    expect((await vault.runs()).map(({ inputs }) => inputs.action)).toEqual(['other-1']);
    expect(text).toContain('no merged pull request brought this file');
  });

  it('changed in its pull request after the approval, and approved for the older commit', async () => {
    const pull = await vault.ask('backup-1');
    await vault.approve(vault.ada, pull);
    await vault.seed
      .putFile(
        vault.asker,
        vault.ops,
        'vault/actions/backup-1.toml',
        actionText('backup', 'timeout_minutes = 1'),
        {
          from: 'vault/backup-1',
          name: 'vault/backup-1',
        },
      )
      .catch(() => undefined);
    const { body } = await vault.seed.api(
      'GET',
      `/repos/${vault.ops}/contents/vault/actions/backup-1.toml?ref=vault/backup-1`,
    );
    await vault.seed.api('PUT', `/repos/${vault.ops}/contents/vault/actions/backup-1.toml`, {
      branch: 'vault/backup-1',
      message: 'swap',
      sha: (body as { sha: string }).sha,
      content: Buffer.from(actionText('backup', 'timeout_minutes = 2')).toString('base64'),
    });
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    await nothing('is for an older commit');
  });

  it('approved by somebody who lost access since', async () => {
    await vault.approved('backup-1');
    await vault.seed.api('DELETE', `/repos/${vault.ops}/collaborators/ada`);

    await nothing('no write access now');
  });

  it('whose pull request only claims to be the one, in title or branch', async () => {
    const pull = await vault.approved('backup-2');
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/actions/backup-1.toml', actionText());
    await vault.seed.api('PATCH', `/repos/${vault.ops}/pulls/${pull}`, {
      title: 'vault: backup-1, follow-up to #1',
    });

    await vault.run();

    expect((await vault.runs()).map(({ inputs }) => inputs.action)).toEqual(['backup-2']);
    expect((await vault.rejected('backup-1'))?.reasons).toEqual(['no merged pull request brought this file']);
  });
});

describe('what is spent, exposed, or not known', () => {
  it('who administers is asked again when the token may not ask, and nothing is rejected', async () => {
    await vault.seed.addCollaborator(vault.owner, vault.ops, 'dispatcher', 'write');
    const pull = await vault.ask('wipe-1', actionText('wipe'));
    await vault.approve(vault.owner, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('only its admins may ask');
    expect(await vault.runs()).toEqual([]);
    expect(await vault.rejected('wipe-1')).toBeUndefined();
  });

  it('a team is asked for its members; where our account may not see them, nothing is rejected', async () => {
    const { api } = vault.seed;
    await api('POST', '/orgs', { username: 'company' }, vault.owner.token);
    const { body } = await api('POST', '/orgs/company/teams', { name: 'deployers' }, vault.owner.token);
    const team = (body as { id: number }).id;
    await api('PUT', `/teams/${team}/members/ada`, {}, vault.owner.token);
    await vault.opened(() =>
      vault.seed.putFile(
        vault.owner,
        vault.ops,
        'vault/policy.toml',
        '[tiers]\nbackup = "medium"\n[rules.medium]\napprovers = ["@company/Deployers"]\n[rules.high]\napprovers = ["owner"]\n',
      ),
    );
    await vault.approved('backup-1');
    const made = await fetch(`${vault.forge.url}/api/v1/users/dispatcher/tokens`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`dispatcher:${vault.dispatcher.password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        name: 'more',
        scopes: ['write:repository', 'write:issue', 'read:user', 'read:organization'],
      }),
    });
    const scoped = { PLUGIN_FORGE_TOKEN: ((await made.json()) as { sha1: string }).sha1 };

    const outside = await vault.run(scoped);
    const withoutScope = await vault.run();
    await api('PUT', `/teams/${team}/members/dispatcher`, {}, vault.owner.token);
    const inside = await vault.run(scoped);

    for (const { code, text } of [outside, withoutScope]) {
      expect(text).toContain('the members of @company/Deployers could not be read');
      expect(code).toBe(1);
    }
    expect(await vault.rejected('backup-1')).toBeUndefined();
    expect(inside.code).toBe(0);
    expect(await vault.record('backup-1')).toMatchObject({ approvals: [{ login: 'ada' }] });
  });

  it('a bot that can push is said, whatever the rule', async () => {
    await vault.approved('backup-1');

    const { text } = await vault.run({ PLUGIN_BOTS: 'asker' });

    expect(text).toContain(
      'backup-1: asker may not approve it, but can push to the repository whose CI holds its secrets',
    );
  });

  it('secrets of high tier that others can read are refused, unless that is accepted', async () => {
    const pull = await vault.ask('wipe-1', actionText('wipe'));
    await vault.approve(vault.owner, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    const refused = await vault.run();
    const accepted = await vault.run({ PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' });

    expect(refused.code).toBe(1);
    expect(refused.text).toContain('ada, asker may not approve it, but can push');
    expect(accepted.text).toContain('wipe-1: ada, asker may not approve it, but can push');
    const named = await vault.run({ PLUGIN_GATEKEEPER: 'asker', PLUGIN_DRY_RUN: 'true' });
    expect(named.text).not.toContain('asker may not approve');
    expect(await vault.runs()).toHaveLength(1);
  });

  it('the same id with other content is an error, and starts nothing', async () => {
    await vault.approved('backup-1');
    await vault.run();
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/actions/backup-1.toml',
      actionText('backup', 'timeout_minutes = 5'),
    );

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('an id is used once');
    expect(await vault.runs()).toHaveLength(1);
  });

  it('a record that somebody put on main is an alarm: the id is spent, and nothing is approved by it', async () => {
    await vault.approved('backup-1');
    await vault.approved('backup-2');
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/fired/backup-1.json', '{"outcome":"success"}');

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('so dispatcher did not write it. The id counts as spent');
    expect((await vault.runs()).map(({ inputs }) => inputs.action)).toEqual(['backup-2']);
  });

  it.each<[string, string, Record<string, unknown> | undefined, string]>([
    ['vault-records', 'is not protected', undefined, 'is not protected'],
    [
      'vault-records',
      'lets somebody else push',
      { push_whitelist_usernames: ['ada'] },
      'cannot be pushed to by dispatcher',
    ],
    ['vault-claims', 'is not protected', undefined, 'is not protected'],
    [
      'vault-claims',
      'lets our account push',
      { push_whitelist_usernames: ['dispatcher', 'gatekeeper'] },
      'can be pushed to by dispatcher, and should not',
    ],
  ])('nothing is started and no branch made where %s %s', async (branch, _, rule, reason) => {
    await vault.approved('backup-1');
    const path = `/repos/${vault.ops}/branch_protections/${ruleOf(branch)}`;
    if (rule === undefined) await vault.seed.api('DELETE', path);
    else await vault.seed.api('PATCH', path, rule);

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain(`${branch} of ${vault.ops}: ${reason}`);
    expect(text).toContain('Nothing is started');
    expect(await vault.runs()).toEqual([]);
  });

  it.each(['vault-records', 'vault-claims'])(
    'nothing is started where an admin’s token shows that others may push to %s',
    async (branch) => {
      await vault.approved('backup-1');
      const audit = { PLUGIN_AUDIT_TOKEN: vault.owner.token };
      const writer = branch === 'vault-records' ? 'dispatcher' : 'gatekeeper';
      await vault.seed.api('PATCH', `/repos/${vault.ops}/branch_protections/${ruleOf(branch)}`, {
        push_whitelist_usernames: [writer, 'asker'],
      });

      const open = await vault.run(audit);
      await vault.seed.api('PATCH', `/repos/${vault.ops}/branch_protections/${ruleOf(branch)}`, {
        push_whitelist_usernames: [writer],
      });
      const closed = await vault.run(audit);

      expect(open).toMatchObject({
        code: 1,
        text: expect.stringContaining(`${branch} of ${vault.ops}: can also be pushed to by asker`),
      });
      expect(closed.code).toBe(0);
      expect(await vault.runs()).toHaveLength(1);
    },
  );
  it('a claim of something that was never started is an alarm, and it is not started', async () => {
    await vault.approved('backup-1');
    await vault.approved('backup-2');
    const { status } = await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/contents/claimed/backup-1.json`,
      { branch: 'vault-claims', message: 'm', content: Buffer.from('{}').toString('base64') },
      vault.gatekeeper.token,
    );
    expect(status).toBe(201);

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('a claim of backup-1 stands on vault-claims although nothing was started');
    expect((await vault.runs()).map(({ inputs }) => inputs.action)).toEqual(['backup-2']);
  });

  it('a branch of records that is gone is never made anew, because every id would be unspent', async () => {
    await vault.approved('backup-1');
    await vault.run();
    await vault.seed.api('DELETE', `/repos/${vault.ops}/branch_protections/${ruleOf('vault-records')}`);
    await vault.seed.api('DELETE', `/repos/${vault.ops}/branches/vault-records`);

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('restore it, and do not make it anew');
    const { status } = await vault.seed.api('GET', `/repos/${vault.ops}/branches/vault-records`);
    expect(status).toBe(404);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('four dispatchers at once start one run', async () => {
    await vault.approved('backup-1');

    const runs = await Promise.all([1, 2, 3, 4].map(() => vault.run()));

    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('an intent without a run is not acted on by another run, and after a while asks a person', async () => {
    await vault.approved('backup-1');
    await vault.run();
    // As if the run had crashed between intent and dispatch.
    const { body } = await vault.seed.api(
      'GET',
      `/repos/${vault.ops}/contents/fired/backup-1.json?ref=vault-records`,
    );
    const record = await vault.record('backup-1');
    if (record === undefined) throw new Error('no record');
    const text = JSON.stringify({
      ...record,
      intent: { ...record.intent, nonce: 'never-started' },
      run: { ...record.run, inputs: { ...record.run.inputs, nonce: 'never-started' }, id: null, url: null },
    });
    await fetch(`${vault.forge.url}/api/v1/repos/${vault.ops}/contents/fired/backup-1.json`, {
      method: 'PUT',
      headers: { authorization: `token ${vault.dispatcher.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        branch: 'vault-records',
        message: 'm',
        sha: (body as { sha: string }).sha,
        content: Buffer.from(text).toString('base64'),
      }),
    });

    const soon = await vault.run();
    const later = await vault.run({}, new Date(Date.now() + 3_600_000));

    expect(soon).toMatchObject({ code: 0, text: expect.stringContaining('no run of it is seen yet') });
    expect(later).toMatchObject({ code: 1, text: expect.stringContaining('whether it ran is unknown') });
    expect(await vault.runs()).toHaveLength(1);
  });

  it.each(['failure', 'cancelled'] as const)('a run that ends with %s is never a success', async (status) => {
    await vault.approved('backup-1');
    await vault.run();
    const [run] = await vault.runs();
    vault.forge.settleRun(run?.id ?? 0, status);

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain(`the run of backup-1 ended with ${status}`);
    expect(await vault.ended('backup-1')).toMatchObject({ outcome: status });
  });

  it('a run that never ends is recorded as over time', async () => {
    await vault.approved('backup-1');
    await vault.run();

    await vault.run({}, new Date(Date.now() + 31 * 60_000));

    expect(await vault.ended('backup-1')).toMatchObject({ outcome: 'timeout' });
    expect((await vault.runs())[0]?.status).toBe('cancelled');
  });

  it('an action that asks a person is said to wait, with what it unblocks, and blocks nobody', async () => {
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      'vault/actions/a-first.toml',
      'context = "why"\nunblocks = ["#7"]\n[action_required]\ndescription = "Press the button"\n',
    );
    await vault.approved('backup-1');

    const { code, text } = await vault.run();

    expect(code).toBe(0);
    expect(text).toContain('a-first waits for a person: Press the button  (unblocks #7)');
    expect(await vault.runs()).toHaveLength(1);
  });

  it('a freeze waits and rejects nothing', async () => {
    await vault.close();
    vault = await startVault(
      '[tiers]\nbackup = "medium"\n[rules.medium]\nfreeze = [{ days = "mon-sun", from = "00:00", to = "23:59", tz = "UTC", reason = "holidays" }]\n',
    );
    await vault.approved('backup-1');

    const noon = new Date(Date.now() + 86_400_000);
    noon.setUTCHours(12, 0, 0, 0);

    const { code, text } = await vault.run({}, noon);

    expect(code).toBe(0);
    expect(text).toContain('backup-1 waits: nothing of this tier runs now (holidays)');
    expect(await vault.rejected('backup-1')).toBeUndefined();
  });

  it('a workflow that disagrees with its formula is refused before anything is decided', async () => {
    await vault.opened(() =>
      vault.seed.putFile(
        vault.owner,
        vault.ops,
        '.forgejo/workflows/backup.yml',
        `on:\n  workflow_dispatch:\n    inputs:\n      action: {}\njobs:\n  x:\n    steps:\n      - run: echo \${{ secrets.OTHER }}\n`,
      ),
    );
    await vault.approved('backup-1');

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    for (const part of [
      'does not declare these inputs, so they would be dropped: target, nonce',
      'does not list: OTHER',
      'formula lists: BACKUP_KEY',
    ])
      expect(text).toContain(part);
    expect(await vault.runs()).toEqual([]);
  });
});

describe('a forge that cannot tell how a run ends', () => {
  it('starts nothing, spends nothing, and says which Forgejo it takes', async () => {
    const older = await startVault(undefined, {
      without: ['GET /repos/{owner}/{repo}/actions/runs', 'GET /repos/{owner}/{repo}/actions/runs/{id}'],
    });
    try {
      await older.approved('backup-1');

      const { code, text } = await older.run();

      expect(await older.record('backup-1')).toBeUndefined();
      expect(text).toContain('could not be followed');
      expect(text).toContain('Forgejo 12');
      expect(code).toBe(1);
      expect(await older.rejected('backup-1')).toBeUndefined();
    } finally {
      await older.close();
    }
  });
});
