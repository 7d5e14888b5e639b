import { symlinkSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { base64, type Issue, onEveryForge } from './every-forge.ts';
import { withClone } from './git.ts';

onEveryForge('pull requests', ({ api, bot, fresh, issue, owner, seed, stranger, until, url }) => {
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

  it('are found by base and head, from a fork as well, and not by a stranger’s branch of the same name', async () => {
    const name = await fresh('by-head');
    await api(bot, 'POST', `/repos/${name}/forks`, {});
    const fork = `${bot.login}/${name.split('/')[1]}`;
    await seed.putFile(bot, fork, 'a', 'x', { from: 'main', name: 'from/fork' });
    const number = await seed.openPull(bot, name, {
      head: `${bot.login}:from/fork`,
      base: 'main',
      title: 'from a fork',
    });
    const found = (head: string): ReturnType<typeof api<{ number: number }>> =>
      api<{ number: number }>(bot, 'GET', `/repos/${name}/pulls/main/${encodeURIComponent(head)}`);

    expect((await found(`${bot.login}:from/fork`)).body.number).toBe(number);
    expect((await found('from/fork')).status).toBe(404);
    expect((await found(`${owner.login}:from/fork`)).status).toBe(404);
  });

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
    await seed.putFile(bot, name, 'gone', 'x\n');
    await seed.putFile(bot, name, 'kept', 'x\n');
    const sha = async (path: string): Promise<string> =>
      (await api<{ sha: string }>(bot, 'GET', `/repos/${name}/contents/${path}`)).body.sha;
    await api(bot, 'POST', `/repos/${name}/contents`, {
      branch: 'main',
      new_branch: 'topic',
      message: 'm',
      files: [
        { operation: 'create', path: 'new', content: base64('another\n') },
        { operation: 'update', path: 'kept', content: base64('y\n'), sha: await sha('kept') },
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

  it('know a file that was taken away and a similar one that was added as one that was moved', async () => {
    const name = await fresh('moved-alike');
    const lines = Array.from({ length: 10 }, (_, index) => `line ${index}\n`);
    await seed.putFile(bot, name, 'old/same.md', lines.join(''));
    await seed.putFile(bot, name, 'old/alike.md', lines.map((line) => `other ${line}`).join(''));
    const sha = async (path: string): Promise<string> =>
      (await api<{ sha: string }>(bot, 'GET', `/repos/${name}/contents/${path}`)).body.sha;
    await api(bot, 'POST', `/repos/${name}/contents`, {
      branch: 'main',
      new_branch: 'topic',
      message: 'm',
      files: [
        { operation: 'delete', path: 'old/same.md', sha: await sha('old/same.md') },
        { operation: 'delete', path: 'old/alike.md', sha: await sha('old/alike.md') },
        { operation: 'create', path: 'a-new/same.md', content: base64(lines.join('')) },
        {
          operation: 'create',
          path: 'z-new/alike.md',
          content: base64(['a line\n', ...lines.map((line) => `other ${line}`)].join('')),
        },
      ],
    });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'x' });

    const { body, headers } = await api<unknown[]>(bot, 'GET', `/repos/${name}/pulls/${number}/files`);

    expect(body).toMatchObject([
      { filename: 'a-new/same.md', previous_filename: 'old/same.md', status: 'renamed', changes: 0 },
      {
        filename: 'z-new/alike.md',
        previous_filename: 'old/alike.md',
        status: 'renamed',
        additions: 1,
        deletions: 0,
      },
    ]);
    expect(headers.get('x-total-count')).toBe('2');
    expect((await api(bot, 'GET', `/repos/${name}/pulls/${number}`)).body).toMatchObject({
      changed_files: 2,
    });
  });

  it('list a file twice that became a link, and call one unchanged whose lines cannot be counted', async () => {
    const name = await fresh('linked');
    await seed.putFile(bot, name, 'policy.toml', 'x = 1\n');
    await seed.putFile(bot, name, 'picture', 'a\0b');
    await withClone(url(), bot, name, async (clone) => {
      await clone.git('checkout', '-q', '-b', 'topic');
      unlinkSync(path.join(clone.folder, 'policy.toml'));
      symlinkSync('other.toml', path.join(clone.folder, 'policy.toml'));
      clone.write('picture', 'c\0d');
      await clone.commit('a link');
      await clone.git('push', '-q', 'origin', 'topic');
    });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'x' });

    const { body } = await api<unknown[]>(bot, 'GET', `/repos/${name}/pulls/${number}/files`);

    expect(body).toMatchObject([
      { filename: 'picture', status: 'unchanged', changes: 0 },
      { filename: 'policy.toml', status: 'deleted', additions: 0, deletions: 1 },
      { filename: 'policy.toml', status: 'added', additions: 1, deletions: 0 },
    ]);
  });

  it('keep their approvals when their base is another, which only the timeline tells', async () => {
    const name = await fresh('retargeted');
    for (const branch of ['docs', 'other', 'taken'])
      await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: branch, old_branch_name: 'main' });
    await seed.putFile(bot, name, 'vault/b.toml', 'b\n', { from: 'docs', name: 'with-action' });
    await seed.putFile(bot, name, 'more.md', 'm\n', { from: 'with-action', name: 'topic' });
    await seed.putFile(bot, name, 'even-more.md', 'm\n', { from: 'topic', name: 'ahead' });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'with-action', title: 'docs only' });
    await seed.openPull(bot, name, { head: 'topic', base: 'taken', title: 'there' });
    const pull = `/repos/${name}/pulls/${number}`;
    const files = async (): Promise<string[]> =>
      (await api<{ filename: string }[]>(bot, 'GET', `${pull}/files`)).body.map(({ filename }) => filename);
    expect((await api(owner, 'POST', `${pull}/reviews`, { event: 'APPROVED' })).status).toBe(200);
    const before = await files();

    const moved = await api<{ base: { ref: string }; merge_base: string }>(bot, 'PATCH', pull, {
      base: 'main',
    });

    expect(before).toEqual(['more.md']);
    expect(moved.status).toBe(201);
    expect(moved.body).toMatchObject({ base: { ref: 'main' }, changed_files: 2 });
    expect(await files()).toEqual(['more.md', 'vault/b.toml']);
    expect((await api(bot, 'GET', `${pull}/reviews`)).body).toMatchObject([
      { state: 'APPROVED', official: true, stale: false, dismissed: false },
    ]);
    const timeline = await api<{ type: string; old_ref: string; new_ref: string; user: { login: string } }[]>(
      bot,
      'GET',
      `/repos/${name}/issues/${number}/timeline`,
    );
    expect(timeline.body.filter(({ type }) => type === 'change_target_branch')).toMatchObject([
      { old_ref: 'with-action', new_ref: 'main', user: { login: bot.login } },
    ]);
    const to = async (base: string, by = bot): Promise<number> =>
      (await api(by, 'PATCH', pull, { base })).status;
    expect(await to('none')).toBe(404);
    expect(await to('taken')).toBe(409);
    expect(await to('ahead')).toBe(500);
    expect(await to('other', stranger)).toBe(403);
    await api(bot, 'PATCH', pull, { state: 'closed' });
    expect(await to('other')).toBe(422);
  });

  it('are merged only in a style that the repository allows, and say who did and between which commits', async () => {
    const name = await fresh('styles');
    const { body: main } = await api<{ commit: { id: string } }>(bot, 'GET', `/repos/${name}/branches/main`);
    await seed.putFile(bot, name, 'a', 'x', { from: 'main', name: 'topic' });
    const number = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'x' });
    const settings = await api(owner, 'PATCH', `/repos/${name}`, {
      allow_merge_commits: false,
      allow_rebase: true,
      default_merge_style: 'rebase',
    });
    const merge = (body: unknown) => api(owner, 'POST', `/repos/${name}/pulls/${number}/merge`, body);

    const refused = await until(
      () => merge({ Do: 'merge' }),
      ({ body }) => body.message !== 'Please try again later',
    );
    const without = await merge({});

    expect(settings.body).toMatchObject({
      allow_merge_commits: false,
      allow_rebase: true,
      allow_rebase_explicit: true,
      allow_squash_merge: true,
      allow_fast_forward_only_merge: true,
      default_merge_style: 'rebase',
    });
    expect([refused.status, refused.body.message]).toEqual([
      405,
      'merge is not an allowed merge style for this repository',
    ]);
    expect(without.status).toBe(422);
    await api(owner, 'PATCH', `/repos/${name}`, { allow_merge_commits: true });
    await seed.mergePull(owner, name, number);
    expect((await api(bot, 'GET', `/repos/${name}/pulls/${number}`)).body).toMatchObject({
      merged: true,
      merged_by: { login: owner.login },
      merge_base: main.commit.id,
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
