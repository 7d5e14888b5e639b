import { expect, it } from 'vitest';
import { type Issue, onEveryForge } from './every-forge.ts';

onEveryForge(
  'comments and the timeline',
  ({ api, bot, issue, owner, pass, reader, repo, seed, stranger }) => {
    it('are refused to who was blocked by the author of what they are about, whatever else they may do', async () => {
      const before = await issue(stranger, repo, { title: 'mine' });
      const comment = (number: number) =>
        api(bot, 'POST', `/repos/${repo}/issues/${number}/comments`, { body: 'hi' });
      const patch = async (fields: Record<string, unknown>): Promise<number> =>
        (await api(bot, 'PATCH', `/repos/${repo}/issues/${before.number}`, fields)).status;
      const label = await seed.createLabel(owner, repo, 'blocked-or-not');
      const blocks = (how: string) => api(stranger, 'PUT', `/user/${how}/${bot.login}`);

      expect((await blocks('block')).status).toBe(204);

      const refused = await comment(before.number);
      expect([refused.status, refused.body.message]).toEqual([
        403,
        'user is blocked by the poster or repository owner',
      ]);
      expect([
        await patch({ state: 'closed' }),
        await patch({ title: 'x' }),
        await patch({ body: 'x' }),
      ]).toEqual([500, 500, 201]);
      expect(
        (await api(bot, 'POST', `/repos/${repo}/issues/${before.number}/labels`, { labels: [label] })).status,
      ).toBe(200);
      const own = await issue(bot, repo, { title: 'of mine' });
      expect((await comment(own.number)).status).toBe(201);
      expect((await blocks('unblock')).status).toBe(204);
      expect((await comment(before.number)).status).toBe(201);
    });

    it('come back whole, and a comment can be taken back', async () => {
      const { number } = await issue(bot, repo, { title: 'x' });
      const first = await api<{ id: number }>(bot, 'POST', `/repos/${repo}/issues/${number}/comments`, {
        body: 'one',
      });
      await api(owner, 'POST', `/repos/${repo}/issues/${number}/comments`, { body: 'two' });
      const list = async (): Promise<string[]> =>
        (await api<{ body: string }[]>(bot, 'GET', `/repos/${repo}/issues/${number}/comments`)).body.map(
          ({ body }) => body,
        );

      expect(first.status).toBe(201);
      expect(await list()).toEqual(['one', 'two']);
      expect((await api(bot, 'DELETE', `/repos/${repo}/issues/comments/${first.body.id}`)).status).toBe(204);
      expect(await list()).toEqual(['two']);
    });

    it('say whether they were edited: both times are the same until then', async () => {
      const { number } = (await api<Issue>(bot, 'POST', `/repos/${repo}/issues`, { title: 'edited' })).body;
      const written = await api<{ id: number; created_at: string; updated_at: string }>(
        bot,
        'POST',
        `/repos/${repo}/issues/${number}/comments`,
        { body: 'one' },
      );
      // Times are in whole seconds.
      await pass(1500);

      await api(bot, 'PATCH', `/repos/${repo}/issues/comments/${written.body.id}`, { body: 'two' });

      const [edited] = (
        await api<{ created_at: string; updated_at: string }[]>(
          bot,
          'GET',
          `/repos/${repo}/issues/${number}/comments`,
        )
      ).body;
      expect(written.body.updated_at).toBe(written.body.created_at);
      expect(edited?.created_at).toBe(written.body.created_at);
      expect(edited?.updated_at).not.toBe(edited?.created_at);
    });

    it('are listed for a whole repository since a moment, in pages, and told one by one', async () => {
      const { number } = await issue(bot, repo, { title: 'many' });
      const since = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
      const made: number[] = [];
      for (const body of ['one', 'two', 'three'])
        made.push(
          (await api<{ id: number }>(bot, 'POST', `/repos/${repo}/issues/${number}/comments`, { body })).body
            .id,
        );

      const page = await api<{ id: number; issue_url: string; pull_request_url: string }[]>(
        reader,
        'GET',
        `/repos/${repo}/issues/comments?since=${since}&limit=50`,
      );
      const one = await api<{ body: string }>(reader, 'GET', `/repos/${repo}/issues/comments/${made[1]}`);
      const later = await api<unknown[]>(
        reader,
        'GET',
        `/repos/${repo}/issues/comments?since=${new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z')}`,
      );

      expect(page.body.filter(({ id }) => made.includes(id)).map(({ id }) => id)).toEqual(made);
      for (const item of page.body.filter(({ id }) => made.includes(id)))
        expect([item.issue_url.endsWith(`/issues/${number}`), item.pull_request_url]).toEqual([true, '']);
      expect([one.status, one.body.body]).toEqual([200, 'two']);
      expect(later.body).toEqual([]);
      expect((await api(reader, 'GET', `/repos/${repo}/issues/comments/999999`)).status).toBe(404);
    });

    it('may be given the time of their last edit by an admin, and by nobody else', async () => {
      const { number } = await issue(bot, repo, { title: 'dated' });
      const { body: comment } = await api<{ id: number; updated_at: string }>(
        bot,
        'POST',
        `/repos/${repo}/issues/${number}/comments`,
        { body: 'one' },
      );
      await pass(1500);
      const edit = (by: typeof owner) =>
        api<{ updated_at: string; message?: string }>(
          by,
          'PATCH',
          `/repos/${repo}/issues/comments/${comment.id}`,
          { body: 'two', updated_at: comment.updated_at },
        );

      const refused = await edit(bot);
      const dated = await edit(owner);

      expect([refused.status, refused.body.message]).toEqual([
        403,
        'user needs to have admin or repository owner right to set an update date',
      ]);
      expect([dated.status, Date.parse(dated.body.updated_at)]).toEqual([
        200,
        Date.parse(comment.updated_at),
      ]);
    });

    it('have reactions, by whoever may read, each with who and when; none at all is null', async () => {
      const { number } = await issue(bot, repo, { title: 'x' });
      const { body: comment } = await api<{ id: number }>(
        bot,
        'POST',
        `/repos/${repo}/issues/${number}/comments`,
        { body: 'a proposal' },
      );
      const path = `/repos/${repo}/issues/comments/${comment.id}/reactions`;
      const all = async (): Promise<[string, string][] | null> => {
        const { body } = await api<{ user: { login: string }; content: string; created_at: string }[] | null>(
          reader,
          'GET',
          path,
        );
        for (const { created_at } of body ?? []) expect(Number.isNaN(Date.parse(created_at))).toBe(false);
        return body?.map(({ user, content }) => [user.login, content]) ?? null;
      };

      expect(await all()).toBeNull();
      expect((await api(owner, 'POST', path, { content: '+1' })).status).toBe(201);
      expect((await api(reader, 'POST', path, { content: '-1' })).status).toBe(201);
      expect((await api(reader, 'POST', path, { content: 'nonsense' })).status).toBe(403);
      expect((await api(null, 'POST', path, { content: '+1' })).status).toBe(401);
      expect(await all()).toEqual([
        [owner.login, '+1'],
        [reader.login, '-1'],
      ]);
      expect((await api(owner, 'DELETE', path, { content: '+1' })).status).toBe(200);
      expect((await api(owner, 'DELETE', path, { content: '+1' })).status).toBe(200);
      expect(await all()).toEqual([[reader.login, '-1']]);
      expect((await api(bot, 'GET', `/repos/${repo}/issues/comments/999999/reactions`)).status).toBe(404);
    });

    it('are no list where nothing has happened yet', async () => {
      const { number } = await issue(bot, repo, { title: 'x' });

      const { status, body } = await api(bot, 'GET', `/repos/${repo}/issues/${number}/timeline`);

      expect([status, body]).toEqual([200, null]);
    });

    it('show that an issue was closed after a comment', async () => {
      const { number } = await issue(bot, repo, { title: 'x' });
      const comment = await api<{ id: number }>(bot, 'POST', `/repos/${repo}/issues/${number}/comments`, {
        body: 'closing',
      });
      await seed.closeIssue(owner, repo, number);
      await api(owner, 'PATCH', `/repos/${repo}/issues/${number}`, { state: 'open' });

      const { body } = await api<{ id: number; type: string }[]>(
        bot,
        'GET',
        `/repos/${repo}/issues/${number}/timeline`,
      );

      expect(body.map(({ type }) => type)).toEqual(['comment', 'close', 'reopen']);
      expect(body.find(({ type }) => type === 'close')?.id).toBeGreaterThan(comment.body.id);
    });
  },
);
