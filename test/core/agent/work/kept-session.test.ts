import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fetchSession, keepSession } from '../../../../core/agent/work/keep.ts';
import { sessionRef } from '../../../../core/agent/work/kept-refs.ts';
import { openGit, push } from '../../../../core/git.ts';
import { author, openWorkbench, programs, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
  await bench.seed.createRepository(bench.crew, 'forgecrew-state');
});
afterEach(() => bench.close());

const ref = sessionRef('alice/project', 7);
const kept = { repository: 'crew/forgecrew-state', ref, like: '0'.repeat(40) };

it('is fetched as it was kept, and is not there where nothing was kept', async () => {
  expect(await fetchSession(bench.git, kept)).toBeUndefined();
  const folder = path.join(bench.folder, 'session.git');
  const commit = await keepSession(bench.git, {
    bytes: new Uint8Array([1, 2, 3]),
    folder,
    message: 'session\n',
    author,
  });
  await push(bench.git, { from: folder, commit, repository: kept.repository, ref, expects: null });

  const again = await openGit({
    path: programs,
    folder: path.join(bench.folder, 'git-again'),
    forge: { url: bench.forge.url, token: bench.crew.token },
  });
  expect(await fetchSession(again, kept)).toEqual(Buffer.from([1, 2, 3]));
});

it.each([
  ['does not answer', async () => bench.forge.close()],
  ['shows nobody the repository', async () => bench.seed.api('DELETE', `/repos/${kept.repository}`)],
])('is not taken for none where the forge %s', async (_, happen) => {
  await happen();

  await expect(fetchSession(bench.git, kept)).rejects.toMatchObject({
    message: expect.stringContaining('What the agent remembers could not be fetched'),
    remedy: 'The next run of this role tries it again.',
  });
});
