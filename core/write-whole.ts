import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from './errors.ts';
import { makeFolder } from './make-folder.ts';

/**
 * Writes a file of this machine so that it appears whole or not at all; folders above it are made. `what` names it in the
 * error, a `UserError`.
 */
export function writeWhole(file: string, content: string, what: string): void {
  try {
    makeFolder(path.dirname(file));
    writeFileSync(`${file}.part`, content);
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw new UserError(
      `${what} could not be written (${error instanceof Error ? error.message : String(error)}).`,
      'Name a file in a directory that the step may write to.',
    );
  }
}
