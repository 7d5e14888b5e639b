import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Git, type GitOptions, openGit, type Push, type PushOutcome, push } from './git.ts';

/** Git repositories of ours that a run has on this machine, and the way to push from them. */
export interface Works {
  /** Their folders, by the names that changes say. */
  folders: Map<string, string>;
  /** Git, set up when it is first needed: most runs never do. */
  git(): Promise<Git>;
  push(what: Push): Promise<PushOutcome>;
  /** A repository with nothing in it, to delete from. */
  empty(): Promise<string>;
  /** Hears the end of the run, before its repositories are taken away. */
  atEnd(done: () => void): void;
  close(): void;
}

export type OpenWorks = (options: Omit<GitOptions, 'folder'>) => Works;

/** Opens nothing yet; `close` takes away all that was made. */
export function openWorks(options: Omit<GitOptions, 'folder'>): Works {
  let folder: string | undefined;
  let opened: Promise<Git> | undefined;
  let emptied: Promise<string> | undefined;
  const ends: (() => void)[] = [];
  const git = (): Promise<Git> => {
    // For us alone: `mkdtemp` makes it so.
    folder ??= mkdtempSync(path.join(tmpdir(), 'forgecrew-git-'));
    opened ??= openGit({ ...options, folder });
    return opened;
  };
  return {
    folders: new Map(),
    git,
    push: async (what) => push(await git(), what),
    empty: () => {
      emptied ??= git().then(async (own) => {
        const made = path.join(own.folder, 'empty.git');
        await own.run(null, { args: ['init', '--quiet', '--bare', '--template=', '--end-of-options', made] });
        return made;
      });
      return emptied;
    },
    atEnd: (done) => void ends.push(done),
    close() {
      for (const done of ends.splice(0)) done();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
