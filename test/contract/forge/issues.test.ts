import { expect, it } from 'vitest';
import { type Issue, onEveryForge } from './every-forge.ts';

onEveryForge('issues', ({ api, bot, fresh, issue, owner, reader, repo, seed, tag }) => {
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
      (await api(bot, 'GET', `/repos/${name}/issues?state=all&limit=2&page=${number}`)).headers.get('link') ??
      '';

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
    expect((await api(bot, 'POST', `/repos/${repo}/issues/999999/comments`, { body: 'x' })).status).toBe(404);
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
