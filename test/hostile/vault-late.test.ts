import { afterEach, expect, it } from 'vitest';
import { actionText, startVault, type Vault } from '../vault.ts';

// A fork's commit comes to the repository up to two seconds after its pull request names it.

let vault: Vault;
afterEach(() => vault.close());

/** Opens a pull request from a fork, and asks for something else on it right away. */
async function askFromFork(forkLag: number): Promise<number> {
  vault = await startVault(undefined, { forkLag });
  const { seed, ops } = vault;
  const agent = await seed.createUser('agent', ['write:repository', 'write:issue', 'read:user']);
  await seed.addCollaborator(vault.owner, ops, agent.login, 'read');
  const { status } = await seed.api('POST', `/repos/${ops}/forks`, {}, agent.token);
  expect(status).toBe(202);
  const put = (target: string): Promise<unknown> =>
    seed.putFile(
      agent,
      'agent/ops',
      'vault/actions/backup-1.toml',
      actionText().replace('"db"', `"${target}"`),
      {
        from: target === 'db' ? 'main' : 'asked',
        name: 'asked',
      },
    );
  await put('db');
  const pull = await seed.openPull(agent, ops, { head: 'agent:asked', base: 'main', title: 'x', body: '' });
  vault.forge.settleHeads();
  await put('files');
  return pull;
}

async function comments(pull: number): Promise<string[]> {
  const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
  return (body as { body: string }[]).map((item) => item.body);
}

it('is looked for again within the run, and what is said is of the newest commit', async () => {
  const pull = await askFromFork(3);

  const { code, text } = await vault.run({ PLUGIN_MODE: 'review' });

  expect(code).toBe(0);
  expect(text).toContain(`#${pull} (backup-1): pending async review`);
  expect((await comments(pull)).join('\n')).toContain('input `target`: `files`');
});

it('is not yet there as long as it does not come: nothing is said of an older one, and nothing is taken away', async () => {
  const pull = await askFromFork(1000);

  const { code, text } = await vault.run({ PLUGIN_MODE: 'review' });

  expect(code).toBe(0);
  expect(text).toContain(`what #${pull} asks for could not be found out yet`);
  expect(await comments(pull)).toEqual([]);
});
