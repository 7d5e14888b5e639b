import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KnownDispatch } from '../../../../cli/dispatch/reap/look.ts';
import { processesIn } from '../../../../cli/dispatch/reap/processes-in.ts';
import type { Reaped, ReapOptions } from '../../../../cli/dispatch/reap/reap.ts';
import { openReaping, type Reaping, type Tree } from './reaping.ts';

interface Case {
  name: string;
  /** Makes the state of a worktree whose work is integrated otherwise; what the registry says of it, if not the usual. */
  prepare(at: Reaping, tree: Tree): Partial<KnownDispatch> | undefined;
  why: string | RegExp;
}

const nothing = undefined;
const write = (tree: Tree, file: string, content: string): void => {
  mkdirSync(path.dirname(path.join(tree.worktree, file)), { recursive: true });
  writeFileSync(path.join(tree.worktree, file), content);
};

/** A file as Git LFS has it: a pointer in git, the bytes on the disk, and beside git where they are kept. */
function large(at: Reaping, tree: Tree, isKept: boolean): Partial<KnownDispatch> {
  const bytes = 'many bytes\n';
  const digest = createHash('sha256').update(bytes).digest('hex');
  const head = at.commit(
    'big.bin',
    `version https://git-lfs.github.com/spec/v1\noid sha256:${digest}\nsize ${bytes.length}\n`,
    tree.worktree,
  );
  write(tree, 'big.bin', bytes);
  if (isKept) {
    const folder = path.join(at.checkout, '.git/lfs/objects', digest.slice(0, 2), digest.slice(2, 4));
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, digest), bytes);
  }
  return { pull: { kind: 'merged', number: 9, head } };
}

