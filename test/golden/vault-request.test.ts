import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compiledFile, runCompiled } from '../compiled.ts';
import { actionText, startVault, type Vault } from '../vault.ts';

const file = compiledFile('vault-request');

describe.skipIf(!existsSync(file))('the compiled vault-request', () => {
  let vault: Vault;
  beforeEach(async () => {
    vault = await startVault();
  });
  afterEach(() => vault.close());

  it('asks from a fork, finds its request again, and refuses another text under the same id', async () => {
    const agent = await vault.seed.createUser('agent', ['write:repository', 'read:user']);
    const told = async (action: string): Promise<string> => {
      const from = vault.forge.requests.length;
      const { code, lines } = await runCompiled(file, {
        CI: 'woodpecker',
        CI_FORGE_URL: vault.forge.url,
        CI_PIPELINE_EVENT: 'push',
        PLUGIN_OPS_REPO: vault.ops,
        PLUGIN_FORGE_TOKEN: agent.token,
        PLUGIN_ID: 'backup-1',
        PLUGIN_ACTION: action,
      });
      const writes = vault.forge.requests.slice(from).filter(({ method }) => method !== 'GET');
      return [
        'the log:',
        ...lines.map((line) => `  ${line.replaceAll(vault.forge.url, '<forge>')}`),
        'the writes:',
        ...writes.map(({ method, path, status }) => `  ${method} ${path} ${status}`),
        `exit code ${code}`,
        '',
      ].join('\n');
    };

    const stories = [
      await told(actionText()),
      await told(actionText()),
      await told(actionText('backup', 'timeout_minutes = 5')),
    ];
    const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/pulls?state=open`);
    const [pull] = body as { body: string }[];

    expect(`${stories.join('\n')}\nthe pull request:\n${pull?.body}`).toMatchSnapshot();
  });
});
