// The first thing every npm script runs: installs the exact dependencies when they are missing or out of
// date, then starts the named TypeScript script. Plain JavaScript, because nothing is installed yet.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './install.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

// Not by the major alone: undici, which every role is compiled with, says that it needs this much.
const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
  console.error(
    `forgecrew needs Node 20.18.1 or newer; this is ${process.version}. Install a newer Node and run the command again.`,
  );
  process.exit(1);
}

install(root, 'the locked dependencies');

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
