import { lstatSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../core/errors.ts';

// The files of a worktree as the disk has them, whatever git would overlook, and their removal one by one: only what was looked
// at is removed, so that a file that comes meanwhile stays. Names are bytes, each a character of the text (latin1).

/** What tells that a file is the one that was looked at. */
export interface FileMark {
  ino: bigint;
  size: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

export interface Walked {
  /** Files, links and whatever else is no folder, by path below the root; without the root's own `.git`. */
  files: Map<string, FileMark>;
  /** Folders, each before what is in it; the root is ''. */
  folders: Map<string, bigint>;
}

/** A name of the disk as a text for people. */
export function shownName(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

/** Where a file is, as the disk names it. */
export function onDisk(root: string, name: string): Buffer {
  const at = Buffer.from(root);
  return name === '' ? at : Buffer.concat([at, Buffer.from('/'), Buffer.from(name, 'latin1')]);
}

/** All that is in a folder. No link is followed. Throws where it cannot be read to its end. */
export function walk(root: string): Walked {
  const top = lstatSync(root, { bigint: true });
  const walked: Walked = { files: new Map(), folders: new Map([['', top.ino]]) };
  // A map hands out what is added while it is gone through.
  for (const folder of walked.folders.keys())
    for (const entry of readdirSync(onDisk(root, folder), { encoding: 'buffer' })) {
      const name = `${folder === '' ? '' : `${folder}/`}${entry.toString('latin1')}`;
      if (name === '.git') continue;
      const stat = lstatSync(onDisk(root, name), { bigint: true });
      if (!stat.isDirectory()) walked.files.set(name, markOf(stat));
      // What is mounted there is not the worktree's, and would be emptied with it.
      else if (stat.dev !== top.dev) throw new UserError(`${shownName(name)} is another file system`);
      else walked.folders.set(name, stat.ino);
    }
  return walked;
}

function markOf({ ino, size, mtimeNs, ctimeNs }: FileMark): FileMark {
  return { ino, size, mtimeNs, ctimeNs };
}

function sameMark(one: FileMark, other: FileMark): boolean {
  return (
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs
  );
}

/** Whether nothing was written, added or taken away between two looks. */
export function sameWalk(one: Walked, other: Walked): boolean {
  return (
    one.files.size === other.files.size &&
    one.folders.size === other.folders.size &&
    [...one.files].every(([name, mark]) => {
      const now = other.files.get(name);
      return now !== undefined && sameMark(mark, now);
    }) &&
    [...one.folders].every(([name, ino]) => other.folders.get(name) === ino)
  );
}

/**
 * Removes what was looked at, the folder itself at last, and gives back what stayed because it is new or was written since.
 * Where anything stays, `.git` does too, so that the folder is still a worktree.
 */
export function removeWalked(
  root: string,
  { files, folders }: Walked,
  unlink: (file: Buffer) => void = unlinkSync,
): string[] {
  const left: string[] = [];
  const inFolders = new Map<string, string[]>();
  for (const name of files.keys()) {
    const folder = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '';
    const names = inFolders.get(folder);
    if (names === undefined) inFolders.set(folder, [name]);
    else names.push(name);
  }
  for (const [folder, ino] of [...folders].reverse()) {
    // A link put in a folder's place would lead us out of the worktree.
    const now = lstatSync(onDisk(root, folder), { bigint: true, throwIfNoEntry: false });
    if (now === undefined) continue;
    if (!now.isDirectory() || now.ino !== ino) {
      left.push(folder);
      continue;
    }
    for (const name of inFolders.get(folder) ?? []) {
      const stat = lstatSync(onDisk(root, name), { bigint: true, throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (sameMark(stat, files.get(name) as FileMark)) unlink(onDisk(root, name));
      else left.push(name);
    }
    if (folder === '') left.push(...removeRoot(root, left, unlink));
    else if (!removedEmpty(onDisk(root, folder))) left.push(`${folder}/`);
  }
  return left;
}

function removeRoot(root: string, left: readonly string[], unlink: (file: Buffer) => void): string[] {
  if (left.length > 0) return [];
  const link = path.join(root, '.git');
  const others = readdirSync(root).filter((name) => name !== '.git');
  if (others.length > 0) return others;
  const text = lstatSync(link, { throwIfNoEntry: false }) === undefined ? undefined : readFileSync(link);
  if (text !== undefined) unlink(Buffer.from(link));
  if (removedEmpty(Buffer.from(root))) return [];
  if (text !== undefined) writeFileSync(link, text, { flag: 'wx' });
  return ['a new file'];
}

/** Whether a folder could be removed: one that is not empty cannot. */
function removedEmpty(folder: Buffer): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(?:ENOTEMPTY|EEXIST)$/.test(String(error.code)))
      return false;
    throw error;
  }
}
