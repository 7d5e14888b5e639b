import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

onEveryForge('reviews and merges', ({ api, bot, fresh, owner, seed }) => {
  const file = (name: string, path: string): string => `/repos/${name}/contents/${path}`;
  interface Review {
    id: number;
    state: string;
    commit_id: string;
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
  async function push(repository: string): Promise<void> {
    const { body } = await api<{ sha: string }>(bot, 'GET', `${file(repository, 'a.toml')}?ref=vault/a`);
    const { status } = await api(bot, 'PUT', file(repository, 'a.toml'), {
      content: base64('two'),
      message: 'm',
      branch: 'vault/a',
      sha: body.sha,
    });
    expect(status).toBe(200);
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
    await push(repository);
    const { body } = await api<Review[]>(bot, 'GET', reviews(repository, number));
    expect(body.map(({ stale }) => stale)).toEqual([true, true]);
  });

  it('may name an older commit, which is stale at once; one that is not there is an error', async () => {
    const { repository, number, head } = await requested('older-commit');
    await push(repository);

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
