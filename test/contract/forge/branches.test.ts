import { expect, it } from 'vitest';
import { onEveryForge } from './every-forge.ts';

/** A commit as the list of commits names it. */
interface Listed {
  sha: string;
  parents: unknown[];
}

onEveryForge('branches', ({ api, bot, fresh, owner, seed }) => {
  it('are made once: 409 afterwards', async () => {
    const name = await fresh('branches');
    const make = (): ReturnType<typeof api> =>
      api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'lock', old_branch_name: 'main' });

    expect((await make()).status).toBe(201);
    expect((await make()).status).toBe(409);
    expect((await api(bot, 'DELETE', `/repos/${name}/branches/lock`)).status).toBe(204);
  });

  it('are made at any commit of the repository, and at nothing else', async () => {
    const name = await fresh('made-at');
    const first = await seed.putFile(bot, name, 'a', '1');
    await seed.putFile(bot, name, 'b', '2');
    const make = (branch: string, from: string): ReturnType<typeof api> =>
      api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: branch, old_ref_name: from });

    expect(await make('there', first)).toMatchObject({ status: 201, body: { commit: { id: first } } });
    expect((await make('nowhere', '0'.repeat(40))).status).toBe(500);
    expect((await api(bot, 'GET', `/repos/${name}/contents/b?ref=there`)).status).toBe(404);
    expect((await api(bot, 'GET', `/repos/${name}/branches/nowhere`)).status).toBe(404);
  });

  it('begin with the commit that ends the list of their commits, merges or not', async () => {
    const name = await fresh('begins');
    const commits = (page: number): Promise<{ headers: Headers; body: Listed[] }> =>
      api<Listed[]>(
        bot,
        'GET',
        `/repos/${name}/commits?sha=main&stat=false&verification=false&files=false&limit=1&page=${page}`,
      );
    const [root] = (await commits(1)).body;
    await seed.putFile(bot, name, 'a', '1');
    await seed.putFile(bot, name, 'b', '2', { from: 'main', name: 'side' });
    await seed.putFile(bot, name, 'c', '3');
    await seed.mergePull(
      owner,
      name,
      await seed.openPull(bot, name, { head: 'side', base: 'main', title: 'x' }),
    );

    const total = Number((await commits(1)).headers.get('x-total-count'));
    const [last] = (await commits(total)).body;

    expect(total).toBe(5);
    expect(last).toMatchObject({ sha: root?.sha, parents: [] });
    expect((await commits(total + 1)).body).toEqual([]);
  });

  it('are listed with all that each of them tells when it is asked for, those committed to last first', async () => {
    const name = await fresh('listed');
    await api(owner, 'POST', `/repos/${name}/branch_protections`, {
      rule_name: 'kept',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: [],
    });
    for (const branch of ['old', 'kept'])
      await api(owner, 'POST', `/repos/${name}/branches`, { new_branch_name: branch, old_ref_name: 'main' });
    const later = new Date(Date.now() + 3_600_000).toISOString();
    await api(owner, 'POST', `/repos/${name}/contents/later`, {
      branch: 'main',
      message: 'later',
      content: '',
      dates: { author: later, committer: later },
    });

    const listed = (await api<{ name: string }[]>(bot, 'GET', `/repos/${name}/branches?page=1&limit=50`))
      .body;

    expect(listed[0]).toMatchObject({ name: 'main' });
    expect(listed.map((branch) => branch.name).toSorted()).toContain('old');
    for (const branch of listed)
      expect(branch).toEqual((await api(bot, 'GET', `/repos/${name}/branches/${branch.name}`)).body);
  });

  it('of one name made by six at the same moment are made once (the others 409 or 500)', async () => {
    const name = await fresh('mutex');

    const all = await Promise.all(
      Array.from({ length: 6 }, () =>
        api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'mutex', old_branch_name: 'main' }),
      ),
    );

    expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(all.every(({ status }) => [201, 409, 500].includes(status))).toBe(true);
  });

  it('that are gone cannot be deleted again (500, or 404 where the server says it better)', async () => {
    const name = await fresh('gone-branch');
    await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'x', old_branch_name: 'main' });
    const remove = (): ReturnType<typeof api> => api(bot, 'DELETE', `/repos/${name}/branches/x`);

    expect((await remove()).status).toBe(204);
    expect([404, 500]).toContain((await remove()).status);
  });

  it('are as exclusive as tags: one of a name, then 409', async () => {
    const name = await fresh('tags');
    const make = (): ReturnType<typeof api> =>
      api(bot, 'POST', `/repos/${name}/tags`, { tag_name: 'v1', target: 'main' });

    expect((await make()).status).toBe(201);
    expect((await make()).status).toBe(409);
  });

  it('with slashes in their names are found, and listed with the others', async () => {
    const name = await fresh('slashes');
    await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'a/b', old_branch_name: 'main' });

    expect((await api<{ name: string }>(bot, 'GET', `/repos/${name}/branches/a/b`)).body.name).toBe('a/b');
    expect(
      (await api<{ name: string }[]>(bot, 'GET', `/repos/${name}/branches`)).body
        .map((item) => item.name)
        .sort(),
    ).toEqual(['a/b', 'main']);
  });

  it('say where they stand, and whether we may push', async () => {
    const name = await fresh('heads');
    const commit = await seed.putFile(bot, name, 'a', 'x');

    expect((await api<unknown>(bot, 'GET', `/repos/${name}/branches/main`)).body).toMatchObject({
      name: 'main',
      commit: { id: commit },
      protected: false,
      user_can_push: true,
    });
    expect((await api(bot, 'GET', `/repos/${name}/branches/nope`)).status).toBe(404);
  });
});
