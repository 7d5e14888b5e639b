import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedForge, startForge } from '../../embedded-forge/main.ts';
import { allScopes, type Person, type Seeder, seeder } from '../../embedded-forge/seed.ts';

/**
 * What the embedded forge takes from Forgejo's source and no recording shows, and what is its own: races that must not
 * make two of one, and the switches that tests use. Not in the contract suite, because nobody has seen a real one do it.
 */
let forge: EmbeddedForge;
let seed: Seeder;
let owner: Person;
let bot: Person;

beforeAll(async () => {
  forge = await startForge({ quiet: true });
  seed = seeder(forge.url, forge.adminToken);
  owner = await seed.createUser('owner', allScopes);
  bot = await seed.createUser('bot', allScopes);
});
afterAll(() => forge.close());

async function fresh(name: string): Promise<string> {
  const repository = await seed.createRepository(owner, name);
  await seed.addCollaborator(owner, repository, bot.login, 'write');
  return repository;
}

async function status(method: string, path: string, body?: unknown, by = bot): Promise<number> {
  return (await seed.api(method, path, body, by.token)).status;
}

async function titles(path: string): Promise<string[]> {
  const { body } = await seed.api('GET', path, undefined, bot.token);
  return (body as { title: string }[]).map(({ title }) => title);
}

const file = { content: Buffer.from('x').toString('base64'), message: 'm', branch: 'main' };

describe('made at the same moment by three', () => {
  it('a repository is made once', async () => {
    const all = await Promise.all(
      [1, 2, 3].map(() => status('POST', '/user/repos', { name: 'twin', auto_init: true }, owner)),
    );

    expect(all.sort()).toEqual([201, 409, 409]);
  });

  it('a pull request between the same branches is made once', async () => {
    const name = await fresh('pull-race');
    await seed.putFile(bot, name, 'a', 'x', { from: 'main', name: 'topic' });

    const all = await Promise.all(
      [1, 2, 3].map(() =>
        status('POST', `/repos/${name}/pulls`, { head: 'topic', base: 'main', title: 'x' }),
      ),
    );

    expect(all.sort()).toEqual([201, 409, 409]);
  });
});

describe('an archived repository', () => {
  it('takes nothing new, but labels and edits of issues, as the source has it', async () => {
    const name = await fresh('archived');
    const repository = `/repos/${name}`;
    const number = await seed.createIssue(bot, name, { title: 'x' });
    const comments = `${repository}/issues/${number}/comments`;
    const { body } = await seed.api('POST', comments, { body: 'c' }, bot.token);
    const comment = `${repository}/issues/comments/${Reflect.get(body as object, 'id')}`;
    await seed.putFile(bot, name, 'a', 'x', { from: 'main', name: 'topic' });
    const pull = await seed.openPull(bot, name, { head: 'topic', base: 'main', title: 'p' });
    await status('PATCH', repository, { archived: true }, owner);

    const refused = [
      await status('POST', `${repository}/issues`, { title: 'x' }),
      await status('POST', comments, { body: 'c' }),
      await status('PATCH', comment, { body: 'd' }),
      await status('POST', `${repository}/contents/b`, file),
      await status('POST', `${repository}/branches`, { new_branch_name: 'b' }),
      await status('DELETE', `${repository}/branches/topic`),
      await status('POST', `${repository}/tags`, { tag_name: 'b' }),
      await status('POST', `${repository}/pulls/${pull}/merge`, { Do: 'merge' }),
    ];
    const taken = [
      await status('PATCH', `${repository}/issues/${number}`, { body: 'd' }),
      await status('POST', `${repository}/labels`, { name: 'l', color: '#112233' }),
      await status('DELETE', comment),
    ];

    expect(refused).toEqual(refused.map(() => 423));
    expect(taken).toEqual([201, 201, 204]);
  });
});

describe('a repository without a commit', () => {
  it('says so, lists nothing, and takes its first file', async () => {
    await status('POST', '/user/repos', { name: 'empty' }, owner);
    const isEmpty = async (): Promise<unknown> =>
      Reflect.get((await seed.api('GET', '/repos/owner/empty')).body as object, 'empty');

    expect(await isEmpty()).toBe(true);
    expect((await seed.api('GET', '/repos/owner/empty/contents')).body).toEqual([]);
    expect(await status('GET', '/repos/owner/empty/commits')).toBe(409);
    expect(await status('POST', '/repos/owner/empty/contents/a', file, owner)).toBe(201);
    expect(await isEmpty()).toBe(false);
    expect(await status('GET', '/repos/owner/empty/contents/a')).toBe(200);
  });
});

describe('a file', () => {
  it('cannot stand where a folder stands, nor a folder where a file does', async () => {
    const name = await fresh('collisions');
    await seed.putFile(bot, name, 'file', 'x');
    await seed.putFile(bot, name, 'folder/file', 'x');

    expect(await status('POST', `/repos/${name}/contents/file/below`, file)).toBe(422);
    expect(await status('POST', `/repos/${name}/contents/folder`, file)).toBe(422);
  });
});

