import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedForge, startForge } from '../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';

/**
 * What the roles rely on, asked of a forge over plain HTTP. Always of the embedded one; of a real Forgejo as well when
 * `FORGE_CONTRACT_URL` and `FORGE_CONTRACT_TOKEN` (a site admin's) are set. Everything is made under names of its own
 * and deleted at the end. Where the two disagree, the real one is right.
 */
const real = process.env.FORGE_CONTRACT_URL;
const realToken = process.env.FORGE_CONTRACT_TOKEN ?? '';
const targets = [
  { name: 'the embedded forge', url: undefined as string | undefined, token: '' },
  ...(real === undefined || real === '' ? [] : [{ name: 'a real forge', url: real, token: realToken }]),
];

interface Issue {
  number: number;
  title: string;
  body: string;
  state: string;
  labels: { id: number; name: string }[];
  user: { login: string; id: number };
  pull_request: unknown;
}

interface Label {
  id: number;
  name: string;
}

describe.each(targets)('$name', ({ url, token }) => {
  const tag = randomBytes(4).toString('hex');
  const logins = {
    owner: `o${tag}`,
    bot: `b${tag}`,
    reader: `r${tag}`,
    stranger: `s${tag}`,
    other: `x${tag}`,
  };
  let embedded: EmbeddedForge | undefined;
  let forge: string;
  let adminToken: string;
  let seed: Seeder;
  let owner: Person;
  let bot: Person;
  let reader: Person;
  let stranger: Person;
  let repo: string;
  const organisation = `org${tag}`;

  beforeAll(async () => {
    embedded = url === undefined ? await startForge() : undefined;
    forge = (url ?? embedded?.url ?? '').replace(/\/+$/, '');
    adminToken = embedded?.adminToken ?? token;
    seed = seeder(forge, adminToken);
    owner = await seed.createUser(logins.owner, allScopes);
    bot = await seed.createUser(logins.bot, ['write:repository', 'write:issue', 'read:user']);
    reader = await seed.createUser(logins.reader, ['read:repository', 'write:issue']);
    stranger = await seed.createUser(logins.stranger, allScopes);
    repo = await fresh('main-repo');
  });

  afterAll(async () => {
    const left: string[] = [];
    const remove = async (path: string): Promise<void> => {
      const { status } = await seed.api('DELETE', path);
      if (status > 299 && status !== 404) left.push(`${path}: ${status}`);
    };
    for (const name of made) await remove(`/repos/${name}`);
    await remove(`/orgs/${organisation}`);
    for (const login of Object.values(logins)) await remove(`/admin/users/${login}?purge=true`);
    await embedded?.close();
    expect(left).toEqual([]);
  });

  const made: string[] = [];
  async function fresh(name: string): Promise<string> {
    const full = await seed.createRepository(owner, name);
    made.push(full);
    await seed.addCollaborator(owner, full, bot.login, 'write');
    await seed.addCollaborator(owner, full, reader.login, 'read');
    return full;
  }

  async function api<T = { message?: string }>(
    by: Person | null,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: T; headers: Headers }> {
    const response = await fetch(`${forge}/api/v1${path}`, {
      method,
      headers: {
        ...(by === null ? {} : { authorization: `token ${by.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return {
      status: response.status,
      body: (isJson ? JSON.parse(text) : text) as T,
      headers: response.headers,
    };
  }

  async function issue(by: Person, where: string, fields: Record<string, unknown>): Promise<Issue> {
    const answer = await api<Issue>(by, 'POST', `/repos/${where}/issues`, fields);
    expect(answer.status).toBe(201);
    return answer.body;
  }

  const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

  describe('people and tokens', () => {
    it('tells whose token it is', async () => {
      expect((await api<{ login: string }>(bot, 'GET', '/user')).body.login).toBe(bot.login);
    });

    it('answers 401 to a token it does not know', async () => {
      expect(
        (await api({ ...bot, token: '0123456789abcdef0123456789abcdef01234567' }, 'GET', '/user')).status,
      ).toBe(401);
    });

    it('names the scope that a token lacks', async () => {
      const answer = await api(reader, 'POST', '/user/repos', { name: 'x' });

      expect(answer.status).toBe(403);
      expect(answer.body.message).toContain('required scope(s): [write:user]');
    });

    it('repeats an unknown token in its message, so that has to be masked before it is logged', async () => {
      const wrong = '0123456789abcdef0123456789abcdef01234567';

      expect((await api({ ...bot, token: wrong }, 'GET', '/user')).body.message).toContain(wrong);
    });

    it('keeps the scopes of a token in its own order, and drops a read that a write implies', async () => {
      const made = await seed.createUser(logins.other, ['read:repository', 'read:issue', 'write:issue']);
      const basic = `Basic ${Buffer.from(`${made.login}:${made.password}`).toString('base64')}`;

      const response = await fetch(`${forge}/api/v1/users/${made.login}/tokens`, {
        headers: { authorization: basic },
      });

      expect(await response.json()).toMatchObject([{ scopes: ['write:issue', 'read:repository'] }]);
    });

    it('takes Bearer for token', async () => {
      expect(
        (await fetch(`${forge}/api/v1/user`, { headers: { authorization: `Bearer ${bot.token}` } })).status,
      ).toBe(200);
    });
  });

  describe('a repository', () => {
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

    it('lists everybody who may write to anybody who may read', async () => {
      const { body } = await api<{ login: string }[]>(bot, 'GET', `/repos/${repo}/assignees`);

      expect(body.map(({ login }) => login).sort()).toEqual([bot.login, owner.login].sort());
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

    it('knows nothing of the user that workflows run as', async () => {
      expect(
        (await api(owner, 'GET', `/repos/${repo}/collaborators/forgejo-actions/permission`)).status,
      ).toBe(404);
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

  describe('labels', () => {
    it('may share a name, and then a filter by that name finds nothing', async () => {
      const name = await fresh('twins');
      const first = await seed.createLabel(owner, name, 'twin');
      await seed.createLabel(owner, name, 'twin');
      await issue(bot, name, { title: 'x', labels: [first] });

      expect((await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?labels=twin&state=all`)).body).toEqual(
        [],
      );
    });

    it('of which a filter knows none are no filter at all', async () => {
      const name = await fresh('unknown-filter');
      await issue(bot, name, { title: 'x' });

      expect(
        (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?labels=nothing-of-the-kind&state=all`)).body,
      ).toHaveLength(1);
    });

    it('of one name filter exactly', async () => {
      const name = await fresh('one-filter');
      const id = await seed.createLabel(owner, name, 'vision');
      await issue(bot, name, { title: 'with', labels: [id] });
      await issue(bot, name, { title: 'without' });

      const { body, headers } = await api<Issue[]>(
        bot,
        'GET',
        `/repos/${name}/issues?state=open&type=issues&labels=vision&page=1&limit=50`,
      );

      expect(body.map(({ title }) => title)).toEqual(['with']);
      expect(headers.get('x-total-count')).toBe('1');
    });

    it('of two names are asked for together', async () => {
      const name = await fresh('two-filters');
      const [one, two] = [
        await seed.createLabel(owner, name, 'one'),
        await seed.createLabel(owner, name, 'two'),
      ];
      await issue(bot, name, { title: 'both', labels: [one, two] });
      await issue(bot, name, { title: 'one', labels: [one] });
      const list = async (labels: string): Promise<string[]> =>
        (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?state=all&labels=${labels}`)).body.map(
          ({ title }) => title,
        );

      expect(await list('one,two')).toEqual(['both']);
      expect(await list('one,nothing-of-the-kind')).toEqual(['one', 'both']);
    });

    it('are all given when no page is asked for, whatever the limit', async () => {
      const name = await fresh('no-page');
      for (const label of ['a', 'b', 'c']) await seed.createLabel(owner, name, label);

      expect((await api<Label[]>(bot, 'GET', `/repos/${name}/labels?limit=2`)).body).toHaveLength(3);
      expect((await api<Label[]>(bot, 'GET', `/repos/${name}/labels?limit=2&page=1`)).body).toHaveLength(2);
    });

    it('come with a count, page by page', async () => {
      const name = await fresh('many-labels');
      for (const label of ['a', 'b', 'c']) await seed.createLabel(owner, name, label);

      const page = await api<Label[]>(bot, 'GET', `/repos/${name}/labels?page=2&limit=2`);

      expect(page.body).toHaveLength(1);
      expect(page.headers.get('x-total-count')).toBe('3');
    });

    it('are put on an issue by id, come back in the answer, and unknown ids are dropped in silence', async () => {
      const name = await fresh('put-labels');
      const id = await seed.createLabel(owner, name, 'in-progress');
      const { number } = await issue(bot, name, { title: 'x' });

      const answer = await api<Label[]>(bot, 'POST', `/repos/${name}/issues/${number}/labels`, {
        labels: [id, 999_999_999],
      });

      expect(answer.status).toBe(200);
      expect(answer.body.map((label) => label.id)).toEqual([id]);
      expect((await api(bot, 'DELETE', `/repos/${name}/issues/${number}/labels/${id}`)).status).toBe(204);
    });

    it('are dropped in silence from an issue of somebody who may not set them, and 403 afterwards', async () => {
      const name = await fresh('no-right');
      const id = await seed.createLabel(owner, name, 'x');

      const made = await issue(reader, name, { title: 'x', labels: [id] });

      expect(made.labels).toEqual([]);
      expect(
        (await api(reader, 'POST', `/repos/${name}/issues/${made.number}/labels`, { labels: [id] })).status,
      ).toBe(403);
    });

    it('can be named on an existing issue, and an unknown name is ignored', async () => {
      const name = await fresh('by-name');
      await seed.createLabel(owner, name, 'known');
      const { number } = await issue(bot, name, { title: 'x' });

      const answer = await api<Label[]>(bot, 'POST', `/repos/${name}/issues/${number}/labels`, {
        labels: ['known', 'unknown'],
      });

      expect(answer.body.map((label) => label.name)).toEqual(['known']);
    });

    it('cannot be made without a colour, and can be deleted', async () => {
      const id = await seed.createLabel(owner, repo, `gone-${tag}`);

      expect((await api(owner, 'POST', `/repos/${repo}/labels`, { name: 'x' })).status).toBe(422);
      expect((await api(owner, 'DELETE', `/repos/${repo}/labels/${id}`)).status).toBe(204);
    });

    it('of an organisation are a list of their own, and go onto issues by id', async () => {
      await api(owner, 'POST', '/orgs', { username: organisation });
      const label = await api<Label>(owner, 'POST', `/orgs/${organisation}/labels`, {
        name: 'of-org',
        color: '#112233',
      });
      await api(owner, 'POST', `/orgs/${organisation}/repos`, {
        name: 'r',
        auto_init: true,
        default_branch: 'main',
      });
      made.unshift(`${organisation}/r`);

      const created = await issue(owner, `${organisation}/r`, { title: 'x', labels: [label.body.id] });

      expect(created.labels.map(({ name }) => name)).toEqual(['of-org']);
      expect((await api<Label[]>(owner, 'GET', `/repos/${organisation}/r/labels`)).body).toEqual([]);
      expect(
        (await api<Label[]>(owner, 'GET', `/orgs/${organisation}/labels`)).body.map(({ name }) => name),
      ).toEqual(['of-org']);
    });

    it('of a user who is no organisation are 404', async () => {
      expect((await api(owner, 'GET', `/orgs/${owner.login}/labels`)).status).toBe(404);
    });
  });

  describe('issues', () => {
    it('keep a body byte for byte, and half a character becomes U+FFFD', async () => {
      const body = 'a\r\nb\n\n\n  c  \n\t🙂 <!-- x -->\n';

      expect((await issue(bot, repo, { title: 'x', body })).body).toBe(body);
      expect((await issue(bot, repo, { title: 'x', body: 'a\ud800' })).body).toBe('a\ufffd');
    });

    it('cut a title at 255 bytes without a word, and keep a newline in it', async () => {
      const long = await issue(bot, repo, { title: 't'.repeat(300) });
      const wide = await issue(bot, repo, { title: 'é'.repeat(200) });

      expect(long.title).toBe(`${'t'.repeat(252)}…`);
      expect(wide.title).toBe(`${'é'.repeat(126)}…`);
      expect((await issue(bot, repo, { title: 'two\nlines' })).title).toBe('two\nlines');
    });

    it('need a title, and labels as ids', async () => {
      expect((await api(bot, 'POST', `/repos/${repo}/issues`, { title: '', body: 'x' })).status).toBe(422);
      expect((await api(bot, 'POST', `/repos/${repo}/issues`, { title: 'x', labels: ['name'] })).status).toBe(
        422,
      );
    });

    it('are listed by author exactly and completely, and an unknown author is 404', async () => {
      const name = await fresh('authors');
      for (let index = 0; index < 3; index += 1) await issue(bot, name, { title: `b${index}` });
      await issue(reader, name, { title: 'r' });

      const list = await api<Issue[]>(
        bot,
        'GET',
        `/repos/${name}/issues?state=all&type=issues&created_by=${bot.login}&page=1&limit=2`,
      );

      expect(list.headers.get('x-total-count')).toBe('3');
      expect(list.body.map(({ title, user }) => [title, user.login])).toEqual([
        ['b2', bot.login],
        ['b1', bot.login],
      ]);
      expect((await api(bot, 'GET', `/repos/${name}/issues?created_by=nobody-${tag}`)).status).toBe(404);
    });

    it('are listed whole by state, the closed ones too', async () => {
      const name = await fresh('states');
      const first = await issue(bot, name, { title: 'closed' });
      await issue(bot, name, { title: 'open' });
      await seed.closeIssue(owner, name, first.number);
      const titles = async (state: string): Promise<string[]> =>
        (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?state=${state}&type=issues`)).body.map(
          ({ title }) => title,
        );

      expect([await titles('open'), await titles('closed'), await titles('all')]).toEqual([
        ['open'],
        ['closed'],
        ['open', 'closed'],
      ]);
    });

    it('on a page beyond the last are none, and the count stays', async () => {
      const name = await fresh('beyond');
      await issue(bot, name, { title: 'x' });

      const list = await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?state=all&page=9&limit=50`);

      expect(list.body).toEqual([]);
      expect(list.headers.get('x-total-count')).toBe('1');
    });

    it('are edited with 201; somebody else’s by a reader with 403 and no body', async () => {
      const { number } = await issue(bot, repo, { title: 'x', body: 'a' });

      expect(await api<Issue>(bot, 'PATCH', `/repos/${repo}/issues/${number}`, { body: 'b' })).toMatchObject({
        status: 201,
        body: { body: 'b', title: 'x' },
      });
      expect(
        await api<unknown>(reader, 'PATCH', `/repos/${repo}/issues/${number}`, { body: 'c' }),
      ).toMatchObject({ status: 403, body: '' });
    });

    it('of a reader may be edited by that reader', async () => {
      const { number } = await issue(reader, repo, { title: 'mine' });

      expect(
        await api<Issue>(reader, 'PATCH', `/repos/${repo}/issues/${number}`, { title: 'still mine' }),
      ).toMatchObject({ status: 201, body: { title: 'still mine' } });
    });

    it('come with a link to the next page while there is one', async () => {
      const name = await fresh('links');
      for (const title of ['a', 'b', 'c']) await issue(bot, name, { title });
      const page = async (number: number): Promise<string> =>
        (await api(bot, 'GET', `/repos/${name}/issues?state=all&limit=2&page=${number}`)).headers.get(
          'link',
        ) ?? '';

      expect(await page(1)).toContain('rel="next"');
      expect(await page(2)).not.toContain('rel="next"');
      expect(await page(2)).toContain('rel="prev"');
    });

    it('come oldest first where that is asked for', async () => {
      const name = await fresh('oldest');
      for (const title of ['a', 'b']) await issue(bot, name, { title });

      expect(
        (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues?sort=oldest`)).body.map(({ title }) => title),
      ).toEqual(['a', 'b']);
    });

    it('that do not exist are 404', async () => {
      expect((await api(bot, 'GET', `/repos/${repo}/issues/999999`)).status).toBe(404);
      expect((await api(bot, 'POST', `/repos/${repo}/issues/999999/comments`, { body: 'x' })).status).toBe(
        404,
      );
    });

    it('that are deleted do not give their number to another', async () => {
      const name = await fresh('numbers');
      const first = await issue(bot, name, { title: 'gone' });

      expect((await api(owner, 'DELETE', `/repos/${name}/issues/${first.number}`)).status).toBe(204);
      expect((await issue(bot, name, { title: 'next' })).number).toBe(first.number + 1);
    });

    it('created at the same moment all get numbers of their own', async () => {
      const name = await fresh('at-once');

      const all = await Promise.all(
        Array.from({ length: 6 }, (_, index) => issue(bot, name, { title: `race ${index}` })),
      );

      expect(all.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });

  describe('comments and the timeline', () => {
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
      await new Promise((done) => setTimeout(done, 1500));

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
  });

  describe('dependencies', () => {
    it('are made once; again and in a circle they are refused (500, or 409 where the database says it better)', async () => {
      const name = await fresh('dependencies');
      const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
      const add = (index: number, on: number): ReturnType<typeof api> =>
        api(bot, 'POST', `/repos/${name}/issues/${index}/dependencies`, {
          index: on,
          owner: owner.login,
          repo: 'dependencies',
        });

      expect((await add(two.number, one.number)).status).toBe(201);
      expect([500, 409]).toContain((await add(two.number, one.number)).status);
      expect([500, 409]).toContain((await add(one.number, two.number)).status);
      const list = await api<Issue[]>(
        bot,
        'GET',
        `/repos/${name}/issues/${two.number}/dependencies?page=1&limit=50`,
      );
      expect(list.body.map(({ number }) => number)).toEqual([one.number]);
      expect(
        (await api<Issue[]>(bot, 'GET', `/repos/${name}/issues/${two.number}/dependencies?page=2&limit=50`))
          .body,
      ).toEqual([]);
    });

    it('keep an issue open while one is open, and can be removed', async () => {
      const name = await fresh('blocked');
      const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
      const link = { index: one.number, owner: owner.login, repo: 'blocked' };
      await api(bot, 'POST', `/repos/${name}/issues/${two.number}/dependencies`, link);

      expect(
        (await api(bot, 'PATCH', `/repos/${name}/issues/${two.number}`, { state: 'closed' })).status,
      ).toBe(412);
      expect(
        (await api(bot, 'DELETE', `/repos/${name}/issues/${two.number}/dependencies`, link)).status,
      ).toBeLessThan(300);
      expect(
        (await api(bot, 'PATCH', `/repos/${name}/issues/${two.number}`, { state: 'closed' })).status,
      ).toBe(201);
    });

    it('are listed from both ends, without a count', async () => {
      const name = await fresh('both-ends');
      const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
      const link = { index: one.number, owner: owner.login, repo: 'both-ends' };
      await api(bot, 'POST', `/repos/${name}/issues/${two.number}/dependencies`, link);

      const needs = await api<Issue[]>(bot, 'GET', `/repos/${name}/issues/${two.number}/dependencies`);
      const blocks = await api<Issue[]>(bot, 'GET', `/repos/${name}/issues/${one.number}/blocks`);

      expect(needs.headers.get('x-total-count')).toBeNull();
      expect(needs.body.map(({ title }) => title)).toEqual(['one']);
      expect(blocks.body.map(({ title }) => title)).toEqual(['two']);
    });

    it('are 404 to a reader, and to an issue that is not there', async () => {
      const name = await fresh('nowhere');
      const [one, two] = [
        await issue(reader, name, { title: 'one' }),
        await issue(bot, name, { title: 'two' }),
      ];
      const add = (by: Person, index: number): ReturnType<typeof api> =>
        api(by, 'POST', `/repos/${name}/issues/${one.number}/dependencies`, {
          index,
          owner: owner.login,
          repo: 'nowhere',
        });

      expect((await add(reader, two.number)).status).toBe(404);
      expect((await add(bot, 999_999)).status).toBe(404);
    });

    it('on itself are taken, and then the issue can never be closed', async () => {
      const name = await fresh('on-itself');
      const { number } = await issue(bot, name, { title: 'x' });

      expect(
        (
          await api(bot, 'POST', `/repos/${name}/issues/${number}/dependencies`, {
            index: number,
            owner: owner.login,
            repo: 'on-itself',
          })
        ).status,
      ).toBe(201);
      expect((await api(bot, 'PATCH', `/repos/${name}/issues/${number}`, { state: 'closed' })).status).toBe(
        412,
      );
    });

    it('that are gone cannot be removed again (500, or 404 where the server says it better)', async () => {
      const name = await fresh('removed');
      const [one, two] = [await issue(bot, name, { title: 'one' }), await issue(bot, name, { title: 'two' })];
      const link = { index: one.number, owner: owner.login, repo: 'removed' };
      await api(bot, 'POST', `/repos/${name}/issues/${two.number}/dependencies`, link);
      const remove = (): ReturnType<typeof api> =>
        api(bot, 'DELETE', `/repos/${name}/issues/${two.number}/dependencies`, link);

      expect((await remove()).status).toBeLessThan(300);
      expect([404, 500]).toContain((await remove()).status);
    });

    it('are 404 where they are switched off, which the repository says', async () => {
      const name = await fresh('no-dependencies');
      await api(owner, 'PATCH', `/repos/${name}`, {
        internal_tracker: {
          enable_time_tracker: true,
          allow_only_contributors_to_track_time: true,
          enable_issue_dependencies: false,
        },
      });
      const { number } = await issue(bot, name, { title: 'x' });

      expect((await api(bot, 'GET', `/repos/${name}/issues/${number}/dependencies`)).status).toBe(404);
      expect(
        (await api<{ internal_tracker: unknown }>(bot, 'GET', `/repos/${name}`)).body.internal_tracker,
      ).toMatchObject({ enable_issue_dependencies: false });
    });
  });

  describe('contents', () => {
    const file = (name: string, path: string): string => `/repos/${name}/contents/${path}`;

    it('are created once, and updated by the blob they replace', async () => {
      const name = await fresh('contents');
      const first = await api<{ content: { sha: string } }>(bot, 'POST', file(name, 'sprints/a.md'), {
        content: base64('one\n'),
        message: 'add',
        branch: 'main',
      });
      const { sha } = first.body.content;

      expect(first.status).toBe(201);
      expect(
        (
          await api(bot, 'POST', file(name, 'sprints/a.md'), {
            content: base64('two\n'),
            message: 'add',
            branch: 'main',
          })
        ).status,
      ).toBe(422);
      expect(
        (
          await api(bot, 'PUT', file(name, 'sprints/a.md'), {
            content: base64('two\n'),
            message: 'update',
            branch: 'main',
            sha,
          })
        ).status,
      ).toBe(200);
      expect(
        (
          await api(bot, 'PUT', file(name, 'sprints/a.md'), {
            content: base64('three\n'),
            message: 'update',
            branch: 'main',
            sha,
          })
        ).status,
      ).toBe(409);
      expect(
        (
          await api(bot, 'PUT', file(name, 'sprints/a.md'), {
            content: base64('three\n'),
            message: 'update',
            branch: 'main',
          })
        ).status,
      ).toBe(422);
      expect(
        (await api(bot, 'DELETE', file(name, 'sprints/a.md'), { message: 'delete', branch: 'main', sha }))
          .status,
      ).toBe(400);
    });

    it('of a file that is not there cannot be updated (500), and are deleted with the blob they had', async () => {
      const name = await fresh('deleting');
      const { body } = await api<{ content: { sha: string } }>(bot, 'POST', file(name, 'a.md'), {
        content: base64('x'),
        message: 'm',
        branch: 'main',
      });
      const { sha } = body.content;

      expect(
        (
          await api(bot, 'PUT', file(name, 'none.md'), {
            content: base64('y'),
            message: 'm',
            branch: 'main',
            sha,
          })
        ).status,
      ).toBe(500);
      expect(
        (await api(bot, 'DELETE', file(name, 'a.md'), { message: 'm', branch: 'main', sha })).status,
      ).toBe(200);
      expect((await api(bot, 'GET', `${file(name, 'a.md')}?ref=main`)).status).toBe(404);
    });

    it('that are no base64 are 422', async () => {
      const name = await fresh('no-base64');

      expect(
        (await api(bot, 'POST', file(name, 'a'), { content: 'not base64!', message: 'm', branch: 'main' }))
          .status,
      ).toBe(422);
    });

    it('are read raw, as a tree and as a blob as well', async () => {
      const name = await fresh('other-ways');
      await seed.putFile(bot, name, 'sprints/a.md', 'text\n');

      const tree = await api<{ tree: { path: string; type: string; sha: string }[] }>(
        bot,
        'GET',
        `/repos/${name}/git/trees/main?recursive=true`,
      );
      const found = tree.body.tree.find((item) => item.path === 'sprints/a.md');

      expect(await api<string>(bot, 'GET', `/repos/${name}/raw/sprints/a.md?ref=main`)).toMatchObject({
        status: 200,
        body: 'text\n',
      });
      expect(tree.body.tree.map(({ path }) => path)).toEqual(['README.md', 'sprints', 'sprints/a.md']);
      expect(
        (await api<{ content: string }>(bot, 'GET', `/repos/${name}/git/blobs/${found?.sha}`)).body.content,
      ).toBe(base64('text\n'));
    });

    it('have a list of the commits that changed them, newest first; 404 when there are none', async () => {
      const name = await fresh('history');
      const first = await seed.putFile(bot, name, 'a.md', 'one\n');
      await seed.putFile(bot, name, 'b.md', 'other\n');
      const second = await seed.putFile(bot, name, 'a.md', 'two\n');
      const commits = (path: string): ReturnType<typeof api<{ sha: string }[]>> =>
        api(bot, 'GET', `/repos/${name}/commits?sha=main&path=${path}&limit=50`);

      expect((await commits('a.md')).body.map(({ sha }) => sha)).toEqual([second, first]);
      expect((await commits('none.md')).status).toBe(404);
    });

    it('of the same new file, written by six at the same moment, are written once (the others 403, 409, 422 or 500)', async () => {
      const name = await fresh('same-file');

      const all = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          api(bot, 'POST', file(name, 'same'), { content: base64(`${index}`), message: 'm', branch: 'main' }),
        ),
      );

      expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(all.filter(({ status }) => ![201, 403, 409, 422, 500].includes(status))).toEqual([]);
    });

    it('of a folder list its files without their content; of a file give it in base64', async () => {
      const name = await fresh('reading');
      await seed.putFile(bot, name, 'sprints/a.md', 'text\n');

      const folder = await api<{ name: string; path: string; type: string; sha: string; content: null }[]>(
        bot,
        'GET',
        `${file(name, 'sprints')}?ref=main`,
      );
      const one = await api<{ content: string; encoding: string; sha: string }>(
        bot,
        'GET',
        `${file(name, 'sprints/a.md')}?ref=main`,
      );

      expect(folder.body).toMatchObject([
        { name: 'a.md', path: 'sprints/a.md', type: 'file', content: null },
      ]);
      expect(one.body).toMatchObject({
        encoding: 'base64',
        content: base64('text\n'),
        sha: folder.body[0]?.sha,
      });
      expect((await api(bot, 'GET', `${file(name, 'nothing')}?ref=main`)).status).toBe(404);
    });

    it('can be asked for at a commit', async () => {
      const name = await fresh('at-a-commit');
      const commit = await seed.putFile(bot, name, 'a.md', 'one\n');
      await seed.putFile(bot, name, 'a.md', 'two\n');

      expect(
        (await api<{ content: string }>(bot, 'GET', `${file(name, 'a.md')}?ref=${commit}`)).body.content,
      ).toBe(base64('one\n'));
    });

    it('go onto a new branch together with it, once', async () => {
      const name = await fresh('new-branch');
      const write = (path: string): ReturnType<typeof api> =>
        api(bot, 'POST', file(name, path), {
          content: base64('x'),
          message: 'm',
          branch: 'main',
          new_branch: 'topic',
        });

      expect((await write('a.md')).status).toBe(201);
      expect((await write('b.md')).status).toBe(422);
      expect(
        (await api(bot, 'POST', file(name, 'c.md'), { content: base64('x'), message: 'm', branch: 'nope' }))
          .status,
      ).toBe(404);
    });

    it('of several files are one commit or none', async () => {
      const name = await fresh('several');
      const write = (...paths: string[]): ReturnType<typeof api> =>
        api(bot, 'POST', `/repos/${name}/contents`, {
          branch: 'main',
          message: 'm',
          files: paths.map((path) => ({ operation: 'create', path, content: base64(path) })),
        });

      expect((await write('a', 'b')).status).toBe(201);
      expect((await write('c', 'a')).status).toBe(422);
      expect((await api(bot, 'GET', file(name, 'c'))).status).toBe(404);
    });

    it('written by six at the same moment are written by one; the others are told to look again (403 with PushRejected, 409, or 500)', async () => {
      const name = await fresh('race');

      const all = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          api(bot, 'POST', file(name, `r/${index}`), {
            content: base64('x'),
            message: 'race',
            branch: 'main',
          }),
        ),
      );

      const lost = all.filter(({ status }) => status !== 201);
      expect(lost.length).toBeLessThan(6);
      for (const { status, body } of lost) {
        expect([403, 409, 500]).toContain(status);
        if (status === 403) expect(body.message).toMatch(/PushRejected|cannot lock ref/);
      }
      const { body } = await api<{ path: string }[]>(bot, 'GET', `${file(name, 'r')}?ref=main`);
      expect(body).toHaveLength(6 - lost.length);
    });

    it('never leave the repository: dots are resolved, and .git is refused', async () => {
      const name = await fresh('paths');

      // Sent as it stands: fetch would resolve the dots itself.
      const dotted = await new Promise<number | undefined>((done, failed) => {
        const url = new URL(forge);
        const sent = (url.protocol === 'https:' ? https : http).request(
          {
            hostname: url.hostname,
            port: url.port,
            method: 'POST',
            path: `${url.pathname.replace(/\/$/, '')}/api/v1${file(name, 'x/../y.md')}`,
            headers: { authorization: `token ${bot.token}`, 'content-type': 'application/json' },
          },
          (response) => {
            response.resume();
            response.once('end', () => done(response.statusCode));
          },
        );
        sent.once('error', failed);
        sent.end(JSON.stringify({ content: base64('x'), message: 'm', branch: 'main' }));
      });
      expect(dotted).toBe(201);
      expect((await api(bot, 'GET', `${file(name, 'y.md')}?ref=main`)).status).toBe(200);
      expect(
        (
          await api(bot, 'POST', file(name, '.git/config'), {
            content: base64('x'),
            message: 'm',
            branch: 'main',
          })
        ).status,
      ).toBe(422);
    });

    it('are not written by a reader', async () => {
      const name = await fresh('readers');
      await seed.addCollaborator(owner, name, stranger.login, 'read');

      expect(
        (await api(stranger, 'POST', file(name, 'a'), { content: base64('x'), message: 'm', branch: 'main' }))
          .status,
      ).toBe(403);
    });
  });

  describe('branches', () => {
    it('are made once: 409 afterwards', async () => {
      const name = await fresh('branches');
      const make = (): ReturnType<typeof api> =>
        api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'lock', old_branch_name: 'main' });

      expect((await make()).status).toBe(201);
      expect((await make()).status).toBe(409);
      expect((await api(bot, 'DELETE', `/repos/${name}/branches/lock`)).status).toBe(204);
    });

    it('of one name made by six at the same moment are made once (the others 409 or 500)', async () => {
      const name = await fresh('mutex');

      const all = await Promise.all(
        Array.from({ length: 6 }, () =>
          api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'mutex', old_branch_name: 'main' }),
        ),
      );

      expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(all.every(({ status }) => [201, 409, 500].includes(status))).toBe(true);
    });

    it('that are gone cannot be deleted again (500, or 404 where the server says it better)', async () => {
      const name = await fresh('gone-branch');
      await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'x', old_branch_name: 'main' });
      const remove = (): ReturnType<typeof api> => api(bot, 'DELETE', `/repos/${name}/branches/x`);

      expect((await remove()).status).toBe(204);
      expect([404, 500]).toContain((await remove()).status);
    });

    it('are as exclusive as tags: one of a name, then 409', async () => {
      const name = await fresh('tags');
      const make = (): ReturnType<typeof api> =>
        api(bot, 'POST', `/repos/${name}/tags`, { tag_name: 'v1', target: 'main' });

      expect((await make()).status).toBe(201);
      expect((await make()).status).toBe(409);
    });

    it('with slashes in their names are found, and listed with the others', async () => {
      const name = await fresh('slashes');
      await api(bot, 'POST', `/repos/${name}/branches`, { new_branch_name: 'a/b', old_branch_name: 'main' });

      expect((await api<{ name: string }>(bot, 'GET', `/repos/${name}/branches/a/b`)).body.name).toBe('a/b');
      expect(
        (await api<{ name: string }[]>(bot, 'GET', `/repos/${name}/branches`)).body
          .map((item) => item.name)
          .sort(),
      ).toEqual(['a/b', 'main']);
    });

    it('say where they stand, and whether we may push', async () => {
      const name = await fresh('heads');
      const commit = await seed.putFile(bot, name, 'a', 'x');

      expect((await api<unknown>(bot, 'GET', `/repos/${name}/branches/main`)).body).toMatchObject({
        name: 'main',
        commit: { id: commit },
        protected: false,
        user_can_push: true,
      });
      expect((await api(bot, 'GET', `/repos/${name}/branches/nope`)).status).toBe(404);
    });
  });

  describe('pull requests', () => {
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
          (await api<{ number: number }>(bot, 'GET', `/repos/${name}/commits/${head.body.commit.id}/pull`))
            .body.number,
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
        expect(
          (await api<{ number: number }>(bot, 'GET', `/repos/${name}/pulls/main/topic`)).body.number,
        ).toBe(number);
      },
    );

    it('answer 405 to a second merge, and 404 when they are closed', async () => {
      const name = await fresh('not-again');
      for (const branch of ['done', 'closed'])
        await seed.putFile(bot, name, branch, 'x', { from: 'main', name: branch });
      const done = await seed.openPull(bot, name, { head: 'done', base: 'main', title: 'done' });
      const closed = await seed.openPull(bot, name, { head: 'closed', base: 'main', title: 'closed' });
      const merge = (number: number): ReturnType<typeof api> =>
        api(owner, 'POST', `/repos/${name}/pulls/${number}/merge`, { Do: 'merge' });
      await seed.mergePull(owner, name, done);

      expect((await api(bot, 'PATCH', `/repos/${name}/pulls/${closed}`, { state: 'closed' })).status).toBe(
        201,
      );
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
      await seed.putFile(bot, name, 'gone', 'x');
      await seed.putFile(bot, name, 'kept', 'x');
      const sha = async (path: string): Promise<string> =>
        (await api<{ sha: string }>(bot, 'GET', `/repos/${name}/contents/${path}`)).body.sha;
      await api(bot, 'POST', `/repos/${name}/contents`, {
        branch: 'main',
        new_branch: 'topic',
        message: 'm',
        files: [
          { operation: 'create', path: 'new', content: base64('x') },
          { operation: 'update', path: 'kept', content: base64('y'), sha: await sha('kept') },
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
        (await api(bot, 'POST', `/repos/${name}/pulls`, { head: 'main', base: 'main', title: 'same' }))
          .status,
      ).toBe(422);
      expect(
        (await api(bot, 'POST', `/repos/${name}/pulls`, { head: 'nope', base: 'main', title: 'none' }))
          .status,
      ).toBe(404);
    });
  });

  describe('a fork', () => {
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
      made.push(body.full_name);
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

  describe('a protected branch', () => {
    const write = (
      name: string,
      path: string,
      more: Record<string, unknown> = {},
    ): [string, string, unknown] => [
      'POST',
      `/repos/${name}/contents/${path}`,
      { content: base64('{}'), message: 'm', branch: 'main', ...more },
    ];
    async function protectedRepo(name: string, rule: Record<string, unknown> = {}): Promise<string> {
      const full = await fresh(name);
      const { status } = await api(owner, 'POST', `/repos/${full}/branch_protections`, {
        rule_name: 'main',
        enable_push: false,
        ...rule,
      });
      expect(status).toBe(201);
      return full;
    }

    it('says so to a writer, who may not read its rules', async () => {
      const name = await protectedRepo('protected');

      expect((await api(bot, 'GET', `/repos/${name}/branches/main`)).body).toMatchObject({
        protected: true,
        user_can_push: false,
        user_can_merge: true,
      });
      expect((await api(bot, 'GET', `/repos/${name}/branch_protections`)).status).toBe(403);
      expect(
        (await api(owner, 'POST', `/repos/${name}/branch_protections`, { rule_name: 'main' })).status,
      ).toBe(403);
    });

    it('takes no commit through the contents API, from its owner neither, but branches may start from it', async () => {
      const name = await protectedRepo('no-commit');

      for (const person of [bot, owner]) {
        const refused = await api(person, ...write(name, 'evidence/a.json'));
        expect(refused.status).toBe(403);
        expect(refused.body.message).toContain('user cannot commit to repo');
      }
      expect((await api(bot, ...write(name, 'evidence/a.json', { new_branch: 'evidence/a' }))).status).toBe(
        201,
      );
    });

    it('takes a commit whose paths are all exempt, and nothing of one with a path that is not', async () => {
      const name = await protectedRepo('exempt', { unprotected_file_patterns: 'evidence/**' });

      expect((await api(bot, ...write(name, 'evidence/engagement/a.json'))).status).toBe(201);
      expect(
        (
          await api(bot, 'POST', `/repos/${name}/contents`, {
            branch: 'main',
            message: 'm',
            files: [
              { operation: 'create', path: 'evidence/b.json', content: base64('1') },
              { operation: 'create', path: 'other/b.json', content: base64('2') },
            ],
          })
        ).status,
      ).toBe(403);
      expect((await api(bot, 'GET', `/repos/${name}/contents/evidence/b.json`)).status).toBe(404);
      expect((await api(bot, 'GET', `/repos/${name}/branches/main`)).body).toMatchObject({
        user_can_push: false,
      });
    });

    it('finds a pull request by its two branches, closed ones included', async () => {
      const name = await protectedRepo('two-branches');
      await api(bot, ...write(name, 'a.json', { new_branch: 'evidence/by-name' }));
      const { body } = await api<{ number: number }>(bot, 'POST', `/repos/${name}/pulls`, {
        head: 'evidence/by-name',
        base: 'main',
        title: 't',
      });
      const where = `/repos/${name}/pulls/main/evidence%2Fby-name`;

      expect((await api(bot, 'GET', where)).body).toMatchObject({ number: body.number, state: 'open' });
      await api(bot, 'PATCH', `/repos/${name}/pulls/${body.number}`, { state: 'closed' });
      expect((await api(bot, 'GET', where)).body).toMatchObject({
        number: body.number,
        state: 'closed',
        merged: false,
      });
      expect((await api(bot, 'GET', `/repos/${name}/pulls/main/none`)).status).toBe(404);
    });
  });

  describe('reviews and merges', () => {
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
        (await api<Review>(owner, 'POST', reviews(repository, number), { event: 'COMMENT', body: 'hm' }))
          .body,
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

      const { body } = await api<Ref | Ref[]>(
        bot,
        'GET',
        `/repos/${repository}/git/refs/pull/${number}/head`,
      );

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

  describe('commit statuses', () => {
    it('are kept by name, the newest of each counting', async () => {
      const name = await fresh('statuses');
      const { body } = await api<{ commit: { id: string } }>(bot, 'GET', `/repos/${name}/branches/main`);
      const sha = body.commit.id;
      const set = (state: string): ReturnType<typeof api> =>
        api(bot, 'POST', `/repos/${name}/statuses/${sha}`, {
          state,
          context: 'forgecrew/vault',
          description: 'd',
        });

      expect((await set('pending')).status).toBe(201);
      expect((await set('success')).status).toBe(201);
      expect((await api(bot, 'GET', `/repos/${name}/commits/${sha}/status`)).body).toMatchObject({
        statuses: [{ context: 'forgecrew/vault', status: 'success', description: 'd' }],
      });
      expect(
        (
          await api(bot, 'POST', `/repos/${name}/statuses/${'dead'.repeat(10)}`, {
            state: 'success',
            context: 'x',
          })
        ).status,
      ).toBe(404);
    });
  });

  describe('dispatched workflows', () => {
    it('are told their declared inputs and no others, and can be read by their id', async () => {
      const name = await fresh('dispatch');
      await seed.putFile(
        owner,
        name,
        '.forgejo/workflows/x.yml',
        'on:\n  workflow_dispatch:\n    inputs:\n      action: {required: true, type: string}\njobs:\n  run:\n    runs-on: nowhere\n    steps:\n      - run: echo\n',
      );
      const dispatch = (
        workflow: string,
        body: Record<string, unknown>,
      ): ReturnType<typeof api<{ id: number }>> =>
        api<{ id: number }>(bot, 'POST', `/repos/${name}/actions/workflows/${workflow}/dispatches`, {
          ref: 'main',
          return_run_info: true,
          ...body,
        });

      const started = await dispatch('x.yml', { inputs: { action: 'a-1', nonce: 'dropped' } });

      expect(started.status).toBe(201);
      const { body } = await api<{ event_payload: string; commit_sha: string }>(
        bot,
        'GET',
        `/repos/${name}/actions/runs/${started.body.id}`,
      );
      expect(JSON.parse(body.event_payload).inputs).toEqual({ action: 'a-1' });
      expect((await dispatch('x.yml', { inputs: {} })).status).toBe(400);
      expect((await dispatch('none.yml', { inputs: { action: 'a' } })).status).toBe(500);
      expect((await dispatch('x.yml', { ref: body.commit_sha, inputs: { action: 'a' } })).status).toBe(500);
    });
  });

  describe('git over HTTP', () => {
    it('clones what the API wrote, and the API reads what was pushed', async () => {
      const name = await fresh('git');
      await seed.putFile(bot, name, 'a.md', 'by the API\n');
      const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-git-'));
      // Asynchronous, because the embedded forge answers from this very process.
      const git = async (...args: string[]): Promise<string> => {
        return new Promise((done, failed) => {
          execFile(
            'git',
            args,
            {
              cwd: folder,
              env: {
                PATH: process.env.PATH,
                HOME: folder,
                GIT_TERMINAL_PROMPT: '0',
                GIT_CONFIG_NOSYSTEM: '1',
              },
            },
            (error, stdout) => (error === null ? done(stdout) : failed(error)),
          );
        });
      };
      const address = `${forge.replace('://', `://${bot.login}:${bot.token}@`)}/${name}.git`;

      await git('clone', '-q', address, '.');
      writeFileSync(path.join(folder, 'b.md'), 'by git\n');
      await git('add', '.');
      await git(
        '-c',
        `user.name=${bot.login}`,
        '-c',
        'user.email=bot@example.test',
        'commit',
        '-q',
        '-m',
        'by git',
      );
      await git('push', '-q', 'origin', 'HEAD:main');

      expect((await api<{ content: string }>(bot, 'GET', `/repos/${name}/contents/b.md`)).body.content).toBe(
        base64('by git\n'),
      );
      rmSync(folder, { recursive: true });
    });
  });

  it('was asked nothing that the embedded forge does not know', () => {
    expect(embedded?.unknownRoutes ?? []).toEqual([]);
  });
});
