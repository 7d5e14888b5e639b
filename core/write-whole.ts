import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from './errors.ts';
import { makeFolder } from './make-folder.ts';

/**
 * Writes a file of this machine so that it appears whole or not at all; folders above it are made. A device, a pipe or a folder in
 * its place stays as it is. `what` names it in the error, a `UserError`.
 */
export function writeWhole(file: string, content: string, what: string): void {
  const part = `${file}.part`;
  try {
    // The rename would put a file in its place, for root in the place of /dev/null too.
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
      throw new Error('something stands there that is no file');
    makeFolder(path.dirname(file));
    // What stands there may be left of a run that was cut off, or be a pipe that never opens, or a link that leads elsewhere.
    rmSync(part, { force: true });
    writeFileSync(part, content, { flag: 'wx' });
    renameSync(part, file);
  } catch (error) {
    throw new UserError(
      `${what} could not be written (${error instanceof Error ? error.message : String(error)}).`,
      'Name a file in a directory that the step may write to.',
    );
  }
}
