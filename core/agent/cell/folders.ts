import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import type { CellFolders } from './cell.ts';

export interface MadeFolders extends CellFolders {
  /** Everything of the cell is in it. */
  cell: string;
  temporary: string;
}

/** Makes the folder that cells are made in, and checks that nobody else may write there. */
export function prepareBase(base: string): void {
  makeFolder(base, 0o711);
  const facts = lstatSync(base);
  const us = process.getuid?.() ?? 0;
  if (!facts.isDirectory() || facts.uid !== us || (facts.mode & 0o022) !== 0)
    throw new UserError(
      `${base} must be a folder that only this user may write, so that nobody can put something else in a cell's place.`,
      'Remove it, or name another place.',
    );
  // Users of cells pass through it, and see nothing of it.
  chmodSync(base, 0o711);
}

/** A new folder for one cell. */
export function makeCellFolder(base: string): string {
  return mkdtempSync(path.join(base, 'cell-'));
}

/**
 * The folders of a cell. The outer one lets the cell's group pass and nobody else, so that whatever is inside is out of the
 * neighbours' reach.
 */
export function makeFolders(cell: string, uid: number, gid: number): MadeFolders {
  const isOther = process.getuid?.() === 0 && uid !== 0;
  const make = (name: string, mode: number, owner: 'us' | 'cell'): string => {
    const folder = path.join(cell, name);
    mkdirSync(folder);
    if (isOther) chownSync(folder, owner === 'us' ? 0 : uid, gid);
    // After the owner, and not left to the umask.
    chmodSync(folder, mode);
    return folder;
  };
  const folders = {
    cell,
    bin: make('bin', 0o755, 'us'),
    // Passed through, never listed: a socket in it is reached by name.
    door: make('door', 0o710, 'us'),
    workspace: make('workspace', 0o700, 'cell'),
    home: make('home', 0o700, 'cell'),
    temporary: make('tmp', 0o700, 'cell'),
  };
  if (isOther) chownSync(cell, 0, gid);
  chmodSync(cell, isOther ? 0o710 : 0o700);
  return folders;
}
