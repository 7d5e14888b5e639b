import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergeIn } from '../../../../core/agent/work/merge-in.ts';
import { type Git, openGit } from '../../../../core/git.ts';

// What git itself makes of two sides, so that an agent finds what it has to solve; no forge is asked.

const author = { name: 'Crew', email: 'crew@example.test', at: '2026-11-26T00:00:00Z' };
let folder: string;
let work: string;
let git: Git;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-merge-'));
  work = path.join(folder, 'work');
  mkdirSync(work);
  git = await openGit({
    path: process.env.PATH ?? '',
    folder: path.join(folder, 'git'),
    forge: { url: 'http://127.0.0.1:9', token: 'x' },
  });
  run('init', '-q', '-b', 'main');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): string {
  return execFileSync('git', ['-C', work, '-c', 'user.name=x', '-c', 'user.email=x@example.test', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', HOME: folder },
  }).trim();
}

/** What a side has: a text, bytes, nothing (`null`), or another repository (`commit`). */
type Files = Record<string, string | Uint8Array | null | { commit: string }>;

function commit(files: Files, from?: string): string {
  if (from !== undefined) run('checkout', '-q', '--detach', from);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(work, name);
    if (content === null) run('rm', '-qr', name);
    else if (typeof content === 'object' && 'commit' in content)
      run('update-index', '--add', '--cacheinfo', `160000,${content.commit},${name}`);
    else {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      run('add', name);
    }
  }
  run('commit', '-q', '--allow-empty', '-m', 'x');
  return run('rev-parse', 'HEAD');
}

const ours = (): string => path.join(work, '.git');
const lines = (word: string): string => `${['a', 'b', word, 'd', 'e'].join('\n')}\n`;
const bytes = (last: number): Uint8Array => new Uint8Array([0, 255, 0, 1, last]);

describe('a base that is merged in', () => {
  it.each<[string, Files, Files, Files]>([
    ['other files', { 'a.txt': 'a' }, { 'b.txt': 'b' }, { 'c.txt': 'c' }],
    [
      'other lines',
      { 'a.txt': `1\n${lines('c')}` },
      { 'a.txt': `2\n${lines('c')}` },
      { 'a.txt': `1\n${lines('c')}f\n` },
    ],
    ['the same', { 'a.txt': 'a' }, { 'a.txt': 'b' }, { 'a.txt': 'b' }],
  ])('has nothing to solve where both changed %s', async (_, before, one, two) => {
    const root = commit(before);
    const [base, other] = [commit(one, root), commit(two, root)];

    expect(await mergeIn(git, { ours: ours(), base, other, author })).toBeUndefined();
  });

  it.each<[string, Files, Files, Files, string]>([
    ['the same line', { 'a.txt': lines('c') }, { 'a.txt': lines('x') }, { 'a.txt': lines('y') }, 'a.txt'],
    ['a file that is no text', { 'a.bin': bytes(1) }, { 'a.bin': bytes(2) }, { 'a.bin': bytes(3) }, 'a.bin'],
    [
      'a file that one of them deleted',
      { 'a.txt': lines('c') },
      { 'a.txt': null },
      { 'a.txt': lines('y') },
      'a.txt',
    ],
    ['a file that both added', { 'r.txt': 'r' }, { 'a.txt': lines('x') }, { 'a.txt': lines('y') }, 'a.txt'],
    [
      'a file that one moved and one deleted',
      { 'a.txt': lines('c') },
      { 'a.txt': null, 'moved.txt': lines('c') },
      { 'a.txt': null },
      'moved.txt',
    ],
    [
      'what is a file here and a folder there',
      { 'r.txt': 'r' },
      { a: 'file\n' },
      { 'a/b.txt': 'in a folder\n' },
      'a',
    ],
    [
      'another repository inside it',
      { module: { commit: '1'.repeat(40) } },
      { module: { commit: '2'.repeat(40) } },
      { module: { commit: '3'.repeat(40) } },
      'module',
    ],
    [
      'a name with a line break',
      { 'a\nb': lines('c') },
      { 'a\nb': lines('x') },
      { 'a\nb': lines('y') },
      'a\nb',
    ],
  ])('has to be solved where both changed %s, and stands on both', async (_, before, one, two, file) => {
    const root = commit(before);
    const [base, other] = [commit(one, root), commit(two, root)];

    const merged = await mergeIn(git, { ours: ours(), base, other, author });

    expect(merged?.conflicts.some((name) => name === file || name.startsWith(`${file}~`))).toBe(true);
    expect(merged?.parents).toEqual([base, other]);
    expect(
      run('rev-list', '--parents', '-n1', merged?.commit ?? '')
        .split(' ')
        .slice(1),
    ).toEqual([base, other]);
    // Every place that is named is one that the agent can change: it is there, or was.
    const there = run('ls-tree', '-r', '--name-only', '-z', merged?.commit ?? '').split('\0');
    for (const name of merged?.conflicts ?? []) expect([name, there.includes(name)]).toEqual([name, true]);
  });

  it('is a fault with its remedy where git is too old', async () => {
    const root = commit({ 'a.txt': lines('c') });
    const [base, other] = [commit({ 'a.txt': lines('x') }, root), commit({ 'a.txt': lines('y') }, root)];
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    writeFileSync(
      path.join(bin, 'git'),
      `#!/bin/sh\ncase "$*" in *merge-tree*) echo "usage: git merge-tree <base-tree> <branch1> <branch2>" >&2; exit 129;; esac\nexec ${real} "$@"\n`,
    );
    chmodSync(path.join(bin, 'git'), 0o755);
    const old = await openGit({
      path: `${bin}:${process.env.PATH}`,
      folder: path.join(folder, 'old'),
      forge: { url: 'http://127.0.0.1:9', token: 'x' },
    });

    await expect(mergeIn(old, { ours: ours(), base, other, author })).rejects.toMatchObject({
      remedy: expect.stringContaining('git 2.38'),
    });
  });
});
