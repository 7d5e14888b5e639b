import { expect, it } from 'vitest';
import type { Person } from '../../../embedded-forge/seed.ts';
import { type Issue, onEveryForge } from './every-forge.ts';

onEveryForge('dependencies', ({ api, bot, fresh, issue, owner, reader }) => {
  it('are made once; again and in a circle they are refused (500, or 409 where the database says it better)', async () => {
    const name = await fresh('dependencies');
    const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
    const add = (index: number, on: number): ReturnType<typeof api> =>
      api(bot, 'POST', `/repos/${name}/issues/${index}/dependencies`, {
        index: on,
        owner: owner.login,
        repo: 'dependencies',
      });

    expect((await add(two.number, one.number)).status).toBe(201);
    expect([500, 409]).toContain((await add(two.number, one.number)).status);
    expect([500, 409]).toContain((await add(one.number, two.number)).status);
    const list = await api<Issue[]>(
      bot,
      'GET',
      `/repos/${name}/issues/${two.number}/dependencies?page=1&limit=50`,
    );
    expect(list.body.map(({ number }) => number)).toEqual([one.number]);
    expect(
      (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues/${two.number}/dependencies?page=2&limit=50`))
        .body,
    ).toEqual([]);
  });

  it('keep an issue open while one is open, and can be removed', async () => {
    const name = await fresh('blocked');
    const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
    const link = { index: one.number, owner: owner.login, repo: 'blocked' };
    await api(bot, 'POST', `/repos/${name}/issues/${two.number}/dependencies`, link);

    expect((await api(bot, 'PATCH', `/repos/${name}/issues/${two.number}`, { state: 'closed' })).status).toBe(
      412,
    );
    expect(
      (await api(bot, 'DELETE', `/repos/${name}/issues/${two.number}/dependencies`, link)).status,
    ).toBeLessThan(300);
    expect((await api(bot, 'PATCH', `/repos/${name}/issues/${two.number}`, { state: 'closed' })).status).toBe(
      201,
    );
  });

  it('are listed from both ends, without a count', async () => {
    const name = await fresh('both-ends');
    const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
    const link = { index: one.number, owner: owner.login, repo: 'both-ends' };
    await api(bot, 'POST', `/repos/${name}/issues/${two.number}/dependencies`, link);

    const needs = await api<Issue[]>(bot, 'GET', `/repos/${name}/issues/${two.number}/dependencies`);
    const blocks = await api<Issue[]>(bot, 'GET', `/repos/${name}/issues/${one.number}/blocks`);

    expect(needs.headers.get('x-total-count')).toBeNull();
    expect(needs.body.map(({ title }) => title)).toEqual(['one']);
    expect(blocks.body.map(({ title }) => title)).toEqual(['two']);
  });

  it('are 404 to a reader, and to an issue that is not there', async () => {
    const name = await fresh('nowhere');
    const [one, two] = [
      await issue(reader, name, { title: 'one' }),
      await issue(bot, name, { title: 'two' }),
    ];
    const add = (by: Person, index: number): ReturnType<typeof api> =>
      api(by, 'POST', `/repos/${name}/issues/${one.number}/dependencies`, {
        index,
        owner: owner.login,
        repo: 'nowhere',
      });

    expect((await add(reader, two.number)).status).toBe(404);
    expect((await add(bot, 999_999)).status).toBe(404);
  });

  it('on itself are taken, and then the issue can never be closed', async () => {
    const name = await fresh('on-itself');
    const { number } = await issue(bot, name, { title: 'x' });

    expect(
      (
        await api(bot, 'POST', `/repos/${name}/issues/${number}/dependencies`, {
          index: number,
          owner: owner.login,
          repo: 'on-itself',
        })
      ).status,
    ).toBe(201);
    expect((await api(bot, 'PATCH', `/repos/${name}/issues/${number}`, { state: 'closed' })).status).toBe(
      412,
    );
  });

  it('that are gone cannot be removed again (500, or 404 where the server says it better)', async () => {
    const name = await fresh('removed');
    const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
    const link = { index: one.number, owner: owner.login, repo: 'removed' };
    await api(bot, 'POST', `/repos/${name}/issues/${two.number}/dependencies`, link);
    const remove = (): ReturnType<typeof api> =>
      api(bot, 'DELETE', `/repos/${name}/issues/${two.number}/dependencies`, link);

    expect((await remove()).status).toBeLessThan(300);
    expect([404, 500]).toContain((await remove()).status);
  });

  it('are 404 where they are switched off, which the repository says', async () => {
    const name = await fresh('no-dependencies');
    await api(owner, 'PATCH', `/repos/${name}`, {
      internal_tracker: {
        enable_time_tracker: true,
        allow_only_contributors_to_track_time: true,
        enable_issue_dependencies: false,
      },
    });
    const { number } = await issue(bot, name, { title: 'x' });

    expect((await api(bot, 'GET', `/repos/${name}/issues/${number}/dependencies`)).status).toBe(404);
    expect(
      (await api<{ internal_tracker: unknown }>(bot, 'GET', `/repos/${name}`)).body.internal_tracker,
    ).toMatchObject({ enable_issue_dependencies: false });
  });
});
