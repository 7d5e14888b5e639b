import { expect, it } from 'vitest';
import { onEveryForge } from './every-forge.ts';

onEveryForge('assignees', ({ api, bot, fresh, owner, reader, remove, stranger, tag, url }) => {
  interface Assigned {
    number: number;
    assignee: { login: string } | null;
    assignees: { login: string }[] | null;
    updated_at: string;
  }
  interface Event {
    type: string;
    user: { login: string };
    assignee: { login: string } | null;
    removed_assignee: boolean;
  }
  const names = ({ assignees }: Assigned): string[] => (assignees ?? []).map(({ login }) => login).sort();

  it('are none, as null, where nobody was assigned', async () => {
    const repository = await fresh('assign-none');

    const { body } = await api<Assigned>(owner, 'POST', `/repos/${repository}/issues`, { title: 'x' });

    expect([body.assignee, body.assignees]).toEqual([null, null]);
  });

  it('are set where the issue is made, by who may, and shown with it and in its timeline', async () => {
    const repository = await fresh('assign-new');

    const { status, body } = await api<Assigned>(bot, 'POST', `/repos/${repository}/issues`, {
      title: 'x',
      assignees: [bot.login, owner.login],
    });

    expect(status).toBe(201);
    const issue = `/repos/${repository}/issues/${body.number}`;
    const shown = (await api<Assigned>(reader, 'GET', issue)).body;
    expect(names(shown)).toEqual([bot.login, owner.login].sort());
    expect(shown.assignee?.login).toBe(shown.assignees?.[0]?.login);
    const events = (await api<Event[]>(bot, 'GET', `${issue}/timeline`)).body;
    expect(events.map(({ type, user, removed_assignee }) => [type, user.login, removed_assignee])).toEqual([
      ['assignees', bot.login, false],
      ['assignees', bot.login, false],
    ]);
  });

  it('are changed as a whole: who is not named any more is none any more', async () => {
    const repository = await fresh('assign-change');
    const made = await api<Assigned>(bot, 'POST', `/repos/${repository}/issues`, {
      title: 'x',
      assignees: [bot.login],
    });
    const issue = `/repos/${repository}/issues/${made.body.number}`;

    const changed = await api<Assigned>(owner, 'PATCH', issue, { assignees: [owner.login] });
    const events = (await api<Event[]>(bot, 'GET', `${issue}/timeline`)).body;
    const emptied = await api<Assigned>(owner, 'PATCH', issue, { assignees: [] });

    expect([changed.status, names(changed.body)]).toEqual([201, [owner.login]]);
    expect(events.map(({ assignee, removed_assignee }) => [assignee?.login, removed_assignee])).toEqual([
      [bot.login, false],
      [bot.login, true],
      [owner.login, false],
    ]);
    expect(names(emptied.body)).toEqual([]);
  });

  it('of who may not set them are dropped without a word', async () => {
    const repository = await fresh('assign-reader');

    const { status, body } = await api<Assigned>(reader, 'POST', `/repos/${repository}/issues`, {
      title: 'x',
      assignees: [owner.login],
    });
    const changed = await api<Assigned>(reader, 'PATCH', `/repos/${repository}/issues/${body.number}`, {
      assignees: [owner.login],
    });

    expect([status, names(body)]).toEqual([201, []]);
    expect([changed.status, names(changed.body)]).toEqual([201, []]);
  });

  it('are whoever may read it in a public repository, and in a private one only who may', async () => {
    const repository = await fresh('assign-public');
    const issues = `/repos/${repository}/issues`;

    const open = await api<Assigned>(owner, 'POST', issues, { title: 'x', assignees: [stranger.login] });
    await api(owner, 'PATCH', `/repos/${repository}`, { private: true });
    const hidden = await api<Assigned>(owner, 'POST', issues, { title: 'x', assignees: [stranger.login] });

    expect([open.status, names(open.body)]).toEqual([201, [stranger.login]]);
    expect(hidden.status).toBe(422);
  });

  it('that nobody knows are refused with a new issue, and are an error of the server with an old one', async () => {
    const repository = await fresh('assign-unknown');
    const issues = `/repos/${repository}/issues`;

    const made = await api(owner, 'POST', issues, { title: 'x', assignees: [`nobody-${tag}`] });
    await api(owner, 'POST', issues, { title: 'x' });
    const changed = await api(owner, 'PATCH', `${issues}/1`, { assignees: [`nobody-${tag}`] });

    expect([made.status, changed.status]).toEqual([422, 500]);
  });

  it('are shown nothing of what a private organisation owns, public or not; with a part in it they are', async () => {
    const organisation = `hidden${tag}`;
    const repository = `/repos/${organisation}/r`;
    remove(repository);
    remove(`/orgs/${organisation}`);
    await api(owner, 'POST', '/orgs', { username: organisation, visibility: 'limited' });
    await api(owner, 'POST', `/orgs/${organisation}/repos`, { name: 'r', private: false, auto_init: true });
    const seen = async () => [
      (await api(stranger, 'GET', repository)).status,
      (await fetch(`${url()}/api/v1${repository}`)).status,
    ];

    const whenLimited = await seen();
    await api(owner, 'PATCH', `/orgs/${organisation}`, { visibility: 'private' });
    const whenPrivate = await seen();
    await api(owner, 'PUT', `${repository}/collaborators/${stranger.login}`, { permission: 'read' });

    expect(whenLimited).toEqual([200, 404]);
    expect(whenPrivate).toEqual([404, 404]);
    expect(await api(stranger, 'GET', repository)).toMatchObject({
      status: 200,
      body: { private: false, owner: { visibility: 'private' } },
    });
  });

  it('are told to be members of an organisation, or not, only to who is in it', async () => {
    const organisation = `members${tag}`;
    await api(owner, 'POST', '/orgs', { username: organisation, visibility: 'public' });
    remove(`/orgs/${organisation}`);
    const team = await api<{ id: number }>(owner, 'POST', `/orgs/${organisation}/teams`, {
      name: 'people',
      permission: 'read',
      units_map: { 'repo.code': 'read', 'repo.issues': 'read', 'repo.pulls': 'read' },
    });
    await api(owner, 'PUT', `/teams/${team.body.id}/members/${bot.login}`);
    const ask = (login: string, org = organisation) => `/orgs/${org}/members/${login}`;

    const member = await api(owner, 'GET', ask(bot.login));
    const none = await api(owner, 'GET', ask(stranger.login));
    const outside = await api(stranger, 'GET', ask(bot.login));
    const nobody = await api(owner, 'GET', ask(`nobody-${tag}`));
    const nowhere = await api(owner, 'GET', ask(bot.login, `nowhere-${tag}`));
    const withoutScope = await api(bot, 'GET', ask(owner.login));

    expect([member, none, outside, nobody, nowhere, withoutScope].map(({ status }) => status)).toEqual([
      204, 404, 404, 404, 404, 403,
    ]);
    const sent = await fetch(`${url()}/api/v1${ask(bot.login)}`, {
      headers: { authorization: `token ${stranger.token}` },
      redirect: 'manual',
    });
    expect([sent.status, sent.headers.get('location')]).toEqual([
      303,
      `/api/v1/orgs/${organisation}/public_members/${bot.login}`,
    ]);
    expect(none.body.message).not.toMatch(/GetUserByName|GetOrgByName/);
    expect(outside.body.message).toBe(none.body.message);
    expect(JSON.stringify(nobody.body)).toMatch(/user.*not exist/);
    expect(JSON.stringify(nowhere.body)).toMatch(/GetOrgByName|not exist/);
  });
});
