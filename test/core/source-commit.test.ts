import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceCommit } from '../../core/source-commit.ts';

const one = '1'.repeat(40);
const two = '2'.repeat(40);

describe('the commit that a compiled file is of', () => {
  let copy: string;
  let file: string;
  const put = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(copy, name)), { recursive: true });
    writeFileSync(path.join(copy, name), text);
  };
  beforeEach(() => {
    copy = mkdtempSync(path.join(tmpdir(), 'forgecrew-commit-'));
    file = path.join(copy, 'dist/ops-filer/index.js');
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  it('is that of a checkout at a commit, as a runner clones it', () => {
    put('.git/HEAD', `${one}\n`);

    expect(sourceCommit(file)).toBe(one);
  });

  it('is that of a checkout on a branch, wherever git keeps it', () => {
    put('.git/HEAD', 'ref: refs/heads/main\n');
    put('.git/packed-refs', `# pack-refs\n${two} refs/heads/other\n${one} refs/heads/main\n`);
    const packed = sourceCommit(file);
    put('.git/refs/heads/main', `${two}\n`);

    expect([packed, sourceCommit(file)]).toEqual([one, two]);
  });

  it('is that of a worktree, at a commit or on a branch', () => {
    put('.git', 'gitdir: repository/worktrees/copy\n');
    put('repository/worktrees/copy/commondir', '../..\n');
    put('repository/worktrees/copy/HEAD', `${two}\n`);
    put('repository/refs/heads/main', `${one}\n`);
    const detached = sourceCommit(file);
    put('repository/worktrees/copy/HEAD', 'ref: refs/heads/main\n');

    expect([detached, sourceCommit(file)]).toEqual([two, one]);
  });

  it('is the one that an image or a package carries', () => {
    put('commit', `${two}\n`);
    put('.git/HEAD', `${one}\n`);

    expect(sourceCommit(file)).toBe(two);
  });

  it.each([
    ['nothing', {}],
    ['an empty file', { commit: '\n' }],
    ['something else', { '.git/HEAD': 'hello\n' }],
    ['a branch without a commit', { '.git/HEAD': 'ref: refs/heads/main\n' }],
    ['a path that leaves the folder', { '.git/HEAD': 'ref: refs/../../secret\n', secret: `${one}\n` }],
  ])('is not known where there is %s', (_, files) => {
    for (const [name, text] of Object.entries(files)) put(name, text);

    expect(sourceCommit(file)).toBeUndefined();
  });
});
