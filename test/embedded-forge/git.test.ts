import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { git, line } from '../../embedded-forge/git/process.ts';
import { isRefName } from '../../embedded-forge/git/refs.ts';
import {
  changedFiles,
  emptyTree,
  GitError,
  initBare,
  listBranches,
  listTree,
  log,
  mergeBase,
  mergeCommits,
  mergedTree,
  moveRef,
  removeBranch,
  resolveCommit,
  writeCommit,
} from '../../embedded-forge/git.ts';
import { fuzzRuns } from '../thorough.ts';

// What the embedded forge reads and writes in git's folders without git, held to what git itself says of them.

let folder = '';
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function fresh(): Promise<void> {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'forgecrew-git-')), 'a.git');
  await initBare(folder, 'main');
}

const anna = { name: 'anna', email: 'anna@example.test' };

type Step =
  | { do: 'write'; branch: number; files: { path: string; content: string | null }[]; seconds: number }
  | { do: 'branch'; branch: number }
  | { do: 'merge'; branch: number; style: 'merge' | 'squash' };

const paths = ['a', 'b.md', 'd/a', 'd/e/f', 'd/e/g', 'd.x', 'ü/ä ö', 'x', 'x y', '-z', '*'];
const contents = [
  '',
  'one',
  'one\n',
  'one\ntwo\nthree\n',
  'one\n2\nthree\nfour\n',
  'a\0b\n',
  'ünï\r\n',
  null,
];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      branch: fc.nat({ max: 2 }),
      files: fc.array(fc.record({ path: fc.constantFrom(...paths), content: fc.constantFrom(...contents) }), {
        minLength: 1,
        maxLength: 3,
      }),
      seconds: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('branch' as const), branch: fc.integer({ min: 1, max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('merge' as const),
      branch: fc.integer({ min: 1, max: 2 }),
      style: fc.constantFrom('merge' as const, 'squash' as const),
    }),
  },
);

/** Carries the steps out on three branches; all commits that were made. */
async function build(steps: Step[]): Promise<string[]> {
  await fresh();
  let seconds = 1_700_000_000;
  const first = await writeCommit(
    folder,
    null,
    [{ path: 'README.md', content: Buffer.from('x\n') }],
    'first',
    anna,
    new Date(seconds * 1000),
  );
  const heads = [first, first, first];
  const made = [first];
  for (const item of steps) {
    const head = heads[item.branch] ?? first;
    if (item.do === 'branch') {
      heads[item.branch] = heads[0] ?? first;
      continue;
    }
    if (item.do === 'write') seconds += item.seconds;
    const when = new Date(seconds * 1000);
    try {
      const commit =
        item.do === 'write'
          ? await writeCommit(
              folder,
              head,
              item.files.map(({ path: file, content }) => ({
                path: file,
                content: content === null ? null : Buffer.from(content),
              })),
              ' lines\n\nof a message\n\n',
              anna,
              when,
            )
          : await mergeCommits(folder, item.style, heads[0] ?? first, head, 'merged', anna, when);
      heads[item.do === 'merge' ? 0 : item.branch] = commit;
      made.push(commit);
    } catch (error) {
      // A file cannot stand where a folder does, and some merges do not fit.
      if (!(error instanceof GitError)) throw error;
    }
  }
  for (const [index, head] of heads.entries())
    await moveRef(folder, `refs/heads/${['main', 'topic/a', 'topic/b'][index]}`, head, null);
  return [...new Set(made)];
}

