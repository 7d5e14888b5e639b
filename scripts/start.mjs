// The first thing every npm script runs: installs the exact dependencies when they are missing or out of
// date, then starts the named TypeScript script. Plain JavaScript, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stamp = path.join(root, 'node_modules', '.forgecrew-lock');

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(`forgecrew needs Node 20 or newer; this is ${process.version}. Install Node 20+ and run the command again.`);
  process.exit(1);
}

const lock = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json'))).digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('Installing the locked dependencies (npm ci), once ...');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (install.status !== 0) {
    console.error('npm ci failed (its message is above). Nothing was started.');
    process.exit(install.status ?? 1);
  }
  writeFileSync(stamp, lock);
}

const [script, ...rest] = process.argv.slice(2);
if (script === undefined) {
  console.error('usage: node scripts/start.mjs <script.ts> [arguments]');
  process.exit(2);
}
const jiti = path.join(root, 'node_modules', 'jiti', 'lib', 'jiti-cli.mjs');
const run = spawnSync(process.execPath, [jiti, path.resolve(root, script), ...rest], { cwd: root, stdio: 'inherit' });
process.exit(run.status ?? 1);
