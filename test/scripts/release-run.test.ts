import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../../core/version.ts';
import { roles } from '../../roles.ts';

// `npm run release` as a whole, in a repository of its own. The checks and the tests, which take long, are two scripts of package.json:
// here they only say that they ran. podman is a program that writes down what it was asked for; its third push is refused once.

const root = path.join(import.meta.dirname, '..', '..');
const whole = [
  'CHANGELOG.md',
  'LICENSE',
  'actions',
  'core',
  'package-lock.json',
  'plugins',
  'roles.ts',
  'scripts',
];
const work = mkdtempSync(path.join(tmpdir(), 'forgecrew-release-'));
const checkout = path.join(work, 'forgecrew');
const registry = '127.0.0.1:1/owner';

const podman = `#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$@" >>${work}/podman
for last; do :; done
case $1 in
  build) cat "$last/commit" >>${work}/podman ;;
  push)
    if [ "$(grep -c ^push ${work}/podman)" = 3 ]; then echo 'the registry is away' >&2; exit 1; fi
    printf 'sha256:%064d' "$(grep -c ^push ${work}/podman)" >"$3"
    ;;
esac
`;

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: checkout, encoding: 'utf8' }).trim();
}

function npmRunRelease(...args: string[]): { status: number | null; said: string[] } {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'release', '--', ...args], {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${path.join(work, 'bin')}:${process.env.PATH}` },
  });
  return { status, said: `${stdout}${stderr}`.split('\n').filter((line) => line !== '') };
}

beforeAll(() => {
  for (const name of whole) cpSync(path.join(root, name), path.join(checkout, name), { recursive: true });
  const given = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const scripts = { ...given.scripts, check: 'echo checked', test: 'echo tested' };
  writeFileSync(path.join(checkout, 'package.json'), JSON.stringify({ ...given, scripts }));
  writeFileSync(path.join(checkout, '.gitignore'), 'node_modules\n.cache/\n');
  cpSync(path.join(root, 'dist/forgecrew'), path.join(checkout, 'dist/forgecrew'), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  mkdirSync(path.join(work, 'bin'));
  writeFileSync(path.join(work, 'bin/podman'), podman);
  chmodSync(path.join(work, 'bin/podman'), 0o755);
  git('init', '--quiet', '-b', 'main');
  git('config', 'user.name', 'ada');
  git('config', 'user.email', 'ada@example.org');
  git('add', '.');
  git('commit', '--quiet', '-m', 'All of it');
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('npm run release', () => {
  it('changes nothing in a dry run', () => {
    const { status, said } = npmRunRelease('--dry-run', '--registry', registry);

    expect([status, ...said]).toEqual([
      0,
      'checked',
      'tested',
      `${version} can be released. Nothing was changed.`,
    ]);
    expect([git('status', '--porcelain'), git('tag'), git('log', '--format=%s')]).toEqual([
      '',
      '',
      'All of it',
    ]);
  });

  it('is refused where origin has the version from somebody else, or cannot be asked', () => {
    const origin = path.join(work, 'origin.git');
    execFileSync('git', ['init', '--quiet', '--bare', origin]);
    git('remote', 'add', 'origin', origin);
    git('push', '--quiet', 'origin', `HEAD:refs/tags/v${version}`);
    const released = npmRunRelease('--registry', registry);
    git('remote', 'set-url', 'origin', path.join(work, 'nowhere.git'));
    const away = npmRunRelease();
    git('remote', 'remove', 'origin');

    expect(released.said[0]).toContain(`origin has v${version}, and this checkout does not`);
    expect(away.said[0]).toContain(`Whether origin has v${version} already could not be asked: fatal: `);
    expect([released.status, away.status, git('tag'), existsSync(path.join(work, 'podman'))]).toEqual([
      1,
      1,
      '',
      false,
    ]);
  });

  it('sets no tag where a registry goes away, goes on when it is run again, and is not made twice', () => {
    const first = npmRunRelease('--registry', registry);
    const between = [git('tag'), git('log', '-1', '--format=%s'), git('show', '--name-only', '--format=')];
    const second = npmRunRelease('--registry', registry);
    const commit = git('rev-parse', 'HEAD');
    const third = npmRunRelease('--registry', registry);

    expect(first.status).toBe(1);
    expect(first.said).toContain('the registry is away');
    expect(first.said.at(-1)).toBe(
      'The release is not finished: there is no tag. When that is mended, run the same command again.',
    );
    expect(between).toEqual(['', `Release ${version}`, 'CHANGELOG.md']);
    expect(second).toMatchObject({ status: 0 });
    expect(second.said).not.toContain('tested');
    expect(git('log', '--format=%s').split('\n')).toEqual([`Release ${version}`, 'All of it']);
    expect(git('rev-parse', `v${version}^{commit}`)).toBe(commit);
    // Which images belong to it stands in the tag.
    const images = roles.map(
      ({ name }, index) => `${registry}/${name}@sha256:${String(index + 4).padStart(64, '0')}`,
    );
    expect(git('tag', '-l', '--format=%(contents)', `v${version}`).split('\n')).toEqual([
      `forgecrew ${version}`,
      '',
      ...images,
    ]);
    expect(second.said).toContain(`In a container:  image: ${images[0]} # v${version}`);
    const asked = readFileSync(path.join(work, 'podman'), 'utf8').split('\n');
    // Each image holds the commit that has the tag; the runs differ in nothing, so that what was pushed is pushed again.
    expect(asked.filter((line) => line === commit)).toHaveLength(3 + roles.length);
    expect(asked.filter((line) => line.startsWith('build')).slice(0, 3)).toEqual(
      asked.filter((line) => line.startsWith('build')).slice(3, 6),
    );
    expect(git('status', '--porcelain')).toBe('');
    expect(existsSync(path.join(checkout, 'commit'))).toBe(false);
    expect(third.status).toBe(1);
    expect(third.said.join('\n')).toContain(`v${version} is there already.`);
  });
});

describe('npm pack', () => {
  it('gives a package that knows its version and its commit', () => {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', work], { cwd: checkout });
    execFileSync('tar', ['-xf', path.join(work, `forgecrew-${version}.tgz`), '-C', work]);
    const told = execFileSync(
      process.execPath,
      [path.join(work, 'package/dist/forgecrew/index.js'), '--version'],
      {
        encoding: 'utf8',
      },
    );

    expect(told).toBe(`${version} (${git('rev-parse', 'HEAD').slice(0, 12)})\n`);
    expect(git('status', '--porcelain')).toBe('');
  });
});