it('reads as git does what it wrote: trees, history, differences, merges', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const commits = await build(steps);
      const text = async (...args: string[]): Promise<string> =>
        (await git(folder, args)).toString('utf8').replace(/\0$/, '');
      const [main = '', other = ''] = [
        await resolveCommit(folder, 'main'),
        await resolveCommit(folder, 'topic/a'),
      ];

      expect(await text('fsck', '--strict', '--no-dangling')).toBe('');
      expect(listBranches(folder)).toEqual(
        (await line(folder, ['for-each-ref', '--format=%(refname:short)', 'refs/heads/'])).split('\n'),
      );
      for (const recursive of [true, false])
        expect(
          listTree(folder, main, recursive).map(
            (item) =>
              `${item.mode} ${item.type} ${item.sha} ${(item.type === 'blob' ? `${item.size}` : '-').padStart(7)}\t${item.path}`,
          ),
        ).toEqual(
          (await text('ls-tree', '-z', '-l', ...(recursive ? ['-r', '-t'] : []), main))
            .split('\0')
            .filter((item) => item !== ''),
        );
      for (const file of [undefined, 'a', 'd', 'd/e', 'd/', 'a/', 'x', '*', 'README.md', 'none'])
        expect(
          log(folder, main, file === undefined ? {} : { path: file }).map(
            ({ sha, tree, parents, message }) => `${sha} ${tree} ${parents.join(' ')} ${message}`,
          ),
        ).toEqual(
          (
            await text(
              'log',
              '-z',
              '--format=%H %T %P %B',
              main,
              '--',
              ...(file === undefined ? [] : [`:(literal)${file}`]),
            )
          )
            .split('\0')
            .filter((item) => item !== '')
            .map((item) => `${item.trimEnd()}\n`),
        );
      expect(log(folder, main, { without: other }).map(({ sha }) => sha)).toEqual(
        (await text('log', '--format=%H', `${other}..${main}`)).split('\n').filter((item) => item !== ''),
      );
      expect(await mergeBase(folder, main, other)).toBe(await line(folder, ['merge-base', main, other]));
      for (const [from, to] of [
        [main, other],
        [emptyTree, main],
        [commits[0] ?? '', commits.at(-1) ?? ''],
      ] as const) {
        const raw = (await text('diff-tree', '-r', '-z', '--no-renames', '--raw', '--no-abbrev', from, to))
          .split('\0')
          .filter((item) => item !== '');
        const counted = (await text('diff-tree', '-r', '-z', '--no-renames', '--numstat', from, to))
          .split('\0')
          .filter((item) => item !== '');
        const files = await changedFiles(folder, from, to);
        expect(files.flatMap(({ status, path: file, sha }) => [`${sha} ${status}`, file])).toEqual(
          raw.map((item) => (item.startsWith(':') ? item.split(' ').slice(3).join(' ') : item)),
        );
        expect(files.map((file) => `${file.additions}\t${file.deletions}\t${file.path}`)).toEqual(
          counted.map((item) => item.replace(/^-\t-/, '0\t0')),
        );
      }
      const merged = await line(folder, ['merge-tree', '--write-tree', main, other]).catch(() => undefined);
      expect(await mergedTree(folder, main, other)).toBe(merged?.split('\n')[0]);
      rmSync(path.dirname(folder), { recursive: true });
    }),
    { numRuns: fuzzRuns(0.1) },
  );
});

it('finds no merge where the same file was renamed differently on both sides, as git finds none', async () => {
  await fresh();
  const write = (parent: string | null, files: Record<string, string | null>): Promise<string> =>
    writeCommit(
      folder,
      parent,
      Object.entries(files).map(([file, content]) => ({
        path: file,
        content: content === null ? null : Buffer.from(content),
      })),
      'm',
      anna,
      new Date(0),
    );
  const base = await write(null, { a: 'one\ntwo\nthree\n', other: 'x\n' });

  const [one, other, third] = [
    await write(base, { a: null, b: 'one\ntwo\nthree\n' }),
    await write(base, { a: null, c: 'one\ntwo\nthree\n' }),
    await write(base, { other: null }),
  ];

  expect(await mergedTree(folder, one, other)).toBeUndefined();
  expect(listTree(folder, (await mergedTree(folder, one, third)) ?? '', true)).toMatchObject([{ path: 'b' }]);
});

