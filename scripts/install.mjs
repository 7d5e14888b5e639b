// Installs the exact dependencies of a folder when they are missing or out of date. Plain JavaScript, because it runs
// before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Runs `npm ci` in `folder` unless what its lock file names is installed already.
 * @param {string} folder
 * @param {string} what for the line that says so
 */
export function install(folder, what) {
  const stamp = path.join(folder, 'node_modules', '.forgecrew-lock');
  const lock = createHash('sha256')
    .update(readFileSync(path.join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error(`Installing ${what} (npm ci), once ...`);
  const { status } = spawnSync(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'],
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' },
  );
  if (status !== 0) {
    console.error('npm ci failed (its message is above). Nothing was started.');
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, lock);
}
