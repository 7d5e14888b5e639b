// Compiles every role, and the command line, to one file each under dist/. The same sources give the same bytes on
// any machine: ncc numbers its modules by their relative paths, and nothing of the machine goes in.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { roles } from '../roles.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What is compiled, and where to: a role's `main.ts` each, and the command line. */
const targets = [
  ...roles.map(({ name }) => ({ source: `actions/${name}/main.ts`, name })),
  { source: 'cli/main.ts', name: 'forgecrew' },
];

/** Compiles all targets into `folder`/<name>. Throws with the compiler's own words. */
export function buildInto(folder: string): void {
  for (const { source, name } of targets) {
    const out = path.join(folder, name);
    rmSync(out, { recursive: true, force: true });
    try {
      execFileSync(
        process.execPath,
        [
          path.join(root, 'node_modules/@vercel/ncc/dist/ncc/cli.js'),
          'build',
          source,
          '--out',
          out,
          '--minify',
          '--no-cache',
          '--quiet',
        ],
        { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
      );
    } catch (error) {
      const said =
        error instanceof Error && 'stderr' in error
          ? `${error.stderr}${'stdout' in error ? error.stdout : ''}`
          : String(error);
      throw new Error(`${source} does not compile:\n${said}`);
    }
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
export function staleFiles(): string[] {
  const fresh = mkdtempSync(path.join(tmpdir(), 'forgecrew-dist-'));
  try {
    buildInto(fresh);
    const wanted = filesOf(fresh);
    const found = filesOf(path.join(root, 'dist'));
    return [...new Set([...wanted.keys(), ...found.keys()])]
      .filter((name) => wanted.get(name) !== found.get(name))
      .map((name) => `dist/${name}`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildInto(path.join(root, 'dist'));
