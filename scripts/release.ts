// `npm run release`: runs the checks and the tests, dates the changelog, commits, builds the images, and tags last.
//   npm run release -- --dry-run                       only looks: runs the checks and the tests, and changes nothing
//   npm run release -- --registry forge.example/owner  also builds one image for each role and pushes it there, with podman
//   npm run release -- --registry ... --base IMAGE     builds them on another image than node:22-alpine
// It pushes nothing to git: the last lines say what to push. Where it ended half way, the same command goes on.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { version } from '../core/version.ts';
import { roles } from '../roles.ts';
import { tagOf } from './release/plan.ts';
import { type Machine, release } from './release/release.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const machine: Machine = {
  run(program, args) {
    const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0)
      throw new Error(
        `${program} ${args.join(' ')} ended with ${status ?? error?.message}:\n${stdout}${stderr}`,
      );
    return stdout;
  },
  show: (program, args) => spawnSync(program, args, { cwd: root, stdio: 'inherit' }).status === 0,
  write: (file, text) => writeFileSync(path.join(root, file), text),
  digest(file) {
    const text = readFileSync(path.join(root, file), 'utf8');
    rmSync(path.join(root, file));
    return text;
  },
  empty(folder) {
    rmSync(path.join(root, folder), { recursive: true, force: true });
    mkdirSync(path.join(root, folder), { recursive: true });
  },
  say: (line) => console.log(line),
};

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    'dry-run': { type: 'boolean', default: false },
    registry: { type: 'string' },
    base: { type: 'string' },
  },
});
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
function tagAtOrigin(): boolean | { unknown: string } {
  const { status, stdout, stderr } = spawnSync(
    'git',
    ['ls-remote', '--tags', 'origin', `refs/tags/${tagOf(version)}`],
    { cwd: root, encoding: 'utf8', timeout: 60_000, env: { ...process.env, GIT_TERMINAL_PROMPT: '0' } },
  );
  if (status === 0) return stdout.trim() !== '';
  return { unknown: lines(stderr)[0] ?? 'git ls-remote did not end in a minute' };
}

try {
  const [message = '', ...files] = lines(machine.run('git', ['show', '--name-only', '--format=%s', 'HEAD']));
  const isReleased = release(
    {
      version,
      dirty: lines(machine.run('git', ['status', '--porcelain'])),
      branch: machine.run('git', ['rev-parse', '--abbrev-ref', 'HEAD']).trim(),
      tags: lines(machine.run('git', ['tag', '--list'])),
      isPushed: lines(machine.run('git', ['remote'])).includes('origin') && tagAtOrigin(),
      changelog: readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'),
      last: { message, files },
      hasPodman: spawnSync('podman', ['--version'], { stdio: 'ignore' }).status === 0,
    },
    {
      registry: values.registry,
      base: values.base,
      roles: roles.map(({ name }) => name),
      day: new Date().toISOString().slice(0, 10),
      isDryRun: values['dry-run'],
    },
    machine,
  );
  process.exitCode = isReleased ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  console.error(
    'The release is not finished: there is no tag. When that is mended, run the same command again.',
  );
  process.exitCode = 1;
}
