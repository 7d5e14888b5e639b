import { afterEach, describe, expect, it } from 'vitest';
import { type Pitching, startPitching } from '../pitching.ts';
import { startVault, type Vault } from '../vault.ts';

// That `bots` in the crew file means what the setting means, and that the two add up. The label of vault-request is in its
// own file, as is `forgecrew protect`.

let forge: { close(): Promise<void> } | undefined;
afterEach(async () => {
  await forge?.close();
  forge = undefined;
});

async function vaultWith(bots: string): Promise<Vault> {
  const vault = await startVault();
  forge = vault;
  await vault.seed.putFile(vault.owner, vault.ops, 'forgecrew.toml', `bots = [${bots}]\n`);
  return vault;
}

describe('bots of the crew file', () => {
  it('never approve an action', async () => {
    const vault = await vaultWith('"ADA"');
    await vault.approved('one');

    const { text } = await vault.run();

    expect(await vault.runs()).toEqual([]);
    expect(text).toContain('0 of 1 approvals');
  });

  it('are beside those of the setting, which they do not replace', async () => {
    const vault = await vaultWith('"somebody-else"');
    await vault.approved('one');

    await vault.run({ PLUGIN_BOTS: 'ada' });
    expect(await vault.runs()).toEqual([]);
  });

  it('leave everybody else as they are', async () => {
    const vault = await vaultWith('"somebody-else"');
    await vault.approved('one');

    await vault.run();

    expect(await vault.runs()).toHaveLength(1);
  });

  it('count as the branch has them, whatever a pull request says', async () => {
    const vault = await vaultWith('"ada"');
    await vault.seed.putFile(vault.asker, vault.ops, 'forgecrew.toml', 'bots = []\n', {
      from: 'main',
      name: 'free-ada',
    });
    await vault.approved('one');

    await vault.run();

    expect(await vault.runs()).toEqual([]);
  });

  it('decide on no pitch', async () => {
    const pitching: Pitching = await startPitching();
    forge = pitching;
    await pitching.seed.putFile(pitching.owner, pitching.ops, 'forgecrew.toml', 'bots = ["ada"]\n');
    const vision = await pitching.pitched();
    const [pull] = await pitching.pulls();
    await pitching.say(pitching.ada, pull?.number ?? 0, 'REJECT: no');

    const { text, writes } = await pitching.run();

    expect(vision).toBeGreaterThan(0);
    expect(pull?.state).toBe('open');
    expect(text).toContain('pitch #1 waits for ACCEPT or REJECT');
    expect(writes.filter((call) => call.startsWith('PATCH'))).toEqual([]);
    expect((await pitching.pulls())[0]?.state).toBe('open');
  });
});