const kept: Case[] = [
  {
    name: 'whose worker is running',
    prepare: () => ({ alive: true }),
    why: 'its worker is running',
  },
  {
    name: 'of another host, which nobody here can judge',
    prepare: () => ({ alive: true, elsewhere: 'laptop\u001b[2J' }),
    why: 'it is of another host (laptop\\u{1b}[2J), and cannot be judged from here',
  },
  {
    name: 'with a change',
    prepare: (_, tree) => void write(tree, 'README.md', 'other\n'),
    why: 'it has changes that are not committed: README.md',
  },
  {
    name: 'with a file that was removed and not committed',
    prepare: (_, tree) => void rmSync(path.join(tree.worktree, 'README.md')),
    why: 'it has changes that are not committed: README.md',
  },
  {
    name: 'with a file that can be run now',
    prepare: (_, tree) => void chmodSync(path.join(tree.worktree, 'README.md'), 0o755),
    why: 'it has changes that are not committed: README.md',
  },
  {
    name: 'with a change that only the index holds',
    prepare(at, tree) {
      write(tree, 'README.md', 'staged\n');
      at.run(['add', 'README.md'], tree.worktree);
      write(tree, 'README.md', '# Widgets\n');
      return nothing;
    },
    why: 'it has changes that are not committed: README.md',
  },
  {
    name: 'with a change that git was told to overlook',
    prepare(at, tree) {
      at.run(['update-index', '--assume-unchanged', 'README.md'], tree.worktree);
      write(tree, 'README.md', 'hidden\n');
      return nothing;
    },
    why: 'it has changes that are not committed: README.md',
  },
  {
    name: 'with a change in a file that git was told to skip',
    prepare(at, tree) {
      at.run(['update-index', '--skip-worktree', 'README.md'], tree.worktree);
      write(tree, 'README.md', 'hidden\n');
      return nothing;
    },
    why: 'it has changes that are not committed: README.md',
  },
  {
    name: 'with a new file',
    prepare: (_, tree) => void write(tree, 'notes/one.txt', 'x'),
    why: 'it has files that are not in git: notes/one.txt',
  },
  {
    name: 'with an ignored file',
    prepare: (_, tree) => void write(tree, 'secret.env', 'x'),
    why: 'it has files that are not in git: secret.env',
  },
  {
    name: 'with a file that differs from one of git by capitals alone',
    prepare: (_, tree) => void write(tree, 'readme.md', 'x'),
    why: 'it has files that are not in git: readme.md',
  },
  {
    name: 'with new files of odd names',
    prepare(_, tree) {
      write(tree, ':(top)x', 'x');
      write(tree, '-n', 'x');
      write(tree, 'a\nb', 'x');
      writeFileSync(Buffer.concat([Buffer.from(`${tree.worktree}/`), Buffer.from([0xff])]), 'x');
      return nothing;
    },
    why: /^it has files that are not in git: [^\n]+ and 1 more$/,
  },
  {
    name: 'with a new link, wherever it leads',
    prepare: (_, tree) => void symlinkSync('/nowhere', path.join(tree.worktree, 'link')),
    why: 'it has files that are not in git: link',
  },
  {
    name: 'with a file that only a folder called .git hides',
    prepare: (_, tree) => void write(tree, 'sub/.git/x', 'x'),
    why: 'it has files that are not in git: sub/.git/x',
  },
  {
    name: 'with a repository inside, though its files do not count',
    prepare(at, tree) {
      at.run(['clone', '--quiet', at.checkout, path.join(tree.worktree, 'node_modules/dependency')]);
      return nothing;
    },
    why: /^it has files that are not in git: node_modules\/dependency\/\.git\//,
  },
  {
    name: 'with another worktree inside',
    prepare(at, tree) {
      const inside = path.join(tree.worktree, 'node_modules/inside');
      at.run(['worktree', 'add', '--quiet', '--detach', inside, 'main']);
      return nothing;
    },
    why: 'it has files that are not in git: node_modules/inside/.git',
  },
  {
    name: 'with a file that the patterns except',
    prepare: (_, tree) => void write(tree, 'precious.log', 'x'),
    why: 'it has files that are not in git: precious.log',
  },
  {
    name: 'with a commit that nobody else has',
    prepare: (at, tree) => void at.commit('work.txt', 'x\n', tree.worktree),
    why: 'dispatch/with-a-commit-that-nobody-else-has has 1 commit whose work the base does not hold',
  },
  {
    name: 'whose pull request was merged at another commit',
    prepare(at, tree) {
      const head = at.commit('work.txt', 'x\n', tree.worktree);
      at.commit('work.txt', 'y\n', tree.worktree);
      return { pull: { kind: 'merged', number: 5, head } };
    },
    why: /has 2 commits whose work the base does not hold, and its pull request 5 was merged at another commit/,
  },
  {
    name: 'whose pull request is open, though the base holds its work',
    prepare: () => ({ pull: { kind: 'open', number: 5 } }),
    why: 'its pull request 5 is open',
  },
  {
    name: 'of which the forge could not be asked',
    prepare(at, tree) {
      at.commit('work.txt', 'x\n', tree.worktree);
      return { pull: { kind: 'unknown', why: 'it did not answer' } };
    },
    why: /, and the forge was not asked for its pull request \(it did not answer\)$/,
  },
  {
    name: 'that somebody locked',
    prepare: (at, tree) => void at.run(['worktree', 'lock', '--reason', 'mine', tree.worktree]),
    why: 'it is locked (mine)',
  },
  {
    name: 'where a rebase is not finished',
    prepare(at, tree) {
      at.commit('clash.txt', 'mine\n', tree.worktree);
      expect(() => at.run(['rebase', 'clash'], tree.worktree)).toThrow();
      return nothing;
    },
    why: 'a rebase is not finished there',
  },
  {
    name: 'where a merge is not finished',
    prepare: (at, tree) =>
      void at.run(['merge', '--quiet', '--no-commit', '--no-ff', 'beside'], tree.worktree),
    why: 'a merge is not finished there',
  },
  {
    name: 'where git is at work',
    prepare(at, tree) {
      const admin = at.run(['rev-parse', '--absolute-git-dir'], tree.worktree);
      writeFileSync(path.join(admin, 'index.lock'), '');
      return nothing;
    },
    why: "something of git's (index.lock) is not finished there",
  },
  {
    name: 'that stands on a commit beside its branch',
    prepare(at, tree) {
      at.run(['checkout', '--quiet', '--detach'], tree.worktree);
      at.commit('beside.txt', 'x\n', tree.worktree);
      return nothing;
    },
    why: 'HEAD has 1 commit whose work the base does not hold',
  },
  {
    name: 'whose branch was deleted under it',
    prepare: (at, tree) => void at.run(['update-ref', '-d', `refs/heads/${tree.branch}`]),
    why: 'it cannot be read: it stands on no commit, so its branch may have been deleted',
  },
  {
    name: 'of which git does not say where it is',
    prepare(at, tree) {
      const admin = at.run(['rev-parse', '--absolute-git-dir'], tree.worktree);
      rmSync(path.join(admin, 'gitdir'));
      return nothing;
    },
    why: /^(?:git does not say where its folder is|its folder is there, and git does not know it as a worktree)$/,
  },
  {
    name: 'whose folder became a repository of its own',
    prepare(at, tree) {
      rmSync(path.join(tree.worktree, '.git'));
      at.run(['init', '--quiet'], tree.worktree);
      return nothing;
    },
    why: 'its .git does not lead to this checkout',
  },
  {
    name: 'whose folder is a link',
    prepare(_, tree) {
      renameSync(tree.worktree, `${tree.worktree}-moved`);
      symlinkSync(`${tree.worktree}-moved`, tree.worktree);
      return nothing;
    },
    why: 'what stands in its place is no folder',
  },
  {
    name: 'whose disk is not there',
    prepare(at, tree) {
      const admin = at.run(['rev-parse', '--absolute-git-dir'], tree.worktree);
      writeFileSync(path.join(admin, 'gitdir'), '/nowhere/at/all/.git\n');
      return { worktree: '/nowhere/at/all' };
    },
    why: 'its folder cannot be reached, and neither can the one above it',
  },
  {
    name: 'whose folder is gone, with work that nobody else has',
    prepare(at, tree) {
      at.commit('work.txt', 'x\n', tree.worktree);
      rmSync(tree.worktree, { recursive: true });
      return nothing;
    },
    why: /has 1 commit whose work the base does not hold$/,
  },
  {
    name: 'with a large file whose bytes nobody keeps',
    prepare: (at, tree) => large(at, tree, false),
    why: 'it has changes that are not committed: big.bin',
  },
  {
    name: 'in whose folder a process works',
    prepare: (_, tree) => void busy.add(tree.worktree),
    why: 'a process works in its folder (4711)',
  },
];

