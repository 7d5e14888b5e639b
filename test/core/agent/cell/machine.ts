import { spawn } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setprivArguments } from '../../../../core/agent/cell/launch.ts';
import { possibleIsolation } from '../../../../core/agent/cell/possible-isolation.ts';

const jiti = fileURLToPath(new URL('../../../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url));

export const isRoot = process.getuid?.() === 0;
/** No account has it, and no cell of these tests. */
export const bareUid = 79_000;

const { tried } = await possibleIsolation();

export function works(isolation: 'bwrap' | 'user'): boolean {
  return tried.some((item) => item.isolation === isolation && item.works);
}

/** Whether another user may read our sources: the folders above them are often closed. */
function areSourcesOpen(): boolean {
  let folder = path.dirname(jiti);
  while (folder !== '/') {
    if ((statSync(folder).mode & 0o005) !== 0o005) return false;
    folder = path.dirname(folder);
  }
  return true;
}

function isNodeOpen(): boolean {
  try {
    accessSync(process.execPath, constants.X_OK);
  } catch {
    return false;
  }
  return process.execPath.startsWith('/usr/');
}

/** Whether a process can be started here as a bare user. */
export const hasBareUser = isRoot && works('user') && areSourcesOpen() && isNodeOpen();

/** A folder that the user of a process may write, and its end. */
export function makeFolder(as: 'us' | 'bare' = 'us'): { folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'cell-test-'));
  chmodSync(folder, 0o755);
  if (as === 'bare') chownSync(folder, bareUid, bareUid);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts a source file as a process, as us or as a bare user. */
export function startSource(
  script: string,
  args: string[],
  { as, environment = {} }: { as: 'us' | 'bare'; environment?: Record<string, string> },
): { pid: number; firstLine: Promise<string>; ended: Promise<number | null> } {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const command = [process.execPath, jiti, file, ...args];
  const [program = '', ...rest] =
    as === 'us' ? command : ['setpriv', ...setprivArguments(bareUid, bareUid), '--', ...command];
  const child = spawn(program, rest, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', JITI_FS_CACHE: 'false', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('close', () => reject(new Error(`it ended without a word: ${errors}`)));
  });
  firstLine.catch(() => undefined);
  return { pid: child.pid ?? 0, firstLine, ended };
}
