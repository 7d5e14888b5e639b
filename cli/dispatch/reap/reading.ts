import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeBare } from '../../../core/agent/work/clone.ts';
import { UserError } from '../../../core/errors.ts';
import type { Git, GitCall } from '../../../core/git.ts';
import { type GitVersion, gitVersion } from '../git-version.ts';

// Reading a checkout in which an agent may have worked. Its configuration is its own: it names filters, drivers and whatever
// else git would start while it compares files. So everything is compared from an empty repository of ours, which has its
// objects and nothing else of it; in the checkout itself git only reads and writes refs, whose configuration starts nothing.

export interface Reading {
  git: Git;
  /** The git folder that all worktrees of the checkout share. */
  common: string;
  /** An empty repository of ours that sees the objects of the checkout. */
  scratch: string;
  version: GitVersion;
  /** Runs git there and gives back what it printed, without the end of the line. */
  ask(args: string[], call?: Partial<GitCall>): Promise<string>;
}

let opened = 0;

/** `like`: a commit whose name looks like those of the checkout. */
export async function openReading(git: Git, common: string, like: string): Promise<Reading> {
  opened += 1;
  const scratch = path.join(git.folder, `reading-${process.pid}-${opened}.git`);
  const objects = path.join(common, 'objects');
  if (/[\n\r]/.test(objects)) throw new UserError('A checkout whose path has a line break cannot be read.');
  await makeBare(git, scratch, like);
  writeFileSync(path.join(scratch, 'objects', 'info', 'alternates'), `${objects}\n`);
  // Without it, a history that was cut off when it was cloned would be a broken one.
  if (existsSync(path.join(common, 'shallow')))
    copyFileSync(path.join(common, 'shallow'), path.join(scratch, 'shallow'));
  return {
    git,
    common,
    scratch,
    version: await gitVersion(git),
    ask: async (args, call = {}) => textOf(await git.run(scratch, { args, ...call })),
  };
}

/** What git printed, without the end of the line; names may be bytes that are no UTF-8, so each byte is a character. */
export function textOf(printed: Buffer): string {
  return printed.toString('latin1').replace(/\n$/, '');
}

/** A list that ends each entry with a null byte. */
export function listOf(text: string): string[] {
  return text.split('\0').filter((entry) => entry !== '');
}

/** The git folder that a checkout's worktrees share, as the file system names it. */
export async function commonFolderOf(git: Git, checkout: string): Promise<string> {
  return textOf(
    await git.run(null, {
      args: ['-C', checkout, 'rev-parse', '--path-format=absolute', '--git-common-dir'],
    }),
  );
}
