import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findProgram } from '../../core/agent/cell/find-program.ts';
import { setprivArguments } from '../../core/agent/cell/launch.ts';
import { allProcesses } from '../../core/agent/cell/processes.ts';
import type { AgentRig } from '../agent.ts';
import { bareUid, hasBareUser, isRoot, works } from '../core/agent/cell/machine.ts';

// The role as a process of its own, with its secrets in its environment as CI has it: as root or as a bare user, with
// namespaces or only with another user for the agent.

const run = promisify(execFile);
const jiti = fileURLToPath(new URL('../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url));
const main = fileURLToPath(new URL('../../actions/forge-agent/main.ts', import.meta.url));
const bwrap = findProgram('bwrap');

/** Whether bwrap can be hidden from one process alone, so that the next best isolation is taken. */
function canHide(): boolean {
  if (bwrap === undefined) return true;
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', 'mount --bind /dev/null "$0"', bwrap], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Mode {
  name: string;
  isolation: 'bwrap' | 'user';
  as: 'us' | 'bare';
  isPossible: boolean;
}

export const modes: Mode[] = [
  {
    name: 'as another user, started by root',
    isolation: 'user',
    as: 'us',
    isPossible: isRoot && works('user') && canHide(),
  },
  {
    name: 'in namespaces, started by root',
    isolation: 'bwrap',
    as: 'us',
    isPossible: isRoot && works('bwrap'),
  },
  {
    name: 'in namespaces, started by a bare user',
    isolation: 'bwrap',
    as: 'bare',
    isPossible: hasBareUser && works('bwrap'),
  },
  {
    name: 'in namespaces, started by whoever runs the tests',
    isolation: 'bwrap',
    as: 'us',
    isPossible: !isRoot && works('bwrap'),
  },
];

/** Where one role runs: its folders, and user ids that nobody else has. */
export interface Place {
  mode: Mode;
  /** Cells are made here. */
  cells: string;
  workspace: string;
  /** A folder that everybody may write; what is found in it tells who ran what an agent planted. */
  spool: string;
  uids: { first: number; count: number };
  environment(overrides?: Record<string, string>): Record<string, string>;
  run(
    overrides?: Record<string, string>,
    started?: (pid: number) => void,
  ): Promise<{ code: number | null; text: string }>;
  /** Processes of agents of this place. */
  left(): number[];
  close(): void;
}

/** `mark` stands in the arguments of everything that agents of this place start. */
export function placeFor(rig: AgentRig, mode: Mode, mark: string): Place {
  const folder = mkdtempSync(path.join(tmpdir(), 'agent-role-'));
  chmodSync(folder, 0o755);
  const make = (name: string, rights: number): string => {
    const made = path.join(folder, name);
    mkdirSync(made);
    chmodSync(made, rights);
    if (mode.as === 'bare') chownSync(made, bareUid, bareUid);
    return made;
  };
  const [cells, workspace, spool] = [make('cells', 0o711), make('workspace', 0o755), make('spool', 0o777)];
  const uids = { first: 200_000 + 64 * randomInt(1000), count: 64 };
  const environment = (overrides: Record<string, string> = {}): Record<string, string> => ({
    ...rig.environment(),
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...(mode.as === 'bare' ? { JITI_FS_CACHE: 'false' } : {}),
    CI_WORKSPACE: workspace,
    PLUGIN_AGENT_FOLDER: cells,
    PLUGIN_AGENT_UIDS: `${uids.first}-${uids.first + uids.count - 1}`,
    ...overrides,
  });
  return {
    mode,
    cells,
    workspace,
    spool,
    uids,
    environment,
    async run(overrides, started = () => undefined) {
      const command = [process.execPath, jiti, main];
      const whole =
        mode.as === 'bare'
          ? ['setpriv', ...setprivArguments(bareUid, bareUid), '--', ...command]
          : mode.isolation === 'user' && bwrap !== undefined
            ? ['unshare', '-m', 'sh', '-c', 'mount --bind /dev/null "$0" && exec "$@"', bwrap, ...command]
            : command;
      const [file = '', ...args] = whole;
      const child = spawn(file, args, {
        cwd: workspace,
        env: environment(overrides),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (child.pid !== undefined) started(child.pid);
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString('utf8');
        });
      const code = await new Promise<number | null>((done) => child.once('close', done));
      return { code, text };
    },
    left: () =>
      allProcesses()
        .filter(
          ({ pid, uids: own }) =>
            own.some((uid) => uid >= uids.first && uid < uids.first + uids.count) || isMarked(pid, mark),
        )
        .map(({ pid }) => pid),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function isMarked(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
  } catch {
    return false;
  }
}

/** What a place holds of its agents after their end: nothing of it should be there. */
export function remains({ cells, uids, left }: Place): { processes: number[]; folders: string[] } {
  const isTheirs = (file: string): boolean => {
    try {
      const { uid } = statSync(file);
      return uid >= uids.first && uid < uids.first + uids.count;
    } catch {
      return false;
    }
  };
  const shared = ['/tmp', '/var/tmp', '/dev/shm'].flatMap((folder) =>
    readdirSync(folder)
      .map((name) => path.join(folder, name))
      .filter(isTheirs),
  );
  return { processes: left(), folders: [...readdirSync(cells), ...shared] };
}

/** Who ran something that was planted: the owners of what is in the spool. */
export function whoRan({ spool }: Place): number[] {
  return [...new Set(readdirSync(spool).map((name) => statSync(path.join(spool, name)).uid))];
}

/** All that a forge's account has written anywhere, as one text: every request's body, and every object of every repository. */
export function everythingWritten(rig: AgentRig, log: string): string {
  const asked = rig.forge.requests
    .filter(({ as }) => as === rig.worker.login)
    .map(({ path: where, body }) => {
      const text = JSON.stringify(body) ?? '';
      const files = [...text.matchAll(/"content":"([A-Za-z0-9+/=]+)"/g)].map(([, base64 = '']) =>
        Buffer.from(base64, 'base64').toString('latin1'),
      );
      return [where, text, ...files].join('\n');
    });
  return [log, ...asked].join('\n');
}

/** Every object of the account's own repositories: what was pushed. */
export async function everythingPushed(rig: AgentRig, names: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const name of names) {
    const folder = mkdtempSync(path.join(tmpdir(), 'pushed-'));
    try {
      const url = new URL(`${rig.forge.url}/${name}.git`);
      url.username = 'admin';
      url.password = rig.forge.adminToken;
      // Never at once: the forge is in this process, and answers meanwhile.
      const git = async (...args: string[]): Promise<string> =>
        (
          await run('git', ['-C', folder, ...args], {
            encoding: 'latin1',
            maxBuffer: 1 << 28,
            env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
          })
        ).stdout;
      await git('init', '--quiet', '--bare');
      await git('fetch', '--quiet', url.href, '+refs/*:refs/got/*');
      texts.push(await git('cat-file', '--batch-all-objects', '--batch'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return texts.join('\n');
}

/** A secret in the forms in which somebody might carry it out. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    [...secret].reverse().join(''),
  ];
}