const busy = new Set<string>();
const ignore = ['node_modules/', '*.log', '!precious.log'];
const options: Partial<ReapOptions> = { ignore, processesIn: (folder) => (busy.has(folder) ? [4711] : []) };

/** A checkout with a worktree for each case, all seen by one run. */
async function withAll(cases: Case[], before: (at: Reaping) => void = () => undefined) {
  const at = await openReaping();
  at.commit('.gitignore', '*.env\n');
  at.run(['push', '--quiet', 'origin', 'main']);
  at.run(['checkout', '--quiet', '-b', 'clash', 'main']);
  at.commit('clash.txt', 'theirs\n');
  at.run(['checkout', '--quiet', '-b', 'beside', 'main']);
  at.commit('beside.txt', 'x\n');
  at.run(['checkout', '--quiet', 'main']);
  before(at);
  const made = cases.map((one) => {
    const tree = at.tree(one.name.replaceAll(/[^a-z]+/g, '-').slice(0, 60));
    return { one, tree, over: one.prepare(at, tree) };
  });
  const known = made.map(({ tree, over }) => at.known(tree, over));
  return { at, made, known };
}

function itemOf(items: Reaped[], branch: string): Reaped | undefined {
  return items.find((item) => item.branch === branch);
}

describe('a worktree is kept', () => {
  let at: Reaping;
  let seen = new Map<
    string,
    { item: Reaped | undefined; isThere: boolean; hasBranch: boolean; was: boolean }
  >();
  beforeAll(async () => {
    const all = await withAll(kept);
    at = all.at;
    const was = new Map(all.made.map(({ tree }) => [tree.branch, existsSync(tree.worktree)]));
    const { items } = await at.reap(all.known, options);
    seen = new Map(
      all.made.map(({ one, tree }) => [
        one.name,
        {
          item: itemOf(items, tree.branch),
          isThere: existsSync(tree.worktree),
          hasBranch: at.run(['for-each-ref', `refs/heads/${tree.branch}`]) !== '',
          was: was.get(tree.branch) === true,
        },
      ]),
    );
  });
  afterAll(() => at.close());

  it.each(kept)('$name', ({ name, why }) => {
    const { item, isThere, hasBranch, was } = seen.get(name) ?? {};

    expect(item?.kind).toBe('kept');
    if (typeof why === 'string') expect(item?.why).toBe(why);
    else expect(item?.why).toMatch(why);
    expect(isThere).toBe(was);
    expect(hasBranch).toBe(!/branch was deleted/.test(name));
  });

  it('and nothing is kept of it elsewhere', () => {
    expect(at.run(['for-each-ref', 'refs/forgecrew'])).toBe('');
  });
});

