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

/** Asked, approved by somebody who may, and merged. */
async function approved(id: string, text?: string): Promise<number> {
  const pull = await vault.ask(id, text);
  await vault.approve(vault.ada, pull);
  await vault.seed.mergePull(vault.owner, vault.ops, pull);
  return pull;
}

describe('an approved action', () => {
  it('is intended, started once with what was approved, followed to its end, and then left alone', async () => {
    const pull = await approved('backup-1');

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
      outcome: 'success',
    });
    expect(after.text).toContain('Nothing to do: backup-1: success');
  });

  it.each(['merge', 'squash', 'rebase', 'rebase-merge', 'fast-forward-only'])(
    'case 19: is found however it was merged: %s',
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
    for (const id of ['a-1', 'b-1', 'c-1']) await approved(id);
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) =>
      request.startsWith('POST') && request.includes('/vault/fired/b-1.json')
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
    for (const id of ['a-1', 'b-1']) await approved(id);
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
    expect(await vault.record('b-1')).toMatchObject({ outcome: 'dispatched' });
  });

  it('more that are ready than may be: none is started, and what runs is followed to its end', async () => {
    await approved('a-1');
    await vault.run();
    vault.forge.settleRun(1, 'success');
    for (const id of ['b-1', 'c-1']) await approved(id);

    const { code, text } = await vault.run({ PLUGIN_MAX_DISPATCHES: '1' });

    expect(code).toBe(1);
    expect(text).toContain('2 actions are ready, which is more than max-dispatches (1)');
    expect(await vault.record('a-1')).toMatchObject({ outcome: 'success' });
    expect(await vault.record('b-1')).toBeUndefined();
  });

  it('an action that was edited after it was started is refused, and followed to its end all the same', async () => {
    await approved('backup-1');
    await vault.run();
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/actions/backup-1.toml',
      actionText('backup', 'timeout_minutes = 5'),
    );
    vault.forge.settleRun(1, 'success');

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('an id is used once');
    expect(await vault.record('backup-1')).toMatchObject({ outcome: 'success' });
  });

  it('a run that the forge no longer knows is said, and others go on', async () => {
    await approved('a-1');
    await vault.run();
    await approved('b-1');
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) =>
      request.includes('/actions/runs/1') ? { status: 404, body: { message: 'x' } } : undefined,
    );

    const { code, text } = await vault.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();

    expect(code).toBe(1);
    expect(text).toContain('actions/runs/1 answered 404');
    expect(await vault.record('b-1')).toMatchObject({ outcome: 'dispatched' });
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
    await approved('backup-1');
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

