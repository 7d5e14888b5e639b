import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';
import { withClone } from './git.ts';

onEveryForge('git over HTTP', ({ api, bot, fresh, seed, url }) => {
  it('clones what the API wrote, and the API reads what was pushed', async () => {
    const name = await fresh('git');
    await seed.putFile(bot, name, 'a.md', 'by the API\n');

    await withClone(url(), bot, name, async ({ git, write, commit }) => {
      write('b.md', 'by git\n');
      await commit('by git');
      await git('push', '-q', 'origin', 'HEAD:main');
      // As a runner asks that clones an action.
      const address = (await git('remote', 'get-url', 'origin')).trim();
      const withoutEnding = await git('ls-remote', address.replace(/\.git$/, ''), 'refs/heads/main');
      expect(withoutEnding).toBe(await git('ls-remote', address, 'refs/heads/main'));
      expect(withoutEnding).toContain('refs/heads/main');
    });

    expect((await api<{ content: string }>(bot, 'GET', `/repos/${name}/contents/b.md`)).body.content).toBe(
      base64('by git\n'),
    );
  });
});