describe('a commit', () => {
  it('has the dates that whoever writes gives it, author and committer each', async () => {
    const name = await fresh('dates');
    const dates = { author: '2020-01-02T03:04:05Z', committer: '2031-01-02T03:04:05Z' };

    await status('POST', `/repos/${name}/contents/a`, { ...file, dates });

    const { body } = await seed.api('GET', `/repos/${name}/commits?limit=1`);
    expect(body).toMatchObject([
      { commit: { author: { date: dates.author }, committer: { date: dates.committer } } },
    ]);
  });
});

describe('lists', () => {
  it('of issues follow sort, since and before, and refuse a time that is none', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const slow = await startForge({ now: () => new Date(now) });
    const its = seeder(slow.url, slow.adminToken);
    const person = await its.createUser('owner', allScopes);
    const name = await its.createRepository(person, 'r');
    for (const title of ['first', 'second', 'third']) {
      await its.createIssue(person, name, { title });
      now += 60_000;
    }
    await its.api('POST', `/repos/${name}/issues/1/comments`, { body: 'c' });
    const list = async (query: string): Promise<string[]> =>
      ((await its.api('GET', `/repos/${name}/issues?${query}`)).body as { title: string }[]).map(
        ({ title }) => title,
      );

    expect(await list('sort=oldest')).toEqual(['first', 'second', 'third']);
    expect(await list('sort=recentupdate')).toEqual(['first', 'third', 'second']);
    expect(await list('sort=leastupdate')).toEqual(['second', 'third', 'first']);
    expect(await list('sort=mostcomment')).toEqual(['first', 'third', 'second']);
    expect(await list('since=2026-01-01T00:02:00Z')).toEqual(['third', 'first']);
    expect(await list('before=2026-01-01T00:01:30Z')).toEqual(['second']);
    expect((await its.api('GET', `/repos/${name}/issues?since=yesterday`)).status).toBe(422);
    await slow.close();
  });

  it('of events count what is on the page', async () => {
    const name = await fresh('events');
    const number = await seed.createIssue(bot, name, { title: 'x' });
    for (const body of ['a', 'b', 'c'])
      await status('POST', `/repos/${name}/issues/${number}/comments`, { body });

    const response = await fetch(
      `${forge.url}/api/v1/repos/${name}/issues/${number}/timeline?page=2&limit=2`,
    );

    expect(response.headers.get('x-total-count')).toBe('1');
  });

  it('are capped without a word at what paging.max says', async () => {
    const small = await startForge({ paging: { max: 2 } });
    const its = seeder(small.url, small.adminToken);
    const person = await its.createUser('owner', allScopes);
    const name = await its.createRepository(person, 'r');
    for (const title of ['a', 'b', 'c']) await its.createIssue(person, name, { title });

    const { body } = await its.api('GET', `/repos/${name}/issues?limit=50`);

    expect(body).toHaveLength(2);
    await small.close();
  });
});

describe('the forge itself', () => {
  it('delays every answer by its latency, those of one moment together', async () => {
    const slow = await startForge({ latencyMs: 60 });

    await Promise.all(Array.from({ length: 5 }, () => fetch(`${slow.url}/api/v1/version`)));

    const arrived = slow.requests.map((request) => request.arrived);
    const answered = slow.requests.map((request) => request.answered);
    // All five have come before the first is answered: none waits for another.
    expect(Math.max(...arrived)).toBeLessThan(Math.min(...answered));
    expect(slow.requests.every((request) => request.answered - request.arrived >= 55)).toBe(true);
    await slow.close();
  });

  it('remembers a call that it has no route for, by method and path', async () => {
    const other = await startForge({ quiet: true });

    const response = await fetch(`${other.url}/api/v1/nothing/of/the/kind`, { method: 'POST' });

    expect(response.status).toBe(404);
    expect(other.unknownRoutes).toEqual(['POST /api/v1/nothing/of/the/kind']);
    await other.close();
  });

  it('keeps every request with its query, its body, its answer and who asked', async () => {
    const name = await fresh('kept');

    await titles(`/repos/${name}/issues?state=all&limit=1`);
    await status('POST', `/repos/${name}/issues`, { title: '' });

    expect(forge.requests.slice(-2)).toMatchObject([
      { method: 'GET', path: `/repos/${name}/issues?state=all&limit=1`, status: 200, as: 'bot' },
      { method: 'POST', path: `/repos/${name}/issues`, body: { title: '' }, status: 422, as: 'bot' },
    ]);
  });

  it('keeps an organisation that still owns a repository', async () => {
    await status('POST', '/orgs', { username: 'crew' }, owner);
    await status('POST', '/orgs/crew/repos', { name: 'r' }, owner);

    expect(await status('DELETE', '/orgs/crew', undefined, owner)).toBe(500);
    await status('DELETE', '/repos/crew/r', undefined, owner);
    expect(await status('DELETE', '/orgs/crew', undefined, owner)).toBe(204);
  });
});
