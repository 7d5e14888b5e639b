import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placeOfRemote, sameRemote } from '../../../cli/dispatch/remote-address.ts';
import { makeWorktree, stemOf, type WorktreeRequest } from '../../../cli/dispatch/worktree.ts';
import { address, type Checkouts, openCheckouts } from './checkouts.ts';

let at: Checkouts;
beforeEach(() => {
  at = openCheckouts();
});
afterEach(() => at.close());

function request(over: Partial<WorktreeRequest> = {}): WorktreeRequest {
  return {
    checkout: at.checkout,
    worktreeRoot: at.worktreeRoot,
    addresses: [address],
    base: 'main',
    issue: { number: 12, title: 'Mend the widget' },
    ...over,
  };
}

describe('a worktree for a dispatch', () => {
  it('has a branch of its own at the base as the forge has it now', async () => {
    const other = path.join(at.folder, 'other');
    at.run(['clone', '--quiet', address, other], at.folder);
    const fresh = at.commit('new.txt', 'new\n', other);
    at.run(['push', '--quiet', 'origin', 'main'], other);

    const made = await makeWorktree(at.git, request());

    expect(made).toEqual({
      worktree: path.join(at.worktreeRoot, 'acme-widgets', '12-mend-the-widget'),
      branch: 'dispatch/12-mend-the-widget',
      base: fresh,
      remote: 'origin',
      checkout: at.checkout,
    });
    expect(at.run(['rev-parse', 'HEAD'], made.worktree)).toBe(fresh);
    expect(at.run(['symbolic-ref', 'HEAD'], made.worktree)).toBe('refs/heads/dispatch/12-mend-the-widget');
    expect(readFileSync(path.join(made.worktree, 'new.txt'), 'utf8')).toBe('new\n');
    expect(at.run(['rev-parse', 'main'])).not.toBe(fresh);
  });

  it('is told before it is made, so that a crash leaves a record of it', async () => {
    let wasThere: boolean | undefined;

    const made = await makeWorktree(at.git, request(), ({ worktree }) => {
      wasThere = existsSync(worktree);
    });

    expect(wasThere).toBe(false);
    expect(existsSync(made.worktree)).toBe(true);
  });

  it.each([
    ['a branch', () => void at.run(['branch', 'dispatch/12-mend-the-widget'])],
    [
      'a branch that another machine pushed',
      () => void at.run(['push', '--quiet', 'origin', 'main:dispatch/12-mend-the-widget']),
    ],
    [
      'a folder',
      () =>
        void mkdirSync(path.join(at.worktreeRoot, 'acme-widgets/12-mend-the-widget'), { recursive: true }),
    ],
    [
      'a link that leads nowhere',
      () => {
        mkdirSync(path.join(at.worktreeRoot, 'acme-widgets'), { recursive: true });
        symlinkSync('/nowhere', path.join(at.worktreeRoot, 'acme-widgets/12-mend-the-widget'));
      },
    ],
  ])('leaves %s of its name alone and takes the next one', async (_, prepare) => {
    prepare();

    const made = await makeWorktree(at.git, request());

    expect(made.branch).toBe('dispatch/12-mend-the-widget-2');
    expect(path.basename(made.worktree)).toBe('12-mend-the-widget-2');
  });

  it('of two at once each has its own', async () => {
    const made = await Promise.all([makeWorktree(at.git, request()), makeWorktree(at.git, request())]);

    expect(new Set(made.map(({ worktree }) => worktree)).size).toBe(2);
    for (const { worktree, branch } of made)
      expect(at.run(['symbolic-ref', '--short', 'HEAD'], worktree)).toBe(branch);
  });

  it('runs no hook of the checkout', async () => {
    const mark = path.join(at.folder, 'mark');
    for (const hook of ['post-checkout', 'reference-transaction'])
      writeFileSync(path.join(at.checkout, '.git/hooks', hook), `#!/bin/sh\ntouch ${mark}\n`, {
        mode: 0o755,
      });

    await makeWorktree(at.git, request());

    expect(existsSync(mark)).toBe(false);
  });

  it('is made of the checkout that was named, whatever a hook that started us says in GIT_DIR', async () => {
    const { openOwnGit } = await import('../../../cli/dispatch/own-git.ts');
    const git = openOwnGit({ ...at.environment, GIT_DIR: at.forge, GIT_WORK_TREE: at.folder });

    const made = await makeWorktree(git, request());

    expect(at.run(['worktree', 'list'])).toContain(made.worktree);
  });
});

