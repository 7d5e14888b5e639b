import { expect, it } from 'vitest';
import { onEveryForge } from './every-forge.ts';

onEveryForge('commit statuses', ({ api, bot, fresh }) => {
  it('are kept by name, the newest of each counting', async () => {
    const name = await fresh('statuses');
    const { body } = await api<{ commit: { id: string } }>(bot, 'GET', `/repos/${name}/branches/main`);
    const sha = body.commit.id;
    const set = (state: string): ReturnType<typeof api> =>
      api(bot, 'POST', `/repos/${name}/statuses/${sha}`, {
        state,
        context: 'forgecrew/vault',
        description: 'd',
      });

    expect((await set('pending')).status).toBe(201);
    expect((await set('success')).status).toBe(201);
    expect((await api(bot, 'GET', `/repos/${name}/commits/${sha}/status`)).body).toMatchObject({
      statuses: [{ context: 'forgecrew/vault', status: 'success', description: 'd' }],
    });
    expect(
      (
        await api(bot, 'POST', `/repos/${name}/statuses/${'dead'.repeat(10)}`, {
          state: 'success',
          context: 'x',
        })
      ).status,
    ).toBe(404);
  });
});
