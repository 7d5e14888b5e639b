import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withClone } from '../contract/forge/git.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

// Somebody turns main back through a merge, or has something else run than what was shown.

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

const review = (more: Record<string, string> = {}): ReturnType<Vault['run']> =>
  vault.run({ PLUGIN_MODE: 'review', PLUGIN_LOW_TIER: 'auto-merge', ...more });

async function pullOf(number: number): Promise<{ merged: boolean; head: { sha: string } }> {
  const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls/${number}`);
  return body as { merged: boolean; head: { sha: string } };
}

async function commentOn(number: number): Promise<string> {
  const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${number}/comments`);
  return (body as { body: string }[])[0]?.body ?? '';
}

/** A low action on main as it was at first, with a merge of today's main that throws all of it away. */
async function askTurningBack(): Promise<number> {
  await withClone(vault.forge.url, vault.asker, vault.ops, async ({ folder, git, write, commit }) => {
    const first = (await git('rev-list', '--max-parents=0', 'HEAD')).split('\n')[0] ?? '';
    await git('checkout', '-q', '-b', 'vault/turn', first);
    await git('checkout', '-q', 'main', '--', 'vault');
    await git('rm', '-q', '-r', '--cached', 'vault');
    await git('clean', '-fdq');
    mkdirSync(`${folder}/vault/actions`, { recursive: true });
    write('vault/actions/clean-1.toml', actionText('cleanup'));
    await commit('a low action');
    await git('merge', '-q', '-s', 'ours', '--no-ff', '-m', 'as main is', 'main');
    await git('push', '-q', 'origin', 'vault/turn');
  });
  return vault.seed.openPull(vault.asker, vault.ops, {
    head: 'vault/turn',
    base: 'main',
    title: 'vault: clean-1',
    body: '',
  });
}

describe('a branch that would turn main back', () => {
  it('is not merged, although it shows nothing but a low action', async () => {
    const pull = await askTurningBack();

    const { code, text } = await review();

    expect((await pullOf(pull)).merged).toBe(false);
    expect(code).toBe(0);
    expect(text).not.toContain('merge of');
    const { status } = await vault.seed.api('GET', `/repos/${vault.ops}/contents/vault/policy.toml`);
    expect(status).toBe(200);
  });

  it('starts nothing for anybody once our own account has merged one all the same', async () => {
    await vault.approved('backup-1');
    const pull = await askTurningBack();
    // As if something had gone wrong between the look and the merge.
    await vault.opened(() => vault.seed.mergePull(vault.dispatcher, vault.ops, pull));

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain('was merged by dispatcher as one that only adds actions, and it changed');
    expect(text).toContain('Nothing is started');
    expect(await vault.runs()).toEqual([]);
  });

  it('and what is merged here is merged by a commit, whatever the repository does by default', async () => {
    await vault.seed.api('PATCH', `/repos/${vault.ops}`, { default_merge_style: 'rebase' });
    const pull = await vault.ask('clean-1', actionText('cleanup'));

    await review();

    expect((await pullOf(pull)).merged).toBe(true);
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/commits?limit=1`);
    expect((body as { parents: unknown[] }[])[0]?.parents).toHaveLength(2);
  });

  it('and where the repository allows no merge commits, a person merges', async () => {
    await vault.seed.api('PATCH', `/repos/${vault.ops}`, { allow_merge_commits: false, allow_rebase: true });
    const pull = await vault.ask('clean-1', actionText('cleanup'));

    await review();

    expect((await pullOf(pull)).merged).toBe(false);
    expect(await commentOn(pull)).toContain('this repository allows no merge commits');
  });
});

describe('what people approve by', () => {
  it('says that no approval counts before the branch has the formula of today', async () => {
    const pull = await vault.ask('backup-1');
    await vault.approve(vault.ada, pull);
    const formula = 'vault/formulas/backup.toml';
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/contents/${formula}`);
    const text = Buffer.from((body as { content: string }).content, 'base64').toString('utf8');
    await vault.opened(() => vault.seed.putFile(vault.owner, vault.ops, formula, `${text}# other\n`));

    await review();

    expect(await commentOn(pull)).toContain(
      '**No approval counts yet**: whoever may push to its branch merges `main` into it',
    );
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
    await vault.run();
    expect(await vault.runs()).toEqual([]);
    expect((await vault.rejected('backup-1'))?.reasons.join()).toContain('another version of its formula');
  });

  it('is the commit of another repository, from when it was shown, and only while its branch stays there', async () => {
    await vault.close();
    let time = Date.now();
    vault = await startVault(undefined, { now: () => new Date(time) });
    const app = await vault.seed.createRepository(vault.owner, 'app');
    await vault.seed.addCollaborator(vault.owner, app, 'dispatcher', 'admin');
    const { body } = await vault.seed.api(
      'GET',
      `/repos/${vault.ops}/contents/.forgejo/workflows/backup.yml`,
    );
    const workflow = Buffer.from((body as { content: string }).content, 'base64').toString('utf8');
    const file = '.forgejo/workflows/backup.yml';
    await vault.seed.putFile(vault.owner, app, file, workflow);
    await vault.opened(() =>
      vault.seed.putFile(
        vault.owner,
        vault.ops,
        'vault/formulas/wipe.toml',
        `description = "d"\nsecrets = ["BACKUP_KEY"]\ntimeout_minutes = 5\n[inputs.target]\n[run]\nbackend = "forgejo-workflow"\nrepo = "${app}"\nworkflow = "backup.yml"\n`,
      ),
    );
    const later = (): Date => {
      time += 60_000;
      return new Date(time);
    };
    const asked = async (id: string): Promise<number> => vault.ask(id, actionText('wipe'));
    const accepted = { PLUGIN_ACCEPT_EXPOSED_SECRETS: 'true' };
    const early = await asked('wipe-1');
    await vault.approve(vault.owner, early);
    const late = await asked('wipe-2');
    const moved = await asked('wipe-3');

    later();
    await review(accepted);
    const shown = (await commentOn(late)).match(/at commit `([0-9a-f]{40})`/)?.[1];
    later();
    for (const pull of [late, moved]) await vault.approve(vault.owner, pull);
    for (const pull of [early, late]) await vault.seed.mergePull(vault.owner, vault.ops, pull);
    await vault.run(accepted, later());
    await vault.seed.putFile(vault.owner, app, 'more', 'x');
    await vault.seed.mergePull(vault.owner, vault.ops, moved);
    await vault.run(accepted, later());

    expect((await vault.rejected('wipe-1'))?.reasons.join()).toContain(
      'before it was shown which commit would run',
    );
    expect((await vault.record('wipe-2'))?.run).toMatchObject({ repository: app, commit: shown });
    expect((await vault.rejected('wipe-3'))?.reasons.join()).toContain(
      'has moved since people were shown its commit',
    );
  });
});
