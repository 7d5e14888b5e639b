import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

onEveryForge('requests for a review', ({ api, bot, fresh, owner, reader, seed, stranger, tag }) => {
  interface Asked {
    id: number;
    state: string;
    user: { login: string };
    official: boolean;
    stale: boolean;
    commit_id: string;
  }
  const file = (repository: string): string => `/repos/${repository}/contents/a.md`;

  /** A pull request that a reader opened from a fork, as whoever may only read does. */
  async function fromFork(name: string): Promise<{ repository: string; number: number; asking: string }> {
    const repository = await fresh(name);
    // The scopes of the reader's own token do not let it write code, so the stranger stands in for one who only reads.
    await api(stranger, 'POST', `/repos/${repository}/forks`, {});
    await api(stranger, 'POST', `/repos/${stranger.login}/${name}/contents/a.md`, {
      content: base64('one'),
      message: 'm',
      branch: 'main',
      new_branch: 'work',
    });
    const number = await seed.openPull(stranger, repository, {
      head: `${stranger.login}:work`,
      base: 'main',
      title: 't',
    });
    return { repository, number, asking: `/repos/${repository}/pulls/${number}/requested_reviewers` };
  }
  const reviewers = async (repository: string, number: number): Promise<string[]> => {
    const { body } = await api<{ requested_reviewers: { login: string }[] }>(
      owner,
      'GET',
      `/repos/${repository}/pulls/${number}`,
    );
    return body.requested_reviewers.map(({ login }) => login);
  };

  it('are made by whoever opened it, though they may only read', async () => {
    const { repository, number, asking } = await fromFork('asked');

    const answer = await api<Asked[]>(stranger, 'POST', asking, { reviewers: [bot.login] });

    expect(answer).toMatchObject({
      status: 201,
      body: [{ state: 'REQUEST_REVIEW', user: { login: bot.login }, official: true, commit_id: '' }],
    });
    expect(await reviewers(repository, number)).toEqual([bot.login]);
    expect(
      (await api<Asked[]>(owner, 'GET', `/repos/${repository}/pulls/${number}/reviews`)).body,
    ).toMatchObject([{ state: 'REQUEST_REVIEW', user: { login: bot.login } }]);
    // Asked twice is asked once.
    expect(await api<Asked[]>(stranger, 'POST', asking, { reviewers: [bot.login] })).toMatchObject({
      status: 201,
      body: [],
    });
    expect(await reviewers(repository, number)).toEqual([bot.login]);
  });

  it('go to whoever may read, in what is public to everybody', async () => {
    const { repository, number, asking } = await fromFork('asked-reader');

    const answer = await api<Asked[]>(stranger, 'POST', asking, { reviewers: [reader.login] });

    expect(answer).toMatchObject({ status: 201, body: [{ official: false }] });
    expect(await reviewers(repository, number)).toEqual([reader.login]);
  });

  it('are refused for the author, for nobody known, and to a stranger', async () => {
    const { asking, repository } = await fromFork('asked-wrongly');

    expect((await api(stranger, 'POST', asking, { reviewers: [stranger.login] })).status).toBe(422);
    expect((await api(stranger, 'POST', asking, { reviewers: [`nobody-${tag}`] })).status).toBe(404);
    const other = await requestedByOwner(repository);
    expect((await api(stranger, 'POST', other, { reviewers: [bot.login] })).status).toBe(422);
  });

  it('are refused for somebody who may not read', async () => {
    const repository = await fresh('asked-private');
    await api(owner, 'PATCH', `/repos/${repository}`, { private: true });
    const asking = await requestedByOwner(repository);

    expect((await api(owner, 'POST', asking, { reviewers: [stranger.login] })).status).toBe(422);
    expect((await api(owner, 'POST', asking, { reviewers: [bot.login] })).status).toBe(201);
  });

  it('are done with once the review is there', async () => {
    const { repository, number, asking } = await fromFork('asked-done');
    await api(stranger, 'POST', asking, { reviewers: [bot.login] });

    const reviews = `/repos/${repository}/pulls/${number}/reviews`;
    await api(bot, 'POST', reviews, { event: 'COMMENT', body: 'hm' });

    expect((await api<Asked[]>(owner, 'GET', reviews)).body.map(({ state }) => state)).toEqual(['COMMENT']);
    expect(await reviewers(repository, number)).toEqual([]);
  });

  it('are not there for what is no pull request', async () => {
    const repository = await fresh('asked-issue');
    const number = await seed.createIssue(owner, repository, { title: 'x' });

    expect(
      (
        await api(owner, 'POST', `/repos/${repository}/pulls/${number}/requested_reviewers`, {
          reviewers: [bot.login],
        })
      ).status,
    ).toBe(404);
  });

  async function requestedByOwner(repository: string): Promise<string> {
    await api(owner, 'POST', file(repository), {
      content: base64('two'),
      message: 'm',
      branch: 'main',
      new_branch: 'owners',
    });
    const number = await seed.openPull(owner, repository, { head: 'owners', base: 'main', title: 'owners' });
    return `/repos/${repository}/pulls/${number}/requested_reviewers`;
  }
});
