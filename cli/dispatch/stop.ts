import { UserError } from '../../core/errors.ts';
import type { DispatchEntry } from './entry.ts';
import { lifeOf, type Machine } from './machine.ts';
import { changeEntry } from './registry.ts';

/** What ending a dispatch needs of the machine: a seam. */
export interface Ender {
  machine: Machine;
  kill(pid: number, signal: NodeJS.Signals): void;
  pause(ms: number): Promise<void>;
  now(): Date;
}

/** How long it may take to end its worker and to keep what that made. */
const graceMs = 60_000;
const pauseMs = 100;

/**
 * Ends a dispatch: asks its process, waits until it has ended its worker and kept its work, and kills its group where it does
 * not. The worktree stays. Answers in a sentence.
 */
export async function stopDispatch(logRoot: string, entry: DispatchEntry, ender: Ender): Promise<string> {
  const { machine } = ender;
  const life = lifeOf(entry, machine);
  if (life === 'elsewhere')
    throw new UserError(`${entry.ref} is dispatched on ${entry.host}.`, 'Stop it there.');
  if (life === 'dead') {
    writeEnd(logRoot, entry, ender, 'its process was gone already');
    return `${entry.ref} did not run any more; that is written down now.`;
  }
  signal(entry, 'SIGTERM', ender);
  for (let waited = 0; waited < graceMs; waited += pauseMs) {
    if (lifeOf(entry, machine) !== 'alive') {
      writeEnd(logRoot, entry, ender, 'it was stopped');
      return `${entry.ref} is stopped.${kept(entry)}`;
    }
    await ender.pause(pauseMs);
  }
  signal(entry, 'SIGKILL', ender);
  for (let waited = 0; waited < 5000 && lifeOf(entry, machine) === 'alive'; waited += pauseMs)
    await ender.pause(pauseMs);
  if (lifeOf(entry, machine) === 'alive')
    throw new UserError(`The process ${entry.pid} of ${entry.ref} cannot be ended.`, 'Look at it with ps.');
  writeEnd(logRoot, entry, ender, 'it did not end when it was asked to, and was killed');
  return `${entry.ref} did not end when it was asked to, and was killed.${kept(entry)}`;
}

function kept({ worktree }: DispatchEntry): string {
  return worktree === null ? '' : ` Its worktree stays: ${worktree}`;
}

/** The whole group where the process leads one; otherwise the group is somebody else's, a shell's perhaps. */
function signal(entry: DispatchEntry, name: NodeJS.Signals, { machine, kill }: Ender): void {
  const { pid } = entry;
  const isGroup = machine.groupOf(pid) === pid;
  // Looked at last of all: a pid that is another process by now must not be hit.
  if (lifeOf(entry, machine) !== 'alive') return;
  kill(isGroup ? -pid : pid, name);
}

/** What the process did not write itself. */
function writeEnd(logRoot: string, { id }: DispatchEntry, { machine, now }: Ender, why: string): void {
  changeEntry(logRoot, id, machine, (entry) =>
    entry.ended_at === null
      ? { ...entry, ended_at: now().toISOString(), outcome: 'stopped', why }
      : undefined,
  );
}
