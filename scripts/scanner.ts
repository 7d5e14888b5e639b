// Compiles the log scanner of collect-engagement (log/scan.as.ts, log/scan/) to WebAssembly, with a compiler that is a package of its
// own: whoever tries the demo does not download its hundred megabytes. Build and check install it; tests use it where it is.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './install.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = 'actions/collect-engagement/log';
const compiler = path.join(root, 'scripts/compiler');
const asc = path.join(compiler, 'node_modules/assemblyscript');
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];

/** The source file that holds the compiled scanner, from the project's root. */
export const scannerFile = `${folder}/scan.wasm.ts`;

export function installCompiler(): void {
  install(compiler, 'the compiler of the log scanner');
}

/** Whether the compiler that the project names is installed, and not another version of it. */
export function hasCompiler(): boolean {
  const installed = path.join(asc, 'package.json');
  if (!existsSync(installed)) return false;
  const { devDependencies } = JSON.parse(readFileSync(path.join(compiler, 'package.json'), 'utf8'));
  return JSON.parse(readFileSync(installed, 'utf8')).version === devDependencies.assemblyscript;
}

/** All that the compiled scanner depends on, as one text: its sources, its compiler and how that is called. */
export function scannerInputs(): string {
  const sources = [
    ...readdirSync(path.join(root, folder)).filter((name) => /^scan\.(?!wasm)\w+\.ts$/.test(name)),
    ...readdirSync(path.join(root, folder, 'scan')).map((name) => `scan/${name}`),
  ];
  return [
    ...sources.sort().map((name) => readFileSync(path.join(root, folder, name), 'utf8')),
    readFileSync(path.join(compiler, 'package-lock.json'), 'utf8'),
    ...options,
  ].join('\n');
}

/** The compiled scanner, or another source compiled as it is. Throws with the compiler's own words; it has to be installed. */
export function buildScanner(source = `${folder}/scan.as.ts`): Buffer {
  const made = mkdtempSync(path.join(tmpdir(), 'forgecrew-wasm-'));
  try {
    const out = path.join(made, 'scan.wasm');
    const run = spawnSync(
      process.execPath,
      [path.join(asc, 'bin/asc.js'), source, '-o', path.relative(root, out), ...options],
      { cwd: root, encoding: 'utf8' },
    );
    if (run.status !== 0) throw new Error(`${source} does not compile:\n${run.stdout}${run.stderr}`);
    return readFileSync(out);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** The text of the source file that holds a compiled scanner, so that everything else can import it. */
export function scannerText(compiled: Buffer): string {
  const lines = compiled.toString('base64').match(/.{1,104}/g) ?? [];
  return [
    '// Compiled from scan.as.ts by `npm run build`; never edited.',
    'export const wasm =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}
