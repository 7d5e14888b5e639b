import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

onEveryForge('reviews and merges', ({ api, bot, fresh, owner, seed, stranger, until }) => {
  const file = (name: string, path: string): string => `/repos/${name}/contents/${path}`;
  interface Review {
    id: number;
    state: string;
    commit_id: string;
    submitted_at: string;
    stale: boolean;
    official: boolean;
    dismissed: boolean;
  }
  /** A pull request of the bot's with one file. */
  async function requested(name: string): Promise<{ repository: string; number: number; head: string }> {
    const repository = await fresh(name);
    const { body } = await api<{ commit: { sha: string } }>(bot, 'POST', file(repository, 'a.toml'), {
      content: base64('one'),
      message: 'm',
      branch: 'main',
      new_branch: 'vault/a',
    });
    const number = await seed.openPull(bot, repository, { head: 'vault/a', base: 'main', title: 't' });
    return { repository, number, head: body.commit.sha };
  }
  const reviews = (repository: string, number: number): string =>
    `/repos/${repository}/pulls/${number}/reviews`;
  async function push(repository: string): Promise<string> {
    const { body } = await api<{ sha: string }>(bot, 'GET', `${file(repository, 'a.toml')}?ref=vault/a`);
    const written = await api<{ commit: { sha: string } }>(bot, 'PUT', file(repository, 'a.toml'), {
      content: base64('two'),
      message: 'm',
      branch: 'vault/a',
      sha: body.sha,
    });
    expect(written.status).toBe(200);
    return written.body.commit.sha;
  }

  it('count for whoever may write, never for the author, and are stale after a push', async () => {
    const { repository, number, head } = await requested('reviews');

    expect((await api(bot, 'POST', reviews(repository, number), { event: 'APPROVED' })).status).toBe(422);
    expect(
      (await api<Review>(owner, 'POST', reviews(repository, number), { event: 'COMMENT', body: 'hm' })).body,
    ).toMatchObject({
      official: false,
    });
    expect(
      (await api<Review>(owner, 'POST', reviews(repository, number), { event: 'APPROVED' })).body,
    ).toMatchObject({
      state: 'APPROVED',
      official: true,
      stale: false,
      dismissed: false,
      commit_id: head,
    });
    const pushed = await push(repository);
    // Until the push has been looked at, which takes a second, they are as they were; so nothing is decided by it.
    const { body } = await until(
      () => api<Review[]>(bot, 'GET', reviews(repository, number)),
      (answer) => answer.body.every(({ stale }) => stale),
    );
    expect(body.map(({ stale, commit_id }) => [stale, commit_id === pushed])).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  it('are not stale for a while after a push, though the pull request names the new head', async () => {
    const { repository, number, head } = await requested('late-stale');
    await api(owner, 'POST', reviews(repository, number), { event: 'APPROVED' });
    const pushed = await push(repository);

    const pull = await api<{ head: { sha: string } }>(bot, 'GET', `/repos/${repository}/pulls/${number}`);
    const { body } = await api<Review[]>(bot, 'GET', reviews(repository, number));

    expect(pull.body.head.sha).toBe(pushed);
    expect(body).toMatchObject([{ state: 'APPROVED', stale: false, commit_id: head }]);
  });

  it('are not shown to others before they are submitted, though they are counted', async () => {
    const { repository, number, head } = await requested('pending');
    const list = (by: typeof owner, query = '') =>
      api<Review[]>(by, 'GET', `${reviews(repository, number)}${query}`);

    expect(
      (await api<Review>(stranger, 'POST', reviews(repository, number), { body: 'not yet' })).body,
    ).toMatchObject({ state: 'PENDING', commit_id: head, official: false });
    for (const { body, headers } of [await list(owner), await list(owner, '?page=1&limit=50')])
      expect([body, headers.get('x-total-count')]).toEqual([[], '1']);
    const own = await list(stranger);
    expect(own.body).toMatchObject([{ state: 'PENDING' }]);
    expect((await api(owner, 'GET', `${reviews(repository, number)}/${own.body[0]?.id}`)).status).toBe(404);
    const submitted = await api<Review>(
      stranger,
      'POST',
      `${reviews(repository, number)}/${own.body[0]?.id}`,
      {
        event: 'APPROVED',
      },
    );
    expect(submitted.body).toMatchObject({ id: own.body[0]?.id, state: 'APPROVED', official: false });
    expect((await list(owner)).body).toMatchObject([{ state: 'APPROVED', body: '' }]);
  });

  it('may name an older commit, which is stale at once; one that is not there is an error', async () => {
    const { repository, number, head } = await requested('older-commit');
    const pushed = await push(repository);
    await until(
      () =>
        api<{ object: { sha: string } }[]>(bot, 'GET', `/repos/${repository}/git/refs/pull/${number}/head`),
      ({ body }) => body[0]?.object.sha === pushed,
    );

    expect(
      (
        await api<Review>(owner, 'POST', reviews(repository, number), {
          event: 'APPROVED',
          commit_id: head,
        })
      ).body,
    ).toMatchObject({ commit_id: head, stale: true, official: true });
    expect(
      (
        await api(owner, 'POST', reviews(repository, number), {
          event: 'APPROVED',
          commit_id: '0'.repeat(40),
        })
      ).status,
    ).toBe(500);
  });

  it('take the place of an older verdict of the same person, and are dismissed by admins only', async () => {
    const { repository, number } = await requested('verdicts');
    await api(owner, 'POST', reviews(repository, number), { event: 'REQUEST_CHANGES', body: 'no' });
    await api(owner, 'POST', reviews(repository, number), { event: 'APPROVED' });

    const { body } = await api<Review[]>(bot, 'GET', reviews(repository, number));

    expect(body).toMatchObject([
      { state: 'REQUEST_CHANGES', official: false, dismissed: true },
      { state: 'APPROVED', official: true, dismissed: false },
    ]);
    const dismissal = `${reviews(repository, number)}/${body[1]?.id}/dismissals`;
    expect((await api(bot, 'POST', dismissal, { message: 'no' })).status).toBe(403);
    expect((await api<Review>(owner, 'POST', dismissal, { message: 'no' })).body).toMatchObject({
      dismissed: true,
    });
  });

  it('are asked for by a protected branch before it merges', async () => {
    const { repository, number } = await requested('needs-approval');
    await api(owner, 'POST', `/repos/${repository}/branch_protections`, {
      rule_name: 'main',
      enable_push: false,
      required_approvals: 1,
    });

    const early = await api(bot, 'POST', `/repos/${repository}/pulls/${number}/merge`, { Do: 'merge' });
    await api(owner, 'POST', reviews(repository, number), { event: 'APPROVED' });
    await seed.mergePull(bot, repository, number);

    expect(early.status).toBe(405);
    expect((await api(bot, 'GET', `/repos/${repository}/pulls/${number}`)).body).toMatchObject({
      merged: true,
    });
  });

  it('lead from a merged commit to its pull request, whose head still has the file', async () => {
    const { repository, number, head } = await requested('from-commit');
    await seed.mergePull(owner, repository, number, 'squash');
    const { body } = await api<{ merge_commit_sha: string }>(
      bot,
      'GET',
      `/repos/${repository}/pulls/${number}`,
    );

    expect(
      (await api(bot, 'GET', `/repos/${repository}/commits/${body.merge_commit_sha}/pull`)).body,
    ).toMatchObject({ number });
    expect((await api(bot, 'GET', `/repos/${repository}/commits/${head}/pull`)).status).toBe(404);
    expect((await api(bot, 'GET', `${file(repository, 'a.toml')}?ref=${head}`)).status).toBe(200);
    expect((await api(bot, 'GET', `/repos/${repository}/pulls/${number}/files`)).body).toMatchObject([
      { filename: 'a.toml', status: 'added' },
    ]);
  });

  it('keep the head that was merged, wherever its branch goes afterwards', async () => {
    const { repository, number, head } = await requested('head-kept');
    await seed.mergePull(owner, repository, number);
    await push(repository);
    interface Ref {
      ref: string;
      object: { sha: string };
    }

    const { body } = await api<Ref | Ref[]>(bot, 'GET', `/repos/${repository}/git/refs/pull/${number}/head`);

    const refs = Array.isArray(body) ? body : [body];
    expect(refs.find(({ ref }) => ref === `refs/pull/${number}/head`)?.object.sha).toBe(head);
  });

  it('are compared by commits, which names every file that any of them touched', async () => {
    const { repository, head } = await requested('compared');
    const { body: main } = await api<{ commit: { id: string } }>(
      bot,
      'GET',
      `/repos/${repository}/branches/main`,
    );
    const between = `${main.commit.id}...${head}`;

    expect((await api(bot, 'GET', `/repos/${repository}/compare/${between}`)).body).toMatchObject({
      total_commits: 1,
      files: [{ filename: 'a.toml', status: 'added' }],
    });
  });

  it('are listed by folder with the files of each commit', async () => {
    const { repository } = await requested('by-folder');
    for (const name of ['x', 'y']) await seed.putFile(bot, repository, `records/${name}.json`, name);

    const { body } = await api<{ files: { filename: string }[] }[]>(
      bot,
      'GET',
      `/repos/${repository}/commits?path=records&sha=main&files=true&stat=false&verification=false&limit=50`,
    );

    expect(body.map(({ files }) => files.map(({ filename }) => filename))).toEqual([
      ['records/y.json'],
      ['records/x.json'],
    ]);
  });
});