describe('case 19: nothing runs that was not approved', () => {
  it('approved by the gatekeeper, whose token whoever pushes can read', async () => {
    const gatekeeper = await vault.seed.createUser('gatekeeper', ['write:repository']);
    await vault.seed.addCollaborator(vault.owner, vault.ops, gatekeeper.login, 'write');
    const pull = await vault.ask('backup-1');
    await vault.approve(gatekeeper, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    await vault.run({ PLUGIN_GATEKEEPER: 'gatekeeper' });

    expect(await vault.runs()).toEqual([]);
    expect((await vault.rejected('backup-1'))?.reasons.join()).toContain('it is a bot');
  });

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

  it('merged by force, or by anybody, without an approval', async () => {
    const pull = await vault.ask('backup-1');
    await vault.seed.mergePull(vault.asker, vault.ops, pull);

    await nothing('has 0 of 1 approvals by somebody with write access');
  });

  it('edited on main afterwards', async () => {
    await approved('backup-1');
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/actions/backup-1.toml',
      actionText('backup', 'timeout_minutes = 1'),
    );

    await nothing('other bytes at its head');
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
    await approved('backup-1');
    await vault.seed.api('DELETE', `/repos/${vault.ops}/collaborators/ada`);

    await nothing('no write access now');
  });

  it('approved by a bot', async () => {
    const pull = await vault.ask('backup-1');
    await vault.approve(vault.ada, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    const { text } = await vault.run({ PLUGIN_BOTS: 'ada' });

    expect(text).toContain('it is a bot');
    expect(await vault.runs()).toEqual([]);
  });

  it('whose pull request only claims to be the one, in title or branch', async () => {
    const pull = await approved('backup-2');
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/actions/backup-1.toml', actionText());
    await vault.seed.api('PATCH', `/repos/${vault.ops}/pulls/${pull}`, {
      title: 'vault: backup-1, follow-up to #1',
    });

    await vault.run();

    expect((await vault.runs()).map(({ inputs }) => inputs.action)).toEqual(['backup-2']);
    expect((await vault.rejected('backup-1'))?.reasons).toEqual(['no merged pull request brought this file']);
  });

  it('of high tier by somebody who is no admin', async () => {
    const pull = await vault.ask('wipe-1', actionText('wipe'));
    await vault.approve(vault.ada, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    await vault.run();

    expect(await vault.runs()).toEqual([]);
    expect((await vault.rejected('wipe-1'))?.reasons.join()).toContain('they are no admin now');
  });
});

describe('what is spent, exposed, or not known', () => {
  it('case 20: who administers is asked again when the token may not ask, and nothing is rejected', async () => {
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

  it('case 20: a team is asked for its members; where our account may not see them, nothing is rejected', async () => {
    const { api } = vault.seed;
    await api('POST', '/orgs', { username: 'company' }, vault.owner.token);
    const { body } = await api('POST', '/orgs/company/teams', { name: 'deployers' }, vault.owner.token);
    const team = (body as { id: number }).id;
    await api('PUT', `/teams/${team}/members/ada`, {}, vault.owner.token);
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      'vault/policy.toml',
      '[tiers]\nbackup = "medium"\n[rules.medium]\napprovers = ["@company/Deployers"]\n[rules.high]\napprovers = ["owner"]\n',
    );
    await approved('backup-1');
    const teller = await vault.seed.createUser('teller', [
      'write:repository',
      'read:user',
      'read:organization',
    ]);
    await vault.seed.addCollaborator(vault.owner, vault.ops, teller.login, 'write');
    const asTeller = { PLUGIN_FORGE_TOKEN: teller.token, PLUGIN_FORGE_LOGIN: teller.login };

    const outside = await vault.run(asTeller);
    const withoutScope = await vault.run();
    await api('PUT', `/teams/${team}/members/teller`, {}, vault.owner.token);
    const inside = await vault.run(asTeller);

    for (const { code, text } of [outside, withoutScope]) {
      expect(code).toBe(1);
      expect(text).toContain('the members of @company/Deployers could not be read');
    }
    expect(await vault.rejected('backup-1')).toBeUndefined();
    expect(inside.code).toBe(0);
    expect(await vault.record('backup-1')).toMatchObject({ approvals: [{ login: 'ada' }] });
  });

  it('case 45: a bot that can push is said, whatever the rule', async () => {
    await approved('backup-1');

    const { text } = await vault.run({ PLUGIN_BOTS: 'asker' });

    expect(text).toContain('secrets of backup can be read by asker');
  });

  it('case 45: secrets of high tier that others can read are refused, unless that is accepted', async () => {
    const pull = await vault.ask('wipe-1', actionText('wipe'));
    await vault.approve(vault.owner, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    const refused = await vault.run();
    const accepted = await vault.run({ PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' });

    expect(refused.code).toBe(1);
    expect(refused.text).toContain('ada, asker may not approve it, but can push');
    expect(accepted.text).toContain('secrets of wipe can be read by ada, asker');
    const named = await vault.run({ PLUGIN_GATEKEEPER: 'asker', PLUGIN_DRY_RUN: 'true' });
    expect(named.text).not.toContain('asker may not approve');
    expect(await vault.runs()).toHaveLength(1);
  });

  it('case 22: the same id with other content is an error, and starts nothing', async () => {
    await approved('backup-1');
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

  it('case 21: a record that somebody else made in advance is an alarm, and nothing runs', async () => {
    await approved('backup-1');
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/fired/backup-1.json', '{"outcome":"success"}');

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('was not written by dispatcher');
    expect(await vault.runs()).toEqual([]);
  });

  it('case 21: four dispatchers at once start one run', async () => {
    await approved('backup-1');

    const runs = await Promise.all([1, 2, 3, 4].map(() => vault.run()));

    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('case 21: an intent without a run is not acted on by another run, and after a while asks a person', async () => {
    await approved('backup-1');
    await vault.run();
    // As if the run had crashed between intent and dispatch.
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/contents/vault/fired/backup-1.json`);
    const record = await vault.record('backup-1');
    if (record === undefined) throw new Error('no record');
    const text = JSON.stringify({
      ...record,
      intent: { ...record.intent, nonce: 'never-started' },
      run: { ...record.run, inputs: { ...record.run.inputs, nonce: 'never-started' }, id: null, url: null },
      outcome: 'intended',
    });
    await fetch(`${vault.forge.url}/api/v1/repos/${vault.ops}/contents/vault/fired/backup-1.json`, {
      method: 'PUT',
      headers: { authorization: `token ${vault.dispatcher.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        branch: 'main',
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

  it.each(['failure', 'cancelled'] as const)(
    'case 23: a run that ends with %s is never a success',
    async (status) => {
      await approved('backup-1');
      await vault.run();
      const [run] = await vault.runs();
      vault.forge.settleRun(run?.id ?? 0, status);

      const { code, text } = await vault.run();

      expect(code).toBe(1);
      expect(text).toContain(`its run ended with ${status}`);
      expect(await vault.record('backup-1')).toMatchObject({ outcome: status });
    },
  );

  it('case 23: a run that never ends is recorded as over time', async () => {
    await approved('backup-1');
    await vault.run();

    await vault.run({}, new Date(Date.now() + 31 * 60_000));

    expect(await vault.record('backup-1')).toMatchObject({ outcome: 'timeout' });
  });

  it('case 26: an action that asks a person is said to wait, with what it unblocks, and blocks nobody', async () => {
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      'vault/actions/a-first.toml',
      'context = "why"\nunblocks = ["#7"]\n[action_required]\ndescription = "Press the button"\n',
    );
    await approved('backup-1');

    const { code, text } = await vault.run();

    expect(code).toBe(0);
    expect(text).toContain('a-first waits for a person: Press the button  (unblocks #7)');
    expect(await vault.runs()).toHaveLength(1);
  });

  it('case 18: policy and formulas of the pull request that asks are not read', async () => {
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/policy.toml', '[tiers]\nbackup = "low"\n', {
      from: 'main',
      name: 'vault/backup-1',
    });
    const { status } = await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/contents/vault/actions/backup-1.toml`,
      {
        branch: 'vault/backup-1',
        message: 'ask',
        content: Buffer.from(actionText()).toString('base64'),
      },
    );
    expect(status).toBe(201);
    await vault.seed.openPull(vault.asker, vault.ops, {
      head: 'vault/backup-1',
      base: 'main',
      title: 't',
      body: '',
    });

    await vault.run();

    expect(await vault.runs()).toEqual([]);
  });

  it('a freeze waits and rejects nothing', async () => {
    await vault.close();
    vault = await startVault(
      '[tiers]\nbackup = "medium"\n[rules.medium]\nfreeze = [{ days = "mon-sun", from = "00:00", to = "23:59", tz = "UTC", reason = "holidays" }]\n',
    );
    await approved('backup-1');

    const { code, text } = await vault.run({}, new Date('2030-01-01T12:00:00Z'));

    expect(code).toBe(0);
    expect(text).toContain('backup-1 waits: nothing of this tier runs now (holidays)');
    expect(await vault.rejected('backup-1')).toBeUndefined();
  });

  it('a workflow that disagrees with its formula is refused before anything is decided', async () => {
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      '.forgejo/workflows/backup.yml',
      `on:\n  workflow_dispatch:\n    inputs:\n      action: {}\njobs:\n  x:\n    steps:\n      - run: echo \${{ secrets.OTHER }}\n`,
    );
    await approved('backup-1');

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

describe('a review of open pull requests', () => {
  const review = (): ReturnType<Vault['run']> => vault.run({ PLUGIN_MODE: 'review' });
  async function said(pull: number): Promise<{ comments: string[]; status: unknown }> {
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
    const { body: request } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
    const { sha } = (request as { head: { sha: string } }).head;
    const { body: status } = await vault.seed.api('GET', `/repos/${vault.ops}/commits/${sha}/status`);
    return {
      comments: (body as { body: string }[]).map((item) => item.body),
      status: (status as { statuses: { context: string; status: string }[] }).statuses.map(
        ({ context, status: state }) => `${context}: ${state}`,
      ),
    };
  }

  it('says once what would run, with what, and who can still say yes; and again when that changes', async () => {
    const pull = await vault.ask('backup-1');

    const first = await review();
    const again = await review();
    await vault.approve(vault.ada, pull);
    const approvedNow = await review();

    expect(first.code).toBe(0);
    expect(again.text).toContain('Nothing to do');
    expect(approvedNow.code).toBe(0);
    const { comments, status } = await said(pull);
    expect(comments).toHaveLength(1);
    expect(comments[0]).toContain('- runs `backup`: `Back up`');
    expect(comments[0]).toContain('with the secret `BACKUP_KEY` and `target = db`');
    expect(comments[0]).toContain('tier **medium**: `policy says medium for backup`');
    expect(comments[0]).toContain('approved by `ada`');
    expect(status).toEqual(['forgecrew/vault: success']);
    expect(await vault.runs()).toEqual([]);
  });

  it('looks at formulas and policy as well: whether they can be read, and agree with what they start', async () => {
    const formula = 'vault/formulas/backup.toml';
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/contents/${formula}`);
    const text = Buffer.from((body as { content: string }).content, 'base64').toString('utf8');
    const ask = async (name: string, files: Record<string, string>): Promise<number> => {
      for (const [file, content] of Object.entries(files))
        await vault.seed.putFile(vault.asker, vault.ops, file, content, {
          from: Object.keys(files)[0] === file ? 'main' : name,
          name,
        });
      return vault.seed.openPull(vault.asker, vault.ops, { head: name, base: 'main', title: name, body: '' });
    };
    const wrong = await ask('wrong', { [formula]: text.replace('[run]', '[inputs.more]\n[run]') });
    const right = await ask('right', {
      [formula]: text.replace('timeout_minutes = 30', 'timeout_minutes = 40'),
      'vault/policy.toml': '[tiers]\nbackup = "high"\n',
    });

    const { text: said } = await review();

    expect(said).toContain(`#${wrong} (vault/formulas/backup.toml): could not run`);
    expect(said).toContain(
      `#${right} (vault/formulas/backup.toml, vault/policy.toml): can be read, and agrees with what it starts`,
    );
    const { body: comments } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${wrong}/comments`);
    expect((comments as { body: string }[])[0]?.body).toContain('they would be dropped: more');
  });

  it('names who can approve while nobody has', async () => {
    const pull = await vault.ask('backup-1');

    await review();

    const { comments, status } = await said(pull);
    expect(comments[0]).toContain('It can come from `owner`, `ada`');
    expect(status).toEqual(['forgecrew/vault: pending']);
  });

  it('case 25: says at once when nobody can ever approve, with the way out', async () => {
    await vault.seed.api('DELETE', `/repos/${vault.ops}/collaborators/ada`);
    await vault.seed.api('DELETE', `/repos/${vault.ops}/collaborators/asker`);
    await vault.seed.putFile(vault.owner, vault.ops, 'vault/actions/backup-1.toml', actionText(), {
      from: 'main',
      name: 'vault/backup-1',
    });
    const pull = await vault.seed.openPull(vault.owner, vault.ops, {
      head: 'vault/backup-1',
      base: 'main',
      title: 't',
      body: '',
    });

    await review();

    expect((await said(pull)).comments[0]).toContain('**Nobody can give it**: 0 of the 1 needed may approve');
  });

  it('case 16: shows every fault with its place, and nothing of the document as markup', async () => {
    const pull = await vault.ask('backup-1', `${actionText()}\n[dispatch_mode]\nx = "@owner <img>"\n`);

    await review();

    const { comments, status } = await said(pull);
    expect(comments[0]).toContain('"dispatch_mode": no such field`');
    expect(comments[0]).not.toContain('<img>');
    expect(status).toEqual(['forgecrew/vault: failure']);
  });

  it('refuses an id that is used already, and a formula that is not there', async () => {
    await approved('backup-1');
    await vault.run();
    await vault.seed.api('DELETE', `/repos/${vault.ops}/branches/vault/backup-1`);
    const again = await vault.ask('other-1', actionText('unknown'));

    await review();

    expect((await said(again)).comments[0]).toContain('there is no formula vault/formulas/unknown.toml');
  });
});

describe('case 46: on a pull request’s own pipeline', () => {
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
