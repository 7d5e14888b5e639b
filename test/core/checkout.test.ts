import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkedOutCommit } from '../../core/checkout.ts';

let folder: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.test', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', HOME: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-checkout-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the commit of a checkout', () => {
  it('is found on a branch, detached, with packed refs, and in a worktree, without git', () => {
    git('init', '-q', '-b', 'main');
    git('commit', '-q', '--allow-empty', '-m', 'one');
    const commit = git('rev-parse', 'HEAD');

    expect(checkedOutCommit(folder)).toBe(commit);
    git('pack-refs', '--all');
    expect(checkedOutCommit(folder)).toBe(commit);
    git('worktree', 'add', '-q', 'inside', '-b', 'other');
    expect(checkedOutCommit(path.join(folder, 'inside'))).toBe(commit);
    git('checkout', '-q', '--detach');
    expect(checkedOutCommit(folder)).toBe(commit);
  });

  it('is unknown without one, and on a branch without a commit', () => {
    expect(checkedOutCommit(folder)).toBeUndefined();
    writeFileSync(path.join(folder, '.git'), 'nonsense');
    expect(checkedOutCommit(folder)).toBeUndefined();
    rmSync(path.join(folder, '.git'));
    git('init', '-q', '-b', 'main');
    expect(checkedOutCommit(folder)).toBeUndefined();
  });
});
