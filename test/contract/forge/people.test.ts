import { expect, it } from 'vitest';
import { onEveryForge } from './every-forge.ts';

onEveryForge('people and tokens', ({ api, bot, reader, remove, seed, tag, url }) => {
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
    const made = await seed.createUser(`x${tag}`, ['read:repository', 'read:issue', 'write:issue']);
    remove(`/admin/users/${made.login}?purge=true`);
    const basic = `Basic ${Buffer.from(`${made.login}:${made.password}`).toString('base64')}`;

    const response = await fetch(`${url()}/api/v1/users/${made.login}/tokens`, {
      headers: { authorization: basic },
    });

    expect(await response.json()).toMatchObject([{ scopes: ['write:issue', 'read:repository'] }]);
  });

  it('takes Bearer for token', async () => {
    expect(
      (await fetch(`${url()}/api/v1/user`, { headers: { authorization: `Bearer ${bot.token}` } })).status,
    ).toBe(200);
  });
});
