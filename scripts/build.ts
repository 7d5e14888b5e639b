// Compiles every role, and the command line, to a folder each under dist/. The same sources give the same bytes on
// any machine: nothing of the machine, the time or the folder goes in. Before that the WebAssembly module of
// collect-engagement is compiled into a source file of its own, so that everything else can import it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { roles } from '../roles.ts';
import { buildScanner, installCompiler, scannerFile, scannerText } from './scanner.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What is compiled, and where to: a role's `main.ts` each, and the command line. */
const targets = [
  ...roles.map(({ name }) => ({ name, input: `actions/${name}/main.ts` })),
  { name: 'forgecrew', input: 'cli/main.ts' },
];

/** A role may have a second file, which its threads start with. */
function threadOf(name: string): string | undefined {
  const source = `actions/${name}/log/thread.ts`;
  return existsSync(path.join(root, source)) ? source : undefined;
}

/** The source file that holds the compiled scanner, as its own sources give it. */
function freshScanner(): string {
  installCompiler();
  return scannerText(buildScanner());
}

async function bundle(input: Record<string, string>, dir: string): Promise<void> {
  const made = await rolldown({ input, cwd: root, platform: 'node', treeshake: true });
  await made.write({
    dir,
    // Node starts it in less time than a module.
    format: 'cjs',
    minify: true,
    // Names without a hash: they would change with every byte, and make diffs and the check harder to read.
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  });
  await made.close();
}

/**
 * Compiles all targets into `folder`/<name>: `index.js`, and a file for each part that is loaded only when used.
 * Throws with the compiler's own words.
 */
export async function buildInto(folder: string): Promise<void> {
  for (const { input, name } of targets) {
    const out = path.join(folder, name);
    rmSync(out, { recursive: true, force: true });
    await bundle({ index: input }, out);
    const thread = threadOf(name);
    // By itself, so that a thread loads what it runs and nothing else.
    if (thread !== undefined) await bundle({ thread }, out);
    // A plugin image holds this folder alone, without the package around it.
    writeFileSync(path.join(out, 'package.json'), '{ "type": "commonjs" }\n');
    process.stderr.write(`built ${path.relative(root, out)}\n`);
  }
}

/** Every file below a folder, as text, by its path inside it. */
function filesOf(folder: string, inside = ''): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(path.join(folder, inside), { withFileTypes: true })) {
    const name = path.join(inside, entry.name);
    if (entry.isDirectory()) for (const [key, value] of filesOf(folder, name)) files.set(key, value);
    else files.set(name, readFileSync(path.join(folder, name), 'utf8'));
  }
  return files;
}

/** Names of files under dist/ that are not what the sources give. */
export async function staleFiles(): Promise<string[]> {
  const stale = readFileSync(path.join(root, scannerFile), 'utf8') === freshScanner() ? [] : [scannerFile];
  const fresh = mkdtempSync(path.join(tmpdir(), 'forgecrew-dist-'));
  try {
    await buildInto(fresh);
    const wanted = filesOf(fresh);
    const found = filesOf(path.join(root, 'dist'));
    return [...new Set([...wanted.keys(), ...found.keys()])]
      .filter((name) => wanted.get(name) !== found.get(name))
      .map((name) => `dist/${name}`)
      .concat(stale);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(path.join(root, scannerFile), freshScanner());
  await buildInto(path.join(root, 'dist'));
}