describe('a checkout is refused', () => {
  it('when none of its remotes is the repository of the issue', async () => {
    at.run(['remote', 'set-url', 'origin', 'https://ada:secret@elsewhere.test/acme/widgets']);

    const refused = makeWorktree(at.git, request());

    await expect(refused).rejects.toThrow(
      'is of another repository: none of its remotes is https://forge.test/acme/widgets (origin is "https://elsewhere.test/acme/widgets")',
    );
    await expect(refused).rejects.not.toThrow('secret');
  });

  it('when it is bare', async () => {
    await expect(makeWorktree(at.git, request({ checkout: at.forge }))).rejects.toThrow(
      'it is a bare repository',
    );
  });

  it('when it is no repository, or a folder inside another one', async () => {
    const inside = path.join(at.checkout, 'inside');
    mkdirSync(inside);

    await expect(makeWorktree(at.git, request({ checkout: at.folder }))).rejects.toThrow(
      'not a git repository',
    );
    await expect(makeWorktree(at.git, request({ checkout: inside }))).rejects.toThrow(
      'it is a folder inside the repository',
    );
    await expect(makeWorktree(at.git, request({ checkout: '/nowhere' }))).rejects.toThrow('no such folder');
  });

  it('while a merge, a cherry-pick or a rebase is not finished there', async () => {
    at.run(['checkout', '--quiet', '-b', 'other']);
    at.commit('README.md', '# Other\n');
    at.run(['checkout', '--quiet', 'main']);
    at.commit('README.md', '# Main\n');
    const began: string[] = [];
    for (const args of [
      ['merge', 'other'],
      ['cherry-pick', 'other'],
      ['rebase', 'other'],
    ]) {
      expect(() => at.run(args)).toThrow();
      const refused = await makeWorktree(at.git, request()).then(
        () => 'made',
        (error: Error) => /: (.*)\.$/.exec(error.message)?.[1] ?? '',
      );
      began.push(refused);
      at.run([args[0] as string, '--abort']);
    }

    expect(began).toEqual([
      'a merge is not finished there',
      'a cherry-pick is not finished there',
      'a rebase is not finished there',
    ]);
  });

  it('when the forge has no such branch', async () => {
    await expect(makeWorktree(at.git, request({ base: 'gone' }))).rejects.toThrow(
      'The branch "gone" was not fetched',
    );
    await expect(makeWorktree(at.git, request({ base: 'a:b' }))).rejects.toThrow('cannot be the name');
    expect(at.run(['for-each-ref', 'refs/heads'])).not.toContain('dispatch');
  });
});

it.each([
  ['../../etc/passwd', '7-etc-passwd'],
  ['--upload-pack=touch x', '7-upload-pack-touch-x'],
  ['$(touch x); `y`\n\0', '7-touch-x-y'],
  ['修复', '7'],
  ['.lock', '7-lock'],
  ['a'.repeat(300), `7-${'a'.repeat(40)}`],
])('the title %j makes the harmless name %s', (title, name) => {
  expect(stemOf({ number: 7, title })).toBe(name);
});

describe('an address of a remote', () => {
  it.each([
    ['https://forge.test/acme/widgets', 'https://forge.test/Acme/Widgets.git', true],
    ['https://forge.test/acme/widgets', 'git@forge.test:acme/widgets.git', true],
    ['https://forge.test:3000/acme/widgets', 'ssh://git@forge.test:2222/acme/widgets', true],
    ['https://forge.test/acme/widgets', 'https://ada@forge.test:443/acme/widgets/', true],
    ['https://forge.test/acme/widgets', 'https://forge.test:3000/acme/widgets', false],
    ['https://forge.test/acme/widgets', 'https://forge.test@evil.test/acme/widgets', false],
    ['https://forge.test/acme/widgets', 'https://evil.test/forge.test/acme/widgets', false],
    ['https://forge.test/acme/widgets', 'git@evil.test:forge.test/acme/widgets', false],
    ['https://forge.test/acme/widgets', 'https://forge.test/other/acme/widgets', false],
    ['https://forge.test/acme/widgets', '/srv/forge.test:acme/widgets', false],
  ])('%s and %s: %s', (one, other, same) => {
    expect(sameRemote(one, other)).toBe(same);
    expect(sameRemote(other, one)).toBe(same);
  });

  it('that names no server is none', () => {
    for (const text of ['', '/srv/x.git', './x', 'file:///srv/x.git', 'ext::sh -c x', 'https://'])
      expect(placeOfRemote(text)).toBeUndefined();
  });
});
