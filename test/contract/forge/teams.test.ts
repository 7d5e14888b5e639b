import { expect, it } from 'vitest';
import type { Person } from '../../../embedded-forge/seed.ts';
import { base64, onEveryForge } from './every-forge.ts';

// Of Forgejo 17, as recorded: an account that may write issues and nothing else.

onEveryForge(
  'a team with issues on write and code on read',
  ({ api, bot, owner, remove, stranger, tag, url }) => {
    const organisation = `org${tag}`;
    const repository = `${organisation}/project`;

    async function made<T>(by: Person, method: string, path: string, body?: unknown): Promise<T> {
      const answer = await api<T & { message?: string }>(by, method, path, body);
      if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.message}`);
      return answer.body;
    }

    it('lets its members file with labels, label, close, comment and add dependencies, though they may not push', async () => {
      await made(owner, 'POST', '/orgs', { username: organisation, visibility: 'public' });
      remove(`/repos/${repository}`);
      remove(`/orgs/${organisation}`);
      await made(owner, 'POST', `/orgs/${organisation}/repos`, {
        name: 'project',
        auto_init: true,
        default_branch: 'main',
        private: true,
      });
      const team = await made<{ id: number }>(owner, 'POST', `/orgs/${organisation}/teams`, {
        name: 'filers',
        permission: 'read',
        includes_all_repositories: false,
        units_map: { 'repo.code': 'read', 'repo.issues': 'write', 'repo.pulls': 'read' },
      });
      await made(owner, 'PUT', `/teams/${team.id}/members/${bot.login}`);
      expect((await api(bot, 'GET', `/repos/${repository}`)).status).toBe(404);
      await made(owner, 'PUT', `/teams/${team.id}/repos/${repository}`);
      const label = await made<{ id: number }>(owner, 'POST', `/repos/${repository}/labels`, {
        name: 'backlog',
        color: '#336699',
      });
      await made(owner, 'POST', `/repos/${repository}/issues`, { title: 'a goal' });

      const filed = await made<{ number: number; labels: { name: string }[] }>(
        bot,
        'POST',
        `/repos/${repository}/issues`,
        { title: 'a part', labels: [label.id] },
      );
      expect(filed.labels).toMatchObject([{ name: 'backlog' }]);
      await made(bot, 'POST', `/repos/${repository}/labels`, { name: 'own', color: '#336699' });
      expect(
        await made(bot, 'POST', `/repos/${repository}/issues/1/labels`, { labels: [label.id] }),
      ).toMatchObject([{ name: 'backlog' }]);
      await made(bot, 'POST', `/repos/${repository}/issues/2/dependencies`, {
        owner: organisation,
        repo: 'project',
        index: 1,
      });
      expect(await made(bot, 'PATCH', `/repos/${repository}/issues/1`, { state: 'closed' })).toMatchObject({
        state: 'closed',
      });
      expect((await api(bot, 'GET', `/repos/${repository}`)).body).toMatchObject({
        permissions: { admin: false, push: false, pull: true },
      });
    });

    it('has its owners in a team of their own, which comes with the organisation', async () => {
      const teams = await made<{ id: number; name: string }[]>(owner, 'GET', `/orgs/${organisation}/teams`);
      const owners = teams.find(({ name }) => name === 'Owners');
      const members = await made<{ login: string }[]>(owner, 'GET', `/teams/${owners?.id}/members`);

      expect(members.map(({ login }) => login)).toEqual([owner.login]);
    });

    it('lets them write no file, set no status, and start no workflow', async () => {
      const { commit } = await made<{ commit: { id: string } }>(
        bot,
        'GET',
        `/repos/${repository}/branches/main`,
      );
      const file = { content: base64('x'), message: 'x', branch: 'main' };
      const writes: [string, unknown][] = [
        ['contents/a.md', file],
        ['contents/a.md', { ...file, new_branch: 'z' }],
        [`statuses/${commit.id}`, { state: 'success', context: 'c' }],
        ['actions/workflows/x.yml/dispatches', { ref: 'main' }],
      ];

      for (const [where, body] of writes)
        expect([where, (await api(bot, 'POST', `/repos/${repository}/${where}`, body)).status]).toEqual([
          where,
          403,
        ]);
    });

    it('has them among those who may be assigned, though their permission is read', async () => {
      const assignees = await made<{ login: string }[]>(bot, 'GET', `/repos/${repository}/assignees`);

      expect(assignees.map(({ login }) => login)).toContain(bot.login);
      expect(
        (await api(owner, 'GET', `/repos/${repository}/collaborators/${bot.login}/permission`)).body,
      ).toMatchObject({ permission: 'read' });
    });

    it('does not let them label, edit or merge a pull request, and their approval does not count', async () => {
      await made(owner, 'POST', `/repos/${repository}/contents/b.md`, {
        content: base64('x'),
        message: 'x',
        branch: 'main',
        new_branch: 'y',
      });
      const { number } = await made<{ number: number }>(owner, 'POST', `/repos/${repository}/pulls`, {
        head: 'y',
        base: 'main',
        title: 't',
      });

      const labelled = await api(bot, 'POST', `/repos/${repository}/issues/${number}/labels`, {
        labels: [1],
      });
      const merged = await api(bot, 'POST', `/repos/${repository}/pulls/${number}/merge`, { Do: 'merge' });
      const approved = await api<{ official: boolean }>(
        bot,
        'POST',
        `/repos/${repository}/pulls/${number}/reviews`,
        { event: 'APPROVED' },
      );

      expect(labelled.status).toBe(403);
      expect(merged.status).not.toBe(200);
      expect([approved.status, approved.body.official]).toEqual([200, false]);
    });

    it('are members to those inside; outsiders are not told, and who is unknown the message says', async () => {
      const ask = (by: Person, where: string): Promise<{ status: number; body: { message?: string } }> =>
        api(by, 'GET', `/orgs/${where}`);

      expect((await ask(owner, `${organisation}/members/${bot.login}`)).status).toBe(204);
      // Its token was not made for organisations.
      expect((await ask(bot, `${organisation}/members/${owner.login}`)).status).toBe(403);
      expect(await ask(owner, `${organisation}/members/${stranger.login}`)).toMatchObject({
        status: 404,
        body: { message: "The target couldn't be found.", errors: [] },
      });
      expect((await ask(stranger, `${organisation}/members/${bot.login}`)).status).toBe(404);
      expect(await ask(owner, `${organisation}/members/none${tag}`)).toMatchObject({
        status: 404,
        body: { message: 'GetUserByName' },
      });
      expect(await ask(owner, `none${tag}/members/${bot.login}`)).toMatchObject({
        status: 404,
        body: { message: 'GetOrgByName' },
      });
    });

    it('are asked about by outsiders elsewhere: the list of those who want to be seen', async () => {
      const answer = await fetch(`${url()}/api/v1/orgs/${organisation}/members/${bot.login}`, {
        headers: { authorization: `token ${stranger.token}` },
        redirect: 'manual',
      });

      expect([answer.status >= 300 && answer.status < 400, answer.headers.get('location')]).toEqual([
        true,
        expect.stringContaining(`/api/v1/orgs/${organisation}/public_members/${bot.login}`),
      ]);
    });
  },
);
