import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

const file = compiledFile('vault-dispatch');

describe.skipIf(!existsSync(file))('the compiled vault-dispatch', () => {
  let vault: Vault;
  beforeEach(async () => {
    vault = await startVault();
  });
  afterEach(() => vault.close());

  /** Log and calls as one text that reads like a story; what differs from run to run is named instead. */
  async function told(): Promise<string> {
    const from = vault.forge.requests.length;
    const { code, lines } = await runCompiled(file, vault.environment());
    const writes = vault.forge.requests.slice(from).filter(({ method }) => method !== 'GET');
    return [
      'the log:',
      ...lines.map(
        (line) =>
          `  ${line.replaceAll(vault.forge.url, '<forge>').replace(/\b(?:[0-9a-f]{40}|[0-9a-f]{10})\b/g, '<commit>')}`,
      ),
      'the writes:',
      ...writes.map(
        ({ method, path, status }) =>
          `  ${method} ${path.replace(/\b[0-9a-f]{40}\b/g, '<commit>')} ${status}`,
      ),
      `exit code ${code}`,
      '',
    ].join('\n');
  }

  it('starts what was approved, sees it end, refuses what was not, and shows what waits for a person', async () => {
    await vault.approved('backup-1');
    await vault.seed.putFile(vault.asker, vault.ops, 'vault/actions/forged-1.toml', actionText());
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      'vault/actions/button-1.toml',
      'context = "why"\nunblocks = ["#7"]\n[action_required]\ndescription = "Press the button"\n',
    );

    const first = await told();
    const [run] = await vault.runs();
    vault.forge.settleRun(run?.id ?? 0, 'success');
    const second = await told();

    expect(`${first}\n${second}`).toMatchSnapshot();
  });

  it('tells the pull request that asked that its action was withdrawn', async () => {
    await vault.seed.putFile(
      vault.owner,
      vault.ops,
      'forgecrew.toml',
      'pause = true\nreason = "an incident"\n',
    );
    await vault.approved('backup-1');
    const paused = await told();
    for (const path of ['vault/actions/backup-1.toml', 'forgecrew.toml']) {
      const file = `/repos/${vault.ops}/contents/${path}`;
      const { body } = await vault.seed.api('GET', file);
      const { sha } = body as { sha: string };
      await vault.seed.api('DELETE', file, { sha, branch: 'main', message: 'away' }, vault.owner.token);
    }

    expect(`${paused}\n${await told()}`).toMatchSnapshot();
  });
});
