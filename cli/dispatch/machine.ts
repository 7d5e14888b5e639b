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

/** The machine that this runs on. */
export function thisMachine(platform: NodeJS.Platform = process.platform): Machine {
  return platform === 'linux' ? linux() : withPs(platform);
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

/** What has no /proc is asked by `ps`, which every such system has. */
function withPs(platform: NodeJS.Platform): Machine {
  // Only here: loading it takes a tenth of the time that asking the registry takes.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  const ask = (command: string, args: string[]): string => {
    try {
      return execFileSync(command, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { PATH: '/bin:/usr/bin:/sbin:/usr/sbin', LC_ALL: 'C', TZ: 'UTC' },
      }).trim();
    } catch {
      return '';
    }
  };
  return {
    host: hostname(),
    namespace: '',
    boot:
      platform === 'darwin'
        ? ask('sysctl', ['-n', 'kern.bootsessionuuid'])
        : ask('sysctl', ['-n', 'kern.boottime']),
    startOf: (pid) => {
      const start = ask('ps', ['-o', 'lstart=', '-p', String(pid)]);
      return start === '' ? undefined : start;
    },
    groupOf: (pid) => {
      const group = ask('ps', ['-o', 'pgid=', '-p', String(pid)]);
      return group === '' ? undefined : Number(group);
    },
  };
}
