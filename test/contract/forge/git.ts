import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Person } from '../../../embedded-forge/seed.ts';

export interface Clone {
  folder: string;
  /** What git prints; fails where git does, with all that it said. */
  git(...args: string[]): Promise<string>;
  write(file: string, content: string): void;
  /** Commits everything in the folder and gives back the commit. */
  commit(message: string): Promise<string>;
}

/**
 * Clones a repository as somebody and takes the clone away again. Asynchronous, because the embedded forge answers from
 * this very process.
 */
export async function withClone<T>(
  url: string,
  by: Person,
  repository: string,
  work: (clone: Clone) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-git-'));
  const git = (...args: string[]): Promise<string> =>
    new Promise((done, failed) => {
      execFile(
        'git',
        ['-c', `user.name=${by.login}`, '-c', `user.email=${by.login}@example.test`, ...args],
        {
          cwd: folder,
          env: {
            PATH: process.env.PATH,
            HOME: folder,
            GIT_TERMINAL_PROMPT: '0',
            GIT_CONFIG_NOSYSTEM: '1',
            GIT_CONFIG_GLOBAL: '/dev/null',
          },
        },
        (error, stdout, stderr) =>
          error === null ? done(stdout.trim()) : failed(new Error(`${stdout}${stderr}`)),
      );
    });
  try {
    await git('clone', '-q', `${url.replace('://', `://${by.login}:${by.token}@`)}/${repository}.git`, '.');
    return await work({
      folder,
      git,
      write: (file, content) => writeFileSync(path.join(folder, file), content),
      async commit(message) {
        await git('add', '-A', '.');
        await git('commit', '-q', '-m', message);
        return git('rev-parse', 'HEAD');
      },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
