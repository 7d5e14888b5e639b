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
  console.error(
    `forgecrew needs Node 20 or newer; this is ${process.version}. Install Node 20+ and run the command again.`,
  );
  process.exit(1);
}

const lock = createHash('sha256')
  .update(readFileSync(path.join(root, 'package-lock.json')))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('Installing the locked dependencies (npm ci), once ...');
  const install = spawnSync(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    },
  );
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
// In this process, so that a signal sent to it ends the script and leaves nothing behind.
const { createJiti } = await import('jiti');
const file = path.resolve(root, script);
process.argv = [process.execPath, file, ...rest];
await createJiti(root).import(file);
