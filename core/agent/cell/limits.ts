import type { CellLimits } from './cell.ts';

/** Enough for a large build; far too few for a fork bomb to hurt. */
export const usualLimits: CellLimits = { processes: 4096, fileBytes: 8 * 1024 ** 3 };

/** A limit of this process as /proc/self/limits says it; undefined where there is none. */
function hardLimit(limits: string, name: string): number | undefined {
  const line = limits.split('\n').find((item) => item.startsWith(name));
  const hard = line?.slice(name.length).trim().split(/\s+/)[1];
  return hard === undefined || hard === 'unlimited' ? undefined : Number(hard);
}

/** The arguments of prlimit. A limit may only go down: one that is lower already stays, because raising it needs rights. */
export function prlimitArguments(limits: CellLimits, ours: string): string[] {
  const least = (wanted: number, name: string): number => Math.min(wanted, hardLimit(ours, name) ?? wanted);
  return [
    `--nproc=${least(limits.processes, 'Max processes')}`,
    `--fsize=${least(limits.fileBytes, 'Max file size')}`,
    // A core file would hold what the agent had in memory, and fills the disk.
    '--core=0',
  ];
}
