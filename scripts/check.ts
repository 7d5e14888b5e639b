// Types, lint, doors and documents and dist: everything that can be stale or wrong without a test running.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { staleFiles } from './build.ts';
import { staleDocuments } from './docs.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

interface Check {
  name: string;
  /** Faults, one per line; none means the check passes. */
  run: () => string[] | Promise<string[]>;
  remedy: string;
}

function tool(file: string, ...args: string[]): string[] {
  const run = spawnSync(process.execPath, [path.join(root, 'node_modules', file), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return run.status === 0 ? [] : `${run.stdout}${run.stderr}`.trim().split('\n');
}

const checks: Check[] = [
  { name: 'types', run: () => tool('typescript/bin/tsc', '--noEmit', '-p', '.'), remedy: 'mend the types' },
  {
    name: 'lint and format',
    run: () => tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
    remedy: 'npm run format',
  },
  { name: 'doors and documents', run: staleDocuments, remedy: 'npm run docs' },
  { name: 'dist', run: staleFiles, remedy: 'npm run build' },
];

for (const { name, run, remedy } of checks) {
  console.log(`checking ${name} ...`);
  const faults = await run();
  if (faults.length === 0) continue;
  for (const fault of faults) console.error(`  ${fault}`);
  console.error(`${name}: not right. To fix it: ${remedy}`);
  process.exitCode = 1;
}
console.log(process.exitCode === 1 ? 'The checks failed.' : 'All checks passed.');