const reaped: Case[] = [
  { name: 'without a commit of its own', prepare: () => nothing, why: /^the base holds [0-9a-f]{10}$/ },
  {
    name: 'with files that do not count',
    prepare(_, tree) {
      write(tree, 'node_modules/a/b.js', 'x');
      write(tree, 'some.log', 'x');
      write(tree, ':(top).log', 'x');
      return nothing;
    },
    why: /^the base holds/,
  },
  {
    name: 'with empty folders',
    prepare: (_, tree) => void mkdirSync(path.join(tree.worktree, 'empty/empty'), { recursive: true }),
    why: /^the base holds/,
  },
  {
    name: 'whose pull request was merged at its commit, whatever the base looks like',
    prepare(at, tree) {
      const head = at.commit('work.txt', 'x\n', tree.worktree);
      return { pull: { kind: 'merged', number: 5, head } };
    },
    why: /^its pull request 5 was merged at /,
  },
  {
    name: 'whose pull request was closed at its commit',
    prepare(at, tree) {
      const head = at.commit('work.txt', 'y\n', tree.worktree);
      return { pull: { kind: 'closed', number: 6, head } };
    },
    why: /^its pull request 6 was closed at /,
  },
  {
    name: 'whose work was taken back again',
    prepare(at, tree) {
      at.commit('work.txt', 'x\n', tree.worktree);
      at.run(['revert', '--no-edit', 'HEAD'], tree.worktree);
      return nothing;
    },
    why: /of the base has the same files as/,
  },
  {
    name: 'whose folder is gone',
    prepare: (_, tree) => void rmSync(tree.worktree, { recursive: true }),
    why: /^the base holds/,
  },
  {
    name: 'that git forgot, of which only the branch is left',
    prepare: (at, tree) => void at.run(['worktree', 'remove', tree.worktree]),
    why: /^the base holds/,
  },
  {
    name: 'with a link to a folder outside',
    prepare(at, tree) {
      symlinkSync(path.join(at.folder, 'outside'), path.join(tree.worktree, 'link'));
      at.run(['add', 'link'], tree.worktree);
      at.run(['commit', '--quiet', '-m', 'Link'], tree.worktree);
      return { pull: { kind: 'merged', number: 7, head: at.run(['rev-parse', 'HEAD'], tree.worktree) } };
    },
    why: /^its pull request 7 was merged/,
  },
  {
    name: 'that has only some of the files checked out',
    prepare: (at, tree) => void at.run(['sparse-checkout', 'set', '--no-cone', '/README.md'], tree.worktree),
    why: /^the base holds/,
  },
  {
    name: 'with a large file whose bytes the checkout keeps',
    prepare: (at, tree) => large(at, tree, true),
    why: /^its pull request 9 was merged/,
  },
  {
    name: 'whose files end their lines as its attributes say',
    prepare(at, tree) {
      at.commit('.gitattributes', '*.bat text eol=crlf\n', tree.worktree);
      const head = at.commit('run.bat', 'x\r\n', tree.worktree);
      return { pull: { kind: 'merged', number: 8, head } };
    },
    why: /^its pull request 8 was merged/,
  },
];

