// `npm run release`: looks whether main can be released, dates the changelog, commits and tags.
//   npm run release -- --dry-run                       only looks
//   npm run release -- --registry forge.example/owner  also builds one image for each role and pushes it there, with podman
// It pushes nothing to the forge: the last line says what to push.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { version } from '../core/version.ts';
import { roles } from '../roles.ts';
import { staleFiles } from './build.ts';
import { staleDocuments } from './docs.ts';
import { type Machine, release } from './release/release.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const machine: Machine = {
  run(program, args) {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0)
      throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  },
  has: (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0,
  write: (file, text) => writeFileSync(path.join(root, file), text),
  digest(file) {
    const text = readFileSync(path.join(root, file), 'utf8');
    rmSync(path.join(root, file));
    return text;
  },
  say: (line) => console.log(line),
};

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { 'dry-run': { type: 'boolean', default: false }, registry: { type: 'string' } },
});
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
mkdirSync(path.join(root, '.cache'), { recursive: true });
const isReleased = release(
  {
    version,
    dirty: lines(machine.run('git', ['status', '--porcelain'])),
    branch: machine.run('git', ['rev-parse', '--abbrev-ref', 'HEAD']).trim(),
    tags: lines(machine.run('git', ['tag', '--list'])),
    changelog: readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'),
    staleDocuments: staleDocuments(),
    staleFiles: await staleFiles(),
  },
  {
    registry: values.registry,
    roles: roles.map(({ name }) => name),
    day: new Date().toISOString().slice(0, 10),
    isDryRun: values['dry-run'],
  },
  machine,
);
process.exitCode = isReleased ? 0 : 1;
