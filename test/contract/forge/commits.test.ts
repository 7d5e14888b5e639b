import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { base64, onEveryForge } from './every-forge.ts';
import { withClone } from './git.ts';

interface Commit {
  sha: string;
  commit: { tree: { sha: string }; verification: unknown };
  parents: { sha: string }[];
  files: { filename: string; status: string }[] | null;
  stats: { total: number; additions: number; deletions: number } | null;
}
interface Comparison {
  total_commits: number;
  commits: Commit[];
  files: { filename: string; status: string }[];
}

onEveryForge('commits', ({ api, bot, fresh, seed, url }) => {
  const compare = async (name: string, between: string): Promise<Comparison> =>
    (await api<Comparison>(bot, 'GET', `/repos/${name}/compare/${between}`)).body;
  const told = (files: { filename: string; status: string }[] | null | undefined): string[] =>
    (files ?? []).map(({ filename, status }) => `${status} ${filename}`).sort();

  it('name themselves where one looks for their tree; only the answer to a write names that', async () => {
    const name = await fresh('commit');
    const written = await api<{ commit: { sha: string; tree: { sha: string } } }>(
      bot,
      'POST',
      `/repos/${name}/contents/a`,
      { content: base64('a'), message: 'm', branch: 'main' },
    );
    const { sha, tree } = written.body.commit;

    const { body } = await api<Commit>(bot, 'GET', `/repos/${name}/git/commits/${sha}`);

    expect(body.sha).toBe(sha);
    expect(body.commit.tree.sha).toBe(sha);
    expect(tree.sha).not.toBe(sha);
    expect(body).toMatchObject({
      files: [{ filename: 'a', status: 'added' }],
      stats: { total: 1, additions: 1, deletions: 0 },
      commit: { verification: { verified: false } },
    });
    expect((await api<Commit>(bot, 'GET', `/repos/${name}/git/commits/main`)).body.sha).toBe(sha);
    expect((await api(bot, 'GET', `/repos/${name}/git/commits/${'1'.repeat(40)}`)).status).toBe(404);
  });

  it('are listed with their files, lines and signature, each of which can be left out', async () => {
    const name = await fresh('parts');
    await seed.putFile(bot, name, 'a', 'one\n');
    const list = async (query: string): Promise<Commit | undefined> =>
      (await api<Commit[]>(bot, 'GET', `/repos/${name}/commits?limit=1${query}`)).body[0];

    expect(await list('')).toMatchObject({
      files: [{ filename: 'a', status: 'added' }],
      stats: { total: 1 },
      commit: { verification: { verified: false } },
    });
    expect(await list('&files=false&stat=false&verification=false')).toMatchObject({
      files: null,
      stats: null,
      commit: { verification: null },
    });
  });

  it('that move files tell of one file taken away and one added', async () => {
    const name = await fresh('moved');
    const before = await seed.putFile(bot, name, 'pending/a.md', 'text\n');
    const { body: was } = await api<{ sha: string }>(bot, 'GET', `/repos/${name}/contents/pending/a.md`);

    const moved = await api<{ commit: { sha: string } }>(bot, 'POST', `/repos/${name}/contents`, {
      branch: 'main',
      message: 'fired',
      files: [
        {
          operation: 'update',
          path: 'fired/a.md',
          from_path: 'pending/a.md',
          sha: was.sha,
          content: base64('text\n'),
        },
        { operation: 'create', path: 'fired/a.json', content: base64('{}') },
      ],
    });

    expect(moved.status).toBe(201);
    expect((await api(bot, 'GET', `/repos/${name}/contents/pending/a.md`)).status).toBe(404);
    const files = told((await compare(name, `${before}...main`)).files);
    expect(files).toEqual(['added fired/a.json', 'added fired/a.md', 'removed pending/a.md']);
  });

  it('move a file only by the blob it had, to where none is', async () => {
    const name = await fresh('moving');
    await seed.putFile(bot, name, 'a', 'a');
    await seed.putFile(bot, name, 'b', 'b');
    const { body: a } = await api<{ sha: string }>(bot, 'GET', `/repos/${name}/contents/a`);
    const move = async (from: string, to: string, sha: string): Promise<number> =>
      (
        await api(bot, 'POST', `/repos/${name}/contents`, {
          branch: 'main',
          message: 'm',
          files: [{ operation: 'update', path: to, from_path: from, sha, content: base64('a') }],
        })
      ).status;

    expect(await move('b', 'c', a.sha)).toBe(409);
    expect(await move('a', 'b', a.sha)).toBe(422);
    expect(await move('none', 'c', a.sha)).toBe(500);
    expect(await move('a', 'c', a.sha)).toBe(201);
  });

  it('are compared with the files of each against its first parent, so a merge hides what it threw away', async () => {
    const name = await fresh('ours');
    const { start, own } = await withClone(url(), bot, name, async ({ git, write, commit }) => {
      const start = await git('rev-parse', 'HEAD');
      await git('checkout', '-q', '-b', 'topic');
      write('a', 'a');
      const own = await commit('a');
      await git('checkout', '-q', 'main');
      write('policy', 'strict');
      await commit('policy');
      await git('checkout', '-q', 'topic');
      await git('merge', '-q', '-s', 'ours', '--no-edit', 'main');
      await git('push', '-q', 'origin', 'main', 'topic');
      return { start, own };
    });

    const merged = await compare(name, 'main...topic');

    expect(merged.total_commits).toBe(2);
    const [merge, first] = merged.commits;
    expect(merge?.parents.map(({ sha }) => sha)).toEqual([own, expect.any(String)]);
    expect([told(merge?.files), told(first?.files)]).toEqual([[], ['added a']]);
    expect(told(merged.files)).toEqual(['added a']);
    expect(told((await compare(name, `${start}...topic`)).files)).toEqual(['added a', 'added policy']);
  });

  it('that two touched the same file are compared with that file twice', async () => {
    const name = await fresh('twice');
    const start = await seed.putFile(bot, name, 'a', '1');
    await seed.putFile(bot, name, 'b', '2');
    await seed.putFile(bot, name, 'b', '3');

    const { files } = await compare(name, `${start}...main`);

    expect(told(files)).toEqual(['added b', 'modified b']);
  });

  it('of a path leave out what a merge threw away, with all that led to it', async () => {
    const name = await fresh('thrown-away');
    const added = await seed.putFile(bot, name, 'a.toml', 'one\n');
    const [reverted, merged, back] = await withClone(url(), bot, name, async (clone) => {
      await clone.git('checkout', '-q', '-b', 'topic', added);
      clone.write('b', 'b\n');
      await clone.commit('aside');
      await clone.git('checkout', '-q', 'main');
      await clone.git('rm', '-q', 'a.toml');
      const gone = await clone.commit('gone');
      await clone.git('merge', '-q', '--no-ff', '-m', 'b', 'topic');
      const merge = await clone.git('rev-parse', 'HEAD');
      // What is brought back by a merge looks as if it had never been away.
      await clone.git('checkout', '-q', '-b', 'brought-back', 'topic');
      await clone.git('merge', '-q', '-s', 'ours', '--no-ff', '-m', 'back', 'main');
      const tip = await clone.git('rev-parse', 'HEAD');
      await clone.git('push', '-q', 'origin', 'main', 'brought-back');
      return [gone, merge, tip];
    });
    const list = async (query: string): Promise<string[]> =>
      (await api<Commit[]>(bot, 'GET', `/repos/${name}/commits?limit=50&${query}`)).body.map(
        ({ sha }) => sha,
      );

    expect(await list('sha=brought-back&path=a.toml')).toEqual([added]);
    expect(await list('sha=main&path=a.toml')).toEqual([reverted, added]);
    // Without a path every parent's commits are there, the merges among them.
    const all = await list('sha=brought-back&files=true');
    expect(all[0]).toBe(back);
    expect(all).toEqual(expect.arrayContaining([reverted, merged, added]));
  });

  it('that make a link of a file do not tell of it at all', async () => {
    const name = await fresh('link');
    const start = await seed.putFile(bot, name, 'a', 'text');
    await withClone(url(), bot, name, async ({ git, commit, folder }) => {
      await git('rm', '-q', 'a');
      symlinkSync('README.md', path.join(folder, 'a'));
      await commit('link');
      await git('push', '-q', 'origin', 'HEAD:main');
    });

    const { files, total_commits } = await compare(name, `${start}...main`);

    expect(total_commits).toBe(1);
    expect(files).toEqual([]);
    expect((await api(bot, 'GET', `/repos/${name}/contents/a`)).body).toMatchObject({ type: 'symlink' });
  });

  it('cannot be compared with what is not there', async () => {
    const name = await fresh('incomparable');

    for (const between of ['main...none', 'none...main'])
      expect((await api(bot, 'GET', `/repos/${name}/compare/${between}`)).status).toBe(404);
    expect(await compare(name, 'main...main')).toEqual({ total_commits: 0, commits: [], files: [] });
  });
});