describe('a worktree is taken away', () => {
  let at: Reaping;
  let items: Reaped[] = [];
  let trees = new Map<string, Tree>();
  let mark = '';
  beforeAll(async () => {
    const all = await withAll(reaped, (own) => {
      mkdirSync(path.join(own.folder, 'outside'));
      writeFileSync(path.join(own.folder, 'outside/precious'), 'x');
    });
    at = all.at;
    mark = path.join(at.folder, 'mark');
    // Whatever an agent may have written there, nothing of it runs.
    const script = path.join(at.folder, 'evil');
    writeFileSync(script, `#!/bin/sh\necho "$0 $*" >>${mark}\ncat\n`, { mode: 0o755 });
    writeFileSync(path.join(at.checkout, '.git/info/attributes'), '* filter=evil diff=evil merge=evil\n');
    for (const [name, value] of [
      ['core.fsmonitor', script],
      ['core.hooksPath', path.join(at.folder, 'hooks')],
      ['core.ignoreCase', 'true'],
      ['status.showUntrackedFiles', 'no'],
      ['diff.external', script],
      ['filter.evil.clean', script],
      ['filter.evil.smudge', script],
      ['filter.evil.process', script],
      ['diff.evil.textconv', script],
      ['diff.evil.command', script],
      ['merge.evil.driver', script],
      ['gc.auto', '1'],
      ['core.pager', script],
    ] as const)
      at.run(['config', name, value]);
    mkdirSync(path.join(at.folder, 'hooks'));
    for (const hook of ['reference-transaction', 'post-checkout', 'pre-auto-gc'])
      writeFileSync(path.join(at.folder, 'hooks', hook), `#!/bin/sh\necho ${hook} >>${mark}\n`, {
        mode: 0o755,
      });
    trees = new Map(all.made.map(({ one, tree }) => [one.name, tree]));
    items = (await at.reap(all.known, options)).items;
  });
  afterAll(() => at.close());

  it.each(reaped)('$name', ({ name, why }) => {
    const { worktree = '', branch = '' } = trees.get(name) ?? {};
    const item = itemOf(items, branch);

    expect([item?.kind, item?.why]).toEqual(['reaped', expect.stringMatching(why)]);
    expect(existsSync(worktree)).toBe(false);
    expect(existsSync(path.join(at.checkout, '.git/refs/heads', branch))).toBe(false);
    expect(item?.kept).not.toEqual([]);
  });

  it('and what its links lead to stays', () => {
    expect(readFileSync(path.join(at.folder, 'outside/precious'), 'utf8')).toBe('x');
  });

  it('and nothing that the checkout names is run', () => {
    expect(existsSync(mark) ? readFileSync(mark, 'utf8') : '').toBe('');
  });

  it('and git knows none of them any more', () => {
    expect(existsSync(path.join(at.checkout, '.git/worktrees'))).toBe(false);
  });
});