it('takes for the name of a ref what git takes for one', async () => {
  await fresh();
  const names = [
    ...['refs/heads/a', 'refs/heads/a/b', 'refs/heads/ü', 'refs/heads/a@b', 'refs/heads/-a', 'refs/heads/@'],
    ...['refs/heads/', 'refs/heads/a/', 'refs/heads//a', 'refs/heads/.a', 'refs/heads/a/.b', 'refs/heads/a.'],
    ...['refs/heads/a..b', 'refs/heads/../../config', 'refs/heads/a.lock', 'refs/heads/a.lock/b'],
    ...[
      'refs/heads/a b',
      'refs/heads/a~1',
      'refs/heads/a^',
      'refs/heads/a:b',
      'refs/heads/a?',
      'refs/heads/*',
    ],
    ...['refs/heads/[a', 'refs/heads/a\\b', 'refs/heads/a@{b', 'refs/heads/a\x7f', 'refs/heads/a\n'],
  ];
  for (const name of names) {
    const takes = await git(folder, ['check-ref-format', name]).then(
      () => true,
      () => false,
    );
    expect([name, isRefName(name)]).toEqual([name, takes]);
  }
});

it('makes a branch below another one only when that one is gone, and the other way round', async () => {
  await fresh();
  const commit = await writeCommit(folder, null, [], 'm', anna, new Date(0));
  const make = (branch: string): Promise<boolean> => moveRef(folder, `refs/heads/${branch}`, commit, null);

  const [first, below] = [await make('a'), await make('a/b')];
  removeBranch(folder, 'a');
  const [later, above] = [await make('a/b'), await make('a')];
  removeBranch(folder, 'a/b', commit);

  expect([first, below, later, above]).toEqual([true, false, true, false]);
  expect(await make('a')).toBe(true);
  expect(listBranches(folder)).toEqual(['a']);
});

it('moves a branch only from where it stands, and to a commit that is there', async () => {
  await fresh();
  const [one = '', two = ''] = await Promise.all(
    ['one', 'two'].map((text) => writeCommit(folder, null, [], text, anna, new Date(0))),
  );

  expect(await moveRef(folder, 'refs/heads/main', one, null)).toBe(true);
  expect(await moveRef(folder, 'refs/heads/main', two, null)).toBe(false);
  expect(await moveRef(folder, 'refs/heads/main', two, two)).toBe(false);
  expect(await moveRef(folder, 'refs/heads/main', 'dead'.repeat(10), one)).toBe(false);
  expect(removeBranch(folder, 'main', two)).toBe(false);
  expect(await moveRef(folder, 'refs/heads/main', two, one)).toBe(true);
  expect(await resolveCommit(folder, 'main')).toBe(two);
});

it('finds commits by every name that git finds them by', async () => {
  await fresh();
  const one = await writeCommit(folder, null, [], 'one', anna, new Date(0));
  const two = await writeCommit(folder, one, [], 'two', anna, new Date(0));
  await moveRef(folder, 'refs/heads/main', two, null);
  await git(folder, ['tag', '-a', '-m', 'x', 'v1', one], {
    env: {
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.test',
      GIT_COMMITTER_DATE: '1700000000 +0000',
    },
  });

  for (const [name, commit] of [
    ['main', two],
    ['heads/main', two],
    ['refs/heads/main', two],
    ['HEAD', two],
    [two, two],
    [two.slice(0, 10), two],
    ['main~1', one],
    ['v1', one],
    ['main:README.md', undefined],
    ['none', undefined],
    ['dead'.repeat(10), undefined],
    ['../../config', undefined],
  ])
    expect([name, await resolveCommit(folder, name ?? '')]).toEqual([name, commit]);
});

it.each([['.git/config'], ['a/.GIT/x'], ['git~1'], ['../x'], ['a//b'], ['a\0b']])(
  'puts nothing at %j, which git would not either',
  async (file) => {
    await fresh();

    await expect(
      writeCommit(folder, null, [{ path: file, content: Buffer.from('x') }], 'm', anna, new Date(0)),
    ).rejects.toThrow(GitError);
  },
);
