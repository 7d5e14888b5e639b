import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../faults/proxy.ts';
import { startVault, type Vault } from '../vault.ts';

let vault: Vault;
beforeEach(async () => {
  vault = await startVault();
});
afterEach(() => vault.close());

/** A tag that is called like the commit that is to run, and leads to a workflow of the asker's own. */
async function tagLikeTheCommit(): Promise<string> {
  const { body: main } = await vault.seed.api('GET', `/repos/${vault.ops}/branches/main`);
  const commit = (main as { commit: { id: string } }).commit.id;
  const evil = await vault.seed.putFile(
    vault.asker,
    vault.ops,
    '.forgejo/workflows/backup.yml',
    'on: {workflow_dispatch: {inputs: {action: {}, nonce: {}, target: {}}}}\njobs: {run: {runs-on: docker, steps: [{run: x}]}}\n',
    { from: 'main', name: 'evil' },
  );
  const { status } = await vault.seed.api(
    'POST',
    `/repos/${vault.ops}/tags`,
    { tag_name: commit, target: evil },
    vault.asker.token,
  );
  expect(status).toBe(201);
  return commit;
}

describe('something that is called like the commit which was approved', () => {
  it('is found before anything is started', async () => {
    await vault.approved('backup-1');
    const commit = await tagLikeTheCommit();

    const { code, text } = await vault.run();

    expect(code).toBe(1);
    expect(text).toContain(`has a tag or a branch that is called ${commit}`);
    expect(await vault.runs()).toEqual([]);
  });

  it.each([
    ['running', 'cancelled'],
    ['success', 'failure'],
  ] as const)(
    'and came after that look: its run, which is %s by then, ends red and is on record with %s',
    async (status, outcome) => {
      const pull = await vault.approved('backup-1');
      await tagLikeTheCommit();
      const proxy = await startFaultProxy(vault.forge.url, undefined, (_, request) => {
        // What it started has ended before it is looked at.
        if (status === 'success' && request.startsWith('GET') && /\/actions\/runs.*limit=50/.test(request))
          vault.forge.settleRun(1, status);
        return request.includes('/git/refs/tags/') ? { status: 404, body: { message: 'no' } } : undefined;
      });

      const { code, text } = await vault.run({ CI_FORGE_URL: proxy.url });
      await proxy.close();

      expect(code).toBe(1);
      expect(text).toContain('was approved: its branch moved, or something else is called like that commit');
      expect((await vault.ended('backup-1'))?.outcome).toBe(outcome);
      const { body } = await vault.seed.api('GET', `/repos/${vault.ops}/issues/${pull}/comments`);
      expect(JSON.stringify(body)).toContain(`ended with ${outcome}: `);
    },
  );
});
