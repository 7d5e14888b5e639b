import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

const compiled = compiledFile('forgecrew');

describe.skipIf(!existsSync(compiled))('forgecrew explain', () => {
  let vault: Vault;
  beforeEach(async () => {
    vault = await startVault();
  });
  afterEach(() => vault.close());

  async function explain(id: string): Promise<{ code: number | null; text: string }> {
    return runCompiled(
      compiled,
      { FORGECREW_FORGE_TOKEN: vault.ada.token },
      { args: ['explain', id, '--ops-repo', vault.ops, '--forge-url', vault.forge.url] },
    );
  }

  it('tells what was asked, who said what, and how it ended', async () => {
    await vault.approved('backup-1');
    await vault.run();
    vault.forge.settleRun(1, 'success');
    await vault.run();

    const { code, text } = await explain('backup-1');

    expect(code).toBe(0);
    for (const part of [
      '#1 "vault: backup-1" by asker',
      '#1 approved by ada',
      '#1 was merged',
      'it asks for backup',
      'intended by dispatcher: medium (policy says medium for backup), approved by ada',
      'started as run 1 of backup.yml at main',
      'ended: success',
    ])
      expect(text).toContain(part);
  });

  it('finds what was asked from a fork, and tells of a gate', async () => {
    const agent = await vault.seed.createUser('agent', ['write:repository', 'read:user']);
    await vault.seed.api('POST', `/repos/${vault.ops}/forks`, {}, agent.token);
    await vault.seed.putFile(agent, 'agent/ops', 'vault/actions/backup-1.toml', actionText(), {
      from: 'main',
      name: 'vault/backup-1',
    });
    const pull = await vault.seed.openPull(agent, vault.ops, {
      head: 'agent:vault/backup-1',
      base: 'main',
      title: 't',
      body: '',
    });
    const asked = await explain('backup-1');
    await vault.approve(vault.ada, pull);
    await vault.seed.mergePull(vault.owner, vault.ops, pull);
    await vault.run();
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/claimed/backup-1.json', '{}');

    expect(asked.text).toContain('#1 "t" by agent');
    expect((await explain('backup-1')).text).toContain('is no claim: somebody else made it');
  });

  it('says of a record that somebody else wrote that it may be forged', async () => {
    await vault.approved('backup-1');
    await vault.run();
    const record = await vault.record('backup-1');
    await vault.seed.putFile(
      vault.asker,
      vault.ops,
      'vault/fired/backup-1.json',
      JSON.stringify({ ...record, outcome: 'success' }),
    );

    expect((await explain('backup-1')).text).toContain('was also written by asker: it may be forged');
  });

  it('tells what the verdict on something would be that is merged and has no record', async () => {
    const pull = await vault.ask('backup-1');
    await vault.seed.mergePull(vault.owner, vault.ops, pull);

    const { text } = await explain('backup-1');

    expect(text).toContain('With its default settings vault-dispatch would now say:');
    expect(text).toContain('not approved (medium: policy says medium for backup)');
    expect(text).toContain('an approval could come from owner, ada');
  });

  it('tells why something did not run, and that nothing is known of what nobody asked', async () => {
    await vault.ask('backup-1');

    expect((await explain('backup-1')).text).toContain(
      '#1 is open, and was not merged\nvault/actions/backup-1.toml is not on main',
    );
    expect((await explain('none-1')).code).toBe(1);
  });
});
