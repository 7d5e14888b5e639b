import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../../errors.ts';
import { lengthTrouble } from '../listen.ts';
import { socketName } from '../sidecar/sidecar.ts';

/** What a cell with the smallest clone needs beside a Node of its own. */
const leastBytes = 8 * 1024 * 1024;

const remedy = 'Name another place with agent-folder, or with TMPDIR where that is not set.';

/**
 * Why no cell can be made in a folder, whatever isolates it: nothing can be written there, no program may run from there, or
 * there is no room. Undefined where one can, as far as it can be known beforehand. A whole sentence or two.
 */
export function placeTrouble(folder: string): string | undefined {
  const tooLong = lengthTrouble(path.join(path.resolve(folder), 'cell-XXXXXX/door', socketName));
  if (tooLong !== undefined) return `${tooLong} ${remedy}`;
  let place = path.resolve(folder);
  while (!existsSync(place) && path.dirname(place) !== place) place = path.dirname(place);
  let trial: string | undefined;
  try {
    trial = mkdtempSync(path.join(place, '.forgecrew-'));
    const program = path.join(trial, 'try');
    writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const { error } = spawnSync(program, { stdio: 'ignore', env: {}, timeout: 10_000 });
    if (error !== undefined && codeOf(error) === 'EACCES')
      return `No program may be run from ${place}: it is mounted with noexec. ${remedy}`;
    const { blocks, bavail, bsize } = statfsSync(place);
    const needed = leastBytes + nodeBytes(place);
    // Some file systems count no blocks at all, and say nothing of their room.
    if (blocks > 0 && bavail * bsize < needed)
      return `There is not enough room in ${place}: ${mebibytes(bavail * bsize)} are free, and a cell needs ${mebibytes(needed)}. ${remedy}`;
    return undefined;
  } catch (error) {
    return `${place} cannot be written to (${codeOf(error)}). ${remedy}`;
  } finally {
    if (trial !== undefined) rmSync(trial, { recursive: true, force: true });
  }
}

/** What Node takes where it has to be copied: a second name for it can be given on its own file system only. */
function nodeBytes(place: string): number {
  const { dev, size } = statSync(realpathSync(process.execPath));
  return process.getuid?.() === 0 && statSync(place).dev !== dev ? size : 0;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
