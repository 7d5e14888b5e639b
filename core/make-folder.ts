import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from './errors.ts';

/**
 * Makes a folder with all that are missing above it, one after the other. Node's own way of doing so never ends where a file
 * system takes no folder and says that there is none, as below /proc. Throws what the system says; what is there already stays.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !isThere(at); at = path.dirname(at)) missing.unshift(at);
  if (missing.length === 0) mkdirIfMissing(path.resolve(folder), mode);
  for (const at of missing) mkdirIfMissing(at, mode);
}

function isThere(place: string): boolean {
  try {
    return statSync(place) !== undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Somebody else may have made it meanwhile; a file in its place is none. */
function mkdirIfMissing(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    const there = codeOf(error) === 'EEXIST' ? statSync(folder, { throwIfNoEntry: false }) : undefined;
    if (there?.isDirectory() !== true) throw error;
  }
}
