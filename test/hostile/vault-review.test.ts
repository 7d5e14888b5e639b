import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionText, startVault, type Vault } from '../vault.ts';

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

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
    expect(comments[0]).toContain('with the secret `BACKUP_KEY`\n- input `target`: `db`');
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

  it('compares a new formula with the workflow that comes with it, and where none comes with the one that is there', async () => {
    const read = async (file: string): Promise<string> => {
      const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/contents/${file}`);
      return Buffer.from((body as { content: string }).content, 'base64').toString('utf8');
    };
    const formula = (await read('vault/formulas/backup.toml')).replace('backup.yml', 'restore.yml');
    const workflow = await read('.forgejo/workflows/backup.yml');
    const ask = async (name: string, content: string | undefined): Promise<number> => {
      const from = { from: 'main', name };
      await vault.seed.putFile(vault.asker, vault.ops, 'vault/formulas/restore.toml', formula, from);
      if (content !== undefined)
        await vault.seed.putFile(vault.asker, vault.ops, '.forgejo/workflows/restore.yml', content, {
          from: name,
          name,
        });
      return vault.seed.openPull(vault.asker, vault.ops, { head: name, base: 'main', title: name, body: '' });
    };
    const both = await ask('both', workflow);
    const unlike = await ask('unlike', workflow.replace('      target: {required: true}\n', ''));
    const alone = await ask('alone', undefined);

    await review();

    expect((await said(both)).comments[0]).toContain('can be read, and agrees with its workflow');
    expect((await said(both)).status).toEqual(['forgecrew/vault: success']);
    expect((await said(unlike)).comments[0]).toContain('target');
    expect((await said(unlike)).status).toEqual(['forgecrew/vault: failure']);
    expect((await said(alone)).comments[0]).toContain('there is no workflow restore.yml');
  });

  it('names who can approve while nobody has', async () => {
    const pull = await vault.ask('backup-1');

    await review();

    const { comments, status } = await said(pull);
    expect(comments[0]).toContain('It can come from `ada`, `owner`');
    expect(status).toEqual(['forgecrew/vault: pending']);
  });

  it('says at once when nobody can ever approve, with the way out', async () => {
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

  it('shows every fault with its place, and nothing of the document as markup', async () => {
    const pull = await vault.ask('backup-1', `${actionText()}\n[dispatch_mode]\nx = "@owner <img>"\n`);

    await review();

    const { comments, status } = await said(pull);
    expect(comments[0]).toContain('"dispatch_mode": no such field`');
    expect(comments[0]).not.toContain('<img>');
    expect(status).toEqual(['forgecrew/vault: failure']);
  });

  it('refuses an id that is used already, and a formula that is not there', async () => {
    await vault.approved('backup-1');
    await vault.run();
    await vault.seed.api('DELETE', `/repos/${vault.ops}/branches/vault/backup-1`);
    const again = await vault.ask('other-1', actionText('unknown'));

    await review();

    expect((await said(again)).comments[0]).toContain('there is no formula vault/formulas/unknown.toml');
  });
});