describe('of one worktree', () => {
  let at: Reaping;
  let tree: Tree;
  beforeEach(async () => {
    at = await openReaping();
    tree = at.tree('12-mend-it');
  });
  afterEach(() => at.close());

  const one = async (
    over: Partial<ReapOptions> = {},
    known: Partial<KnownDispatch> = {},
  ): Promise<Reaped> => {
    const { items } = await at.reap([at.known(tree, known)], { ...options, ...over });
    expect(items).toHaveLength(1);
    return items[0] as Reaped;
  };
  const refs = (): string => at.run(['for-each-ref', '--format=%(refname) %(objectname)']);

  it.each([
    ['merge', /^the base holds/],
    ['squash', /of the base is its work in one commit$/],
    ['rebase', /^each of its commits is one of the base$/],
  ] as const)('the work is seen after a %s on the forge', async (style, why) => {
    at.commit('a.txt', 'a\n', tree.worktree);
    const head = at.commit('b.txt', 'b\n', tree.worktree);
    at.commit('other.txt', 'x\n');
    at.run(['push', '--quiet', 'origin', 'main']);
    at.merge(head, style);

    const item = await one();

    expect([item.kind, item.why]).toEqual(['reaped', expect.stringMatching(why)]);
    expect(item.kept).toEqual([`refs/forgecrew/reaped/20261126T120000Z/dispatch-12-mend-it/${head}`]);
    expect(at.run(['rev-parse', item.kept[0] as string])).toBe(head);
  });

  it.each([
    ['white space', 'if x:\n    a()\n    b()\n', 'if x:\n    a()\nb()\n'],
    ['bytes that git does not show', '\0one', '\0two'],
    ['the end of a line', 'a\n', 'a\r\n'],
    ['the end of the file', 'a\n', 'a'],
  ])('the work is not seen in a commit of the base that differs from it in %s', async (_, mine, theirs) => {
    at.commit('a.py', mine, tree.worktree);
    at.commit('other.txt', 'x\n');
    at.commit('a.py', theirs);
    at.run(['push', '--quiet', 'origin', 'main']);

    expect((await one()).why).toMatch(/has 1 commit whose work the base does not hold$/);
  });

  it.each([
    ['with a new file', (): string => at.commit('late.txt', 'x\n', tree.worktree)],
    [
      'with nothing new in it',
      (): string => at.run(['commit', '--quiet', '--allow-empty', '-m', 'Late'], tree.worktree),
    ],
  ])('is kept when its branch moves after it was looked at, %s', async (_, move) => {
    let asked = 0;
    const isAlive = (): boolean => {
      asked += 1;
      if (asked === 2) move();
      return false;
    };

    const item = await one({ isAlive });

    expect([item.kind, item.why]).toEqual(['kept', 'it changed while it was looked at']);
    expect(existsSync(path.join(tree.worktree, 'README.md'))).toBe(true);
  });

  it('a commit that is made while it is removed is kept', async () => {
    const unlink = (file: Buffer): void => {
      if (path.basename(file.toString()) === 'README.md')
        at.run(['commit', '--quiet', '--allow-empty', '-m', 'Late'], tree.worktree);
      rmSync(file.toString());
    };

    const item = await one({ unlink });

    expect([item.kind, item.why]).toEqual([
      'failed',
      'a commit was made while it was removed; its branch stays',
    ]);
    const late = at.run(['rev-parse', tree.branch]);
    expect(at.run(['log', '-1', '--format=%s', late])).toBe('Late');
    expect(at.isReached(late, 'refs/forgecrew/reaped')).toBe(true);
    expect((await one()).kind).toBe('reaped');
  });

  it('is kept when a worker begins after it was looked at', async () => {
    let asked = 0;

    const item = await one({
      isAlive: () => {
        asked += 1;
        return asked === 2;
      },
    });

    expect(item.kind).toBe('kept');
    expect(existsSync(tree.worktree)).toBe(true);
  });

  it('a file that is written while it is removed stays, and the next run says so', async () => {
    at.commit('z.txt', 'z\n');
    at.run(['push', '--quiet', 'origin', 'main']);
    at.run(['merge', '--quiet', 'main'], tree.worktree);
    const unlink = (file: Buffer): void => {
      rmSync(file.toString());
      writeFileSync(path.join(tree.worktree, 'z.txt'), 'written now\n');
      write(tree, 'new/file.txt', 'new\n');
    };

    const item = await one({ unlink });

    expect(item.kind).toBe('failed');
    expect(item.why).toMatch(/^files were written while it was removed, and stay: /);
    expect(readFileSync(path.join(tree.worktree, 'z.txt'), 'utf8')).toBe('written now\n');
    expect(readFileSync(path.join(tree.worktree, 'new/file.txt'), 'utf8')).toBe('new\n');
    expect((await one()).why).toBe('it has changes that are not committed: z.txt');
    at.run(['checkout', '--quiet', '--', '.'], tree.worktree);
    expect((await one()).why).toBe('it has files that are not in git: new/file.txt');
  });

  it('a folder that becomes a link while it is removed leads nowhere', async () => {
    at.commit('sub/a.txt', 'a\n');
    at.commit('sub/b.txt', 'b\n');
    at.run(['push', '--quiet', 'origin', 'main']);
    at.run(['merge', '--quiet', 'main'], tree.worktree);
    const outside = path.join(at.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(path.join(outside, 'README.md'), 'precious\n');
    const unlink = (file: Buffer): void => {
      rmSync(file.toString());
      if (existsSync(`${tree.worktree}-moved`)) return;
      renameSync(tree.worktree, `${tree.worktree}-moved`);
      symlinkSync(outside, tree.worktree);
    };

    const item = await one({ unlink });

    expect(item.kind).toBe('failed');
    expect(readFileSync(path.join(outside, 'README.md'), 'utf8')).toBe('precious\n');
  });

  it('every commit that its logs know is kept, for thirty days', async () => {
    const amended = at.commit('a.txt', 'a\n', tree.worktree);
    at.run(['commit', '--quiet', '--amend', '-m', 'Again'], tree.worktree);
    const reset = at.run(['rev-parse', 'HEAD'], tree.worktree);
    at.run(['reset', '--quiet', '--hard', 'main'], tree.worktree);
    at.run(['checkout', '--quiet', '--detach'], tree.worktree);
    const detached = at.commit('b.txt', 'b\n', tree.worktree);
    at.run(['checkout', '--quiet', tree.branch], tree.worktree);
    writeFileSync(path.join(tree.worktree, 'README.md'), 'stashed\n');
    at.run(['stash', '--quiet'], tree.worktree);
    const stash = at.run(['rev-parse', 'refs/stash']);
    // Of the oldest step the log knows only where it came from.
    const log = path.join(at.run(['rev-parse', '--absolute-git-dir'], tree.worktree), 'logs/HEAD');
    const oldest = at.run(['commit-tree', '-m', 'Oldest', 'main^{tree}']);
    writeFileSync(log, readFileSync(log, 'utf8').replace(/^0{40}/, oldest));

    const item = await one();
    at.run(['stash', 'clear']);
    at.run(['reflog', 'expire', '--expire=now', '--all']);
    at.run(['gc', '--quiet', '--prune=now']);

    expect(item.kind).toBe('reaped');
    const all = [amended, reset, detached, stash, oldest];
    expect(all.filter((commit) => !at.isReached(commit, 'refs/forgecrew/reaped'))).toEqual([]);
    expect((await at.reap([], { now: '2026-12-26T12:00:00Z' })).pruned).toEqual([]);
    expect(all.filter((commit) => !at.isReached(commit))).toEqual([]);
    const would = await at.reap([], { now: '2026-12-26T12:00:01Z', dryRun: true });
    const { pruned } = await at.reap([], { now: '2026-12-26T12:00:01Z' });
    expect(pruned).toEqual([...item.kept].sort());
    expect(would.pruned).toEqual(pruned);
    expect(at.run(['for-each-ref', 'refs/forgecrew'])).toBe('');
  });

  it('a dry run says what would be done, and does nothing', async () => {
    const before = refs();

    const item = await one({ dryRun: true });

    expect([item.kind, item.kept]).toEqual(['would-reap', []]);
    expect(refs()).toBe(before);
    expect(existsSync(tree.worktree)).toBe(true);
  });

  it("a person's own worktree is left alone, whatever it holds", async () => {
    const own = path.join(at.folder, 'own');
    at.run(['worktree', 'add', '--quiet', '-b', 'own', own, 'main']);

    const { items } = await at.reap([at.known(tree)], options);

    expect(items.map(({ kind, branch, why }) => [branch, kind, why])).toContainEqual([
      'own',
      'kept',
      'no dispatch made it',
    ]);
    expect(existsSync(own)).toBe(true);
  });

  it('one without a record is taken away only where the system says that nobody works there', async () => {
    const silent = await at.reap([], { ...options, processesIn: () => null });
    const { items } = await at.reap([], options);

    expect(silent.items[0]?.why).toBe(
      'no dispatch is on record for it, and this system does not say whether somebody works there',
    );
    expect(items[0]?.kind).toBe('reaped');
  });

  it('a branch that another worktree stands on stays', async () => {
    at.run(['checkout', '--quiet', '--ignore-other-worktrees', tree.branch]);

    expect((await one()).kind).toBe('reaped');
    expect(at.run(['rev-parse', '--abbrev-ref', 'HEAD'])).toBe(tree.branch);
    expect((await at.reap([], options)).items[0]?.why).toBe('its branch is checked out elsewhere');
  });

  it('only branches of dispatches are deleted, whatever the registry says', async () => {
    at.run(['checkout', '--quiet', '-b', 'own'], tree.worktree);

    const { items } = await at.reap([at.known(tree, { branch: 'own' })], options);

    expect(items.map(({ kind, branch }) => [kind, branch])).toEqual([
      ['reaped', 'own'],
      ['reaped', tree.branch],
    ]);
    expect(at.run(['for-each-ref', '--format=%(refname)', 'refs/heads'])).toBe(
      'refs/heads/main\nrefs/heads/own',
    );
  });

  it('of which nothing is left is said to be gone', async () => {
    at.run(['worktree', 'remove', tree.worktree]);
    at.run(['branch', '-D', tree.branch]);

    expect(await one()).toMatchObject({ kind: 'gone', why: 'its worktree and its branch are gone' });
  });

  it("is taken from Claude's trusted folders", async () => {
    const claudeConfig = path.join(at.folder, '.claude.json');
    const text = (...trusted: string[]): string =>
      JSON.stringify({
        a: 1,
        projects: Object.fromEntries(trusted.map((each) => [each, { hasTrustDialogAccepted: true }])),
      });
    writeFileSync(claudeConfig, text('/own', tree.worktree));

    await one({ claudeConfig });

    expect(readFileSync(claudeConfig, 'utf8')).toBe(text('/own'));
  });

  it('a base that cannot be fetched is taken as it was seen last, and that is said', async () => {
    renameSync(at.forge, `${at.forge}-away`);

    const { items, notes } = await at.reap([at.known(tree)], options);

    expect(items[0]?.kind).toBe('reaped');
    expect(notes).toEqual([
      expect.stringMatching(
        /^The base "main" was not fetched, so it is taken as it was last seen: git fetch/,
      ),
    ]);
  });

  it('is judged by the base that it went out from, and not by that of another one', async () => {
    const [one, other, third] = [at.tree('12-one'), at.tree('13-other'), at.tree('14-third')];
    for (const tree of [one, other, third]) at.commit('src/x.txt', `${tree.branch}\n`, tree.worktree);
    const head = at.run(['rev-parse', 'HEAD'], one.worktree);
    at.merge(at.run(['rev-parse', 'HEAD'], other.worktree));
    at.run(['push', '--quiet', 'origin', `${head}:refs/heads/release`]);
    const base = (branch: string) => ({ base: { remote: 'origin', branch } });

    const { items } = await at.reap([
      at.known(one, base('release')),
      at.known(other, base('release')),
      at.known(third, base('gone')),
    ]);

    const [first, second, last] = [one, other, third].map(({ branch }) =>
      items.find((item) => item.branch === branch),
    );
    expect(first).toMatchObject({ kind: 'reaped', why: `the base holds ${head.slice(0, 10)}` });
    expect(second).toMatchObject({ kind: 'kept', why: expect.stringContaining('the base does not hold') });
    expect(last).toMatchObject({
      kind: 'kept',
      why: expect.stringContaining('its base "gone" of origin is not known in the checkout'),
    });
    expect(existsSync(other.worktree)).toBe(true);
  });

  it('nothing is decided against a base that was never seen', async () => {
    await expect(at.reap([], { base: 'gone' })).rejects.toThrow(
      'The branch "gone" of origin is not known in',
    );
  });

  it('a submodule that was never filled is no work of its own', async () => {
    at.run(
      ['update-index', '--add', '--cacheinfo', `160000,${at.run(['rev-parse', 'main'])},sub`],
      tree.worktree,
    );
    at.run(['commit', '--quiet', '-m', 'Submodule'], tree.worktree);
    mkdirSync(path.join(tree.worktree, 'sub'));
    const head = at.run(['rev-parse', 'HEAD'], tree.worktree);

    const dry = await one({ dryRun: true }, { pull: { kind: 'merged', number: 1, head } });
    write(tree, 'sub/work.txt', 'x');
    const filled = await one({}, { pull: { kind: 'merged', number: 1, head } });

    expect(dry.kind).toBe('would-reap');
    expect(filled.why).toBe('it has files that are not in git: sub/work.txt');
    rmSync(path.join(tree.worktree, 'sub'), { recursive: true });
    write(tree, 'sub', 'x');
    const replaced = await one({}, { pull: { kind: 'merged', number: 1, head } });
    expect(replaced.why).toBe('it has files that are not in git: sub');
  });
});

it.runIf(existsSync('/proc/self/cwd'))('a process is seen that works in a folder', () => {
  const here = process.cwd();

  expect(processesIn(here)).toContain(process.pid);
  expect(processesIn(path.dirname(here))).toContain(process.pid);
  expect(processesIn(`${here}/nothing`)).not.toContain(process.pid);
  expect(processesIn(here.slice(0, -1))).not.toContain(process.pid);
});
