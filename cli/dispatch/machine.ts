import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseStart, processFile, processLink } from '../../core/agent/cell/processes.ts';

/** What names a process for ever: a pid alone is used again, and means another one on another machine. */
export interface ProcessName {
  pid: number;
  /** When it started, as this system says it: with its pid, what no other process of this boot has. */
  process_start: string;
  host: string;
  /** A pid counts in its namespace only: in a container it means another process. Empty where the system has none. */
  pid_namespace: string;
  boot_id: string;
}

/** This machine, as far as processes are told apart by it. */
export interface Machine {
  host: string;
  namespace: string;
  boot: string;
  /** When the process with this pid started; undefined where there is none, or it is over. */
  startOf(pid: number): string | undefined;
  /** The process group that it is in. */
  groupOf(pid: number): number | undefined;
}

/** Whether the process is on this machine, and whether it lives. One of another host is never judged from here. */
export function lifeOf(name: ProcessName, machine: Machine): 'alive' | 'dead' | 'elsewhere' {
  if (name.host !== machine.host) return 'elsewhere';
  if (name.boot_id !== machine.boot) return 'dead';
  if (name.pid_namespace !== machine.namespace) return 'elsewhere';
  return machine.startOf(name.pid) === name.process_start ? 'alive' : 'dead';
}

/** The name of a process of this machine. Throws where there is none with this pid. */
export function nameOfProcess(pid: number, machine: Machine): ProcessName {
  const start = machine.startOf(pid);
  if (start === undefined) throw new Error(`there is no process ${pid}`);
  return {
    pid,
    process_start: start,
    host: machine.host,
    pid_namespace: machine.namespace,
    boot_id: machine.boot,
  };
}

/** Runs a program of the system and gives back what it printed; nothing where it failed. A seam. */
export type Ask = (command: string, args: readonly string[]) => string;

/** The machine that this runs on. */
export function thisMachine(platform: NodeJS.Platform = process.platform, ask?: Ask): Machine {
  return platform === 'linux' ? linux() : withPs(platform, ask ?? askSystem());
}

function linux(): Machine {
  return {
    host: hostname(),
    namespace: processLink('self', 'ns/pid') ?? '',
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    startOf: (pid) => {
      const stat = processFile(pid, 'stat') ?? '';
      // Over, and only its parent has not looked yet: nothing of it runs.
      return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2)) ? undefined : parseStart(stat);
    },
    groupOf: (pid) => {
      const stat = processFile(pid, 'stat');
      return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
    },
  };
}

function askSystem(): Ask {
  // Only here: loading it takes a tenth of the time that asking the registry takes.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  return (command, args) => {
    try {
      return execFileSync(command, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        // The moment that ps tells is text, and has to be the same whoever asks.
        env: { PATH: '/bin:/usr/bin:/sbin:/usr/sbin', LC_ALL: 'C', TZ: 'UTC' },
      });
    } catch {
      return '';
    }
  };
}

/** What has no /proc is asked by `ps`, which every such system has. */
function withPs(platform: NodeJS.Platform, ask: Ask): Machine {
  const isMac = platform === 'darwin';
  const asked = (command: string, ...args: string[]): string => ask(command, args).trim();
  return {
    // The name that hostname(1) gives there changes with the network; a dispatch would be another host's after that.
    host: (isMac ? asked('scutil', '--get', 'LocalHostName') : '') || hostname(),
    namespace: '',
    boot: asked('sysctl', '-n', isMac ? 'kern.bootsessionuuid' : 'kern.boottime'),
    startOf: (pid) => {
      const [, state = 'Z', start] =
        /^(\S+)\s+(\S.*)$/.exec(asked('ps', '-o', 'stat=', '-o', 'lstart=', '-p', String(pid))) ?? [];
      return state.startsWith('Z') ? undefined : start;
    },
    groupOf: (pid) => {
      const group = asked('ps', '-o', 'pgid=', '-p', String(pid));
      return group === '' ? undefined : Number(group);
    },
  };
}
