import { expect, it } from 'vitest';
import { createSend } from '../../../core/api/http.ts';
import type { Send } from '../../../core/api/send.ts';
import { listReviewComments, listReviews } from '../../../core/forge/pulls.ts';
import { failedStatuses } from '../../../core/forge/statuses.ts';
import { createMask } from '../../../core/mask.ts';
import type { Person } from '../../../embedded-forge/seed.ts';
import { base64, onEveryForge } from './every-forge.ts';

// What is asked before somebody is woken by what was said of a pull request.
onEveryForge('what is said of a pull request', ({ api, bot, fresh, owner, pass, reader, seed, url }) => {
  const as = ({ token }: Person): Send =>
    createSend({ url: url(), token, mask: createMask(), deadline: Date.now() + 60_000 });
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);
  /** A pull request of the bot's that changes line 10 of a file and takes line 20 away. */
  async function requested(name: string): Promise<{ repository: string; number: number; head: string }> {
    const repository = await fresh(name);
    await seed.putFile(owner, repository, 'a.txt', `${lines.join('\n')}\n`);
    const changed = lines
      .map((line) => (line === 'line 10' ? 'line ten' : line))
      .filter((line) => line !== 'line 20');
    const { body } = await api<{ sha: string }>(bot, 'GET', `/repos/${repository}/contents/a.txt`);
    const written = await api<{ commit: { sha: string } }>(
      bot,
      'PUT',
      `/repos/${repository}/contents/a.txt`,
      {
        content: base64(`${changed.join('\n')}\n`),
        message: 'm',
        branch: 'main',
        new_branch: 'work',
        sha: body.sha,
      },
    );
    const number = await seed.openPull(bot, repository, { head: 'work', base: 'main', title: 't' });
    return { repository, number, head: written.body.commit.sha };
  }
  const touched = async (repository: string, number: number): Promise<[string, string]> => {
    const pull = await api<{ updated_at: string }>(bot, 'GET', `/repos/${repository}/pulls/${number}`);
    const issue = await api<{ updated_at: string }>(bot, 'GET', `/repos/${repository}/issues/${number}`);
    return [pull.body.updated_at, issue.body.updated_at];
  };

  it('stands in comments on lines of a review, with the line and what is there', async () => {
    const { repository, number } = await requested('on-lines');
    const reviews = `/repos/${repository}/pulls/${number}/reviews`;

    const made = await api<{ id: number }>(owner, 'POST', reviews, {
      event: 'COMMENT',
      body: 'in all',
      comments: [
        { path: 'a.txt', body: 'here', new_position: 10 },
        { path: 'a.txt', body: 'gone', old_position: 20 },
        { path: 'a.txt', body: 'as it was', new_position: 3 },
        { path: 'none.txt', body: 'nowhere', new_position: 3 },
      ],
    });
    expect(made.status).toBe(200);
    const replied = await api(owner, 'POST', `${reviews}/${made.body.id}/comments`, {
      path: 'a.txt',
      body: 'and again',
      new_position: 10,
    });
    expect(replied.status).toBe(200);

    expect(await listReviews(as(bot), repository, number)).toMatchObject([
      { id: made.body.id, state: 'COMMENT', body: 'in all', comments_count: 5, user: { login: owner.login } },
    ]);
    const first = '@@ -8,3 +8,3 @@\n line 8\n line 9\n-line 10\n+line ten';
    expect(await listReviewComments(as(bot), repository, number, made.body.id)).toMatchObject([
      { body: 'here', path: 'a.txt', line: 10, diff_hunk: first, user: { login: owner.login } },
      {
        body: 'gone',
        path: 'a.txt',
        line: 20,
        diff_hunk: '@@ -17,7 +17,6 @@ line 16\n line 17\n line 18\n line 19\n-line 20',
      },
      { body: 'as it was', path: 'a.txt', line: 3, diff_hunk: '' },
      { body: 'nowhere', path: 'none.txt', line: 3, diff_hunk: '' },
      { body: 'and again', path: 'a.txt', line: 10, diff_hunk: first },
    ]);
    // None of them is among the comments or in the timeline.
    const comments = await api<unknown[]>(bot, 'GET', `/repos/${repository}/issues/${number}/comments`);
    expect(comments.body).toEqual([]);
    const timeline = await api<{ type: string }[]>(
      bot,
      'GET',
      `/repos/${repository}/issues/${number}/timeline`,
    );
    expect(timeline.body.map(({ type }) => type)).not.toContain('code');
  });

  it('may be comments on lines alone, but for a refusal', async () => {
    const { repository, number } = await requested('lines-alone');
    const reviews = `/repos/${repository}/pulls/${number}/reviews`;
    const comments = [{ path: 'a.txt', body: 'here', new_position: 10 }];

    expect((await api(owner, 'POST', reviews, { event: 'REQUEST_CHANGES', comments })).status).toBe(422);
    expect((await api(owner, 'POST', reviews, { event: 'COMMENT', comments })).status).toBe(200);
    expect(
      (
        await api(owner, 'POST', reviews, {
          event: 'COMMENT',
          comments: [{ path: 'a.txt', body: 'no line' }],
        })
      ).status,
    ).toBe(500);
    expect((await listReviews(as(bot), repository, number))[0]).toMatchObject({
      body: '',
      comments_count: 1,
    });
  });

  it('is edited with a time of its own, which neither the review nor the pull request has', async () => {
    const { repository, number } = await requested('edited');
    const reviews = `/repos/${repository}/pulls/${number}/reviews`;
    const made = await api<{ id: number }>(owner, 'POST', reviews, {
      event: 'COMMENT',
      body: 'in all',
      comments: [{ path: 'a.txt', body: 'here', new_position: 10 }],
    });
    const plain = await api<{ id: number }>(owner, 'POST', `/repos/${repository}/issues/${number}/comments`, {
      body: 'plain',
    });
    const before = await touched(repository, number);
    const [review] = await listReviews(as(bot), repository, number);
    const [comment] = await listReviewComments(as(bot), repository, number, made.body.id);
    const events = () =>
      api<{ id: number; type: string; body: string; created_at: string; updated_at: string }[]>(
        bot,
        'GET',
        `/repos/${repository}/issues/${number}/timeline`,
      );
    const said = (await events()).body.find(({ type }) => type === 'review');
    const edit = (by: Person, id: number | undefined, body: string) =>
      api(by, 'PATCH', `/repos/${repository}/issues/comments/${id}`, { body });
    await pass(1100);

    expect((await edit(reader, comment?.id, 'not mine')).status).toBe(403);
    expect((await edit(owner, comment?.id, 'here, better')).status).toBe(200);
    expect((await edit(owner, said?.id, 'in all, better')).status).toBe(200);
    expect((await edit(owner, plain.body.id, 'plain, better')).status).toBe(200);

    const [edited] = await listReviewComments(as(bot), repository, number, made.body.id);
    expect(edited).toMatchObject({ body: 'here, better', created_at: comment?.created_at });
    expect(edited?.updated_at).not.toBe(comment?.updated_at);
    // What a review says as a whole is edited in the timeline alone.
    expect(await listReviews(as(bot), repository, number)).toEqual([review]);
    const now = (await events()).body.find(({ id }) => id === said?.id);
    expect(now).toMatchObject({ body: 'in all, better', created_at: said?.created_at });
    expect(now?.updated_at).not.toBe(said?.updated_at);
    expect(await touched(repository, number)).toEqual(before);
    // Deleting one of them this way is answered as if it were done.
    expect((await api(owner, 'DELETE', `/repos/${repository}/issues/comments/${comment?.id}`)).status).toBe(
      204,
    );
    expect(await listReviewComments(as(bot), repository, number, made.body.id)).toEqual([edited]);
  });

  it('touches the pull request when it is said, and a status does not', async () => {
    const { repository, number, head } = await requested('touched');
    const reviews = `/repos/${repository}/pulls/${number}/reviews`;
    let last = await touched(repository, number);
    const after = async (ask: () => Promise<{ status: number }>): Promise<boolean> => {
      await pass(1100);
      expect((await ask()).status).toBeLessThan(300);
      const now = await touched(repository, number);
      const isTouched = now[0] !== last[0];
      expect(now[0]).toBe(now[1]);
      last = now;
      return isTouched;
    };
    const line = { path: 'a.txt', body: 'here', new_position: 10 };
    let id = 0;
    const review = async (body: object): Promise<{ status: number }> => {
      const answer = await api<{ id: number }>(owner, 'POST', reviews, body);
      id = answer.body.id;
      return answer;
    };

    expect(
      await after(() => api(owner, 'POST', `/repos/${repository}/issues/${number}/comments`, { body: 'c' })),
    ).toBe(true);
    expect(await after(() => review({ event: 'COMMENT', comments: [line] }))).toBe(true);
    expect(await after(() => api(owner, 'POST', `${reviews}/${id}/comments`, line))).toBe(true);
    expect(await after(() => review({ event: 'APPROVED' }))).toBe(true);
    expect(await after(() => api(owner, 'POST', `${reviews}/${id}/dismissals`, { message: 'no' }))).toBe(
      true,
    );
    expect(
      await after(() =>
        api(bot, 'POST', `/repos/${repository}/statuses/${head}`, { state: 'failure', context: 'ci' }),
      ),
    ).toBe(false);
    expect(await after(() => review({ event: 'PENDING', body: 'not yet' }))).toBe(true);
    expect(await after(() => api(owner, 'POST', `${reviews}/${id}/comments`, line))).toBe(false);
    const begun = (await listReviews(as(owner), repository, number)).find((item) => item.id === id);
    expect(await after(() => api(owner, 'POST', `${reviews}/${id}`, { event: 'COMMENT', body: 'now' }))).toBe(
      true,
    );
    const submitted = (await listReviews(as(owner), repository, number)).find((item) => item.id === id);
    expect(submitted).toMatchObject({ comments_count: 1, submitted_at: begun?.submitted_at });
    expect(submitted?.updated_at).not.toBe(begun?.updated_at);
  });

  it('says what failed by the newest status of each name, however many names there are', async () => {
    const { repository, head } = await requested('red');
    const set = (state: string, context: string, target_url = ''): Promise<unknown> =>
      api(bot, 'POST', `/repos/${repository}/statuses/${head}`, {
        state,
        context,
        description: 'd',
        target_url,
      });

    expect(await failedStatuses(as(bot), repository, head)).toEqual({ failed: [], isPending: false });
    await set('failure', 'mended');
    await set('failure', 'broken', 'https://ci.test/1');
    await set('error', 'odd');
    await set('success', 'mended');
    for (let number = 0; number < 60; number += 1) await set('success', `green ${number}`);

    const { failed, isPending } = await failedStatuses(as(bot), repository, head);

    expect(isPending).toBe(false);
    expect(failed.sort((a, b) => (a.context < b.context ? -1 : 1))).toMatchObject([
      { context: 'broken', description: 'd', url: 'https://ci.test/1' },
      { context: 'odd', description: 'd', url: null },
    ]);
    expect(Date.parse(failed[0]?.at ?? '')).not.toBeNaN();
    await set('pending', 'broken');
    expect(await failedStatuses(as(bot), repository, head)).toMatchObject({
      failed: [{ context: 'odd' }],
      isPending: true,
    });
  });
});
