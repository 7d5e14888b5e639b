import { expect, it } from 'vitest';
import { base64, type Issue, onEveryForge } from './every-forge.ts';

onEveryForge('pull requests', ({ api, bot, fresh, issue, owner, seed }) => {
  it.each(['merge', 'squash', 'rebase', 'rebase-merge', 'fast-forward-only'])(
    'are merged in the style %s, and the file is on main',
    async (style) => {
      const name = await fresh(`pull-${style}`);
      await seed.putFile(bot, name, 'sprints/a.md', 'text\n', { from: 'main', name: 'topic' });
      const number = await seed.openPull(bot, name, {
        head: 'topic',
        base: 'main',
        title: 'sprint: a',
        body: 'please',
      });

      await seed.mergePull(owner, name, number, style);

      const pull = await api<{ merged: boolean; merge_commit_sha: string; state: string }>(
        bot,
        'GET',
        `/repos/${name}/pulls/${number}`,
      );
      const head = await api<{ commit: { id: string } }>(bot, 'GET', `/repos/${name}/branches/main`);
      expect(pull.body).toMatchObject({
        merged: true,
        state: 'closed',
        merge_commit_sha: head.body.commit.id,
      });
      expect(
        (await api<{ content: string }>(bot, 'GET', `/repos/${name}/contents/sprints/a.md?ref=main`)).body
          .content,
      ).toBe(base64('text\n'));
      expect(
        (await api<{ number: number }>(bot, 'GET', `/repos/${name}/commits/${head.body.commit.id}/pull`)).body
          .number,
      ).toBe(number);
      expect(
        (
          await api<{ filename: string; status: string }[]>(
            bot,
            'GET',
            `/repos/${name}/pulls/${number}/files`,
          )
        ).body,
      ).toMatchObject([{ filename: 'sprints/a.md', status: 'added' }]);
      expect((await api<{ number: number }>(bot, 'GET', `/repos/${name}/pulls/main/topic`)).body.number).toBe(
        number,
      );
    },
  );

  it('answer 405 to a second merge, and 404 when they are closed', async () => {
    const name = await fresh('not-again');
    for (const branch of ['done', 'closed'])
      await seed.putFile(bot, name, branch, 'x', { from: 'main', name: branch });
    const done = await seed.openPull(bot, name, { head: 'done', base: 'main', title: 'done' });
    const closed = await seed.openPull(bot, name, { head: 'closed', base: 'main', title: 'closed' });
    const merge = (number: number): ReturnType<typeof api> =>
      api(owner, 'POST', `/repos/${name}/pulls/${number}/merge`, { Do: 'merge' });
    await seed.mergePull(owner, name, done);

    expect((await api(bot, 'PATCH', `/repos/${name}/pulls/${closed}`, { state: 'closed' })).status).toBe(201);
    expect((await merge(done)).status).toBe(405);
    expect((await merge(closed)).status).toBe(404);
  });

  it('merged with rebase-merge are not found from the commit that added the file', async () => {
    const name = await fresh('feature-commit');
    await seed.putFile(bot, name, 'other', 'x');
    const commit = await seed.putFile(bot, name, 'a', 'x', { from: 'main', name: 'topic' });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'x' });
    await seed.mergePull(owner, name, number, 'rebase-merge');

    expect((await api(bot, 'GET', `/repos/${name}/commits/${commit}/pull`)).status).toBe(404);
  });

  it('that are closed are still found by their branches, a slash in the base escaped', async () => {
    const name = await fresh('by-branches');
    await api(bot, 'POST', `/repos/${name}/branches`, {
      new_branch_name: 'a/base',
      old_branch_name: 'main',
    });
    await seed.putFile(bot, name, 'a', 'x', { from: 'main', name: 'a/topic' });
    const number = await seed.openPull(bot, name, { head: 'a/topic', base: 'a/base', title: 'x' });
    await api(bot, 'PATCH', `/repos/${name}/pulls/${number}`, { state: 'closed' });

    expect(
      (await api<{ number: number }>(bot, 'GET', `/repos/${name}/pulls/a%2Fbase/a/topic`)).body.number,
    ).toBe(number);
  });

  it('know their files as added, changed and deleted', async () => {
    const name = await fresh('kinds');
    await seed.putFile(bot, name, 'gone', 'x');
    await seed.putFile(bot, name, 'kept', 'x');
    const sha = async (path: string): Promise<string> =>
      (await api<{ sha: string }>(bot, 'GET', `/repos/${name}/contents/${path}`)).body.sha;
    await api(bot, 'POST', `/repos/${name}/contents`, {
      branch: 'main',
      new_branch: 'topic',
      message: 'm',
      files: [
        { operation: 'create', path: 'new', content: base64('x') },
        { operation: 'update', path: 'kept', content: base64('y'), sha: await sha('kept') },
        { operation: 'delete', path: 'gone', sha: await sha('gone') },
      ],
    });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'x' });

    const { body } = await api<{ filename: string; status: string }[]>(
      bot,
      'GET',
      `/repos/${name}/pulls/${number}/files`,
    );

    expect(Object.fromEntries(body.map(({ filename, status }) => [filename, status]))).toEqual({
      gone: 'deleted',
      kept: 'changed',
      new: 'added',
    });
  });

  it('share their numbers with issues, and are left out of a list of issues', async () => {
    const name = await fresh('shared-numbers');
    await issue(bot, name, { title: 'an issue' });
    await seed.putFile(bot, name, 'a', 'x', { from: 'main', name: 'topic' });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'a pull' });

    expect(number).toBe(2);
    expect(
      (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?state=all&type=issues`)).body.map(
        ({ title }) => title,
      ),
    ).toEqual(['an issue']);
    expect((await api<Issue>(bot, 'GET', `/repos/${name}/issues/2`)).body.pull_request).not.toBeNull();
  });

  it('exist once for the same branches (409), and not between a branch and itself (422)', async () => {
    const name = await fresh('same-pull');
    await seed.putFile(bot, name, 'a', 'x', { from: 'main', name: 'topic' });
    await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'first' });

    expect(
      (await api(bot, 'POST', `/repos/${name}/pulls`, { head: 'topic', base: 'main', title: 'again' }))
        .status,
    ).toBe(409);
    expect(
      (await api(bot, 'POST', `/repos/${name}/pulls`, { head: 'main', base: 'main', title: 'same' })).status,
    ).toBe(422);
    expect(
      (await api(bot, 'POST', `/repos/${name}/pulls`, { head: 'nope', base: 'main', title: 'none' })).status,
    ).toBe(404);
  });
});
