// Compiles every role, and the command line, to a folder each under dist/. The same sources give the same bytes on
// any machine: nothing of the machine, the time or the folder goes in. Before that the WebAssembly module of
// collect-engagement is compiled into a source file of its own, so that everything else can import it.
import { fork } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { roles } from '../roles.ts';
import { type Digests, digestOf, digestsOf, filesIn, isFresh, keepRecord } from './build/record.ts';
import { stripTypes } from './build/strip.ts';
import { buildScanner, installCompiler, scannerFile, scannerInputs, scannerText } from './scanner.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** A folder of dist/, and the module that each of its files starts with. */
interface Target {
  name: string;
  entries: Record<string, string>;
}

/** What is compiled, and where to: a role's `main.ts` each, and the command line. */
const targets: Target[] = [
  ...roles.map(({ name }) => ({
    name,
    // By itself, so that a thread loads what it runs and nothing else.
    entries: { index: `actions/${name}/main.ts`, ...threadOf(name) },
  })),
  { name: 'forgecrew', entries: { index: 'cli/main.ts' } },
];

/** A role may have a second file, which its threads start with. */
function threadOf(name: string): Record<string, string> {
  const source = `actions/${name}/log/thread.ts`;
  return existsSync(path.join(root, source)) ? { thread: source } : {};
}

/** What compiles: when it changes, everything is compiled again. */
function toolDigests(): Digests {
  const own = filesIn(path.join(root, 'scripts/build')).map((file) => `scripts/build/${file}`);
  return digestsOf(root, ['package-lock.json', 'scripts/build.ts', ...own]);
}

/** The source file that holds the compiled scanner, as its own sources give it; compiled only when they changed. */
function freshScanner(): string {
  const tools = {
    ...digestsOf(root, ['scripts/build.ts', 'scripts/scanner.ts']),
    inputs: digestOf(scannerInputs()),
  };
  const outputs = digestsOf(root, [scannerFile]);
  if (isFresh(root, 'scanner', tools, outputs)) return readFileSync(path.join(root, scannerFile), 'utf8');
  installCompiler();
  const text = scannerText(buildScanner());
  keepRecord(root, 'scanner', { tools, inputs: {}, outputs: { [scannerFile]: digestOf(text) } });
  return text;
}

/** Compiles one entry in a process of its own; answers the sources that went in. */
async function compile(entry: string, args: string[], work: string): Promise<string[]> {
  const jiti = path.join(root, 'node_modules/jiti/lib/jiti-cli.mjs');
  const script = path.join(root, 'scripts/build/compile.ts');
  const child = fork(jiti, [script, entry.replace(/\.ts$/, '.js'), ...args], {
    cwd: work,
    execArgv: [],
    // What ncc prints is not for who builds, unless it fails.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  let inputs: string[] | undefined;
  child.on('message', (message) => {
    inputs = (message as string[]).map((file) => file.replace(/\.js$/, '.ts'));
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0 || inputs === undefined) throw new Error(`${entry} does not compile:\n${said}`);
  return inputs;
}

/** Compiles a target into `folder`; answers the sources that went in. */
async function compileTarget({ entries }: Target, folder: string, work: string): Promise<string[]> {
  const files = Object.keys(entries).map((name) => `${name}.js`);
  const inputs: string[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const beside = files.filter((file) => file !== `${name}.js`);
    inputs.push(...(await compile(entry, [name, folder, ...beside], work)));
  }
  // A plugin image holds this folder alone, without the package around it.
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  return [...new Set(inputs)];
}

/** Runs work on every item, as many at once as there are processors. */
async function onAll<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(items.length, availableParallelism()) }, one));
}

/**
 * The targets of which the folder in `dist` is not surely what the sources give, compiled into `into`/<name>: `index.js`,
 * and a file for each part that is loaded only when used. Answers their names. Throws with the compiler's own words.
 */
async function buildStale(dist: string, into: string): Promise<string[]> {
  const tools = toolDigests();
  const digests = (folder: string): Digests => digestsOf(folder, filesIn(folder));
  const stale = targets.filter(({ name }) => !isFresh(root, name, tools, digests(path.join(dist, name))));
  if (stale.length === 0) return [];
  mkdirSync(path.join(root, '.cache'), { recursive: true });
  // In the checkout, where node_modules is found; of its own, so that two builds do not meet.
  const work = mkdtempSync(path.join(root, '.cache', 'work-'));
  try {
    const sources = stripTypes(root, work);
    await onAll(stale, async (target) => {
      const made = path.join(work, 'compiled', target.name);
      const inputs = await compileTarget(target, made, work);
      const out = path.join(into, target.name);
      // Only now: what does not compile leaves what was there.
      rmSync(out, { recursive: true, force: true });
      cpSync(made, out, { recursive: true });
      keepRecord(root, target.name, {
        tools,
        inputs: Object.fromEntries(inputs.sort().map((file) => [file, sources[file] ?? ''])),
        outputs: digests(out),
      });
      process.stderr.write(`compiled ${target.name}\n`);
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return stale.map(({ name }) => name);
}

/** Names of files under dist/ that are not what the sources give. */
export async function staleFiles(): Promise<string[]> {
  const dist = path.join(root, 'dist');
  const known = targets.map(({ name }) => name);
  const stale = filesIn(dist).filter((file) => !known.includes(file.split(path.sep)[0] ?? ''));
  const fresh = mkdtempSync(path.join(tmpdir(), 'forgecrew-dist-'));
  try {
    for (const name of await buildStale(dist, fresh)) {
      const wanted = digestsOf(path.join(fresh, name), filesIn(path.join(fresh, name)));
      const found = digestsOf(path.join(dist, name), filesIn(path.join(dist, name)));
      for (const file of new Set([...Object.keys(wanted), ...Object.keys(found)]))
        if (wanted[file] !== found[file]) stale.push(path.join(name, file));
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  const scanner = readFileSync(path.join(root, scannerFile), 'utf8') === freshScanner() ? [] : [scannerFile];
  return [...stale.map((file) => `dist/${file}`), ...scanner];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(path.join(root, scannerFile), freshScanner());
  const dist = path.join(root, 'dist');
  mkdirSync(dist, { recursive: true });
  // Of a role that is gone.
  for (const folder of readdirSync(dist))
    if (!targets.some(({ name }) => name === folder)) rmSync(path.join(dist, folder), { recursive: true });
  if ((await buildStale(dist, dist)).length === 0) process.stderr.write('dist/ is what the sources give.\n');
}
