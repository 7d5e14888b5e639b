import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

const compiled = compiledFile('forgecrew');

describe.skipIf(!existsSync(compiled))('forgecrew protect', () => {
  let vault: Vault;
  beforeEach(async () => {
    vault = await startVault();
  });
  afterEach(() => vault.close());

  const protect = (token: string, ...more: string[]): ReturnType<typeof protectFor> =>
    protectFor('dispatcher', token, ...more);

  async function protectFor(
    dispatcher: string,
    token: string,
    ...more: string[]
  ): Promise<{ code: number | null; text: string }> {
    return runCompiled(
      compiled,
      { FORGECREW_FORGE_TOKEN: token },
      {
        args: [
          'protect',
          '--ops-repo',
          vault.ops,
          '--forge-url',
          vault.forge.url,
          '--dispatcher',
          dispatcher,
          ...more,
        ],
      },
    );
  }

  it('says what is missing, sets it, and shows what the forge stored; the vault works behind it', async () => {
    const before = await protect(vault.owner.token);
    const applied = await protect(vault.owner.token, '--apply');
    const after = await protect(vault.owner.token);

    expect(before).toMatchObject({
      code: 1,
      text: expect.stringMatching(/! main of owner\/ops: no rule is named main/),
    });
    expect(applied.code).toBe(0);
    expect(after.text).toContain('pushing: dispatcher');
    expect(after.text).toContain('approvals needed to merge: 1, dismissed by a push, none against');
    expect(after.text).toContain('without a pull request: evidence/**;vault/claimed/**');
    await vault.approved('backup-1');
    expect((await vault.run()).code).toBe(0);
    expect(await vault.runs()).toHaveLength(1);
  });

  it('sets nothing for an account that cannot write, and shows nothing to who is no admin', async () => {
    expect(await protectFor('nobody', vault.owner.token, '--apply')).toMatchObject({
      code: 1,
      text: expect.stringContaining('nobody has no write access to owner/ops, or there is no such account'),
    });
    expect(await protect(vault.ada.token)).toMatchObject({
      code: 2,
      text: expect.stringContaining("The token's account does not administer owner/ops"),
    });
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/branch_protections`);
    expect(body).toEqual([]);
  });

  it('names the posture: open as soon as an agent can push, and says what an exemption would allow', async () => {
    await protect(vault.owner.token, '--apply');
    await vault.seed.api('PATCH', `/repos/${vault.ops}/branch_protections/main`, {
      unprotected_file_patterns: 'vault/fired/**',
    });

    const { code, text } = await protect(vault.owner.token, '--bots', 'asker');

    expect(code).toBe(1);
    expect(text).toContain('vault/fired/** may not be exempt');
    expect(text).toContain('posture: open, because asker can push');
  });

  it('lets people merge, and no agent', async () => {
    const before = await protect(vault.owner.token, '--bots', 'asker', '--apply');
    const pull = await vault.ask('clean-1', actionText('cleanup'));
    await vault.approve(vault.ada, pull);
    const byAgent = await vault.seed.api(
      'POST',
      `/repos/${vault.ops}/pulls/${pull}/merge`,
      { Do: 'merge' },
      vault.asker.token,
    );

    expect(before.text).toContain('merging: ');
    expect(before.text).not.toContain('should not merge');
    expect(byAgent.status).toBeGreaterThanOrEqual(400);
    await vault.seed.mergePull(vault.ada, vault.ops, pull);
  });

  it('without the right to ask says whose token it needs', async () => {
    const { code, text } = await protect(vault.asker.token);

    expect(code).toBe(2);
    expect(text).toContain('admin');
  });
});
