import { execFile } from 'node:child_process';

/** git said no; what it said is in the message. */
export class GitError extends Error {
  override name = 'GitError';
}

interface GitOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
}

/** Runs git on a repository and gives back its output; nothing of the person's own git settings is used. */
export function git(folder: string, args: string[], options: GitOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      args,
      {
        cwd: folder,
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env.PATH,
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_CONFIG_NOSYSTEM: '1',
          HOME: folder,
          ...options.env,
        },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new GitError(`git ${args[0]}: ${stderr.toString('utf8').trim() || error.message}`));
      },
    );
    // git may end before it has read its input; its exit code says so already.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** What git prints, without the blanks around it. */
export async function line(folder: string, args: string[], options: GitOptions = {}): Promise<string> {
  return (await git(folder, args, options)).toString('utf8').trim();
}
