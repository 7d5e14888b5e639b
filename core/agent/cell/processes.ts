import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What the kernel says of one process. */
export interface ProcessFacts {
  pid: number;
  parent: number;
  /** Real, effective, saved and file system uid. */
  uids: number[];
  /** Over already; only its parent has not looked yet. */
  isOver: boolean;
  /** Its pid in each pid namespace it is in, ours first. */
  pids: number[];
}

/** Reads /proc/<pid>/status. */
export function parseStatus(text: string): ProcessFacts | undefined {
  const field = (name: string): string[] =>
    (text.match(new RegExp(`^${name}:\\s*(.*)$`, 'm'))?.[1] ?? '').trim().split(/\s+/);
  const pid = Number(field('Pid')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    parent: Number(field('PPid')[0]),
    uids: field('Uid').map(Number),
    // A first thread that left while others go on looks the same, and would hide a process that runs.
    isOver: /^[ZX]/.test(field('State')[0] ?? '') && Number(field('Threads')[0]) <= 1,
    pids: field('NSpid').map(Number),
  };
}

/** When a process started, in ticks since the machine did: with its pid, what no other process has. */
export function parseStart(stat: string): string | undefined {
  // The name stands in brackets and may hold brackets and blanks itself.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** A file of a process, or undefined when it is gone or may not be read. */
export function processFile(pid: number | 'self', name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** A link of a process, such as `ns/pid`, or undefined. */
export function processLink(pid: number | 'self', name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined;
  }
}

/** Every process that can be seen and is not over. */
export function allProcesses(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const facts = parseStatus(processFile(Number(name), 'status') ?? '');
      return facts === undefined || facts.isOver ? [] : [facts];
    });
}

/** The processes that have a uid in any way. */
export function processesOfUser(uid: number, all = allProcesses()): ProcessFacts[] {
  return all.filter(({ uids }) => uids.includes(uid));
}
