import { expect, it } from 'vitest';
import { onEveryForge } from './every-forge.ts';

onEveryForge('commit statuses', ({ api, bot, fresh, pass }) => {
  it('are listed with every one of a commit, the newest first, page by page', async () => {
    const name = await fresh('statuses-listed');
    const { body } = await api<{ commit: { id: string } }>(bot, 'GET', `/repos/${name}/branches/main`);
    const sha = body.commit.id;
    for (const [index, state] of ['pending', 'success', 'failure'].entries()) {
      await api(bot, 'POST', `/repos/${name}/statuses/${sha}`, {
        state,
        context: `c${index % 2}`,
        target_url: 'http://x.test/',
      });
      await pass(1100);
    }
    const list = (query = '', at = 'commits') =>
      api<{ status: string; context: string }[]>(
        bot,
        'GET',
        `/repos/${name}/${at === 'commits' ? `commits/${sha}/statuses` : `statuses/${sha}`}${query}`,
      );

    const { body: all, headers } = await list();

    expect(all).toMatchObject([
      { status: 'failure', context: 'c0', target_url: 'http://x.test/' },
      { status: 'success', context: 'c1' },
      { status: 'pending', context: 'c0' },
    ]);
    expect(headers.get('x-total-count')).toBe('3');
    expect((await list('?limit=1&page=2')).body).toMatchObject([{ status: 'success' }]);
    expect((await list('?sort=oldest')).body.map(({ status }) => status)).toEqual([
      'pending',
      'success',
      'failure',
    ]);
    expect((await list('?state=failure')).body).toMatchObject([{ status: 'failure' }]);
    expect((await list('', 'statuses')).body.length).toBe(3);
    expect((await api(bot, 'GET', `/repos/${name}/commits/main/status`)).body).toMatchObject({
      state: 'failure',
      total_count: 2,
    });
  });

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
