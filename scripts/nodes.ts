// Runs the compiled roles' own tests on every Node that npm carries: 20 (this one), 22, 24 and 26. Called by CI, not
// by `npm test`: it installs three Nodes into .cache/.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The node of a major version, from npm's own package of it; undefined where there is none for this machine. */
function nodeOf(major: number): string | undefined {
  const folder = path.join(root, '.cache', `node-${major}`);
  const binary = path.join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const name = `node-${process.platform}-${process.arch}@${major}`;
  const install = spawnSync(
    'npm',
    [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--loglevel=error',
      name,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  return install.status === 0 && existsSync(binary) ? binary : undefined;
}

const missing: number[] = [];
for (const major of [22, 24, 26]) {
  const node = nodeOf(major);
  if (node === undefined) {
    missing.push(major);
    continue;
  }
  console.log(`the compiled roles on Node ${major} ...`);
  const run = spawnSync(
    process.execPath,
    [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/golden'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, FORGECREW_TEST_NODE: node } },
  );
  if (run.status !== 0) {
    console.error(`the compiled roles do not run on Node ${major}`);
    process.exitCode = 1;
  }
}
if (missing.length > 0)
  console.log(`not tried, because npm has no such Node for this machine: ${missing.join(', ')}`);
