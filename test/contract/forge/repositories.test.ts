import { expect, it } from 'vitest';
import type { Person } from '../../../embedded-forge/seed.ts';
import { type Issue, onEveryForge } from './every-forge.ts';

onEveryForge('a repository', ({ api, bot, fresh, issue, owner, reader, repo, seed, stranger }) => {
  it('shows the rights of the user, not of the token', async () => {
    const rights = async (by: Person): Promise<unknown> =>
      (await api<{ permissions: unknown }>(by, 'GET', `/repos/${repo}`)).body.permissions;

    expect(await rights(owner)).toEqual({ admin: true, push: true, pull: true });
    expect(await rights(bot)).toEqual({ admin: false, push: true, pull: true });
    expect(await rights(reader)).toEqual({ admin: false, push: false, pull: true });
  });

  it('lets admins ask about anybody’s permission, others about their own only', async () => {
    const ask = (by: Person, login: string): ReturnType<typeof api<{ permission?: string }>> =>
      api<{ permission?: string }>(by, 'GET', `/repos/${repo}/collaborators/${login}/permission`);

    expect(await ask(owner, bot.login)).toMatchObject({ status: 200, body: { permission: 'write' } });
    expect(await ask(bot, bot.login)).toMatchObject({ status: 200, body: { permission: 'write' } });
    expect((await ask(bot, owner.login)).status).toBe(403);
  });

  it('shows its webhooks to who administers it, and to nobody else', async () => {
    const name = await fresh('hooked');
    const config = { url: 'http://127.0.0.1:9/hook', content_type: 'json' };

    const before = await api(owner, 'GET', `/repos/${name}/hooks`);
    const made = await api(owner, 'POST', `/repos/${name}/hooks`, {
      type: 'forgejo',
      config,
      events: ['push'],
    });
    const after = await api<{ id: number }[]>(owner, 'GET', `/repos/${name}/hooks`);

    expect([before.status, before.body, made.status]).toEqual([200, [], 201]);
    expect(after.body).toHaveLength(1);
    expect((await api(bot, 'GET', `/repos/${name}/hooks`)).status).toBe(403);
  });

  it('lists everybody who may write to anybody who may read', async () => {
    const { body } = await api<{ login: string }[]>(bot, 'GET', `/repos/${repo}/assignees`);

    expect(body.map(({ login }) => login).sort()).toEqual([bot.login, owner.login].sort());
  });

  it('lists them by name, and a person whose repository it is last', async () => {
    const name = await fresh('by-name');
    await seed.addCollaborator(owner, name, stranger.login, 'write');
    await seed.addCollaborator(owner, name, reader.login, 'write');

    const { body } = await api<{ login: string }[]>(bot, 'GET', `/repos/${name}/assignees`);

    expect(body.map(({ login }) => login)).toEqual([
      ...[bot, stranger, reader].map(({ login }) => login).sort(),
      owner.login,
    ]);
  });

  it('no longer lists somebody who may only read from now on', async () => {
    const name = await fresh('demoted');
    await seed.addCollaborator(owner, name, bot.login, 'read');

    const { body } = await api<{ login: string }[]>(reader, 'GET', `/repos/${name}/assignees`);

    expect(body.map(({ login }) => login)).toEqual([owner.login]);
  });

  it('lists readers among its collaborators', async () => {
    const { body } = await api<{ login: string }[]>(owner, 'GET', `/repos/${repo}/collaborators`);

    expect(body.map(({ login }) => login).sort()).toEqual([bot.login, reader.login].sort());
  });

  it('has workflows until its admin switches them off; a fork of it has none', async () => {
    const name = await fresh('no-actions');
    const shown = async (where: string): Promise<boolean> =>
      (await api<{ has_actions: boolean }>(owner, 'GET', `/repos/${where}`)).body.has_actions;
    await api(stranger, 'POST', `/repos/${name}/forks`, {});

    const before = await shown(name);
    const refused = await api(bot, 'PATCH', `/repos/${name}`, { has_actions: false });
    const answer = await api<{ has_actions: boolean }>(owner, 'PATCH', `/repos/${name}`, {
      has_actions: false,
    });

    expect([before, await shown(`${stranger.login}/no-actions`)]).toEqual([true, false]);
    expect(refused.status).toBe(403);
    expect([answer.status, answer.body.has_actions, await shown(name)]).toEqual([200, false, false]);
    expect((await api(owner, 'GET', `/repos/${name}/actions/runs`)).status).toBe(404);
    await api(owner, 'PATCH', `/repos/${name}`, { has_actions: true });
    expect(await shown(name)).toBe(true);
  });

  it('knows nothing of the user that workflows run as', async () => {
    expect((await api(owner, 'GET', `/repos/${repo}/collaborators/forgejo-actions/permission`)).status).toBe(
      404,
    );
    expect((await api(bot, 'GET', `/repos/${repo}/issues?created_by=forgejo-actions`)).status).toBe(404);
  });

  it('answers an empty list while issues are switched off, and 404 to a new one', async () => {
    const name = await fresh('no-issues');
    await issue(bot, name, { title: 'before' });
    await api(owner, 'PATCH', `/repos/${name}`, { has_issues: false });

    const list = await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?state=all`);

    expect(list).toMatchObject({ status: 200, body: [] });
    expect(list.headers.get('x-total-count')).toBe('0');
    expect((await api(bot, 'POST', `/repos/${name}/issues`, { title: 'x' })).status).toBe(404);
    expect((await api<{ has_issues: boolean }>(bot, 'GET', `/repos/${name}`)).body.has_issues).toBe(false);
  });

  it('answers 423 to writes when it is archived', async () => {
    const name = await fresh('archived');
    await api(owner, 'PATCH', `/repos/${name}`, { archived: true });

    expect((await api(bot, 'POST', `/repos/${name}/issues`, { title: 'x' })).status).toBe(423);
  });

  it('that is private is 404 to strangers', async () => {
    const name = await fresh('private');
    await api(owner, 'PATCH', `/repos/${name}`, { private: true });

    expect((await api(stranger, 'GET', `/repos/${name}`)).status).toBe(404);
    expect((await api(bot, 'GET', `/repos/${name}`)).status).toBe(200);
  });

  it('that is not there, or may not be seen, is 404', async () => {
    expect((await api(bot, 'GET', `/repos/${owner.login}/nothing`)).status).toBe(404);
  });
});
