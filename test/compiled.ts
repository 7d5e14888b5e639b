import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a compiled role, or the command line, is. */
export function compiledFile(name: string): string {
  return fileURLToPath(new URL(`../dist/${name}/index.js`, import.meta.url));
}

/** Runs a compiled file as a process of its own; what it prints is there when it has ended. */
export async function runCompiled(
  file: string,
  environment: Record<string, string>,
  {
    args = [],
    folder = tmpdir(),
    started = () => undefined,
  }: { args?: string[]; folder?: string; started?: ((pid: number) => void) | undefined } = {},
): Promise<{ code: number | null; text: string; lines: string[] }> {
  // Another Node than this one, where scripts/nodes.ts asks for it.
  const node = process.env.FORGECREW_TEST_NODE ?? process.execPath;
  const child = spawn(node, [file, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
  });
  if (child.pid !== undefined) started(child.pid);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  // The commit that this checkout stands on, which every commit changes.
  text = text.replace(/^(forgecrew \d+\.\d+\.\d+) \([0-9a-f]{12}\)/gm, '$1');
  return { code, text, lines: text.split('\n').filter((line) => line !== '') };
}

/**
 * Which files of its folder a compiled file loads: `run` is given what to add to its environment, so that it tells at its
 * end.
 */
export async function loadedFiles(
  file: string,
  run: (environment: Record<string, string>) => Promise<unknown>,
): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-loaded-'));
  const list = path.join(folder, 'list');
  const teller = fileURLToPath(new URL('./loaded-files.cjs', import.meta.url));
  await run({ NODE_OPTIONS: `--require=${teller}`, LOADED_FILES: list });
  const loaded: string[] = JSON.parse(readFileSync(list, 'utf8'));
  rmSync(folder, { recursive: true });
  return loaded
    .filter((name) => path.dirname(name) === path.dirname(file))
    .map((name) => path.basename(name))
    .sort();
}

/**
 * A run as one text that reads like a story: its log and its calls. Reads that go together are answered in any order; each
 * run of them is sorted, so that the story is always the same.
 */
export function story({
  code,
  lines,
  calls,
}: {
  code: number | null;
  lines: string[];
  calls: string[];
}): string {
  const inOrder: string[] = [];
  let reads: string[] = [];
  // A commit's id holds the moment it was made, so no two runs of a test have the same.
  const steady = calls.map((call) => call.replace(/\/git\/trees\/[0-9a-f]{40}/, '/git/trees/<id>'));
  for (const call of [...steady, '']) {
    if (call.startsWith('GET')) reads.push(call);
    else {
      inOrder.push(...reads.sort(), ...(call === '' ? [] : [call]));
      reads = [];
    }
  }
  return [
    'the log:',
    ...lines.map((line) => `  ${line}`),
    'the calls:',
    ...inOrder.map((call) => `  ${call}`),
    `exit code ${code}`,
    '',
  ].join('\n');
}
