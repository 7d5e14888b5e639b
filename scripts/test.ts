// `npm test`: the whole suite, or the files named as arguments; of faults and random inputs it takes a sample. `npm run
// faults` (`--faults`): the tests that take samples, with everything that there is to try.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const given = process.argv.slice(2);
const isFaults = given.includes('--faults');
const files = given.filter((argument) => argument !== '--faults');

/** The tests that take samples: those that ask how thorough they have to be, themselves or through what they share. */
function sampling(): string[] {
  return readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.join('test', file))
    .filter((file) => /\/(thorough|strikes)\.ts'/.test(readFileSync(path.join(root, file), 'utf8')));
}

const faults = process.env.FORGECREW_FAULTS ?? (isFaults ? 'all' : 'some');
const fuzzRuns = process.env.FORGECREW_FUZZ_RUNS ?? (isFaults ? '5000' : '100');
console.log(
  [
    faults === 'all'
      ? 'Fault runs: cut off at every call.'
      : 'Fault runs: a sample, cut off at every kind of write (npm run faults cuts off at every call).',
    `Random inputs: ${fuzzRuns} for each property of the log readers, others in proportion (FORGECREW_FUZZ_RUNS).`,
  ].join('\n'),
);
const run = spawnSync(
  process.execPath,
  [vitest, 'run', ...(isFaults && files.length === 0 ? sampling() : files)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FORGECREW_FAULTS: faults, FORGECREW_FUZZ_RUNS: fuzzRuns },
  },
);
process.exitCode = run.status ?? 1;
