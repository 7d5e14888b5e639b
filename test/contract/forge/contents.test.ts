import http from 'node:http';
import https from 'node:https';
import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

onEveryForge('contents', ({ api, bot, fresh, owner, seed, stranger, url }) => {
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
    expect((await api(bot, 'DELETE', file(name, 'a.md'), { message: 'm', branch: 'main', sha })).status).toBe(
      200,
    );
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

    expect(folder.body).toMatchObject([{ name: 'a.md', path: 'sprints/a.md', type: 'file', content: null }]);
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

  it('are changed, made and deleted in one commit, which is none where one of them is not as it was', async () => {
    const name = await fresh('deleted-with-others');
    const blobs: string[] = [];
    for (const path of ['kept', 'marks/1/one']) {
      const { body } = await api<{ content: { sha: string } }>(bot, 'POST', file(name, path), {
        content: base64(path),
        message: 'm',
        branch: 'main',
      });
      blobs.push(body.content.sha);
    }
    const [kept = '', mark = ''] = blobs;
    const write = (...files: Record<string, string>[]) =>
      api<{ files: ({ path: string } | null)[] }>(bot, 'POST', `/repos/${name}/contents`, {
        branch: 'main',
        message: 'm',
        files,
      });
    const change = { operation: 'update', path: 'kept', content: base64('new'), sha: kept };
    const gone = { operation: 'delete', path: 'marks/1/one' };

    const wrong = await write(change, { ...gone, sha: kept });
    const without = await write(change, gone);
    const missing = await write(change, { operation: 'delete', path: 'marks/none', sha: mark });
    const { status, body } = await write(change, { ...gone, sha: mark });
    const again = await write({ ...gone, sha: mark });

    // A deleted file that is not there, or is another one, is told otherwise than alone: 404 and 400.
    expect([wrong.status, without.status, missing.status, status, again.status]).toEqual([
      409, 422, 500, 201, 500,
    ]);
    expect(body.files.map((item) => item?.path ?? null)).toEqual(['kept', null]);
    expect((await api(bot, 'GET', file(name, 'marks'))).status).toBe(404);
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
      const where = new URL(url());
      const sent = (where.protocol === 'https:' ? https : http).request(
        {
          hostname: where.hostname,
          port: where.port,
          method: 'POST',
          path: `${where.pathname.replace(/\/$/, '')}/api/v1${file(name, 'x/../y.md')}`,
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
