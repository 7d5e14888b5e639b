import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

describe('what every role survives, vault-dispatch does too', () => {
  it('a secret in what somebody asks for is neither printed nor sent', async () => {
    const { token } = vault.dispatcher;
    const pull = await vault.ask(
      'backup-1',
      actionText().replace(
        'target = "db"',
        `target = "${token}"\n"${Buffer.from(token).toString('base64')}" = "x"`,
      ),
    );

    const { text } = await vault.run({ PLUGIN_MODE: 'review' });

    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
    for (const said of [text, JSON.stringify(body)]) {
      expect(said).not.toContain(token);
      expect(said).not.toContain(Buffer.from(token).toString('base64').slice(0, 40));
    }
  });

  it('an archived repository is found out first, and nothing is written', async () => {
    await vault.approved('backup-1');
    await vault.seed.api('PATCH', `/repos/${vault.ops}`, { archived: true });

    const { code, text, calls } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('is archived');
    expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
  });

  it('branches that somebody made newer than all of ours hide none of them', async () => {
    await vault.approved('backup-1');
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const made = await vault.seed.api('POST', `/repos/${vault.ops}/contents/later`, {
      new_branch: 'later-0',
      branch: 'main',
      message: 'later',
      content: '',
      dates: { author: later, committer: later },
    });
    expect(made.status).toBe(201);
    for (let nth = 1; nth < 50; nth += 1)
      await vault.seed.api('POST', `/repos/${vault.ops}/branches`, {
        new_branch_name: `later-${nth}`,
        old_ref_name: 'later-0',
      });

    const { code, calls } = await vault.run();

    expect(code).toBe(0);
    expect(await vault.runs()).toHaveLength(1);
    const asked = calls.filter((call) => call.includes('/branches/'));
    for (const branch of ['main', 'vault-records', 'vault-claims'])
      expect(asked.some((call) => call.includes(`/branches/${branch} `))).toBe(true);
  });

  it('a lost race is no missing right: it is looked at again, and no path of the server is printed', async () => {
    await vault.approved('backup-1');
    let lost = 0;
    const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) => {
      if (!request.startsWith('POST') || !request.includes('/contents/fired/') || lost > 0) return undefined;
      lost += 1;
      return {
        status: 403,
        body: { message: "PushRejected: cannot lock ref 'refs/heads/main' at /srv/git/owner/ops.git" },
      };
    });

    const { code, text } = await vault.run({ CI_FORGE_URL: proxy.url });
    await proxy.close();

    expect(lost).toBe(1);
    expect(code).toBe(0);
    expect(text).not.toContain('/srv/git');
    expect(await vault.runs()).toHaveLength(1);
  });

  it('an approval of an older commit, and a merge by force, are no approval of what would run', async () => {
    const pull = await vault.ask('backup-1');
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${pull}`);
    const { head } = body as { head: { sha: string } };
    await vault.seed.putFile(vault.asker, vault.ops, 'sprints/a.md', 'a', {
      from: 'vault/backup-1',
      name: 'vault/backup-1',
    });
    await vault.approve(vault.ada, pull, { commit_id: head.sha });
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    await vault.run();

    expect(await vault.runs()).toEqual([]);
    expect((await vault.rejected('backup-1'))?.reasons.join()).toContain('is for an older commit');
  });

  it('the automatic token is refused in one sentence, before any call', async () => {
    const { code, text } = await vault.start({
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: vault.forge.url,
      GITHUB_REPOSITORY: vault.ops,
      GITHUB_EVENT_NAME: 'schedule',
      GITHUB_TOKEN: 'the-automatic-token',
      'INPUT_FORGE-TOKEN': 'the-automatic-token',
      'INPUT_FORGE-LOGIN': 'forgejo-actions',
    });

    expect(code).toBe(1);
    expect(text).toContain('is the automatic Actions token');
    // The runner swallows that command, and hides the value from then on.
    expect(text.replace('::add-mask::the-automatic-token', '')).not.toContain('the-automatic-token');
    expect(vault.forge.requests.filter(({ as }) => as === 'forgejo-actions')).toEqual([]);
  });
});
