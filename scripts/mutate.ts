// `npm run mutate`: breaks each named defence (test/mutate/defences.ts) by itself, in a copy, and runs the tests that are named
// beside it. One of them has to fail, or nothing holds what is promised.
//   npm run mutate                     all of them
//   npm run mutate -- --file verdict   those of files whose path holds it
//   npm run mutate -- --name gate      those whose name holds it
//   npm run mutate -- --jobs 1         so many at once
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Defence, defences } from '../test/mutate/defences.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** What tests of the sources do without: what is compiled, installed, or git's own. */
const left = new Set(['.git', 'node_modules', 'dist']);

type Outcome =
  | { kind: 'caught'; by: string }
  /** Every test passed although the defence was broken. */
  | { kind: 'survived' }
  /** It was not tried: the list is stale, or the broken file could not be loaded, which is no test's merit. */
  | { kind: 'untried'; why: string };

function copyOfSources(): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'forgecrew-mutate-'));
  cpSync(root, copy, {
    recursive: true,
    filter: (file) => !left.has(path.relative(root, file).split(path.sep)[0] ?? ''),
  });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

interface Ran {
  passed: number;
  failed: string[];
  said: string;
}

/** Runs tests in a copy, as far as to the first that fails. */
function runTests(copy: string, files: string[], only: string | undefined): Promise<Ran> {
  const result = path.join(copy, 'mutate-result.json');
  rmSync(result, { force: true });
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...files,
      ...(only === undefined ? [] : ['-t', only]),
      '--bail=1',
      '--maxWorkers=1',
      '--reporter=json',
      `--outputFile=${result}`,
    ],
    {
      cwd: copy,
      env: { ...process.env, FORGECREW_FAULTS: 'some', FORGECREW_FUZZ_RUNS: '100' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
  return new Promise((resolve) => {
    child.once('close', () => {
      try {
        const { testResults } = JSON.parse(readFileSync(result, 'utf8')) as {
          testResults: { assertionResults: { status: string; fullName: string }[] }[];
        };
        const all = testResults.flatMap(({ assertionResults }) => assertionResults);
        const named = (status: string): string[] =>
          all.filter((item) => item.status === status).map(({ fullName }) => fullName.trim());
        resolve({ passed: named('passed').length, failed: named('failed'), said });
      } catch {
        resolve({ passed: 0, failed: [], said });
      }
    });
  });
}

async function tryDefence(copy: string, defence: Defence): Promise<Outcome> {
  const { from, to, tests, only } = defence;
  const file = path.join(copy, defence.file);
  const text = readFileSync(file, 'utf8');
  if (text.split(from).length !== 2)
    return { kind: 'untried', why: `${defence.file} does not hold its text once` };
  writeFileSync(
    file,
    text.replace(from, () => to),
  );
  const { passed, failed, said } = await runTests(copy, tests, only);
  writeFileSync(file, text);
  const [by] = failed;
  if (by !== undefined) return { kind: 'caught', by };
  return passed > 0 ? { kind: 'survived' } : { kind: 'untried', why: `no test ran: ${said.trim()}` };
}

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    file: { type: 'string', default: '' },
    name: { type: 'string', default: '' },
    jobs: { type: 'string', default: `${Math.max(1, Math.floor(availableParallelism() / 2))}` },
  },
});
const wanted = defences.filter(
  ({ file, name }) => file.includes(values.file) && name.toLowerCase().includes(values.name.toLowerCase()),
);
const queue = [...wanted];
const began = Date.now();
let isRed = wanted.length === 0;

async function work(): Promise<void> {
  const copy = copyOfSources();
  try {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const outcome = await tryDefence(copy, next);
      isRed ||= outcome.kind !== 'caught';
      console.log(
        outcome.kind === 'caught'
          ? `ok       ${next.name}\n         by: ${outcome.by}`
          : outcome.kind === 'survived'
            ? `SURVIVED ${next.name}\n         ${next.file}: nothing in ${next.tests.join(', ')} notices`
            : `UNTRIED  ${next.name}\n         ${outcome.why}`,
      );
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

// Otherwise what is broken could be noticed by a test that fails anyway.
async function isGreenUnbroken(): Promise<boolean> {
  const whole = wanted.filter(({ only }) => only === undefined);
  const named = wanted.filter(({ only }) => only !== undefined);
  const copy = copyOfSources();
  let isGreen = true;
  try {
    for (const group of [whole, named].filter(({ length }) => length > 0)) {
      const files = [...new Set(group.flatMap(({ tests }) => tests))];
      const names = group.flatMap(({ only }) => only ?? []);
      const { passed, failed, said } = await runTests(
        copy,
        files,
        names.length === 0 ? undefined : names.join('|'),
      );
      for (const name of failed) console.log(`FAILS    although nothing is broken: ${name}`);
      if (passed === 0 && failed.length === 0) console.log(`No test ran: ${said.trim()}`);
      isGreen &&= passed > 0 && failed.length === 0;
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  return isGreen;
}

if (await isGreenUnbroken())
  await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work));
else isRed = true;
console.log(
  `${isRed ? 'Not every defence is held by a test.' : `All ${wanted.length} defences are held by a test.`} ${Math.round((Date.now() - began) / 1000)} s`,
);
process.exitCode = isRed ? 1 : 0;
