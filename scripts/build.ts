// Compiles every role, and the command line, to a folder each under dist/. The same sources give the same bytes on
// any machine: nothing of the machine, the time or the folder goes in.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { roles } from '../roles.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What is compiled, and where to: a role's `main.ts` each, and the command line. */
const targets = [
  ...roles.map(({ name }) => ({ source: `actions/${name}/main.ts`, name })),
  { source: 'cli/main.ts', name: 'forgecrew' },
];

/**
 * Compiles all targets into `folder`/<name>: `index.js`, what it loads at once in `core.js` where that is shared with
 * a part loaded later, and a file for each part loaded only when used. Throws with the compiler's own words.
 */
export async function buildInto(folder: string): Promise<void> {
  for (const { source, name } of targets) {
    const out = path.join(folder, name);
    rmSync(out, { recursive: true, force: true });
    const bundle = await rolldown({ input: { index: source }, cwd: root, platform: 'node', treeshake: true });
    await bundle.write({
      dir: out,
      format: 'esm',
      minify: true,
      // Names without a hash: they would change with every byte, and make diffs and the check harder to read.
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
    });
    await bundle.close();
    // A plugin image holds this folder alone, without the package around it.
    writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }\n');
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
  const fresh = mkdtempSync(path.join(tmpdir(), 'forgecrew-dist-'));
  try {
    await buildInto(fresh);
    const wanted = filesOf(fresh);
    const found = filesOf(path.join(root, 'dist'));
    return [...new Set([...wanted.keys(), ...found.keys()])]
      .filter((name) => wanted.get(name) !== found.get(name))
      .map((name) => `dist/${name}`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildInto(path.join(root, 'dist'));
