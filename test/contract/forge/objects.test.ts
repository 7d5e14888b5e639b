import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';

interface Entry {
  path: string;
  mode: string;
  type: string;
  size: number;
  sha: string;
  url: string;
}
interface Tree {
  sha: string;
  tree: Entry[] | null;
  truncated: boolean;
  page: number;
  total_count: number;
}
interface Blob {
  content: string;
  encoding: string;
  sha: string;
  size: number;
}

onEveryForge('objects of git', ({ api, bot, fresh, owner, seed }) => {
  const blobOf = (content: string): string =>
    createHash('sha1')
      .update(`blob ${Buffer.byteLength(content)}\0${content}`)
      .digest('hex');
  const tree = (name: string, rest: string): ReturnType<typeof api<Tree>> =>
    api<Tree>(bot, 'GET', `/repos/${name}/git/trees/${rest}`);
  const blobs = (name: string, shas: string[]): ReturnType<typeof api<Blob[]>> =>
    api<Blob[]>(bot, 'GET', `/repos/${name}/git/blobs?shas=${shas.join(',')}`);
  async function withFiles(
    name: string,
    files: Record<string, string>,
  ): Promise<{ name: string; head: string }> {
    const full = await fresh(name);
    const { status, body } = await api<{ commit: { sha: string } }>(bot, 'POST', `/repos/${full}/contents`, {
      branch: 'main',
      message: 'm',
      files: Object.entries(files).map(([path, content]) => ({
        operation: 'create',
        path,
        content: base64(content),
      })),
    });
    expect(status).toBe(201);
    return { name: full, head: body.commit.sha };
  }

  it('are listed with everything below a commit, by its name, a part of it, or a branch', async () => {
    const { name, head } = await withFiles('tree', { 'docs/sub/b.md': 'bb', 'z.md': 'z' });

    const whole = await tree(name, `${head}?recursive=true&per_page=1000`);

    expect(whole.headers.get('x-total-count')).toBe('5');
    // What it calls the tree's name is the commit's.
    expect(whole.body).toMatchObject({ sha: head, truncated: false, page: 1, total_count: 5 });
    expect(whole.body.tree?.map(({ path, mode, type, size }) => [path, mode, type, size])).toEqual([
      ['README.md', '100644', 'blob', expect.any(Number)],
      ['docs', '040000', 'tree', 0],
      ['docs/sub', '040000', 'tree', 0],
      ['docs/sub/b.md', '100644', 'blob', 2],
      ['z.md', '100644', 'blob', 1],
    ]);
    expect(whole.body.tree?.map(({ sha }) => sha).slice(3)).toEqual([blobOf('bb'), blobOf('z')]);
    for (const other of ['main', head.slice(0, 10)])
      expect((await tree(name, `${other}?recursive=1`)).body).toEqual(whole.body);
    expect((await tree(name, 'main')).body.tree?.map(({ path }) => path)).toEqual([
      'README.md',
      'docs',
      'z.md',
    ]);
    const docs = whole.body.tree?.[1]?.sha;
    for (const below of [docs, 'main:docs'])
      expect((await tree(name, `${below}?recursive=true`)).body).toMatchObject({
        sha: docs,
        tree: [{ path: 'sub' }, { path: 'sub/b.md' }],
      });
  });

  it('come page by page, each of which says that it is not all; beyond the last there is no list', async () => {
    const { name } = await withFiles('tree-pages', { a: 'a', b: 'b' });
    const page = async (number: number): Promise<Tree> =>
      (await tree(name, `main?recursive=true&per_page=2&page=${number}`)).body;

    expect(await page(1)).toMatchObject({ tree: [{}, {}], truncated: true, page: 1, total_count: 3 });
    expect(await page(2)).toMatchObject({ tree: [{ path: 'b' }], truncated: true, page: 2, total_count: 3 });
    expect(await page(3)).toMatchObject({ tree: null, truncated: false, page: 3, total_count: 3 });
  });

  it('that are no tree, or are not there, are 400', async () => {
    const { name } = await withFiles('no-tree', { a: 'a' });

    for (const other of ['none', '0'.repeat(40), blobOf('a')])
      expect(await tree(name, other)).toMatchObject({
        status: 400,
        body: { message: `sha not found [${other}]` },
      });
  });

  it('are read one by one, or many in one answer in the order they were asked for', async () => {
    const { name } = await withFiles('blobs', { a: 'a', b: 'bb\n' });
    const [a, b] = [blobOf('a'), blobOf('bb\n')];

    expect((await api(bot, 'GET', `/repos/${name}/git/blobs/${a}`)).body).toMatchObject({
      sha: a,
      content: base64('a'),
      encoding: 'base64',
      size: 1,
    });
    expect((await blobs(name, [b, a, b])).body).toMatchObject([
      { sha: b, content: base64('bb\n'), encoding: 'base64', size: 3 },
      { sha: a, content: base64('a') },
      { sha: b },
    ]);
  });

  it('are all refused where one of them is not there, or is no name', async () => {
    const { name } = await withFiles('no-blobs', { a: 'a' });
    const none = '1'.repeat(40);

    expect(await blobs(name, [blobOf('a'), none])).toMatchObject({
      status: 400,
      body: { message: `object does not exist [id: ${none}, rel_path: ]` },
    });
    expect((await blobs(name, [blobOf('a'), 'none'])).status).toBe(400);
    expect((await blobs(name, [])).status).toBe(400);
    expect((await api(bot, 'GET', `/repos/${name}/git/blobs/${none}`)).status).toBe(400);
    expect((await api(bot, 'GET', `/repos/${name}/git/blobs/${blobOf('a').slice(0, 8)}`)).status).toBe(400);
  });

  it('beyond as many as one answer holds are left out without a word', async () => {
    const { body } = await api<{ max_response_items: number }>(bot, 'GET', '/settings/api');
    const all = Array.from({ length: body.max_response_items + 1 }, (_, index) => `${index}`);
    const { name } = await withFiles('many-blobs', Object.fromEntries(all.map((text) => [text, text])));

    const answer = await blobs(name, all.map(blobOf));

    expect(answer.body.map(({ sha }) => sha)).toEqual(all.slice(0, -1).map(blobOf));
  });

  it('that are larger than the forge’s limit have their size, and no content', async () => {
    const { body: limits } = await api<{ default_max_blob_size: number }>(bot, 'GET', '/settings/api');
    const size = limits.default_max_blob_size + 1;
    const { name } = await withFiles('large', { large: 'x'.repeat(size) });
    const empty = { size, content: '', encoding: 'base64' };
    const sha = blobOf('x'.repeat(size));

    expect((await api(bot, 'GET', `/repos/${name}/contents/large`)).body).toMatchObject(empty);
    expect((await api(bot, 'GET', `/repos/${name}/git/blobs/${sha}`)).body).toMatchObject(empty);
    expect((await blobs(name, [sha])).body).toMatchObject([empty]);
  });

  it('of a repository without a commit are not there', async () => {
    await api(owner, 'POST', '/user/repos', { name: 'without' });
    const at = (what: string): ReturnType<typeof api> =>
      api(owner, 'GET', `/repos/${owner.login}/without/git/${what}`);

    expect((await at('trees/main')).status).toBe(400);
    expect((await at('refs')).status).toBe(404);
    expect((await at('commits/main')).status).toBe(404);
  });

  it('are named by refs, which always come as a list of all that begin so', async () => {
    const { name, head } = await withFiles('refs', { a: 'a' });
    await seed.putFile(bot, name, 'b', 'b', { from: 'main', name: 'mainly' });
    const refs = async (path: string): Promise<unknown> => {
      const { body } = await api<{ ref: string }[]>(bot, 'GET', `/repos/${name}/git/refs${path}`);
      return Array.isArray(body) ? body.map(({ ref }) => ref) : body;
    };

    expect(await refs('/heads/main')).toEqual(['refs/heads/main', 'refs/heads/mainly']);
    expect(await refs('/heads/mainl')).toEqual(['refs/heads/mainly']);
    expect(await refs('')).toEqual(['refs/heads/main', 'refs/heads/mainly']);
    expect((await api(bot, 'GET', `/repos/${name}/git/refs/heads/none`)).status).toBe(404);
    expect((await api(bot, 'GET', `/repos/${name}/git/refs/heads/main`)).body).toMatchObject([
      { object: { type: 'commit', sha: head } },
      {},
    ]);
  });
});
