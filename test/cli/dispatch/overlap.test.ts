import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OverlapBranch, overlaps } from '../../../cli/dispatch/overlap.ts';
import { type Git, openGit } from '../../../core/git.ts';
import { type Checkouts, openCheckouts } from './checkouts.ts';

let at: Checkouts;
let git: Git;
const lines = (changed: Record<number, string>): string =>
  Array.from({ length: 40 }, (_, index) => `${changed[index] ?? `line ${index}`}\n`).join('');
const named = (...names: string[]): OverlapBranch[] =>
  names.map((name, index) => ({ ref: `acme/widgets#${index + 1}`, branch: `dispatch/${name}` }));

beforeAll(async () => {
  at = openCheckouts();
  git = await openGit({ path: at.environment.PATH ?? '', folder: path.join(at.folder, 'held') });
  at.commit('a.txt', lines({}));
  at.commit('.gitattributes', '* merge=evil\n');
  at.run(['config', 'merge.evil.driver', `touch ${path.join(at.folder, 'mark')}`]);
  const branch = (name: string, file: string, content: string): void => {
    at.run(['checkout', '--quiet', '-b', `dispatch/${name}`, 'main']);
    at.commit(file, content);
  };
  branch('top', 'a.txt', lines({ 2: 'mine' }));
  branch('bottom', 'a.txt', lines({ 30: 'mine' }));
  branch('top-too', 'a.txt', lines({ 2: 'yours' }));
  branch('same-as-top', 'a.txt', lines({ 2: 'mine' }));
  branch('folder', 'a\u202eb/c.txt', 'x\n');
  branch('folder-too', 'a\u202eb/c.txt', 'y\n');
  at.run(['checkout', '--quiet', '--orphan', 'dispatch/unrelated']);
  at.commit('a.txt', 'other\n');
  at.run(['checkout', '--quiet', 'main']);
});
afterAll(() => at.close());

describe('branches of dispatches', () => {
  const found = async (...names: string[]) =>
    overlaps(git, { checkout: at.checkout, branches: named(...names) });

  it('overlap where they change the same lines, and nowhere else', async () => {
    const outcome = await found('top', 'bottom', 'top-too', 'same-as-top');

    if (outcome.kind !== 'compared') throw new Error(outcome.why);
    expect(
      outcome.pairs.map((pair) => [
        pair.one.branch.slice(9),
        pair.other.branch.slice(9),
        pair.kind === 'overlap' ? pair.files : pair.kind,
      ]),
    ).toEqual([
      ['top', 'bottom', 'none'],
      ['top', 'top-too', ['a.txt']],
      ['top', 'same-as-top', 'none'],
      ['bottom', 'top-too', 'none'],
      ['bottom', 'same-as-top', 'none'],
      ['top-too', 'same-as-top', ['a.txt']],
    ]);
  });

  it('run nothing that the checkout names, and leave nothing in it', async () => {
    const count = (): string => at.run(['count-objects']);
    const before = count();

    await found('top', 'top-too');

    expect(existsSync(path.join(at.folder, 'mark'))).toBe(false);
    expect(count()).toBe(before);
  });

  it('are named as a person can read them', async () => {
    expect(await found('folder', 'folder-too')).toMatchObject({
      pairs: [{ kind: 'overlap', files: ['a\\u{202e}b/c.txt'] }],
    });
  });

  it('without a common beginning overlap in every file that both have', async () => {
    expect(await found('top', 'unrelated')).toMatchObject({ pairs: [{ kind: 'overlap', files: ['a.txt'] }] });
  });

  it('that are not there are said', async () => {
    expect(await found('gone', 'top')).toEqual({
      kind: 'compared',
      pairs: [],
      missing: named('gone'),
    });
    expect(await found()).toEqual({ kind: 'compared', pairs: [], missing: [] });
  });

  it('are not compared by a git that is too old', async () => {
    const programs = path.join(at.folder, 'old');
    mkdirSync(programs);
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    writeFileSync(
      path.join(programs, 'git'),
      `#!/bin/sh\n[ "$1" = version ] && echo "git version 2.34.1" && exit 0\nexec ${real} "$@"\n`,
      { mode: 0o755 },
    );
    const old = await openGit({
      path: `${programs}:${at.environment.PATH}`,
      folder: path.join(at.folder, 'held-old'),
    });

    expect(await overlaps(old, { checkout: at.checkout, branches: named('top', 'top-too') })).toEqual({
      kind: 'impossible',
      why: 'Overlaps are found with git 2.38 or newer, and this is git 2.34.',
    });
  });
});
