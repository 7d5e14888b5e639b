import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

onEveryForge('a fork', ({ api, bot, fresh, owner, remove, seed, stranger, until }) => {
  /** A repository with a file, and the stranger's fork of it, who may only read it. */
  async function forked(name: string): Promise<{ name: string; fork: string; id: number }> {
    const full = await fresh(name);
    const { status, body } = await api<{ id: number; full_name: string }>(
      stranger,
      'POST',
      `/repos/${full}/forks`,
      {},
    );
    expect(status).toBe(202);
    remove(`/repos/${body.full_name}`);
    return { name: full, fork: body.full_name, id: body.id };
  }
  const write = (fork: string, path: string, more: Record<string, unknown>) =>
    api(stranger, 'POST', `/repos/${fork}/contents/${path}`, {
      content: base64('text\n'),
      message: 'm',
      ...more,
    });
  const propose = (name: string, head: string, as = stranger) =>
    api<{ number: number; head: { label: string; ref: string; sha: string; repo_id: number } }>(
      as,
      'POST',
      `/repos/${name}/pulls`,
      { base: 'main', head, title: 'sprint: a', body: 'please' },
    );

  it('is made by whoever may read, says where it came from, and is our own', async () => {
    const { name, fork } = await forked('fork-made');

    expect(fork).toBe(`${stranger.login}/${name.split('/')[1]}`);
    expect((await api(stranger, 'GET', `/repos/${fork}`)).body).toMatchObject({
      full_name: fork,
      fork: true,
      parent: { full_name: name },
      permissions: { push: true },
    });
    expect((await api(stranger, 'GET', `/repos/${name}`)).body).toMatchObject({
      permissions: { push: false },
    });
  });

  it('holds a branch that a pull request without write access comes from, and its head is read in the target', async () => {
    const { name, fork, id } = await forked('fork-pull');
    expect((await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic/a' })).status).toBe(201);

    const opened = await propose(name, `${stranger.login}:topic/a`);

    expect(opened.status).toBe(201);
    const { number, head } = opened.body;
    expect(head).toMatchObject({ ref: 'topic/a', repo_id: id });
    expect(
      (await api(owner, 'GET', `/repos/${name}/contents/sprints/a.md?ref=${head.sha}`)).body,
    ).toMatchObject({ content: base64('text\n') });
    expect((await api(owner, 'GET', `/repos/${name}/pulls/${number}/files`)).body).toMatchObject([
      { filename: 'sprints/a.md', status: 'added' },
    ]);
  });

  it('asks once: a second pull request from the same branch is 409', async () => {
    const { name, fork } = await forked('fork-once');
    await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic' });
    await propose(name, `${stranger.login}:topic`);

    expect((await propose(name, `${stranger.login}:topic`)).status).toBe(409);
  });

  it('lets its owner edit, comment on and close the pull request, but not label or merge it', async () => {
    const { name, fork } = await forked('fork-own');
    await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic' });
    const { number } = (await propose(name, `${stranger.login}:topic`)).body;
    const label = await seed.createLabel(owner, name, 'x');

    const edited = await api(stranger, 'PATCH', `/repos/${name}/pulls/${number}`, { body: 'other' });
    const said = await api(stranger, 'POST', `/repos/${name}/issues/${number}/comments`, { body: 'hello' });
    const labelled = await api(stranger, 'POST', `/repos/${name}/issues/${number}/labels`, {
      labels: [label],
    });
    const closed = await api(stranger, 'PATCH', `/repos/${name}/pulls/${number}`, { state: 'closed' });

    expect([edited.status, said.status, labelled.status, closed.status]).toEqual([201, 201, 403, 201]);
  });

  it('is merged like any other branch, and follows a push to its branch before that', async () => {
    const { name, fork } = await forked('fork-merge');
    await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic' });
    const { number } = (await propose(name, `${stranger.login}:topic`)).body;
    await write(fork, 'sprints/b.md', { branch: 'topic' });

    await seed.mergePull(owner, name, number);

    const names = await api<{ name: string }[]>(owner, 'GET', `/repos/${name}/contents/sprints?ref=main`);
    expect(names.body.map((item) => item.name)).toEqual(['a.md', 'b.md']);
    expect((await api(owner, 'GET', `/repos/${name}/pulls/${number}`)).body).toMatchObject({
      merged: true,
      state: 'closed',
    });
  });

  it('is brought up to date with where it came from', async () => {
    const { name, fork } = await forked('fork-sync');
    await seed.putFile(owner, name, 'later.md', 'later\n');
    expect((await api(stranger, 'GET', `/repos/${fork}/contents/later.md?ref=main`)).status).toBe(404);

    expect((await api(stranger, 'POST', `/repos/${fork}/sync_fork/main`)).status).toBe(204);

    expect((await api(stranger, 'GET', `/repos/${fork}/contents/later.md?ref=main`)).status).toBe(200);
  });

  it('has a new commit at once, which its pull request names and where it is to be merged is not there yet', async () => {
    const { name, fork } = await forked('fork-late');
    await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic' });
    const { number, head } = (await propose(name, `${stranger.login}:topic`)).body;
    const known = () =>
      api<{ object: { sha: string } }[]>(owner, 'GET', `/repos/${name}/git/refs/pull/${number}/head`);
    const files = async (): Promise<string[]> =>
      (await api<{ filename: string }[]>(owner, 'GET', `/repos/${name}/pulls/${number}/files`)).body.map(
        ({ filename }) => filename,
      );
    const written = await api<{ commit: { sha: string } }>(
      stranger,
      'POST',
      `/repos/${fork}/contents/sprints/b.md`,
      { content: base64('text\n'), message: 'm', branch: 'topic' },
    );
    const { sha } = written.body.commit;
    const read = async (repository: string): Promise<number> =>
      (await api(owner, 'GET', `/repos/${repository}/contents/sprints/b.md?ref=${sha}`)).status;

    const first = {
      head: (await api<{ head: { sha: string } }>(owner, 'GET', `/repos/${name}/pulls/${number}`)).body.head
        .sha,
      known: (await known()).body[0]?.object.sha,
      there: await read(name),
      fork: await read(fork),
    };
    await until(
      () => read(name),
      (status) => status === 200,
    );

    expect(first).toEqual({ head: sha, known: head.sha, there: 404, fork: 200 });
    expect((await known()).body[0]?.object.sha).toBe(sha);
    expect(await files()).toEqual(['sprints/a.md', 'sprints/b.md']);
  });

  it('that is deleted closes its pull request and leaves commits and head, but never again its files', async () => {
    const { name, fork } = await forked('fork-deleted');
    await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic' });
    const { number, head } = (await propose(name, `${stranger.login}:topic`)).body;

    expect((await api(stranger, 'DELETE', `/repos/${fork}`)).status).toBe(204);

    const pull = `/repos/${name}/pulls/${number}`;
    const { body } = await until(
      () => api<{ state: string; head: unknown }>(owner, 'GET', pull),
      (answer) => answer.body.state === 'closed',
    );
    expect(body.head).toMatchObject({
      label: 'topic',
      ref: `refs/pull/${number}/head`,
      sha: head.sha,
      repo_id: -1,
      repo: null,
    });
    const files = await api<string>(owner, 'GET', `${pull}/files`);
    expect([files.status, files.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect((await api(owner, 'GET', `${pull}/commits`)).body).toMatchObject([{ sha: head.sha }]);
    expect((await api(owner, 'GET', `/repos/${name}/contents/sprints/a.md?ref=${head.sha}`)).status).toBe(
      200,
    );
    expect((await api(owner, 'GET', `/repos/${name}/git/refs/pull/${number}/head`)).body).toMatchObject([
      { object: { sha: head.sha } },
    ]);
    expect((await api(owner, 'PATCH', pull, { state: 'open' })).status).toBe(201);
    expect((await api(owner, 'GET', `${pull}/files`)).status).toBe(500);
  });

  it('may lose the branch, whose name the pull request keeps as its label', async () => {
    const { name, fork } = await forked('fork-gone');
    await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic' });
    const { number } = (await propose(name, `${stranger.login}:topic`)).body;
    await api(stranger, 'PATCH', `/repos/${name}/pulls/${number}`, { state: 'closed' });

    expect((await api(stranger, 'DELETE', `/repos/${fork}/branches/topic`)).status).toBe(204);

    expect((await api(stranger, 'GET', `/repos/${name}/pulls/${number}`)).body).toMatchObject({
      state: 'closed',
      head: { label: 'topic', ref: `refs/pull/${number}/head` },
    });
  });

  it('has pull requests that are found by who opened them', async () => {
    const { name, fork } = await forked('fork-list');
    await write(fork, 'sprints/a.md', { branch: 'main', new_branch: 'topic' });
    const { number } = (await propose(name, `${stranger.login}:topic`)).body;
    await seed.putFile(bot, name, 'b.md', 'b\n', { from: 'main', name: 'other' });
    await seed.openPull(bot, name, { head: 'other', base: 'main', title: 'b' });

    const found = await api<{ number: number }[]>(
      owner,
      'GET',
      `/repos/${name}/pulls?state=all&poster=${stranger.login}`,
    );

    expect(found.body.map((item) => item.number)).toEqual([number]);
  });
});
